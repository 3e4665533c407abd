"""Real zeros of the irreducible factors of a switching function, isolated in rational intervals.

Polynomials in yhat: exact root isolation. Whole multiples of logarithms, k log|p|
+ ... = c with c such a sum over integers: the polynomial equation |p|**k ... = exp(c).
Anything else: intervals, halved until each holds no zero, or one at which the function
changes its sign because its derivative has one sign there.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import sympy
from sympy import Expr, Rational
from sympy.polys.domains import QQ, ZZ
from sympy.polys.factortools import dup_factor_list
from sympy.polys.rootisolation import dup_isolate_real_roots_sqf

from symloss.signature import yhat
from symloss.symbolic.arithmetic.float_box import Box, FloatBoxes, down, up
from symloss.symbolic.arithmetic.precise import precise
from symloss.symbolic.arithmetic.tape import Tape
from symloss.symbolic.field.factoring import LARGEST_BITS, LARGEST_DEGREE_TO_FACTOR, Poly
from symloss.symbolic.field.smooth import derivative
from symloss.symbolic.roots.endpoint import Endpoint
from symloss.symbolic.undecided import Deadline, UndecidedError

MOST_BOXES = 3_000
FEW_BOXES = 300
"""Enough for most functions; what needs more is better written in another way first."""

MANY_BOXES = 100
"""From here on the mean value form is tried as well."""

SMALLEST_BOX = 1e-13
HIGHEST_DERIVATIVE = 8


def polynomial_roots(
    coefficients: list[int], low: Rational | None, high: Rational | None, at_zeros: bool = False
) -> list[Endpoint]:
    """Return the real roots at which a polynomial changes its sign.

    Args:
        coefficients: integers, the highest power of yhat first.
        low, high: bounds of the search, None for infinity; a few roots just outside may be returned too.
        at_zeros: return the roots at which it keeps its sign as well.

    Raises:
        UndecidedError: the polynomial is too large.
    """
    degree = len(coefficients) - 1
    if degree <= 0:
        return []
    if degree == 1:
        return [Endpoint.rational(Rational(-coefficients[1], coefficients[0]))]
    if degree > LARGEST_DEGREE_TO_FACTOR or max(abs(c).bit_length() for c in coefficients) > LARGEST_BITS:
        raise UndecidedError("a polynomial of high degree decides where the loss switches")
    bounds = {
        "inf": None if low is None else QQ(int(low.p), int(low.q)),
        "sup": None if high is None else QQ(int(high.p), int(high.q)),
    }
    roots: list[Endpoint] = []
    for factor, exponent in dup_factor_list([ZZ(c) for c in coefficients], ZZ)[1]:
        if exponent % 2 == 0 and not at_zeros:
            continue
        if len(factor) == 2:
            roots.append(Endpoint.rational(Rational(-int(factor[1]), int(factor[0]))))
            continue
        function = sympy.Add(*(int(c) * yhat ** (len(factor) - 1 - i) for i, c in enumerate(factor)))
        for a, b in dup_isolate_real_roots_sqf(factor, ZZ, **bounds):
            start, end = (Rational(int(c.numerator), int(c.denominator)) for c in (a, b))
            roots.append(Endpoint("breakpoint", start, end, function, True))
    return roots


def coefficients_of(poly: Poly, index: int) -> list[int]:
    """Return the coefficients of a polynomial in the one variable `index`, highest first."""
    degree = max(monomial[index] for monomial in poly)
    result = [0] * (degree + 1)
    for monomial, c in poly.items():
        result[degree - monomial[index]] = int(c)
    return result


class TranscendentalRoots:
    """Sign changes of one smooth function of yhat between two rational or infinite ends.

    Args:
        function: a smooth expression in yhat alone.
        vanishes: tells exactly whether a function is zero at a rational point (None where that is out of reach).
        deadline: when to stop.
    """

    def __init__(
        self, function: Expr, vanishes: Callable[[Rational, Expr], bool | None], deadline: Deadline
    ) -> None:
        """Compile the function for intervals."""
        self.function = function
        self.vanishes = vanishes
        self.deadline = deadline
        self.arithmetic = FloatBoxes()
        self.functions = [function]
        self.tapes = [Tape.of(function)]

    def isolate(
        self, low: Rational | None, high: Rational | None, most_boxes: int = MOST_BOXES
    ) -> list[Endpoint]:
        """Return the points where the function changes its sign, in order.

        Args:
            low, high: the ends.
            most_boxes: after so many it gives up.

        Raises:
            UndecidedError: a zero that touches, or one too close to an end, could not be settled.
        """
        start = -math.inf if low is None else float(low)
        end = math.inf if high is None else float(high)
        found: list[Endpoint] = []
        stack = [(start, end)]
        for count in range(most_boxes):
            if not stack:
                return found
            if count % 16 == 0:
                self.deadline.check()
            a, b = stack.pop()
            left = low if a == start else Rational(*a.as_integer_ratio())
            right = high if b == end else Rational(*b.as_integer_ratio())
            box = self.tapes[0].run(self.arithmetic, {yhat: (a, b, 1.0, 1.0)})[0]
            if box[0] > 0 or box[1] < 0:
                continue
            if (box[2] > 0 or box[3] < 0) and left is not None and right is not None:
                rising = 1 if box[2] > 0 else -1
                first = self._side_of(left, rising if a == start else None)
                last = self._side_of(right, -rising if b == end else None)
                if first is not None and last is not None:
                    if first * last < 0:
                        found.append(Endpoint("breakpoint", left, right, self.function))
                    continue
            elif self._end_settles(a, b, low if a == start else None, high if b == end else None):
                continue
            if count > MANY_BOXES and self._mean_value_settles(a, b, box):
                continue
            middle = _split(a, b, start, end)
            small = b - a < 1e-280 or (b - a < 1 and b - a <= SMALLEST_BOX * max(abs(a), abs(b)))
            if small or not a < middle < b:
                raise UndecidedError(f"a switching function may touch zero near yhat = {middle:.6g}")
            stack += [(middle, b), (a, middle)]
        raise UndecidedError("the zeros of a switching function are out of reach")

    def _mean_value_settles(self, a: float, b: float, box: Box) -> bool:
        """Return whether f(m) + f'([a, b]) ([a, b] - m) is nowhere zero: tighter than the box where f varies slowly."""
        steepest = max(abs(box[2]), abs(box[3]))
        if not (math.isfinite(a) and math.isfinite(b) and math.isfinite(steepest)):
            return False
        m = a + (b - a) / 2
        center = self.tapes[0].run(self.arithmetic, {yhat: (m, m, 0.0, 0.0)})[0]
        change = up(steepest * up(max(b - m, m - a)))
        return down(center[0] - change) > 0 or up(center[1] + change) < 0

    def _side_of(self, point: Rational, beside_zero: int | None) -> int | None:
        """Return the sign just inside of the end of a box: `beside_zero` if the function is zero at a domain end."""
        value = precise(self.function, {yhat: point}, 80)[0]
        if abs(value) > 1e-60:
            return 1 if value > 0 else -1
        if beside_zero is not None and self.vanishes(point, self.function) is True:
            return beside_zero
        return None

    def _end_settles(self, a: float, b: float, low: Rational | None, high: Rational | None) -> bool:
        """Return whether a zero of higher order at one end of the domain explains why zero is in the box."""
        point = low if low is not None else high
        if point is None or (low is not None and high is not None):
            return False
        for order in range(HIGHEST_DERIVATIVE + 1):
            if order == len(self.functions):
                self.functions.append(derivative(self.functions[-1], yhat))
                self.tapes.append(Tape.of(self.functions[-1]))
            box = self.tapes[order].run(self.arithmetic, {yhat: (a, b, 1.0, 1.0)})[0]
            if box[0] > 0 or box[1] < 0:
                # All lower derivatives vanish at the end and this one keeps its sign: so does the function.
                return order > 0
            if self.vanishes(point, self.functions[order]) is not True:
                return False
        return False


def _split(a: float, b: float, start: float, end: float) -> float:
    """Split the line near 0 and by size far out, an end of the domain by size towards it, the rest near the middle."""
    if math.isinf(a) and math.isinf(b):
        return 0.0137
    if math.isinf(a):
        return 2.3 * b if b < -0.5 else -1.03
    if math.isinf(b):
        return 2.3 * a if a > 0.5 else 1.03
    if a == start and b != end and b - a < 0.1:
        return a + (b - a) / 37
    if b == end and a != start and b - a < 0.1:
        return b - (b - a) / 17
    return a + 0.4837 * (b - a)


def log_equation(logs: dict[int, int]) -> tuple[int, int]:
    """Return exp(-sum of c log n) as numerator and denominator.

    Args:
        logs: c by n.

    Raises:
        UndecidedError: the number is too large.
    """
    numerator = denominator = 1
    for number, c in logs.items():
        if abs(c) * number.bit_length() > LARGEST_BITS:
            raise UndecidedError("a switching point is out of reach")
        if c < 0:
            numerator *= number ** (-c)
        else:
            denominator *= number**c
    return numerator, denominator
