"""Finite in float32: ranges hold what NumPy's float32 computes, and verdicts hold at every float32 that is tried."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from symloss import zoo
from symloss.compile.cpu.kernel import evaluate
from symloss.loss import Loss
from symloss.symbolic.arithmetic import float32_ranges as ranges32
from symloss.symbolic.arithmetic.float32_ranges import Range
from symloss.symbolic.arithmetic.float32_steps import at_points, ranges
from symloss.symbolic.properties.float32_boxes import HIGHEST, LOWEST, from_ordinal, ordinal
from symloss.symbolic.properties.float_range import float32_property
from symloss.symbolic.undecided import Deadline
from tests.symbolic.sampling import sampled_losses, zoo_mutations

EXTENDED = [
    "plog(yhat - 0.5)*y", "recip(yhat - y)", "psqrt(yhat - 0.3)", "pexp(9*yhat*y)/(yhat + 0.1)", "aq(yhat, y - yhat)",
    "guard(1/(yhat + 1e-9))", "sign(yhat - 0.5)*yhat", "tanh(3*yhat)*sigmoid(5*yhat - 2*y)", "yhat**yhat",
    "(yhat + y)**-3", "atan(1/(yhat + 1e-20))", "sqrt(yhat)*log(yhat)", "abs(yhat - 0.7)**(3/2)", "max(yhat, y)**3",
]  # fmt: skip


def random_probabilities(generator: np.random.Generator, size: int) -> np.ndarray:
    near = 2.0 ** -generator.uniform(0, 126, size)
    choice = generator.integers(0, 3, size)
    found = np.where(choice == 0, near, np.where(choice == 1, 1 - near, generator.random(size)))
    return np.clip(found, LOWEST, HIGHEST).astype(np.float32)


@pytest.mark.parametrize("loss", [
    *(zoo.get(name) for name in zoo.names() if not zoo.get(name).takes_score),
    *(Loss(formula) for formula in EXTENDED), *sampled_losses(40, 5), *zoo_mutations(20, 6),
], ids=str)  # fmt: skip
def test_ranges_hold_what_float32_gives(loss):
    generator = np.random.default_rng(7)
    ends = random_probabilities(generator, 300), random_probabilities(generator, 300)
    narrow = np.nextafter(ends[0], np.float32(1)) * (1 + np.float32(1e-4))
    high = np.where(generator.random(300) < 0.5, np.maximum(*ends), np.minimum(narrow, np.float32(HIGHEST)))
    low = np.minimum(ends[0], high)
    program = loss.program()
    for label in (0.0, 1.0):
        labels = np.full(300, label, np.float32)
        box = Range(low.astype(float), high.astype(float)), Range(labels.astype(float), labels.astype(float))
        value, slope = ranges(program, *box, loss.eps_value)
        for _ in range(8):
            share = generator.random(300)
            inside = (low + (high.astype(float) - low) * share).astype(np.float32)
            # NumPy's float32, and the training kernel, whose functions round differently.
            for computed in (at_points(program, inside, labels, loss.eps_value),
                             evaluate(program, inside, labels, loss.eps_value)):  # fmt: skip
                for number, bounds in zip(computed, (value, slope), strict=True):
                    wrong = np.isnan(number)
                    allowed = np.broadcast_to(bounds.nan, wrong.shape)
                    assert not (wrong & ~allowed).any()
                    settled = ~wrong & ~allowed
                    assert (number >= bounds.low)[settled].all()
                    assert (number <= bounds.high)[settled].all()


def test_ends_are_rounded_outwards():
    assert ranges32.down(0.1) < 0.1 < ranges32.up(0.1)
    assert ranges32.up(0.1) - ranges32.down(0.1) < 1e-8
    assert ranges32.down(0.375) == ranges32.up(0.375) == 0.375
    with np.errstate(over="ignore"):
        assert ranges32.up(1e39) == np.inf
        assert ranges32.down(1e39) == np.finfo(np.float32).max
    assert (ranges32.down(1e-50), ranges32.up(1e-50)) == (0.0, np.float32(1e-45))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_zero_times_infinity():
    everything = Range(np.array([0.0]), np.array([np.inf]))
    assert ranges32.multiply(everything, everything).nan.all()
    still = ranges32.times(ranges32.ZERO, everything)
    assert (still.low, still.high, bool(np.any(still.nan))) == (0.0, 0.0, False)
    assert ranges32.divide(ranges32.ONE, Range(np.array([0.0]), np.array([1.0]))).low == -np.inf
    assert ranges32.divide(everything, everything).nan.all()


@pytest.mark.parametrize("name", zoo.names())
def test_the_zoo_is_decided(name):
    found = float32_property(zoo.get(name), Deadline(10))
    assert found.status == ("refuted" if name == "exponential" else "proved")
    if found.status == "refuted":
        point, label = (np.array([found.witness[key]], np.float32) for key in ("yhat", "y"))
        value, slope = at_points(zoo.get(name).program(), point, label, 1e-6)
        assert not (np.isfinite(value) & np.isfinite(slope)).all()


@pytest.mark.parametrize("formula", [
    "1/yhat**2", "1/(yhat - 0.3)", "y/(yhat - 1/3)", "1/(exp(yhat) - 1)", "1/(1 - yhat)**6",
    "1/(yhat*log(yhat) + 0.3678)",
])  # fmt: skip
def test_poles_and_overflow_are_found(formula):
    found = float32_property(Loss(formula), Deadline(10))
    assert found.status == "refuted"
    with np.errstate(all="ignore"):
        value, slope = at_points(
            Loss(formula).program(),
            *(np.array([found.witness[key]], np.float32) for key in ("yhat", "y")),
            1e-6,
        )
    assert not (np.isfinite(value) & np.isfinite(slope)).all()


def test_size_and_place_of_the_largest_gradient():
    found = float32_property(zoo.get("bce"), Deadline(10))
    assert found.value == pytest.approx(2.0**126)
    assert "yhat = 1.17549435e-38, y = 1" in found.detail
    assert float32_property(Loss("(yhat - y)**2", labels="unit"), Deadline(10)).status == "proved"
    real = Loss("abs(yhat - y)", labels="real")
    assert float32_property(real, Deadline(10)).status == "proved"
    assert float32_property(Loss("exp(yhat - y)", labels="real"), Deadline(10)).status == "refuted"


def test_no_time_is_undecided():
    found = float32_property(Loss("1/(yhat*log(yhat) + 0.3679)"), Deadline(-1.0))
    assert found.status == "undecided"


NEEDLES = [
    ("plog(plog(yhat))", {}, 0.99999, 1.0),
    ("plog(plog(yhat))", {"input": "score"}, -1.00001, -0.9999),
    ("tanh(5000*(yhat - 0.123))", {}, 0.12, 0.126),
    ("recip(yhat - 0.7)*(1 - y)", {}, 0.6999, 0.7001),
    ("exp(-(yhat - 0.3)**2*5000) - y*yhat", {}, 0.28, 0.32),
    ("psqrt(yhat - 0.3)", {"labels": "unit"}, 0.2999, 0.3001),
]


@pytest.mark.parametrize(("text", "domain", "low", "high"), NEEDLES)
def test_the_worst_gradient_is_the_worst(text, domain, low, high):
    """Every float32 number of an interval that holds the steepest place, in plain torch."""
    loss = Loss(text, **domain)
    found = float32_property(loss, Deadline(20.0))
    first, last = ordinal(np.array([low, min(high, HIGHEST)], np.float32))
    points = torch.tensor(from_ordinal(np.arange(first, last + 1)))
    largest = 0.0
    for label in (0.0, 1.0):
        point = points.clone().requires_grad_(True)
        loss.torch(reduction="sum")(point, torch.full_like(point, label)).backward()
        slopes = point.grad.abs()
        largest = max(largest, float(slopes[slopes.isfinite()].max()))
    assert found.status == "proved"
    assert found.value == pytest.approx(largest, rel=2e-3)
    assert f"{found.value:.4g}" in found.detail
