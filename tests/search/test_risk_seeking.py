"""The priority queue, the weights of a batch, and what risk-seeking learns."""

from __future__ import annotations

import numpy as np
import torch

from symloss.search.candidates.complexity import needed_steps
from symloss.search.candidates.grammar import LossGrammar
from symloss.search.strategies.controller import Controller
from symloss.search.strategies.controller_trainer import ControllerTrainer
from symloss.search.strategies.priority_queue import PriorityQueue
from symloss.search.strategies.registry import make_strategy
from symloss.search.strategies.risk_seeking import RiskSeekingStrategy
from symloss.search.strategies.strategy import Feedback
from tests.search.toy import ToySearch


def test_queue_holds_the_best_distinct_losses() -> None:
    grammar = LossGrammar()
    generator = np.random.default_rng(4)
    queue = PriorityQueue(5, grammar.n_steps)
    best: dict[int, tuple[float, object]] = {}
    for _ in range(20):
        tokens = make_strategy("random", grammar, int(generator.integers(10**6))).ask(12)
        identities = generator.integers(40, size=12)
        # each gradient has one value, as with losses that are trained from scratch
        values = np.sin(identities * 12.9898)
        queue.add(tokens, values, identities)
        for k, identity in enumerate(identities.tolist()):
            best[identity] = (float(values[k]), None)
    expected = sorted((value for value, _ in best.values()), reverse=True)[:5]
    np.testing.assert_allclose(queue.state()["values"], expected)
    assert len(queue) == len(queue.tokens()) == 5


def test_queue_takes_the_newest_value_and_no_useless_loss() -> None:
    grammar = LossGrammar()
    tokens = make_strategy("random", grammar, 1).ask(3)
    queue = PriorityQueue(5, grammar.n_steps)
    queue.add(tokens, np.array([0.5, -3.0, 0.1]), np.array([4, -1, 4]))
    np.testing.assert_allclose(queue.state()["values"], [0.1])
    queue.add(tokens.take([0]), np.array([0.3]), np.array([4]))
    np.testing.assert_allclose(queue.state()["values"], [0.3])
    assert queue.tokens().row(0) == tokens.row(2)


def test_only_new_losses_above_the_quantile_count() -> None:
    strategy = RiskSeekingStrategy(LossGrammar(), 0, epsilon=0.25)
    values = np.array([0.4, 0.4, 0.1, 0.2, -1.1, -1.5, -1.2, -1.3, -3.0])
    identities = np.array([9, 9, 1, 2, 3, 4, 5, 6, -1])
    # of the eight distinct ones the 75% quantile lies at 0.125, between 0.1 and 0.2
    np.testing.assert_allclose(
        strategy._weights(values, identities), [1, 0, 0, (0.2 - 0.125) / (0.4 - 0.125), *[0] * 5]
    )
    assert not strategy._weights(values, identities).any()
    assert not strategy._weights(np.full(4, -3.0), np.full(4, -1)).any()


def test_needed_steps_alone_count_in_a_likelihood() -> None:
    grammar = LossGrammar(n_variables=7)
    trainer = ControllerTrainer(grammar, 3, learning_rate=0.01, max_complexity=None)
    controller: Controller = trainer.controller
    tokens = make_strategy("random", grammar, 2).ask(200)
    with torch.no_grad():
        everything, _ = controller.log_prob_entropy(tokens)
        needed, _ = controller.log_prob_entropy(tokens, torch.ones(200, 4, dtype=torch.bool))
        some = trainer.log_likelihood(tokens)
    torch.testing.assert_close(everything, needed)
    whole = torch.from_numpy(needed_steps(*tokens.parts(), grammar.n_leaves).all(axis=1))
    assert whole.any()
    torch.testing.assert_close(some[whole], everything[whole])
    assert (some >= everything - 1e-5).all() and (some > everything + 0.1).any()


def test_warm_start_makes_a_loss_likely() -> None:
    grammar = LossGrammar()
    for name in ("reinforce", "risk-seeking"):
        strategy = make_strategy(name, grammar, 0)
        start = make_strategy("random", grammar, 5).ask(2)
        trainer = strategy._trainer  # type: ignore[attr-defined]
        with torch.no_grad():
            before = trainer.log_likelihood(start)
        strategy.warm_start(start)
        with torch.no_grad():
            after = trainer.log_likelihood(start)
        assert (after > before + 0.3).all()


def test_nothing_to_learn_changes_nothing() -> None:
    grammar = LossGrammar()
    strategy = RiskSeekingStrategy(grammar, 0)
    before = [parameter.clone() for parameter in strategy.controller.parameters()]
    tokens = strategy.ask(5)
    strategy.tell(tokens, Feedback(np.full(5, -1.0), np.full(5, -1), np.zeros(5)))
    for old, new in zip(before, strategy.controller.parameters(), strict=True):
        torch.testing.assert_close(old, new, rtol=0, atol=0)


def test_risk_seeking_beats_random_search() -> None:
    grammar = LossGrammar()
    learned, random = ToySearch(grammar), ToySearch(grammar)
    learned.run(make_strategy("risk-seeking", grammar, 2), 40)
    random.run(make_strategy("random", grammar, 2), 40)
    assert learned.valid > 3 * max(random.valid, 1)
    assert learned.best > random.best
