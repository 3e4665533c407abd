"""The requirements of a loss's signature, each with what was found about it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from symloss.signature import Domain, Requirement
from symloss.symbolic.direction.proof import DirectionProof, direction_facts, number_text


@dataclass(frozen=True)
class RequirementProof:
    """Whether a slope has the sign that is required.

    Attributes:
        requirement: the slope, its sign, and where.
        proof: what was found: status, strictness, where the slope is zero, for which eps.
        witness: where refuted, a point with the wrong sign: the arguments by name, and "slope", NaN where the loss is
            not a real number. "neg" is a list of scores for losses of whole rows, with "counts" where many are equal.
        variable: what the intervals of the proof are intervals of: "yhat", or for pairs "pos - neg", "pos" or "neg".
    """

    requirement: Requirement
    proof: DirectionProof
    witness: Mapping[str, Any] | None = None
    variable: str = "yhat"

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON; a slope that is no number is None."""
        found, proof = self.requirement, self.proof
        witness = None if self.witness is None else {name: _plain(v) for name, v in self.witness.items()}
        return {
            "slope_of": found.slope_of,
            "sign": found.sign,
            "case": dict(found.case) if found.case else {"where": found.where} if found.where else {},
            "status": proof.status,
            "witness": witness,
            "strict": proof.strict,
            "variable": self.variable,
            "vanishes_on": [list(pair) for pair in proof.vanishes_on],
            "zeros": list(proof.zeros),
            "scope": proof.scope,
            "note": "; ".join(filter(None, (proof.jump, proof.note))),
        }

    @property
    def scope(self) -> str:
        """For which eps the status holds."""
        return self.proof.scope

    @property
    def place(self) -> str:
        """The witness in words: "pos = 2, neg = 0", with eps where the loss has one."""
        given = self.witness or {}
        return ", ".join(f"{name} = {_text(value)}" for name, value in given.items() if name != "slope")

    def row(self) -> tuple[str, ...]:
        """Return the cells of a page's row: the requirement, its status, and the facts."""
        facts = direction_facts(self.proof, self.variable)
        if self.witness is not None and not self.proof.zero and not math.isnan(self.witness["slope"]):
            facts = [f"the slope is {self.witness['slope']:.3g} at {self.place}", *facts]
        return self.requirement.text, self.proof.status, "; ".join(facts)


def _plain(value: Any) -> Any:
    return value if isinstance(value, list) or math.isfinite(value) else None


def _text(value: Any) -> str:
    return (
        f"[{', '.join(number_text(one) for one in value)}]" if isinstance(value, list) else number_text(value)
    )


def of_labels(domain: Domain, direction: tuple[DirectionProof, ...]) -> tuple[RequirementProof, ...]:
    """Return the requirements of a pointwise loss with the proofs of its direction: the same facts.

    Where labels fill an interval one proof answers both sides of the label; a witness refutes the side it lies on.

    Args:
        domain: where y and yhat live.
        direction: its proofs, by label.
    """
    by_label = {proof.label: proof for proof in direction}
    found = []
    for one in domain.requirements:
        label = str(dict(one.case).get("y", "y"))
        proof = by_label.get(label) or DirectionProof(label, "undecided")
        witness = None
        if proof.witness is not None:
            own = {"yhat": proof.witness.yhat, "y": proof.witness.y}
            if proof.zero or bool(one.holds_at(own)):
                eps = {} if proof.witness.eps is None else {"eps": proof.witness.eps}
                witness = own | eps | {"slope": proof.witness.gradient}
            else:
                note = "the other side of the label is refuted"
                proof = DirectionProof(label, "undecided", scope=proof.scope, note=note)
        found.append(RequirementProof(one, proof, witness))
    return tuple(found)


def verdict_of_requirements(proofs: tuple[RequirementProof, ...]) -> str:
    """Return "valid" if all are proved, none with a slope of zero, "invalid" if one fails, else "undecided"."""
    if any(one.proof.status == "refuted" or one.proof.zero for one in proofs):
        return "invalid"
    return "valid" if all(one.proof.status == "proved" for one in proofs) else "undecided"
