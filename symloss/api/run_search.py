"""`symloss.search`: a loss found for a model and a task."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symloss.api.arguments import seconds, settings_of
from symloss.api.engines import check_alone, check_settings, is_engine, running
from symloss.api.kept_folder import KeptFolder
from symloss.api.shown_progress import Events, drawn, shown
from symloss.api.trained_loss import TrainedLoss, frame_of
from symloss.contest.cautions import Caution
from symloss.contest.evaluation import EvaluationResult
from symloss.contest.verdict import Verdict
from symloss.data.dataset import Dataset
from symloss.engine.engine import Engine
from symloss.errors import OptionError, RunError, unknown_name
from symloss.loss import Loss
from symloss.models import registry
from symloss.models.model import Model
from symloss.models.user_model import Given, is_reference
from symloss.report.write import write_report
from symloss.search.archive.run import Run
from symloss.search.fitted import fitted_search
from symloss.search.options import SearchOptions
from symloss.search.presets import preset as preset_options
from symloss.search.result import SearchResult
from symloss.search.search import asked, open_run
from symloss.search.search import search as run_phases
from symloss.tasks.rating_task import of
from symloss.tasks.references import Reference
from symloss.tasks.task import Task
from symloss.training.clock import Size
from symloss.training.settings import TrainingSettings

if TYPE_CHECKING:
    import pandas as pd

DURATIONS = ("time_limit", "evaluation_time")
BUDGETS = ("loops", "max_trained", "evaluation_time", "threads")
"""What may be given with `resume`, besides `time`."""

UNNAMED = "python:"
"""Before the name of a model that can't be found again by its name: a function of a notebook, or a `Model`."""


