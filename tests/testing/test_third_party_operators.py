"""Operators of another package: found by their entry points, and at home everywhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest
import torch

from symloss.data.dataset import Interactions
from symloss.errors import FormulaError, OptionError
from symloss.formula.parse import parse
from symloss.formula.text import formula_text
from symloss.loss import Loss
from symloss.ops import registry
from symloss.ops.interval import Interval
from symloss.search.candidates.grammar import LossGrammar
from symloss.search.candidates.tokens import Tokens
from symloss.search.strategies.random_strategy import RandomStrategy
from symloss.signature import Domain
from symloss.testing.operators import OperatorContract
from symloss.training.member import Member, pack
from symloss.training.orders import epoch_order
from symloss.training.settings import TrainingSettings
from tests.installed import install
from tests.models.by_hand import ByHand
from tests.models.plain import PlainMF, train
from tests.search.test_grammar import test_expression_and_program_agree_in_value_and_gradient as agree
from tests.testing.third_party import SmoothHinge, Softplus

ROOT = Path(__file__).resolve().parents[2]
GOOD = """[symloss.operators]
softplus = tests.testing.third_party:Softplus
smooth-hinge = tests.testing.third_party:SmoothHinge
"""
BAD = """other-name = tests.testing.third_party:Unnamed
forgetful = tests.testing.third_party:Forgetful
missing = tests.testing.third_party:Missing
number = math:pi
table = tests.testing.third_party:__builtins__
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with what an installed package would leave there."""
    return install(tmp_path_factory.mktemp("site"), "extra-operators", GOOD)


@pytest.fixture
def faulty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(install(tmp_path, "extra-operators", GOOD + BAD)))


@pytest.fixture
def installed(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(package))


class TestSoftplus(OperatorContract):
    operator = Softplus()

    def value(self, a: Any, b: Any) -> Any:
        return mpmath.log(1 + mpmath.exp(a))


class TestSmoothHinge(OperatorContract):
    operator = SmoothHinge()

    def value(self, a: Any, b: Any) -> Any:
        margin = a * b
        if margin <= 0:
            return mpmath.mpf(1) / 2 - margin
        return (1 - margin) ** 2 / 2 if margin < 1 else mpmath.mpf(0)


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(("operator", "name"), [(Softplus, "softplus"), (SmoothHinge, "smooth-hinge")])
def test_it_is_found_by_its_name_and_by_its_call(operator: type, name: str) -> None:
    assert type(registry.find(name)) is operator
    assert type(registry.find_function(name.replace("-", "_"))) is operator
    assert [one.name for one in registry.operator_set(["paper", name])][-1] == name


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    "text", ["softplus(yhat) - y*yhat", "smooth_hinge(yhat, 2*y - 1)", "softplus(-yhat)**2*y"]
)
def test_a_formula_reads_and_prints_it(text: str) -> None:
    expression = parse(text)
    assert parse(formula_text(expression)) == expression


@pytest.mark.usefixtures("faulty")
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("softplus(yhat, y)", "softplus takes 1 argument, not 2"),
        ("smooth_hinge(yhat)", "smooth_hinge takes 2 arguments, not 1"),
        ("softplux(yhat)", "unknown name 'softplux'"),
        ("missing(yhat)", "can't be loaded"),
        ("number(yhat)", "must be a class derived from symloss.ops.Operator"),
        ("table(yhat)", "must be a class derived from symloss.ops.Operator"),
        ("other_name(yhat)", "must be that of its entry point"),
        ("forgetful(yhat, y)", "does not use every operand"),
    ],
)
def test_what_is_wrong_is_said(text: str, says: str) -> None:
    with pytest.raises(FormulaError, match=says):
        parse(text)


def test_without_the_package_there_is_none() -> None:
    assert registry.find("softplus") is None
    with pytest.raises(FormulaError, match="unknown name 'softplus'"):
        parse("softplus(yhat)")
    with pytest.raises(OptionError, match="unknown operator 'softplus'"):
        registry.operator_set(["softplus"])


@pytest.mark.usefixtures("installed")
def test_the_logistic_loss_written_with_it_is_proved() -> None:
    found = Loss("softplus(yhat) - y*yhat", input="score").check()
    assert found.verdict == "valid"
    against = Loss("y*yhat + softplus(yhat)", input="score").check()
    assert against.verdict == "invalid"


def test_bounds_decide_about_the_guard() -> None:
    operator = Softplus()
    assert operator.opcode is None and operator.may_exceed
    assert operator.bounds([Interval(0.0, 1.0)]).largest < 2
    grammar = LossGrammar(["paper", operator], n_variables=4)
    number = [one.name for one in grammar.operators].index("softplus")
    assert "guard" not in grammar.loss(Tokens.from_rows([[[number, 0, 0]]])).formula


@pytest.mark.usefixtures("installed")
def test_a_search_samples_it_and_its_programs_mean_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    grammar = LossGrammar(["paper", "softplus", "smooth-hinge"], signature=Domain.of("unit"))
    tokens = RandomStrategy(grammar, 5).ask(60)
    names = np.array([operator.name for operator in grammar.operators])[tokens.operators]
    assert {"softplus", "smooth-hinge"} <= set(names.ravel())
    monkeypatch.setattr("tests.search.test_grammar.LossGrammar", lambda names, signature: grammar)
    agree("paper", "unit")


@pytest.mark.usefixtures("installed")
def test_fused_training_follows_a_plain_loop() -> None:
    generator = np.random.default_rng(3)
    data = Interactions.of(*(generator.integers(0, size, 450) for size in (30, 40, 2)))
    loss = Loss("softplus(yhat) - y*yhat", input="score")
    model = ByHand("mf")
    settings = TrainingSettings()
    state = model.initial_state(30, 40, 5, "cpu")
    state.user_embedding[:] *= 0.2
    plain = PlainMF(state)
    order = epoch_order(0, 1, 450)
    member = Member(loss.program(), takes_score=True)
    (mean,) = model.train_epoch([state], pack([member]), [order], [1], data, settings)
    expected = train(
        plain, lambda yhat, y, eps: torch.nn.functional.softplus(yhat) - y * yhat, 0.0, 1.0, True, data, order,
        lr=settings.learning_rate, l2=settings.l2,
    )  # fmt: skip
    assert mean == pytest.approx(expected, rel=2e-5)
    np.testing.assert_allclose(state.user_embedding, plain.user_embedding.detach(), rtol=1e-4, atol=2e-5)


@pytest.mark.usefixtures("installed")
def test_the_criterion_is_that_of_torch() -> None:
    scores = torch.linspace(-30, 30, 41, dtype=torch.float64, requires_grad=True)
    labels = torch.tensor([0.0, 1.0], dtype=torch.float64).repeat(21)[:41]
    found = Loss("softplus(yhat) - y*yhat", input="score").torch()(scores, labels)
    expected = torch.nn.functional.binary_cross_entropy_with_logits(scores, labels)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(
        *(torch.autograd.grad(value, scores)[0] for value in (found, expected)), rtol=1e-9, atol=1e-12
    )


def _command(package: Path, *arguments: str) -> Any:
    path = os.pathsep.join([str(package), str(ROOT), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", "symloss", *arguments, "--json"],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 3), done.stderr
    return json.loads(done.stdout)


def test_the_command_line_knows_it(package: Path) -> None:
    checked = _command(package, "check", "softplus(yhat) - y*yhat", "--input", "score")
    assert checked["verdict"] == "valid"
    plain = "log(1 + exp(yhat)) - y*yhat"
    compared = _command(package, "compare", "softplus(yhat) - y*yhat", plain, "--input", "score")
    assert compared["relation"] == "equal"
    listed = _command(package, "ops")["operators"]
    assert {"softplus", "smooth-hinge"} <= {entry["name"] for entry in listed}


def test_a_search_from_the_command_line_uses_it(package: Path, tmp_path: Path) -> None:
    found = _command(
        package, "search", "--dataset", "synthetic", "--operators", "add,multiply,neg,softplus", "--loops", "2",
        "--max-epochs", "1", "--out", str(tmp_path / "run"),
    )  # fmt: skip
    assert found["counts"]["sampled"] > 0


def test_the_class_in_the_docs_is_an_operator() -> None:
    page = (ROOT / "docs" / "formulas.md").read_text(encoding="utf-8")
    block = page.split("### Operators of your own")[1].split("```python\n")[1].split("```")[0]
    found: dict[str, Any] = {}
    exec(block, found)
    shown, ours = found["Softplus"](), Softplus()
    assert shown.recorded == ours.recorded
    assert (shown.name, shown.text, shown.definition) == (ours.name, ours.text, ours.definition)
