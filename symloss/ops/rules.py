"""The one rule of every instruction: its value and its derivative, over any arithmetic.

A rule says what an instruction computes in terms of elementary steps; an `Arithmetic` says how these are done on one
kind of number. The float64 reference, torch tensors, float32 ranges, exact expressions, steps of a tape and the nodes
of generated code are arithmetics that run these rules. What is written by hand beside them, the fused kernel for its
speed and bounds for their tightness, is held to them by tests.

Conventions are stated here and nowhere else: a derivative that is exactly 0 stays 0 whatever it is multiplied with;
max and min have the mean of both derivatives at a tie; abs and sign have derivative 0 at 0; the protected logarithm,
reciprocal and root are 0 at 0, with derivative 0; guard and the protected exponential have derivative 0 where they cut
off; what is made from a number that is not a number is none either.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from symloss.ops.opcode import Opcode

Number = Any
"""A number of an arithmetic: an array, a tensor, a range, an expression, a node."""


class Arithmetic(Protocol):
    """The elementary steps on one kind of number, and what derivatives do at their special points."""

    @property
    def half(self) -> Number:
        """The number 1/2."""

    @property
    def one(self) -> Number:
        """The number 1."""

    @property
    def two(self) -> Number:
        """The number 2."""

    @property
    def limit(self) -> Number:
        """1/xi = 1e6, where guards cut off."""

    @property
    def log_limit(self) -> Number:
        """The logarithm of 1/xi, where the protected exponential cuts off."""

    def add(self, a: Number, b: Number) -> Number:
        """Return a + b."""

    def subtract(self, a: Number, b: Number) -> Number:
        """Return a - b."""

    def multiply(self, a: Number, b: Number) -> Number:
        """Return a * b."""

    def divide(self, a: Number, b: Number) -> Number:
        """Return a / b."""

    def negate(self, a: Number) -> Number:
        """Return -a."""

    def square(self, a: Number) -> Number:
        """Return a * a."""

    def power(self, a: Number, b: Number) -> Number:
        """Return a ** b."""

    def maximum(self, a: Number, b: Number) -> Number:
        """Return max(a, b)."""

    def minimum(self, a: Number, b: Number) -> Number:
        """Return min(a, b)."""

    def log(self, a: Number) -> Number:
        """Return log a."""

    def exp(self, a: Number) -> Number:
        """Return exp a."""

    def absolute(self, a: Number) -> Number:
        """Return |a|."""

    def sqrt(self, a: Number) -> Number:
        """Return the square root of a."""

    def sign(self, a: Number) -> Number:
        """Return -1, 0 or 1; NaN for NaN."""

    def tanh(self, a: Number) -> Number:
        """Return tanh a."""

    def sigmoid(self, a: Number) -> Number:
        """Return 1 / (1 + exp(-a))."""

    def arctan(self, a: Number) -> Number:
        """Return atan a."""

    def root_of_one_plus_square(self, b: Number) -> Number:
        """Return sqrt(1 + b^2), without overflow."""

    def share_of_root(self, b: Number, root: Number) -> Number:
        """Return b / sqrt(1 + b^2), which lies in [-1, 1]."""

    def positive_part(self, a: Number) -> Number:
        """Return max(a, 0)."""

    def at_most(self, a: Number, limit: Number) -> Number:
        """Return min(a, limit) for one of the limits above."""

    def within(self, a: Number, limit: Number) -> Number:
        """Return a clipped to [-limit, limit]."""

    def from_xi(self, inner: Number) -> Number:
        """Return max(inner, xi), for |x| + s with a smoothing s that may be too small."""

    def times(self, slope: Number, factor: Number) -> Number:
        """Return slope * factor, 0 where the slope is 0."""

    def beside_nan(self, a: Number, b: Number, result: Number) -> Number:
        """Return a result, NaN where a or b is NaN."""

    def slope_of_larger(self, a: Number, b: Number, da: Number, db: Number) -> Number:
        """Return the slope of max(a, b): the mean at a tie, NaN beside NaN."""

    def slope_of_positive_part(self, a: Number, da: Number) -> Number:
        """Return the slope of max(a, 0), as of `slope_of_larger`."""

    def slope_of_step(self, a: Number) -> Number:
        """Return 0, NaN where a is NaN."""

    def unless_zero(self, exponent: Number, slope: Number) -> Number:
        """Return a slope, 0 where the exponent is 0."""

    def unless_power_of_zero(self, base: Number, exponent: Number, slope: Number) -> Number:
        """Return a slope, 0 where the base is 0 and the exponent is not negative."""

    def where_within(self, a: Number, limit: Number, slope: Number) -> Number:
        """Return a slope where |a| <= limit, 0 elsewhere, NaN where a is NaN."""

    def where_at_most(self, a: Number, limit: Number, slope: Number) -> Number:
        """Return a slope, 0 where a > limit."""

    def where_from_xi(self, inner: Number, slope: Number) -> Number:
        """Return a slope, 0 where inner < xi."""


Parts = tuple[Number, ...]
Unary = Callable[[Any, Number], Number]
Binary = Callable[[Any, Number, Number], Number]
Slope = Callable[[Any, Number, Number, Number, Number, Number], Number]
Factor = Callable[[Any, Number, Number], Number]
Bend = Callable[[Any, Number, Number, Number], Number]


@dataclass(frozen=True)
class Rule:
    """One instruction.

    Attributes:
        value: (arithmetic, a, b) -> result.
        slope: (arithmetic, a, b, result, da, db) -> derivative of the result.
        unary: whether b and db are not looked at.
    """

    value: Binary
    slope: Slope
    unary: bool = False


@dataclass(frozen=True)
class LinearRule(Rule):
    """An instruction that treats derivatives of any order as it treats values."""


@dataclass(frozen=True)
class SmoothRule(Rule):
    """A function f of one operand with its derivatives.

    Attributes:
        first: (arithmetic, a, f(a)) -> f'(a).
        second: (arithmetic, a, f(a), f'(a)) -> f''(a).
    """

    first: Factor = lambda o, a, v: o.one
    second: Bend = lambda o, a, v, first: o.subtract(o.one, o.one)


@dataclass(frozen=True)
class PartsRule(Rule):
    """An instruction whose value and slope share steps, so that who wants both can do these once.

    Attributes:
        parts: (arithmetic, a, b) -> what they share.
        value_of: (arithmetic, parts) -> result.
        slope_of: (arithmetic, parts, result, da, db) -> derivative of the result.
    """

    parts: Callable[[Any, Number, Number], Parts] = lambda o, a, b: (a, b)
    value_of: Callable[[Any, Parts], Number] = lambda o, parts: parts[0]
    slope_of: Callable[[Any, Parts, Number, Number, Number], Number] = lambda o, parts, v, da, db: da


def _of_parts(
    parts: Callable[[Any, Number, Number], Parts],
    value_of: Callable[[Any, Parts], Number],
    slope_of: Callable[[Any, Parts, Number, Number, Number], Number],
) -> PartsRule:
    return PartsRule(
        lambda o, a, b: value_of(o, parts(o, a, b)),
        lambda o, a, b, v, da, db: slope_of(o, parts(o, a, b), v, da, db),
        False,
        parts,
        value_of,
        slope_of,
    )


def _linear(value: Binary, unary: bool = False) -> LinearRule:
    return LinearRule(value, lambda o, a, b, v, da, db: value(o, da, db), unary)


def _smooth(value: Unary, first: Factor, second: Bend) -> SmoothRule:
    return SmoothRule(
        lambda o, a, b: value(o, a),
        lambda o, a, b, v, da, db: o.times(da, first(o, a, v)),
        True,
        first,
        second,
    )


def _zero(o: Any, a: Number, v: Number, first: Number) -> Number:
    return o.subtract(o.one, o.one)


def _power(o: Any, a: Number, b: Number) -> Number:
    # IEEE has NaN**0 = 1 and 1**NaN = 1.
    return o.beside_nan(a, b, o.power(a, b))


def _power_slope(o: Any, a: Number, b: Number, v: Number, da: Number, db: Number) -> Number:
    by_base = o.unless_zero(b, o.times(da, o.multiply(b, o.power(a, o.subtract(b, o.one)))))
    by_exponent = o.unless_power_of_zero(a, b, o.times(db, o.multiply(v, o.log(a))))
    return o.add(by_base, by_exponent)


def _smoothed(o: Any, x: Number, s: Number) -> tuple[Number, Number]:
    """Return sign(x) and |x| + s."""
    return o.sign(x), o.add(o.absolute(x), s)


def _smoothed_root(o: Any, x: Number, s: Number) -> tuple[Number, Number]:
    """Return sign(x) and sqrt(|x| + s)."""
    sign, inner = _smoothed(o, x, s)
    return sign, o.sqrt(inner)


def _inner_slope(o: Any, sign: Number, dx: Number, ds: Number) -> Number:
    """Return the derivative of |x| + s."""
    return o.add(o.multiply(sign, dx), ds)


def _protected_log(o: Any, parts: Parts) -> Number:
    sign, inner = parts
    return o.times(sign, o.log(inner))


def _protected_log_slope(o: Any, parts: Parts, v: Number, dx: Number, ds: Number) -> Number:
    sign, inner = parts
    return o.times(sign, o.divide(_inner_slope(o, sign, dx, ds), inner))


def _protected_reciprocal(o: Any, parts: Parts) -> Number:
    sign, inner = parts
    return o.divide(sign, o.from_xi(inner))


def _protected_reciprocal_slope(o: Any, parts: Parts, v: Number, dx: Number, ds: Number) -> Number:
    sign, inner = parts
    slope = o.divide(o.negate(_inner_slope(o, sign, dx, ds)), o.square(inner))
    return o.where_from_xi(inner, o.times(sign, slope))


def _protected_sqrt(o: Any, parts: Parts) -> Number:
    sign, root = parts
    return o.multiply(sign, root)


def _protected_sqrt_slope(o: Any, parts: Parts, v: Number, dx: Number, ds: Number) -> Number:
    sign, root = parts
    return o.times(sign, o.divide(_inner_slope(o, sign, dx, ds), o.multiply(o.two, root)))


def _quotient_parts(o: Any, a: Number, b: Number) -> Parts:
    return a, b, o.root_of_one_plus_square(b)


def _quotient(o: Any, parts: Parts) -> Number:
    a, _, root = parts
    return o.divide(a, root)


def _quotient_slope(o: Any, parts: Parts, v: Number, da: Number, db: Number) -> Number:
    _, b, root = parts
    by_b = o.times(db, o.multiply(v, o.divide(o.share_of_root(b, root), root)))
    return o.subtract(o.times(da, o.divide(o.one, root)), by_b)


RULES: dict[Opcode, Rule] = {
    Opcode.ADD: _linear(lambda o, a, b: o.add(a, b)),
    Opcode.SUBTRACT: _linear(lambda o, a, b: o.subtract(a, b)),
    Opcode.MULTIPLY: Rule(
        lambda o, a, b: o.multiply(a, b),
        lambda o, a, b, v, da, db: o.add(o.times(da, b), o.times(db, a)),
    ),
    Opcode.DIVIDE: Rule(
        lambda o, a, b: o.divide(a, b),
        lambda o, a, b, v, da, db: o.subtract(o.times(da, o.divide(o.one, b)), o.times(db, o.divide(v, b))),
    ),
    Opcode.POWER: Rule(_power, _power_slope),
    Opcode.MAXIMUM: Rule(
        lambda o, a, b: o.maximum(a, b), lambda o, a, b, v, da, db: o.slope_of_larger(a, b, da, db)
    ),
    Opcode.MINIMUM: Rule(
        lambda o, a, b: o.minimum(a, b), lambda o, a, b, v, da, db: o.slope_of_larger(b, a, da, db)
    ),
    Opcode.NEGATE: _linear(lambda o, a, b: o.negate(a), unary=True),
    Opcode.IDENTITY: _linear(lambda o, a, b: a, unary=True),
    Opcode.SQUARE: _smooth(
        lambda o, a: o.square(a), lambda o, a, v: o.multiply(o.two, a), lambda o, a, v, first: o.two
    ),
    Opcode.LOG: _smooth(
        lambda o, a: o.log(a),
        lambda o, a, v: o.divide(o.one, a),
        lambda o, a, v, first: o.negate(o.divide(first, a)),
    ),
    Opcode.EXP: _smooth(lambda o, a: o.exp(a), lambda o, a, v: v, lambda o, a, v, first: v),
    Opcode.ABS: _smooth(lambda o, a: o.absolute(a), lambda o, a, v: o.sign(a), _zero),
    Opcode.SQRT: _smooth(
        lambda o, a: o.sqrt(a),
        lambda o, a, v: o.divide(o.half, v),
        lambda o, a, v, first: o.divide(o.negate(o.square(o.half)), o.multiply(a, v)),
    ),
    Opcode.SIGN: Rule(lambda o, a, b: o.sign(a), lambda o, a, b, v, da, db: o.slope_of_step(a), unary=True),
    Opcode.TANH: _smooth(
        lambda o, a: o.tanh(a),
        lambda o, a, v: o.subtract(o.one, o.square(v)),
        lambda o, a, v, first: o.multiply(o.negate(o.two), o.multiply(v, first)),
    ),
    Opcode.SIGMOID: _smooth(
        lambda o, a: o.sigmoid(a),
        lambda o, a, v: o.multiply(v, o.subtract(o.one, v)),
        lambda o, a, v, first: o.multiply(first, o.subtract(o.one, o.multiply(o.two, v))),
    ),
    Opcode.RELU: Rule(
        lambda o, a, b: o.positive_part(a),
        lambda o, a, b, v, da, db: o.slope_of_positive_part(a, da),
        unary=True,
    ),
    Opcode.GUARD: Rule(
        lambda o, a, b: o.within(a, o.limit),
        lambda o, a, b, v, da, db: o.where_within(a, o.limit, da),
        unary=True,
    ),
    Opcode.PROTECTED_LOG: _of_parts(_smoothed, _protected_log, _protected_log_slope),
    Opcode.PROTECTED_RECIPROCAL: _of_parts(_smoothed, _protected_reciprocal, _protected_reciprocal_slope),
    Opcode.PROTECTED_SQRT: _of_parts(_smoothed_root, _protected_sqrt, _protected_sqrt_slope),
    Opcode.PROTECTED_EXP: Rule(
        lambda o, a, b: o.exp(o.at_most(a, o.log_limit)),
        lambda o, a, b, v, da, db: o.where_at_most(a, o.log_limit, o.times(da, v)),
        unary=True,
    ),
    Opcode.ANALYTIC_QUOTIENT: _of_parts(_quotient_parts, _quotient, _quotient_slope),
    Opcode.ARCTAN: _smooth(
        lambda o, a: o.arctan(a),
        lambda o, a, v: o.divide(o.one, o.add(o.one, o.square(a))),
        lambda o, a, v, first: o.multiply(o.multiply(o.negate(o.two), a), o.square(first)),
    ),
}
"""The rule of every opcode."""
