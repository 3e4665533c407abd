"""The loss of a row and one of its slopes, in doubles for many rows at once, or in rigorous intervals for one.

A row is a positive score and groups of negative items with equal scores: (score, how many). So a row of a thousand
negative items is as cheap as one of two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from mpmath import libmp
from sympy import Expr, Integer, Rational, Symbol

from symloss.formula.row import Part, Row, top_count
from symloss.ops.aggregates import stop
from symloss.signature import STATISTICS, neg, pos
from symloss.symbolic.arithmetic.enclosure import Enclosure, EnclosureArithmetic, rational_range
from symloss.symbolic.arithmetic.float_dual import Dual, FloatDual
from symloss.symbolic.arithmetic.tape import Tape
from symloss.symbolic.undecided import UndecidedError

_ZERO = (libmp.fzero, libmp.fzero)


class _Floats(FloatDual):
    """Doubles with a slope, for many rows at once."""

    def frozen(self, a: Dual) -> Dual:
        return Dual(a.value, self.dtype(0.0))

    def shift(self, numbers: Sequence[Dual]) -> Dual:
        """Return what is put outside of exponentials, so that none overflows."""
        largest = numbers[0].value
        for one in numbers[1:]:
            largest = np.maximum(largest, one.value)
        return Dual(largest, self.dtype(0.0))

    def root_of(self, a: Dual) -> Dual:
        """Return a number that a power is taken of; NaN below 0."""
        return Dual(np.where(a.value < 0, np.nan, a.value), a.slope)

    def top(self, numbers: Sequence[Dual], counts: Sequence[int], most: int) -> Dual:
        shape = np.broadcast_shapes(*(np.shape(one.value) for one in numbers))
        values = np.stack([np.broadcast_to(one.value, shape) for one in numbers])
        slopes = np.stack([np.broadcast_to(one.slope, shape) for one in numbers])
        order = np.argsort(-values, axis=0, kind="stable")
        sizes = np.broadcast_to(np.reshape(counts, (-1,) + (1,) * len(shape)), values.shape)
        sizes = np.take_along_axis(sizes, order, 0)
        before = np.cumsum(sizes, axis=0) - sizes
        taken = np.clip(most - before, 0, sizes) / most
        return Dual(
            (taken * np.take_along_axis(values, order, 0)).sum(0),
            (taken * np.take_along_axis(slopes, order, 0)).sum(0),
        )


class _Intervals(EnclosureArithmetic):
    """Intervals of many digits with a slope, for one row."""

    def frozen(self, a: Enclosure) -> Enclosure:
        return Enclosure(a.value, _ZERO)

    def shift(self, numbers: Sequence[Enclosure]) -> Enclosure | None:
        return None

    def root_of(self, a: Enclosure) -> Enclosure:
        if libmp.mpf_lt(a.value[0], libmp.fzero):
            raise UndecidedError("a power of what may be below 0")
        return a

    def top(self, numbers: Sequence[Enclosure], counts: Sequence[int], most: int) -> Enclosure:
        left, total = most, self.number(Integer(0))
        waiting = list(zip(numbers, counts, strict=True))
        while left:
            best = next(
                (
                    k
                    for k, (one, _) in enumerate(waiting)
                    if all(other is one or libmp.mpf_gt(one.value[0], other.value[1]) for other, _ in waiting)
                ),
                None,
            )
            if best is None:
                raise UndecidedError("two items share a place at the edge of the largest share")
            one, count = waiting.pop(best)
            taken = min(count, left)
            left -= taken
            total = self.add(total, self.multiply(self.number(Integer(taken)), one))
        return self.multiply(total, self.number(Rational(1, most)))


@dataclass(frozen=True)
class _Formula:
    """A formula whose stops are taken out: each has a symbol, and a tape of its own."""

    tape: Tape
    stops: tuple[tuple[Symbol, Tape], ...]

    @classmethod
    def of(cls, expression: Expr) -> _Formula:
        outside, found = without_stops(expression)
        return cls(Tape.of(outside), tuple((symbol, Tape.of(inner)) for symbol, inner in found))

    def run(self, arithmetic: Any, values: Mapping[Symbol, Any]) -> Any:
        known = dict(values)
        for symbol, tape in self.stops:
            known[symbol] = arithmetic.frozen(tape.run(arithmetic, known)[0])
        return self.tape.run(arithmetic, known)[0]


def without_stops(expression: Expr) -> tuple[Expr, list[tuple[Symbol, Expr]]]:
    """Return an expression with a symbol for each outermost stop, and what is stopped, without stops of its own."""
    found: dict[Expr, Symbol] = {}

    def visit(node: Expr) -> Expr:
        if isinstance(node, stop):
            return found.setdefault(node, Symbol(f"stop{len(found)}", real=True))
        if not node.has(stop):
            return node
        return node.func(*(visit(part) for part in node.args), evaluate=False)

    outside = visit(expression)
    return outside, [(symbol, _plain(node.args[0])) for node, symbol in found.items()]


def _plain(node: Expr) -> Expr:
    if isinstance(node, stop):
        return _plain(node.args[0])
    if not node.has(stop):
        return node
    plain: Expr = node.func(*(_plain(part) for part in node.args), evaluate=False)
    return plain


class RowValues:
    """Evaluates a row."""

    def __init__(self, row: Row) -> None:
        """Flatten its formulas."""
        self.row = row
        self.values = [_Formula.of(part.value) for part in row.parts]
        self.weights = [None if part.weight is None else _Formula.of(part.weight) for part in row.parts]
        self.outer = _Formula.of(row.outer)

    def floats(
        self,
        first: Any,
        groups: Sequence[tuple[Any, int]],
        constants: Mapping[Symbol, Any],
        by: int | None,
    ) -> tuple[Any, Any]:
        """Return values and slopes of many rows.

        Args:
            first: positive scores, shape (n,).
            groups: scores of shape (n,), and how many negative items have them.
            constants: numbers or arrays of shape (n,) for eps and statistics; for logq also for each group, under
                (logq, number of the group).
            by: which group's first item the slope is taken by; None for the positive one.
        """
        arithmetic = _Floats()

        def variable(value: Any, moves: bool) -> Dual:
            return Dual(np.asarray(value, np.float64), np.float64(1.0 if moves else 0.0))

        with np.errstate(all="ignore"):
            result = self._run(arithmetic, variable, first, groups, constants, by)
        shape = np.shape(first)
        return np.broadcast_to(result.value, shape), np.broadcast_to(result.slope, shape)

    def enclosed(
        self,
        first: Rational,
        groups: Sequence[tuple[Rational, int]],
        constants: Mapping[Symbol, Rational],
        by: int | None,
        precision: int = 240,
    ) -> Enclosure:
        """Return the value and the slope of one row in intervals that hold them; see `floats`.

        Raises:
            UndecidedError: the order of items that a share is taken of is not settled.
        """
        arithmetic = _Intervals(precision)

        def variable(value: Any, moves: bool) -> Enclosure:
            one = (libmp.fone, libmp.fone)
            return Enclosure(rational_range(value, precision), one if moves else _ZERO)

        found: Enclosure = self._run(arithmetic, variable, first, groups, constants, by)
        return found

    def _run(
        self,
        arithmetic: Any,
        variable: Any,
        first: Any,
        groups: Any,
        constants: Mapping[Any, Any],
        by: int | None,
    ) -> Any:
        known = {symbol: variable(value, False) for symbol, value in constants.items()}
        known[pos] = variable(first, by is None)
        items, counts = [], []
        for number, (score, count) in enumerate(groups):
            sizes = [(True, 1), (False, count - 1)] if number == by else [(False, count)]
            for moves, size in sizes:
                if size:
                    own = known.get((STATISTICS["logq"], number))
                    extra = {} if own is None else {STATISTICS["logq"]: own}
                    items.append({neg: variable(score, moves), **extra})
                    counts.append(size)
        found = {}
        for part, value, weight in zip(self.row.parts, self.values, self.weights, strict=True):
            numbers = [value.run(arithmetic, known | item) for item in items]
            weights = None if weight is None else [weight.run(arithmetic, known | item) for item in items]
            found[part.symbol] = _aggregated(arithmetic, part, numbers, weights, counts)
        return self.outer.run(arithmetic, known | found)


def _aggregated(
    arithmetic: Any, part: Part, numbers: list[Any], weights: list[Any] | None, counts: list[int]
) -> Any:
    """Return one aggregate of groups of equal items."""

    def total(values: list[Any]) -> Any:
        result = None
        for value, count in zip(values, counts, strict=True):
            term = value if count == 1 else arithmetic.multiply(arithmetic.number(Integer(count)), value)
            result = term if result is None else arithmetic.add(result, term)
        return result

    many = sum(counts)
    share = arithmetic.number(Rational(1, many))
    if part.kind == "max_neg":
        largest = numbers[0]
        for one in numbers[1:]:
            largest = arithmetic.maximum(largest, one)
        return largest
    if part.kind == "topmean_neg":
        assert part.setting is not None
        return arithmetic.top(numbers, counts, top_count(part.setting, many))
    if part.kind == "lse_neg":
        outside = arithmetic.shift(numbers)
        if outside is None:
            return arithmetic.log(total([arithmetic.exp(one) for one in numbers]))
        below = arithmetic.multiply(arithmetic.number(Integer(-1)), outside)
        inner = total([arithmetic.exp(arithmetic.add(one, below)) for one in numbers])
        return arithmetic.add(outside, arithmetic.log(inner))
    if part.kind == "pnorm_neg":
        assert part.setting is not None
        powers = [arithmetic.power(arithmetic.root_of(one), part.setting) for one in numbers]
        return arithmetic.power(arithmetic.multiply(share, total(powers)), 1 / part.setting)
    if part.kind == "wmean_neg":
        assert weights is not None
        weighted = [arithmetic.multiply(w, g) for w, g in zip(weights, numbers, strict=True)]
        return arithmetic.multiply(total(weighted), arithmetic.power(total(weights), Integer(-1)))
    whole = total(numbers)
    return whole if part.kind == "sum_neg" else arithmetic.multiply(share, whole)
