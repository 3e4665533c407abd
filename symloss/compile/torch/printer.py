"""Expression -> torch function, through SymPy's lambdify with a printer of our own.

SymPy's own torch printer fails on `Max(x, 0)`, on constants and on functions it
does not know. This one writes the few functions a loss can hold; numbers are
folded before, so every call has at least one tensor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy
import torch
from sympy import Expr
from sympy.printing.pycode import PythonCodePrinter
from torch import Tensor

from symloss.compile.torch.rules import with_gradient
from symloss.ops.construct import approximate
from symloss.ops.opcode import Opcode
from symloss.signature import y, yhat


class TorchPrinter(PythonCodePrinter):
    """Writes a loss expression as calls of the functions in `NAMESPACE`."""

    def _print(self, expression: Any, **settings: Any) -> str:
        if isinstance(expression, Expr) and expression.is_number:
            return repr(approximate(expression))
        return super()._print(expression, **settings)

    def _write(self, name: str, *arguments: Any) -> str:
        return f"{name}({', '.join(self._print(argument) for argument in arguments)})"

    def _print_Pow(self, expression: Expr, rational: bool = False, sqrt: str = "sqrt") -> str:
        if expression.base == sympy.E:
            return self._write("exp", expression.exp)
        if expression.exp == sympy.Rational(1, 2):
            return self._write("sqrt", expression.base)
        return self._write("power", expression.base, expression.exp)

    def _print_Max(self, expression: Expr) -> str:
        return self._nested("maximum", list(expression.args))

    def _print_Min(self, expression: Expr) -> str:
        return self._nested("minimum", list(expression.args))

    def _nested(self, name: str, arguments: list[Expr]) -> str:
        text = self._print(arguments[0])
        for argument in arguments[1:]:
            text = f"{name}({text}, {self._print(argument)})"
        return text

    def _print_Function(self, expression: Any) -> str:
        return self._write(type(expression).__name__, *expression.args)

    _print_Abs = _print_log = _print_exp = _print_tanh = _print_atan = _print_sign = _print_Function


def _extremum(function: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Any, Any], Tensor]:
    def apply(a: Any, b: Any) -> Tensor:
        if not isinstance(a, Tensor):
            a, b = b, a
        return function(a, b if isinstance(b, Tensor) else torch.full_like(a, b))

    return apply


def _power(base: Any, exponent: Any) -> Tensor:
    """Return base ** exponent; what is made from NaN is NaN (NaN ** 0 would be 1)."""
    result = torch.pow(base, exponent)
    if isinstance(base, Tensor) and (isinstance(exponent, Tensor) or exponent == 0):
        return torch.where(torch.isnan(base + exponent), base + exponent, result)
    if isinstance(exponent, Tensor) and base == 1:
        return torch.where(torch.isnan(exponent), exponent, result)
    return result


NAMESPACE: dict[str, Callable[..., Tensor]] = {
    "maximum": _extremum(torch.maximum),
    "minimum": _extremum(torch.minimum),
    "power": _power,
    "sqrt": torch.sqrt,
    "log": torch.log,
    "exp": torch.exp,
    "Abs": torch.abs,
    "sign": with_gradient(Opcode.SIGN),
    "tanh": torch.tanh,
    "atan": torch.atan,
    "sigmoid": torch.sigmoid,
    "plog": with_gradient(Opcode.PROTECTED_LOG),
    "recip": with_gradient(Opcode.PROTECTED_RECIPROCAL),
    "psqrt": with_gradient(Opcode.PROTECTED_SQRT),
    "pexp": with_gradient(Opcode.PROTECTED_EXP),
    "guard": with_gradient(Opcode.GUARD),
    "aq": with_gradient(Opcode.ANALYTIC_QUOTIENT),
}
"""What the generated code may call."""


def torch_function(expression: Expr) -> Callable[[Tensor, Tensor], Any]:
    """Return f(yhat, y) -> tensor for an expression without eps; a constant comes back as a number."""
    return sympy.lambdify([yhat, y], expression, modules=[NAMESPACE], printer=TorchPrinter)
