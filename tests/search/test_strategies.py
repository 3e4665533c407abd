"""Options and imports of the strategies, and what they learn; their contract is in tests/testing/test_strategies.py."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch

from symloss.errors import OptionError
from symloss.search.candidates.grammar import LossGrammar
from symloss.search.candidates.tokens import Tokens
from symloss.search.strategies.registry import STRATEGIES, make_strategy
from symloss.search.strategies.reinforce import ReinforceStrategy
from symloss.testing.strategies import feedback, rows


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
