"""The float32 interpreter against the float64 reference."""

from __future__ import annotations

import numpy as np
import pytest

from symloss.compile import reference
from symloss.compile.cpu import kernel
from symloss.ops.opcode import Opcode
from tests.compile.programs import BCE, HINGE, MAXR, MSE, UNARY, program, random_program


def _both(one, yhat, y, eps):
    yhat, y = np.asarray(yhat, np.float32), np.asarray(y, np.float32)
    # The reference sees the same rounded numbers.
    rounded = type(one)(one.opcodes, one.left, one.right, one.constants.astype(np.float32).astype(np.float64))
    expected = reference.evaluate(rounded, yhat, y, float(np.float32(eps)))
    return kernel.evaluate(one, yhat, y, eps), expected


@pytest.mark.parametrize("opcode", list(Opcode))
def test_every_opcode(opcode):
    generator = np.random.default_rng(int(opcode))
    a = np.concatenate([generator.normal(0, 2, 500), [0.0, 1.0, 13.0, 14.0, 2e6, -2e6, np.nan]])
    b = np.concatenate([generator.uniform(0.01, 3, 500), [1.0, 1.0, 2.0, 1.0, 2.0, 1.0, 1.0]])
    (value, slope), (value_expected, slope_expected) = _both(
        program((opcode, 0, opcode not in UNARY)), a, b, 0.1
    )
    np.testing.assert_allclose(value, value_expected.astype(np.float32), rtol=2e-6, atol=1e-7)
    np.testing.assert_allclose(slope, slope_expected.astype(np.float32), rtol=4e-6, atol=2e-7)
    # yhat as the second operand, a constant as the first.
    if opcode not in UNARY:
        b = np.abs(b) if opcode is Opcode.POWER else b
        (value, slope), expected = _both(program((opcode, 3, 0), constants=(1.7,)), b, b, 0.1)
        np.testing.assert_allclose(value, expected[0].astype(np.float32), rtol=2e-6, atol=1e-12)
        np.testing.assert_allclose(slope, expected[1].astype(np.float32), rtol=6e-6, atol=1e-6)


@pytest.mark.parametrize("exponent", [0.0, 1.0, 2.0, 3.0, 4.0, -1.0, -2.0, 0.5, -0.5, 1.5, 0.7, 7.0, -3.25])
def test_constant_exponents(exponent):
    points = np.concatenate([np.linspace(1e-3, 3, 200), [0.0, np.inf]])
    if exponent == int(exponent):
        points = np.concatenate([points, -points])
    (value, slope), expected = _both(
        program((Opcode.POWER, 0, 3), constants=(exponent,)), points, points, 0.1
    )
    with np.errstate(over="ignore"):
        np.testing.assert_allclose(value, expected[0].astype(np.float32), rtol=2e-6)
        np.testing.assert_allclose(slope, expected[1].astype(np.float32), rtol=3e-6)


@pytest.mark.parametrize("loss", [MSE, BCE, MAXR, HINGE])
def test_losses(loss):
    generator = np.random.default_rng(1)
    yhat, y = generator.uniform(1e-3, 1 - 1e-3, 1000), generator.integers(0, 2, 1000)
    (value, slope), expected = _both(loss, yhat, y, 0.1)
    np.testing.assert_allclose(value, expected[0], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(slope, expected[1], rtol=2e-5, atol=1e-6)


def test_random_programs():
    generator = np.random.default_rng(2)
    compared = 0
    for _ in range(300):
        one = random_program(generator, int(generator.integers(1, 7)))
        yhat, y = generator.uniform(0.05, 0.95, 40), generator.integers(0, 2, 40)
        (value, slope), (value_expected, slope_expected) = _both(one, yhat, y, 0.1)
        # Where float64 moves a lot for an input that moves by a float32 rounding, no agreement is due.
        moved = reference.evaluate(one, yhat.astype(np.float32) * (1 + 1e-6), y, 0.1)
        with np.errstate(all="ignore"):
            steady = (
                np.isfinite(slope_expected) & (np.abs(slope_expected) < 1e6) & (np.abs(value_expected) < 1e6)
            )
            steady &= np.abs(moved[1] - slope_expected) <= 1e-4 * np.abs(slope_expected) + 1e-6
            steady &= np.abs(moved[0] - value_expected) <= 1e-4 * np.abs(value_expected) + 1e-6
        np.testing.assert_allclose(value[steady], value_expected[steady], rtol=5e-3, atol=1e-3)
        np.testing.assert_allclose(slope[steady], slope_expected[steady], rtol=5e-3, atol=1e-3)
        compared += int(steady.sum())
    assert compared > 6000


def test_ties_take_the_mean_derivative():
    for opcode in (Opcode.MAXIMUM, Opcode.MINIMUM):
        _, slope = kernel.evaluate(
            program((opcode, 0, 1)), np.float32([0.5, 1.0]), np.float32([0.5, 1.0]), 0.1
        )
        np.testing.assert_array_equal(slope, [0.5, 0.5])
    _, slope = kernel.evaluate(program((Opcode.RELU, 0, 0)), np.float32([0.0]), np.float32([0.0]), 0.1)
    assert slope[0] == 0.5


def test_program_without_yhat_has_zero_derivative():
    value, slope = kernel.evaluate(
        program((Opcode.ADD, 2, 3), (Opcode.LOG, 4, 4), (Opcode.MULTIPLY, 5, 1), constants=(1.0,)),
        np.float32([0.1, 0.9]), np.float32([0.0, 1.0]), 0.5,
    )  # fmt: skip
    np.testing.assert_allclose(value, [0.0, np.log(1.5)], rtol=1e-6)
    np.testing.assert_array_equal(slope, [0.0, 0.0])


def test_chunks_do_not_matter():
    yhat = np.random.default_rng(0).uniform(0, 1, 1000).astype(np.float32)
    y = np.zeros(1000, np.float32)
    whole = kernel.evaluate(MAXR, yhat, y, 0.1)
    for start, stop in ((0, 1), (255, 258), (999, 1000)):
        part = kernel.evaluate(MAXR, yhat[start:stop], y[start:stop], 0.1)
        np.testing.assert_array_equal(part[0], whole[0][start:stop])
        np.testing.assert_array_equal(part[1], whole[1][start:stop])
