"""fit and train_one_epoch through the torch path, here on the CPU device, against the fused kernel."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from symloss.models import registry
from symloss.models.mf.state import MFState
from symloss.ops.opcode import Opcode
from symloss.tasks.rating_task import of
from symloss.training.assess import test_metrics as measure
from symloss.training.fit import fit
from symloss.training.member import Member
from symloss.training.one_epoch import train_one_epoch
from symloss.training.outcome import Outcome
from symloss.training.settings import TrainingSettings
from tests.compile.programs import BCE, HINGE, MAXR, MSE, program
from tests.models.by_hand import ByHand

MODEL, HAND = registry.get("mf"), ByHand("mf")
HERE = TrainingSettings(learning_rate=0.5, max_epochs=12, patience=3, batch_size=64, threads=2)
THERE = replace(HERE, device="torch-cpu")
NAN_LOSS = program((Opcode.SUBTRACT, 0, 0), (Opcode.DIVIDE, 3, 3))
MEMBERS = [
    Member(MSE, label="mse"),
    Member(BCE, scale=2.0, seed=1),
    Member(NAN_LOSS),
    Member(MAXR, eps=0.1, seed=2),
    Member(HINGE, takes_score=True, seed=3),
    Member(BCE, seed=1),
]


def test_fit_follows_the_kernel(dataset):
    expected, found = (fit(MODEL, MEMBERS, dataset, settings) for settings in (HERE, THERE))
    for one, other in zip(expected, found, strict=True):
        if one.outcome is Outcome.DIVERGED:
            assert other.outcome is Outcome.DIVERGED
            assert other.state is None
            continue
        # A rounding may swap two neighbours of 200 validation rows.
        compared = min(len(one.history), len(other.history))
        assert compared >= 4
        assert other.history[:compared] == pytest.approx(one.history[:compared], abs=2e-3)
        assert isinstance(other.state, MFState)
        assert other.metrics.keys() == one.metrics.keys()
    assert any(one.epochs < 12 for one in expected)


@pytest.mark.parametrize("keep", ["none", "best", "all"])
def test_one_epoch_follows_the_kernel(dataset, keep):
    states = [HAND.initial_state(dataset.n_users, dataset.n_items, 5, s.device) for s in (HERE, THERE)]
    before = HAND.to_host(states[1]).arrays()
    expected, found = (
        train_one_epoch(MODEL, state, MEMBERS, dataset, settings, 0, keep)
        for state, settings in zip(states, (HERE, THERE), strict=True)
    )
    for one, other in zip(expected, found, strict=True):
        assert one.outcome is other.outcome
        assert (one.state is None) == (other.state is None)
        if one.outcome is Outcome.TRAINED:
            assert other.loss == pytest.approx(one.loss, rel=1e-5)
            assert other.metric == pytest.approx(one.metric, abs=1e-3)
        else:
            assert math.isnan(other.metric)
        if one.state is not None and one.outcome is Outcome.TRAINED:
            for a, b in zip(one.state.arrays(), HAND.to_host(other.state).arrays(), strict=True):
                np.testing.assert_allclose(b, a, rtol=1e-4, atol=1e-5)
    for a, b in zip(before, HAND.to_host(states[1]).arrays(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(("name", "optimizer"), [("mf", "adam"), ("mlp", "sgd"), ("mlp", "adam")])
def test_other_models_and_optimizers_follow_their_kernel(dataset, name, optimizer):
    model = registry.get(name)
    here = TrainingSettings(learning_rate=0.002, optimizer=optimizer, max_epochs=4, batch_size=64, threads=2)
    expected, found = (
        fit(model, MEMBERS, dataset, settings) for settings in (here, replace(here, device="torch-cpu"))
    )
    for one, other in zip(expected, found, strict=True):
        assert one.outcome is other.outcome
        assert other.history == pytest.approx(one.history, abs=4e-3)
        assert other.metrics == pytest.approx(one.metrics, abs=2e-2)
        # Best states come back as those of the kernel, which tests them as they were tested on the device.
        assert type(one.state) is type(other.state)
        if other.state is not None:
            trainer = registry.trainer_for(model, of(dataset), here)
            again = measure(trainer, other.state, trainer.task, other.member.takes_score)
            assert other.metrics == pytest.approx(again, rel=1e-3)


def test_numbers_do_not_depend_on_population_or_threads(dataset):
    together = fit(MODEL, MEMBERS, dataset, THERE)
    for member, one in zip(MEMBERS, together, strict=True):
        (alone,) = fit(MODEL, [member], dataset, replace(THERE, threads=1))
        assert (alone.outcome is Outcome.DIVERGED) == (one.outcome is Outcome.DIVERGED)
        compared = min(len(one.history), len(alone.history))
        assert alone.history[:compared] == pytest.approx(one.history[:compared], abs=1e-3)
