"""The gradient of a loss as a canonical, hashable object: equal gradients have equal forms.

On each piece the derivative is an element of a field of independent functions
(`tower`), reduced, so its key is canonical; neighbouring pieces with the same key
are merged. `exact` says whether the converse is promised too: forms built from
polynomials and logarithms of polynomials differ only if the gradients do.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from typing import cast

import sympy
from sympy import Expr, Integer, S

from symloss.formula.spec import LossSpec
from symloss.signature import eps, y, yhat
from symloss.symbolic.field.convert import Converter
from symloss.symbolic.field.differential_field import Element
from symloss.symbolic.field.smooth import derivative
from symloss.symbolic.pieces.resolve import Piece, domain_ends, label_expression, label_parts, resolve
from symloss.symbolic.roots.endpoint import Endpoint
from symloss.symbolic.signs.region import region_converter
from symloss.symbolic.signs.sign_changes import INNER_EPS, inner_point
from symloss.symbolic.undecided import Deadline, UndecidedError

UNDEFINED: Hashable = "not a real number"

LONGEST_FORM = 120
"""Terms of the longest canonical form that is written out."""
LONGEST_EXPRESSION = 300

_GENERATORS_WITH_NORMAL_FORM = frozenset({"yhat", "y", "eps", "log", "prime"})


@dataclass(frozen=True)
class FormPiece:
    """The gradient on one interval of yhat.

    Attributes:
        low, high: the ends.
        key: canonical: the same for the same function.
        element: the gradient in the converter's tower, None where the loss is not a real number.
        end: a hashable name of the right end.
        value: the loss on the piece, where it was resolved into smooth pieces.
        written: the gradient as an expression and whether it is zero, in a copy for another process.
    """

    low: Endpoint = field(compare=False)
    high: Endpoint = field(compare=False)
    key: Hashable
    element: Element | None = field(compare=False)
    end: Hashable
    value: Expr | None = field(compare=False, default=None)
    written: tuple[Expr | None, bool] | None = field(compare=False, repr=False, default=None)

    @property
    def is_zero(self) -> bool:
        """Whether the gradient is zero on the whole piece."""
        if self.written is not None:
            return self.written[1]
        return self.element is not None and self.element.is_zero


@dataclass(frozen=True)
class LabelForm:
    """The gradient for one label, or for all labels where they fill an interval.

    Attributes:
        label: "0", "1", or "y".
        pieces: from left to right.
        exact: whether different keys are sure to be different functions.
        converter: what the elements of the pieces belong to.
    """

    label: str
    pieces: tuple[FormPiece, ...]
    exact: bool = field(compare=False)
    converter: Converter = field(compare=False, repr=False)

    @property
    def is_zero(self) -> bool:
        """Whether the gradient is zero for all yhat."""
        return all(piece.is_zero for piece in self.pieces)

    def expressions(self) -> list[tuple[Endpoint, Endpoint, Expr | None]]:
        """Return the pieces as (low, high, gradient); a canonical form that is too long to write gives way.

        Then the gradient is the plain derivative, or None where that is too long as well.
        """
        result: list[tuple[Endpoint, Endpoint, Expr | None]] = []
        for piece in self.pieces:
            if piece.written is not None:
                result.append((piece.low, piece.high, piece.written[0]))
                continue
            if piece.element is None:
                result.append((piece.low, piece.high, S.NaN))
                continue
            if self.converter.tower.weight(piece.element) > LONGEST_FORM:
                result.append((piece.low, piece.high, _plain_gradient(piece.value)))
                continue
            if self.converter.known_sign is None:
                self.converter.move({yhat: inner_point(piece.low, piece.high), eps: INNER_EPS})
            result.append((piece.low, piece.high, self.converter.expression(piece.element)))
        return result


def written_label(form: LabelForm) -> LabelForm:
    """Return a form for another process: written out, without the field that its elements belong to."""
    expressions = [expression for _, _, expression in form.expressions()]
    pieces = tuple(
        replace(piece, element=None, value=None, written=(expression, piece.is_zero))
        for piece, expression in zip(form.pieces, expressions, strict=True)
    )
    return LabelForm(form.label, pieces, form.exact, cast(Converter, None))


def _plain_gradient(value: Expr | None) -> Expr | None:
    if value is None or not is_short(value, LONGEST_EXPRESSION // 4):
        return None
    gradient = derivative(value, yhat)
    return gradient if is_short(gradient, LONGEST_EXPRESSION) else None


def is_short(expression: Expr, limit: int) -> bool:
    """Return whether an expression written out has at most `limit` nodes; stops counting there."""
    waiting = [expression]
    for _ in range(limit):
        if not waiting:
            return True
        waiting.extend(waiting.pop().args)
    return not waiting


def endpoint_key(end: Endpoint) -> Hashable:
    """Return a hashable name of an endpoint."""
    if end.is_infinite:
        return end.direction
    if end.is_rational or end.depends_on_eps:
        return end.closed_form if end.closed_form is not None else end.low
    return (end.function, round(end.approximation, 9))


def pieces_form(label: str, pieces: tuple[Piece, ...], converter: Converter) -> LabelForm:
    """Bring the gradient of resolved pieces into normal form.

    Raises:
        UndecidedError: a piece is too large or holds a function that has no rule.
    """
    found: list[FormPiece] = []
    for piece in pieces:
        element: Element | None = None
        key = UNDEFINED
        if piece.is_real:
            converter.move({yhat: inner_point(piece.low, piece.high), eps: INNER_EPS})
            element = converter.tower.slope(converter.element(piece.value))
            key = converter.tower.key(element)
        if found and found[-1].key == key:
            found[-1] = FormPiece(
                found[-1].low, piece.high, key, element, endpoint_key(piece.high), piece.value
            )
        else:
            found.append(
                FormPiece(piece.low, piece.high, key, element, endpoint_key(piece.high), piece.value)
            )
    return LabelForm(label, tuple(found), is_exact(converter), converter)


def is_exact(converter: Converter) -> bool:
    """Return whether different keys of a converter's elements are sure to be different functions."""
    kinds = {generator.kind for generator in converter.tower.generators}
    return converter.tower.exact and kinds <= _GENERATORS_WITH_NORMAL_FORM


