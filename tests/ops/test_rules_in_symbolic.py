"""The symbolic core is held to the rules: three interval arithmetics, smooth pieces, and finite numbers of code."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import sympy
from mpmath import libmp
from sympy import Expr

from symloss.compile.assemble import assemble
from symloss.compile.reference import RULES as ON_ARRAYS
from symloss.compile.reference import evaluate
from symloss.export.finite import Finiteness
from symloss.export.jets import jet
from symloss.loss import Loss
from symloss.ops.bounded import Bounded, BoundedInstructions
from symloss.ops.interval import Interval
from symloss.ops.opcode import Opcode
from symloss.signature import Domain, y, yhat
from symloss.symbolic.arithmetic.enclosure import Enclosure, EnclosureArithmetic, ends_of
from symloss.symbolic.arithmetic.float_box import FloatBoxes
from symloss.symbolic.arithmetic.interval_arithmetic import Box, BoxArithmetic
from symloss.symbolic.arithmetic.tape import Tape
from symloss.symbolic.pieces.resolve import Deadline, label_pieces
from tests.compile.programs import UNARY

SMOOTHED = (Opcode.PROTECTED_LOG, Opcode.PROTECTED_RECIPROCAL, Opcode.PROTECTED_SQRT)
POSITIVE = (Opcode.LOG, Opcode.SQRT, Opcode.POWER)
ANYTHING = Interval(-math.inf, math.inf)
EPS = 0.25


def written(opcode: Opcode) -> Expr:
    """Return an instruction as an expression of yhat, and of y where it has a second operand."""
    o = BoundedInstructions()
    second = None if opcode in UNARY else o.number(EPS) if opcode in SMOOTHED else Bounded(y, ANYTHING)
    return o.apply(opcode, Bounded(yhat, ANYTHING), second).expression


def by_rule(opcode: Opcode, a: Any, b: float) -> tuple[Any, Any]:
    """Return value and slope by the rule; `b` is the second operand."""
    other = np.full_like(a, EPS if opcode in SMOOTHED else b)
    with np.errstate(all="ignore"):
        return ON_ARRAYS[opcode](a, other, np.ones_like(a), np.zeros_like(a))


def float_boxes(tape: Tape, low: float, high: float, b: float) -> tuple[float, ...]:
    (found,) = tape.run(FloatBoxes(), {yhat: (low, high, 1.0, 1.0), y: (b, b, 0.0, 0.0)})
    return tuple(found)


def array_boxes(tape: Tape, low: float, high: float, b: float) -> tuple[float, ...]:
    ends = [np.array([end]) for end in (low, high, 1.0, b, 0.0)]
    values = {yhat: Box(ends[0], ends[1], ends[2], ends[2]), y: Box(ends[3], ends[3], ends[4], ends[4])}
    with np.errstate(all="ignore"):
        (found,) = tape.run(BoxArithmetic(), values)
    slopes = (found.slope_low, found.slope_high)
    parts = (found.low, found.high, *(0.0 if one is None else one for one in slopes))
    return tuple(float(np.broadcast_to(part, (1,))[0]) for part in parts)


def enclosures(tape: Tape, low: float, high: float, b: float) -> tuple[float, ...]:
    def raw(one: float, other: float) -> Any:
        return libmp.from_float(one), libmp.from_float(other)

    values = {yhat: Enclosure(raw(low, high), raw(1, 1)), y: Enclosure(raw(b, b), raw(0, 0))}
    (found,) = tape.run(EnclosureArithmetic(120), values)
    return (*ends_of(found.value), *ends_of(found.slope))


@pytest.mark.parametrize("opcode", list(Opcode))
@pytest.mark.parametrize("arithmetic", [float_boxes, array_boxes, enclosures])
def test_intervals_hold_what_the_rule_gives(opcode: Opcode, arithmetic: Any) -> None:
    tape = Tape.of(written(opcode))
    generator = np.random.default_rng(400 + int(opcode))
    for _ in range(40):
        choices = [-20.0, -3.0, -1.0, 0.0, 0.5, 2.0, 14.5, 2e6, *generator.uniform(-5, 5, 4)]
        low, high = sorted(map(float, generator.choice(choices, 2)))
        b = float(generator.choice([-2.0, -0.5, 0.5, 3.0, *generator.uniform(-3, 3, 2)]))
        if opcode in POSITIVE:
            low, high = abs(low) + 0.01, abs(low) + 0.01 + abs(high)
        if opcode is Opcode.EXP:
            high = min(high, 20.0)
            low = min(low, high)
        a = np.clip(low + (high - low) * np.concatenate([[0, 1], generator.uniform(size=20)]), low, high)
        bounds = arithmetic(tape, low, high, b)
        value, slope = by_rule(opcode, a, b)
        # a kink at an end of a box belongs to the next one, too
        inside = slope[(low < a) & (a < high)]
        for number, (least, most) in ((value, bounds[:2]), (inside, bounds[2:])):
            slack = 1e-12 * np.maximum(1.0, np.abs(number))
            assert np.isnan(least) or (number >= least - slack).all(), (low, high, b)
            assert np.isnan(most) or (number <= most + slack).all(), (low, high, b)
            # not the whole line where the rule is tame
            if low > 0.4 and high < 15 and opcode not in (Opcode.POWER, Opcode.SIGN):
                assert math.isfinite(least) and math.isfinite(most)


@pytest.mark.parametrize("opcode", list(Opcode))
@pytest.mark.parametrize("label", [-2, sympy.Rational(1, 2), 3])
def test_pieces_are_the_rule(opcode: Opcode, label: Any) -> None:
    loss = Loss(written(opcode), labels="real", input="score")
    pieces = label_pieces(loss, label, Deadline(20.0))
    assert len(pieces) >= 1
    generator = np.random.default_rng(500 + int(opcode))
    a = np.concatenate([generator.normal(0, 2, 40), [13.0, 14.5, 1.5e6, -1.5e6]])
    if opcode is Opcode.EXP:
        a = a[np.abs(a) < 100]
    values, slopes = by_rule(opcode, a, float(label))
    tested = 0
    for point, value, slope in zip(a, values, slopes, strict=True):
        inside = [one for one in pieces if one.low.approximation < point < one.high.approximation]
        assert len(inside) <= 1
        for piece in inside:
            if not piece.is_real:
                assert not np.isfinite(value) or opcode is Opcode.POWER
                continue
            found = [
                float(part.evalf(30, subs={yhat: sympy.Float(point, 30)}))
                for part in (piece.value, piece.gradient)
            ]
            np.testing.assert_allclose(found, [value, slope], rtol=1e-9, atol=1e-12)
            tested += 1
    assert tested > 10


@pytest.mark.parametrize("opcode", list(Opcode))
def test_what_is_called_finite_is(opcode: Opcode) -> None:
    finite = Finiteness(Domain.of("binary"), 1e-6)
    program = assemble(written(opcode))
    written_out = jet(program, finite)
    a = np.array([2.0**-126, 1e-30, 1e-7, 0.1, 0.5, 0.9, 1 - 2.0**-24, 1 - 2.0**-53])
    for label in (0.0, 1.0):
        with np.errstate(all="ignore"):
            value, slope = evaluate(program, a, np.full_like(a, label), EPS)
        for node, numbers in ((written_out.value, value), (written_out.slope, slope)):
            assert np.isfinite(numbers).all() or not finite.sure(node)
