"""What a member may be, and learning rates and L2 factors of its own."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from symloss.errors import OptionError
from symloss.models import registry
from symloss.training.fit import fit
from symloss.training.member import Member, rates_of
from symloss.training.one_epoch import train_one_epoch
from symloss.training.settings import TrainingSettings
from tests.compile.programs import BCE, HINGE, MAXR, MSE
from tests.models.by_hand import ByHand

SETTINGS = TrainingSettings(learning_rate=0.1, l2=1e-3, max_epochs=4, batch_size=64, threads=2)
MEMBERS = [
    Member(MSE, learning_rate=0.5),
    Member(BCE, seed=1, l2=0.05),
    Member(HINGE, seed=2, takes_score=True, learning_rate=0.02, l2=0.0),
    Member(MAXR, eps=0.1),
]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"learning_rate": 0.0}, "learning_rate is 0.0; it must be a positive number, or None for that of"),
        ({"learning_rate": -1.0}, "learning_rate is -1.0; it must be a positive number"),
        ({"learning_rate": math.inf}, "learning_rate is inf; it must be a positive number"),
        ({"learning_rate": math.nan}, "learning_rate is nan; it must be a positive number"),
        ({"l2": -1e-9}, "l2 is -1e-09; it must be 0 or a positive number, or None for that of"),
        ({"l2": math.nan}, "l2 is nan; it must be 0 or a positive number"),
        (
            {"learning_rate": 0.5, "l2": 2.0, "label": "mse"},
            "l2 is 2.0 for 'mse'; it must be below 1 / learning_rate, 2 at the rate 0.5",
        ),
    ],
)
def test_what_is_refused(options, message):
    with pytest.raises(OptionError) as caught:
        Member(MSE, **options)
    assert message in str(caught.value)


def test_rates_are_the_members_own_or_the_settings():
    rates, l2s = rates_of(MEMBERS, SETTINGS)
    np.testing.assert_array_equal(rates, [0.5, 0.1, 0.02, 0.1])
    np.testing.assert_array_equal(l2s, [1e-3, 0.05, 0.0, 1e-3])


@pytest.mark.parametrize("member", [Member(MSE, learning_rate=2000.0), Member(MSE, l2=10.0)])
def test_a_rate_that_only_the_settings_make_too_high(dataset, member):
    model = registry.get("mf")
    with pytest.raises(OptionError, match="it must be below 1 / learning_rate"):
        fit(model, [Member(MSE), member], dataset, SETTINGS)
    state = ByHand("mf").initial_state(dataset.n_users, dataset.n_items, 0)
    with pytest.raises(OptionError, match="it must be below 1 / learning_rate"):
        train_one_epoch(model, state, [member], dataset, SETTINGS, 0)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("device", ["cpu", "torch-cpu"])
@pytest.mark.parametrize("name", registry.NAMES)
def test_fit_and_one_epoch_use_the_members_own(dataset, name, device, optimizer):
    model = registry.get(name)
    settings = replace(SETTINGS, device=device, optimizer=optimizer)
    if optimizer == "adam":
        settings = replace(settings, learning_rate=1e-3)
    members = [
        replace(m, learning_rate=m.learning_rate and m.learning_rate / (1 if optimizer == "sgd" else 100))
        for m in MEMBERS
    ]
    together = fit(model, members, dataset, settings)
    state = ByHand(name).initial_state(dataset.n_users, dataset.n_items, 7, device)
    epoch = train_one_epoch(model, state, members, dataset, settings, 1)
    rates, l2s = rates_of(members, settings)
    for k, member in enumerate(members):
        plain = Member(member.program, member.eps, member.scale, member.seed, member.takes_score)
        own = replace(settings, learning_rate=float(rates[k]), l2=float(l2s[k]))
        (alone,) = fit(model, [plain], dataset, own)
        (one,) = train_one_epoch(model, state, [plain], dataset, own, 1)
        if device == "cpu":
            assert (alone.history, alone.metrics) == (together[k].history, together[k].metrics)
            assert (one.metric, one.loss) == (epoch[k].metric, epoch[k].loss)
        else:
            # A rounding may swap neighbours among 200 rows.
            assert alone.history == pytest.approx(together[k].history, abs=3e-3)
            assert one.loss == pytest.approx(epoch[k].loss, rel=1e-4)
    assert len({result.loss for result in epoch}) == len(members)
