"""The contract that every strategy keeps, and what REINFORCE learns."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch

from symloss.errors import OptionError
from symloss.search.grammar import LossGrammar
from symloss.search.reinforce import ReinforceStrategy
from symloss.search.strategies import STRATEGIES, make_strategy
from symloss.search.tokens import N_LEAVES, Tokens


def rows(tokens: Tokens) -> list[Any]:
    return [tokens.row(k) for k in range(len(tokens))]


@pytest.mark.parametrize("name", STRATEGIES)
def test_contract(name: str) -> None:
    grammar = LossGrammar(["extended"])
    strategy = make_strategy(name, grammar, 7)
    assert strategy.name == name
    tokens = strategy.ask(23)
    assert len(tokens) == 23
    assert tokens.operators.shape == tokens.left.shape == tokens.right.shape == (23, grammar.n_steps)
    assert tokens.operators.dtype == tokens.left.dtype == tokens.right.dtype == np.int32
    made = N_LEAVES + np.arange(grammar.n_steps)
    binary = grammar.binary[tokens.operators]
    assert ((tokens.left < made) & (tokens.right < made)).all()
    assert ((tokens.left != tokens.right) == binary).all()
    strategy.tell(tokens, np.linspace(-1, 1, 23))
    assert rows(make_strategy(name, grammar, 7).ask(23)) == rows(tokens)
    assert rows(make_strategy(name, grammar, 8).ask(23)) != rows(tokens)


@pytest.mark.parametrize("name", STRATEGIES)
def test_state_continues_where_it_was(name: str) -> None:
    grammar = LossGrammar()
    first = make_strategy(name, grammar, 1)
    rewards = np.linspace(-1, 0.5, 20)
    first.tell(first.ask(20), rewards)
    state = first.state()
    second = make_strategy(name, grammar, 2)
    second.tell(second.ask(20), rewards)
    second.restore(jsonlike(state))
    for _ in range(2):
        asked, again = first.ask(20), second.ask(20)
        assert rows(asked) == rows(again)
        first.tell(asked, rewards)
        second.tell(again, rewards)


def jsonlike(value: Any) -> Any:
    """Send a state through JSON: it may hold nothing but arrays, numbers, text and dicts."""

    def encode(entry: Any) -> Any:
        assert isinstance(entry, np.ndarray), type(entry)
        return {"array": entry.tolist(), "dtype": str(entry.dtype)}

    def decode(entry: dict[str, Any]) -> Any:
        return np.array(entry["array"], entry["dtype"]) if set(entry) == {"array", "dtype"} else entry

    return json.loads(json.dumps(value, default=encode), object_hook=decode)


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
        strategy.tell(tokens, rewards(tokens))
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
            strategy.tell(tokens, np.sin(np.arange(200.0)))
            found = rows(tokens) + rows(strategy.ask(200))
            assert torch.get_num_threads() == threads
            return found
        finally:
            torch.set_num_threads(before)

    assert samples(1) == samples(2)
