"""How to do it again: the command of a search, from the options that the run keeps, and what to do with its loss."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from symloss.errors import RunError
from symloss.options.data import DataSource
from symloss.options.option import options_of, words_of
from symloss.options.search import Budget
from symloss.options.text import written
from symloss.options.training import Problem
from symloss.report.records import Ranked, Tested
from symloss.report.values import mapping, whole
from symloss.search.archive.run import Run
from symloss.search.fitted import fitted_search
from symloss.search.options import SearchOptions
from symloss.search.presets import PRESETS, preset
from symloss.tasks.kinds import kind
from symloss.training.clock import Size
from symloss.training.settings import TrainingSettings

LENGTHS = ("reward_epochs", "learning_rate", "max_epochs", "patience")
"""What the command chooses by the size of the data where it is not given."""

BY_THE_DATA = ("rungs",)
"""What the command line has no option for, since it follows from the data."""


@dataclass(frozen=True)
class Commands:
    """Lines for a shell.

    Attributes:
        search: the same search again; "" where the run does not say how.
        same_loops: the same, ended by loops in place of time; "" where time was not what bounded it.
        go_on: goes on with the run.
        check: checks the best loss; "" where there is none, as for the next two.
        export: writes it as code.
        evaluate: trains with it again.
        notes: what a command can't say.
    """

    search: str
    same_loops: str
    go_on: str
    check: str
    export: str
    evaluate: str
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return asdict(self)


def commands_of(run: Run, best: Tested | None, ranked: Ranked | None, loops: int) -> Commands:
    """Return the commands for a run.

    Args:
        run: open.
        best: its best loss, tested.
        ranked: its best loss by reward, taken where there is no tested one.
        loops: that phase I has done.
    """
    source = mapping(run.config.get("source"))
    go_on = shlex.join(["symloss", "search", "--resume", str(run.folder)])
    try:
        options = run.options()
    except (RunError, ValueError, TypeError) as error:
        loss = _loss_commands(best, ranked, source, None, str(run.folder))
        return Commands("", "", go_on, *loss, (f"The command of the search can't be told: {error}",))
    loss = _loss_commands(best, ranked, source, options, str(run.folder))
    if not source:
        return Commands(
            "", "", go_on, *loss, ("The run was made from Python, and does not say how its data was loaded.",)
        )
    again = ""
    size = _size(run)
    search = shlex.join(search_words(options, source, size))
    if options.time_limit is not None and loops:
        # What was found under a time depends on the speed of the machine; loops do not.
        again = shlex.join(
            search_words(replace(options, time_limit=None, loops=loops, max_trained=None), source, size)
        )
    return Commands(search, again, go_on, *loss, tuple(_unsaid(options, source)))


def search_words(options: SearchOptions, source: Mapping[str, Any], size: Size | None = None) -> list[str]:
    """Return the command of a search as words: the preset with fewer words, and every option that differs from it.

    Args:
        options: of the search.
        source: how the data was loaded, as in config.json.
        size: of the data; epochs that the command would not choose by itself on data of this size are written out.
            None where it is not known.
    """
    ways = [_words_from(name, options, size) for name in PRESETS]
    shortest = min((words for words in ways if words is not None), key=len)
    return ["symloss", "search", *_source_words(source), *shortest, "--seed", str(options.seed)]


def _words_from(name: str, options: SearchOptions, size: Size | None) -> list[str] | None:
    """Return the words with a preset, or None where an option of the preset can't be taken back."""
    chosen = preset(name, options.model)
    if not options.proxy_test:
        chosen.pop("check_first", None)
    # Every search has a budget; this one is never the default, so that the run's own are written out.
    base = SearchOptions(**{**chosen, "model": options.model, "time_limit": None, "loops": 1})
    pinned = _pinned(name, options, base, size)
    before = asdict(base) | asdict(Budget()) | {"model": Problem.model}
    # the seed stands at the end, also where it is the usual one
    own = words_of(asdict(options), before, options_of(SearchOptions), {**pinned, "seed": False})
    return None if own is None else ["--preset", name, *own, *_training_words(options, pinned)]


