"""The common unit of scale, against integrals by hand."""

from __future__ import annotations

import numpy as np
import pytest

from symloss import zoo
from symloss.compile.program import ProgramBatch
from symloss.compile.unit_gradient import unit_factors
from symloss.contest.trial import unit_grid
from symloss.loss import Loss
from symloss.signature import Domain, Input, Labels


def factors(*losses: Loss, scale: float = 1.0, domain: Domain | None = None) -> np.ndarray:
    programs = [loss.program() for loss in losses]
    batch = ProgramBatch.pack(programs, [loss.eps_value for loss in losses], [scale] * len(losses))
    return unit_factors(batch, domain or Domain())


def test_against_integrals() -> None:
    # bce: |df/ds| is |yhat - y|, mean 1/2; mse: 2 |yhat - y| yhat (1 - yhat), mean 2 (1/3 - 1/4) = 1/6
    assert factors(zoo.get("bce"), zoo.get("mse")) == pytest.approx([2.0, 6.0], rel=1e-3)


def test_a_factor_on_the_loss_cancels() -> None:
    (plain,), (large,) = factors(Loss("(y - yhat)**2")), factors(Loss("100*(y - yhat)**2"))
    assert plain == pytest.approx(100 * large, rel=1e-12)
    (scaled,) = factors(Loss("(y - yhat)**2"), scale=4.0)
    assert scaled == plain


def test_losses_without_a_usable_gradient_are_left_alone() -> None:
    assert factors(Loss("yhat - yhat + y", labels="binary")).tolist() == [1.0]
    assert factors(Loss("log(yhat - 2)")).tolist() == [1.0]


@pytest.mark.parametrize(("labels", "kind"), [(Labels.UNIT, Input.PROBABILITY), (Labels.REAL, Input.SCORE)])
def test_other_domains(labels: Labels, kind: Input) -> None:
    domain = Domain(labels, kind)
    loss = Loss("(y - yhat)**2", labels=labels.value, input=kind.value)
    (found,) = factors(loss, domain=domain)
    middles = (np.arange(50) + 0.5) / 50
    points = np.log(middles / (1 - middles)) if kind is Input.SCORE else middles
    slope = 1.0 if kind is Input.SCORE else points * (1 - points)
    expected = np.mean([np.abs(2 * (points - label) * slope).mean() for label in points])
    assert found == pytest.approx(1 / expected, rel=1e-9)


def test_trials_on_the_unit_scale() -> None:
    trials = unit_grid(zoo.get("mse"), [0.1], [0.5, 1.0, 2.0], [3])
    assert [(trial.eps, trial.scale) for trial in trials] == [
        (None, 3.0),
        (None, 6.0),
        (None, 12.0),
        (None, 1.0),
    ]
    steep = unit_grid(Loss("100*(y - yhat)**2"), [0.1], [1.0], [3])
    assert [trial.scale for trial in steep] == [0.06, 1.0]
    ratios = unit_grid(zoo.get("maxr"), [1.0, 0.1], [1.0], [3, 4])
    assert [(trial.seed, trial.eps) for trial in ratios[::2]] == [(3, 1.0), (3, 0.1), (4, 1.0), (4, 0.1)]
    assert ratios[0].scale > ratios[2].scale
