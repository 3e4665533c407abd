"""The torch back end against the float64 reference, and its schedule."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from symloss import zoo
from symloss.compile.program import ProgramBatch
from symloss.compile.reference import evaluate
from symloss.compile.torch.batch import TorchPrograms
from symloss.compile.torch.rules import RULES
from symloss.compile.torch.schedule import schedule
from symloss.ops.opcode import Opcode
from tests.compile.programs import BCE, HINGE, MAXR, MSE, UNARY, program, random_program

SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, 13.0, 14.0, 1e-7, 2e6, -2e6, 1e200, np.inf, -np.inf, np.nan]


def _run(programs, eps, yhat, y, dtype=torch.float64):
    batch = ProgramBatch.pack(programs, eps)
    compiled = TorchPrograms(batch, "cpu", dtype)
    rows = torch.tensor(np.broadcast_to(yhat, (len(programs), np.shape(yhat)[-1])).copy(), dtype=dtype)
    value, slope = compiled.value_and_slope(rows, torch.tensor(y, dtype=dtype))
    return value.numpy(), slope.numpy()


def test_rules_cover_the_opcodes():
    assert set(RULES) == set(Opcode)
    assert {opcode for opcode in Opcode if RULES[opcode].unary} == set(UNARY)


@pytest.mark.parametrize("opcode", list(Opcode))
def test_every_opcode_at_ordinary_and_special_points(opcode):
    generator = np.random.default_rng(int(opcode))
    special = np.array(np.meshgrid(SPECIAL, SPECIAL)).reshape(2, -1)
    a = np.concatenate([generator.normal(0, 2, 200), special[0]])
    b = np.concatenate([generator.uniform(0.01, 3, 200), special[1]])
    # yhat on the left, on the right, on both sides, through a slope that is 0, and beside a number.
    programs = [
        program((opcode, 0, 0 if opcode in UNARY else 1)),
        program((opcode, 1, 1 if opcode in UNARY else 0)),
        program((opcode, 0, 0)),
        program((Opcode.SUBTRACT, 0, 0), (opcode, 3, 3 if opcode in UNARY else 0)),
        program((opcode, 0, 0 if opcode in UNARY else 3), constants=(2.0,)),
        program((opcode, 0, 0 if opcode in UNARY else 2)),
    ]
    values, slopes = _run(programs, [0.1] * len(programs), a, b)
    for k, one in enumerate(programs):
        value, slope = evaluate(one, a, b, 0.1)
        # 4e-15: exp and log of torch and NumPy may differ in the last places.
        np.testing.assert_allclose(values[k], value, rtol=4e-15, atol=1e-300, err_msg=f"program {k}")
        if 1 in one.left[-1:] and opcode in UNARY:
            assert not slopes[k].any()
            continue
        with np.errstate(all="ignore"):
            np.testing.assert_allclose(slopes[k], slope, rtol=1e-13, atol=3e-16, err_msg=f"program {k}")


def test_ties_and_kinks():
    programs = [program((op, 0, 1)) for op in (Opcode.MAXIMUM, Opcode.MINIMUM)]
    programs += [program((op, 0, 0)) for op in (Opcode.RELU, Opcode.ABS, Opcode.SIGN)]
    _, slopes = _run(programs, [0.1] * 5, np.zeros(1), np.zeros(1))
    np.testing.assert_array_equal(slopes[:, 0], [0.5, 0.5, 0.5, 0.0, 0.0])


def test_zero_slope_survives_an_infinite_factor():
    # y log(y) is NaN at y = 0, but only the other label counts; log(y) yhat has slope -infinity.
    programs = [
        program((Opcode.LOG, 1, 1), (Opcode.MULTIPLY, 3, 0)),
        program((Opcode.LOG, 1, 1)),
        program((Opcode.SUBTRACT, 0, 0), (Opcode.LOG, 1, 1), (Opcode.MULTIPLY, 3, 4)),
    ]
    _, slopes = _run(programs, [0.1] * 3, np.array([0.5]), np.array([0.0]))
    np.testing.assert_array_equal(slopes[:, 0], [-np.inf, 0.0, 0.0])


def test_random_programs_side_by_side():
    generator = np.random.default_rng(5)
    programs = [random_program(generator, int(generator.integers(1, 12))) for _ in range(300)]
    eps = generator.choice([1e-6, 0.01, 0.1, 0.5], len(programs))
    yhat = generator.uniform(0.01, 0.99, (len(programs), 21))
    y = generator.integers(0, 2, (len(programs), 21)).astype(float)
    values, slopes = _run(programs, eps, yhat, y)
    compared = 0
    for k, one in enumerate(programs):
        value, slope = evaluate(one, yhat[k], y[k], eps[k])
        moved = evaluate(one, yhat[k] * (1 + 1e-14), y[k], eps[k])
        with np.errstate(all="ignore"):
            # Where a rounding of the input moves the result a lot, no agreement is due.
            steady = np.abs(moved[0] - value) <= 1e-9 * np.abs(value) + 1e-12
            steady &= np.abs(moved[1] - slope) <= 1e-9 * np.abs(slope) + 1e-12
        np.testing.assert_array_equal(np.isnan(values[k]), np.isnan(value))
        np.testing.assert_allclose(values[k][steady], value[steady], rtol=1e-7, atol=1e-10)
        # Terms of up to 1e9 may have cancelled.
        np.testing.assert_allclose(slopes[k][steady], slope[steady], rtol=1e-7, atol=1e-6)
        compared += int(steady.sum())
    assert compared > 3000


def test_zoo_in_float32_and_with_shared_labels():
    generator = np.random.default_rng(6)
    losses = [zoo.get(name) for name in zoo.names()]
    programs, eps = [loss.program() for loss in losses], [0.1] * len(losses)
    yhat = generator.uniform(0.02, 0.98, (len(losses), 64))
    y = generator.integers(0, 2, 64).astype(float)
    values, slopes = _run(programs, eps, yhat, y, torch.float32)
    for k, one in enumerate(programs):
        value, slope = evaluate(one, yhat[k], y, 0.1)
        np.testing.assert_allclose(values[k], value, rtol=2e-5, atol=2e-6, err_msg=losses[k].name)
        np.testing.assert_allclose(slopes[k], slope, rtol=2e-4, atol=2e-5, err_msg=losses[k].name)


def test_calls_of_several_widths_do_not_disturb_each_other():
    programs, eps = [MSE, BCE, MAXR, HINGE], [0.1] * 4
    compiled = TorchPrograms(ProgramBatch.pack(programs, eps), "cpu", torch.float64)
    wide = torch.rand(4, 9, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    y = torch.arange(9, dtype=torch.float64) % 2
    before = compiled.value_and_slope(wide, y)
    kept = [part.clone() for part in before]
    narrow = compiled.value_and_slope(wide[:, :2], y[:2])
    for part, old, small in zip(before, kept, narrow, strict=True):
        torch.testing.assert_close(part, old, rtol=0, atol=0)
        torch.testing.assert_close(small, old[:, :2], rtol=1e-14, atol=0)


def test_schedule_computes_operands_first_and_merges_opcodes():
    generator = np.random.default_rng(7)
    programs = [random_program(generator, 10) for _ in range(100)]
    plan = schedule(ProgramBatch.pack(programs, [0.1] * 100))
    known, by_known, total = 200 + len(plan.numbers), 2, 0
    for group in (*plan.fixed, *plan.groups):
        assert max(group.left.max(), group.right.max()) < known == group.start
        assert all(
            part.max(initial=0) < by_known == group.by_start for part in (group.by_left, group.by_right)
        )
        known += len(group.left)
        by_known += len(group.by_left)
        total += len(group.left)
    assert (known, by_known, total) == (plan.rows, plan.by_rows, 1000)
    # Position by position there would be nearly 250 groups.
    assert len(plan.groups) < 150


def test_equal_programs_take_at_most_one_group_an_instruction():
    plan = schedule(ProgramBatch.pack([BCE] * 50, np.linspace(0.1, 0.5, 50)))
    assert len(plan.groups) <= len(BCE.opcodes)
