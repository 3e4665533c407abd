"""Matrix factorisation on torch follows the fused kernel and a plain PyTorch loop; run here on the CPU device."""

from __future__ import annotations

import gc
import math

import numpy as np
import pytest
import torch

from symloss import zoo
from symloss.data.dataset import Interactions
from symloss.errors import DataError, OptionError
from symloss.models.device.population import Population
from symloss.models.device.torch_device import TORCH_CPU, Replayed, torch_device
from symloss.models.mf.device_epoch import MFEpoch
from symloss.models.mf.state import MFState
from symloss.ops.opcode import Opcode
from symloss.training.member import Member, pack
from symloss.training.settings import TrainingSettings
from tests.compile.programs import BCE, HINGE, MAXR, MSE, program, random_program
from tests.models.by_hand import ByHand
from tests.models.plain import PlainMF, train

KERNEL, ON_TORCH = ByHand("mf"), ByHand("mf", TORCH_CPU)
USERS, ITEMS, ROWS = 30, 40, 500
EPS = 0.1
DEVICES = [
    TORCH_CPU,
    pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA")),
]
NAMES = ("user_embedding", "item_embedding", "user_bias", "item_bias", "global_bias")


@pytest.fixture(scope="module")
def data():
    generator = np.random.default_rng(0)
    # Few users: a batch holds each of them several times.
    return Interactions.of(
        generator.integers(0, USERS, ROWS), generator.integers(0, ITEMS, ROWS), generator.integers(0, 2, ROWS)
    )


def _orders(epochs, seed=1):
    generator = np.random.default_rng(seed)
    return [generator.permutation(ROWS).astype(np.int32) for _ in range(epochs)]


def _start(model, device, seed=7, size=0.5):
    """Return equal states of the kernel and of the torch model, with embeddings made smaller."""
    state, other = KERNEL.initial_state(USERS, ITEMS, seed), model.initial_state(USERS, ITEMS, seed, device)
    for embedding in (state.user_embedding, state.item_embedding):
        embedding *= np.float32(size)
    other.table[:, :64] *= size
    return state, other


def _arrays(state):
    """Return the parameters of a state of either kind in one order."""
    return state.arrays() if isinstance(state, MFState) else ON_TORCH.to_host(state).arrays()


def _compare(state, other, rtol=2e-5, atol=3e-6):
    for name, mine, theirs in zip(NAMES, _arrays(other), _arrays(state), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=rtol, atol=atol, err_msg=name)


def _plain_epoch(model, loss, data, order, settings):
    """Train one epoch with autograd and the loss as torch code; return the mean loss."""
    criterion = loss.torch(reduction="none")
    total = 0.0
    for start in range(0, len(order), settings.batch_size):
        rows = order[start : start + settings.batch_size]
        users, items = (torch.tensor(part[rows].astype(np.int64)) for part in (data.users, data.items))
        scores = model(users, items)
        seen = scores if loss.takes_score else torch.clamp(torch.sigmoid(scores), 2.0**-126, 1 - 2.0**-24)
        value = criterion(seen, torch.tensor(data.labels[rows]))
        gradients = torch.autograd.grad(value.mean(), list(model.parameters()), allow_unused=True)
        with torch.no_grad():
            for parameter, gradient in zip(model.parameters(), gradients, strict=True):
                clipped = (
                    0 if gradient is None else gradient.clamp(-settings.gradient_clip, settings.gradient_clip)
                )
                parameter -= settings.learning_rate * (clipped + settings.l2 * parameter)
        total += float(value.detach().sum())
    return total / len(order)


