"""Expression -> formula text, the inverse of `symloss.formula.parse`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy
from sympy import Expr, Mul
from sympy.printing.str import StrPrinter

from symloss.ops.protected import ProtectedFunction, sigmoid
from symloss.signature import neg, pos, yhat


class FormulaPrinter(StrPrinter):
    """Prints the functions under the names of the formula grammar."""

    def _call(self, name: str, expression: Expr) -> str:
        return f"{name}({self.stringify(expression.args, ', ')})"

    def _print_Max(self, expression: Expr) -> str:
        return self._call("max", expression)

    def _print_Min(self, expression: Expr) -> str:
        return self._call("min", expression)

    def _print_Abs(self, expression: Expr) -> str:
        return self._call("abs", expression)

    def _print_Mul(self, expression: Expr) -> str:
        # SymPy would multiply the number and a root of something negative, which leaves the real numbers.
        number, rest = expression.as_coeff_Mul()
        if number.is_negative and rest.is_Pow and not rest.exp.is_Integer and rest.base.is_nonpositive:
            return f"-{self._print(rest if number == -1 else Mul(-number, rest, evaluate=False))}"
        return str(super()._print_Mul(expression))

    def _print_Exp1(self, expression: Expr) -> str:
        return "exp(1)"

    def _print_Pi(self, expression: Expr) -> str:
        # SymPy turns atan(1) into pi/4; the grammar has no name for pi.
        return "(4*atan(1))"

    def _print_Function(self, expression: Any) -> str:
        if isinstance(expression, ProtectedFunction | sigmoid):
            return self._call(type(expression).__name__, expression)
        return super()._print_Function(expression)


def formula_text(expression: Expr) -> str:
    """Return `expression` as text that `symloss.formula.parse` reads back to the same expression."""
    return FormulaPrinter({"full_prec": False}).doprint(expression)


def whole_text(expression: Expr) -> str:
    """Return a whole loss as text; where yhat has cancelled it is named, since a formula without it is a slip."""
    text = formula_text(expression)
    return text if expression.free_symbols & {yhat, pos, neg} else f"{text} + 0*yhat"


def formula_latex(expression: Expr, scale: float, names: Mapping[Any, str]) -> str:
    """Return scale * expression in LaTeX, the scale as a factor of its own, with the given names for symbols."""
    text: str = sympy.latex(expression, symbol_names=dict(names), ln_notation=False)
    if scale == 1:
        return text
    inner = rf"\left({text}\right)" if expression.is_Add or text.startswith("-") else text
    return rf"{sympy.latex(sympy.Float(repr(scale)))} \cdot {inner}"
