"""Whether a loss is right for every value of a constant in an interval.

The constant is put as (low + high t)/(1 + t), which takes every number between low and high as t goes over the
positive ones, and t is named eps: what is proved "for every eps > 0" is then proved for all of the interval. The ends
are checked by themselves. A value at which the loss is wrong refutes the interval.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sympy import Add, Expr, Integer, Mul, Pow

from symloss.formula.params import number_text
from symloss.formula.row import A_SYMBOLS, Row
from symloss.formula.spec import LossSpec
from symloss.ops.construct import NumberLimitError, exact_number, make, substitute
from symloss.signature import Domain, Ranking, eps, parameter
from symloss.symbolic.check import check
from symloss.symbolic.direction.eps_grid import EVERY_EPS
from symloss.symbolic.direction.every_eps import holds_for_every_eps
from symloss.symbolic.direction.ranking import prove_ranking
from symloss.symbolic.direction.report import CheckReport
from symloss.symbolic.direction.requirements import verdict_of_requirements
from symloss.symbolic.undecided import Deadline
from symloss.symbolic.worker.ask import ask

HALVINGS = 12
"""Of the part of an interval that is not settled."""


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
        proved: the largest part of the interval that is proved, where one was looked for and found.
        outside: a value beside it at which the loss is wrong, and the row of scores that shows it.
    """

    name: str
    low: float
    high: float
    params: dict[str, float]
    formula: str
    verdict: str
    at: float | None
    proved: tuple[float, float] | None = None
    outside: tuple[float, str] | None = None

    @property
    def sentence(self) -> str:
        """The verdict in a sentence."""
        values = f"{self.name} in [{number_text(self.low)}, {number_text(self.high)}]"
        if self.verdict == "valid":
            return f"The loss is valid for every {values}."
        if self.verdict == "invalid":
            return (
                f"The loss is not valid for every {values}: it fails at {self.name} = {number_text(self.at or 0.0)}."
                + self._part
            )
        return f"Whether the loss is valid for every {values} is not settled; what was checked at single values stands."

    @property
    def _part(self) -> str:
        if self.proved is None:
            return ""
        low, high = map(number_text, self.proved)
        text = f" It is proved for every {self.name} in [{low}, {high}]"
        if self.outside is None:
            return f"{text}."
        return f"{text}; at {self.name} = {number_text(self.outside[0])} it fails, at {self.outside[1]}."

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
            "proved": None if self.proved is None else list(self.proved),
            "outside": None
            if self.outside is None
            else {self.name: self.outside[0], "witness": self.outside[1]},
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
    if wrong is not None and isinstance(loss.signature, Ranking):
        valid = [report.params[name] for report in reports if report.verdict == "valid"]
        at = wrong.params[name]
        parts = dict(ask(part_of_range, loss, name, low, high, valid, time_limit, seconds=time_limit).parts)
        return RangeVerdict(
            name, low, high, others, loss.formula, "invalid", at, parts.get("proved"), parts.get("outside")
        )
    if wrong is not None:
        return RangeVerdict(name, low, high, others, loss.formula, "invalid", wrong.params[name])
    if missing:
        return RangeVerdict(name, low, high, others, loss.formula, "invalid", missing[0])
    verdict = "undecided"
    if all(report.verdict == "valid" for report in reports) and _holds(loss, name, low, high, time_limit):
        verdict = "valid"
    return RangeVerdict(name, low, high, others, loss.formula, verdict, None)


def holds_on_range(loss: LossSpec, name: str, low: float, high: float, seconds: float) -> bool:
    """Return whether a ranking loss of whole rows is proved for every value of a constant between two."""
    if parameter(name) in A_SYMBOLS or name.startswith("stop"):
        return False  # the names that proofs give to parts of the formula
    row = Row.of_expression(_with_others(loss, name))
    proofs = prove_ranking(loss, 0, Deadline(seconds), ranges={name: (low, high)}, row=row)
    return verdict_of_requirements(proofs) == "valid"


def range_of_ranking(loss: LossSpec, name: str, low: float, high: float, seconds: float) -> Iterator[bool]:
    """Yield what `holds_on_range` returns."""
    yield holds_on_range(loss, name, low, high, seconds)


def part_of_range(
    loss: LossSpec, name: str, low: float, high: float, valid: list[float], seconds: float
) -> Iterator[tuple[str, Any]]:
    """Yield the largest part of an interval that is proved, grown from an end by halving, and a wrong value beside it.

    Args:
        loss: a ranking loss of whole rows.
        name: the constant.
        low, high: the ends.
        valid: values at which it is proved.
        seconds: the time limit.
    """
    deadline = Deadline(0.9 * seconds)
    end = next((one for one in (high, low) if one in valid), None)
    if end is None:
        return
    good, bad = end, low if end == high else high
    outside: tuple[float, str] | None = None
    for _ in range(HALVINGS):
        if deadline.passed:
            break
        middle = float(f"{(good + bad) / 2:.4g}")
        if middle in (good, bad):
            break
        witness = next(
            (
                one.place
                for one in prove_ranking(loss.with_params(**{name: middle}), 0, deadline)
                if one.proof.status == "refuted"
            ),
            None,
        )
        ends = min(middle, end), max(middle, end)
        if witness is None and holds_on_range(loss, name, *ends, max(deadline.left, 0.0)):
            good = middle
            yield "proved", ends
        else:
            bad = middle
            if witness is not None:
                outside = middle, witness
                yield "outside", outside


def _with_others(loss: LossSpec, name: str) -> Expr:
    """Return the formula of a loss with the numbers of all constants but one."""
    written = substitute(loss.written, {eps: loss.eps_value}) if loss.has_eps else loss.written
    numbers = {parameter(other): value for other, value in loss.params.items() if other != name}
    return substitute(written, numbers)


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
    if isinstance(loss.signature, Ranking):
        return list(ask(range_of_ranking, loss, name, low, high, time_limit, seconds=time_limit).parts) == [
            True
        ]
    try:
        written = _with_others(loss, name)
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
