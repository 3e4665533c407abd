"""A run that was cut off and goes on is, bit for bit, the run that was not."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from symloss.engine.local import LocalEngine
from symloss.errors import ModelError, OptionError, RunError
from symloss.models import registry
from symloss.progress import CheckDone, LoopDone, Note, PhaseStarted, SearchEvent
from symloss.search import phase1
from symloss.search.archive.codec import decode, encode
from symloss.search.archive.run import Run
from symloss.search.options import SearchOptions
from symloss.search.search import open_run, search
from symloss.search.strategies.registry import STRATEGIES
from symloss.signature import Labels
from symloss.tasks.rating_task import of
from symloss.training.member import Member
from symloss.training.one_epoch import train_one_epoch
from symloss.training.settings import TrainingSettings
from symloss.zoo import get
from tests.search.archives import contents, digest
from tests.search.conftest import make_dataset

SETTINGS = TrainingSettings(learning_rate=0.1, batch_size=32, max_epochs=3, threads=1)
OPTIONS = SearchOptions(
    strategy="random",
    operators=("add", "multiply", "neg", "square", "max"),
    n_variables=6,
    batch=12,
    loops=6,
    survivors=2,
    max_checks=3,
    eps_grid=(0.1,),
    seed=1,
    training=SETTINGS,
)
TINY = make_dataset(200)
TOWERS = f"{Path(__file__).parents[2] / 'examples' / 'two_tower.py'}:build"


class Cut(Exception):
    """Stands for the end of a process: nothing after it is done."""


def cut_after(test: Callable[[SearchEvent], bool]) -> Callable[[SearchEvent], None]:
    def listen(event: SearchEvent) -> None:
        if test(event):
            raise Cut

    return listen


def after_loop(number: int) -> Callable[[SearchEvent], None]:
    return cut_after(lambda event: isinstance(event, LoopDone) and event.loop == number)


def whole_and_cut(
    options: SearchOptions, folder: Path, *listeners: Callable[[SearchEvent], None]
) -> tuple[Path, Path]:
    """Run a search in one go, and again with one cut for each listener."""
    whole, pieces = folder / "whole", folder / "pieces"
    search(options, TINY, open_run(options, TINY, whole))
    run = open_run(options, TINY, pieces)
    for listener in listeners:
        with pytest.raises(Cut):
            search(options, TINY, run, listener)
        run = Run.resume(pieces)
    search(options, TINY, run)
    return whole, pieces


VARIANTS: dict[str, dict[str, Any]] = {
    **{f"{name}, one epoch": {"strategy": name} for name in STRATEGIES},
    **{
        f"{name}, fresh": {"strategy": name, "reward": "fresh", "reward_epochs": 2}
        for name in STRATEGIES
    },
    "grids": {"search_eps": (0.1, 1.0), "search_scale": (1.0, 4.0), "operators": ("paper",)},
    "sampled duplicates": {"duplicates": "sampled"},
    "no proxy test": {"proxy_test": False},
    "no reward filter": {"reward_filter": False},
    "limited size": {"max_complexity": 2, "batch": 40},
    "adam": {"training": replace(SETTINGS, optimizer="adam")},
    "mlp": {"model": "mlp", "loops": 4, "batch": 8},
    "mlp, adam": {"model": "mlp", "loops": 4, "batch": 8, "training": replace(SETTINGS, optimizer="adam")},
    "a user's model": {"model": TOWERS, "loops": 4, "batch": 8},
    "a user's model, adam": {"model": TOWERS, "loops": 4, "batch": 8, "training": replace(SETTINGS, optimizer="adam")},
    "a user's model, fresh": {"model": TOWERS, "reward": "fresh", "reward_epochs": 2, "loops": 4, "batch": 8},
}  # fmt: skip


@pytest.mark.parametrize("name", VARIANTS)
def test_a_cut_in_phase_one_changes_nothing(name: str, tmp_path: Path) -> None:
    options = replace(OPTIONS, **VARIANTS[name])
    whole, pieces = whole_and_cut(options, tmp_path, after_loop(1), after_loop(3))
    found = contents(pieces)
    assert found == contents(whole)
    assert len(found["loops"]) == options.loops
    assert found["trainings"]


def test_a_cut_in_the_middle_of_a_loop_loses_that_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, original = tmp_path / "pieces", phase1.make_phase1

    def failing(context: Any) -> Any:
        made = original(context)
        tell = made.strategy.tell

        def once(*arguments: Any) -> None:
            if made.loops == 4:
                raise Cut
            tell(*arguments)

        made.strategy.tell = once
        return made

    monkeypatch.setattr(phase1, "make_phase1", failing)
    with pytest.raises(Cut):
        search(OPTIONS, TINY, open_run(OPTIONS, TINY, folder))
    monkeypatch.undo()
    assert len(contents(folder)["loops"]) == 3
    search(OPTIONS, TINY, Run.resume(folder))
    search(OPTIONS, TINY, open_run(OPTIONS, TINY, tmp_path / "whole"))
    assert contents(folder) == contents(tmp_path / "whole")


PHASES = replace(OPTIONS, check_first=True, batch=200, loops=12, n_variables=7, scale_grid=(1.0, 2.0, 4.0))


def test_cuts_in_later_phases_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str] = []
    from symloss.search import validation

    original = validation.direction_report

    def counted(loss: Any) -> Any:
        checked.append(loss.formula)
        return original(loss)

    whole, pieces = whole_and_cut(
        PHASES,
        tmp_path,
        cut_after(lambda event: isinstance(event, CheckDone)),
        cut_after(lambda event: isinstance(event, PhaseStarted) and event.phase == 3),
    )
    assert contents(pieces) == contents(whole)
    assert contents(pieces)["results"]["results"]
    # neither a check nor a trial that is in the archive is done again, but for the states of the three winners
    fits: list[int] = []

    class Counting(LocalEngine):
        def fit(self, members: Any, **options: Any) -> Any:
            fits.append(len(members))
            return super().fit(members, **options)

    monkeypatch.setattr(validation, "direction_report", counted)
    events: list[SearchEvent] = []
    engine = Counting(registry.get("mf"), TINY, SETTINGS)
    search(replace(PHASES, evaluation_time=1e6), TINY, Run.resume(pieces), events.append, engine=engine)
    assert checked == []
    assert sum(fits) == 3
    assert contents(pieces) == contents(whole)
    assert [event.phase for event in events if isinstance(event, PhaseStarted)] == [2, 3]


def test_a_stopped_search_goes_on(tmp_path: Path) -> None:
    stop = threading.Event()

    def listen(event: SearchEvent) -> None:
        if isinstance(event, LoopDone) and event.loop == 2:
            stop.set()

    search(OPTIONS, TINY, open_run(OPTIONS, TINY, tmp_path / "pieces"), listen, stop)
    search(OPTIONS, TINY, Run.resume(tmp_path / "pieces"))
    search(OPTIONS, TINY, open_run(OPTIONS, TINY, tmp_path / "whole"))
    assert contents(tmp_path / "pieces") == contents(tmp_path / "whole")


def test_a_finished_run_is_only_reported(tmp_path: Path) -> None:
    first = search(PHASES, TINY, open_run(PHASES, TINY, tmp_path / "run"))
    before = contents(tmp_path / "run")
    events: list[SearchEvent] = []
    again = search(PHASES, TINY, Run.resume(tmp_path / "run"), events.append)
    assert events == []
    assert again == first
    assert contents(tmp_path / "run") == before


def test_a_raised_budget_goes_on_as_if_it_had_been_larger_from_the_start(tmp_path: Path) -> None:
    search(PHASES, TINY, open_run(PHASES, TINY, tmp_path / "pieces"))
    larger = replace(PHASES, loops=15)
    search(larger, TINY, Run.resume(tmp_path / "pieces"))
    search(larger, TINY, open_run(larger, TINY, tmp_path / "whole"))
    first, second = contents(tmp_path / "pieces"), contents(tmp_path / "whole")
    for name in ("trainings", "loops", "gradients", "results", "state"):
        assert first[name] == second[name]


def test_time_adds_up(tmp_path: Path) -> None:
    options = replace(OPTIONS, loops=None, time_limit=1e6, max_trained=60)
    run = open_run(options, TINY, tmp_path / "run")
    with pytest.raises(Cut):
        search(options, TINY, run, after_loop(2))
    with Run.open(tmp_path / "run") as run:
        before = run.archive.history()[-1]["seconds"]
    seconds: list[float] = []
    search(
        options,
        TINY,
        Run.resume(tmp_path / "run"),
        lambda event: seconds.append(event.seconds) if isinstance(event, LoopDone) else None,
    )
    assert seconds[0] > before
    assert seconds == sorted(seconds)
    # a limit below what was used up already leaves nothing to do
    events: list[SearchEvent] = []
    search(replace(options, time_limit=before), TINY, Run.resume(tmp_path / "run"), events.append)
    assert not any(isinstance(event, LoopDone) for event in events)


def begun(folder: Path) -> Path:
    with pytest.raises(Cut):
        search(OPTIONS, TINY, open_run(OPTIONS, TINY, folder), after_loop(1))
    return folder


def test_other_options_or_data_are_refused(tmp_path: Path) -> None:
    folder = begun(tmp_path / "run")
    with pytest.raises(OptionError, match="other values of batch, seed"):
        search(replace(OPTIONS, batch=7, seed=2), TINY, Run.resume(folder))
    with pytest.raises(OptionError, match="other values of training"):
        other = replace(OPTIONS, training=replace(SETTINGS, learning_rate=0.2))
        search(other, TINY, Run.resume(folder))
    with pytest.raises(OptionError, match=r"the data is not .* 200 train, 120 validation, 120 test rows"):
        search(OPTIONS, make_dataset(200, seed=6), Run.resume(folder))
    with pytest.raises(OptionError, match="--task regression"):
        search(OPTIONS, make_dataset(200, labels=Labels.UNIT), Run.resume(folder))
    # none of this left the run locked or changed
    search(OPTIONS, TINY, Run.resume(folder))


def test_other_threads_and_versions_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = metadata.version
    with monkeypatch.context() as then:
        then.setattr(metadata, "version", lambda name: f"{'0.' if name == 'numpy' else ''}{real(name)}")
        folder = begun(tmp_path / "run")
    events: list[SearchEvent] = []
    options = replace(OPTIONS, training=replace(SETTINGS, threads=2))
    search(options, TINY, Run.resume(folder), events.append)
    (note,) = [event.text for event in events if isinstance(event, Note) and "conditions" in event.text]
    assert "numpy 0." in note and "threads 1 then, 2 now" in note


def test_a_folder_that_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no run folder"):
        Run.resume(tmp_path)
    with pytest.raises(RunError, match="no run folder"):
        Run.open(tmp_path / "nowhere")
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(RunError, match="archive.sqlite is missing"):
        Run.resume(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(RunError, match="can't be read"):
        Run.resume(tmp_path)


@pytest.mark.parametrize("device", ["cpu", "torch-cpu"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("name", ["mf", "mlp"])
def test_model_states_come_back(name: str, optimizer: str, device: str) -> None:
    model = registry.get(name)
    settings = replace(SETTINGS, optimizer=optimizer, device=device)
    members = [Member(get("bce").program())]

    def trained(state: Any, epoch: int) -> Any:
        return train_one_epoch(model, state, members, TINY, settings, epoch, keep="all")[0].state

    trainer = registry.trainer_for(model, of(TINY), settings)
    first = trained(trained(trainer.start(3), 1), 2)
    again = trainer.load(decode(encode(trainer.save(first))))
    assert type(again) is type(first)
    assert digest_of(trainer.save(again)) == digest_of(trainer.save(first))
    assert digest_of(trainer.save(trained(again, 3))) == digest_of(trainer.save(trained(first, 3)))


def digest_of(packed: Any) -> Any:
    return json.dumps(packed, default=digest)


def test_a_changed_model_is_refused(tmp_path: Path) -> None:
    text = Path(TOWERS.rpartition(":")[0]).read_text()
    (file := tmp_path / "towers.py").write_text(text)
    options = replace(OPTIONS, model=f"{file}:build", loops=2, batch=6)
    with pytest.raises(Cut):
        search(options, TINY, open_run(options, TINY, tmp_path / "run"), after_loop(1))
    file.write_text(text.replace("width: int = 32", "width: int = 33"))
    with pytest.raises(
        OptionError, match="the file of model .*towers.py:build has changed since the run was begun"
    ):
        search(options, TINY, Run.resume(tmp_path / "run"))
    file.unlink()
    with pytest.raises(ModelError, match="towers.py is not there"):
        search(options, TINY, Run.resume(tmp_path / "run"))
    file.write_text(text)
    search(options, TINY, Run.resume(tmp_path / "run"))
    assert len(contents(tmp_path / "run")["loops"]) == 2