@pytest.mark.parametrize("device", DEVICES)
def test_every_zoo_loss_follows_kernel_and_plain_loop(data, device):
    losses = [loss.with_eps(EPS) if loss.has_eps else loss for loss in map(zoo.get, zoo.names())]
    members = [Member(loss.program(), eps=EPS, takes_score=loss.takes_score) for loss in losses]
    model, settings = ByHand("mf", TORCH_CPU), TrainingSettings(l2=0.01)
    pairs = [_start(model, device, seed) for seed in range(len(losses))]
    plain = [PlainMF(state) for state, _ in pairs]
    for order in _orders(3):
        shared = [order] * len(losses)
        means = model.train_epoch(
            [s for _, s in pairs], pack(members), shared, [0] * len(losses), data, settings
        )
        for k, loss in enumerate(losses):
            (mean,) = KERNEL.train_epoch([pairs[k][0]], pack([members[k]]), [order], [0], data, settings)
            assert means[k] == pytest.approx(mean, rel=1e-5), loss.name
            assert means[k] == pytest.approx(_plain_epoch(plain[k], loss, data, order, settings), rel=1e-5)
    for (state, other), expected in zip(pairs, plain, strict=True):
        _compare(state, other)
        for name, mine in zip(NAMES, _arrays(other), strict=True):
            np.testing.assert_allclose(
                mine, getattr(expected, name).detach().numpy(), rtol=5e-5, atol=1e-5, err_msg=name
            )


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(
    "options",
    [
        {"gradient_clip": 0.02},
        {"gradient_clip": 0.05, "batch_size": 500},
        {"gradient_clip": math.inf, "batch_size": 1000},
        {"batch_size": 17, "l2": 0.0},
        {"batch_size": 125},
        {"learning_rate": 0.5, "l2": 1.5},
    ],
)
def test_options_orders_and_scales(data, device, options):
    settings = TrainingSettings(**options)
    members = [
        Member(MSE, seed=1), Member(BCE, scale=4.0, seed=2), Member(MAXR, eps=EPS, scale=0.5, seed=3),
        Member(HINGE, takes_score=True, seed=4), Member(BCE, seed=1),
    ]  # fmt: skip
    model = ByHand("mf", TORCH_CPU)
    pairs = [_start(model, device, member.seed) for member in members]
    for epoch in range(3):
        # Equal seeds share an order; others have their own.
        by_seed = {seed: _orders(1, 10 * seed + epoch)[0] for seed in range(1, 5)}
        orders = [by_seed[member.seed] for member in members]
        means = model.train_epoch([s for _, s in pairs], pack(members), orders, [0] * 5, data, settings)
        for k, member in enumerate(members):
            (mean,) = KERNEL.train_epoch([pairs[k][0]], pack([member]), [orders[k]], [0], data, settings)
            assert means[k] == pytest.approx(mean, rel=2e-5)
            _compare(*pairs[k])
    users, items = data.users[:50], data.items[:50]
    together = model.predict_all([s for _, s in pairs], users, items).cpu().numpy()
    for row, (state, other) in zip(together, pairs, strict=True):
        np.testing.assert_allclose(row, KERNEL.predict(state, users, items), rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(row, model.predict(other, users, items), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("device", DEVICES)
def test_clipping_acts_on_huge_and_infinite_slopes(data, device):
    # eps = 1e-6 gives slopes up to 1e6; sqrt has an infinite one where its argument is 0.
    root = program((Opcode.SUBTRACT, 0, 0), (Opcode.ABS, 0, 0), (Opcode.ADD, 3, 4), (Opcode.SQRT, 5, 5))
    model, settings = ByHand("mf", TORCH_CPU), TrainingSettings()
    for loss in (MAXR, root):
        state, other = _start(model, device)
        member = Member(loss, eps=1e-6)
        (order,) = _orders(1)
        (mean,) = model.train_epoch([other], pack([member]), [order[:128]], [0], data, settings)
        (expected,) = KERNEL.train_epoch([state], pack([member]), [order[:128]], [0], data, settings)
        assert mean == pytest.approx(expected, rel=1e-4)
        _compare(state, other, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("device", DEVICES)
def test_a_diverging_member_leaves_the_others_alone(data, device):
    nan = program((Opcode.SUBTRACT, 0, 0), (Opcode.DIVIDE, 3, 3))
    flat = program((Opcode.SUBTRACT, 0, 0), (Opcode.LOG, 4, 4), constants=(0.0,))
    members = [Member(MSE), Member(nan), Member(BCE), Member(flat)]
    model, settings = ByHand("mf", TORCH_CPU), TrainingSettings()
    states = [model.initial_state(USERS, ITEMS, 3, device) for _ in members]
    (order,) = _orders(1)
    means = model.train_epoch(states, pack(members), [order] * 4, [0] * 4, data, settings)
    assert [math.isfinite(mean) for mean in means] == [True, False, True, False]
    for k in (0, 2):
        alone = model.initial_state(USERS, ITEMS, 3, device)
        (mean,) = model.train_epoch([alone], pack([members[k]]), [order], [0], data, settings)
        assert mean == pytest.approx(means[k], rel=1e-6)
        _compare(alone, states[k], rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("device", DEVICES)
def test_weights_that_overflow_are_divergence(data, device):
    model = ByHand("mf", TORCH_CPU)
    settings = TrainingSettings(learning_rate=50.0, gradient_clip=math.inf, l2=0.0)
    state = model.initial_state(USERS, ITEMS, 0, device)
    member = Member(MSE, takes_score=True)
    (mean,) = model.train_epoch([state], pack([member]), _orders(1), [0], data, settings)
    assert not math.isfinite(mean)


@pytest.mark.parametrize("device", DEVICES)
def test_the_same_call_gives_the_same_bits(data, device):
    runs = []
    for _ in range(2):
        model = ByHand("mf", TORCH_CPU)
        states = [model.initial_state(USERS, ITEMS, seed, device) for seed in range(3)]
        for order in _orders(3):
            model.train_epoch(states, pack([Member(BCE)] * 3), [order] * 3, [0] * 3, data, TrainingSettings())
        runs.append([_arrays(state) for state in states])
    for one, other in zip(*runs, strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)


def test_finished_members_free_their_place(data):
    model, settings = ByHand("mf", TORCH_CPU), TrainingSettings()
    states = [model.initial_state(USERS, ITEMS, seed) for seed in range(8)]
    members = [Member(BCE, scale=1.0 + seed) for seed in range(8)]
    alone = [model.copy(state) for state in states]
    sizes = []
    for epoch, order in enumerate(_orders(5)):
        count = len(states)
        model.train_epoch(states, pack(members[:count]), [order] * count, [0] * count, data, settings)
        sizes.append(states[0].population.count)
        assert all(state.population is states[0].population for state in states)
        for k in range(count):
            model.train_epoch([alone[k]], pack([members[k]]), [order], [0], data, settings)
            _compare(alone[k], states[k], rtol=1e-6, atol=1e-7)
        # One or two end after each epoch.
        del states[-1 - epoch % 2 :]
        gc.collect()
    # 7 of 8 is above three quarters; 5 of 8 is not, nor is 2 of 4.
    assert sizes == [8, 8, 5, 5, 2]


def test_a_state_that_is_left_out_stays_as_it_is(data):
    model, settings = ByHand("mf", TORCH_CPU), TrainingSettings()
    states = [model.initial_state(USERS, ITEMS, seed) for seed in range(8)]
    for count in (8, 7):
        before = _arrays(states[7])
        model.train_epoch(
            states[:count], pack([Member(MSE)] * count), _orders(1) * count, [0] * count, data, settings
        )
    for a, b in zip(before, _arrays(states[7]), strict=True):
        np.testing.assert_array_equal(a, b)


def test_copies_are_independent_and_order_of_states_does_not_matter(data):
    model, settings = ByHand("mf", TORCH_CPU), TrainingSettings()
    states = [model.initial_state(USERS, ITEMS, seed) for seed in range(4)]
    members = [Member(BCE, scale=1.0 + seed) for seed in range(4)]
    first, second = _orders(2)
    model.train_epoch(states, pack(members), [first] * 4, [0] * 4, data, settings)
    copies = [model.copy(state) for state in states]
    kept = _arrays(copies[0])
    model.train_epoch(states, pack(members), [second] * 4, [0] * 4, data, settings)
    np.testing.assert_array_equal(_arrays(copies[0])[0], kept[0])
    means = model.train_epoch(copies[::-1], pack(members[::-1]), [second] * 4, [0] * 4, data, settings)
    assert np.all(np.diff(means[::-1]) > 0)
    for state, copy in zip(states, copies, strict=True):
        _compare(state, copy, rtol=1e-6, atol=1e-7)


def test_rows_outside_the_state_are_refused():
    model = ByHand("mf", TORCH_CPU)
    state = model.initial_state(3, 4, 0)
    data = Interactions.of([0, 3], [0, 1], [0, 1])
    with pytest.raises(DataError, match="user index 3"):
        model.train_epoch(
            [state], pack([Member(MSE)]), [np.arange(2, dtype=np.int32)], [0], data, TrainingSettings()
        )
    with pytest.raises(DataError, match="item index 4"):
        model.predict(state, np.array([0], np.int32), np.array([4], np.int32))


def test_the_kernel_trains_on_the_cpu_and_torch_elsewhere(data):
    model = ByHand("mf")
    here, there = model.initial_state(USERS, ITEMS, 5), model.initial_state(USERS, ITEMS, 5, TORCH_CPU)
    for a, b in zip(_arrays(here), _arrays(there), strict=True):
        np.testing.assert_array_equal(a, b)
    settings, (order,) = TrainingSettings(), _orders(1)
    for state in (here, there):
        model.train_epoch([state], pack([Member(BCE)]), [order], [0], data, settings)
    _compare(here, there)
    _compare(model.copy(here), model.copy(there))
    assert isinstance(model.predict_all([here], data.users, data.items), np.ndarray)
    np.testing.assert_allclose(
        model.predict(here, data.users, data.items),
        model.predict(there, data.users, data.items),
        rtol=1e-3,
        atol=1e-4,
    )
    # Any device that is not the CPU takes all members at once; "meta" is one that is everywhere.
    trainers = [model.trainer(USERS, ITEMS, data, device=device) for device in ("cpu", TORCH_CPU, "meta")]
    assert [one.group_size(7, 2) for one in trainers] == [1, 4, 7]


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("clip", [50.0, math.inf])
def test_an_epoch_reads_once_at_its_end(data, clip, optimizer, monkeypatch):
    # Tensors on "meta" have shapes and no data: reading a number, or mixing in one from the CPU, is an error.
    generator = np.random.default_rng(5)
    losses = [BCE, MAXR, *(program((opcode, 0, 0)) for opcode in Opcode), random_program(generator, 9)]
    table = torch.empty(len(losses), USERS + ITEMS, 65, device="meta")
    population = Population((table, torch.empty(len(losses), device="meta")), USERS)
    settings = TrainingSettings(gradient_clip=clip, learning_rate=0.5, l2=1.5, optimizer=optimizer)
    epoch = MFEpoch(population, pack([Member(loss) for loss in losses]), [0] * len(losses), data, settings,
                  np.full(len(losses), 0.5), np.full(len(losses), 1.5))  # fmt: skip
    steps = []
    original = MFEpoch._step
    monkeypatch.setattr(MFEpoch, "_step", lambda *arguments: steps.append(original(*arguments)))
    with pytest.raises(NotImplementedError, match="Cannot copy out of meta tensor"):
        epoch.run(_orders(1), [0] * len(losses))
    assert len(steps) == 4


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(
    "options",
    [
        {"l2": 0.0},
        {"l2": 0.05, "batch_size": 17, "learning_rate": 0.002},
        {"gradient_clip": 0.002, "batch_size": 1000},
    ],
)
def test_adam_follows_torch_and_the_kernel(data, device, options):
    settings = TrainingSettings(optimizer="adam", **options)
    losses = [("mse", MSE), ("bce", BCE), ("maxr", MAXR)]
    members = [Member(loss, eps=EPS) for _, loss in losses]
    model = ByHand("mf", TORCH_CPU)
    pairs = [_start(model, device, seed) for seed in range(3)]
    plains = [PlainMF(state) for state, _ in pairs]
    optimisers = [
        torch.optim.Adam(plain.parameters(), lr=settings.learning_rate, weight_decay=settings.l2)
        for plain in plains
    ]
    for epoch, order in enumerate(_orders(4)):
        if epoch == 2:
            # Copies go on where the states were, now from populations of one.
            pairs = [(state, model.copy(other)) for state, other in pairs]
        means = model.train_epoch([s for _, s in pairs], pack(members), [order] * 3, [0] * 3, data, settings)
        for k, (name, _) in enumerate(losses):
            (mean,) = KERNEL.train_epoch([pairs[k][0]], pack([members[k]]), [order], [0], data, settings)
            expected = train(plains[k], name, EPS, 1.0, False, data, order, batch=settings.batch_size,
                             clip=settings.gradient_clip, optimiser=optimisers[k])  # fmt: skip
            assert means[k] == pytest.approx(mean, rel=1e-5)
            assert means[k] == pytest.approx(expected, rel=1e-5)
    for (state, other), plain in zip(pairs, plains, strict=True):
        # A gradient near 0 is divided by a root near 0.
        _compare(state, other, rtol=1e-4, atol=1e-4)
        for name, mine in zip(NAMES, _arrays(other), strict=True):
            np.testing.assert_allclose(
                mine, getattr(plain, name).detach().numpy(), rtol=1e-4, atol=1e-4, err_msg=name
            )


def test_members_of_different_age_keep_their_own_count_of_adams_steps(data):
    model, settings = ByHand("mf", TORCH_CPU), TrainingSettings(optimizer="adam")
    first, second, third = _orders(3)
    old, new, alone = (model.initial_state(USERS, ITEMS, seed) for seed in (0, 1, 1))
    reference = model.copy(old)
    model.train_epoch([old], pack([Member(BCE)]), [first], [0], data, settings)
    for order in (second, third):
        model.train_epoch([old, new], pack([Member(BCE)] * 2), [order] * 2, [0] * 2, data, settings)
        model.train_epoch([alone], pack([Member(BCE)]), [order], [0], data, settings)
    for order in (first, second, third):
        model.train_epoch([reference], pack([Member(BCE)]), [order], [0], data, settings)
    _compare(alone, new, rtol=1e-5, atol=1e-6)
    _compare(reference, old, rtol=1e-5, atol=1e-6)


def test_unknown_device():
    with pytest.raises(OptionError, match="device 'gpu' can't be used"):
        torch_device("gpu")


@pytest.mark.parametrize("device", DEVICES)
def test_replayed_runs_once_a_call(device):
    total = torch.zeros(1, device=torch_device(device))
    step = Replayed(lambda: total.add_(1), torch_device(device))
    for count in range(1, 6):
        step()
        assert float(total) == count
