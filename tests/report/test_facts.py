"""What is read from a run, against what the run itself holds and what SciPy makes of it."""

from __future__ import annotations

import json
import sqlite3
import statistics
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from symloss.errors import RunError
from symloss.report import gather
from symloss.report.facts import Progress
from symloss.report.history import read_history
from symloss.report.intervals import paired_tests
from symloss.report.records import Checked
from symloss.search.archive.run import Run
from tests.report.conftest import Runs
from tests.tamper import reseal


def summary(folder: Path) -> dict:  # type: ignore[type-arg]
    return dict(json.loads((folder / "summary.json").read_text()))


def test_contest_numbers(runs: Runs) -> None:
    facts = gather(runs.contest)
    contest = summary(runs.contest)["comparison"]
    assert facts.progress is Progress.FINISHED and facts.best is not None and facts.contest is not None
    assert facts.sentence == contest["sentence"]
    winner = [one["metrics"]["auc"] for one in contest["winner"]["seeds"]]
    assert facts.best.test["auc"].mean == pytest.approx(statistics.mean(winner))
    assert facts.best.test["auc"].deviation == pytest.approx(statistics.stdev(winner))
    expected = stats.t.interval(0.95, len(winner) - 1, statistics.mean(winner), stats.sem(winner))
    assert facts.best.test["auc"].interval == pytest.approx(expected)
    assert [one.loss for one in facts.baselines] == [one["loss"] for one in contest["baselines"]]
    for paired, baseline in zip(facts.contest.paired, contest["baselines"], strict=True):
        other = [one["metrics"]["auc"] for one in baseline["seeds"]]
        assert paired.difference == pytest.approx(statistics.mean(winner) - statistics.mean(other))
        test = stats.ttest_rel(winner, other)
        assert paired.t_p == pytest.approx(test.pvalue)
        assert paired.interval == pytest.approx(tuple(test.confidence_interval(0.95)))
    gain = contest["gain"]["test"]
    found = next(one for one in facts.contest.gains if one.part == "test")
    assert (found.total, found.scale, found.shape) == (gain["total"], gain["scale"], gain["shape"])
    assert len(facts.contest.finalists) == len(contest["finalists"])


def test_paired_tests_against_scipy() -> None:
    generator = np.random.default_rng(3)
    first = generator.normal(size=9)
    others = {
        name: first - shift + generator.normal(scale=0.3, size=9) for name, shift in (("a", 0.4), ("b", 0.0))
    }
    by_seed = {name: dict(enumerate(map(float, values))) for name, values in others.items()}
    found = paired_tests(dict(enumerate(map(float, first))), list(by_seed.items()), higher_is_better=False)
    p = []
    for one, values in zip(found, others.values(), strict=True):
        assert one.t_p == pytest.approx(stats.ttest_rel(values, first).pvalue)
        assert one.wilcoxon_p == pytest.approx(stats.wilcoxon(first, values, method="exact").pvalue)
        assert one.difference == pytest.approx(float((values - first).mean()))
        p.append(one.wilcoxon_p)
    low, high = sorted(p)
    assert sorted(one.adjusted_p for one in found) == pytest.approx(
        [min(1, 2 * low), max(min(1, 2 * low), high)]
    )
    assert paired_tests({1: 0.5}, [("a", {1: 0.4})], higher_is_better=True) == ()


@pytest.mark.parametrize("kind", ["paper", "regression"])
def test_results_without_a_contest(runs: Runs, kind: str) -> None:
    folder = getattr(runs, kind)
    facts, found = gather(folder), summary(folder)
    assert facts.contest is None
    assert [one.formula for one in facts.tested if one.role == "found"] == [
        one["formula"] for one in found["results"]
    ]
    assert [one.loss for one in facts.baselines] == [one["loss"] for one in found["baselines"]]
    assert facts.best is not None and facts.best.test["rmse"].mean == found["best"]["metrics"]["rmse"]
    assert facts.best.test["rmse"].interval is None
    name = "RMSE" if kind == "regression" else "AUC"
    assert f"test {name}" in facts.sentence and found["best"]["formula"] in facts.sentence
    with Run.open(folder) as run:
        assert [one.formula for one in facts.ranked] == [row["formula"] for row in run.archive.best(20)]
        assert len(facts.checks) == len(run.archive.checks())
        assert {key: facts.counts[key] for key in ("sampled", "trained")} == {
            key: run.archive.counts()[key] for key in ("sampled", "trained")
        }