def label_form(
    loss: LossSpec, label: int, deadline: Deadline, converter: Converter | None = None
) -> LabelForm:
    """Return the gradient at y = label in normal form.

    Args:
        loss: any loss.
        label: a whole number.
        deadline: when to stop.
        converter: share one between losses to compare their elements.

    Raises:
        UndecidedError: time is up or the formula is out of reach.
    """
    return resolved_form(loss, label, label_expression(loss, label), deadline, converter)


def resolved_form(
    loss: LossSpec, label: int, expression: Expr, deadline: Deadline, converter: Converter | None = None
) -> LabelForm:
    """Return the same where `label_expression(loss, label)` is at hand."""
    also = label_parts(loss, label)
    pieces = resolve(expression, *domain_ends(loss.domain), deadline, also=also)
    return pieces_form(str(label), pieces, converter or Converter(deadline, {}))


def region_form(
    loss: LossSpec,
    label: int | None,
    deadline: Deadline,
    converter: Converter | None = None,
    expression: Expr | None = None,
) -> LabelForm:
    """Return the gradient in one formula, kinks as signs, for one label or (None) for all labels.

    Raises:
        UndecidedError: time is up or the formula is out of reach.
    """
    converter = converter or region_converter(loss.domain, deadline)
    if expression is None:
        expression = label_expression(loss, y if label is None else Integer(label))
    low, high = domain_ends(loss.domain)
    if expression is S.NaN:
        piece = FormPiece(low, high, UNDEFINED, None, endpoint_key(high))
        return LabelForm("y" if label is None else str(label), (piece,), True, converter)
    element = converter.tower.slope(converter.element(expression))
    piece = FormPiece(low, high, converter.tower.key(element), element, endpoint_key(high))
    return LabelForm("y" if label is None else str(label), (piece,), is_exact(converter), converter)


def best_label_form(
    loss: LossSpec, label: int | None, deadline: Deadline, expression: Expr | None = None
) -> LabelForm:
    """Return the form in pieces where there is one, else in one formula with signs.

    Args:
        loss: any loss.
        label: 0 or 1, or None for all labels.
        deadline: when to stop.
        expression: what stands for `label_expression(loss, label)`, where it is at hand.

    Raises:
        UndecidedError: neither was found in time.
    """
    if expression is None:
        expression = label_expression(loss, y if label is None else label)
    if label is not None:
        try:
            return resolved_form(loss, label, expression, deadline)
        except UndecidedError:
            if deadline.passed:
                raise
    return region_form(loss, label, deadline, expression=expression)


def tidy(expression: Expr) -> Expr:
    """Return a gradient as people write it: common factors taken out where that is quick."""
    if expression is S.NaN or expression.is_number or not is_short(expression, 100):
        return expression
    numerator, denominator = sympy.fraction(expression)
    polynomial = numerator.is_polynomial(yhat, y, eps) and denominator.is_polynomial(yhat, y, eps)
    return sympy.factor(expression, deep=False) if polynomial else sympy.factor_terms(numerator) / denominator


@dataclass(frozen=True)
class FormKey:
    """A form up to a constant positive factor.

    Attributes:
        functions: a canonical key for each piece.
        ends: a name for the right end of each piece.
        places: the inner ends as floats.
    """

    functions: tuple[Hashable, ...]
    ends: tuple[Hashable, ...]
    places: tuple[float, ...] = field(compare=False)


@dataclass(frozen=True)
class UpToFactor:
    """A form split into a key and a size: forms with equal keys have the ratio of their sizes as ratio.

    Attributes:
        key: the form up to a factor.
        size: the factor; 1 where the gradient is zero (or not real) everywhere.
        has_size: whether the gradient is a number other than zero somewhere.
        certain: whether different keys are sure to be different gradients.
    """

    key: FormKey
    size: Expr
    has_size: bool
    certain: bool


def up_to_factor(form: LabelForm) -> UpToFactor:
    """Split off a constant positive factor; a form that is zero everywhere has size 1."""
    tower, converter = form.converter.tower, form.converter
    size = inverse = None
    keys: list[Hashable] = []
    for piece in form.pieces:
        if piece.element is None or piece.element.is_zero:
            keys.append(piece.key)
            continue
        if inverse is None:
            found = tower.size(piece.element)
            inverse = tower.reciprocal(found)
            if converter.known_sign is None:
                converter.move({yhat: inner_point(piece.low, piece.high), eps: INNER_EPS})
            size = converter.expression(found)
        keys.append(tower.key(tower.multiply(piece.element, inverse)))
    ends = tuple(piece.end for piece in form.pieces)
    places = tuple(piece.high.approximation for piece in form.pieces[:-1])
    certain = form.exact and "eps" not in tower.by_key
    key = FormKey(tuple(keys), ends, places)
    return UpToFactor(key, S.One if size is None else size, size is not None, certain)
