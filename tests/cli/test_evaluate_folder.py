"""`evaluate --out` keeps finished trainings; `--resume` goes on to the results of an undisturbed evaluation."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from symloss import zoo
from symloss.cli import main
from symloss.contest.evaluation import evaluate_and_compare
from symloss.engine import LocalEngine
from symloss.models import registry
from symloss.search.archive.archive import Archive
from symloss.search.archive.archive_store import ArchiveStore
from symloss.search.archive.run import EVALUATION, Run, _digest
from symloss.training.settings import TrainingSettings
from tests.contest.memory_store import MemoryStore
from tests.search.conftest import make_dataset
from tests.tamper import reseal

SMALL = ["--dataset", "synthetic", "--users", "60", "--items", "80", "--interactions", "1500"]
LOSSES = ["mse", "-y*log(yhat + eps) - (1 - y)*log(1 - yhat + eps)"]
OPTIONS = ["--eps", "1,0.1", "--scale", "1,4", "--seeds", "2", "--max-epochs", "12", "--threads", "1"]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def document(result: Result) -> Any:
    assert result.exit_code == 0, result.stderr
    return without_times(json.loads(result.stdout))


def without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_times(entry) for name, entry in value.items() if name != "seconds"}
    return [without_times(entry) for entry in value] if isinstance(value, list) else value


def trials(folder: Path) -> list[dict[str, Any]]:
    with Run.open(folder, EVALUATION) as opened:
        return opened.archive.rows("SELECT * FROM trials ORDER BY key")


def forget(folder: Path, every: int) -> None:
    """Take trainings out of a folder: what is left when an evaluation was killed."""
    (folder / "results.json").unlink()
    with Run.resume(folder, EVALUATION) as opened, opened.archive.transaction() as connection:
        connection.execute("DELETE FROM trials WHERE rowid % ? = 0", (every,))
    reseal(folder)


def reconfigure(folder: Path, text: str) -> None:
    """Replace config.json, with the checksum that a program would write that makes such a one."""
    (folder / "config.json").write_text(text)
    with Archive(folder / "archive.sqlite", writable=True) as archive:
        archive.set_state("seal of config", _digest("config", json.loads(text)))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    folder = tmp_path_factory.mktemp("evaluation") / "whole"
    return folder, document(run("evaluate", *LOSSES, *SMALL, *OPTIONS, "--out", str(folder), "--json"))


def test_a_folder_changes_no_result(whole: tuple[Path, Any]) -> None:
    folder, found = whole
    assert found == document(run("evaluate", *LOSSES, *SMALL, *OPTIONS, "--json"))
    assert found == without_times(json.loads((folder / "results.json").read_text()))
    assert len(trials(folder)) == 2 * (2 + 4)


@pytest.mark.parametrize("every", [1, 2, 3])
def test_it_goes_on_to_the_same_results(whole: tuple[Path, Any], every: int) -> None:
    folder, found = whole
    before = trials(folder)
    forget(folder, every)
    assert document(run("evaluate", "--resume", str(folder), "--threads", "2", "--json")) == found
    after = trials(folder)
    assert [row["key"] for row in after] == [row["key"] for row in before]
    for one, other in zip(after, before, strict=True):
        assert without_times(json.loads(one["value"])) == without_times(json.loads(other["value"]))
    assert found == without_times(json.loads((folder / "results.json").read_text()))


def test_a_finished_one_trains_only_the_best_again(whole: tuple[Path, Any]) -> None:
    folder, found = whole
    before = trials(folder)
    assert document(run("evaluate", "--resume", str(folder), "--json")) == found
    assert trials(folder) == before


def test_an_interrupted_one_goes_on() -> None:
    dataset, model = make_dataset(300), registry.get("mf")
    settings = TrainingSettings(learning_rate=0.1, batch_size=16, max_epochs=2000, patience=40, threads=1)
    losses = [zoo.get("mse"), zoo.get("bce")]
    grids = {"scale_grid": (1.0, 2.0, 4.0, 8.0, 16.0), "seeds": (1, 2, 3, 4)}
    engine = LocalEngine(model, dataset, settings)
    expected, _ = evaluate_and_compare(losses, engine, **grids)
    store, stop, events = MemoryStore(), threading.Event(), []

    def progress(event: Any) -> None:
        events.append(event)
        # somewhere in the second population: the trainings of the first are kept
        if store.values:
            stop.set()

    evaluate_and_compare(losses, engine, **grids, progress=progress, stop=stop, store=store)
    assert 0 < len(store.values) < 40
    found, _ = evaluate_and_compare(losses, engine, **grids, store=store)
    assert [without_times(one.to_json()) for one in found] == [
        without_times(one.to_json()) for one in expected
    ]
    assert len(store.values) == 40


def test_resume_takes_nothing_else(whole: tuple[Path, Any]) -> None:
    folder, _ = whole
    refused = run("evaluate", "bce", "--resume", str(folder), "--seed", "3")
    assert refused.exit_code == 2
    assert "LOSS, --seed can't be given with --resume" in " ".join(refused.stderr.split())


def test_what_can_not_go_on_says_why(whole: tuple[Path, Any], tmp_path: Path) -> None:
    folder, _ = whole
    assert run("evaluate").exit_code == 2
    assert "at least one loss" in run("evaluate").stderr
    assert "is no run folder" in run("evaluate", "--resume", str(tmp_path)).stderr
    taken = run("evaluate", "mse", *SMALL, *OPTIONS, "--out", str(folder))
    assert taken.exit_code == 2 and "in use" in taken.stderr
    bad = run("evaluate", "mse", *SMALL, "--max-epochs", "0", "--out", str(tmp_path / "bad"))
    assert bad.exit_code == 2 and not (tmp_path / "bad").exists()
    kept = (folder / "config.json").read_text()
    for change, says in (
        ({"kind": "search"}, "is no folder of an evaluation"),
        ({"parameters": [1]}, "is no folder of an evaluation"),
        ({"parameters": {"losses": ["mse"]}}, "is damaged: it has no"),
        ({"formulas": []}, "the losses are not what"),
        ({"fingerprint": None}, "the data are not what"),
    ):
        reconfigure(folder, json.dumps({**json.loads(kept), **change}))
        result = run("evaluate", "--resume", str(folder))
        assert result.exit_code == 2 and isinstance(result.exception, SystemExit)
        assert says in " ".join(result.stderr.split())
    for name, value in (("seeds", "x"), ("max_epochs", [1]), ("losses", 5), ("eps", {}), ("data_dir", 7)):
        config = json.loads(kept)
        config["parameters"][name] = value
        reconfigure(folder, json.dumps(config))
        result = run("evaluate", "--resume", str(folder))
        assert result.exit_code == 2 and isinstance(result.exception, SystemExit), (name, result.exception)
    # without that checksum it is refused before anything in it is read
    (folder / "config.json").write_text(json.dumps({**json.loads(kept), "formulas": []}))
    assert "is not as the search wrote it" in " ".join(
        run("evaluate", "--resume", str(folder)).stderr.split()
    )
    reconfigure(folder, kept)


def test_it_is_no_search(whole: tuple[Path, Any], tmp_path: Path) -> None:
    folder, _ = whole
    page = tmp_path / "page.html"
    for command in (
        ["report", str(folder), "-o", str(page)],
        ["search", "--resume", str(folder)],
        ["check", str(folder)],
        ["plot", "--kind", "progress", "--run", str(folder), "-o", str(tmp_path / "picture.png")],
        ["search", *SMALL, "--warm-start-run", str(folder), "--out", str(tmp_path / "run")],
    ):
        result = run(*command)
        says = " ".join(result.stderr.split())
        assert result.exit_code == 2 and isinstance(result.exception, SystemExit), command
        assert "is the folder of an evaluation, not of a search" in says, command
        assert f"symloss evaluate --resume {folder}" in says
    assert not page.exists()


def test_the_store_is_that_of_a_search(whole: tuple[Path, Any]) -> None:
    folder, _ = whole
    with Run.open(folder, EVALUATION) as opened:
        key = opened.archive.rows("SELECT key FROM trials LIMIT 1")[0]["key"]
        assert ArchiveStore(opened.archive).get(key)["epochs"] == 12  # type: ignore[index]
