"""`symloss.evaluate`: models trained to convergence by given losses, and compared."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symloss.api.arguments import factors, loss_list, param_values, seconds, seed_list, settings_of
from symloss.api.engines import check_alone, given_names, is_engine, running
from symloss.api.shown_progress import Events, shown
from symloss.api.trained_loss import TrainedLoss, frame_of
from symloss.constants import PAPER_EPS_GRID
from symloss.contest.cautions import Caution, cautions, invalid_losses
from symloss.contest.evaluation import EvaluationResult, evaluate_and_compare
from symloss.contest.options import SCALE_GRID
from symloss.contest.significance import Comparison
from symloss.data.dataset import Dataset
from symloss.deadline import TimedStop
from symloss.engine.engine import Engine
from symloss.interrupt import stop_on_interrupt
from symloss.loss import Loss
from symloss.models import registry
from symloss.models.user_model import Given
from symloss.report.evaluation_page import write_evaluation
from symloss.search.evaluation_folder import EvaluationFolder
from symloss.tasks.rating_task import of
from symloss.tasks.references import Reference
from symloss.tasks.task import Task, references_of
from symloss.training.clock import Size, fitted
from symloss.training.settings import TrainingSettings

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What an evaluation found.

    Attributes:
        results: one a loss and seed, in the order they were given.
        seeds: with which each loss was trained.
        comparison: the best loss by validation against the others; None with one loss or one seed.
        references: the trivial baselines of the task.
        warnings: what a reader of the results should know.
        task, model, settings: what was trained, on what and how.
        interrupted: whether it was ended early.
    """

    results: tuple[EvaluationResult, ...]
    seeds: tuple[int, ...]
    comparison: Comparison | None
    references: tuple[Reference, ...]
    warnings: tuple[Caution, ...]
    task: Task
    model: str
    settings: TrainingSettings
    interrupted: bool

    @property
    def losses(self) -> tuple[TrainedLoss, ...]:
        """Each loss over its seeds, the best by validation first; those without a result come last."""
        count = len(self.seeds)
        groups = [self.results[start : start + count] for start in range(0, len(self.results), count)]
        sign = self.settings.validation_metric.sign
        # a NaN would be in no order
        ranks = [
            (-sign * one.valid_metric if math.isfinite(one.valid_metric) else math.inf, one)
            for one in map(TrainedLoss.of, groups)
        ]
        return tuple(one for _, one in sorted(ranks, key=lambda pair: pair[0]))

    @property
    def best(self) -> TrainedLoss | None:
        """The loss with the best mean validation metric; None where none was trained to a result."""
        first = self.losses[0]
        return first if math.isfinite(first.valid_metric) else None

    def frame(self) -> pd.DataFrame:
        """Return a row a loss and seed, then the references; see `symloss.api.trained_loss.frame_of`."""
        return frame_of((("evaluated", one) for one in self.results), self.references)

    def report(self, path: str | Path) -> Path:
        """Write the results as an HTML page, and return its path.

        Raises:
            OptionError: the file does not end in .html or .htm.
            RunError: it can't be written.
        """
        return write_evaluation(self.to_json(), self.settings.validation_metric, Path(path))

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON, with the keys of `symloss evaluate --json`."""
        return {
            "results": [one.to_json() for one in self.results],
            "significance": None if self.comparison is None else self.comparison.to_json(),
            "dataset": self.task.summary(),
            "model": self.model,
            "interrupted": self.interrupted,
            "references": [one.to_json() for one in self.references],
            "warnings": [one.to_json() for one in self.warnings],
            "training": self.settings.to_json(),
        }


def evaluate(
    losses: str | Loss | Sequence[str | Loss],
    *,
    task: Task | Dataset,
    model: Given | None = None,
    seeds: int | Iterable[int] = 1,
    seed: int = 42,
    eps: Sequence[float] | None = None,
    scale: Sequence[float] | str | None = None,
    params: Mapping[str, float | Sequence[float]] | None = None,
    time: float | str | None = None,
    fast: bool = False,
    out: str | Path | None = None,
    resume: str | Path | None = None,
    engine: str | Engine = "local",
    ray_address: str | None = None,
    progress: Events = None,
    stop: threading.Event | None = None,
    **settings: Any,
) -> Evaluation:
    """Train a fresh model by each loss until validation no longer improves, and measure it on the test part.

    A loss with an open eps is tried at every value of the grid, every loss at every scale; for each seed the best by
    validation counts. Two or more losses with two or more seeds are compared by paired tests.

    Args:
        losses: one or several: names, formulas, folders of searches, or `Loss`.
        task: what is learned; see `symloss.tasks`.
        model: a name, a `symloss.models.Model`, a factory `build(task, seed) -> nn.Module`, or "FILE.py:build"; "mf"
            where None.
        seeds: how many, counted from `seed` on, or a list.
        seed: the first one.
        eps: the values of eps for losses that leave it open; the paper's seven where None.
        scale: factors on each loss; "auto" for 0.25 to 16 by powers of 2; 1 where None.
        params: values of constants that formulas name, such as {"tau": 0.2}; of several, {"gamma": (0, 1, 2)}, the best
            by validation counts.
        time: seconds, or text such as "10m", after which the best epochs so far count.
        fast: SGD at rate 0.3 (Adam at 0.01) with as many times fewer epochs, where no rate is given.
        out: a new folder in which finished trainings are kept.
        resume: the folder of an evaluation of the same losses and data; finished trainings are not repeated.
        engine: where: "local" (this process), "ray" (a Ray cluster), or an engine of this task, which brings its model
            and its settings.
        ray_address: of the cluster; None for a local one.
        progress: receives the events; False for nothing; None draws them where somebody watches.
        stop: ends training early, as does Ctrl-C.
        settings: fields of `TrainingSettings`, such as learning_rate, l2, batch_size, max_epochs, patience, optimizer,
            device and threads. Rate, epochs and patience follow from the size of the data where they are not given.

    Raises:
        FormulaError, OptionError, DataError, DomainError, RunError: an argument can't be used.
    """
    what = of(task)
    values = param_values(params)
    given = loss_list(losses, what.signature, values)
    wanted = seed_list(seeds, seed)
    if is_engine(engine):
        check_alone(engine, what, given_names(settings, model=model is not None, fast=fast))
        found, how = engine.model, engine.settings
    else:
        found = registry.get("mf" if model is None else model)
        how = settings_of(settings, what.metrics[0], wanted[0])
        how = fitted(how, Size.of(what), settings, model=found.name, fast=fast)
    words = isinstance(scale, str) and scale == "auto"
    grid = SCALE_GRID if words else (1.0,) if scale is None else factors(scale, "scale")
    tried = PAPER_EPS_GRID if eps is None else factors(eps, "eps")
    limit = seconds(time, "time")
    with (
        _folder(out, resume) as folder,
        stop_on_interrupt(stop) as event,
        running(engine, found, what, how, ray_address) as trains,
        shown(progress) as told,
    ):
        results, comparison = evaluate_and_compare(
            given,
            trains,
            eps_grid=tried,
            scale_grid=grid,
            param_grid=values,
            seeds=wanted,
            progress=told,
            stop=(ending := TimedStop(event, limit)),
            store=folder.begin(given, what),
        )
        means = references_of(what, how.validation_metric)
        warned = (*cautions(results, means, what, how.validation_metric), *invalid_losses(results))
        ended = Evaluation(
            tuple(results),
            wanted,
            comparison,
            means,
            warned,
            what,
            found.name,
            how,
            interrupted=ending.is_set(),
        )
        folder.finish(ended.to_json())
    return ended


def _folder(out: str | Path | None, resume: str | Path | None) -> EvaluationFolder:
    if resume is not None:
        return EvaluationFolder.resume(Path(resume))
    return EvaluationFolder(None if out is None else Path(out))
