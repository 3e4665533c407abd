"""The controller's probabilities against enumeration, and what it draws."""

from __future__ import annotations

import itertools

import numpy as np
import torch

from symloss.search.candidates.grammar import LossGrammar
from symloss.search.candidates.tokens import Tokens
from symloss.search.strategies.controller import INITIAL_RANGE, Controller


def make(grammar: LossGrammar, seed: int = 0, size: float = 1.0) -> Controller:
    controller = Controller(grammar, torch.Generator().manual_seed(seed))
    with torch.no_grad():
        for parameter in controller.parameters():
            parameter.mul_(size)
    return controller


def every_loss(grammar: LossGrammar) -> Tokens:
    """Enumerate all losses; a unary operator repeats its operand."""
    steps = []
    for number in range(grammar.n_steps):
        made = grammar.n_leaves + number
        choices = []
        for operator in range(grammar.n_operators):
            for left in range(made):
                rights = [j for j in range(made) if j != left] if grammar.binary[operator] else [left]
                choices += [[operator, left, right] for right in rights]
        steps.append(choices)
    return Tokens.from_rows(list(itertools.product(*steps)))


def test_probabilities_of_all_losses_sum_to_one() -> None:
    grammar = LossGrammar(["add", "neg", "max"], n_variables=5)
    tokens = every_loss(grammar)
    with torch.no_grad():
        log_prob, _ = make(grammar, size=10.0).log_prob_entropy(tokens)
    assert abs(float(log_prob.double().exp().sum()) - 1) < 1e-5


def test_samples_follow_the_probabilities() -> None:
    grammar = LossGrammar(["add", "neg"], n_variables=4)
    tokens = every_loss(grammar)
    controller = make(grammar, seed=3, size=12.0)
    with torch.no_grad():
        expected = controller.log_prob_entropy(tokens)[0].double().exp().numpy()
    drawn = controller.sample(40_000, torch.Generator().manual_seed(1))
    rows = {tuple(np.ravel(tokens.row(k))): k for k in range(len(tokens))}
    counts = np.zeros(len(tokens))
    for k in range(len(drawn)):
        counts[rows[tuple(np.ravel(drawn.row(k)))]] += 1
    chi_square = ((counts - 40_000 * expected) ** 2 / (40_000 * expected)).sum()
    degrees = len(tokens) - 1
    assert chi_square < degrees + 6 * np.sqrt(2 * degrees)


def test_operands_are_in_range_and_distinct() -> None:
    grammar = LossGrammar()
    tokens = make(grammar).sample(500, torch.Generator().manual_seed(0))
    made = grammar.n_leaves + np.arange(grammar.n_steps)
    for operand in (tokens.left, tokens.right):
        assert operand.min() >= 0
        assert (operand < made).all()
    binary = grammar.binary[tokens.operators]
    assert (tokens.left != tokens.right)[binary].all()
    assert (tokens.left == tokens.right)[~binary].all()


def test_paper_settings() -> None:
    controller = make(LossGrammar())
    assert controller.lstm.hidden_size == 32
    assert controller.lstm.num_layers == 2
    weights = torch.cat([parameter.detach().flatten() for parameter in controller.parameters()])
    assert INITIAL_RANGE == 0.1
    assert weights.abs().max() <= 0.1
    assert abs(float(weights.std()) - 0.1 / np.sqrt(3)) < 1e-3


def test_entropy_of_nearly_uniform_choices() -> None:
    # all weights near zero: every choice is uniform, so the entropy is known
    grammar = LossGrammar(["add", "neg"], n_variables=4)
    tokens = Tokens.from_rows([[[0, 0, 1]], [[1, 2, 2]]])
    with torch.no_grad():
        log_prob, entropy = make(grammar, size=1e-6).log_prob_entropy(tokens)
    np.testing.assert_allclose(
        entropy.numpy(), [np.log(2) + np.log(3) + np.log(2), np.log(2) + np.log(3)], rtol=1e-5
    )
    np.testing.assert_allclose(log_prob.numpy(), [-np.log(12), -np.log(6)], rtol=1e-5)


def test_gradient_agrees_with_finite_differences() -> None:
    grammar = LossGrammar(["max", "neg"], n_variables=6)
    controller = make(grammar, size=5.0).double()
    tokens = controller_sample(grammar)
    log_prob, entropy = controller.log_prob_entropy(tokens)
    (log_prob.sum() + 0.5 * entropy.sum()).backward()
    for parameter in (
        controller.operator_embedding,
        controller.score,
        controller.leaf_anchors,
        controller.start,
    ):
        flat, gradient = parameter.data.view(-1), parameter.grad
        assert gradient is not None
        index = int(gradient.abs().argmax())
        ends = []
        for sign in (1, -1):
            flat[index] += sign * 1e-5
            with torch.no_grad():
                log_prob, entropy = controller.log_prob_entropy(tokens)
            ends.append(float(log_prob.sum() + 0.5 * entropy.sum()))
            flat[index] -= sign * 1e-5
        assert abs((ends[0] - ends[1]) / 2e-5 - float(gradient.view(-1)[index])) < 1e-6


def controller_sample(grammar: LossGrammar) -> Tokens:
    return make(grammar, seed=9, size=5.0).sample(8, torch.Generator().manual_seed(4))
