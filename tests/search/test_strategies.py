"""The contract that every strategy keeps, and what REINFORCE learns."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch

from symloss.errors import OptionError
from symloss.search.candidates.grammar import LossGrammar
from symloss.search.candidates.tokens import Tokens
from symloss.search.strategies.encoding import encode
from symloss.search.strategies.registry import STRATEGIES, make_strategy
from symloss.search.strategies.reinforce import ReinforceStrategy
from symloss.search.strategies.strategy import Feedback
from symloss.zoo import get

VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {name: (name, {}) for name in STRATEGIES} | {
    "genetic from a controller": ("genetic", {"population_from": "controller"}),
    "small genetic": ("genetic", {"population": 10, "tournament": 2}),
}


def rows(tokens: Tokens) -> list[Any]:
    return [tokens.row(k) for k in range(len(tokens))]


def feedback(rewards: Any, seed: int = 0) -> Feedback:
    """Rewards with made-up identities, some of them none and some twice."""
    generator = np.random.default_rng(seed)
    count = len(rewards)
    return Feedback(
        np.asarray(rewards, np.float64),
        generator.integers(-1, 2 * count, count),
        generator.uniform(size=count),
    )


def check_shape(tokens: Tokens, grammar: LossGrammar, count: int) -> None:
    assert len(tokens) == count
    assert tokens.operators.shape == tokens.left.shape == tokens.right.shape == (count, grammar.n_steps)
    assert tokens.operators.dtype == tokens.left.dtype == tokens.right.dtype == np.int32
    made = grammar.n_leaves + np.arange(grammar.n_steps)
    binary = grammar.binary[tokens.operators]
    assert (tokens.operators >= 0).all() and (tokens.operators < grammar.n_operators).all()
    assert ((tokens.left < made) & (tokens.right < made)).all()
    assert ((tokens.left >= 0) & (tokens.right >= 0)).all()
    assert ((tokens.left != tokens.right) == binary).all()


@pytest.mark.parametrize("variant", VARIANTS)
def test_contract(variant: str) -> None:
    name, options = VARIANTS[variant]
    grammar = LossGrammar(["extended"])
    strategy = make_strategy(name, grammar, 7, **options)
    assert strategy.name == name
    tokens = strategy.ask(23)
    check_shape(tokens, grammar, 23)
    assert rows(make_strategy(name, grammar, 7, **options).ask(23)) == rows(tokens)
    assert rows(make_strategy(name, grammar, 8, **options).ask(23)) != rows(tokens)
    for number in range(6):
        strategy.tell(tokens, feedback(np.linspace(-1, 1, len(tokens)), number))
        count = 1 if number == 2 else 40
        tokens = strategy.ask(count)
        check_shape(tokens, grammar, count)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(
    "operators", [["add", "neg"], ["neg"], ["max", "log", "square"], ["identity", "add"]]
)
def test_small_grammars(variant: str, operators: list[str]) -> None:
    name, options = VARIANTS[variant]
    grammar = LossGrammar(operators, n_variables=5)
    strategy = make_strategy(name, grammar, 1, **options)
    for number in range(4):
        tokens = strategy.ask(30)
        check_shape(tokens, grammar, 30)
        strategy.tell(tokens, feedback(np.linspace(-1, 1, 30), number))


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(("n_variables", "limit"), [(10, 3), (10, 1), (24, 5)])
def test_no_loss_is_more_complex_than_allowed(variant: str, n_variables: int, limit: int) -> None:
    name, options = VARIANTS[variant]
    grammar = LossGrammar(n_variables=n_variables)
    strategy = make_strategy(name, grammar, 3, max_complexity=limit, **options)
    sizes = []
    for number in range(5):
        tokens = strategy.ask(60)
        check_shape(tokens, grammar, 60)
        sizes += grammar.complexity(tokens).tolist()
        strategy.tell(tokens, feedback(np.linspace(-1, 1, 60), number))
    assert max(sizes) == limit


@pytest.mark.parametrize("variant", VARIANTS)
def test_state_continues_where_it_was(variant: str) -> None:
    name, options = VARIANTS[variant]
    grammar = LossGrammar()
    first = make_strategy(name, grammar, 1, **options)
    told = np.linspace(-1, 0.5, 20)
    first.warm_start(first.ask(30))
    for number in range(8):
        first.tell(first.ask(20), feedback(told, number))
    state = first.state()
    second = make_strategy(name, grammar, 2, **options)
    second.tell(second.ask(20), feedback(told, 50))
    second.restore(jsonlike(state))
    for number in range(4):
        asked, again = first.ask(20), second.ask(20)
        assert rows(asked) == rows(again)
        first.tell(asked, feedback(told, 100 + number))
        second.tell(again, feedback(told, 100 + number))


@pytest.mark.parametrize("variant", VARIANTS)
def test_warm_start_is_asked_for_first(variant: str) -> None:
    name, options = VARIANTS[variant]
    grammar = LossGrammar()
    start = Tokens.joined([encode(get("mse"), grammar), make_strategy("random", grammar, 9).ask(4)])
    strategy = make_strategy(name, grammar, 1, **options)
    strategy.warm_start(start)
    assert rows(strategy.ask(3)) + rows(strategy.ask(6))[:2] == rows(start)
    plain = make_strategy(name, grammar, 1, **options)
    assert rows(strategy.ask(20)) != rows(plain.ask(20))
    with pytest.raises(OptionError, match="make 3 variables and the grammar makes 7"):
        strategy.warm_start(make_strategy("random", LossGrammar(n_variables=6), 0).ask(1))


def jsonlike(value: Any) -> Any:
    """Send a state through JSON: it may hold nothing but arrays, numbers, text and dicts."""

    def encode(entry: Any) -> Any:
        assert isinstance(entry, np.ndarray), type(entry)
        return {"array": entry.tolist(), "dtype": str(entry.dtype), "shape": list(entry.shape)}

    def decode(entry: dict[str, Any]) -> Any:
        if set(entry) != {"array", "dtype", "shape"}:
            return entry
        return np.array(entry["array"], entry["dtype"]).reshape(entry["shape"])

    return json.loads(json.dumps(value, default=encode), object_hook=decode)


def test_strategies_without_a_controller_do_not_import_torch() -> None:
    code = (
        "import sys\n"
        "from symloss.search.candidates.grammar import LossGrammar\n"
        "from symloss.search.strategies.registry import make_strategy\n"
        "for name in ('random', 'genetic'):\n"
        "    make_strategy(name, LossGrammar(), 0).ask(5)\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("genetic", {"populatoin": 3}, "did you mean 'population'"),
        ("random", {"population": 3}, "unknown option of random"),
        ("genetic", {"population": 1}, "population is 1"),
        ("genetic", {"tournament": 2.5}, "tournament is 2.5"),
        ("genetic", {"population_from": "controler"}, "did you mean 'controller'"),
        ("risk-seeking", {"epsilon": 0}, "epsilon is 0"),
        ("risk-seeking", {"queue": True}, "queue is True"),
        *((name, {"max_complexity": 0}, "max_complexity is 0") for name in STRATEGIES),
    ],
)
def test_options_are_checked(name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        make_strategy(name, LossGrammar(), 0, **options)


def test_unknown_strategy_names_the_nearest() -> None:
    with pytest.raises(OptionError, match="did you mean 'reinforce'"):
        make_strategy("reinforced", LossGrammar(), 0)


def test_random_strategy_is_uniform() -> None:
    grammar = LossGrammar(["add", "max", "neg"], n_variables=5)
    tokens = make_strategy("random", grammar, 3).ask(60_000)
    binary = grammar.binary[tokens.operators[:, 1]]
    pairs = np.stack([tokens.left[binary, 1], tokens.right[binary, 1]], axis=1)
    _, counts = np.unique(pairs, axis=0, return_counts=True)
    assert len(counts) == 4 * 3
    expected = len(pairs) / 12
    assert ((counts - expected) ** 2 / expected).sum() < 11 + 6 * np.sqrt(22)


def test_reinforce_learns_what_is_rewarded() -> None:
    grammar = LossGrammar()
    strategy = ReinforceStrategy(grammar, 0)

    def rewards(tokens: Tokens) -> np.ndarray[Any, np.dtype[np.float64]]:
        return (tokens.operators[:, -1] == 3).astype(np.float64)

    before = rewards(strategy.ask(1000)).mean()
    for _ in range(30):
        tokens = strategy.ask(100)
        strategy.tell(tokens, feedback(rewards(tokens)))
    assert strategy.updates == 300
    after = rewards(strategy.ask(1000)).mean()
    assert before < 0.2
    # the tanh constant of 1.5 bounds one probability of nine by 0.72
    assert 0.3 < after < 0.8


def test_reinforce_does_not_depend_on_threads() -> None:
    def samples(threads: int) -> list[Any]:
        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        try:
            strategy = ReinforceStrategy(LossGrammar(), 5)
            tokens = strategy.ask(200)
            strategy.tell(tokens, feedback(np.sin(np.arange(200.0))))
            found = rows(tokens) + rows(strategy.ask(200))
            assert torch.get_num_threads() == threads
            return found
        finally:
            torch.set_num_threads(before)

    assert samples(1) == samples(2)
