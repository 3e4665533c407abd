"""Where a smooth function changes its sign on an interval, and its sign where it does not.

The function is split into irreducible factors (`convert`, `tower`); its sign is the
product of theirs. Zeros are found once for each factor and interval. An open eps
is any positive number: then signs come from coefficients (a polynomial whose
coefficients have one sign after the interval is mapped to the half line), and a
zero may move with eps only if it provably stays inside.
"""

from __future__ import annotations

from collections.abc import Sequence

import sympy
from sympy import Expr, Rational

from symloss.signature import eps, yhat
from symloss.symbolic.arithmetic.float_box import FloatBoxes, constant_box
from symloss.symbolic.arithmetic.precise import precise
from symloss.symbolic.arithmetic.tape import Tape
from symloss.symbolic.field.convert import Converter
from symloss.symbolic.field.differential_field import Element
from symloss.symbolic.field.factoring import LARGEST_DEGREE_TO_FACTOR, Poly
from symloss.symbolic.field.joined_logs import with_joined_logarithms
from symloss.symbolic.field.written_factors import written_factors
from symloss.symbolic.roots.endpoint import Endpoint
from symloss.symbolic.roots.half_line import one_sign, positive_root
from symloss.symbolic.roots.switch_roots import (
    FEW_BOXES,
    MOST_BOXES,
    TranscendentalRoots,
    coefficients_of,
    log_equation,
    polynomial_roots,
)
from symloss.symbolic.undecided import Deadline, UndecidedError

_NEAR = Rational(1, 2**40)
INNER_EPS = Rational(1, 29)
"""Stands for an open eps where any positive number will do."""


def inner_point(low: Endpoint, high: Endpoint) -> Rational:
    """Return a rational number strictly between two endpoints (at eps = 1/29 where they depend on it)."""
    if low.is_infinite and high.is_infinite:
        return Rational(1, 7)
    low, high = _fixed(low), _fixed(high)
    if low.is_infinite:
        return sympy.floor(high.low) - 1
    if high.is_infinite:
        return sympy.ceiling(low.high) + 1
    width = Rational(1, 1024)
    for _ in range(12):
        if low.high < high.low:
            return (low.high + high.low) / 2
        low, high = low.refine(width), high.refine(width)
        width /= 2**16
    raise UndecidedError("two switching points are too close to tell apart")


def _fixed(end: Endpoint) -> Endpoint:
    if not end.depends_on_eps:
        return end
    assert end.closed_form is not None
    return Endpoint.rational(Rational(end.closed_form.subs(eps, INNER_EPS)))


def precedes(a: Endpoint, b: Endpoint) -> bool:
    """Return whether a < b; both are finite, distinct unless they are the same zero of the same function.

    Raises:
        UndecidedError: they are too close to tell apart.
    """
    if a.direction or b.direction:
        return a.direction < b.direction
    if a.depends_on_eps or b.depends_on_eps:
        return _precedes_for_all_eps(a, b)
    if a is b or (a.is_rational and b.is_rational):
        return a is not b and bool(a.low < b.low)
    width = Rational(1, 2**20)
    for _ in range(9):
        if a.high <= b.low and not (a.is_rational and b.is_rational):
            return True
        if b.high <= a.low:
            return False
        if a.function is not None and a.function == b.function and (a.low, a.high) == (b.low, b.high):
            return False
        a, b = a.refine(width), b.refine(width)
        width /= 2**20
    raise UndecidedError("two switching points are too close to tell apart")


def _precedes_for_all_eps(a: Endpoint, b: Endpoint) -> bool:
    if a.closed_form is None or b.closed_form is None:
        raise UndecidedError("whether one switching point comes before another depends on eps")
    gap = sympy.together(b.closed_form - a.closed_form)
    if gap == 0:
        return False
    numerator, denominator = (sympy.Poly(part, eps) for part in sympy.fraction(gap))
    side = one_sign(numerator) * one_sign(denominator)
    if side == 0:
        raise UndecidedError("whether one switching point comes before another depends on eps")
    return side > 0


