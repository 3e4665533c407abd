"""Where the result of an instruction can lie: an interval from the intervals of its operands, tight by hand."""

from __future__ import annotations

import math
from collections.abc import Callable

from symloss.ops.constants import GUARD_LIMIT, XI
from symloss.ops.instruction_set import InstructionSet
from symloss.ops.interval import Interval
from symloss.ops.opcode import Opcode

_ZERO = Interval(0.0, 0.0)
_ROOM = 1e-9
"""Relative room for the rounding of a library function at an end."""


class IntervalInstructions(InstructionSet[Interval]):
    """The instructions on intervals; they hold for every eps in [xi, 1]."""

    def number(self, value: float) -> Interval:
        """Return a point."""
        return Interval(float(value), float(value))

    @property
    def eps(self) -> Interval:
        """The smoothings that a loss is made for."""
        return Interval(XI, 1.0)

    def apply(self, opcode: Opcode, a: Interval, b: Interval | None = None) -> Interval:
        """Return an interval that holds every result."""
        return BOUNDS[opcode](a, a if b is None else b)


def _widened(low: float, high: float) -> Interval:
    """Return an interval with room for rounding at both ends."""
    wide_low = low if math.isinf(low) else low - abs(low) * _ROOM
    return Interval(wide_low, high if math.isinf(high) else high + abs(high) * _ROOM)


def _exp(a: float) -> float:
    return math.exp(a) if a < 709 else math.inf


def _log(a: float) -> float:
    return -math.inf if a <= 0 else math.log(a)


def _exponential(a: Interval) -> Interval:
    image = _widened(_exp(a.low), _exp(a.high))
    return Interval(image.low, image.high, low_open=image.low == 0)


def _inverse(a: Interval) -> Interval:
    if a.positive:
        return Interval(
            0.0 if a.high == math.inf else 1 / a.high,
            math.inf if a.low == 0 else 1 / a.low,
            a.high_open or a.high == math.inf,
            a.low_open,
        )
    return -_inverse(-a) if a.negative else Interval(-math.inf, math.inf)


def _power(a: Interval, b: Interval) -> Interval:
    if b.low == b.high and 0 <= b.low <= 64 and b.low == int(b.low):
        n = int(b.low)
        ends = [_whole_power(a.low, n), _whole_power(a.high, n)]
        bottom = 0.0 if n % 2 == 0 and n and a.low <= 0 <= a.high else min(ends)
        return _widened(bottom, max(ends))
    if not a.positive:
        return Interval(-math.inf, math.inf)
    return _exponential(b * _widened(_log(a.low), _log(a.high)))


def _whole_power(a: float, n: int) -> float:
    try:
        return a**n
    except OverflowError:
        return math.inf if a > 0 or n % 2 == 0 else -math.inf


def _sign(a: Interval) -> Interval:
    low = 1.0 if a.positive else 0.0 if a.low >= 0 else -1.0
    high = -1.0 if a.negative else 0.0 if a.high <= 0 else 1.0
    return Interval(low, high)


def _tanh(a: Interval) -> Interval:
    """Return (-1, 1), or the half that occurs."""
    return Interval(
        0.0 if a.low >= 0 else -1.0,
        0.0 if a.high <= 0 else 1.0,
        a.low < 0 or a.positive,
        a.high > 0 or a.negative,
    )


def _protected_log(a: Interval) -> Interval:
    largest = max(-math.log(XI), math.log(a.largest + 1.0))
    return Interval(-largest, largest)


def _protected_reciprocal(a: Interval) -> Interval:
    if a.low >= 0:
        return Interval(0.0, 1.0 / max(a.low, XI), a.positive, True)
    if a.high <= 0:
        return -_protected_reciprocal(-a)
    return Interval(-1.0 / XI, 1.0 / XI, True, True)


def _symmetric(largest: float) -> Interval:
    return Interval(-largest, largest)


def _protected_exp(a: Interval) -> Interval:
    top = math.log(GUARD_LIMIT)
    low = 0.0 if a.low < -700 else math.exp(min(a.low, top)) * (1 - _ROOM)
    return Interval(low, math.exp(min(a.high, top)))


BOUNDS: dict[Opcode, Callable[[Interval, Interval], Interval]] = {
    Opcode.ADD: lambda a, b: a + b,
    Opcode.SUBTRACT: lambda a, b: a + -b,
    Opcode.MULTIPLY: lambda a, b: a * b,
    Opcode.DIVIDE: lambda a, b: a * _inverse(b),
    Opcode.POWER: _power,
    Opcode.MAXIMUM: lambda a, b: a.maximum(b),
    Opcode.MINIMUM: lambda a, b: a.minimum(b),
    Opcode.NEGATE: lambda a, b: -a,
    Opcode.IDENTITY: lambda a, b: a,
    Opcode.SQUARE: lambda a, b: a.square(),
    Opcode.LOG: lambda a, b: _widened(_log(a.low), _log(a.high)),
    Opcode.EXP: lambda a, b: _exponential(a),
    Opcode.ABS: lambda a, b: a.absolute(),
    Opcode.SQRT: lambda a, b: _widened(math.sqrt(max(a.low, 0.0)), math.sqrt(max(a.high, 0.0))),
    Opcode.SIGN: lambda a, b: _sign(a),
    Opcode.TANH: lambda a, b: _tanh(a),
    Opcode.SIGMOID: lambda a, b: Interval(0.0, 1.0, True, True),
    Opcode.RELU: lambda a, b: a.maximum(_ZERO),
    Opcode.GUARD: lambda a, b: a.clipped(GUARD_LIMIT),
    Opcode.PROTECTED_LOG: lambda a, b: _protected_log(a),
    Opcode.PROTECTED_RECIPROCAL: lambda a, b: _protected_reciprocal(a),
    Opcode.PROTECTED_SQRT: lambda a, b: _symmetric(math.sqrt(a.largest + 1.0)),
    Opcode.PROTECTED_EXP: lambda a, b: _protected_exp(a),
    Opcode.ANALYTIC_QUOTIENT: lambda a, b: _symmetric(a.largest),
    Opcode.ARCTAN: lambda a, b: _widened(math.atan(a.low), math.atan(a.high)),
}
"""An interval that holds every result, by opcode."""
