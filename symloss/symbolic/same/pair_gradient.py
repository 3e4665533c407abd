"""Whether two ranking losses are the same to gradient descent: by their functions of pos - neg, or slope by slope."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from sympy import Expr, Rational

from symloss.formula.spec import LossSpec
from symloss.ops.construct import NumberLimitError
from symloss.signature import y
from symloss.symbolic.pieces.pair_forms import one_variable, seen_from
from symloss.symbolic.same.comparison import Witness, plain_number
from symloss.symbolic.undecided import Deadline


@dataclass(frozen=True)
class PairWitness:
    """A pair of scores at which two gradients differ by more than a positive factor.

    Attributes:
        pos, neg: the scores, exact rational numbers.
        slope_of: the score that the slopes are taken by.
        gradient_a, gradient_b: the two slopes, rounded.
        eps: the value of an open eps there, else None.
    """

    pos: Rational
    neg: Rational
    slope_of: str
    gradient_a: float
    gradient_b: float
    eps: Rational | None = None

    def to_json(self) -> dict[str, float | str | None]:
        """Return plain numbers."""
        return {
            "pos": float(self.pos),
            "neg": float(self.neg),
            "slope_of": self.slope_of,
            "gradient_a": plain_number(self.gradient_a),
            "gradient_b": plain_number(self.gradient_b),
            "eps": None if self.eps is None else float(self.eps),
        }

    @property
    def place(self) -> str:
        """Where it is, in words."""
        at = f"pos = {float(self.pos):.6g}, neg = {float(self.neg):.6g}"
        return at if self.eps is None else f"{at}, eps = {float(self.eps):.6g}"


@dataclass(frozen=True)
class PairAnswer:
    """How two ranking losses compare.

    Attributes:
        relation: "same", "different" or "undecided".
        factor: gradient of the first = factor * gradient of the second, where they are the same.
        witness: where they differ, if that was found.
        reason: why it is undecided.
    """

    relation: str
    factor: Expr | None = None
    witness: PairWitness | None = None
    reason: str = ""


Pointwise = Callable[[LossSpec, LossSpec, Deadline], tuple[str, dict[str, Expr] | None, Witness | None, str]]
"""Compares two losses of yhat and y: the relation, factors by label, a witness, and a reason."""


def compare_pairs(a: LossSpec, b: LossSpec, pointwise: Pointwise, deadline: Deadline) -> PairAnswer:
    """Compare the slopes of two ranking losses by both scores.

    Args:
        a, b: ranking losses without a scale.
        pointwise: what compares losses of a prediction and its label.
        deadline: when to stop with "undecided".
    """
    try:
        forms = [one_variable(loss.expression, deadline) for loss in (a, b)]
        first, second = forms
        if first is not None and second is not None and first.ratio == second.ratio:
            scores = [
                LossSpec(form.function, eps=loss.eps, labels="binary", input="score")
                for form, loss in ((first, a), (second, b))
            ]
            relation, factors, witness, reason = pointwise(scores[0], scores[1], deadline)
            found = _answer(relation, factors, witness, reason, "pos")
            if found.witness is not None:
                found = replace(found, witness=replace(found.witness, neg=Rational(0)))
            return found
        answers = [
            _answer(*pointwise(seen_from(a, name), seen_from(b, name), deadline), name)
            for name in ("pos", "neg")
        ]
    except NumberLimitError as error:
        return PairAnswer("undecided", reason=str(error))
    for one in answers:
        if one.relation != "same":
            return one
    if answers[0].factor != answers[1].factor:
        return PairAnswer("different")
    return answers[0]


def _answer(
    relation: str, factors: dict[str, Expr] | None, witness: Witness | None, reason: str, name: str
) -> PairAnswer:
    """Turn the answer for losses of yhat and y into one for a slope by one score."""
    if factors:
        factor = next(iter(factors.values()))
        if any(other != factor for other in factors.values()) or y in factor.free_symbols:
            return PairAnswer("undecided", reason="the factor between the gradients depends on a score")
        return PairAnswer("same", factor)
    if witness is None:
        return PairAnswer("different" if relation == "different" else "undecided", reason=reason)
    own, other = witness.yhat, witness.label
    at = {"pos": own, "neg": other} if name == "pos" else {"pos": other, "neg": own}
    return PairAnswer(
        "different",
        witness=PairWitness(at["pos"], at["neg"], name, witness.gradient_a, witness.gradient_b, witness.eps),
    )
