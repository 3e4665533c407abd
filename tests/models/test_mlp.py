"""The population of perceptrons follows a plain PyTorch model, and members do not feel each other."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from symloss.data.dataset import Interactions
from symloss.errors import OptionError
from symloss.models.device.dropout import kept
from symloss.models.device.population import Population, TorchState
from symloss.models.dropout import masks
from symloss.models.mlp.device_epoch import MLPEpoch
from symloss.models.mlp.packing import DENSE, STATISTICS
from symloss.models.mlp.state import MLPState
from symloss.ops.opcode import Opcode
from symloss.training.member import Member, pack
from symloss.training.orders import epoch_order
from symloss.training.settings import TrainingSettings
from tests.compile.programs import BCE, HINGE, MAXR, MSE, program
from tests.models.by_hand import ByHand
from tests.models.plain import PlainMLP, train

MODEL = ByHand("mlp")
BY_TORCH = ByHand("mlp", "torch-cpu")
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
    plains = [PlainMLP(_host(state)) for state in states]
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


def _host(state):
    return state if isinstance(state, MLPState) else BY_TORCH.to_host(state)


def _compare(model, state, plain, data, without=(), **close):
    plain.eval()
    scored, state = state, _host(state)
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
        np.testing.assert_allclose(model.predict(scored, users, items), scores, **close)


@pytest.mark.parametrize("model", [MODEL, BY_TORCH], ids=["fused", "torch"])
@pytest.mark.parametrize("options", [{"l2": 0.0}, {}, {"gradient_clip": 0.002, "batch_size": 60}])
def test_adam_follows_torch(data, options, model):
    settings = TrainingSettings(optimizer="adam", learning_rate=1e-3, **options)
    state = model.initial_state(USERS, ITEMS, 0)
    plain = PlainMLP(_host(state))
    optimiser = torch.optim.Adam(plain.parameters(), lr=1e-3, weight_decay=settings.l2)
    for epoch in (1, 2, 3):
        order = epoch_order(0, epoch, ROWS)
        state = model.copy(state)
        (mean,) = model.train_epoch([state], pack([Member(BCE)]), [order], [epoch], data, settings)
        plain.kept, plain.row = masks(np.array([epoch], np.uint64), 0, ROWS, 80, 0.8)[0], 0
        plain.train()
        expected = train(plain, "bce", 0.1, 1.0, False, data, order, batch=settings.batch_size,
                         clip=settings.gradient_clip, optimiser=optimiser)  # fmt: skip
        assert mean == pytest.approx(expected, rel=1e-4)
    # Batch norm takes the biases before it out again: their gradient is nothing but rounding, which Adam scales
    # up. They move the running means, and nothing else in training.
    rounding = [f"linear.{k}.bias" for k in range(2)] + [f"norm.{k}.running_mean" for k in range(2)]
    _compare(model, state, plain, data, without=rounding, rtol=1e-3, atol=2e-4)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("model", [MODEL, BY_TORCH], ids=["fused", "torch"])
@pytest.mark.parametrize("count", [2, 5, 9])
def test_numbers_do_not_depend_on_the_population(data, count, model, optimizer):
    # Last batches of 50 and of 2 rows; the rate of Adam is low, as it scales roundings up.
    settings = TrainingSettings(
        batch_size=100 if count % 2 else 64,
        optimizer=optimizer,
        learning_rate=0.01 if optimizer == "sgd" else 1e-4,
    )
    members = [Member((MSE, BCE, MAXR)[k % 3], eps=0.1) for k in range(count)]
    orders = [epoch_order(k, 1, ROWS) for k in range(count)]
    together = [model.initial_state(USERS, ITEMS, k) for k in range(count)]
    losses = model.train_epoch(together, pack(members), orders, list(range(count)), data, settings)
    for k in range(count):
        alone = model.initial_state(USERS, ITEMS, k)
        (loss,) = model.train_epoch([alone], pack([members[k]]), [orders[k]], [k], data, settings)
        if model is MODEL:
            assert loss == losses[k]
            assert all(
                torch.equal(one, other)
                for one, other in zip(alone.tensors(), together[k].tensors(), strict=True)
            )
            continue
        # torch multiplies a single matrix in another way, with other roundings.
        assert loss == pytest.approx(losses[k], rel=1e-5)
        for one, other in zip(_host(alone).tensors(), _host(together[k]).tensors(), strict=True):
            torch.testing.assert_close(one, other, rtol=1e-4, atol=3e-4)


def test_the_number_of_torch_threads_is_left_as_it_was(data):
    before = torch.get_num_threads()
    state = BY_TORCH.initial_state(USERS, ITEMS, 0)
    BY_TORCH.train_epoch(
        [state], pack([Member(MSE)]), [epoch_order(0, 1, ROWS)], [0], data, TrainingSettings()
    )
    assert torch.get_num_threads() == before


@pytest.mark.parametrize("model", [MODEL, BY_TORCH], ids=["fused", "torch"])
def test_a_last_batch_of_one_row(data, model):
    settings = TrainingSettings(batch_size=ROWS - 1)
    state = model.initial_state(USERS, ITEMS, 0)
    (loss,) = model.train_epoch([state], pack([Member(MSE)]), [epoch_order(0, 1, ROWS)], [0], data, settings)
    assert math.isfinite(loss)
    assert all(torch.isfinite(tensor).all() for tensor in _host(state).tensors())


@pytest.mark.parametrize("model", [MODEL, BY_TORCH], ids=["fused", "torch"])
def test_divergence_stays_with_its_member(data, model):
    bad = program((Opcode.SUBTRACT, 0, 0), (Opcode.DIVIDE, 3, 3))
    states = [model.initial_state(USERS, ITEMS, 0) for _ in range(2)]
    orders = [epoch_order(0, 1, ROWS)] * 2
    programs = pack([Member(MSE), Member(bad)])
    first, second = model.train_epoch(states, programs, orders, [0, 0], data, TrainingSettings())
    assert math.isfinite(first)
    assert math.isnan(second)
    assert torch.isfinite(states[0].table).all()
    settings = TrainingSettings(learning_rate=1e30, gradient_clip=math.inf, l2=0.0)
    (loss,) = model.train_epoch(states[:1], pack([Member(MSE)]), orders[:1], [0], data, settings)
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


def test_masks_on_a_device_are_those_of_the_cpu():
    seeds = np.array([0, 3, 2**63 + 5, 2**64 - 1], np.uint64)
    generator = np.random.default_rng(0)
    for width, keep in ((80, 0.8), (3, 0.5), (6, 0.999)):
        expected = masks(seeds, 0, 3000, width, keep)
        rows = generator.integers(0, 3000, (4, 200))
        found = kept(torch.from_numpy(seeds.view(np.int64)), torch.from_numpy(rows), width, keep)
        assert found.shape == (4, 200, width)
        for k in range(4):
            np.testing.assert_array_equal(found[k].numpy(), expected[k, rows[k]])
    far = torch.full((1, 1), 2**31 + 7)
    expected = masks(seeds[2:3], 2**31 + 7, 1, 80, 0.8)[0]
    np.testing.assert_array_equal(kept(torch.tensor([5 - 2**63]), far, 80, 0.8)[0].numpy(), expected)


def test_states_move_between_host_and_device(data):
    model = ByHand("mlp")
    here, there = (model.initial_state(USERS, ITEMS, 3, device) for device in ("cpu", "torch-cpu"))
    assert isinstance(here, MLPState)
    assert isinstance(there, TorchState)
    assert model.to_host(here) is here
    copy = model.to_host(there)
    for one, other in zip(here.tensors(), copy.tensors(), strict=True):
        assert torch.equal(one, other)
    copy.table.zero_()
    assert there.table.any()
    users, items = data.users[:50], data.items[:50]
    assert isinstance(model.predict_all([here], users, items), np.ndarray)
    states = [model.copy(there), there, there]
    together = model.predict_all(states, users, items)
    assert together.shape == (3, 50)
    expected = model.predict(here, users, items)
    for row in together.numpy():
        np.testing.assert_allclose(row, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_an_epoch_reads_once_at_its_end(data, optimizer):
    # Tensors on "meta" have shapes and no data: reading a number, or mixing in one from the CPU, is an error.
    def empty(*shape):
        return torch.empty(3, *shape, device="meta")

    population = Population((empty(USERS + ITEMS, 64), empty(DENSE)), USERS, (empty(STATISTICS),))
    settings = TrainingSettings(learning_rate=0.5, l2=1.5, optimizer=optimizer)
    programs = pack([Member(loss) for loss in (BCE, MAXR, HINGE)])
    epoch = MLPEpoch(population, programs, [0] * 3, data, settings, np.full(3, 0.5), np.full(3, 1.5))
    with pytest.raises(NotImplementedError, match="Cannot copy out of meta tensor"):
        epoch.run([epoch_order(0, 1, ROWS)], [0] * 3)
    assert float(epoch._batches[128].labels.shape[1]) == 3


def test_unknown_device():
    with pytest.raises(OptionError, match="device 'nonsense' can't be used"):
        ByHand("mlp").initial_state(2, 2, 0, device="nonsense")