def _size(run: Run) -> Size | None:
    """Return the size of a run's data; None where config.json does not tell it."""
    dataset = mapping(run.config.get("dataset"))
    rows = whole(mapping(mapping(dataset.get("parts")).get("train")).get("rows"))
    users = whole(dataset.get("users"))
    return None if rows is None or users is None or rows < 0 or users < 0 else Size(rows, users)


def _pinned(name: str, options: SearchOptions, base: SearchOptions, size: Size | None) -> dict[str, bool]:
    """Return for each length of training whether it must be written out: all, where the plain command gives others.

    Where the size is not known, those that differ from what is chosen on MovieLens-100K.
    """
    usual = base.training
    plain = replace(
        base,
        model=options.model,
        reward_learning_rate=options.reward_learning_rate,
        training=replace(
            options.training,
            learning_rate=min(usual.learning_rate, options.training.learning_rate),
            max_epochs=usual.max_epochs,
            patience=usual.patience,
        ),
    )
    plain = base if size is None else fitted_search(plain, size, name=name)
    different = {key for key in LENGTHS if _length(options, key) != _length(plain, key)}
    return {key: bool(different) if size is not None else key in different for key in LENGTHS}


def _length(options: SearchOptions, key: str) -> Any:
    return options.reward_epochs if key == "reward_epochs" else getattr(options.training, key)


def _training_words(options: SearchOptions, pinned: Mapping[str, bool] | None = None) -> list[str]:
    pinned = dict.fromkeys(LENGTHS, True) if pinned is None else pinned
    before = asdict(TrainingSettings())
    return words_of(asdict(options.training), before, options_of(TrainingSettings), pinned) or []


def _source_words(source: Mapping[str, Any]) -> list[str]:
    stated = [one for one in options_of(DataSource) if one.name != "seed"]
    known = {one.name: one.default if source.get(one.name) is None else source[one.name] for one in stated}
    return words_of(known, asdict(DataSource()), stated) or []


def _unsaid(options: SearchOptions, source: Mapping[str, Any]) -> list[str]:
    """Return what the command line has no option for."""
    usual = [SearchOptions(**preset(name, options.model)) for name in PRESETS]
    silent = [
        one.name for one in options_of(SearchOptions) if one.flag is None and one.name not in BY_THE_DATA
    ]
    named = [key for key in silent if getattr(options, key) not in [getattr(one, key) for one in usual]]
    if options.training.gradient_clip != TrainingSettings.gradient_clip:
        named.append("gradient_clip")
    if source.get("seed") != options.seed:
        named.append("the seed of the data")
    if any(
        not isinstance(value, bool | int | float | str | None) for value in options.strategy_options.values()
    ):
        named.append("strategy_options")
    return [f"Not in the command, set them from Python: {', '.join(named)}."] if named else []


def _loss_commands(
    best: Tested | None,
    ranked: Ranked | None,
    source: Mapping[str, Any],
    options: SearchOptions | None,
    folder: str,
) -> tuple[str, str, str]:
    """Return how to check, export and evaluate the best loss."""
    loss = best or ranked
    if loss is None or not loss.formula:
        return "", "", ""
    eps = [] if loss.eps is None or "eps" not in loss.formula else ["--eps", written(loss.eps)]
    # The run stands for its best loss, with its eps, its scale and its labels.
    check = shlex.join(["symloss", "check", folder])
    export = shlex.join(["symloss", "export", folder, "--to", "torch", "-o", "best_loss.py"])
    if options is None or not source:
        return check, export, ""
    asked = kind(options.task)
    baselines = asked.contest_baselines if options.effectiveness == "contest" else asked.baselines
    scale = [] if loss.scale in (None, 1.0) else ["--scale", f"1,{written(loss.scale)}"]
    seeds = ["--seeds", str(options.final_seeds)] if options.effectiveness == "contest" else []
    problem = words_of(asdict(options), asdict(Problem()), options_of(Problem)) or []
    words = [
        "symloss",
        "evaluate",
        loss.formula,
        *baselines,
        *_source_words(source),
        *problem,
        *eps,
        *scale,
        *seeds,
    ]
    return check, export, shlex.join([*words, *_training_words(options), "--seed", str(options.seed)])
