"""Whether two ranking losses of whole rows are the same to gradient descent.

Both are brought to a form in which no aggregate holds a term that is the same for all items, and a mean over N items of
a formula counts as that. Where the aggregates are then the same, the formulas of the row are compared as losses of pos
and of the aggregate. What differs is told by the slopes at rows of scores, in intervals of 72 digits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import sympy
from mpmath import libmp
from sympy import Add, Expr, Rational

from symloss.formula.row import A_SYMBOLS, Row
from symloss.formula.spec import LossSpec
from symloss.ops.aggregates import stop
from symloss.ops.construct import NumberLimitError, substitute
from symloss.signature import STATISTICS, Ranking, neg, pos
from symloss.symbolic.arithmetic.enclosure import middle, sign_of
from symloss.symbolic.pieces.row_forms import pulled_out
from symloss.symbolic.pieces.row_values import RowValues
from symloss.symbolic.same.pair_gradient import PairAnswer
from symloss.symbolic.undecided import Deadline, UndecidedError

_SHARES = (
    (Rational(13, 97), (Rational(-29, 53), Rational(11, 61))),
    (Rational(-41, 83), (Rational(67, 71), Rational(-5, 37), Rational(31, 43))),
    (Rational(59, 61), (Rational(-17, 19), Rational(-47, 89), Rational(3, 7))),
    (Rational(-19, 23), (Rational(83, 97), Rational(79, 101))),
)
"""Rows that slopes are compared at, in units of the end of where scores live (2 where they can be any number)."""


@dataclass(frozen=True)
class RowWitness:
    """A row of scores at which two gradients differ by more than a positive factor.

    Attributes:
        pos, neg: the scores.
        slope_of: the score that the slopes are taken by: "pos", or "neg" for the first negative item.
        gradient_a, gradient_b: the two slopes, rounded.
    """

    pos: float
    neg: tuple[float, ...]
    slope_of: str
    gradient_a: float
    gradient_b: float

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "pos": self.pos,
            "neg": list(self.neg),
            "slope_of": self.slope_of,
            "gradient_a": self.gradient_a,
            "gradient_b": self.gradient_b,
        }

    @property
    def place(self) -> str:
        """Where it is, in words."""
        return f"pos = {self.pos:.6g}, neg = [{', '.join(f'{one:.6g}' for one in self.neg)}]"


@dataclass(frozen=True)
class RowAnswer:
    """How two ranking losses compare: "same" with the factor, "different" with a witness, or "undecided"."""

    relation: str
    factor: Expr | None = None
    witness: RowWitness | None = None
    reason: str = ""


Pairs = Callable[[LossSpec, LossSpec], PairAnswer]
"""Compares two losses of two scores."""


def compare_rows(a: LossSpec, b: LossSpec, pairs: Pairs, deadline: Deadline) -> RowAnswer:
    """Compare the slopes of two ranking losses of whole rows.

    Args:
        a, b: the losses, without a scale, on the same scores.
        pairs: what compares losses of two scores.
        deadline: when to stop with "undecided".
    """
    written = [Row.of_expression(loss.numeric_expression) for loss in (a, b)]
    rows = [pulled_out(_with_logarithms(row)) for row in written]
    try:
        witness = _difference(a, b, rows[0], rows[1])
        if witness is not None:
            return RowAnswer("different", witness=witness)
        deadline.check()
        factor = _factor(rows[0], rows[1], pairs) or _factor_of_means(written[0], written[1], pairs)
    except (UndecidedError, NumberLimitError) as error:
        return RowAnswer("undecided", reason=str(error))
    if factor is not None:
        return RowAnswer("same", factor)
    return RowAnswer("undecided", reason="the slopes agree at all rows that were tried, but the forms differ")


def _with_logarithms(row: Row) -> Row:
    """Return a row in which a sum of exponentials is the exponential of what lse_neg stands for."""
    parts, moved = [], {}
    for part in row.parts:
        if part.kind == "sum_neg" and isinstance(part.value, sympy.exp):
            parts.append(replace(part, kind="lse_neg", value=part.value.args[0]))
            moved[part.symbol] = sympy.exp(part.symbol)
        else:
            parts.append(part)
    return Row(row.outer.xreplace(moved), tuple(parts)) if moved else row


def _factor(first: Row, second: Row, pairs: Pairs) -> Expr | None:
    """Return the factor between the slopes where the aggregates are the same, None where that does not show."""
    if len(first.parts) != len(second.parts):
        return None
    kinds = [
        (one.kind, one.setting, one.weight) == (other.kind, other.setting, other.weight)
        and sympy.expand(one.value - other.value) == 0
        for one, other in zip(first.parts, second.parts, strict=True)
    ]
    if not all(kinds):
        return None
    symbols = first.outer.free_symbols | second.outer.free_symbols
    if symbols <= {pos, A_SYMBOLS[0]} and not any(row.outer.has(stop) for row in (first, second)):
        outers = [
            LossSpec(_named(row.outer)) for row in (first, second) if A_SYMBOLS[0] in row.outer.free_symbols
        ]
        if len(outers) == 2:
            found = pairs(outers[0], outers[1])
            return found.factor if found.relation == "same" else None
    return _proportion(first.outer, second.outer, {pos, *A_SYMBOLS})


def _named(outer: Expr) -> Expr:
    return substitute(outer, {A_SYMBOLS[0]: neg})


def _factor_of_means(first: Row, second: Row, pairs: Pairs) -> Expr | None:
    """Return the factor for two means (or sums) that are all of the loss: the formulas of an item are compared."""
    values = []
    for row in (first, second):
        part = row.parts[0]
        own = [term for term in Add.make_args(row.outer) if term.free_symbols & {pos, *A_SYMBOLS}]
        weight = sympy.diff(Add(*own), part.symbol)
        alone = (
            len(row.parts) == 1 and weight.is_Rational and sympy.expand(Add(*own) - weight * part.symbol) == 0
        )
        if not alone or part.kind not in ("mean_neg", "sum_neg") or part.kind != first.parts[0].kind:
            return None
        values.append(weight * part.value)
    if any(value.free_symbols - {pos, neg} or value.has(stop) for value in values):
        return _proportion(values[0], values[1], {pos, neg})
    found = pairs(LossSpec(values[0]), LossSpec(values[1]))
    return found.factor if found.relation == "same" else None


def _proportion(first: Expr, second: Expr, variables: set[sympy.Symbol]) -> Expr | None:
    """Return c with first = c second up to what has no slope, None where that does not show."""
    own = [
        Add(*(term for term in Add.make_args(sympy.expand(one)) if term.free_symbols & variables))
        for one in (first, second)
    ]
    if own[1] == 0:
        return None
    ratio = sympy.cancel(own[0] / own[1]) if own[0] != own[1] else sympy.Integer(1)
    return ratio if ratio.is_Rational and ratio > 0 else None


def _difference(a: LossSpec, b: LossSpec, first: Row, second: Row) -> RowWitness | None:
    """Return a row at which the slopes differ by more than one positive factor, shown by disjoint intervals."""
    signature = a.signature
    assert isinstance(signature, Ranking)
    assert isinstance(b.signature, Ranking)
    end = min(signature.score_range[1], b.signature.score_range[1])
    unit = Rational(2) if end == float("inf") else Rational(str(end))
    values = [RowValues(row) for row in (first, second)]
    reference: tuple[Any, Any] | None = None
    constants = {
        STATISTICS[name]: value
        for name, value in (("beta", unit / 3), ("n_pos", Rational(7)), ("logq", Rational(-13, 7)))
    }
    for place, others in _SHARES:
        limits = [one for one in (signature.negatives, b.signature.negatives) if one is not None]
        scores = others[: min(limits, default=len(others))]
        groups = [(unit * score, 1) for score in scores]
        for by in (None, 0):
            try:
                slopes = [one.enclosed(unit * place, groups, constants, by).slope for one in values]
            except (UndecidedError, ValueError, libmp.ComplexResult, ZeroDivisionError):
                continue
            signs = [sign_of(slope) for slope in slopes]
            if None in signs:
                continue
            wrong = signs[0] != signs[1]
            if not wrong and signs[0]:
                if reference is None:
                    reference = slopes[0], slopes[1]
                else:
                    left = libmp.mpi_mul(slopes[0], reference[1], 240)
                    right = libmp.mpi_mul(slopes[1], reference[0], 240)
                    wrong = bool(sign_of(libmp.mpi_sub(left, right, 240)))
            if wrong:
                return RowWitness(
                    float(unit * place),
                    tuple(float(score) for score, _ in groups),
                    "pos" if by is None else "neg",
                    middle(slopes[0]),
                    middle(slopes[1]),
                )
    return None
