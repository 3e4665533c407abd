"""The reference rules against torch autograd, mpmath and each other."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
import torch

from symloss.compile.cpu import kernel
from symloss.compile.program import ProgramBatch
from symloss.compile.reference import RULES, evaluate, evaluate_batch
from symloss.loss import Loss
from symloss.ops.opcode import Opcode
from tests.compile.programs import BCE, HINGE, MAXR, MSE, UNARY, program, random_program

LIMIT = 1e6
TORCH = {
    Opcode.ADD: torch.add,
    Opcode.SUBTRACT: torch.sub,
    Opcode.MULTIPLY: torch.mul,
    Opcode.DIVIDE: torch.div,
    Opcode.POWER: torch.pow,
    Opcode.MAXIMUM: torch.maximum,
    Opcode.MINIMUM: torch.minimum,
    Opcode.NEGATE: lambda a, b: -a,
    Opcode.IDENTITY: lambda a, b: a * 1,
    Opcode.SQUARE: lambda a, b: a**2,
    Opcode.LOG: lambda a, b: torch.log(a),
    Opcode.EXP: lambda a, b: torch.exp(a),
    Opcode.ABS: lambda a, b: torch.abs(a),
    Opcode.SQRT: lambda a, b: torch.sqrt(a),
    Opcode.SIGN: lambda a, b: torch.sign(a),
    Opcode.TANH: lambda a, b: torch.tanh(a),
    Opcode.SIGMOID: lambda a, b: torch.sigmoid(a),
    Opcode.RELU: lambda a, b: torch.maximum(a, torch.zeros_like(a)),
    Opcode.GUARD: lambda a, b: torch.clamp(a, -LIMIT, LIMIT),
    Opcode.PROTECTED_LOG: lambda a, b: torch.sign(a) * torch.log(torch.abs(a) + b),
    Opcode.PROTECTED_RECIPROCAL: lambda a, b: torch.sign(a) / (torch.abs(a) + b),
    Opcode.PROTECTED_SQRT: lambda a, b: torch.sign(a) * torch.sqrt(torch.abs(a) + b),
    Opcode.PROTECTED_EXP: lambda a, b: torch.exp(torch.clamp(a, max=math.log(LIMIT))),
    Opcode.ANALYTIC_QUOTIENT: lambda a, b: a / torch.sqrt(1 + b**2),
    Opcode.ARCTAN: lambda a, b: torch.atan(a),
}


def test_every_opcode_has_a_rule_and_an_oracle():
    assert set(RULES) == set(Opcode) == set(TORCH)


@pytest.mark.parametrize("opcode", list(Opcode))
def test_rule_agrees_with_autograd(opcode):
    generator = np.random.default_rng(int(opcode))
    a = np.concatenate([generator.normal(0, 2, 300), [0.0, 1.0, 0.5, 30.0, 2e6]])
    b = np.concatenate([generator.uniform(0.01, 3, 300), [1.0, 1.0, 0.5, 2.0, 1.5]])
    if opcode in (Opcode.LOG, Opcode.SQRT, Opcode.POWER):
        a = np.abs(a) + 1e-3
    da, db = generator.normal(0, 1, (2, len(a)))
    ta, tb = torch.tensor(a, requires_grad=True), torch.tensor(b, requires_grad=True)
    out = TORCH[opcode](ta, tb)
    ga, gb = torch.autograd.grad(out.sum(), (ta, tb), allow_unused=True)
    expected = ga.numpy() * da + (0 if gb is None else gb.numpy() * db)
    with np.errstate(all="ignore"):
        value, derivative = RULES[opcode](a, b, da, db)
    np.testing.assert_allclose(value, out.detach().numpy(), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(derivative, expected, rtol=1e-9, atol=1e-12)


PRECISE = {
    Opcode.TANH: mpmath.tanh,
    Opcode.SIGMOID: lambda a: 1 / (1 + mpmath.exp(-a)),
    Opcode.ARCTAN: mpmath.atan,
    Opcode.LOG: mpmath.log,
    Opcode.EXP: mpmath.exp,
    Opcode.SQRT: mpmath.sqrt,
    Opcode.PROTECTED_EXP: lambda a: mpmath.exp(min(a, mpmath.log(10**6))),
}


@pytest.mark.parametrize("opcode", list(PRECISE))
def test_rule_agrees_with_high_precision(opcode):
    with mpmath.workdps(40):
        for a in (0.01, 0.3, 2.0, 13.0, 15.0):
            value, derivative = evaluate(program((opcode, 0, 0)), a, 0.0, 0.1)
            assert float(value) == pytest.approx(float(PRECISE[opcode](mpmath.mpf(a))), rel=1e-14)
            slope = float(mpmath.diff(PRECISE[opcode], mpmath.mpf(a)))
            assert float(derivative) == pytest.approx(slope, rel=1e-8, abs=1e-15)


def test_constant_exponent_keeps_derivative_at_zero_base():
    # d/da a**1 = 1 at 0, d/da a**2 = 0: no logarithm of 0 gets in.
    for exponent, slope in ((1.0, 1.0), (2.0, 0.0), (0.0, 0.0)):
        _, derivative = evaluate(program((Opcode.POWER, 0, 3), constants=(exponent,)), 0.0, 0.0, 0.1)
        assert float(derivative) == slope


def test_zero_derivative_survives_infinite_factor():
    # log(y) at y = 0 is -infinity, but it does not depend on yhat.
    value, derivative = evaluate(program((Opcode.LOG, 1, 1), (Opcode.MULTIPLY, 3, 0)), 0.5, 0.0, 0.1)
    assert value == -np.inf
    assert derivative == -np.inf
    _, derivative = evaluate(program((Opcode.LOG, 1, 1)), 0.5, 0.0, 0.1)
    assert derivative == 0
    _, derivative = evaluate(program((Opcode.SQRT, 1, 1), (Opcode.ADD, 3, 0)), 0.5, 0.0, 0.1)
    assert derivative == 1


@pytest.mark.parametrize("opcode", [Opcode.PROTECTED_LOG, Opcode.PROTECTED_RECIPROCAL, Opcode.PROTECTED_SQRT])
def test_protected_functions_are_zero_and_flat_at_zero(opcode):
    for smoothing in (0.0, 1e-6, 0.1):
        value, derivative = evaluate(program((opcode, 0, 2)), 0.0, 1.0, smoothing)
        assert value == 0
        assert derivative == 0


@pytest.mark.parametrize("opcode", [o for o in Opcode if o not in (Opcode.IDENTITY, Opcode.SIGN)])
def test_nan_propagates(opcode):
    right = 0 if opcode in UNARY else 1
    value, derivative = evaluate(program((opcode, 0, right)), np.nan, 1.0, 0.1)
    assert np.isnan(value)
    if opcode not in (Opcode.ADD, Opcode.SUBTRACT, Opcode.MULTIPLY, Opcode.DIVIDE, Opcode.NEGATE,
                      Opcode.ANALYTIC_QUOTIENT, Opcode.POWER):  # fmt: skip
        assert np.isnan(derivative)


def test_broadcasting():
    value, derivative = evaluate(MSE, np.linspace(0, 1, 5)[:, None], np.array([0.0, 1.0]), 0.1)
    assert value.shape == derivative.shape == (5, 2)
    np.testing.assert_allclose(derivative[:, 1], 2 * (np.linspace(0, 1, 5) - 1))


def test_batch_gives_each_program_its_own_result():
    generator = np.random.default_rng(3)
    programs = [MSE, BCE, MAXR, HINGE, *(random_program(generator, n) for n in (1, 2, 3, 5, 8, 13) * 5)]
    eps = generator.uniform(1e-3, 0.5, len(programs))
    yhat, y = generator.uniform(0.01, 0.99, 17), generator.integers(0, 2, 17).astype(float)
    values, derivatives = evaluate_batch(ProgramBatch.pack(programs, eps), yhat, y)
    for k, one in enumerate(programs):
        value, derivative = evaluate(one, yhat, y, eps[k])
        np.testing.assert_array_equal(values[k], value)
        np.testing.assert_array_equal(derivatives[k], derivative)


@pytest.mark.parametrize(
    "text",
    [
        "(log(yhat - 2))**(y*(1-y))",
        "(y + (1 - y))**log(yhat - 2)*max(y, 1)**log(yhat - 2)",
        "sign(log(yhat - 2))*y",
    ],
)
def test_what_is_made_from_nan_is_nan_in_every_back_end(text):
    """IEEE has NaN**0 = 1 and 1**NaN = 1, torch has sign(NaN) = 0: here each of them is NaN."""
    loss = Loss(text)
    point, label = np.array([0.25, 0.75]), np.array([0.0, 1.0])
    assert np.isnan(evaluate(loss.program(), point, label, 1.0)[0]).all()
    assert np.isnan(
        kernel.evaluate(loss.program(), point.astype(np.float32), label.astype(np.float32), 1.0)[0]
    ).all()
    found = loss.torch(reduction="none")(torch.tensor(point), torch.tensor(label))
    assert found.isnan().all()