@dataclass(frozen=True, eq=False)
class Found:
    """What a search found.

    Attributes:
        result: everything, as `symloss search --json` prints it.
        task: what was learned.
        options: how it was searched.
    """

    result: SearchResult
    task: Task
    options: SearchOptions
    _kept: KeptFolder | None = field(default=None, repr=False)

    @property
    def best(self) -> TrainedLoss | None:
        """The found loss with the best validation metric; None where nothing got through all phases."""
        return None if self.result.best is None else self._trained(self.result.best)

    @property
    def losses(self) -> tuple[TrainedLoss, ...]:
        """All found losses that were trained to the end, best first."""
        return tuple(map(self._trained, self.result.results))

    @property
    def baselines(self) -> tuple[TrainedLoss, ...]:
        """The handcrafted losses under the same settings."""
        return tuple(map(self._trained, self.result.baselines))

    @property
    def loss(self) -> Loss | None:
        """The best loss itself, with its eps and its scale."""
        return self.result.loss

    @property
    def verdict(self) -> Verdict | None:
        """Whether the best found loss beats the handcrafted ones and the trivial baselines."""
        return self.result.verdict

    @property
    def references(self) -> tuple[Reference, ...]:
        """The trivial baselines of the task."""
        return self.result.references

    @property
    def warnings(self) -> tuple[Caution, ...]:
        """What a reader of the results should know."""
        return self.result.warnings

    @property
    def run(self) -> Path | None:
        """The run folder; where none was named, a temporary one that lives as long as this result."""
        return self.result.run

    def _trained(self, one: EvaluationResult) -> TrainedLoss:
        return TrainedLoss(one.fitted, one.metrics, one.valid_metric, (one,))

    def frame(self) -> pd.DataFrame:
        """Return a row a loss: found ones, baselines, references; see `symloss.api.trained_loss.frame_of`."""
        rows = [("found", one) for one in self.result.results]
        rows += [("baseline", one) for one in self.result.baselines]
        return frame_of(rows, self.result.references)

    def report(self, path: str | Path) -> Path:
        """Write the report on the search as one HTML page, and return its path.

        Raises:
            OptionError: the file does not end in .html or .htm.
            RunError: it can't be written.
        """
        if self.result.run is None:
            raise RunError("the search kept nothing on disk to report on; search with out=FOLDER")
        return write_report(self.result.run, path)[0]

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON, as `symloss search --json` prints it."""
        return self.result.to_json()


def search(
    *,
    task: Task | Dataset,
    model: Given | None = None,
    time: float | str | None = None,
    seed: int = 42,
    preset: str = "best",
    out: str | Path | None = None,
    resume: str | Path | None = None,
    engine: str | Engine = "local",
    ray_address: str | None = None,
    progress: Events = None,
    stop: threading.Event | None = None,
    **options: Any,
) -> Found:
    """Search a loss in three phases: sample and try losses, check the best, train those that pass to convergence.

    Args:
        task: what is learned; see `symloss.tasks`.
        model: a name, a `symloss.models.Model`, a factory `build(task, seed) -> nn.Module`, or "FILE.py:build"; "mf"
            where None, and that of the run with `resume`.
        time: of phase I: seconds, or text such as "10m"; 10 minutes where there is no other budget (loops or
            max_trained).
        seed: of everything random.
        preset: "best" or "paper"; options that are given win over it.
        out: the run folder, which must not exist or be empty; a temporary one, gone with the result, where None.
        resume: the folder of a run to go on with, on the same task; only budgets and threads may be given with it.
        engine: where: "local" (this process), "ray" (a Ray cluster), or an engine of this task, which brings its model
            and its settings of training, the seed among them.
        ray_address: of the cluster; None for a local one.
        progress: receives the events; False for nothing; None draws them where somebody watches.
        stop: ends the search and keeps what was found, as does Ctrl-C.
        options: fields of `SearchOptions` (strategy, operators, loops, batch, effectiveness, ...) and of
            `TrainingSettings` (learning_rate, l2, batch_size, max_epochs, patience, optimizer, device, threads).

    Raises:
        OptionError, FormulaError, DataError, RunError: an argument can't be used.
    """
    what = of(task)
    given = {"time_limit": time, **options} if time is not None else dict(options)
    given |= {name: seconds(given[name], name.replace("_limit", "")) for name in DURATIONS if name in given}
    kept: KeptFolder | None = None
    if is_engine(engine):
        own = [name for name in given if name in _training_names()]
        check_alone(engine, what, {*own, *(["model"] if model is not None else [])})
        model = engine.model
        if resume is None:
            given |= {name: getattr(engine.settings, name) for name in _training_names()}
    drawn(progress)
    if resume is not None and out is not None:
        raise OptionError("resume= goes on in the folder of the run; leave out= away")
    run: Run | None = None
    try:
        if resume is None:
            found = registry.get("mf" if model is None else model)
            chosen = _new(given, what, _name(found), preset, seed)
            if out is None:
                kept = KeptFolder()
                out = kept.path / "run"
            run = open_run(chosen, what, Path(out), model=found)
        else:
            run = Run.resume(Path(resume))
            chosen = _again(run.options(what.metrics), given)
            if model is None and chosen.model.startswith(UNNAMED):
                raise OptionError(
                    f"the run {run.folder} was begun with a model that was given from Python; give it again, model=..."
                )
            found = registry.get(chosen.model if model is None else model)
            if _name(found) != chosen.model:
                raise OptionError(
                    f"the run {run.folder} was begun with the model {chosen.model}, and this one is {_name(found)}; "
                    "give that one, or begin a new run"
                )
        if not isinstance(engine, str):
            check_settings(engine, chosen.training)
    except BaseException:
        if run is not None:
            run.close()
        raise
    with run, running(engine, found, what, chosen.training, ray_address) as trains, shown(progress) as told:
        return Found(run_phases(chosen, what, run, told, stop, trains), what, chosen, kept)


def _training_names() -> list[str]:
    return [one.name for one in fields(TrainingSettings) if one.name not in ("metric", "seed")]


def _name(model: Model) -> str:
    """Return what a run calls a model: a name that it can be had by, or one that says that there is none."""
    known = registry.has(model.name) or is_reference(model.name)
    return registry.check_name(model.name if known else f"{UNNAMED}{model.name}")


def _new(given: dict[str, Any], task: Task, model: str, preset: str, seed: int) -> SearchOptions:
    """Return the options of a new search: what was given, then the preset, fitted to the size of the data."""
    own = [
        one.name
        for one in fields(SearchOptions)
        if one.name not in ("task", "model", "seed", "training", "metric")
    ]
    training = _training_names()
    for name in given:
        if name not in (*own, *training):
            raise OptionError(
                unknown_name("argument", name, (*own, *training), "sl.search takes these by name")
            )
    chosen = preset_options(preset, model)
    if given.get("proxy_test") is False and "check_first" not in given:
        chosen.pop("check_first", None)
    values = {name: tuple(v) if isinstance(v, list) else v for name, v in given.items() if name in own}
    how = settings_of({name: given[name] for name in given if name in training}, task.metrics[0], seed)
    options = SearchOptions(**{**chosen, **values, "model": model, "seed": seed, "training": how})
    options, _ = asked(options, task)
    return fitted_search(options, Size.of(task), given, name=preset)


def _again(before: SearchOptions, given: dict[str, Any]) -> SearchOptions:
    """Return the options of a run that goes on, with the budgets that were given."""
    for name in given:
        if name not in ("time_limit", *BUDGETS):
            raise OptionError(
                f"{name} can't be given with resume=: a run keeps its options; with it go time, {', '.join(BUDGETS)}"
            )
    changed = {name: value for name, value in given.items() if name != "threads"}
    training = (
        before.training if "threads" not in given else replace(before.training, threads=given["threads"])
    )
    return replace(before, training=training, **changed)
