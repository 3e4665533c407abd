"""`evaluate` and `search` from the command line, on data small enough for seconds."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from symloss.cli import main
from symloss.cli.plot_training import quick_settings
from symloss.cli.results import reached_line
from symloss.tasks.metrics import AUC, RMSE
from symloss.training.clock import Size, short_epochs
from symloss.training.settings import Optimizer, TrainingSettings
from tests.search.conftest import make_dataset

SMALL = ["--dataset", "synthetic", "--users", "60", "--items", "80", "--interactions", "1500"]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def test_evaluate_json_has_one_entry_a_loss_and_seed() -> None:
    options = ["--eps", "1,0.1", "--scale", "1,2", "--max-epochs", "3", "--seeds", "2", "--json"]
    result = run("evaluate", "mse", "maxr", *SMALL, *options)
    assert result.exit_code == 0, result.stderr
    results = json.loads(result.stdout)["results"]
    assert [(entry["loss"], entry["seed"]) for entry in results] == [
        ("mse", 42),
        ("mse", 43),
        ("maxr", 42),
        ("maxr", 43),
    ]
    for entry in results:
        assert set(entry["metrics"]) == {"auc", "f1", "accuracy", "rmse", "mae"}
        assert all(0 <= value <= 1 for value in entry["metrics"].values())
        assert entry["scale"] in (1, 2) and entry["epochs"] == 3 and 1 <= entry["best_epoch"] <= 3
        assert entry["eps"] in ((None,) if entry["loss"] == "mse" else (1, 0.1))
    assert [entry["trials"] for entry in results] == [2, 2, 4, 4]


def test_evaluate_table_and_score_losses() -> None:
    result = run("evaluate", "hinge", "-log(yhat)*y - log(1-yhat)*(1-y)", *SMALL, "--max-epochs", "2")
    assert result.exit_code == 0, result.stderr
    assert "hinge" in result.stdout and "AUC" in result.stdout


def test_evaluate_is_reproducible_whatever_the_threads() -> None:
    found = []
    for threads in ("1", "2"):
        result = run("evaluate", "bce", "mse", *SMALL, "--max-epochs", "4", "--threads", threads, "--json")
        found.append([entry["metrics"] for entry in json.loads(result.stdout)["results"]])
    assert found[0] == found[1]


def test_mlp_trains() -> None:
    result = run("evaluate", "bce", *SMALL, "--model", "mlp", "--max-epochs", "2", "--json")
    assert json.loads(result.stdout)["model"] == "mlp"


def test_search_runs_all_phases_and_leaves_a_run_folder(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    options = ["--check-first", "--strategy", "random", "--loops", "20", "--batch", "500", "--survivors", "2"]
    training = ["--learning-rate", "0.3", "--max-epochs", "3", "--eps", "0.1"]
    result = run("search", *SMALL, *options, *training, "--out", str(folder), "--json")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    counts = document["counts"]
    assert counts["sampled"] == 10_000 and counts["zero_gradient"] > 0 and counts["distinct"] > 0
    assert {entry["loss"] for entry in document["baselines"]} == {"bce", "mse", "focal", "hinge"}
    assert document["best"]["formula"] and 0 <= document["best"]["metrics"]["auc"] <= 1
    names = {path.name for path in folder.iterdir()}
    assert {"config.json", "archive.sqlite", "summary.json"} <= names
    assert json.loads((folder / "summary.json").read_text())["counts"] == counts
    config = json.loads((folder / "config.json").read_text())
    assert config["options"]["seed"] == 42 and config["environment"]
    again = run("search", *SMALL, "--loops", "1", "--out", str(folder))
    assert again.exit_code == 2 and "in use" in again.stderr
    # a finished run is reported as it was
    reported = run("search", "--resume", str(folder), "--json")
    assert reported.exit_code == 0, reported.stderr
    assert json.loads(reported.stdout) == document
    refused = run("search", "--resume", str(folder), "--batch", "7", "--dataset", "synthetic")
    assert refused.exit_code == 2
    assert "--dataset, --batch can't be given with --resume" in " ".join(refused.stderr.split())


def test_search_goes_on_with_a_larger_budget(tmp_path: Path) -> None:
    options = [
        "--check-first",
        "--strategy",
        "random",
        "--batch",
        "300",
        "--max-complexity",
        "4",
        "--survivors",
        "1",
    ]
    rewards = ["--reward", "fresh", "--reward-epochs", "2", "--search-eps", "0.1,1", "--search-scale", "1,4"]
    training = ["--learning-rate", "0.3", "--max-epochs", "2", "--eps", "0.1"]
    common = [*SMALL, *options, *rewards, *training]
    pieces, whole = str(tmp_path / "pieces"), str(tmp_path / "whole")
    # 3: nothing got through
    assert run("search", *common, "--loops", "4", "--out", pieces).exit_code == 3
    result = run("search", "--resume", pieces, "--loops", "8", "--threads", "1", "--json")
    assert result.exit_code == 3, result.stderr
    found, expected = (
        json.loads(one.stdout)
        for one in (result, run("search", *common, "--loops", "8", "--out", whole, "--json"))
    )
    assert found["counts"]["sampled"] == 2400
    for entry in (found, expected):
        for result in (*entry["results"], *entry["baselines"]):
            result.pop("seconds")
    for key in ("counts", "results", "baselines"):
        assert found[key] == expected[key]


def test_ablations_and_budgets(tmp_path: Path) -> None:
    training = ["--learning-rate", "0.3", "--max-epochs", "1", "--eps", "0.1", "--survivors", "1"]
    folder = tmp_path / "run"
    options = ["--strategy", "random", "--batch", "10", "--max-trained", "15", "--out", str(folder)]
    result = run("search", *SMALL, *options, *training, "--no-proxy-test", "--no-reward-filter", "--json")
    found = json.loads(result.stdout)
    assert result.exit_code == (3 if found["best"] is None else 0), result.stderr
    counts = json.loads(result.stdout)["counts"]
    assert counts["sampled"] == counts["trained"] == 20
    options = json.loads((folder / "config.json").read_text())["options"]
    assert (options["proxy_test"], options["reward_filter"], options["duplicates"]) == (
        False,
        False,
        "sampled",
    )


def test_warm_start(tmp_path: Path) -> None:
    common = [
        *SMALL,
        "--strategy",
        "genetic",
        "--check-first",
        "--batch",
        "50",
        "--loops",
        "2",
        "--survivors",
        "1",
    ]
    training = ["--learning-rate", "0.3", "--max-epochs", "1", "--eps", "0.1"]
    first, second = tmp_path / "first", tmp_path / "second"
    given = ["--warm-start", "mse; (yhat - y)**4", "--reward", "fresh", "--reward-epochs", "1"]
    result = run("search", *common, *training, *given, "--out", str(first), "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["counts"]["trained"] >= 2
    result = run("search", *common, *training, "--warm-start-run", str(first), "--out", str(second), "--json")
    assert result.exit_code == 0, result.stderr
    begun = json.loads((second / "config.json").read_text())["options"]["warm_start"]
    assert "(-y + yhat)**4" in begun
    assert run("search", *common, "--warm-start", "hinge").exit_code == 2
    missing = run("search", *common, "--warm-start-run", str(tmp_path / "nowhere"))
    assert missing.exit_code == 2 and "no run folder" in " ".join(missing.stderr.split())


def test_search_that_does_not_fit_the_data_leaves_no_folder(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    result = run("search", *SMALL, "--labels", "unit", "--loops", "1", "--out", str(folder))
    assert result.exit_code == 2 and "use --task regression" in " ".join(result.stderr.split())
    assert not folder.exists()


BAD_INPUT = [
    (["search", "--model", "nfm"], "unknown model 'nfm'"),
    (["search", "--strategy", "reinforced"], "did you mean 'reinforce'"),
    (["search", "--time", "soon"], "write a duration such as 90s"),
    (["search", "--operators", "add,plus"], "unknown operator 'plus'"),
    (["search", *SMALL, "--loops", "1", "--out", "/proc/nowhere"], "choose another with --out"),
    (["search", "--task", "ranking"], "unknown task"),
    (["search", "--reward", "epochs"], "did you mean 'epoch'"),
    (["search", "--duplicates", "none"], "allowed are exact, sampled"),
    (["search", "--max-trained", "0"], "max_trained is 0"),
    (["search", "--check-first", "--no-proxy-test"], "choose one of the two"),
    (["search", "--strategy-option", "population"], "write NAME=VALUE"),
    (["search", "--engine", "sparks"], "unknown engine 'sparks'"),
    (["search", "--resume", "/nowhere/run"], "is no run folder"),
    (["search", "--resume", "/nowhere/run", "--seed", "3"], "--seed can't be given with --resume"),
    (["evaluate", "maxrr", *SMALL], "did you mean 'maxr'"),
    (["evaluate", "mse", *SMALL, "--max-epochs", "0"], "at least 1"),
    (["evaluate", "mse", *SMALL, "--eps", "a"], "must be a number"),
    (["evaluate", "mse", *SMALL, "--scale", "-1"], "positive numbers"),
    (["evaluate", "mse", *SMALL, "--seeds", "0"], "at least 1"),
    (["evaluate", "plog(yhat, eps)", *SMALL, "--eps", "1e-9"], "at least 1e-6"),
    (["evaluate", "mse", "--users", "3"], "go with --dataset synthetic"),
]


@pytest.mark.parametrize(("arguments", "says"), BAD_INPUT, ids=lambda value: None)
def test_bad_input(arguments: list[str], says: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert says in " ".join(result.stderr.split())
    assert isinstance(result.exception, SystemExit)


@pytest.mark.parametrize(
    "options",
    [["--strategy-option", "population=1"], ["--warm-start", "maxr"], ["--warm-start", "foo"]],
)
def test_a_search_that_can_not_begin_leaves_nothing(options: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "run"
    result = run("search", *SMALL, "--loops", "1", *options, "--out", str(folder))
    assert result.exit_code == 2
    assert not folder.exists()


def test_evaluate_says_what_is_trivial_and_warns() -> None:
    options = ["--max-epochs", "1", "--patience", "2", "--threads", "1"]
    result = run("evaluate", "bce", "-(yhat - y)**2", *SMALL, *options, "--json")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert [one["name"] for one in document["references"]] == [
        "global mean",
        "item mean",
        "user plus item means",
    ]
    assert all(
        set(one["metrics"]) == {"auc", "f1", "accuracy", "rmse", "mae"} for one in document["references"]
    )
    codes = {one["code"] for one in document["warnings"]}
    assert {"not_converged", "below_means", "invalid_loss"} <= codes
    assert document["training"]["max_epochs"] == 1 and document["training"]["patience"] == 2
    table = run("evaluate", "bce", *SMALL, *options).stdout
    assert "user plus item means" in table and "Warning: not converged" in table


def test_regression_has_no_columns_that_do_not_apply(tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv"
    rows = [f"{k % 12},{(k * 7) % 31},{1 + (k * k) % 5},{k}" for k in range(300)]
    path.write_text("\n".join(["user,item,rating,time", *rows]))
    options = ["--labels", "real", "--task", "regression", "--max-epochs", "2", "--threads", "1"]
    table = run("evaluate", "mse", "--data-dir", str(path), *options)
    assert table.exit_code == 0, table.stderr
    assert "RMSE" in table.stdout and "MAE" in table.stdout
    assert not any(word in table.stdout for word in ("AUC", "F1", "accuracy", "nan"))


def test_evaluate_without_a_result_has_its_own_exit_code() -> None:
    # the gradient overflows at once
    options = [
        "--scale",
        "1e38",
        "--learning-rate",
        "1000",
        "--l2",
        "0",
        "--max-epochs",
        "1",
        "--threads",
        "1",
    ]
    result = run("evaluate", "exp(80*yhat)*yhat**2", *SMALL, *options, "--json")
    usable = any(entry["valid_metric"] is not None for entry in json.loads(result.stdout)["results"])
    assert result.exit_code == (0 if usable else 3)
    assert any(one["code"] == "extreme_scale" for one in json.loads(result.stdout)["warnings"])


def test_a_search_without_a_gain_crowns_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    options = [
        "--loops",
        "1",
        "--batch",
        "30",
        "--survivors",
        "1",
        "--eps",
        "0.1",
        "--warm-start",
        "(yhat - y)**4",
    ]
    training = ["--learning-rate", "0.3", "--max-epochs", "2", "--reward-epochs", "2", "--final-seeds", "2"]
    result = run("search", *SMALL, *options, *training, "--threads", "1", "--out", str(folder), "--json")
    document = json.loads(result.stdout)
    verdict = document["verdict"]
    best = document["best"]
    rivals = [one["metrics"]["auc"] for one in (*document["baselines"], *document["references"])]
    if best is None:
        assert verdict["code"] == "nothing_got_through" and result.exit_code == 3
    else:
        beats = best["metrics"]["auc"] > max(rivals)
        assert verdict["code"] == ("found_loss_beats" if beats else "no_found_loss_beats")
        assert result.exit_code == 0
    again = run("search", "--resume", str(folder), "--fail-without-gain")
    crowned = verdict["code"] == "found_loss_beats"
    assert again.exit_code == (3 if best is None else 0 if crowned else 4)
    assert " ".join(again.stdout.split()).startswith(" ".join(verdict["sentence"].split()))
    assert ("winner" in again.stdout) == crowned
    assert "user plus item means" in again.stdout and "\n kept" not in again.stdout
    reported = run("report", str(folder), "--json")
    page = (folder / "report.html").read_text()
    facts = json.loads(reported.stdout)
    assert facts["verdict"] == verdict and facts["references"] == document["references"]
    assert facts["warnings"] == document["warnings"]
    if not crowned:
        assert "winner" not in page and "the winner" not in facts["sentence"].lower()
    assert "user plus item means" in page


def test_pictures_train_for_as_long_as_the_data_needs() -> None:
    movielens, small = Size(94_638, 943), make_dataset(3000)
    quick = TrainingSettings(learning_rate=0.3, max_epochs=60, patience=10)
    found = quick_settings(quick, small)
    ratio = 740 / -(-len(small.train) // 128)
    assert found.max_epochs == min(2_000, math.ceil(60 * ratio)) and found.learning_rate == 0.3
    assert found.patience == min(2_000, math.ceil(10 * ratio))
    assert short_epochs(60, quick, movielens) == 60
    # what was given is done
    assert quick_settings(quick, small, ("max_epochs", "patience", "learning_rate")) == quick
    assert quick_settings(replace(quick, optimizer=Optimizer.ADAM), small).learning_rate == 0.01


def test_data_warns_of_an_extreme_share(tmp_path: Path) -> None:
    rows = [f"{user},{item},{5 if (user + item) % 12 else 2}" for user in range(12) for item in range(20)]
    (tmp_path / "ratings.csv").write_text("\n".join(["user,item,rating", *rows]))
    given = ["data", "--data-dir", str(tmp_path / "ratings.csv"), "--split", "random"]
    warned = run(*given)
    assert warned.exit_code == 0 and "Warning: 91.7% of the labels are positive" in " ".join(
        warned.stderr.split()
    )
    (warning,) = json.loads(run(*given, "--json").stdout)["warnings"]
    assert warning["code"] == "extreme_share" and "91.7%" in warning["text"]
    assert json.loads(run("data", *SMALL, "--json").stdout)["warnings"] == []


def test_a_regression_says_what_it_measured(tmp_path: Path) -> None:
    options = [
        "--loops",
        "2",
        "--batch",
        "20",
        "--max-epochs",
        "3",
        "--effectiveness",
        "paper",
        "--survivors",
        "2",
    ]
    options += [
        "--eps",
        "0.1",
        "--warm-start",
        "(yhat - y)**2; -yhat*(2*y - 1); (yhat - y)**2*(2 - y)",
        "--threads",
        "1",
        "--out",
        str(tmp_path / "run"),
    ]
    result = run("search", *SMALL, "--labels", "unit", "--task", "regression", *options)
    assert result.exit_code in (0, 4), result.stderr
    (line,) = [one for one in result.stdout.splitlines() if one.startswith("test ")]
    best = json.loads((tmp_path / "run" / "summary.json").read_text())["best"]
    # these labels happen to be 0 and 1, so that the AUC is defined too; what was watched comes first
    assert line == f"test RMSE {best['metrics']['rmse']:.4f}, AUC {best['metrics']['auc']:.4f}"
    assert "nan" not in result.stdout


def test_a_metric_that_is_undefined_is_not_named() -> None:
    nan = math.nan
    metrics = [AUC(), RMSE()]
    assert reached_line({"rmse": 0.25, "auc": nan}, RMSE(), metrics) == "test RMSE 0.2500"
    assert reached_line({"rmse": 0.25, "auc": 0.7}, AUC(), metrics) == "test AUC 0.7000, RMSE 0.2500"
    assert reached_line({"rmse": nan, "auc": nan}, AUC(), metrics) == "not tested"
