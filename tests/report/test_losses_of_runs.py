"""RUN and RUN:3 stand for a loss wherever one is named, with the eps, scale and labels it was found with."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import symloss as sl
from symloss.cli import main
from symloss.errors import OptionError, RunError
from symloss.export import load
from symloss.report import gather
from symloss.search.archive.resume import finished_result
from symloss.search.archive.run import Run
from symloss.search.warm_start import formula_of
from tests.report.conftest import Runs
from tests.tamper import reseal


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def test_the_best_loss_is_that_of_the_report(runs: Runs) -> None:
    for folder in (runs.contest, runs.paper, runs.regression):
        best = gather(folder).best
        assert best is not None
        loss = sl.loss_of(folder)
        assert (loss.formula, loss.eps, loss.scale) == (best.formula, best.eps, best.scale)
        assert str(loss.domain.labels) == gather(folder).labels
        with Run.open(folder) as opened:
            found = finished_result(opened)
        assert found is not None and found.best is not None and found.loss == found.best.fitted
        assert found.loss is not None and (found.loss.formula, found.loss.scale) == (loss.formula, loss.scale)


def test_ranks_have_each_formula_once(runs: Runs) -> None:
    found = []
    with pytest.raises(OptionError, match="ranks are 1 to"):
        for rank in range(1, 1000):
            found.append(sl.loss_of(str(runs.paper), rank))
    assert len({loss.formula for loss in found}) == len(found) > 0
    for rank in (0, -1, True, "2"):
        with pytest.raises(OptionError, match="counted from 1"):
            sl.loss_of(runs.paper, rank)  # type: ignore[arg-type]


def test_every_command_takes_a_run(runs: Runs, tmp_path: Path) -> None:
    name, loss = str(runs.contest), sl.loss_of(runs.contest)
    checked = json.loads(run("check", name, "--json").stdout)
    assert (checked["formula"], checked["eps"], checked["scale"]) == (loss.formula, loss.eps, loss.scale)
    assert load(run("export", name, "--to", "json").stdout) == loss
    assert load(run("export", name + ":1", "--to", "json", "--scale", "3").stdout) == loss.with_scale(3)
    assert f"Scale:   {loss.scale!r}" in run("export", name, "--to", "torch").stdout or loss.scale == 1
    pairs = json.loads(run("compare", name, loss.formula, "--eps", str(loss.eps or 1), "--json").stdout)
    assert pairs["relation"] in ("equal", "proportional")
    picture = tmp_path / "a.png"
    assert run("plot", name, "--kind", "curves", "-o", str(picture)).exit_code == 0 and picture.exists()
    listed = json.loads(run("zoo", name, "--json").stdout)["losses"]
    assert listed[0]["formula"] == loss.formula
    data = [
        "--dataset",
        "synthetic",
        "--users",
        "20",
        "--items",
        "16",
        "--interactions",
        "300",
        "--max-epochs",
        "2",
    ]
    evaluated = run("evaluate", name, *data, "--json")
    assert evaluated.exit_code == 0, evaluated.stderr
    result = json.loads(evaluated.stdout)["results"][0]
    assert (result["formula"], result["eps"], result["scale"]) == (loss.formula, loss.eps, loss.scale)
    assert formula_of(name) == loss.formula and formula_of("mse") == "mse"


def test_labels_come_from_the_run(runs: Runs) -> None:
    checked = json.loads(run("check", str(runs.regression), "--json").stdout)
    assert checked["labels"] == "unit"
    pairs = json.loads(run("compare", "mse", str(runs.regression), "--json").stdout)
    assert pairs["labels"] == "unit"
    given = json.loads(run("check", str(runs.regression), "--labels", "binary", "--json").stdout)
    assert given["labels"] == "binary"


def test_what_is_no_run_says_what_is_allowed(runs: Runs, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for text, reason in (
        (str(tmp_path / "empty"), "no run folder"),
        (f"{runs.contest}:999", "ranks are 1 to"),
        (f"{runs.contest}:0", "counted from 1"),
        (f"{tmp_path}/none:2", "there is no run folder"),
        ("my-run", "unknown loss 'my-run'"),
        (str(runs.begun), "no loss with a result yet"),
        ("x" * 5000, "unknown loss"),
    ):
        found = run("check", text)
        assert found.exit_code == 2 and reason in found.stderr, (text, found.stderr)
        assert found.exception is None or isinstance(found.exception, SystemExit)


@pytest.mark.parametrize(
    "damage",
    [
        {"formula": 5}, {"formula": "__import__"}, {"eps": "a"}, {"eps": -1}, {"scale": -1}, {"scale": [1]},
        {"scale": 1e300}, {"formula": None},
    ],
)  # fmt: skip
def test_a_damaged_run_is_an_error_of_the_run(
    damage: dict[str, object], runs: Runs, copy: Callable[[Path], Path]
) -> None:
    folder = copy(runs.paper)
    summary = json.loads((folder / "summary.json").read_text())
    summary["results"][0] |= damage
    if "eps" in damage and summary["results"][0]["formula"]:
        summary["results"][0]["formula"] = "yhat + eps"
    (folder / "summary.json").write_text(json.dumps(summary))
    with pytest.raises((RunError, OptionError)):
        sl.loss_of(folder)
    assert run("export", str(folder), "--to", "torch").exit_code == 2


def test_before_phase_iii_losses_come_by_reward(runs: Runs, copy: Callable[[Path], Path]) -> None:
    folder = copy(runs.paper)
    (folder / "summary.json").unlink()
    with sqlite3.connect(folder / "archive.sqlite") as connection:
        connection.execute("DELETE FROM results")
    reseal(folder)
    ranked = gather(folder).ranked
    assert [sl.loss_of(folder, k + 1).formula for k in range(2)] == list(
        dict.fromkeys(one.formula for one in ranked)
    )[:2]


def test_the_commands_of_a_report_name_the_run(runs: Runs) -> None:
    commands = gather(runs.contest).commands
    assert commands.export == f"symloss export {runs.contest} --to torch -o best_loss.py"
    assert commands.check == f"symloss check {runs.contest}"


def test_names_and_remarks_of_an_export(tmp_path: Path) -> None:
    pinball = "max(0.9*(y - yhat), -0.1*(y - yhat))"
    found = run("export", pinball, "--labels", "real", "--to", "torch", "--name", "pinball90")
    assert "class Pinball90Loss(torch.nn.Module)" in found.stdout and found.stderr == ""
    classes = {
        line
        for other in (pinball, "(yhat - y)**4", "(yhat - y)**2 + yhat")
        for line in run("export", other, "--labels", "real", "--to", "torch").stdout.splitlines()
        if line.startswith("class Loss")
    }
    assert len(classes) == 3
    wrong = run("export", "-(yhat - y)**2", "--to", "torch")
    assert wrong.exit_code == 0 and "class" in wrong.stdout
    assert wrong.stderr.startswith("invalid: ") and wrong.stderr.count("\n") == 1
    path = tmp_path / "a.py"
    refused = run("export", "-(yhat - y)**2", "--to", "torch", "--check", "-o", str(path))
    assert refused.exit_code == 1 and not path.exists() and "Nothing was written" in refused.stderr
    assert run("export", "mse", "--to", "torch", "--check", "-o", str(path)).exit_code == 0 and path.exists()
    for name in ("", "  ", "x" * 201):
        assert run("export", "mse", "--to", "torch", "--name", name).exit_code == 2
    focal = run("export", "focal", "--labels", "real", "--to", "lightgbm")
    assert focal.exit_code == 2 and "not for real labels" in focal.stderr
