"""What is found about one slope and one property of a loss, for JSON and for people."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from symloss.symbolic.direction.witness import Witness


@dataclass(frozen=True)
class DirectionProof:
    """Whether the gradient for one label pushes the prediction towards it.

    Attributes:
        label: "0" or "1"; "y" where labels fill an interval.
        status: "proved", "refuted" (also where the gradient is zero everywhere) or "undecided".
        strict: the gradient is nonzero except at isolated points; None where unknown.
        vanishes_on: intervals of yhat, as pairs of texts, on which the gradient is identically zero.
        zeros: isolated zeros of the gradient inside the domain, where known.
        witness: a point with the wrong sign, where refuted.
        interval: where undecided, the smallest interval of yhat that is left.
        scope: for which eps the status holds: "", "every eps > 0" or "eps = ...".
        jump: whether the loss jumps towards the label's wrong side at a breakpoint.
        note: a remark for people.
        right_on: where refuted, the intervals of yhat, as pairs of texts, on which the direction is right, if known.
        pulls_to: the one prediction at which the loss is least for this label instead, as text, if there is one.
    """

    label: str
    status: str
    strict: bool | None = None
    vanishes_on: tuple[tuple[str, str], ...] = ()
    zeros: tuple[str, ...] = ()
    witness: Witness | None = None
    interval: tuple[float, float] | None = None
    scope: str = ""
    jump: str = ""
    note: str = ""
    right_on: tuple[tuple[str, str], ...] = ()
    pulls_to: str = ""

    @property
    def zero(self) -> bool:
        """Whether the gradient is known to vanish everywhere for this label."""
        return self.note == ZERO_NOTE

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON; `witness` is the prediction, its details stand beside it."""
        found = self.witness
        return {
            "label": int(self.label) if self.label.isdigit() else self.label,
            "status": self.status,
            "strict": self.strict,
            "vanishes_on": [list(pair) for pair in self.vanishes_on],
            "zeros": list(self.zeros),
            "witness": None if found is None else found.yhat,
            "witness_y": None if found is None else found.y,
            "witness_eps": None if found is None else found.eps,
            "witness_gradient": None if found is None else _plain(found.gradient),
            "interval": None if self.interval is None else [_plain(end) for end in self.interval],
            "scope": self.scope,
            "jump": self.jump,
            "note": self.note,
            "right_on": [list(pair) for pair in self.right_on],
            "pulls_to": self.pulls_to or None,
        }


def _plain(value: Any) -> Any:
    """Return a value for JSON, which has no infinity and no NaN: None for those (an open end of an interval)."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


ZERO_NOTE = "the gradient is zero everywhere"


@dataclass(frozen=True)
class Property:
    """One property of a loss.

    Attributes:
        name: its key in `PROPERTY_TITLES`.
        status: "proved", "refuted" or "undecided"; `NOT_APPLICABLE` where the labels are of another kind.
        value: a number or text that goes with it, None where there is none.
        detail: a sentence for people.
        witness: where refuted by a point: its coordinates by name.
    """

    name: str
    status: str
    value: Any = None
    detail: str = ""
    witness: dict[str, float] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "status": self.status,
            "value": _plain(self.value),
            "detail": self.detail,
            "witness": self.witness,
        }


PROPERTY_TITLES = {
    "convex": "convex in yhat",
    "convex_in_logit": "convex in the logit",
    "bounded_gradient": "bounded gradient",
    "saturation": "gradient after a sigmoid, at saturation",
    "symmetric": "symmetric: f(yhat, 0) + f(yhat, 1) is constant",
    "fisher_consistent": "Fisher consistent: the best yhat increases with P(y = 1)",
    "proper": "proper: the best yhat is P(y = 1)",
    "elicits": "elicits: the best yhat, given the distribution of y",
    "scale": "scale at 0.5",
    "finite_float32": "finite in float32",
}
"""What the properties are called on the page, in its order."""


BINARY_PROPERTIES = ("convex_in_logit", "saturation", "symmetric", "fisher_consistent", "proper")
"""Those that are questions about labels 0 and 1."""

PAIR_TITLES = {"convex": "convex in pos - neg", "bounded_gradient": "bounded gradient by pos - neg"}
"""Those of a ranking loss, where it is a function of pos - neg alone."""

NOT_APPLICABLE = "not applicable"
"""The status of a property that is no question for these labels; the page leaves it out."""


def number_text(value: float) -> str:
    """Return a number with six digits, or all of them where six would move it onto a whole number."""
    short = f"{value:.6g}"
    return repr(value) if float(short).is_integer() and float(short) != value else short


def direction_facts(proof: DirectionProof, variable: str) -> list[str]:
    """Return what is known of a slope beside its status and a witness, in half sentences.

    Args:
        proof: of the slope.
        variable: what its intervals are intervals of.
    """
    facts = []
    if proof.zero:
        facts.append(ZERO_NOTE)
    elif proof.vanishes_on:
        where = "" if variable == "yhat" else f" for {variable}"
        facts.append(f"zero{where} on " + " and ".join(f"({low}, {high})" for low, high in proof.vanishes_on))
    if proof.right_on:
        facts.append("right on " + " and ".join(f"({low}, {high})" for low, high in proof.right_on))
    if proof.zeros:
        facts.append(f"zero at {variable} = " + ", ".join(proof.zeros))
    if proof.status == "proved":
        facts.append(
            "strict" if proof.strict else "not strict" if proof.strict is not None else "strictness unknown"
        )
    if proof.interval is not None:
        facts.append(f"not settled on [{proof.interval[0]:.6g}, {proof.interval[1]:.6g}]")
    if proof.scope:
        facts.append(f"for {proof.scope}")
    facts.extend(text for text in (proof.jump, proof.note) if text and text != ZERO_NOTE)
    return facts