class SignFinder:
    """Signs and zeros of smooth functions of yhat (and an open eps), on intervals that get smaller."""

    def __init__(self, low: Endpoint, high: Endpoint, deadline: Deadline, open_eps: bool) -> None:
        """Start on an interval; `open_eps` tells whether eps may occur in the functions."""
        self.deadline = deadline
        self.open_eps = open_eps
        self.arithmetic = FloatBoxes()
        self.converter = Converter(deadline, {})
        self.roots: dict[int | Expr, list[tuple[Endpoint, Endpoint, list[Endpoint]]]] = {}
        self.enter(low, high)

    def enter(self, low: Endpoint, high: Endpoint) -> None:
        """Go to a part of the interval."""
        self.low, self.high = low, high
        self.point = {yhat: inner_point(low, high), eps: INNER_EPS}
        self.converter.move(self.point)
        self.box = (
            _outer(low, -1),
            _outer(high, 1),
        )

    def sign(self, function: Expr, at_zeros: bool = False) -> int | list[Endpoint]:
        """Return the sign on the whole interval (0: identically zero), or the points where it changes.

        Args:
            function: a smooth function.
            at_zeros: return all its zeros, also those at which it keeps its sign.

        Raises:
            UndecidedError: neither could be found out.
        """
        self.deadline.check()
        box = Tape.of(function).run(
            self.arithmetic, {yhat: (*self.box, 1.0, 1.0), eps: (0.0, float("inf"), 0.0, 0.0)}
        )[0]
        if box[0] > 0 or box[1] < 0:
            return 1 if box[0] > 0 else -1
        try:
            return self.element_sign(self.converter.element(function), at_zeros)
        except UndecidedError:
            self.deadline.check()
            if self.open_eps and eps in function.free_symbols:
                raise
            found = self._sign_of_parts(function, at_zeros)
            return self._direct_sign(function) if found is None else found

    def _sign_of_parts(self, function: Expr, at_zeros: bool) -> int | list[Endpoint] | None:
        """Return the same from the parts that a function is written as a product of, None where it is not one."""
        parts = written_factors(function)
        if len(parts) < 2 and not any(power != 1 for _, power in parts):
            return None
        total, cuts = 1, list[Endpoint]()
        for part, power in parts:
            found = self.sign(part, at_zeros)
            if found == 0:
                return 0 if power > 0 else None
            if power % 2 == 0 and not at_zeros:
                continue
            if isinstance(found, int):
                total *= found if power % 2 else 1
            else:
                cuts = _merged(cuts, found)
        return cuts or total

    def _direct_sign(self, function: Expr) -> int | list[Endpoint]:
        """Return the sign from the function as it is written: intervals are tighter there than on expanded factors."""
        inside = self._known_roots(function)
        if inside is None:
            inside = self._inner(self._search(function))
            self.roots.setdefault(function, []).append((self.low, self.high, inside))
        return inside or self._sign_inside(function)

    def _sign_inside(self, function: Expr) -> int:
        """Return the sign at a point inside, of a function that has no zero in the interval."""
        value = precise(function, self.point)[0]
        if not abs(value) > 1e-45:
            raise UndecidedError("the sign of a switching function is too close to zero")
        return 1 if value > 0 else -1

    def _search(self, function: Expr, most_boxes: int = MOST_BOXES) -> list[Endpoint]:
        if self.low.depends_on_eps or self.high.depends_on_eps:
            raise UndecidedError("a switching point depends on eps")
        # beyond an irrational end the function may be undefined: look no further than that end is known
        low, high = (end if end.is_infinite else end.refine(_NEAR) for end in (self.low, self.high))
        search = TranscendentalRoots(function, self._vanishes, self.deadline)
        return search.isolate(low.low, high.high, most_boxes)

    def element_sign(self, element: Element, at_zeros: bool = False) -> int | list[Endpoint]:
        """Return the same for an element of the converter's tower."""
        tower = self.converter.tower
        if element.is_zero:
            return 0
        content, counts = tower.factor(element.numerator)
        total = 1 if content > 0 else -1
        counts = dict(counts)
        for number, e in element.denominator.items():
            counts[number] = counts.get(number, 0) + e
        cuts: list[Endpoint] = []
        for number, e in counts.items():
            if e % 2 == 0 and not at_zeros:
                continue
            found = self.factor_sign(number, at_zeros)
            if isinstance(found, int):
                total *= found if e % 2 else 1
            else:
                cuts = _merged(cuts, found)
        return cuts or total

    def factor_sign(self, number: int, at_zeros: bool = False) -> int | list[Endpoint]:
        """Return the same for an irreducible factor."""
        tower = self.converter.tower
        factor = tower.factors[number]
        if factor.generator is not None and factor.generator.kind in ("exp", "root", "prime"):
            return 1
        # Only an equation between logarithms can have a zero at which an irreducible factor keeps its sign.
        at_zeros = at_zeros and self._is_logarithmic(factor.poly)
        name = -1 - number if at_zeros else number
        inside = self._known_roots(name)
        if inside is None:
            kinds = {tower.generators[i].kind for i, d in enumerate(factor.poly.degrees()) if d > 0}
            if kinds <= {"yhat"}:
                inside = self._inner(self._polynomial(factor.poly))
            elif "eps" in kinds or self._holds_eps(factor.poly):
                found = self._with_eps(factor.poly, kinds)
                if isinstance(found, int):
                    return found
                inside = found
            elif not self._holds_yhat(factor.poly):
                inside = []
            else:
                inside = self._inner(self._transcendental(factor.poly, at_zeros))
            self.roots.setdefault(name, []).append((self.low, self.high, inside))
        if inside:
            return inside
        return self._rational_sign(factor.poly) or self._sign_inside(
            self.converter.poly_expression(factor.poly)
        )

    def _rational_sign(self, poly: Poly) -> int:
        """Return the sign of a polynomial in yhat at the point inside, 0 where it holds anything else."""
        index = self.converter.tower.by_key["yhat"].index if "yhat" in self.converter.tower.by_key else -1
        if any(degree > 0 for i, degree in enumerate(poly.degrees()) if i != index):
            return 0
        top, bottom = int(self.point[yhat].p), int(self.point[yhat].q)
        total, scale = 0, 1
        for coefficient in reversed(coefficients_of(poly, index)):
            # From the constant upwards, over the common denominator bottom**degree.
            total, scale = total * bottom + coefficient * scale, scale * top
        return (total > 0) - (total < 0)

    def _known_roots(self, name: int | Expr) -> list[Endpoint] | None:
        for low, high, roots in self.roots.get(name, []):
            if not precedes(self.low, low) and not precedes(high, self.high):
                return self._inner(roots)
        return None

    def _inner(self, roots: Sequence[Endpoint]) -> list[Endpoint]:
        """Keep the roots strictly between the ends."""
        return [root for root in roots if precedes(self.low, root) and precedes(root, self.high)]

    def _holds(self, poly: Poly, kind: str) -> bool:
        symbol = {"yhat": yhat, "eps": eps}[kind]
        return symbol in self.converter.poly_expression(poly).free_symbols

    def _holds_eps(self, poly: Poly) -> bool:
        return self.open_eps and self._holds(poly, "eps")

    def _holds_yhat(self, poly: Poly) -> bool:
        return self._holds(poly, "yhat")

    def _is_logarithmic(self, poly: Poly) -> bool:
        kinds = {self.converter.tower.generators[i].kind for i, d in enumerate(poly.degrees()) if d > 0}
        return "log" in kinds

    def _polynomial(self, poly: Poly, at_zeros: bool = False) -> list[Endpoint]:
        index = self.converter.tower.by_key["yhat"].index
        return polynomial_roots(coefficients_of(poly, index), self.low.low, self.high.high, at_zeros)

    def _transcendental(self, poly: Poly, at_zeros: bool = False) -> list[Endpoint]:
        found = self._logarithmic(poly, at_zeros)
        if found is not None:
            return found
        expression = self.converter.poly_expression(poly)
        try:
            return self._search(expression, FEW_BOXES)
        except UndecidedError:
            self.deadline.check()
        joined = with_joined_logarithms(self.converter, poly)
        if joined is not None:
            try:
                return self._search(joined)
            except UndecidedError:
                self.deadline.check()
        return self._search(expression)

    def _vanishes(self, point: Rational, function: Expr) -> bool | None:
        """Tell exactly whether a function is zero at a rational point."""
        at_point = function.xreplace({yhat: point})
        if at_point.has(sympy.nan, sympy.zoo, sympy.oo):
            return None
        try:
            return self.converter.element(at_point).is_zero
        except (UndecidedError, ZeroDivisionError, ValueError):
            return None

    def _logarithmic(self, poly: Poly, at_zeros: bool = False) -> list[Endpoint] | None:
        """Solve sum of k log|p| + sum of c log(n) = 0, or return None where the equation is of another form.

        It says that the product of |p|**k is a rational number: a polynomial equation, up to a sign.
        """
        tower = self.converter.tower
        multiples: dict[int, int] = {}
        logs: dict[int, int] = {}
        for monomial, c in poly.items():
            used = [i for i, e in enumerate(monomial) if e]
            if len(used) != 1 or monomial[used[0]] != 1:
                return None
            generator = tower.generators[used[0]]
            if generator.kind == "prime":
                logs[generator.argument] = int(c)
            elif generator.kind == "log":
                multiples[generator.argument] = int(c)
            else:
                return None
        inner = {number: tower.lift(tower.factors[number].poly) for number in multiples}
        used_kinds = {
            tower.generators[i].kind for p in inner.values() for i, d in enumerate(p.degrees()) if d > 0
        }
        if not multiples or used_kinds != {"yhat"}:
            return None
        if sum(abs(k) * len(inner[number]) for number, k in multiples.items()) > LARGEST_DEGREE_TO_FACTOR:
            return None
        numerator, denominator = log_equation(logs)
        left, right = tower.ring(denominator), tower.ring(numerator)
        for number, k in multiples.items():
            if k > 0:
                left = left * inner[number] ** k
            else:
                right = right * inner[number] ** -k
        roots: list[Endpoint] = []
        for equation in (left - right, left + right):
            if equation and not equation.is_ground:
                roots = _merged(roots, self._polynomial(equation, at_zeros))
        return roots

    def _with_eps(self, poly: Poly, kinds: set[str]) -> int | list[Endpoint]:
        """Return the sign for all eps > 0, or a root that provably lies inside for all of them."""
        if not kinds <= {"yhat", "eps"}:
            raise UndecidedError("where the loss switches depends on eps")
        expression = self.converter.poly_expression(poly)
        return positive_root(expression, self.low, self.high)


def _merged(a: list[Endpoint], b: list[Endpoint]) -> list[Endpoint]:
    """Merge two ordered or unordered lists of endpoints into one that is ordered; no rational one comes twice."""
    result = list(a)
    for point in b:
        if point.is_rational and any(one.is_rational and one.low == point.low for one in result):
            continue
        place = 0
        while place < len(result) and precedes(result[place], point):
            place += 1
        result.insert(place, point)
    return result


def _outer(end: Endpoint, direction: int) -> float:
    """Return a double at or beyond an end, seen from inside."""
    if end.is_infinite:
        return float("inf") * direction
    if end.depends_on_eps:
        return float("inf") * direction
    if direction < 0:
        return constant_box(end.low)[0] if end.low != 0 else 0.0
    return constant_box(end.high)[1] if end.high != 1 else 1.0
