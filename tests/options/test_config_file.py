"""--config FILE.toml: the same as on the command line, under the same names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from symloss.cli import main
from symloss.cli.evaluate import command as evaluate
from symloss.cli.plot import command as plot
from symloss.cli.schema import given_names, keys_of
from symloss.cli.search import command as search
from symloss.cli.search_options import build_options
from symloss.errors import OptionError
from symloss.search.options import SearchOptions

WHOLE = """
seed = 5
time = 90

[data]
dataset = "synthetic"
users = 30
threshold = 3.5
user-column = 2

[training]
model = "mlp"
learning_rate = 0.25
l2 = 0

[candidates]
strategy = "random"
strategy-option = { population = 7, rate = 0.5, flag = true }
operators = ["add", "neg", "tanh"]
warm-start = ["-yhat*y", "mse"]
no-proxy-test = false
train-all = true

[rewards]
search-eps = [1, 0.001]
search-scale = 2.5
unit-scale = false

[budget]
loops = 3
evaluation-time = "2m"

[effectiveness]
eps = "1, 0.1"
final-seeds = 4

[run]
preset = "best"
json = true
"""

AS_WORDS = [
    "--seed", "5", "--time", "90s", "--dataset", "synthetic", "--users", "30", "--threshold", "3.5", "--user-column",
    "2", "--model", "mlp", "--learning-rate", "0.25", "--l2", "0", "--strategy", "random", "--strategy-option",
    "population=7", "--strategy-option", "rate=0.5", "--strategy-option", "flag=true", "--operators", "add,neg,tanh",
    "--warm-start=-yhat*y;mse", "--train-all", "--search-eps", "1,0.001", "--search-scale", "2.5", "--plain-scale",
    "--loops", "3", "--evaluation-time", "2m", "--eps", "1,0.1", "--final-seeds", "4", "--preset", "best",
    "--json",
]  # fmt: skip


def parsed(words: list[str], command: click.Command = search) -> tuple[dict[str, Any], set[str]]:
    with command.make_context("it", words) as context:
        return dict(context.params), given_names(context)


def options(words: list[str]) -> SearchOptions:
    parameters, given = parsed(words)
    return build_options(parameters, given)


def written(folder: Path, text: str) -> list[str]:
    path = folder / "options.toml"
    path.write_text(text, encoding="utf-8")
    return ["--config", str(path)]


def test_the_same_as_on_the_command_line(tmp_path: Path) -> None:
    config = written(tmp_path, WHOLE)
    parameters, given = parsed(config)
    plainly, given_plainly = parsed(AS_WORDS)
    assert build_options(parameters, given) == build_options(plainly, given_plainly)
    assert {**parameters, "eps": None, "time_text": None, "evaluation_time": None, "warm_start": None} == {
        **plainly, "eps": None, "time_text": None, "evaluation_time": None, "warm_start": None
    }  # fmt: skip
    assert given - {"config", "no_proxy_test"} == given_plainly
    found = build_options(parameters, given)
    assert (found.time_limit, found.evaluation_time, found.warm_start) == (90.0, 120.0, ("-yhat*y", "mse"))
    assert found.strategy_options == {"population": 7, "rate": 0.5, "flag": True}


def test_the_command_line_wins_over_the_file_and_the_file_over_the_preset(tmp_path: Path) -> None:
    config = written(tmp_path, 'strategy = "random"\nloops = 3\nreward = "epoch"\n')
    found = options([*config, "--loops", "9"])
    assert (found.strategy, found.loops, found.reward) == ("random", 9, "epoch")
    # the rest is the preset's
    assert (found.effectiveness, found.check_first) == ("contest", True)
    assert options(["--loops", "9", *config]) == found


def test_tables_are_only_headings(tmp_path: Path) -> None:
    flat = options(written(tmp_path, "loops = 4\nl2 = 0.5\n"))
    assert options(written(tmp_path, "[training]\nl2 = 0.5\n[budget]\nloops = 4\n")) == flat


def test_every_option_has_a_place_in_a_file() -> None:
    for command in (search, evaluate, plot):
        names = {key.name for key in keys_of(command)}
        flags = {
            flag.removeprefix("--")
            for parameter in command.params
            for flag in (*parameter.opts, *parameter.secondary_opts)
            if isinstance(parameter, click.Option) and flag.startswith("--")
        }
        assert flags - names == {"config", "resume"} & flags


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("lops = 3", "unknown option 'lops'; did you mean 'loops'"),
        ("[budget]\nlops = 3", "did you mean 'loops'"),
        ("[budgets]\nloops = 3", "unknown table 'budgets'; did you mean 'budget'"),
        ("[training]\nloops = 3", "loops stands under [training] in"),
        ("loops = 3\n[budget]\nloops = 4", "gives loops and loops; leave one of the two"),
        ("check-first = true\ntrain-all = true", "gives train-all and check-first"),
        ('loops = "three"', "loops is 'three' in"),
        ("loops = 2.5", "it takes a whole number of at least 1"),
        ("loops = true", "it takes a whole number"),
        ("learning-rate = [1]", "it takes a finite number above 0"),
        ("learning-rate = nan", "nan"),
        ("time = [1]", "it takes a duration such as '90s', '10m' or '2h', or a number of seconds"),
        ("time = -5", "--time is '-5'; it must be above 0"),
        ("eps = [1, 'a']", "eps is [1, 'a'] in"),
        ("eps = [1, -1]", "--eps is '1,-1'"),
        ("operators = [1]", "it takes a list of texts"),
        ('operators = ["add,sub"]', "it takes a list of texts"),
        ("unit-scale = 1", "it takes true or false"),
        ("model = 1.5", "it takes a text"),
        ("strategy-option = 3", "it takes a table such as"),
        ("data-dir = 3", "it takes a path"),
        ("resume = 'a'", "unknown option 'resume'"),
        ("config = 'a'", "unknown option 'config'"),
        ("loops 3", "is not written as TOML"),
        ("loops = " + "[" * 5000, "nested too deeply"),
        ("loops = " + "9" * 5000, "can't be read"),
        ("x = '" + "a" * (1 << 20) + "'", "it has more than 1,048,576 bytes"),
        ("a.b = 1", "unknown table 'a'"),
    ],
)
def test_what_a_file_may_not_say(text: str, says: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["search", *written(tmp_path, text)])
    assert result.exit_code == 2, result.output
    assert says in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("content", [None, b"\xff\xfe", "folder"])
def test_a_file_that_can_not_be_read(content: bytes | str | None, tmp_path: Path) -> None:
    path = tmp_path / "options.toml"
    if content == "folder":
        path.mkdir()
    elif isinstance(content, bytes):
        path.write_bytes(content)
    with pytest.raises(OptionError, match="can't be read"):
        parsed(["--config", str(path)])


def numbers(text: str) -> dict[str, Any]:
    """Read a document of `evaluate`, without what depends on the speed of the machine."""
    document: dict[str, Any] = json.loads(text)
    return {
        **document,
        "results": [{key: one[key] for key in one if key != "seconds"} for one in document["results"]],
    }


def test_evaluate_by_a_file(tmp_path: Path) -> None:
    """The numbers of an evaluation are those of the same words, and its folder goes on without the file."""
    data = ["--dataset", "synthetic", "--users", "30", "--items", "20", "--interactions", "600"]
    small = [*data, "--max-epochs", "2", "--threads", "1"]
    config = written(
        tmp_path,
        'scale = "auto"\nseed = 3\n[data]\ndataset = "synthetic"\nusers = 30\nitems = 20\ninteractions = 600\n'
        "[training]\nmax-epochs = 2\nthreads = 1\n[run]\njson = true\n",
    )
    run = tmp_path / "run"
    by_file = CliRunner().invoke(main, ["evaluate", "mse", *config, "--out", str(run)])
    by_words = CliRunner().invoke(
        main, ["evaluate", "mse", *small, "--scale", "auto", "--seed", "3", "--json"]
    )
    assert by_file.exit_code == by_words.exit_code == 0, by_file.output
    assert numbers(by_file.stdout) == numbers(by_words.stdout)
    (tmp_path / "options.toml").unlink()
    again = CliRunner().invoke(main, ["evaluate", "--resume", str(run), "--json"])
    assert numbers(again.stdout) == numbers(by_words.stdout)


def test_what_a_run_has_can_not_be_given_again_in_a_file(tmp_path: Path) -> None:
    config = written(tmp_path, "batch = 3\n")
    result = CliRunner().invoke(main, ["search", "--resume", str(tmp_path), *config])
    assert result.exit_code == 2
    assert "--batch can't be given with --resume" in " ".join(result.stderr.split())
