"""Exported text: where it comes from, its format, LaTeX that typesets, and JSON that loads back."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from matplotlib.mathtext import MathTextParser

import symloss as sl
from symloss import zoo
from symloss.cli import main
from symloss.errors import FormulaError, OptionError
from symloss.export import TARGETS, export, load, save
from tests.formulas import formulas

CODE = ("torch", "jax", "numpy", "keras", "xgboost", "lightgbm")
HARD = [
    sl.Loss("plog(yhat - y, eps)*recip(yhat) + psqrt(guard(1e9*yhat))", eps=1.2345678901234567e-06, name="a \\ 'b\""),
    sl.Loss(" + ".join(f"max(yhat, {i}/60)*log(1 + y*yhat + {i})/(2 + yhat)" for i in range(40)), eps=0.1),
    sl.Loss("(max(abs(yhat)**yhat, y)/(eps + y))**eps + pexp(yhat*y)", labels="real", input="score"),
    sl.Loss("aq(yhat, y)**2 + tanh(yhat)*atan(yhat - y)*sigmoid(y*yhat)*min(yhat, y, 0.25)", labels="unit"),
    sl.Loss("yhat"),
]  # fmt: skip


def losses() -> list[sl.Loss]:
    return [*(zoo.get(name) for name in zoo.names()), *HARD]


def test_every_target_exports_every_loss() -> None:
    for loss in losses():
        for target in TARGETS:
            if target == "latex" and loss in HARD:
                continue  # Proofs on long formulas take their whole time limit.
            text = export(loss, target)
            assert text.endswith("\n") and text.isascii()
            formula = json.dumps(loss.formula)[1:-1] if target == "json" else loss.formula
            bare = re.sub(r"[\s%]", "", text)
            assert re.sub(r"\s", "", formula) in bare
            assert f"symloss{sl.__version__}" in bare
            if loss.name in zoo.names():
                assert re.sub(r"\s", "", zoo.entry(loss.name).source) in bare
            assert text == export(loss, target)


def test_a_changed_loss_does_not_claim_the_source_of_the_named_one() -> None:
    assert "AutoLossGen" not in export(sl.Loss("yhat - y", name="maxr"), "torch")


def test_code_is_formatted(tmp_path: Path) -> None:
    ruff = Path(sys.executable).with_name("ruff")
    command = str(ruff) if ruff.exists() else shutil.which("ruff")
    if command is None:
        pytest.skip("ruff is not installed")
    for number, loss in enumerate(losses()):
        for target in CODE:
            (tmp_path / f"{target}_{number}.py").write_text(export(loss, target))
    options = ["--isolated", "--line-length", "88", str(tmp_path)]
    for check in (["format", "--check"], ["check", "--select", "E,F,I,W,B"]):
        found = subprocess.run([command, *check, *options], capture_output=True, text=True, check=False)
        assert found.returncode == 0, found.stdout[:3000] + found.stderr


def typeset(text: str) -> None:
    # matplotlib knows the mathematics, but neither \operatorname nor environments.
    text = text.replace(r"\operatorname", r"\mathrm").replace(r"\Big|", "|").replace("&", "").strip()
    if text:
        MathTextParser("agg").parse(f"${text}$")


@pytest.mark.parametrize("name", zoo.names())
def test_latex_typesets(name: str) -> None:
    text = export(zoo.get(name), "latex")
    body = "\n".join(line for line in text.splitlines() if not line.startswith("%"))
    assert body.count("{") == body.count("}")
    opened = re.findall(r"\\begin\{(\w+\*?)\}", body)
    assert sorted(opened) == sorted(re.findall(r"\\end\{(\w+\*?)\}", body))
    (definition,) = re.findall(r"\\begin\{equation\*\}\n(.*)\n\\end\{equation\*\}", body)
    typeset(definition)
    (rows,) = re.findall(r"\\begin\{align\*\}\n(.*)\n\\end\{align\*\}", body, re.DOTALL)
    assert rows.count(r"\frac{\partial f}{\partial \hat{y}}") == 2
    for part in re.split(r"\\\\|\\begin\{cases\}|\\end\{cases\}", rows):
        typeset(part)
    macro, count, meaning = re.findall(r"\\newcommand\{(\\[A-Za-z]+)\}\[(\d)\]\{(.*)\}", body)[0]
    assert int(count) == (3 if zoo.get(name).has_eps else 2)
    typeset(meaning.replace("#1", r"\hat{y}").replace("#2", "y").replace("#3", r"\epsilon"))
    assert macro.endswith("Loss")


def test_latex_names_eps_and_defines_protected_functions() -> None:
    text = export(sl.zoo.maxr.with_eps(0.1), "latex")
    assert r"\qquad \epsilon = \frac{1}{10}" in text and r"= \frac{1}{\epsilon}" in text
    assert "no closed form" in export(HARD[1], "latex")
    text = export(sl.Loss("plog(yhat - y, eps) + guard(yhat)"), "latex")
    assert (
        r"\operatorname{plog}\left(x, s\right) &=" in text
        and r"\operatorname{guard}\left(x\right) &=" in text
    )
    assert r"\newcommand{\SmoothLOneLoss}[2]" in export(zoo.get("smooth-l1"), "latex")


def test_json_loads_back() -> None:
    for loss in losses():
        assert load(export(loss, "json")) == loss
    loss = sl.Loss("(yhat - y)**2 + eps", eps=0.25, labels="real", input="score", name="ridge \u00e9")
    assert load(export(loss, "json")) == loss


@settings(max_examples=25, deadline=None)
@given(text=formulas(max_leaves=12))
def test_any_formula_loads_back(text: str) -> None:
    loss = sl.Loss(text, eps=0.1, labels="unit")
    assert load(export(loss, "json")) == loss


def changed(**fields: object) -> str:
    return json.dumps(json.loads(export(sl.zoo.maxr, "json")) | fields)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no JSON"),
        ("{", "no JSON"),
        ("[" * 90_000, "no JSON"),
        ("[]", "must be a JSON object"),
        ("{}", '"format" must be'),
        (" " * 100_001, "100001 characters"),
        ('{"format": "symloss-loss", "format": "symloss-loss"}', "occurs twice"),
        (changed(version=2), '"version" must be 1'),
        (changed(version=True), '"version" must be 1'),
        (changed(formula=1), '"formula" is missing'),
        (changed(formula="yhat" * 4000), "16000 characters"),
        (changed(eps="0.1"), '"eps" must be a number'),
        (changed(eps=True), '"eps" must be a number'),
        (changed(eps=-1), "must be a number above 0"),
        (changed(eps=1).replace('"eps": 1', '"eps": NaN'), "NaN is not a number"),
        (changed(labels="some"), "--labels takes one of these"),
        (changed(input="some"), "--input takes one of these"),
        (changed(name="x" * 201), "201 characters"),
        (changed(code="print()"), "the field 'code'"),
    ],
)
def test_bad_json(text: str, says: str) -> None:
    with pytest.raises(OptionError, match=re.escape(says)):
        load(text)


def test_a_formula_in_json_is_never_run() -> None:
    with pytest.raises(FormulaError):
        load(changed(formula="__import__('os').getpid() + yhat"))


def test_unknown_target() -> None:
    with pytest.raises(OptionError, match="did you mean 'torch'"):
        export(sl.zoo.mse, "pytorch")


def test_save_replaces_whole_files(tmp_path: Path) -> None:
    path = tmp_path / "loss.py"
    path.write_text("old")
    save("new\n", path)
    assert path.read_text() == "new\n" and [entry.name for entry in tmp_path.iterdir()] == ["loss.py"]
    for bad in (tmp_path, tmp_path / "missing" / "loss.py"):
        with pytest.raises(sl.SymlossError, match="can't write"):
            save("x", bad)


def test_the_page_shows_what_the_command_prints() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "export.md").read_text()
    blocks = re.findall(r"```console\n\$ symloss (export [^\n]*)\n(.*?)```", page, re.DOTALL)
    assert {re.search(r"--to (\w+)", command)[1] for command, _ in blocks} == set(TARGETS)
    for command, shown in blocks:
        assert CliRunner().invoke(main, shlex.split(command)).stdout == shown, command
