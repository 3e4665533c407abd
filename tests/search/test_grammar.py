"""Tokens: the expression and the program are the same function."""

from __future__ import annotations

import numpy as np
import pytest

from symloss.compile.assemble import assemble
from symloss.compile.program import ProgramBatch
from symloss.compile.reference import evaluate, evaluate_batch
from symloss.errors import OptionError
from symloss.ops.opcode import Opcode
from symloss.search.candidates.grammar import LossGrammar
from symloss.search.candidates.tokens import Tokens
from symloss.search.strategies.random_strategy import RandomStrategy
from symloss.signature import Domain


def step(grammar: LossGrammar, name: str, left: int, right: int | None = None) -> list[int]:
    number = [operator.name for operator in grammar.operators].index(name)
    return [number, left, left if right is None else right]


@pytest.mark.parametrize("operators", ["paper", "extended"])
@pytest.mark.parametrize("labels", ["binary", "unit"])
def test_expression_and_program_agree_in_value_and_gradient(operators: str, labels: str) -> None:
    grammar = LossGrammar([operators], signature=Domain.of(labels))
    tokens = RandomStrategy(grammar, 11).ask(150)
    generator = np.random.default_rng(2)
    yhat = generator.uniform(0.01, 0.99, 24)
    y = generator.integers(2, size=24).astype(float) if labels == "binary" else generator.uniform(size=24)
    for eps in (1e-6, 0.3):
        batch = grammar.programs(tokens, eps)
        with np.errstate(all="ignore"):
            value, slope = evaluate_batch(batch, yhat, y)
            for k in range(len(tokens)):
                program = assemble(grammar.expression(tokens, k))
                expected, expected_slope = evaluate(program, yhat, y, eps)
                formula = str(grammar.expression(tokens, k))
                np.testing.assert_allclose(value[k], expected, rtol=1e-6, atol=1e-6, err_msg=formula)
                np.testing.assert_allclose(slope[k], expected_slope, rtol=1e-5, atol=1e-5, err_msg=formula)


def test_mse_by_hand() -> None:
    grammar = LossGrammar(n_variables=6)
    rows = [[step(grammar, "neg", 1), step(grammar, "add", 0, 3), step(grammar, "square", 4)]]
    tokens = Tokens.from_rows(rows)
    assert tokens.row(0) == rows[0]
    yhat, y = np.array([0.2, 0.7, 0.9]), np.array([0.0, 1.0, 0.0])
    value, slope = evaluate_batch(grammar.programs(tokens), yhat, y)
    np.testing.assert_allclose(value[0], (yhat - y) ** 2)
    np.testing.assert_allclose(slope[0], 2 * (yhat - y))
    assert grammar.loss(tokens).formula == "(-y + yhat)**2"


def test_dead_variables_leave_no_instructions_and_identities_none_either() -> None:
    grammar = LossGrammar(n_variables=7)
    tokens = Tokens.from_rows(
        [
            [
                step(grammar, "log", 0),
                step(grammar, "identity", 0),
                step(grammar, "neg", 2),
                step(grammar, "max", 4, 1),
            ],
            [
                step(grammar, "log", 0),
                step(grammar, "neg", 0),
                step(grammar, "neg", 2),
                step(grammar, "identity", 1),
            ],
            [
                step(grammar, "log", 0),
                step(grammar, "neg", 0),
                step(grammar, "neg", 2),
                step(grammar, "identity", 3),
            ],
        ]
    )
    batch = grammar.programs(tokens)
    kinds = [[Opcode(int(code)) for code in batch.program(k).opcodes] for k in range(3)]
    assert kinds == [[Opcode.MAXIMUM], [Opcode.IDENTITY], [Opcode.PROTECTED_LOG]]


def test_guard_follows_what_may_exceed() -> None:
    grammar = LossGrammar(n_variables=5)
    tokens = Tokens.from_rows([[step(grammar, "reciprocal", 1), step(grammar, "square", 3)]])
    batch = grammar.programs(tokens)
    codes = [Opcode(int(code)) for code in batch.program(0).opcodes]
    assert codes[-2:] == [Opcode.SQUARE, Opcode.GUARD]
    # 1 / (1 + eps) squared, and 0 squared: recip(0) is 0
    value, _ = evaluate_batch(batch, np.array([0.5, 0.5]), np.array([1.0, 0.0]))
    np.testing.assert_allclose(value[0], [1 / (1 + 1e-6) ** 2, 0.0])


def test_scores_are_marked() -> None:
    grammar = LossGrammar(signature=Domain.of("real"))
    batch = grammar.programs(RandomStrategy(grammar, 0).ask(3))
    assert isinstance(batch, ProgramBatch)
    assert batch.takes_score.all()


@pytest.mark.parametrize("n_variables", [3, 0, 41])
def test_number_of_variables_is_checked(n_variables: int) -> None:
    with pytest.raises(OptionError, match="n_variables is"):
        LossGrammar(n_variables=n_variables)


def test_operators_are_checked() -> None:
    with pytest.raises(OptionError, match="reciprocal"):
        LossGrammar(["reciprocl"])
    with pytest.raises(OptionError, match="at least one operator"):
        LossGrammar([])


def test_complexity_counts_needed_operators() -> None:
    grammar = LossGrammar(n_variables=7)
    square_of_sum = [
        step(grammar, "log", 0),
        step(grammar, "add", 0, 1),
        step(grammar, "identity", 4),
        step(grammar, "multiply", 4, 5),
    ]
    only_yhat = [step(grammar, "neg", 0)] * 3 + [step(grammar, "identity", 0)]
    chain = [step(grammar, "square", 0)] + [step(grammar, "square", k) for k in (3, 4, 5)]
    tokens = Tokens.from_rows([square_of_sum, only_yhat, chain])
    assert grammar.complexity(tokens).tolist() == [2, 0, 4]


def test_complexity_is_the_number_of_instructions_without_guards() -> None:
    grammar = LossGrammar(["extended"])
    tokens = RandomStrategy(grammar, 3).ask(500)
    batch = grammar.programs(tokens)
    useful = [
        sum(code not in (Opcode.GUARD, Opcode.IDENTITY) for code in batch.program(k).opcodes)
        for k in range(len(tokens))
    ]
    assert grammar.complexity(tokens).tolist() == useful
