"""What `check` finds about one loss: a frozen record, its JSON form and its page as plain rows and sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from symloss.signature import DEFAULT_EPS
from symloss.symbolic.direction.proof import (
    NOT_APPLICABLE,
    PAIR_TITLES,
    PROPERTY_TITLES,
    DirectionProof,
    Property,
    direction_facts,
    number_text,
)
from symloss.symbolic.direction.requirements import RequirementProof


@dataclass(frozen=True)
class CheckReport:
    """Everything `check` found about one loss.

    Attributes:
        formula: the loss as text.
        name: its name in the zoo, or None.
        labels, input: its domain; a ranking loss has no labels, "", and takes scores.
        eps: the value of eps, None where it is open or does not occur.
        verdict: "valid" (direction proved for every label), "invalid" or "undecided".
        direction: one proof a label.
        positive_rate: the sampled share of pairs that a step moves towards their label.
        zero_gradient: whether the gradient is zero for every label.
        duplicate_of: names of zoo losses with the same gradient, possibly up to a factor.
        duplicate_notes: for each of those what relates them.
        gradient: for each label the gradient as text.
        gradient_latex: the same in LaTeX.
        properties: by name.
        sentence: what the verdict means and what to change.
        seconds: time taken.
        verdict_at_eps: where eps is open and the direction is not proved for every eps > 0: the verdict at each of
            1, 0.1, ..., 1e-6 (keys as texts); "verdict" is then that at 1e-6.
        scale: the factor on the formula; gradients, bounds and witnesses are those of the formula times it.
        kind: "pointwise" or "pairwise".
        params: the values of its named constants.
        requirements: each slope that its signature requires a sign of, with what was found; for pointwise losses the
            same facts as in `direction`, which ranking losses do not have.
    """

    formula: str
    name: str | None
    labels: str
    input: str
    eps: float | None
    verdict: str
    direction: tuple[DirectionProof, ...]
    positive_rate: float
    zero_gradient: bool
    sentence: str
    seconds: float
    duplicate_of: tuple[str, ...] = ()
    duplicate_notes: dict[str, str] = field(default_factory=dict)
    gradient: dict[str, str] = field(default_factory=dict)
    gradient_latex: dict[str, str] = field(default_factory=dict)
    properties: dict[str, Property] = field(default_factory=dict)
    verdict_at_eps: dict[str, str] = field(default_factory=dict)
    scale: float = 1.0
    kind: str = "pointwise"
    params: Mapping[str, float] = field(default_factory=dict)
    requirements: tuple[RequirementProof, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 valid, 1 invalid, 3 undecided."""
        return {"valid": 0, "invalid": 1}.get(self.verdict, 3)

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "formula": self.formula,
            "name": self.name,
            "kind": self.kind,
            "params": dict(self.params),
            "labels": self.labels or None,
            "input": self.input,
            "eps": self.eps,
            "scale": self.scale,
            "verdict": self.verdict,
            "verdict_at_eps": dict(self.verdict_at_eps),
            "direction": [proof.to_json() for proof in self.direction],
            "requirements": [one.to_json() for one in self.requirements],
            "positive_rate": self.positive_rate,
            "zero_gradient": self.zero_gradient,
            "duplicate_of": list(self.duplicate_of),
            "duplicate_notes": dict(self.duplicate_notes),
            "gradient": dict(self.gradient),
            "gradient_latex": dict(self.gradient_latex),
            "properties": {name: found.to_json() for name, found in self.properties.items()},
            "sentence": self.sentence,
            "seconds": self.seconds,
        }

    def page(self) -> list[tuple[str, list[tuple[str, ...]]]]:
        """Return the page's sections: a title and rows of plain text each."""
        sections: list[tuple[str, list[tuple[str, ...]]]] = [
            ("Loss", self._heading_rows()),
            *self._gradient_section(),
            ("Direction", self._direction_rows()),
            (
                "Properties",
                [
                    _property_row(found, self._titles)
                    for found in self.properties.values()
                    if found.status != NOT_APPLICABLE
                ],
            ),
            ("Verdict", [(self.verdict, self.sentence)]),
        ]
        return [(title, rows) for title, rows in sections if rows]

    @property
    def _is_pair(self) -> bool:
        return self.kind != "pointwise"

    @property
    def _titles(self) -> dict[str, str]:
        return PAIR_TITLES if self._is_pair else PROPERTY_TITLES

    def _gradient_section(self) -> list[tuple[str, list[tuple[str, ...]]]]:
        if self._is_pair:
            return [(f"Gradient by {variable}", [("", text)]) for variable, text in self.gradient.items()]
        rows: list[tuple[str, ...]] = [
            (f"y = {k}" if k != "y" else "any y", text) for k, text in self.gradient.items()
        ]
        return [("Gradient by yhat", rows)]

    def _direction_rows(self) -> list[tuple[str, ...]]:
        if self._is_pair:
            return [one.row() for one in self.requirements]
        return [_direction_row(proof) for proof in self.direction]

    def _heading_rows(self) -> list[tuple[str, ...]]:
        rows: list[tuple[str, ...]] = [("formula", self.formula)]
        if self.name:
            rows.append(("name", self.name))
        if self.params:
            rows.append(("params", ", ".join(f"{name} = {value:g}" for name, value in self.params.items())))
        if self.kind == "ranking":
            rows.append(
                (
                    "domain",
                    f"pos and neg are the scores of a positive and of the negative items ({self.input})",
                )
            )
        elif self._is_pair:
            rows.append(("domain", "pos and neg are the scores of a positive and of a negative item"))
        else:
            rows.append(("domain", f"{self.labels} labels, yhat is a {self.input}"))
        if self.scale != 1:
            rows.append(("scale", f"times {self.scale:g}"))
        if self.eps is not None:
            rows.append(("eps", f"{self.eps:g}"))
        elif self.verdict_at_eps:
            rows.extend(
                ("eps", f"open: {verdict} at {values}")
                for verdict, values in _by_verdict(self.verdict_at_eps)
            )
        elif any(scope for scope in self._scopes):
            rows.append(("eps", f"open; numbers below are for eps = {DEFAULT_EPS:g}"))
        rows.extend(("same gradient as", f"{name}: {note}") for name, note in self.duplicate_notes.items())
        what = "2,000 slopes at 1,000 sampled pairs" if self._is_pair else "2,000 sampled pairs"
        if self.kind == "ranking":
            what = "the slopes at sampled rows"
        rows.append(("positive rate", f"{100 * self.positive_rate:.4g}% of {what}"))
        return rows

    @property
    def _scopes(self) -> list[str]:
        return [proof.scope for proof in self.direction] + [one.scope for one in self.requirements]


def _by_verdict(verdicts: dict[str, str]) -> list[tuple[str, str]]:
    """Return each verdict with the values of eps that have it."""
    return [
        (verdict, ", ".join(value for value, found in verdicts.items() if found == verdict))
        for verdict in dict.fromkeys(verdicts.values())
    ]


def _direction_row(proof: DirectionProof) -> tuple[str, ...]:
    label = f"y = {proof.label}" if proof.label != "y" else "any y"
    facts = direction_facts(proof, "yhat")
    if proof.witness is not None and not proof.zero:
        where = f"yhat = {number_text(proof.witness.yhat)}" + (
            f", y = {proof.witness.y:.6g}" if proof.label == "y" else ""
        )
        facts = [f"the gradient is {proof.witness.gradient:.3g} at {where}", *facts]
    return label, proof.status, "; ".join(facts)


def _property_row(found: Property, titles: Mapping[str, str]) -> tuple[str, ...]:
    value = (
        ""
        if found.value is None
        else f"{found.value:.6g}"
        if isinstance(found.value, float)
        else str(found.value)
    )
    return titles.get(found.name, found.name), found.status, value, found.detail
