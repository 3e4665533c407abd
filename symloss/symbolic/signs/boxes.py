"""The sign of a smooth function on an interval, by subdivision into boxes.

A box is settled when its enclosure, or the mean value form f(m) + f'(box)(box - m),
has one sign. Doubles first, all boxes of a round at once; what doubles can't
settle is tried again with many digits.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from mpmath import libmp
from numpy.typing import NDArray
from sympy import Rational, Symbol

from symloss.symbolic.arithmetic.enclosure import (
    Enclosure,
    EnclosureArithmetic,
    Range,
    rational_range,
    sign_of,
)
from symloss.symbolic.arithmetic.interval_arithmetic import Box, BoxArithmetic
from symloss.symbolic.arithmetic.tape import Tape
from symloss.symbolic.undecided import Deadline

Array = NDArray[np.float64]

MOST_BOXES = 512


@dataclass
class BoxSigns:
    """What subdivision found.

    Attributes:
        positive, negative: whether a box is settled with that sign, as a point inside of it.
        left: boxes that are not settled, in order.
    """

    positive: float | None = None
    negative: float | None = None
    left: list[tuple[float, float]] = field(default_factory=list)

    @property
    def sign(self) -> int | None:
        """The one sign of all boxes, where all are settled."""
        if self.left or (self.positive is not None and self.negative is not None):
            return None
        return 1 if self.positive is not None else -1

    @property
    def settled_sign(self) -> int | None:
        """The one sign of the settled boxes, whatever is left."""
        if (self.positive is None) == (self.negative is None):
            return None
        return 1 if self.positive is not None else -1


def first_edges(low: float, high: float, count: int = 24) -> Array:
    """Return edges of a first grid: even inside, geometric towards both ends."""
    near = 2.0 ** -np.arange(3.0, 44.0, 3.0)
    share = np.concatenate([[0.0, 1.0], np.arange(1, count) / count, near, 1 - near])
    edges = np.unique(low + (high - low) * np.sort(share))
    edges[0], edges[-1] = low, high
    return edges[(edges >= low) & (edges <= high)]


def box_signs(
    tape: Tape, symbol: Symbol, edges: Array, deadline: Deadline, rounds: int = 8, precise_budget: int = 0
) -> BoxSigns:
    """Settle the sign of the first output of a tape in one variable on the boxes between edges.

    Args:
        tape: a smooth function of `symbol`.
        symbol: its variable.
        edges: increasing doubles, at least two.
        deadline: when to stop.
        rounds: how many times boxes may be halved.
        precise_budget: how many boxes may be tried with many digits.
    """
    found = BoxSigns()
    low, high = edges[:-1], edges[1:]
    for step in range(rounds):
        signs = _signs(tape, symbol, low, high)
        _note(found, signs, low, high)
        open_low, open_high = low[signs == 0], high[signs == 0]
        if found.positive is not None and found.negative is not None:
            found.left = list(zip(open_low.tolist(), open_high.tolist(), strict=True))
            return found
        middles = (open_low + open_high) / 2
        stuck = (middles <= open_low) | (middles >= open_high)
        if (
            not len(open_low)
            or step == rounds - 1
            or len(open_low) * 2 > MOST_BOXES
            or stuck.any()
            or deadline.passed
        ):
            low, high = open_low, open_high
            break
        low = np.stack([open_low, middles], 1).ravel()
        high = np.stack([middles, open_high], 1).ravel()
    found.left = list(zip(low.tolist(), high.tolist(), strict=True))
    if found.left and precise_budget:
        _settle_precisely(found, tape, symbol, precise_budget, deadline)
    return found


def _note(found: BoxSigns, signs: Array, low: Array, high: Array) -> None:
    for side, name in ((1, "positive"), (-1, "negative")):
        which = np.flatnonzero(signs == side)
        if len(which) and getattr(found, name) is None:
            widest = which[np.argmax(high[which] - low[which])]
            setattr(found, name, float((low[widest] + high[widest]) / 2))


def _signs(tape: Tape, symbol: Symbol, low: Array, high: Array) -> Array:
    one = np.float64(1.0)
    arithmetic = BoxArithmetic()
    with np.errstate(all="ignore"):
        whole = tape.run(arithmetic, {symbol: Box(low, high, one, one)})[0]
        signs = np.where(whole.low > 0, 1, np.where(whole.high < 0, -1, 0)) + np.zeros(len(low), np.int64)
        unsettled = np.flatnonzero(signs == 0)
        if len(unsettled) and whole.slope_low is not None:
            l, h = low[unsettled], high[unsettled]  # noqa: E741
            m = l + (h - l) / 2
            center = tape.run(arithmetic, {symbol: Box(m, m)})[0]
            slope_low = np.broadcast_to(whole.slope_low, low.shape)[unsettled]
            slope_high = np.broadcast_to(whole.slope_high, low.shape)[unsettled]
            reach = np.nextafter(np.maximum(h - m, m - l), np.inf)
            change = np.nextafter(np.maximum(np.abs(slope_low), np.abs(slope_high)) * reach, np.inf)
            mean = np.where(center.low - change > 0, 1, np.where(center.high + change < 0, -1, 0))
            # center.low - change is rounded, but rounding never turns a value <= 0 into one > 0.
            mean = np.where(np.isfinite(change), mean, 0)
            signs[unsettled] = mean
    return signs


def _settle_precisely(found: BoxSigns, tape: Tape, symbol: Symbol, budget: int, deadline: Deadline) -> None:
    waiting = [(_exact(low), _exact(high)) for low, high in reversed(found.left)]
    left: list[tuple[float, float]] = []
    arithmetic = EnclosureArithmetic(200)
    while waiting:
        low, high = waiting.pop()
        if budget <= 0 or deadline.passed:
            left.append((float(low), float(high)))
            continue
        budget -= 1
        side = precise_sign(tape, symbol, low, high, arithmetic)
        if side is None:
            if float(high) - float(low) <= 0:
                left.append((float(low), float(high)))
                continue
            middle = (low + high) / 2
            waiting.extend([(middle, high), (low, middle)])
        elif side > 0:
            found.positive = float((low + high) / 2) if found.positive is None else found.positive
        elif side < 0:
            found.negative = float((low + high) / 2) if found.negative is None else found.negative
    found.left = left


def precise_sign(
    tape: Tape, symbol: Symbol, low: Rational, high: Rational, arithmetic: EnclosureArithmetic
) -> int | None:
    """Return the sign on a closed box by many digits, or None."""
    p = arithmetic.precision
    box: Range = (rational_range(low, p)[0], rational_range(high, p)[1])
    one: Range = (libmp.fone, libmp.fone)
    null: Range = (libmp.fzero, libmp.fzero)
    whole = tape.run(arithmetic, {symbol: Enclosure(box, one)})[0]
    side = sign_of(whole.value)
    if side:
        return side
    m = rational_range((low + high) / 2, p)
    center = tape.run(arithmetic, {symbol: Enclosure(m, null)})[0]
    change = libmp.mpi_mul(whole.slope, libmp.mpi_sub(box, m, p), p)
    side = sign_of(libmp.mpi_add(center.value, change, p))
    return side if side else None


def _exact(value: float) -> Rational:
    return Rational(*value.as_integer_ratio())
