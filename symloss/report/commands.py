"""How to do it again: the command of a search, from the options that the run keeps, and what to do with its loss."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from symloss.errors import RunError
from symloss.report.records import Ranked, Tested
from symloss.report.values import mapping, whole
from symloss.search.archive.run import Run
from symloss.search.fitted import fitted_search
from symloss.search.options import SearchOptions
from symloss.search.presets import PRESETS, preset
from symloss.tasks.kinds import kind
from symloss.training.clock import Size
from symloss.training.settings import TrainingSettings

PLAIN = ("task", "model", "strategy", "batch", "delta", "eta", "loops", "max_trained", "reward", "reward_epochs",
         "reward_learning_rate", "max_complexity", "effectiveness", "finalists", "final_seeds", "coefficients",
         "survivors", "screen", "screen_epochs", "duplicates")  # fmt: skip
"""Options whose name is that of the command line, with dashes."""

GRIDS = {
    "search_eps": "--search-eps",
    "search_scale": "--search-scale",
    "eps_grid": "--eps",
    "scale_grid": "--scale",
}
DURATIONS = {"time_limit": "--time", "evaluation_time": "--evaluation-time"}
SWITCHES = {"check_first": ("--train-all", "--check-first"), "unit_scale": ("--plain-scale", "--unit-scale")}
TRAINING = ("learning_rate", "l2", "batch_size", "max_epochs", "patience", "optimizer", "device", "threads")
FROM_PYTHON_ONLY = ("ranking_seeds", "max_checks")
"""Options that the command line does not have."""

SOURCE = ("dataset", "data_dir", "user_column", "item_column", "rating_column", "label_column", "time_column",
          "separator", "split", "validation", "test",
          "threshold", "ties", "users", "items", "interactions", "labels")  # fmt: skip
SOURCE_DEFAULTS: Mapping[str, Any] = {"threshold": 3.0, "labels": "binary"}


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
    words = ["--preset", name]
    pinned = _pinned(name, options, base, size)
    for key in PLAIN:
        value, before = getattr(options, key), None if key == "loops" else getattr(base, key)
        if key == "model" or (key not in pinned if key in LENGTHS else value == before):
            continue
        if value is None:
            return None
        words += [f"--{key.replace('_', '-')}", _word(value)]
    for key, flag in GRIDS.items():
        if tuple(getattr(options, key)) != tuple(getattr(base, key)):
            words += [flag, ",".join(map(_word, getattr(options, key)))]
    for key, flag in DURATIONS.items():
        if getattr(options, key) is not None:
            words += [flag, f"{_word(getattr(options, key))}s"]
    for key, flags in SWITCHES.items():
        if getattr(options, key) != getattr(base, key):
            words.append(flags[getattr(options, key)])
    words += [] if options.proxy_test else ["--no-proxy-test"]
    words += [] if options.reward_filter else ["--no-reward-filter"]
    if tuple(options.operators) != tuple(base.operators):
        words += ["--operators", ",".join(options.operators)]
    if options.n_variables != base.n_variables:
        words += ["--variables", str(options.n_variables)]
    for key, value in options.strategy_options.items():
        words += ["--strategy-option", f"{key}={_word(value)}"]
    if options.warm_start:
        # With an equals sign a formula may begin with a minus.
        words.append(f"--warm-start={'; '.join(options.warm_start)}")
    return [*words, *_training_words(options, pinned)]


LENGTHS = ("reward_epochs", "learning_rate", "max_epochs", "patience")
"""What the command chooses by the size of the data where it is not given."""


def _size(run: Run) -> Size | None:
    """Return the size of a run's data; None where config.json does not tell it."""
    dataset = mapping(run.config.get("dataset"))
    rows = whole(mapping(mapping(dataset.get("parts")).get("train")).get("rows"))
    users = whole(dataset.get("users"))
    return None if rows is None or users is None or rows < 0 or users < 0 else Size(rows, users)


def _pinned(name: str, options: SearchOptions, base: SearchOptions, size: Size | None) -> frozenset[str]:
    """Return which lengths of training must be written out: all of them, where the plain command gives others.

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
    return frozenset(LENGTHS if different and size is not None else different)


def _length(options: SearchOptions, key: str) -> Any:
    return options.reward_epochs if key == "reward_epochs" else getattr(options.training, key)


def _training_words(options: SearchOptions, pinned: Collection[str] = LENGTHS) -> list[str]:
    base = TrainingSettings()
    words: list[str] = []
    if options.model != SearchOptions.model:
        words += ["--model", options.model]
    for key in TRAINING:
        value = getattr(options.training, key)
        if key in pinned or (key not in LENGTHS and value != getattr(base, key)):
            words += [f"--{key.replace('_', '-')}", _word(value)]
    return words


def _source_words(source: Mapping[str, Any]) -> list[str]:
    words: list[str] = []
    for key in SOURCE:
        value = source.get(key)
        if value is not None and value != SOURCE_DEFAULTS.get(key):
            words += [f"--{key.replace('_', '-')}", _word(value)]
    return words


def _unsaid(options: SearchOptions, source: Mapping[str, Any]) -> list[str]:
    """Return what the command line has no option for."""
    base = SearchOptions()
    named = [key for key in FROM_PYTHON_ONLY if getattr(options, key) != getattr(base, key)]
    if options.training.gradient_clip != base.training.gradient_clip:
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
    eps = [] if loss.eps is None or "eps" not in loss.formula else ["--eps", _word(loss.eps)]
    # The run stands for its best loss, with its eps, its scale and its labels.
    check = shlex.join(["symloss", "check", folder])
    export = shlex.join(["symloss", "export", folder, "--to", "torch", "-o", "best_loss.py"])
    if options is None or not source:
        return check, export, ""
    asked = kind(options.task)
    baselines = asked.contest_baselines if options.effectiveness == "contest" else asked.baselines
    scale = [] if loss.scale in (None, 1.0) else ["--scale", f"1,{_word(loss.scale)}"]
    seeds = ["--seeds", str(options.final_seeds)] if options.effectiveness == "contest" else []
    task = [] if options.task == SearchOptions.task else ["--task", options.task]
    words = [
        "symloss",
        "evaluate",
        loss.formula,
        *baselines,
        *_source_words(source),
        *task,
        *eps,
        *scale,
        *seeds,
    ]
    return check, export, shlex.join([*words, *_training_words(options), "--seed", str(options.seed)])


def _word(value: Any) -> str:
    """Return a value so that the command line reads back the same."""
    if value is None or isinstance(value, bool):
        return str(value).lower()
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)
