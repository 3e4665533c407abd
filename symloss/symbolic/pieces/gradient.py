"""The gradient of a loss for people and programs: one canonical form for each label, as text and LaTeX."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

import sympy
from sympy import Expr, S

from symloss.formula.spec import LossSpec
from symloss.formula.text import formula_text
from symloss.signature import SYMBOLS
from symloss.symbolic.pieces.normal_form import LabelForm, best_label_form, tidy, written_label
from symloss.symbolic.roots.endpoint import Endpoint
from symloss.symbolic.undecided import Deadline, UndecidedError
from symloss.symbolic.worker.ask import first

_LATEX_NAMES = {SYMBOLS["yhat"]: r"\hat{y}", SYMBOLS["y"]: "y", SYMBOLS["eps"]: r"\epsilon"}


@dataclass(frozen=True)
class GradientForm:
    """The gradient by yhat, canonical: two losses with equal forms have the same gradient.

    Attributes:
        labels: one form for y = 0 and one for y = 1, or one for all y.
        exact: whether different forms are sure to be different gradients.
    """

    labels: tuple[LabelForm, ...]
    _written: tuple[dict[str, str], dict[str, str]] | None = field(default=None, compare=False, repr=False)
    """Text and LaTeX, where they were written by the process that found the form."""

    @property
    def exact(self) -> bool:
        """Whether different forms mean different gradients (polynomials and logarithms of polynomials)."""
        return all(form.exact for form in self.labels)

    @property
    def is_zero(self) -> bool:
        """Whether the gradient is zero everywhere."""
        return all(form.is_zero for form in self.labels)

    @property
    def text(self) -> dict[str, str]:
        """The gradient as formula text by label."""
        if self._written is not None:
            return dict(self._written[0])
        return {form.label: _text(form) for form in self.labels}

    @property
    def latex(self) -> dict[str, str]:
        """The gradient in LaTeX by label."""
        if self._written is not None:
            return dict(self._written[1])
        return {form.label: _latex(form) for form in self.labels}

    def __str__(self) -> str:
        """Return one line for each label."""
        return "\n".join(
            f"y = {label}: {text}" if label != "y" else text for label, text in self.text.items()
        )


def gradient_form(loss: LossSpec, *, time_limit: float = 2.0) -> GradientForm:
    """Return the gradient of a loss in normal form.

    Args:
        loss: any loss.
        time_limit: seconds.

    Raises:
        UndecidedError: the time limit was reached or the formula is out of reach.
    """
    return first(written_form, loss, time_limit, seconds=time_limit)


def written_form(loss: LossSpec, time_limit: float) -> Iterator[GradientForm]:
    """Yield the gradient of a loss, made in this process, with all that is written of it.

    Raises:
        UndecidedError: the time limit was reached or the formula is out of reach.
    """
    form = gradient_form_by(loss, Deadline(time_limit))
    labels = tuple(written_label(label) for label in form.labels)
    yield GradientForm(labels, (form.text, form.latex))


def gradient_form_by(loss: LossSpec, deadline: Deadline) -> GradientForm:
    """Return the gradient of a loss in normal form before a deadline; see `gradient_form`."""
    loss = loss.folded()
    labels = loss.domain.label_values
    if labels is None:
        return GradientForm((best_label_form(loss, None, deadline),))
    return GradientForm(tuple(best_label_form(loss, label, deadline) for label in labels))


def endpoint_text(end: Endpoint) -> str:
    """Return an endpoint as short text: exact where that is short, else as a decimal number."""
    if end.is_infinite:
        return "inf" if end.direction > 0 else "-inf"
    if end.closed_form is not None and len(str(end.closed_form)) <= 12:
        return formula_text(end.closed_form)
    return f"{end.approximation:.10g}"


def _cases(form: LabelForm) -> list[tuple[list[Expr], Expr]]:
    """Split a gradient with signs of polynomials into cases: (expressions that are positive, gradient)."""
    ((_, _, expression),) = form.expressions()
    if expression is None:
        return []
    switches = sorted(expression.atoms(sympy.sign), key=str)
    if not 0 < len(switches) <= 2 or any(switch.args[0].has(sympy.sign) for switch in switches):
        return []
    cases = []
    for sides in itertools.product((1, -1), repeat=len(switches)):
        chosen = expression.xreplace(dict(zip(switches, map(sympy.Integer, sides), strict=True)))
        element = form.converter.element(chosen)
        conditions = [side * switch.args[0] for side, switch in zip(sides, switches, strict=True)]
        cases.append((conditions, form.converter.expression(element)))
    return cases


def _text(form: LabelForm) -> str:
    if form.label == "y" and (cases := _cases(form)):
        return "; ".join(
            f"{formula_text(tidy(gradient))} for {' and '.join(f'{formula_text(c)} > 0' for c in conditions)}"
            for conditions, gradient in cases
        )
    parts = []
    for low, high, expression in form.expressions():
        text = _expression_text(expression)
        if len(form.pieces) > 1:
            text += f" for {endpoint_text(low)} < yhat < {endpoint_text(high)}"
        parts.append(text)
    return "; ".join(parts)


def _expression_text(expression: Expr | None) -> str:
    if expression is None:
        return "(too long to write)"
    return "not a real number" if expression is S.NaN else formula_text(tidy(expression))


def _latex(form: LabelForm) -> str:
    rows = []
    for low, high, expression in form.expressions():
        if expression is None or expression is S.NaN:
            body = rf"\text{{{_expression_text(expression)}}}"
        else:
            body = sympy.latex(tidy(expression), symbol_names=_LATEX_NAMES)
        ends = [_latex_end(end) for end in (low, high)]
        rows.append((body, rf"{ends[0]} < \hat{{y}} < {ends[1]}"))
    if len(rows) == 1:
        return rows[0][0]
    return r"\begin{cases}" + r" \\ ".join(f"{body} & {where}" for body, where in rows) + r"\end{cases}"


def _latex_end(end: Endpoint) -> str:
    if end.is_infinite:
        return r"\infty" if end.direction > 0 else r"-\infty"
    if end.closed_form is not None and len(str(end.closed_form)) <= 30:
        return sympy.latex(end.closed_form, symbol_names=_LATEX_NAMES)
    return f"{end.approximation:.6g}"


__all__ = ["GradientForm", "UndecidedError", "endpoint_text", "gradient_form", "gradient_form_by"]
