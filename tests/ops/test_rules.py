"""What is written by hand beside the rules is held to them: the fused kernel, bounds, expressions, exported code."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from symloss.compile.assemble import assemble
from symloss.compile.cpu import kernel
from symloss.compile.reference import RULES as ON_ARRAYS
from symloss.compile.reference import evaluate
from symloss.export.finite import Finiteness
from symloss.export.frameworks import HELPERS, NUMPY
from symloss.export.jets import jet
from symloss.export.writer import Writer
from symloss.ops.bounded import EXPRESSIONS, Bounded, BoundedInstructions
from symloss.ops.bounds import BOUNDS, IntervalInstructions
from symloss.ops.constants import XI
from symloss.ops.instruction_set import InstructionSet
from symloss.ops.interval import Interval
from symloss.ops.opcode import Opcode
from symloss.ops.rules import RULES
from symloss.signature import Domain, y, yhat
from symloss.symbolic.arithmetic.float32_steps import at_points
from tests.compile.programs import UNARY, program
from tests.export.oracle import load_module

SMOOTHED = (Opcode.PROTECTED_LOG, Opcode.PROTECTED_RECIPROCAL, Opcode.PROTECTED_SQRT)
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 13.0, 14.0, 1e-7, 1e-6, 1e6, -1e6, 2e6, -2e6, 1e-42, -1e-42, 1e30, -1e30,
           3e38, np.inf, -np.inf, np.nan]  # fmt: skip


def test_tables_are_complete() -> None:
    assert set(RULES) == set(BOUNDS) == set(EXPRESSIONS) == set(Opcode)
    assert {opcode for opcode, rule in RULES.items() if rule.unary} == set(UNARY)


class Named(InstructionSet[Opcode]):
    """Returns which instruction a method stands for."""

    def number(self, value: float) -> Opcode:
        raise NotImplementedError

    @property
    def eps(self) -> Opcode:
        raise NotImplementedError

    def apply(self, opcode: Opcode, a: Opcode, b: Opcode | None = None) -> Opcode:
        assert (b is None) == RULES[opcode].unary
        return opcode


def test_every_instruction_has_a_method_of_its_own() -> None:
    names = [name for name in vars(InstructionSet) if not name.startswith("_")]
    names = [name for name in names if name not in ("number", "eps", "apply")]
    found = []
    for name in names:
        method = getattr(Named(), name)
        operands = method.__code__.co_argcount - 1
        found.append(method(*[Opcode.ADD] * operands))
    assert sorted(found) == sorted(Opcode)


def points(opcode: Opcode) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(int(opcode))
    special = np.array(list(itertools.product(SPECIAL, repeat=2))).T
    a = np.concatenate([generator.normal(0, 2, 300), special[0]])
    b = np.concatenate([generator.uniform(0.01, 3, 300), special[1]])
    if opcode in SMOOTHED:  # the smoothing of a loss is a number, and not below xi
        b = np.where(b >= XI, b, 0.1)
    return a.astype(np.float32), b.astype(np.float32)


@pytest.mark.parametrize("opcode", list(Opcode))
def test_the_fused_kernel_does_what_the_rule_does_in_float32(opcode: Opcode) -> None:
    a, b = points(opcode)
    for left, right in ((0, 1), (1, 0)) if opcode not in UNARY else ((0, 0),):
        one = program((opcode, left, right))
        if opcode in SMOOTHED and left == 1:
            continue
        found, expected = kernel.evaluate(one, a, b, 0.1), at_points(one, a, b, 0.1)
        for number, rule in zip(found, expected, strict=True):
            # NaN, infinities and zeros stand where they do by the rule; a denormal may be flushed to 0, and the slope
            # of what saturates is 1 less a number next to 1.
            room = 2e-7 if opcode in (Opcode.TANH, Opcode.SIGMOID) else 2e-38
            np.testing.assert_allclose(number, rule, rtol=1e-5, atol=room, err_msg=f"{left} {right}")


def sample(generator: np.random.Generator, opcode: Opcode) -> tuple[Interval, np.ndarray]:
    """Return an interval where an instruction is defined, and points in it."""
    choices = [-1e6, -20.0, -3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 14.0, 1e6, *generator.uniform(-5, 5, 3)]
    low, high = np.sort(generator.choice(choices, 2))
    if opcode in (Opcode.LOG, Opcode.SQRT, Opcode.POWER):
        low, high = abs(low) + 1e-3, abs(low) + 1e-3 + abs(high)
    inside = low + (high - low) * np.concatenate([[0.0, 1.0], generator.uniform(size=30)])
    return Interval(float(low), float(high)), np.clip(inside, low, high)


@pytest.mark.parametrize("opcode", list(Opcode))
def test_bounds_hold_what_the_rule_gives(opcode: Opcode) -> None:
    generator = np.random.default_rng(100 + int(opcode))
    for _ in range(200):
        first, a = sample(generator, opcode)
        if opcode in UNARY:
            second, b = first, a
        elif opcode in SMOOTHED:
            second, b = IntervalInstructions().eps, generator.uniform(XI, 1.0, len(a))
        elif opcode is Opcode.POWER:
            n = float(generator.integers(0, 5))
            second, b = Interval(n, n), np.full(len(a), n)
            if generator.random() < 0.5:
                second, b = sample(generator, Opcode.ADD)
        else:
            second, b = sample(generator, Opcode.ADD)
        with np.errstate(all="ignore"):
            value, _ = ON_ARRAYS[opcode](a, b, np.zeros_like(a), np.zeros_like(a))
        value = value[np.isfinite(value)]
        bounds = BOUNDS[opcode](first, second)
        assert not np.isnan([bounds.low, bounds.high]).any()
        slack = 1e-12 * np.maximum(1.0, np.abs(value))
        assert (value >= bounds.low - slack).all() and (value <= bounds.high + slack).all(), (first, second)
        # tanh, sigmoid and exp reach an open end by rounding only
        if opcode not in (Opcode.TANH, Opcode.SIGMOID, Opcode.EXP, Opcode.POWER, Opcode.PROTECTED_RECIPROCAL):
            assert not (bounds.positive and (value <= 0).any()) and not (
                bounds.negative and (value >= 0).any()
            )


@pytest.mark.parametrize("opcode", list(Opcode))
def test_expressions_mean_what_the_rule_does(opcode: Opcode) -> None:
    generator = np.random.default_rng(200 + int(opcode))
    a, b = generator.normal(0, 2, 100), generator.normal(0, 2, 100)
    if opcode in (Opcode.LOG, Opcode.SQRT, Opcode.POWER):
        a = np.abs(a) + 1e-3
    o = BoundedInstructions()
    for interval in (Interval(-np.inf, np.inf), Interval(0.0, np.inf, True, True)):
        x = np.abs(a) + 1e-3 if interval.positive else a
        first, second = Bounded(yhat, interval), Bounded(y, Interval(-np.inf, np.inf))
        made = o.apply(opcode, first, None if opcode in UNARY else o.eps if opcode in SMOOTHED else second)
        found = evaluate(assemble(made.expression), x, b, 0.3)
        with np.errstate(all="ignore"):
            expected = ON_ARRAYS[opcode](
                x, np.full_like(b, 0.3) if opcode in SMOOTHED else b, np.ones_like(a), np.zeros_like(a)
            )
        for number, rule in zip(found, expected, strict=True):
            np.testing.assert_allclose(number, rule, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("opcode", list(Opcode))
@pytest.mark.parametrize("side", ["left", "right"])
def test_exported_derivatives_are_those_of_the_rule(opcode: Opcode, side: str, tmp_path: Path) -> None:
    if side == "right" and (opcode in UNARY or opcode in SMOOTHED):
        return
    one = program((opcode, 0, 0 if opcode in UNARY else 1) if side == "left" else (opcode, 1, 0))
    if opcode in SMOOTHED:
        one = program((opcode, 0, 2))
    written = jet(one, Finiteness(Domain.of("real", "score"), XI))
    writer = Writer(NUMPY, taken=("yhat", "y", "eps"))
    texts = writer.write([written.value, written.slope, written.curvature])
    helpers = [NUMPY.helper_text(name) for name in HELPERS if name in writer.helpers]
    body = [*writer.statements, f"return {', '.join(f'yhat * 0 + {text}' for text in texts)}"]
    lines = ["import numpy as np", *helpers, "def run(yhat, y, eps):", *(f"    {line}" for line in body)]
    module = load_module("\n".join(lines), tmp_path)
    generator = np.random.default_rng(300 + int(opcode))
    a, b = generator.normal(0, 2, 200), generator.normal(0, 2, 200)
    if opcode in (Opcode.LOG, Opcode.SQRT, Opcode.POWER):
        a, b = np.abs(a) + 0.05, np.abs(b) + 0.05
    else:
        kinks = np.array([0.0, 1.0, -1.0, 1e6, -1e6, 2e6, 13.0, 14.0])
        a, b = np.concatenate([a, kinks]), np.concatenate([b, kinks])
    with np.errstate(all="ignore"):
        value, slope, curvature = module.run(a, b, 0.1)
        expected = evaluate(one, a, b, 0.1)
        np.testing.assert_allclose(value, expected[0], rtol=1e-12)
        np.testing.assert_allclose(slope, expected[1], rtol=1e-9, atol=1e-12)
        step = 1e-6
        around = [evaluate(one, a + shift, b, 0.1)[1] for shift in (-step, step)]
        wide = [evaluate(one, a + shift, b, 0.1)[1] for shift in (-2 * step, 2 * step)]
        difference = (around[1] - around[0]) / (2 * step)
        rough = (wide[1] - wide[0]) / (4 * step)
        smooth = np.isfinite(difference) & (np.abs(difference - rough) < 1e-3 * (1 + np.abs(difference)))
        smooth &= (np.abs(difference) < 1e6) & (np.abs(a) < 1e5)
    assert smooth.sum() > 100
    close = np.isclose(curvature, difference, rtol=2e-3, atol=2e-3)
    # A kink within a step shows in the differences only.
    assert (close | ~smooth | (np.abs(a) < 1e-3) | (np.abs(a - b) < 1e-3)).all()
