"""Forms of a ranking loss that its proofs start from: pos pulled out of aggregates, and where aggregates lie."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import sympy
from sympy import Add, Expr, Symbol

from symloss.formula.row import Part, Row
from symloss.ops.construct import substitute
from symloss.signature import STATISTICS, neg, pos
from symloss.symbolic.arithmetic.interval_arithmetic import Box, BoxArithmetic
from symloss.symbolic.arithmetic.tape import Tape
from symloss.symbolic.pieces.row_values import without_stops

Range = tuple[float, float]
Ranges = Mapping[Symbol, Range]
"""The open interval that each variable lies in."""

_MOVES_WITH_A_SUM = ("lse_neg", "mean_neg", "max_neg", "topmean_neg", "wmean_neg")
"""Aggregates A with A(g + c) = A(g) + c for what is the same for all items."""


@dataclass(frozen=True)
class Form:
    """A row without stops, and where its variables lie.

    Attributes:
        outer: the formula of the row.
        parts: the aggregates.
        inside: where the variables of a negative item lie: pos, neg, statistics.
        outside: where the variables of the row lie: pos, the aggregates, statistics.
    """

    outer: Expr
    parts: tuple[Part, ...]
    inside: Ranges
    outside: Ranges


def value_range(expression: Expr, ranges: Ranges) -> tuple[float, float]:
    """Return an interval that holds all values of a formula."""
    with np.errstate(all="ignore"):
        box = Tape.of(expression).run(
            BoxArithmetic(), {s: Box(np.float64(low), np.float64(high)) for s, (low, high) in ranges.items()}
        )[0]
    low, high = float(box.low), float(box.high)
    if isinstance(expression, sympy.log) and value_range(expression.args[0], ranges)[0] >= 1:
        low = max(low, 0.0)
    return (-math.inf if math.isnan(low) else low), (math.inf if math.isnan(high) else high)


def forms_of(row: Row, scores: Range, negatives: int | None, constants: Ranges) -> tuple[Form, ...]:
    """Return a row as it is, and with pos pulled out of its aggregates where that is another form.

    Args:
        row: the loss.
        scores: where pos and neg lie.
        negatives: the largest number of negative items; None for any number.
        constants: where statistics and open constants lie.
    """
    as_is = _form(row, scores, negatives, constants)
    pulled = pulled_out(row)
    return (as_is,) if pulled == row else (as_is, _form(pulled, scores, negatives, constants))


def pulled_out(row: Row) -> Row:
    """Return a row in which no aggregate holds a term that is the same for all of its items.

    lse_neg(neg/tau - pos/tau) is lse_neg(neg/tau) - pos/tau: the aggregate that is left does not move with pos.
    """
    parts, moved = [], {}
    for part in row.parts:
        fixed = [
            term for term in Add.make_args(part.value) if not term.free_symbols & {neg, STATISTICS["logq"]}
        ]
        weighs = part.weight is not None and pos in part.weight.free_symbols
        if fixed and part.kind in _MOVES_WITH_A_SUM and not weighs:
            rest = Add(*(term for term in Add.make_args(part.value) if term not in fixed))
            parts.append(replace(part, value=rest))
            moved[part.symbol] = Add(part.symbol, *fixed)
        else:
            parts.append(part)
    return Row(substitute(row.outer, moved), tuple(parts)) if moved else row


def _form(row: Row, scores: Range, negatives: int | None, constants: Ranges) -> Form:
    inside: dict[Symbol, Range] = {pos: scores, neg: scores, **constants}
    outside: dict[Symbol, Range] = {pos: scores, **constants}
    parts = []
    for number, part in enumerate(row.parts):
        value, stopped = without_stops(part.value)
        weight, weights_stopped = (None, []) if part.weight is None else without_stops(part.weight)
        names: dict[Symbol, Expr] = {}
        for symbol, inner in [*stopped, *weights_stopped]:
            own = Symbol(
                f"{symbol.name}of{number}{'w' if (symbol, inner) in weights_stopped else ''}", real=True
            )
            names[symbol] = own
            inside[own] = value_range(inner, inside)
        value = value.xreplace(names)
        weight = None if weight is None else weight.xreplace(names)
        parts.append(replace(part, value=value, weight=weight))
        outside[part.symbol] = _aggregate_range(part.kind, value_range(value, inside), negatives)
    outer, stopped = without_stops(row.outer)
    for symbol, inner in stopped:
        outside[symbol] = value_range(inner, outside)
    return Form(outer, tuple(parts), inside, outside)


def _aggregate_range(kind: str, values: Range, negatives: int | None) -> Range:
    """Return where an aggregate of numbers of an interval lies, a little wider than it is."""
    low, high = values
    if kind == "lse_neg":
        high = high + math.log(negatives) if negatives is not None else math.inf
    elif kind == "sum_neg":
        most = math.inf if negatives is None else float(negatives)
        low, high = min(low, _times(most, low)), max(high, _times(most, high))
    elif kind == "pnorm_neg":
        low = max(low, 0.0)
    margin = [1e-9 * (1 + abs(end)) if math.isfinite(end) and end else 0.0 for end in (low, high)]
    low, high = low - margin[0], high + margin[1]
    return low, high if high > low else low + 1e-9


def _times(a: float, b: float) -> float:
    return a * b if b else 0.0
