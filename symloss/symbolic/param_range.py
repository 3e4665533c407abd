"""Whether a loss is right for every value of a constant in an interval.

The constant is put as (low + high t)/(1 + t), which takes every number between low and high as t goes over the
positive ones, and t is named eps: what is proved "for every eps > 0" is then proved for all of the interval. The ends
are checked by themselves. A value at which the loss is wrong refutes the interval.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sympy import Add, Integer, Mul, Pow

from symloss.formula.params import number_text
from symloss.formula.spec import LossSpec
from symloss.ops.construct import NumberLimitError, exact_number, make, substitute
from symloss.signature import Domain, eps, parameter
from symloss.symbolic.check import check
from symloss.symbolic.direction.eps_grid import EVERY_EPS
from symloss.symbolic.direction.every_eps import holds_for_every_eps
from symloss.symbolic.direction.report import CheckReport
from symloss.symbolic.undecided import Deadline
from symloss.symbolic.worker.ask import ask


@dataclass(frozen=True)
class RangeVerdict:
    """What is known of a loss on an interval of one constant.

    Attributes:
        name: the constant.
        low, high: the ends, which belong to it.
        params: the values of the other constants.
        formula: with the names.
        verdict: "valid" (proved for every value), "invalid" (it is, at `at`) or "undecided".
        at: a value at which it is wrong, or None.
    """

    name: str
    low: float
    high: float
    params: dict[str, float]
    formula: str
    verdict: str
    at: float | None

    @property
    def sentence(self) -> str:
        """The verdict in a sentence."""
        values = f"{self.name} in [{number_text(self.low)}, {number_text(self.high)}]"
        if self.verdict == "valid":
            return f"The loss is valid for every {values}."
        if self.verdict == "invalid":
            return f"The loss is not valid for every {values}: it fails at {self.name} = {number_text(self.at or 0.0)}."
        return f"Whether the loss is valid for every {values} is not settled; what was checked at single values stands."

    @property
    def exit_code(self) -> int:
        """0 valid, 1 invalid, 3 undecided."""
        return {"valid": 0, "invalid": 1}.get(self.verdict, 3)

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "formula": self.formula,
            "params": {**self.params, self.name: [self.low, self.high]},
            "verdict": self.verdict,
            "at": self.at,
            "sentence": self.sentence,
        }


def check_range(
    loss: LossSpec,
    name: str,
    low: float,
    high: float,
    reports: Sequence[CheckReport],
    time_limit: float,
    *,
    missing: Sequence[float] = (),
) -> RangeVerdict:
    """Decide a loss for every value of one constant in [low, high].

    Args:
        loss: the loss at some value of it.
        name: the constant.
        low, high: the ends.
        reports: what was found at single values, the ends among them.
        time_limit: seconds.
        missing: values at which there is no loss, such as 0 for a constant that it divides by.
    """
    others = {key: value for key, value in loss.params.items() if key != name}
    wrong = next((report for report in reports if report.verdict == "invalid"), None)
    if wrong is not None:
        return RangeVerdict(name, low, high, others, loss.formula, "invalid", wrong.params[name])
    if missing:
        return RangeVerdict(name, low, high, others, loss.formula, "invalid", missing[0])
    verdict = "undecided"
    if all(report.verdict == "valid" for report in reports) and _holds(loss, name, low, high, time_limit):
        verdict = "valid"
    return RangeVerdict(name, low, high, others, loss.formula, verdict, None)


def for_every_eps(loss: LossSpec, time_limit: float) -> Iterator[bool]:
    """Yield whether a loss with binary labels points the right way for every eps > 0, found in this process."""
    deadline = Deadline(time_limit)
    yield all(
        holds_for_every_eps(
            loss, label, loss.domain.wanted_sign({"yhat": 0, "y": label}), deadline, exponentials=True
        )
        for label in loss.domain.label_values or ()
    )


def _holds(loss: LossSpec, name: str, low: float, high: float, time_limit: float) -> bool:
    """Return whether the loss is proved for every value between the ends; eps of its own must have a number."""
    if loss.has_eps and loss.eps is None:
        return False
    try:
        written = substitute(loss.written, {eps: loss.eps_value}) if loss.has_eps else loss.written
        for other, value in loss.params.items():
            if other != name:
                written = substitute(written, {parameter(other): value})
        above = make(Add, [exact_number(low), make(Mul, [exact_number(high), eps])])
        moved = make(Mul, [above, make(Pow, [make(Add, [Integer(1), eps]), Integer(-1)])])
        expression = substitute(written, {parameter(name): moved})
    except NumberLimitError:
        return False
    domain = loss.signature
    labels, kind = (domain.labels, domain.input) if isinstance(domain, Domain) else (None, None)
    moved_loss = LossSpec(expression, labels=labels, input=kind)
    if isinstance(domain, Domain) and domain.label_values is not None:
        return list(ask(for_every_eps, moved_loss, time_limit, seconds=time_limit).parts) == [True]
    report = check(moved_loss, time_limit=time_limit)
    return report.verdict == "valid" and all(one.scope == EVERY_EPS for one in report.requirements)
