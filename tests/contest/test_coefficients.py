"""Fitting numbers inside a loss: where they may enter, and which changes are accepted."""

from __future__ import annotations

import math
import threading
from typing import Any

import pytest

from symloss import zoo
from symloss.contest.coefficients import fit_coefficients, put_coefficient, with_coefficients
from symloss.data.dataset import Dataset
from symloss.engine.local import LocalEngine
from symloss.errors import OptionError
from symloss.loss import Loss
from symloss.models import registry
from symloss.training.member import Member
from symloss.training.settings import TrainingSettings
from tests.search.scripted import ScriptedEngine

SETTINGS = TrainingSettings(learning_rate=0.01, max_epochs=3000, threads=1)
TWO = Loss("y*(1-yhat)**2 + (1-y)*yhat**2")


def value(loss: Loss, yhat: float, y: float) -> float:
    """Evaluate by plain PyTorch."""
    import torch

    pair = [torch.tensor([number], dtype=torch.float64) for number in (yhat, y)]
    return float(loss.torch("sum")(*pair))


def positive_weight(member: Member) -> float:
    """How much heavier the error at y = 1 is."""
    loss = Loss(member.label)
    return max(1e-3, value(loss, 0.5, 1.0)) / max(1e-3, value(loss, 0.5, 0.0))


def prefers(weight: float, luck: float = 0.0) -> Any:
    """Return curves with their best at a weight; `luck` is what the first seed sees in any change."""

    def curve(member: Member, settings: TrainingSettings) -> float:
        found = positive_weight(member)
        lucky = luck if member.seed == 42 and found != 1 else 0.0
        total = max(1e-3, value(Loss(member.label), 0.5, 1.0)) * member.scale
        return 0.7 - 0.01 * abs(math.log2(found / weight)) - 0.001 * abs(math.log2(total)) + lucky

    return curve


def test_slots() -> None:
    loss = Loss("max(yhat*y, (1-y)*yhat) + 2*log(1 + yhat) + 3", labels="binary")
    assert {(slot.operand, slot.inside) for slot in with_coefficients(loss)} == {
        ("max(y*yhat, yhat*(1 - y))", "sum"),
        ("2*log(yhat + 1)", "sum"),
        ("y*yhat", "max"),
        ("yhat*(1 - y)", "max"),
        ("1", "sum"),
        ("yhat", "sum"),
    }
    # the 1 of the logarithm counts; the 3 at the top has no gradient, and 1 - y says for which label a term is
    assert with_coefficients(Loss("yhat*y")) == []
    assert len(with_coefficients(zoo.get("maxr"))) == 10


@pytest.mark.parametrize("name", ["bce", "maxr", "logmin", "focal", "huber"])
def test_a_changed_loss_reads_back_from_its_formula(name: str) -> None:
    loss = zoo.get(name)
    for slot in with_coefficients(loss):
        changed = put_coefficient(loss, slot, 0.25)
        assert changed.expression != loss.expression
        assert Loss(changed.formula, input=loss.domain.input).expression == changed.expression


def test_put_coefficient_multiplies_the_operand() -> None:
    slots = {slot.operand: slot for slot in with_coefficients(TWO)}
    changed = put_coefficient(TWO, slots["y*(1 - yhat)**2"], 4.0)
    for yhat in (0.2, 0.7):
        assert value(changed, yhat, 1.0) == pytest.approx(4 * (1 - yhat) ** 2)
        assert value(changed, yhat, 0.0) == pytest.approx(yhat**2)


def test_the_best_weight_is_found(tiny: Dataset) -> None:
    engine = ScriptedEngine(tiny, SETTINGS, prefers(4.0))
    found = fit_coefficients(TWO, engine)
    assert positive_weight(Member(found.loss.program(), label=found.loss.formula)) == pytest.approx(4)
    assert len(found.changes) == 1 and len(found.gains) == 3
    assert found.gain == pytest.approx(found.valid_after - found.valid_before)
    assert min(found.gains) > 0 and found.gain > 0.015
    assert found.loss.check().verdict == "valid"
    assert Loss(found.loss.formula).expression == found.loss.expression
    assert {how.max_epochs for how, _ in engine.calls} == {50}
    assert {how.learning_rate for how, _ in engine.calls} == {0.3}
    assert found.to_json()["changes"][0]["inside"] == "sum"


def test_two_rounds_reach_what_one_does_not(tiny: Dataset) -> None:
    engine = ScriptedEngine(tiny, SETTINGS, prefers(16.0))
    once = fit_coefficients(TWO, engine, rounds=1)
    twice = fit_coefficients(TWO, engine, rounds=2)
    assert len(twice.changes) == 2 and twice.gain > once.gain > 0


def test_a_gain_with_one_seed_only_is_not_accepted(tiny: Dataset) -> None:
    found = fit_coefficients(TWO, ScriptedEngine(tiny, SETTINGS, prefers(1.0, luck=0.1)))
    assert found.loss is TWO and found.changes == () and found.gain == 0.0
    assert found.not_held > 0


def test_a_scale_is_no_change_of_shape(tiny: Dataset) -> None:
    def curve(member: Member, settings: TrainingSettings) -> float:
        # only the size of the loss counts, with its best at a total of 1
        return 0.7 - 0.001 * abs(math.log2(max(1e-3, value(Loss(member.label), 0.5, 1.0)) * member.scale))

    found = fit_coefficients(TWO, ScriptedEngine(tiny, SETTINGS, curve), scale=4.0)
    assert found.changes == () and found.scale == 4.0


def test_invalid_directions_are_rejected(tiny: Dataset) -> None:
    # times 1/4 on the first yhat the minimum for y = 1 leaves the end of the interval: 2*(yhat/4 - y) + ...
    loss = Loss("(yhat - y)**2")

    def curve(member: Member, settings: TrainingSettings) -> float:
        # prefers what is not a loss any more: a gradient at y = 1 that is positive before yhat = 1
        changed = Loss(member.label)
        return 0.5 + 0.1 * (value(changed, 0.9, 1.0) > value(changed, 0.6, 1.0))

    found = fit_coefficients(loss, ScriptedEngine(tiny, SETTINGS, curve))
    assert found.changes == () and found.invalid > 0


def test_a_real_fit_does_not_get_worse(tiny: Dataset) -> None:
    settings = TrainingSettings(learning_rate=0.3, batch_size=16, max_epochs=6, threads=1)
    engine = LocalEngine(registry.get("mf"), tiny, settings)
    found = fit_coefficients(
        zoo.get("maxr"), engine, eps=0.1, epochs=4, grid=(0.5, 2.0), rounds=1, seeds=(1, 2)
    )
    assert found.gain >= 0 and found.tried > 0 and found.eps == 0.1
    if found.changes:
        assert found.loss.with_eps(0.1).check().verdict == "valid"


def test_a_stop_ends_the_fit(tiny: Dataset) -> None:
    stop = threading.Event()
    stop.set()
    found = fit_coefficients(TWO, ScriptedEngine(tiny, SETTINGS, prefers(4.0)), stop=stop)
    assert found.loss is TWO and found.gain == 0.0


def test_errors(tiny: Dataset) -> None:
    engine = ScriptedEngine(tiny, SETTINGS, prefers(4.0))
    with pytest.raises(OptionError, match="leaves eps open"):
        fit_coefficients(zoo.get("maxr"), engine)
    with pytest.raises(OptionError, match="coefficient grid is empty"):
        fit_coefficients(TWO, engine, grid=())
    with pytest.raises(OptionError, match="rounds 0"):
        fit_coefficients(TWO, engine, rounds=0)
