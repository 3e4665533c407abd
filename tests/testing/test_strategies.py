"""The contract of strategies: kept by the built-in ones and by one of another package, broken by faulty ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from click.testing import CliRunner

import symloss.cli
from symloss.errors import OptionError
from symloss.search.candidates.grammar import LossGrammar
from symloss.search.candidates.tokens import Tokens
from symloss.search.strategies.random_strategy import RandomStrategy
from symloss.search.strategies.registry import STRATEGIES, check_strategy, make_strategy
from symloss.search.strategies.strategy import Strategy
from symloss.testing.strategies import StrategyContract, check_tokens
from tests.installed import install
from tests.testing.third_party_strategy import HillClimber


class BuiltIn(StrategyContract):
    name: ClassVar[str]
    options: ClassVar[dict[str, Any]] = {}

    def make(self, grammar: LossGrammar, seed: int, **options: Any) -> Strategy:
        strategy = make_strategy(self.name, grammar, seed, **self.options, **options)
        assert strategy.name == self.name
        return strategy


class TestRandom(BuiltIn):
    name = "random"


class TestReinforce(BuiltIn):
    name = "reinforce"


class TestRiskSeeking(BuiltIn):
    name = "risk-seeking"


class TestGenetic(BuiltIn):
    name = "genetic"


class TestGeneticFromAController(BuiltIn):
    name = "genetic"
    options: ClassVar = {"population_from": "controller"}


class TestSmallGenetic(BuiltIn):
    name = "genetic"
    options: ClassVar = {"population": 10, "tournament": 2}


class TestHillClimber(StrategyContract):
    def make(self, grammar: LossGrammar, seed: int, **options: Any) -> Strategy:
        return HillClimber(grammar, seed, **options)


def test_every_built_in_strategy_is_held_to_the_contract() -> None:
    assert {kind.name for kind in BuiltIn.__subclasses__()} == set(STRATEGIES)


class ForgetsItsDice(RandomStrategy):
    """A state that does not say how far the generator is."""

    def state(self) -> dict[str, Any]:
        return {"waiting": self._waiting.state()}

    def restore(self, state: dict[str, Any]) -> None:
        self._waiting.restore(state["waiting"])


class LooksAhead(RandomStrategy):
    """A step that takes its own result."""

    def ask(self, n: int) -> Tokens:
        tokens = super().ask(n)
        tokens.left[:, -1] = self._grammar.n_variables - 1
        return tokens


class Stubborn(RandomStrategy):
    """A limit on the complexity that is not kept."""

    def __init__(self, grammar: LossGrammar, seed: int, *, max_complexity: int | None = None) -> None:
        super().__init__(grammar, seed)


@pytest.mark.parametrize(
    ("fault", "test"),
    [
        (ForgetsItsDice, lambda contract: contract.test_state_continues_where_it_was()),
        (LooksAhead, lambda contract: contract.test_losses_are_those_of_the_grammar()),
        (Stubborn, lambda contract: contract.test_no_loss_is_more_complex_than_allowed(10, 3)),
    ],
)
def test_faults_are_found(fault: type[RandomStrategy], test: Any) -> None:
    class Contract(StrategyContract):
        def make(self, grammar: LossGrammar, seed: int, **options: Any) -> Strategy:
            return fault(grammar, seed, **options)

    with pytest.raises(AssertionError):
        test(Contract())


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What installed packages leave on the path: their names, and where the code is."""
    install(
        tmp_path,
        "extra-strategies",
        "[symloss.strategies]\n"
        "hill-climber = tests.testing.third_party_strategy:HillClimber\n"
        "forgetful = tests.testing.third_party_strategy:Forgetful\n"
        "number = math:pi\n",
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


@pytest.mark.usefixtures("installed")
def test_a_strategy_of_another_package_is_found_by_its_name() -> None:
    grammar = LossGrammar(n_variables=6)
    strategy = make_strategy("hill-climber", grammar, 1, max_complexity=2, changes=1)
    assert isinstance(strategy, HillClimber)
    check_tokens(strategy.ask(9), grammar, 9)
    with pytest.raises(OptionError, match="did you mean 'changes'"):
        make_strategy("hill-climber", grammar, 1, chages=1)
    with pytest.raises(OptionError, match="did you mean 'hill-climber'"):
        check_strategy("hill-climbr")
    with pytest.raises(OptionError, match="it lacks state, restore"):
        check_strategy("forgetful")
    with pytest.raises(OptionError, match="'number' is math:pi, which must be a class"):
        check_strategy("number")


def test_without_the_package_the_name_is_unknown() -> None:
    with pytest.raises(OptionError, match="unknown strategy 'hill-climber'"):
        check_strategy("hill-climber")


@pytest.mark.usefixtures("installed")
def test_a_search_with_it_from_the_command_line(tmp_path: Path) -> None:
    command = (
        "search --dataset synthetic --users 30 --items 20 --interactions 400 --model mf --loops 6 --batch 40 "
        "--variables 6 --strategy hill-climber --strategy-option changes=1 --finalists 1 --final-seeds 1 "
        "--max-epochs 1 --coefficients 0 --eps 0.1 --scale 1 --threads 1 --json --seed 3"
    )
    results = []
    for name in ("first", "again"):
        result = CliRunner().invoke(symloss.cli.main, [*command.split(), "--out", str(tmp_path / name)])
        assert result.exit_code in (0, 3), result.output
        results.append(json.loads(result.stdout)["counts"])
    assert results[0] == results[1]
    assert results[0]["sampled"] == 240
    assert np.sum(list(results[0].values())) > 240
