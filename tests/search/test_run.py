"""Run folders: complete or absent, in plain JSON."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from symloss.errors import RunError
from symloss.search.archive.run import Run


def test_a_run_has_config_versions_and_no_pickles(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "run"
    with Run.create({"options": {"seed": 3}}, folder, seed=3) as run:
        run.write("results", {"metrics": {"auc": float("inf"), "f1": 0.5}})
    config = json.loads((folder / "config.json").read_text())
    assert config["options"] == {"seed": 3}
    assert set(config["environment"]["versions"]) >= {"symloss", "torch", "numpy"}
    assert json.loads((folder / "results.json").read_text()) == {"metrics": {"auc": None, "f1": 0.5}}
    assert sorted(path.name for path in folder.iterdir()) == [
        "archive.sqlite",
        "config.json",
        "lock",
        "results.json",
    ]
    assert sorted(path.name for path in folder.parent.iterdir()) == ["run"]


def test_default_name_has_the_seed_and_is_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folders = []
    for _ in range(3):
        with Run.create({}, seed=17) as run:
            folders.append(run.folder)
    assert len(set(folders)) == 3
    assert all(folder.parent == Path("runs") and "-17" in folder.name for folder in folders)


def test_an_empty_folder_can_be_used(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with Run.create({}, tmp_path / "run") as run:
        assert (run.folder / "config.json").exists()


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "thesis.tex").write_text("precious")
    with pytest.raises(RunError, match="in use"):
        Run.create({}, folder)
    assert [path.name for path in folder.iterdir()] == ["thesis.tex"]
    with pytest.raises(RunError, match="in use"):
        Run.create({}, folder / "thesis.tex")


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="can't be made"):
        Run.create({}, tmp_path / "file" / "run")


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="permissions do not bind the superuser"
)
def test_a_folder_without_permission(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(RunError, match="can't be made"):
            Run.create({}, tmp_path / "run")
    finally:
        tmp_path.chmod(0o700)


def test_a_run_whose_folder_vanishes(tmp_path: Path) -> None:
    with Run.create({}, tmp_path / "run") as run:
        for path in run.folder.iterdir():
            path.unlink()
        run.folder.rmdir()
        with pytest.raises(RunError, match="can't be written"):
            run.write("summary", {})