def test_the_best_loss_is_checked_at_its_own_eps(runs: Runs) -> None:
    facts = gather(runs.contest)
    assert facts.best_check is not None and facts.best is not None
    assert facts.best_check.verdict == "valid"
    assert all(one.status == "proved" for one in facts.best_check.directions)


def test_progress(runs: Runs, copy: Callable[[Path], Path]) -> None:
    assert gather(runs.begun).progress is Progress.UNFINISHED
    killed = copy(runs.paper)
    (killed / "summary.json").unlink()
    facts = gather(killed)
    assert (
        facts.progress is Progress.UNFINISHED and facts.loops == 2 and facts.ranked and facts.history.records
    )
    assert facts.best is not None  # results of phase III are in the archive as well
    stopped = copy(runs.contest)
    with sqlite3.connect(stopped / "archive.sqlite") as archive:
        archive.execute("DELETE FROM state WHERE name = 'finished'")
    archive.close()
    reseal(stopped)
    assert gather(stopped).progress is Progress.STOPPED
    changed = summary(stopped)
    changed["counts"]["sampled"] -= 1
    (stopped / "summary.json").write_text(json.dumps(changed))
    assert gather(stopped).progress is Progress.RESUMED


def test_a_witness_is_told() -> None:
    refuted = {
        "gradient_number": 3, "passed": False, "formula": "yhat", "verdict": "invalid", "sentence": "Wrong.",
        "direction": [{"label": 1, "status": "refuted", "witness": 0.25, "witness_gradient": 1.0, "witness_eps": 0.1}],
    }  # fmt: skip
    (found,) = Checked.of(refuted).directions
    assert found.label == "1" and found.status == "refuted"
    assert found.details == ("witness: yhat = 0.25, eps = 0.1, where the gradient is 1",)


def test_long_histories_are_drawn_in_groups(runs: Runs, copy: Callable[[Path], Path]) -> None:
    made = copy(runs.paper)
    with sqlite3.connect(made / "archive.sqlite") as archive:
        counts = archive.execute("SELECT counts FROM loops LIMIT 1").fetchone()[0]
        archive.executemany(
            "INSERT INTO loops (loop, seconds, metric, adopted, trained, counts) VALUES (?, ?, ?, ?, 0, ?)",
            [(k, k / 10, 0.5, 1 if k == 1000 else None, counts) for k in range(10, 5010)],
        )
    archive.close()
    reseal(made)
    with Run.open(made) as run:
        history = read_history(run.archive, run.config["options"])
    assert len(history.records) <= 600 and history.grouped > 1
    assert history.records[-1]["loop"] == 5009
    assert any(record["adopted"] for record in history.records if 990 < record["loop"] < 1020)


def test_what_is_no_run_is_refused(runs: Runs, copy: Callable[[Path], Path], tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no run folder"):
        gather(tmp_path)
    made = copy(runs.paper)
    (made / "archive.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(RunError):
        gather(made)
    made = copy(runs.contest)
    with sqlite3.connect(made / "archive.sqlite") as archive:
        archive.execute("UPDATE loops SET counts = '{broken'")
    archive.close()
    with pytest.raises(RunError, match="is damaged: the row '1' of 'loops' is not as it was written"):
        gather(made)
    reseal(made)
    with pytest.raises(RunError, match="damaged"):
        gather(made)
    (made / "config.json").write_text("[1]")
    with pytest.raises(RunError):
        gather(made)
    with (made / "config.json").open("wb") as file:
        file.truncate(65 * 2**20)
    with pytest.raises(RunError, match="more than 64 MB"):
        gather(made)
