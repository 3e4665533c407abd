"""The end of a piece: a number known exactly, or held in an interval that can be made as small as needed."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import sympy
from sympy import Expr, Rational

from symloss.signature import DEFAULT_EPS, eps, yhat
from symloss.symbolic.arithmetic.precise import precise


@dataclass(frozen=True)
class Endpoint:
    """Where a piece begins or ends.

    Attributes:
        kind: "domain" (an end of the domain of yhat) or "breakpoint".
        low, high: rational numbers around it, equal where it is rational; None for infinity and where eps moves it.
        function: for irrational ones, an expression in yhat with this as its one zero in [low, high], a change of sign;
            a polynomial where the endpoint is algebraic.
        algebraic: whether `function` is a polynomial with rational coefficients.
        closed_form: an exact expression, where there is one; in eps where the endpoint depends on it.
        direction: +1 or -1 for infinity, else 0.
    """

    kind: str
    low: Any
    high: Any
    function: Expr | None = None
    algebraic: bool = False
    closed_form: Expr | None = field(default=None, compare=False)
    direction: int = 0

    @classmethod
    def rational(cls, value: Rational, kind: str = "breakpoint") -> Endpoint:
        """Return the endpoint at a rational number."""
        return cls(kind, value, value, closed_form=value)

    @classmethod
    def infinite(cls, direction: int) -> Endpoint:
        """Return the end at infinity (direction 1) or minus infinity (-1)."""
        return cls("domain", None, None, direction=direction)

    @property
    def is_infinite(self) -> bool:
        """Whether this is plus or minus infinity."""
        return self.direction != 0

    @property
    def is_rational(self) -> bool:
        """Whether this is a rational number."""
        return self.low is not None and self.low == self.high

    @property
    def depends_on_eps(self) -> bool:
        """Whether the endpoint moves with an open eps."""
        return not self.is_infinite and self.low is None

    @property
    def exact(self) -> bool:
        """Whether `value` is the endpoint itself; else it is only enclosed by [low, high]."""
        return self.value is not None or self.is_infinite

    @cached_property
    def value(self) -> Expr | None:
        """The exact value: rational, a root of a polynomial or a closed form; None where there is none."""
        if self.closed_form is not None or self.function is None or not self.algebraic:
            return self.closed_form
        polynomial = sympy.Poly(self.function, yhat)
        roots = polynomial.real_roots(radicals=False)
        inside = [root for root in roots if self.low - root <= 0 and self.high - root >= 0]
        return inside[0] if len(inside) == 1 else None

    @property
    def approximation(self) -> float:
        """The endpoint as a float (for an open eps at its default value); correct to about 15 digits."""
        if self.is_infinite:
            return float("inf") if self.direction > 0 else float("-inf")
        if self.depends_on_eps:
            assert self.closed_form is not None
            return float(self.closed_form.subs(eps, Rational(str(DEFAULT_EPS))))
        refined = self.refine(Rational(1, 2**60))
        return float((refined.low + refined.high) / 2)

    def refine(self, width: Rational) -> Endpoint:
        """Return the same endpoint with high - low <= width (a positive rational); exact ones come back as they are."""
        if self.low is None or self.low == self.high or self.high - self.low <= width:
            return self
        best = self._narrowest
        if best is not None and best[1] - best[0] <= width:
            low, high = best
        else:
            low, high = self._refined(*(best or (self.low, self.high)), width)
            self.__dict__["_narrowest_found"] = (low, high)
        return Endpoint(self.kind, low, high, self.function, self.algebraic, self.closed_form)

    def _refined(self, low: Rational, high: Rational, width: Rational) -> tuple[Rational, Rational]:
        """Close in on the zero: a guess by regula falsi (Illinois), bracketed on both sides, else halving."""
        digits = 30 + len(str(int(1 / width)))
        at_low, at_high = (precise(self.function, {yhat: end}, digits)[0] for end in (low, high))
        side = at_high if abs(at_high) > 0 else -at_low
        while high - low > width:
            guess = None
            if abs(at_low) > 0 and abs(at_high) > 0 and at_low * at_high < 0:
                share = at_low / (at_low - at_high)
                fraction = min(max(float(share), 2**-40), 1 - 2**-40)
                guess = low + (high - low) * Rational(*fraction.as_integer_ratio())
            before = high - low
            for point in self._trial_points(guess, low, high, width):
                value = precise(self.function, {yhat: point}, digits)[0]
                if value == 0:
                    # The working precision can't tell: the zero is closer than 10**-digits or so.
                    return point - width / 4, point + width / 4
                if (value > 0) == (side > 0):
                    high, at_high = point, value
                else:
                    low, at_low = point, value
                if high - low < before / 64:
                    break
        return low, high

    @staticmethod
    def _trial_points(
        guess: Rational | None, low: Rational, high: Rational, width: Rational
    ) -> list[Rational]:
        if guess is None:
            return [(low + high) / 2]
        margin = max((high - low) / 2**12, width / 4)
        near = [_short(point, margin) for point in (guess - margin, guess + margin)]
        return [point for point in (*near, _short((low + high) / 2, margin)) if low < point < high]

    @property
    def _narrowest(self) -> tuple[Rational, Rational] | None:
        return self.__dict__.get("_narrowest_found")


def _short(point: Rational, margin: Rational) -> Rational:
    """Return a number with few digits within margin/2 of a point."""
    scale = 2 ** max(2, (2 * int(margin.q) // int(margin.p)).bit_length() + 1)
    return Rational((2 * int(point.p) * scale + int(point.q)) // (2 * int(point.q)), scale)
