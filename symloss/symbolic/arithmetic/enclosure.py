"""Intervals of many digits, with derivatives: slow, rigorous, for single points and small boxes.

Every result encloses the true value: mpmath's interval kernels round outwards.
An `Enclosure` holds an interval for a value and one for its derivative; at a
kink the derivative is the hull of both sides.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sympy
from mpmath import libmp
from sympy import Expr, Rational, Symbol

from symloss.symbolic.arithmetic.tape import Tape

Range = Any
"""An interval of mpmath: a pair of raw numbers (low, high)."""

_ZERO: Range = (libmp.fzero, libmp.fzero)
_ONE: Range = (libmp.fone, libmp.fone)
_EVERYTHING: Range = (libmp.fninf, libmp.finf)


@dataclass(frozen=True)
class Enclosure:
    """Enclosures of a value and of its derivative."""

    value: Range
    slope: Range


def sign_of(a: Range) -> int | None:
    """Return the sign of every element of an interval, None where it is not settled (NaN included)."""
    low, high = a
    if libmp.fnan in (low, high):
        return None
    if low == high == libmp.fzero:
        return 0
    if libmp.mpf_gt(low, libmp.fzero):
        return 1
    if libmp.mpf_lt(high, libmp.fzero):
        return -1
    return None


def rational_range(value: Rational, precision: int) -> Range:
    """Enclose a rational number."""
    p, q = libmp.from_int(int(value.p)), libmp.from_int(int(value.q))
    return (
        libmp.mpf_div(p, q, precision, libmp.round_floor),
        libmp.mpf_div(p, q, precision, libmp.round_ceiling),
    )


def _smaller(a: Any, b: Any) -> Any:
    return a if libmp.mpf_le(a, b) else b


def _larger(a: Any, b: Any) -> Any:
    return b if libmp.mpf_le(a, b) else a


def hull(a: Range, b: Range) -> Range:
    """Return the smallest interval that holds both."""
    return (_smaller(a[0], b[0]), _larger(a[1], b[1]))


def _whole_number(a: Range) -> int | None:
    """Return the whole number of moderate size that an interval is, None where it is not one."""
    low, high = a
    if low != high or low in (libmp.fnan, libmp.finf, libmp.fninf) or abs(libmp.to_float(low)) > 1e4:
        return None
    number = int(libmp.to_int(low))
    return number if libmp.from_int(number) == low else None


class EnclosureArithmetic:
    """The arithmetic of `Enclosure` at a working precision in bits."""

    def __init__(self, precision: int = 240) -> None:
        """Set the working precision (240 bits are 72 digits)."""
        self.precision = precision
        self._known: dict[Expr, Range] = {}

    def number(self, value: Expr) -> Enclosure:
        """Return a constant."""
        return Enclosure(self.constant(value), _ZERO)

    def constant(self, value: Expr) -> Range:
        """Enclose a real constant expression."""
        found = self._known.get(value)
        if found is None:
            found = self._known[value] = self._enclosed(value)
        return found

    def _enclosed(self, value: Expr) -> Range:
        if value.is_Rational:
            return rational_range(value, self.precision)
        if value is sympy.E:
            return libmp.mpi_exp(_ONE, self.precision)
        if value is sympy.pi:
            return (
                libmp.mpf_pi(self.precision, libmp.round_floor),
                libmp.mpf_pi(self.precision, libmp.round_ceiling),
            )
        if isinstance(value, sympy.CRootOf):
            error = Rational(1, 2 ** (self.precision - 20))
            middle = value.eval_rational(dx=error)
            return (
                rational_range(middle - error, self.precision)[0],
                rational_range(middle + error, self.precision)[1],
            )
        if not value.args:
            return _EVERYTHING
        if value.func is sympy.Pow and value.exp.is_Rational:
            return self.power(self.number(value.base), value.exp).value
        inputs = {sympy.Dummy(real=True): self.number(argument) for argument in value.args}
        shell = value.func(*inputs, evaluate=False)
        return Tape.of(shell).run(self, inputs)[0].value

    def add(self, a: Enclosure, b: Enclosure) -> Enclosure:
        """Return a + b."""
        p = self.precision
        return Enclosure(libmp.mpi_add(a.value, b.value, p), libmp.mpi_add(a.slope, b.slope, p))

    def multiply(self, a: Enclosure, b: Enclosure) -> Enclosure:
        """Return a * b."""
        slope = libmp.mpi_add(self._times(a.slope, b.value), self._times(a.value, b.slope), self.precision)
        return Enclosure(self._times(a.value, b.value), slope)

    def _times(self, a: Range, b: Range) -> Range:
        if _ZERO in (a, b):
            return _ZERO
        return libmp.mpi_mul(a, b, self.precision)

    def _chain(self, value: Range, factor: Range, a: Enclosure) -> Enclosure:
        return Enclosure(value, self._times(factor, a.slope))

    def power(self, a: Enclosure, exponent: Expr) -> Enclosure:
        """Return a ** exponent."""
        value = self._power(a.value, exponent)
        if a.slope == _ZERO:
            return Enclosure(value, _ZERO)
        factor = self._times(rational_range(exponent, self.precision), self._power(a.value, exponent - 1))
        return self._chain(value, factor, a)

    def _power(self, a: Range, exponent: Expr) -> Range:
        p = self.precision
        if exponent == 0:
            return _ONE
        if exponent.is_Integer:
            raised = libmp.mpi_pow_int(a, abs(int(exponent)), p)
            return raised if exponent > 0 else libmp.mpi_div(_ONE, raised, p)
        if libmp.mpf_lt(a[0], libmp.fzero):
            return _EVERYTHING
        if a[1] == libmp.fzero:
            return _ZERO if exponent > 0 else _EVERYTHING
        if a[0] == libmp.fzero:
            top = self._power((a[1], a[1]), exponent)
            return (libmp.fzero, top[1]) if exponent > 0 else (top[0], libmp.finf)
        if exponent == Rational(1, 2):
            return libmp.mpi_sqrt(a, p)
        return libmp.mpi_exp(libmp.mpi_mul(rational_range(exponent, p), libmp.mpi_log(a, p), p), p)

    def raised(self, a: Enclosure, b: Enclosure) -> Enclosure:
        """Return a ** b; the whole line where it is not a real number."""
        exponent = _whole_number(b.value) if b.slope == _ZERO else None
        if exponent is not None:
            return self.power(a, sympy.Integer(exponent))
        if a.value == _ZERO == a.slope and sign_of(b.value) == 1:
            return Enclosure(_ZERO, _ZERO)
        return self.exp(self.multiply(b, self.log(a)))

    def maximum(self, a: Enclosure, b: Enclosure) -> Enclosure:
        """Return max(a, b)."""
        if libmp.mpf_gt(a.value[0], b.value[1]):
            return a
        if libmp.mpf_gt(b.value[0], a.value[1]):
            return b
        value = (_larger(a.value[0], b.value[0]), _larger(a.value[1], b.value[1]))
        return Enclosure(value, hull(a.slope, b.slope))

    def minimum(self, a: Enclosure, b: Enclosure) -> Enclosure:
        """Return min(a, b)."""
        return self._negative(self.maximum(self._negative(a), self._negative(b)))

    def _negative(self, a: Enclosure) -> Enclosure:
        return Enclosure(libmp.mpi_neg(a.value), libmp.mpi_neg(a.slope))

    def absolute(self, a: Enclosure) -> Enclosure:
        """Return |a|."""
        side = sign_of(a.value)
        if side == 1:
            return a
        if side == -1:
            return self._negative(a)
        return Enclosure(libmp.mpi_abs(a.value, self.precision), hull(a.slope, libmp.mpi_neg(a.slope)))

    def sign(self, a: Enclosure) -> Enclosure:
        """Return the sign of a; its derivative is 0 where the sign is settled."""
        side = sign_of(a.value)
        if side is not None:
            return Enclosure((libmp.from_int(side), libmp.from_int(side)), _ZERO)
        return Enclosure((libmp.fnone, libmp.fone), _ZERO if a.slope == _ZERO else _EVERYTHING)

    def log(self, a: Enclosure) -> Enclosure:
        """Return log a."""
        if libmp.mpf_lt(a.value[0], libmp.fzero):
            return Enclosure(_EVERYTHING, _EVERYTHING)
        value = libmp.mpi_log(a.value, self.precision)
        return self._chain(value, libmp.mpi_div(_ONE, a.value, self.precision), a)

    def exp(self, a: Enclosure) -> Enclosure:
        """Return exp a."""
        value = libmp.mpi_exp(a.value, self.precision)
        return self._chain(value, value, a)

    def tanh(self, a: Enclosure) -> Enclosure:
        """Return tanh a, as 2 sigmoid(2a) - 1."""
        p = self.precision
        two = (libmp.ftwo, libmp.ftwo)
        half = self._sigmoid(libmp.mpi_mul(two, a.value, p))
        value = libmp.mpi_sub(libmp.mpi_mul(two, half, p), _ONE, p)
        factor = libmp.mpi_mul(
            (libmp.from_int(4), libmp.from_int(4)), self._bell(libmp.mpi_mul(two, a.value, p)), p
        )
        return self._chain(value, factor, a)

    def atan(self, a: Enclosure) -> Enclosure:
        """Return atan a."""
        p = self.precision
        # atan rises, so the ends suffice; both are rounded outwards.
        value = (
            libmp.mpf_atan(a.value[0], p, libmp.round_floor),
            libmp.mpf_atan(a.value[1], p, libmp.round_ceiling),
        )
        below = libmp.mpi_add(_ONE, libmp.mpi_pow_int(a.value, 2, p), p)
        return self._chain(value, libmp.mpi_div(_ONE, below, p), a)

    def sigmoid(self, a: Enclosure) -> Enclosure:
        """Return 1 / (1 + exp(-a))."""
        return self._chain(self._sigmoid(a.value), self._bell(a.value), a)

    def _sigmoid(self, a: Range) -> Range:
        p = self.precision
        return libmp.mpi_div(_ONE, libmp.mpi_add(_ONE, libmp.mpi_exp(libmp.mpi_neg(a), p), p), p)

    def _bell(self, a: Range) -> Range:
        """Enclose s(a) s(-a), the derivative of the sigmoid."""
        return libmp.mpi_mul(self._sigmoid(a), self._sigmoid(libmp.mpi_neg(a)), self.precision)


def gradient_at(tape: Tape, values: Mapping[Symbol, Rational], by: Symbol, precision: int = 240) -> Enclosure:
    """Enclose the first output of a tape and its derivative at an exact point.

    Args:
        tape: the expression, kinks allowed.
        values: a rational number for each symbol.
        by: the symbol to differentiate by.
        precision: working precision in bits.
    """
    inputs = {
        s: Enclosure(rational_range(Rational(v), precision), _ONE if s == by else _ZERO)
        for s, v in values.items()
    }
    return tape.run(EnclosureArithmetic(precision), inputs)[0]


def sign_at(tape: Tape, values: Mapping[Symbol, Rational]) -> int | None:
    """Return the sign of the first output at an exact point, None where 200 digits don't settle it."""
    for precision in (240, 700):
        inputs = {
            symbol: Enclosure(rational_range(Rational(v), precision), _ZERO) for symbol, v in values.items()
        }
        side = sign_of(tape.run(EnclosureArithmetic(precision), inputs)[0].value)
        if side is not None:
            return side
    return None


def middle(a: Range) -> float:
    """Return a double near the middle of an interval, for display."""
    return (float(libmp.to_float(a[0])) + float(libmp.to_float(a[1]))) / 2


def ends_of(a: Range) -> tuple[float, float]:
    """Return doubles around an interval of many digits."""
    low = libmp.to_float(a[0])
    high = libmp.to_float(a[1])
    return math.nextafter(low, -math.inf), math.nextafter(high, math.inf)
