"""The contract of a search strategy: a class of tests to derive from.

    class TestHillClimber(StrategyContract):
        def make(self, grammar, seed, **options):
            return HillClimber(grammar, seed, **options)

A strategy is asked for losses and told their rewards (`symloss.search.strategies.strategy.Strategy`). The same seed
must give the same losses, every loss must be one of the grammar, and its state must continue where it was: a search
that was killed goes on from it, bit for bit.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from symloss.errors import OptionError
from symloss.search.candidates.grammar import LossGrammar
from symloss.search.candidates.tokens import Tokens
from symloss.search.strategies.random_strategy import RandomStrategy
from symloss.search.strategies.strategy import Feedback, Strategy
from symloss.signature import PAIRWISE, Domain

SMALL = (["add", "neg"], ["neg"], ["max", "log", "square"], ["identity", "add"])
"""Operators of grammars that leave a strategy little to choose from."""


class StrategyContract:
    """What every strategy must do; derive a class that pytest collects, with `make`."""

    def make(self, grammar: LossGrammar, seed: int, **options: Any) -> Strategy:
        """Return a new strategy.

        Args:
            grammar: what losses are made of.
            seed: of all draws.
            options: `max_complexity`, the most operators in a loss, or nothing.
        """
        raise NotImplementedError("make the strategy from the grammar, the seed and the options")

    def test_losses_are_those_of_the_grammar(self) -> None:
        """As many losses as were asked for, all of them valid, for the same seed the same."""
        grammar = LossGrammar(["extended"])
        strategy = self.make(grammar, 7)
        tokens = strategy.ask(23)
        check_tokens(tokens, grammar, 23)
        assert rows(self.make(grammar, 7).ask(23)) == rows(tokens)
        assert rows(self.make(grammar, 8).ask(23)) != rows(tokens)
        for number in range(6):
            strategy.tell(tokens, feedback(np.linspace(-1, 1, len(tokens)), number))
            count = 1 if number == 2 else 40
            tokens = strategy.ask(count)
            check_tokens(tokens, grammar, count)

    @pytest.mark.parametrize("operators", SMALL)
    def test_small_grammars(self, operators: list[str]) -> None:
        """A grammar may have one operator, none that is binary, or no identity."""
        grammar = LossGrammar(operators, n_variables=5)
        strategy = self.make(grammar, 1)
        for number in range(4):
            tokens = strategy.ask(30)
            check_tokens(tokens, grammar, 30)
            strategy.tell(tokens, feedback(np.linspace(-1, 1, 30), number))

    @pytest.mark.parametrize("signature", [Domain.of("unit"), Domain.of("real"), PAIRWISE])
    def test_other_kinds_of_losses(self, signature: Any) -> None:
        """Leaves are the arguments of the signature, whatever they are."""
        grammar = LossGrammar(["extended"], 9, signature)
        strategy = self.make(grammar, 2)
        for number in range(3):
            tokens = strategy.ask(40)
            check_tokens(tokens, grammar, 40)
            grammar.programs(tokens)
            strategy.tell(tokens, feedback(np.linspace(-1, 1, 40), number))

    @pytest.mark.parametrize(("n_variables", "limit"), [(10, 3), (10, 1), (24, 5)])
    def test_no_loss_is_more_complex_than_allowed(self, n_variables: int, limit: int) -> None:
        """The option `max_complexity` holds for every loss; what it leaves is used."""
        grammar = LossGrammar(n_variables=n_variables)
        strategy = self.make(grammar, 3, max_complexity=limit)
        sizes: list[int] = []
        for number in range(5):
            tokens = strategy.ask(60)
            check_tokens(tokens, grammar, 60)
            sizes += grammar.complexity(tokens).tolist()
            strategy.tell(tokens, feedback(np.linspace(-1, 1, 60), number))
        assert max(sizes) == limit

    def test_a_limit_below_one_is_refused(self) -> None:
        """The message names the option and its value."""
        with pytest.raises(OptionError, match="max_complexity is 0"):
            self.make(LossGrammar(), 0, max_complexity=0)

    def test_state_continues_where_it_was(self) -> None:
        """The state holds arrays, numbers, text and dicts of them, and all that later losses depend on."""
        grammar = LossGrammar()
        first = self.make(grammar, 1)
        told = np.linspace(-1, 0.5, 20)
        first.warm_start(first.ask(30))
        for number in range(8):
            first.tell(first.ask(20), feedback(told, number))
        state = first.state()
        second = self.make(grammar, 2)
        second.tell(second.ask(20), feedback(told, 50))
        second.restore(through_json(state))
        for number in range(4):
            asked, again = first.ask(20), second.ask(20)
            assert rows(asked) == rows(again)
            first.tell(asked, feedback(told, 100 + number))
            second.tell(again, feedback(told, 100 + number))

    def test_a_state_does_not_change_afterwards(self) -> None:
        """A snapshot is of its moment, also where the strategy goes on."""
        strategy = self.make(LossGrammar(), 4)
        strategy.tell(strategy.ask(20), feedback(np.linspace(-1, 0.5, 20)))
        state = strategy.state()
        before = json.dumps(state, default=_encoded)
        for number in range(3):
            strategy.tell(strategy.ask(20), feedback(np.linspace(-0.5, 1, 20), number))
        assert json.dumps(state, default=_encoded) == before

    def test_warm_start_is_asked_for_first(self) -> None:
        """Losses to begin from come first and in order; those of another grammar are refused."""
        grammar = LossGrammar()
        start = RandomStrategy(grammar, 9).ask(5)
        strategy = self.make(grammar, 1)
        strategy.warm_start(start)
        assert rows(strategy.ask(3)) + rows(strategy.ask(6))[:2] == rows(start)
        assert rows(strategy.ask(20)) != rows(self.make(grammar, 1).ask(20))
        with pytest.raises(OptionError, match="make 3 variables and the grammar makes 7"):
            strategy.warm_start(RandomStrategy(LossGrammar(n_variables=6), 0).ask(1))


def rows(tokens: Tokens) -> list[Any]:
    """Return losses as lists that can be compared."""
    return [tokens.row(k) for k in range(len(tokens))]


def feedback(rewards: Any, seed: int = 0) -> Feedback:
    """Return rewards with made-up identities, some of them none and some twice."""
    generator = np.random.default_rng(seed)
    count = len(rewards)
    return Feedback(
        np.asarray(rewards, np.float64),
        generator.integers(-1, 2 * count, count),
        generator.uniform(size=count),
    )


def check_tokens(tokens: Tokens, grammar: LossGrammar, count: int) -> None:
    """Fail unless these are `count` losses of the grammar."""
    assert len(tokens) == count
    for part in tokens.parts():
        assert part.shape == (count, grammar.n_steps)
        assert part.dtype == np.int32
    made: NDArray[np.intp] = grammar.n_leaves + np.arange(grammar.n_steps)
    binary = grammar.binary[tokens.operators]
    assert ((tokens.operators >= 0) & (tokens.operators < grammar.n_operators)).all()
    for operand in (tokens.left, tokens.right):
        assert ((operand >= 0) & (operand < made)).all(), "an operand is made later than its step"
    assert ((tokens.left != tokens.right) == binary).all(), "both operands of a binary operator must differ"


def through_json(state: Any) -> Any:
    """Send a state through JSON, as archives do: it may hold nothing but arrays, numbers, text and dicts."""
    return json.loads(json.dumps(state, default=_encoded), object_hook=_decoded)


def _encoded(entry: Any) -> Any:
    assert isinstance(entry, np.ndarray), f"a state can't hold a {type(entry).__name__}"
    return {"array": entry.tolist(), "dtype": str(entry.dtype), "shape": list(entry.shape)}


def _decoded(entry: dict[str, Any]) -> Any:
    if set(entry) != {"array", "dtype", "shape"}:
        return entry
    return np.array(entry["array"], entry["dtype"]).reshape(entry["shape"])
