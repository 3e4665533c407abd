"""A question about the sign of a gradient on an interval, its answer, and the search for a wrong sign."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sympy import Expr, Rational

from symloss.signature import yhat
from symloss.symbolic.arithmetic.enclosure import sign_at
from symloss.symbolic.arithmetic.float_dual import point_values
from symloss.symbolic.arithmetic.tape import Tape
from symloss.symbolic.roots.endpoint import Endpoint
from symloss.symbolic.undecided import Deadline


@dataclass(frozen=True)
class SignProof:
    """What is known of the sign of a function on an open interval.

    Attributes:
        status: "proved" (never the wrong sign), "refuted" or "undecided".
        strict: it is nowhere zero; None where unknown.
        zero: it is identically zero.
        zeros: isolated zeros, where known, as numbers.
        witness: a double, as an exact rational, with the wrong sign, verified with 60 digits or more.
        left: where undecided, the smallest interval that is left, if any is known.
    """

    status: str
    strict: bool | None = None
    zero: bool = False
    zeros: tuple[float, ...] = ()
    witness: Rational | None = None
    left: tuple[float, float] | None = None


ZERO = SignProof("proved", strict=False, zero=True)


class Question:
    """Has a gradient the sign `want` between two endpoints?"""

    def __init__(self, gradient: Expr, low: Endpoint, high: Endpoint, want: int, deadline: Deadline) -> None:
        """Set the question; see `symloss.symbolic.signs.sign_proof.prove_sign`."""
        self.gradient = gradient
        self.low = low if low.is_infinite else low.refine(Rational(1, 2**70))
        self.high = high if high.is_infinite else high.refine(Rational(1, 2**70))
        self.want = want
        self.deadline = deadline
        self.tape = Tape.of(gradient)

    def inside(self, point: Rational) -> bool:
        """Whether a rational number is strictly inside of the interval."""
        above = self.low.is_infinite or point > self.low.high
        return bool(above and (self.high.is_infinite or point < self.high.low))

    def is_wrong(self, value: float) -> Rational | None:
        """Return the double as a rational if the gradient provably has the wrong sign there."""
        if not np.isfinite(value):
            return None
        point = Rational(*float(value).as_integer_ratio())
        return point if self.inside(point) and sign_at(self.tape, {yhat: point}) == -self.want else None

    def scout(self) -> Rational | None:
        """Look for a wrong sign with doubles; verify the clearest candidates."""
        points = self.grid()
        values = point_values(self.tape, yhat, points) * self.want
        candidates = np.flatnonzero(values < 0)
        if not len(candidates):
            return None
        # The clearest wrong signs first, and of those the ones far from the ends: they are the easiest to follow.
        clear = candidates[values[candidates] <= 0.25 * values[candidates].min()]
        by_size = candidates[np.argsort(values[candidates])]
        middles = (
            clear[np.argmin(np.abs(clear - len(points) / 2))],
            by_size[0],
            candidates[len(candidates) // 2],
        )
        for index in dict.fromkeys(int(i) for i in middles):
            found = self.is_wrong(float(points[index]))
            if found is not None:
                return found
        return None

    def grid(self) -> NDArray[np.float64]:
        """Return points inside, denser towards the ends."""
        near = 2.0 ** -np.arange(1.0, 50.0)
        if self.low.is_infinite or self.high.is_infinite:
            steps = np.concatenate([near, np.arange(1.0, 60.0) / 4, 2.0 ** np.arange(4.0, 9.0)])
            if self.low.is_infinite and self.high.is_infinite:
                return np.concatenate([-steps, [0.0], steps])
            return (
                self.low.approximation + steps if self.high.is_infinite else self.high.approximation - steps
            )
        low, high = self.low.approximation, self.high.approximation
        share = np.concatenate([near, 1 - near, np.arange(1, 128) / 128])
        return low + (high - low) * np.sort(share)
