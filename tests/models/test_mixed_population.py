"""One population in which all differs that can: each member is trained as it would be alone, and as by a plain loop."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from symloss.data.dataset import Interactions
from symloss.models import registry
from symloss.models.dropout import masks
from symloss.training.member import Member, pack, rates_of
from symloss.training.orders import epoch_order
from symloss.training.settings import TrainingSettings
from tests.compile.programs import BCE, HINGE, MAXR, MSE
from tests.models.by_hand import ByHand
from tests.models.plain import PlainMF, PlainMLP, train

USERS, ITEMS, ROWS = 30, 40, 450
NAMES = ("maxr", "hinge", "bce", "mse", "maxr", "mse")
MEMBERS = [
    Member(MAXR, eps=0.1, scale=0.5, seed=1, learning_rate=0.02, l2=0.0),
    Member(HINGE, scale=2.0, seed=2, takes_score=True, learning_rate=0.005),
    Member(BCE, scale=4.0, seed=3, l2=0.02),
    Member(MSE, seed=4, takes_score=True, learning_rate=0.002, l2=1.0),
    Member(MAXR, eps=0.3, seed=5),
    # So strong a decay that the common factor is multiplied in after a few steps.
    Member(MSE, seed=1, learning_rate=0.05, l2=16.0),
]


@pytest.fixture(scope="module")
def data() -> Interactions:
    generator = np.random.default_rng(6)
    users, items, labels = (generator.integers(0, size, ROWS) for size in (USERS, ITEMS, 2))
    return Interactions.of(users, items, labels)


def _numbers(model, state):
    """Return all parameters of a state as arrays."""
    state = model.to_host(state)
    return state.arrays() if hasattr(state, "arrays") else [tensor.numpy() for tensor in state.tensors()]


def _plain(model, state):
    state = model.to_host(state)
    return PlainMF(state) if model.name == "mf" else PlainMLP(state)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("device", ["cpu", "torch-cpu"])
@pytest.mark.parametrize("name", registry.NAMES)
def test_members_that_differ_in_everything(data, name, device, optimizer):
    model = ByHand(name)
    settings = TrainingSettings(optimizer=optimizer, batch_size=60)
    members = MEMBERS
    if optimizer == "adam":
        # Such an L2 would be most of the gradient; and batch norm with a high rate scales roundings up.
        members = [
            Member(m.program, m.eps, m.scale, m.seed, m.takes_score, "", (m.learning_rate or 0.01) / 20, l2)
            for m, l2 in zip(MEMBERS, (0.0, None, 0.02, 1.0, None, 2.0), strict=True)
        ]
    rates, l2s = rates_of(members, settings)

    def start(k):
        state = model.initial_state(USERS, ITEMS, members[k].seed, device)
        if name == "mf":
            # At scores of N(0, 64) a probability's rounding would show in plain PyTorch's slopes.
            users = state.user_embedding if device == "cpu" else state.table[:USERS, :64]
            users *= 0.2
        return state

    together, alone = [[start(k) for k in range(len(members))] for _ in range(2)]
    plains = [_plain(model, state) for state in together]
    optimisers = [
        torch.optim.Adam(plain.parameters(), lr=rate, weight_decay=l2) if optimizer == "adam" else None
        for plain, rate, l2 in zip(plains, rates, l2s, strict=True)
    ]
    for epoch in (1, 2):
        orders = [epoch_order(member.seed, epoch, ROWS) for member in members]
        noise = [10 * epoch + member.seed for member in members]
        means = model.train_epoch(together, pack(members), orders, noise, data, settings, rates, l2s)
        for k, member in enumerate(members):
            # Its own settings instead of those of a population.
            own = TrainingSettings(
                optimizer=optimizer, batch_size=60, learning_rate=float(rates[k]), l2=float(l2s[k])
            )
            (mean,) = model.train_epoch([alone[k]], pack([member]), [orders[k]], [noise[k]], data, own)
            plain = plains[k].train()
            plain.kept, plain.row = masks(np.array([noise[k]], np.uint64), 0, ROWS, 80, 0.8)[0], 0
            expected = train(
                plain, NAMES[k], member.eps, member.scale, member.takes_score, data, orders[k],
                lr=rates[k], l2=l2s[k], batch=60, optimiser=optimisers[k],
            )  # fmt: skip
            assert means[k] == (mean if device == "cpu" else pytest.approx(mean, rel=1e-4)), k
            assert means[k] == pytest.approx(expected, rel=1e-4), k
    users, items = data.users[:80], data.items[:80]
    pair = [torch.tensor(column.astype(np.int64)) for column in (users, items)]
    for k in range(len(members)):
        if device == "cpu":
            for one, other in zip(_numbers(model, together[k]), _numbers(model, alone[k]), strict=True):
                np.testing.assert_array_equal(one, other)
        with torch.no_grad():
            expected = plains[k].eval()(*pair).numpy()
        close = {"rtol": 1e-3, "atol": 1e-3 if name == "mlp" else 1e-4}
        if name == "mlp" and optimizer == "adam":
            # The gradient of a bias before batch norm is nothing but rounding, which Adam scales up; the
            # running means follow.
            close = {"rtol": 1e-3, "atol": 16 * float(rates[k])}
        for states in (together, alone):
            np.testing.assert_allclose(model.predict(states[k], users, items), expected, **close)
