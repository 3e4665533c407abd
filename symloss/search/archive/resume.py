"""Going on with a run: whether options, data and machine are those it began with."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from symloss.data.dataset import Dataset
from symloss.errors import OptionError, RunError
from symloss.models import registry
from symloss.models.model import Model
from symloss.models.user_model import difference
from symloss.progress import Note, SearchProgress
from symloss.search.archive.archive_errors import damage
from symloss.search.archive.environment import changes, data_fingerprint, environment
from symloss.search.archive.run import Run
from symloss.search.options import SearchOptions
from symloss.search.result import SearchResult
from symloss.tasks.rating_task import of
from symloss.tasks.task import Task

_AGAIN = "delete it to make it again"


def check_resumable(
    run: Run,
    options: SearchOptions,
    dataset: Task | Dataset,
    progress: SearchProgress,
    model: Model | None = None,
) -> None:
    """Refuse to go on with other options or data; say where versions or machine are others.

    Raises:
        OptionError: an option other than a budget or the number of threads differs, or the data or the file of a
            user's model does.
        RunError: the run's options can't be read.
    """
    metrics = of(dataset).metrics
    before, now = _fixed(run.options(metrics)), _fixed(options)
    different = sorted(name for name in now if before.get(name) != now[name])
    if different:
        raise OptionError(
            f"the run {run.folder} was begun with other values of {', '.join(different)}; "
            f"only budgets and threads may change, so begin a new run for these"
        )
    changed = difference(model or registry.get(options.model), run.config.get("model_digest", ""))
    if changed is not None:
        raise OptionError(f"{changed} ({run.folder})")
    if run.config.get("fingerprint") != data_fingerprint(dataset):
        raise OptionError(
            f"the data is not what the run {run.folder} was begun with "
            f"({_sizes(run.config.get('fingerprint'))} then, {_sizes(data_fingerprint(dataset))} now); "
            f"load the same data, or begin a new run"
        )
    with damage(run.folder / "config.json"):
        found = changes(run.config.get("environment", {}), environment())
    threads = run.options(metrics).training.threads, options.training.threads
    if threads[0] != threads[1]:
        found.append(f"threads {threads[0] or 'all'} then, {threads[1] or 'all'} now")
    if found:
        progress(
            Note(
                f"the run goes on under other conditions ({'; '.join(found)}): "
                f"its result may differ from that of an uninterrupted run"
            )
        )


def all_budgets(options: SearchOptions) -> dict[str, Any]:
    """Return what bounds the phases: a search that ended under one goes on under another."""
    return asdict(options.budget)


def finished_result(run: Run) -> SearchResult | None:
    """Return the result of a run that came to its end; None where summary.json does not hold it."""
    summary = run.summary()
    if summary is None:
        return None
    if not run.is_sealed("summary"):
        raise RunError(f"{run.folder / 'summary.json'} is not as the search wrote it; {_AGAIN}")
    try:
        labels = run.config.get("dataset", {}).get("labels", "binary")
        return SearchResult.from_json(summary, run.folder, labels)
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise RunError(f"{run.folder / 'summary.json'} can't be read ({error!r}); {_AGAIN}") from error


def _fixed(options: SearchOptions) -> dict[str, Any]:
    document = options.to_json()
    # a run may go on under another budget, and with another number of threads
    for name in all_budgets(options):
        document.pop(name)
    document["training"].pop("threads")
    return {name: _plain(value) for name, value in document.items()}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _sizes(fingerprint: Any) -> str:
    if not isinstance(fingerprint, dict) or not isinstance(fingerprint.get("rows"), dict):
        return "unknown"
    rows = ", ".join(f"{count} {name}" for name, count in fingerprint["rows"].items())
    sizes = [f"{count} {name}" for name, count in fingerprint.items() if name not in ("rows", "sha256")]
    return f"{', '.join([*sizes, f'{rows} rows'])}, hash {str(fingerprint.get('sha256'))[:8]}"
