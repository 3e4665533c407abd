"""What a search returns."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from symloss import zoo
from symloss.contest.cautions import Caution
from symloss.contest.evaluation import EvaluationResult
from symloss.contest.verdict import Verdict
from symloss.loss import Loss
from symloss.signature import Domain
from symloss.tasks.references import Reference


@dataclass(frozen=True)
class SearchResult:
    """What a search found.

    Attributes:
        best: the survivor with the best validation metric; None where no loss got through phase III.
        results: all survivors, best first.
        baselines: the zoo losses under the same settings.
        counts: sampled, distinct, trained and each outcome of phase I; checked and passed of phase II.
        run: the run folder.
        seconds: of each phase, by its number.
        comparison: the contest of phase III, ready for JSON (`ContestResult.to_json`); None where there was none.
        notes: why phases were cut short or skipped; empty after a complete search.
        references: the trivial baselines: means of the train part; empty where phase III tested nothing.
        warnings: what a reader of the results should know.
        verdict: whether a found loss beats the handcrafted ones and the trivial means; None in results of a
            version that had none.
        interrupted: whether the search was ended by Ctrl-C or by its stop event.
        candidates: the losses with the best rewards of phase I, best first, each a mapping of `formula`, `reward`,
            `eps` and `scale`: what a search that was ended early has found.
    """

    best: EvaluationResult | None
    results: tuple[EvaluationResult, ...]
    baselines: tuple[EvaluationResult, ...]
    counts: Mapping[str, int]
    run: Path | None
    seconds: Mapping[str, float]
    notes: tuple[str, ...]
    comparison: Mapping[str, Any] | None = None
    references: tuple[Reference, ...] = ()
    warnings: tuple[Caution, ...] = ()
    verdict: Verdict | None = None
    interrupted: bool = False
    candidates: tuple[Mapping[str, Any], ...] = ()

    @property
    def loss(self) -> Loss | None:
        """The best loss itself, with its eps and its scale; None where there is none."""
        return None if self.best is None else self.best.fitted

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "best": None if self.best is None else self.best.to_json(),
            "results": [result.to_json() for result in self.results],
            "baselines": [result.to_json() for result in self.baselines],
            "counts": dict(self.counts),
            "run": None if self.run is None else str(self.run),
            "seconds": dict(self.seconds),
            "notes": list(self.notes),
            "comparison": None if self.comparison is None else dict(self.comparison),
            "references": [reference.to_json() for reference in self.references],
            "warnings": [warning.to_json() for warning in self.warnings],
            "verdict": None if self.verdict is None else self.verdict.to_json(),
            "interrupted": self.interrupted,
            "candidates": [dict(one) for one in self.candidates],
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any], run: Path, labels: str = "binary") -> SearchResult:
        """Return the result that `to_json` wrote to a run folder, wherever that is now; `labels` are its data's."""
        return cls(
            best=None if document["best"] is None else _evaluation(document["best"], labels),
            results=tuple(_evaluation(one, labels) for one in document["results"]),
            baselines=tuple(_evaluation(one, labels) for one in document["baselines"]),
            counts=document["counts"],
            run=run,
            seconds=document["seconds"],
            notes=tuple(document["notes"]),
            comparison=document.get("comparison"),
            references=tuple(map(Reference.from_json, document.get("references", ()))),
            warnings=tuple(map(Caution.from_json, document.get("warnings", ()))),
            verdict=Verdict.from_json(document["verdict"]) if document.get("verdict") else None,
            interrupted=bool(document.get("interrupted", False)),
            candidates=tuple(document.get("candidates", ())),
        )


def _evaluation(document: Mapping[str, Any], labels: str) -> EvaluationResult:
    """Return an `EvaluationResult`; numbers that JSON does not have come back as NaN."""
    known = {entry.name for entry in fields(EvaluationResult)}
    values = {name: value for name, value in document.items() if name in known}
    values["metrics"] = {name: _number(value) for name, value in values["metrics"].items()}
    values["valid_metric"] = _number(values["valid_metric"])
    kind = zoo.get(values["loss"]).domain.input if zoo.is_name(values["loss"]) and labels != "real" else None
    domain = Domain.of(labels, kind)
    values["labels"], values["input"] = str(domain.labels), str(domain.input)
    return EvaluationResult(**values)


def _number(value: float | None) -> float:
    return math.nan if value is None else value
