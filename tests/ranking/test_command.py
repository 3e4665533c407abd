"""Ranking losses of whole rows on the command line."""

from __future__ import annotations

import json

from click.testing import CliRunner, Result

from symloss import zoo
from symloss.cli import main


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def test_check() -> None:
    text = "sigmoid((pos - beta)/tau_w)*lse_neg((neg - pos)/0.2)"
    settings = ("--input", "cosine", "--negatives", "1199")
    bad = run("check", text, "--param", "tau_w=0.5", *settings, "--json")
    assert bad.exit_code == 1
    document = json.loads(bad.stdout)
    assert (document["kind"], document["input"], document["params"]) == ("ranking", "cosine", {"tau_w": 0.5})
    witness = document["requirements"][0]["witness"]
    assert {"pos", "neg", "beta", "slope"} <= set(witness)
    assert isinstance(witness["neg"], list)
    assert run("check", text, "--param", "tau_w=2.5", *settings).exit_code == 0
    part = run("check", "slk", "--param", "tau_w=0.3..4", "--time-limit", "10", "--json")
    assert part.exit_code == 1
    verdict = json.loads(part.stdout)[-1]
    assert verdict["verdict"] == "invalid"
    assert verdict["proved"][1] == 4
    assert verdict["outside"]["tau_w"] < verdict["proved"][0]


def test_compare_and_zoo() -> None:
    found = json.loads(run("compare", "bsl-2024", "sl", "--json").stdout)
    assert found["relation"] == "proportional"
    assert run("compare", "sl", "psl", "mse").exit_code == 0
    listed = json.loads(run("zoo", "--json").stdout)
    assert [entry["name"] for entry in listed["ranking"]] == zoo.ranking_names()
    assert len(listed["ranking"]) >= 28
    assert all(entry["source"] and entry["latex"] for entry in listed["ranking"])
    assert "lse_neg" in run("zoo", "sl").stdout


def test_bad_input_is_told_and_not_traced() -> None:
    for arguments, says in (
        (("check", "sl", "--negatives", "x"), "whole number"),
        (("check", "sl", "--negatives", "0"), "between 1 and"),
        (("check", "mean_neg(pos)"), "aggregates nothing"),
        (("check", "mse", "--negatives", "3"), "ranking loss"),
        (("check", "sl", "--labels", "unit"), "no labels"),
        (("check", "sl", "--input", "probability"), "cosine"),
        (("plot", "sl"), "ranking loss"),
        (("export", "sl", "--to", "latex"), "ranking loss"),
        (("evaluate", "sl", "--dataset", "synthetic"), "ranking loss"),
        (("check", "slk", "--param", "tau_z=1"), "tau_z"),
    ):
        found = run(*arguments)
        assert found.exit_code == 2, (arguments, found.output)
        assert says in found.output, (arguments, found.output)
        assert "Traceback" not in found.output
