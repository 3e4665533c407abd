"""The population of perceptrons follows a plain PyTorch model, and members do not feel each other."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from symloss.data.dataset import Interactions
from symloss.errors import OptionError
from symloss.models.dropout import masks
from symloss.models.mlp import MultilayerPerceptron
from symloss.ops.opcode import Opcode
from symloss.training.member import Member, pack
from symloss.training.orders import epoch_order
from symloss.training.settings import TrainingSettings
from tests.compile.programs import BCE, HINGE, MAXR, MSE, program
from tests.models.plain import PlainMLP, train

MODEL = MultilayerPerceptron()
BY_TORCH = MultilayerPerceptron(fused=False)
USERS, ITEMS, ROWS = 30, 40, 450


@pytest.fixture(scope="module")
def data():
    generator = np.random.default_rng(0)
    return Interactions.of(
        generator.integers(0, USERS, ROWS), generator.integers(0, ITEMS, ROWS), generator.integers(0, 2, ROWS)
    )


@pytest.mark.parametrize("model", [MODEL, BY_TORCH], ids=["fused", "torch"])
@pytest.mark.parametrize(
    "options",
    [{}, {"l2": 0.05}, {"gradient_clip": 0.01}, {"batch_size": 1000}, {"learning_rate": 0.5, "l2": 1.5}],
)
def test_follows_plain_pytorch(data, options, model):
    settings = TrainingSettings(**options)
    cases = [("mse", MSE, 0.1, 1.0, False), ("bce", BCE, 0.1, 2.0, False), ("maxr", MAXR, 0.1, 1.0, False),
             ("hinge", HINGE, 0.1, 1.0, True)]  # fmt: skip
    members = [Member(loss, eps=eps, scale=scale, takes_score=takes) for _, loss, eps, scale, takes in cases]
    states = [model.initial_state(USERS, ITEMS, seed) for seed in range(4)]
    plains = [PlainMLP(state) for state in states]
    for epoch in (1, 2, 3):
        orders = [epoch_order(k, epoch, ROWS) for k in range(4)]
        noise = [100 * epoch + k for k in range(4)]
        means = model.train_epoch(states, pack(members), orders, noise, data, settings)
        for k, (name, _, eps, scale, takes) in enumerate(cases):
            plains[k].kept, plains[k].row = masks(np.array([noise[k]], np.uint64), 0, ROWS, 80, 0.8)[0], 0
            plains[k].train()
            expected = train(plains[k], name, eps, scale, takes, data, orders[k], lr=settings.learning_rate,
                             l2=settings.l2, batch=settings.batch_size, clip=settings.gradient_clip)  # fmt: skip
            assert means[k] == pytest.approx(expected, rel=1e-4)
    # Batch norm by a small variance amplifies roundings, more so at a high rate.
    atol = 1e-4 if settings.learning_rate < 0.1 else 2e-2
    for state, plain in zip(states, plains, strict=True):
        _compare(model, state, plain, data, rtol=1e-3, atol=atol)


def _compare(model, state, plain, data, without=(), **close):
    plain.eval()
    with torch.no_grad():
        found = {"users": state.table[:USERS], "items": state.table[USERS:]}
        for layer in range(3):
            found[f"linear.{layer}.weight"] = state.weights[layer]
            found[f"linear.{layer}.bias"] = state.biases[layer]
        for layer in range(2):
            found[f"norm.{layer}.weight"] = state.gains[layer]
            found[f"norm.{layer}.bias"] = state.shifts[layer]
            found[f"norm.{layer}.running_mean"] = state.means[layer]
            found[f"norm.{layer}.running_var"] = state.variances[layer]
        for name, expected in plain.state_dict().items():
            if "num_batches" not in name and name not in without:
                torch.testing.assert_close(found[name], expected, msg=name, **close)
        users, items = data.users[:60], data.items[:60]
        scores = plain(torch.tensor(users.astype(np.int64)), torch.tensor(items.astype(np.int64)))
    if not without:
        np.testing.assert_allclose(model.predict(state, users, items), scores, **close)


@pytest.mark.parametrize("options", [{"l2": 0.0}, {}, {"gradient_clip": 0.002, "batch_size": 60}])
def test_adam_follows_torch(data, options):
    settings = TrainingSettings(optimizer="adam", learning_rate=1e-3, **options)
    state = MODEL.initial_state(USERS, ITEMS, 0)
    plain = PlainMLP(state)
    optimiser = torch.optim.Adam(plain.parameters(), lr=1e-3, weight_decay=settings.l2)
    for epoch in (1, 2, 3):
        order = epoch_order(0, epoch, ROWS)
        state = MODEL.copy(state)
        (mean,) = MODEL.train_epoch([state], pack([Member(BCE)]), [order], [epoch], data, settings)
        plain.kept, plain.row = masks(np.array([epoch], np.uint64), 0, ROWS, 80, 0.8)[0], 0
        plain.train()
        expected = train(plain, "bce", 0.1, 1.0, False, data, order, batch=settings.batch_size,
                         clip=settings.gradient_clip, optimiser=optimiser)  # fmt: skip
        assert mean == pytest.approx(expected, rel=1e-4)
    # Batch norm takes the biases before it out again: their gradient is nothing but rounding, which Adam scales
    # up. They move the running means, and nothing else in training.
    rounding = [f"linear.{k}.bias" for k in range(2)] + [f"norm.{k}.running_mean" for k in range(2)]
    _compare(MODEL, state, plain, data, without=rounding, rtol=1e-3, atol=2e-4)


@pytest.mark.parametrize("model", [MODEL, BY_TORCH], ids=["fused", "torch"])
@pytest.mark.parametrize("count", [2, 3, 5, 6, 9])
def test_numbers_do_not_depend_on_the_population(data, count, model):
    # Last batches of 50 and of 2 rows.
    settings = TrainingSettings(batch_size=100 if count % 2 else 64)
    members = [Member((MSE, BCE, MAXR)[k % 3], eps=0.1) for k in range(count)]
    orders = [epoch_order(k, 1, ROWS) for k in range(count)]
    together = [BY_TORCH.initial_state(USERS, ITEMS, k) for k in range(count)]
    losses = model.train_epoch(together, pack(members), orders, list(range(count)), data, settings)
    for k in range(count):
        alone = BY_TORCH.initial_state(USERS, ITEMS, k)
        loss = model.train_epoch([alone], pack([members[k]]), [orders[k]], [k], data, settings)
        assert loss == [losses[k]]
        for one, other in zip(alone.tensors(), together[k].tensors(), strict=True):
            assert torch.equal(one, other)


def test_the_number_of_torch_threads_is_left_as_it_was(data):
    before = torch.get_num_threads()
    state = BY_TORCH.initial_state(USERS, ITEMS, 0)
    BY_TORCH.train_epoch(
        [state], pack([Member(MSE)]), [epoch_order(0, 1, ROWS)], [0], data, TrainingSettings()
    )
    assert torch.get_num_threads() == before


def test_a_last_batch_of_one_row(data):
    settings = TrainingSettings(batch_size=ROWS - 1)
    state = MODEL.initial_state(USERS, ITEMS, 0)
    (loss,) = MODEL.train_epoch([state], pack([Member(MSE)]), [epoch_order(0, 1, ROWS)], [0], data, settings)
    assert math.isfinite(loss)
    assert all(torch.isfinite(tensor).all() for tensor in state.tensors())


def test_divergence_stays_with_its_member(data):
    bad = program((Opcode.SUBTRACT, 0, 0), (Opcode.DIVIDE, 3, 3))
    states = [MODEL.initial_state(USERS, ITEMS, 0) for _ in range(2)]
    orders = [epoch_order(0, 1, ROWS)] * 2
    programs = pack([Member(MSE), Member(bad)])
    first, second = MODEL.train_epoch(states, programs, orders, [0, 0], data, TrainingSettings())
    assert math.isfinite(first)
    assert math.isnan(second)
    assert torch.isfinite(states[0].table).all()
    settings = TrainingSettings(learning_rate=1e30, gradient_clip=math.inf, l2=0.0)
    (loss,) = MODEL.train_epoch(states[:1], pack([Member(MSE)]), orders[:1], [0], data, settings)
    assert not math.isfinite(loss)


def test_initial_state_and_copy():
    one, same, other = (MODEL.initial_state(400, 600, seed) for seed in (1, 1, 2))
    assert all(torch.equal(a, b) for a, b in zip(one.tensors(), same.tensors(), strict=True))
    assert not torch.equal(one.table, other.table)
    assert abs(float(one.table.std()) - 1) < 0.02
    for weight, fan_in in zip(one.weights, (128, 64, 16), strict=True):
        # Uniform in +-1/sqrt(fan_in), the default of torch.nn.Linear.
        assert float(weight.abs().max()) <= fan_in**-0.5
        assert float(weight.abs().max()) > 0.8 * fan_in**-0.5
    copy = MODEL.copy(one)
    one.table.zero_()
    assert copy.table.any()


def test_masks_are_kept_as_often_as_asked_and_do_not_depend_on_the_batch():
    seeds = np.array([3, 2**63 + 5], np.uint64)
    whole = masks(seeds, 0, 2000, 80, 0.8)
    assert whole.shape == (2, 2000, 80)
    assert set(np.unique(whole)) == {0, 1}
    # Standard error 0.0007.
    assert abs(whole.mean() - 0.8) < 0.003
    assert abs(whole.mean(axis=(0, 1)) - 0.8).max() < 0.03
    np.testing.assert_array_equal(masks(seeds[1:], 700, 50, 80, 0.8)[0], whole[1, 700:750])
    assert abs(np.corrcoef(whole[0].ravel(), whole[1].ravel())[0, 1]) < 0.01
    assert abs(np.corrcoef(whole[0, :-1].ravel(), whole[0, 1:].ravel())[0, 1]) < 0.01


def test_adam_is_for_the_fused_kernel_only(data):
    settings = TrainingSettings(optimizer="adam")
    with pytest.raises(OptionError, match="optimizer 'adam' trains an mlp on the CPU only; use --device cpu"):
        BY_TORCH.train_epoch(
            [MODEL.initial_state(USERS, ITEMS, 0)],
            pack([Member(MSE)]),
            [epoch_order(0, 1, ROWS)],
            [0],
            data,
            settings,
        )


def test_unknown_device():
    with pytest.raises(OptionError, match="device 'nonsense' can't be used"):
        MODEL.initial_state(2, 2, 0, device="nonsense")
