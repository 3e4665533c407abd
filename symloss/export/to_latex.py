"""Target `latex`: the definition, the gradient for each label, and a macro; needs amsmath."""

from __future__ import annotations

import contextlib
import re

import sympy
from sympy import Expr

from symloss.errors import OptionError
from symloss.export.header import facts, mark, title
from symloss.formula.params import number_text
from symloss.formula.text import formula_latex
from symloss.loss import Loss
from symloss.ops.construct import exact_number
from symloss.ops.protected import ProtectedFunction
from symloss.signature import SYMBOLS, parameter

_DIGITS = ("Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")
_TIME_LIMIT = 2.0


def source(loss: Loss) -> str:
    """Return the loss in LaTeX: comments on where it comes from, then three parts."""
    lines = [f"% {title(loss)}: a training loss, for a document that loads amsmath."]
    for name, sentence in facts(loss):
        lines += [f"% {name + ':':<9}{sentence}"]
    parameters = r"\hat{y}, y" + (r"; \epsilon" if loss.has_eps else "")
    given = [rf"\epsilon = {sympy.latex(exact_number(loss.eps))}"] if loss.eps is not None else []
    given += [f"{sympy.latex(parameter(name))} = {number_text(value)}" for name, value in loss.params.items()]
    where = "".join(rf", \qquad {one}" for one in given)
    lines += ["", "% Definition", r"\begin{equation*}", f"f({parameters}) = {loss.latex()}{where}"]
    lines += [r"\end{equation*}", *_protected(loss.expression), "", *_gradient(loss)]
    call = r"\hat{y}}{y" + (r"}{\epsilon" if loss.has_eps else "")
    name = macro_name(loss)
    names = {SYMBOLS["yhat"]: "#1", SYMBOLS["y"]: "#2", SYMBOLS["eps"]: "#3"}
    body = formula_latex(loss.expression, loss.scale, names)
    lines += ["", f"% Macro: {name}{{{call}}}; put sums in parentheses"]
    lines += [rf"\newcommand{{{name}}}[{3 if loss.has_eps else 2}]{{{body}}}"]
    return "\n".join(lines) + "\n"


def macro_name(loss: Loss) -> str:
    r"""Return a name for the macro of this loss, in letters: \SquaredHingeLoss."""
    if not loss.name:
        return "\\Loss" + "".join(chr(ord("A") + int(digit, 16)) for digit in mark(loss))
    words = re.findall(r"[A-Za-z]+|[0-9]", title(loss))
    return "\\" + "".join(_DIGITS[int(w)] if w.isdigit() else w[0].upper() + w[1:] for w in words) + "Loss"


def _gradient(loss: Loss) -> list[str]:
    """Return the gradient for each label as an aligned display."""
    by_label = None
    # With a letter for eps, as in the definition; where that can't be settled, with its number.
    for candidate in (loss.with_eps(None), loss):
        with contextlib.suppress(OptionError):
            by_label = candidate.gradient(time_limit=_TIME_LIMIT).latex
            break
    if by_label is None:
        return [f"% The gradient has no closed form that symloss finds within {_TIME_LIMIT:g} seconds."]
    rows = []
    for label, text in by_label.items():
        where = "" if label == "y" else rf"\Big|_{{y = {label}}}"
        rows.append(rf"\frac{{\partial f}}{{\partial \hat{{y}}}}{where} &= {text}")
    return ["% Gradient by the prediction", r"\begin{align*}", " \\\\\n".join(rows), r"\end{align*}"]


def _protected(expression: Expr) -> list[str]:
    """Return the definitions of the protected functions in an expression, as one display."""
    x, s, b = sympy.Symbol("x", real=True), sympy.Symbol("s", positive=True), sympy.Symbol("b", real=True)
    functions = sorted({type(node) for node in expression.atoms(ProtectedFunction)}, key=lambda f: f.__name__)
    rows = []
    for function in functions:
        arguments = {"aq": (x, b), "guard": (x,), "pexp": (x,)}.get(function.__name__, (x, s))
        made = function(*arguments)
        rows.append(f"{sympy.latex(made)} &= {sympy.latex(made.definition(), ln_notation=False)}")
    if not rows:
        return []
    head = "% where (s is 10^{-6} unless it is given, and sign(0) = 0)"
    return [head, r"\begin{align*}", " \\\\\n".join(rows), r"\end{align*}"]
