"""The fused matrix factorisation follows a plain PyTorch model."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from symloss.data.dataset import Interactions
from symloss.models.mf.state import MFState
from symloss.ops.opcode import Opcode
from symloss.training.member import Member, pack
from symloss.training.settings import TrainingSettings
from tests.compile.programs import BCE, HINGE, MAXR, MSE, program
from tests.models.by_hand import ByHand
from tests.models.plain import PlainMF, train

MODEL = ByHand("mf")
USERS, ITEMS, ROWS = 30, 40, 500


@pytest.fixture(scope="module")
def data():
    generator = np.random.default_rng(0)
    # Few users: a batch holds each of them several times.
    return Interactions.of(
        generator.integers(0, USERS, ROWS), generator.integers(0, ITEMS, ROWS), generator.integers(0, 2, ROWS)
    )


def _orders(epochs):
    generator = np.random.default_rng(1)
    return [generator.permutation(ROWS).astype(np.int32) for _ in range(epochs)]


def _compare(state, plain, rtol=2e-5, atol=2e-6):
    for name in ("user_embedding", "item_embedding", "user_bias", "item_bias", "global_bias"):
        expected = getattr(plain, name).detach().numpy()
        np.testing.assert_allclose(getattr(state, name), expected, rtol=rtol, atol=atol, err_msg=name)


@pytest.mark.parametrize(
    ("name", "loss", "eps", "scale", "takes_score", "options"),
    [
        ("mse", MSE, 0.1, 1.0, False, {}),
        ("bce", BCE, 0.1, 1.0, False, {}),
        ("bce", BCE, 0.1, 4.0, False, {"l2": 0.0}),
        ("maxr", MAXR, 0.1, 1.0, False, {}),
        ("maxr", MAXR, 0.1, 0.5, False, {"l2": 0.05, "batch_size": 17}),
        ("hinge", HINGE, 0.1, 1.0, True, {}),
        ("bce", BCE, 0.1, 4.0, False, {"gradient_clip": 0.02}),
        ("mse", MSE, 0.1, 1.0, False, {"gradient_clip": 0.05, "batch_size": 500}),
        ("mse", MSE, 0.1, 1.0, False, {"gradient_clip": math.inf, "batch_size": 1000}),
        ("mse", MSE, 0.1, 1.0, False, {"learning_rate": 0.5, "l2": 1.5}),
    ],
)
def test_follows_plain_pytorch(data, name, loss, eps, scale, takes_score, options):
    settings = TrainingSettings(**options)
    state = MODEL.initial_state(USERS, ITEMS, seed=7)
    state.user_embedding[:] *= 0.5
    plain = PlainMF(state)
    member = Member(loss, eps=eps, scale=scale, takes_score=takes_score)
    for order in _orders(3):
        (mean,) = MODEL.train_epoch([state], pack([member]), [order], [0], data, settings)
        expected = train(
            plain, name, eps, scale, takes_score, data, order, lr=settings.learning_rate, l2=settings.l2,
            batch=settings.batch_size, clip=settings.gradient_clip,
        )  # fmt: skip
        assert mean == pytest.approx(expected, rel=1e-5)
        _compare(state, plain)
    users, items = data.users[:50], data.items[:50]
    with torch.no_grad():
        scores = plain(torch.tensor(users.astype(np.int64)), torch.tensor(items.astype(np.int64))).numpy()
    np.testing.assert_allclose(MODEL.predict(state, users, items), scores, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "loss", "options"),
    [
        ("mse", MSE, {"l2": 0.0}),
        ("bce", BCE, {}),
        ("maxr", MAXR, {"l2": 0.05, "batch_size": 17, "learning_rate": 0.002}),
        ("bce", BCE, {"gradient_clip": 0.002, "batch_size": 1000}),
    ],
)
def test_adam_follows_torch(data, name, loss, options):
    settings = TrainingSettings(optimizer="adam", **options)
    state = MODEL.initial_state(USERS, ITEMS, seed=7)
    state.user_embedding[:] *= 0.5
    plain = PlainMF(state)
    optimiser = torch.optim.Adam(plain.parameters(), lr=settings.learning_rate, weight_decay=settings.l2)
    for order in _orders(3):
        # A copy goes on where the state was.
        state = MODEL.copy(state)
        (mean,) = MODEL.train_epoch([state], pack([Member(loss, eps=0.1)]), [order], [0], data, settings)
        expected = train(plain, name, 0.1, 1.0, False, data, order, batch=settings.batch_size,
                         clip=settings.gradient_clip, optimiser=optimiser)  # fmt: skip
        assert mean == pytest.approx(expected, rel=1e-5)
    # A gradient near 0 is divided by a root near 0.
    _compare(state, plain, rtol=1e-4, atol=1e-4)


def test_clipping_is_exercised_by_large_gradients(data):
    # eps = 1e-6 gives slopes up to 1e6: clipping at 50 acts in nearly every batch.
    state = MODEL.initial_state(USERS, ITEMS, seed=3)
    plain = PlainMF(state)
    member = Member(MAXR, eps=1e-6, scale=1.0)
    (order,) = _orders(1)
    order = order[:128]
    MODEL.train_epoch([state], pack([member]), [order], [0], data, TrainingSettings())
    train(plain, "maxr", 1e-6, 1.0, False, data, order)
    moved = np.abs(state.user_embedding - MODEL.initial_state(USERS, ITEMS, seed=3).user_embedding)
    assert moved.max() == pytest.approx(0.01 * 50, rel=1e-3)
    _compare(state, plain, rtol=1e-4, atol=1e-4)


def test_saturated_cross_entropy_keeps_its_gradient():
    data = Interactions.of([0, 1], [0, 1], [0, 1])
    state = MODEL.initial_state(2, 2, seed=0)
    for array in state.arrays():
        array[:] = 0
    state.user_bias[:] = [200, -200]
    settings = TrainingSettings(l2=0.0, batch_size=2)
    MODEL.train_epoch([state], pack([Member(BCE)]), [np.arange(2, dtype=np.int32)], [0], data, settings)
    # d(mean loss)/dscore is 1/2 and -1/2, less what rounding of 1 - 2**-24 takes away.
    np.testing.assert_allclose(state.user_bias, [200 - 0.005, -200 + 0.005], rtol=1e-6)
    np.testing.assert_allclose(state.item_bias, [-0.005, 0.005], rtol=1e-5)


@pytest.mark.parametrize(
    "loss",
    [
        program((Opcode.SUBTRACT, 0, 0), (Opcode.LOG, 4, 4), constants=(0.0,)),
        program((Opcode.SUBTRACT, 0, 0), (Opcode.DIVIDE, 3, 3)),
        program((Opcode.DIVIDE, 0, 3), constants=(0.0,)),
    ],
    ids=["minus infinity", "nan", "infinity"],
)
def test_divergence_is_reported(data, loss):
    state = MODEL.initial_state(USERS, ITEMS, seed=0)
    (mean,) = MODEL.train_epoch([state], pack([Member(loss)]), _orders(1), [0], data, TrainingSettings())
    assert not math.isfinite(mean)


def test_weights_that_overflow_are_divergence(data):
    # On the raw score, (s - y)**2 with a high rate and without clipping blows up.
    state = MODEL.initial_state(USERS, ITEMS, seed=0)
    settings = TrainingSettings(learning_rate=50.0, gradient_clip=math.inf, l2=0.0)
    member = Member(MSE, takes_score=True)
    (mean,) = MODEL.train_epoch([state], pack([member]), _orders(1), [0], data, settings)
    assert not math.isfinite(mean)


def test_initial_state_is_a_function_of_its_seed():
    one, same, other = (MODEL.initial_state(50, 60, seed) for seed in (1, 1, 2))
    for a, b in zip(one.arrays(), same.arrays(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(one.user_embedding, other.user_embedding)
    assert one.user_embedding.shape == (50, 64)
    assert one.global_bias == np.float32(0.1)
    assert all(array.dtype == np.float32 for array in one.arrays())
    assert abs(one.user_embedding.std() - 1) < 0.05
    assert abs(one.item_embedding.mean()) < 0.05


def test_copy_is_independent():
    state = MODEL.initial_state(3, 4, 0)
    copy = MODEL.copy(state)
    state.user_embedding[:] = 0
    assert isinstance(copy, MFState)
    assert copy.user_embedding.any()
