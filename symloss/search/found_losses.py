"""The losses that a search found, in order, each with the eps and scale it was found at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from symloss import zoo
from symloss.errors import FormulaError, OptionError, RunError
from symloss.loss import Loss
from symloss.search.archive.run import Run
from symloss.signature import Domain, Labels


def loss_of(run: str | Path, rank: int = 1) -> Loss:
    """Return a loss that a search found, at its eps and scale and on the labels of its data.

    Losses that were trained to the end in phase III come in the order of the search: its best, the others that it
    reports, then the finalists by validation. Before phase III, and where nothing got through it, losses come by
    their reward in phase I.

    Args:
        run: the folder of the search, which may still be going on.
        rank: 1 for its best loss.

    Raises:
        RunError: it is no run folder, it can't be read, or it is damaged.
        OptionError: it has no loss of that rank.
    """
    if isinstance(rank, bool) or not isinstance(rank, int) or rank < 1:
        raise OptionError(f"the rank is {rank!r}; losses of a run are counted from 1, its best")
    folder = Path(run)
    with Run.open(folder) as opened:
        try:
            labels = _labels(opened.config)
            documents = _documents(opened)
            if not documents:
                raise OptionError(
                    f"the run {folder} has no loss with a result yet; go on with it: "
                    f"symloss search --resume {folder}"
                )
            if rank > len(documents):
                count = "1 loss" if len(documents) == 1 else f"{len(documents)} losses"
                raise OptionError(
                    f"the run {folder} has {count} with a result, so there is no rank {rank}; "
                    f"ranks are 1 to {len(documents)}"
                )
            return _loss(documents[rank - 1], labels)
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError, FormulaError) as error:
            raise RunError(
                f"the run {folder} is damaged ({type(error).__name__}: {error}); restore it from a backup"
            ) from error


def _labels(config: Mapping[str, Any]) -> str:
    labels = config.get("dataset", {}).get("labels", "binary")
    if labels not in list(Labels):
        raise ValueError(f"its labels are {str(labels)[:40]!r}")
    return str(labels)


def _documents(run: Run) -> list[Mapping[str, Any]]:
    """Return what is known of each loss, best first, no formula twice."""
    summary = run.summary()
    results = run.archive.results() if summary is None else summary
    found: dict[str, Mapping[str, Any]] = {}
    for document in _tested(results):
        found.setdefault(document["formula"], document)
    if not found:
        for row in run.archive.candidates("reward"):
            if row["best_reward"] is not None and not row["wrong"] and row["formula"]:
                found.setdefault(row["formula"], row)
    return list(found.values())


def _tested(results: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from results["results"]
    contest = results.get("comparison") or {}
    yield from (one for one in contest.get("finalists", ()) if not one["baseline"])


def _loss(document: Mapping[str, Any], labels: str) -> Loss:
    formula, eps, scale = document["formula"], document.get("eps"), document.get("scale")
    if not isinstance(formula, str):
        raise TypeError("a formula is no text")
    try:
        name = document.get("loss")
        named = zoo.get(name) if isinstance(name, str) and zoo.is_name(name) else None
        kind = None if named is None or labels == Labels.REAL else named.domain.input
        domain = Domain.of(labels, kind)
        return Loss(
            formula,
            eps=eps,
            labels=domain.labels,
            input=domain.input,
            name=None if named is None else named.name,
            scale=1.0 if scale is None else scale,
        )
    except OptionError as error:
        raise ValueError(str(error)) from error
