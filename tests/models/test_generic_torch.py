"""Any module trains as a plain PyTorch loop trains it, alone and together, and fails in sentences."""

from __future__ import annotations

import logging
import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from symloss.errors import ModelError, OptionError, RunError
from symloss.models.generic.making import make
from symloss.models.generic_torch import GenericTorch
from symloss.models.model import Model
from symloss.ops.opcode import Opcode
from symloss.search.archive.codec import decode, encode
from symloss.training.member import Member, pack
from symloss.training.orders import epoch_order
from symloss.training.settings import TrainingSettings
from tests.compile.programs import BCE, HINGE, MAXR, MSE, program
from tests.models.pairs import SmallTask
from tests.models.plain import LOSSES

PAIRS, NUMBERS = SmallTask(), SmallTask(features=5)
CASES = [
    ("mse", MSE, 1.0, False),
    ("bce", BCE, 2.0, False),
    ("maxr", MAXR, 1.0, False),
    ("hinge", HINGE, 1.0, True),
]


class Towers(nn.Module):
    def __init__(self, users: int, items: int) -> None:
        super().__init__()
        self.user = nn.Sequential(nn.Embedding(users, 8), nn.Linear(8, 8), nn.Tanh())
        self.item = nn.Sequential(nn.Embedding(items, 8), nn.Linear(8, 8), nn.Tanh())
        self.unused = nn.Parameter(torch.ones(3))

    def forward(self, users, items):
        return (self.user(users) * self.item(items)).sum(-1)


class Tied(nn.Module):
    """One parameter under two names, one frozen, a constant buffer, output of shape (rows, 1)."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(features, features), nn.Linear(features, features)
        self.second.weight = self.first.weight
        self.last = nn.Linear(features, 1)
        self.last.bias.requires_grad_(False)
        self.register_buffer("shift", torch.full((features,), 0.1))

    def forward(self, x):
        return self.last(torch.relu(self.second(torch.tanh(self.first(x + self.shift)))))


class Normed(nn.Module):
    def __init__(self, features: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(features, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 1))

    def forward(self, x):
        return self.layers(x).squeeze(-1)


def _towers(task, seed):
    return Towers(task.sizes["users"], task.sizes["items"])


MODULES: dict[str, tuple[Any, Any]] = {
    "towers": (_towers, PAIRS),
    "tied": (lambda task, seed: Tied(task.sizes["features"]), NUMBERS),
    "linear": (lambda task, seed: nn.Linear(task.sizes["features"], 1), NUMBERS),
    "normed": (lambda task, seed: Normed(task.sizes["features"]), NUMBERS),
}


def _trainer(build: Any, task: Any, **settings: Any) -> GenericTorch:
    return GenericTorch(Model("a model", build), task, TrainingSettings(**settings))


def _epoch(trainer: GenericTorch, states: Any, members: Any, orders: Any, noise: Any = None) -> list[float]:
    settings, count = trainer.settings, len(states)
    noise = [0] * count if noise is None else noise
    rates, l2s = np.full(count, settings.learning_rate), np.full(count, settings.l2)
    return trainer.epoch(states, pack(members), orders, noise, rates, l2s)


def _plain(module: nn.Module, loss: str, scale: float, takes: bool, task: Any, order: Any, settings: Any,
           optimiser: torch.optim.Optimizer) -> float:  # fmt: skip
    """Train one epoch by autograd through the loss, and torch's own optimiser and clipping."""
    total = 0.0
    for start in range(0, len(order), settings.batch_size):
        rows = order[start : start + settings.batch_size]
        inputs = [
            torch.tensor(column[rows]).to(torch.long if column.dtype.kind == "i" else torch.float32)
            for column in task.train.inputs
        ]
        scores = module(*inputs).reshape(-1)
        seen = scores if takes else torch.sigmoid(scores).clamp(2.0**-126, 1 - 2.0**-24)
        value = scale * LOSSES[loss](seen, torch.tensor(task.train.labels[rows]), 0.1)
        optimiser.zero_grad()
        value.mean().backward()
        for one in module.parameters():
            if one.requires_grad and one.grad is None:
                one.grad = torch.zeros_like(one)
        nn.utils.clip_grad_value_(module.parameters(), settings.gradient_clip)
        optimiser.step()
        total += float(value.detach().sum())
    return total / len(order)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("together", [False, True], ids=["alone", "together"])
@pytest.mark.parametrize("options", [{}, {"l2": 0.05, "batch_size": 17}, {"gradient_clip": 0.005}])
@pytest.mark.parametrize("name", MODULES)
def test_follows_plain_pytorch(name, options, together, optimizer):
    build, task = MODULES[name]
    rate = 0.05 if optimizer == "sgd" else 0.003
    trainer = _trainer(build, task, optimizer=optimizer, learning_rate=rate, **options)
    settings = trainer.settings
    assert not trainer.habits.apart
    members = [Member(loss, eps=0.1, scale=scale, takes_score=takes) for _, loss, scale, takes in CASES]
    states = [trainer.start(k) for k in range(4)]
    kind = torch.optim.SGD if optimizer == "sgd" else torch.optim.Adam
    modules = [make(trainer.model, task, k) for k in range(4)]
    optimisers = [kind(module.parameters(), lr=rate, weight_decay=settings.l2) for module in modules]
    for epoch in range(2):
        orders = [epoch_order(k, epoch, task.rows) for k in range(4)]
        if together:
            means = _epoch(trainer, states, members, orders)
        else:
            means = [_epoch(trainer, [states[k]], [members[k]], [orders[k]])[0] for k in range(4)]
        for k, (loss, _, scale, takes) in enumerate(CASES):
            expected = _plain(modules[k], loss, scale, takes, task, orders[k], settings, optimisers[k])
            assert means[k] == pytest.approx(expected, rel=1e-5)
    for state, module in zip(states, modules, strict=True):
        held = {**dict(module.named_parameters()), **dict(module.named_buffers())}
        for key, tensor in {**state.parameters, **state.buffers}.items():
            # Adam scales up what is nothing but rounding: the bias before a batch norm
            if optimizer == "adam" and key in ("layers.0.bias", "layers.1.running_mean"):
                continue
            torch.testing.assert_close(tensor, held[key].detach(), rtol=1e-3, atol=2e-4, msg=key)
        module.eval()
        inputs = [
            torch.tensor(c).long() if c.dtype.kind == "i" else torch.tensor(c) for c in task.test.inputs
        ]
        with torch.no_grad():
            scores = module(*inputs).reshape(-1).numpy()
        np.testing.assert_allclose(trainer.scores([state], task.test)[0], scores, rtol=1e-3, atol=2e-3)


def test_a_last_batch_of_one_row():
    build, task = MODULES["normed"]
    trainer = _trainer(build, task, batch_size=task.rows - 1)
    for count in (1, 2):
        states = [trainer.start(k) for k in range(count)]
        losses = _epoch(trainer, states, [Member(BCE)] * count, [epoch_order(0, 1, task.rows)] * count)
        assert all(map(math.isfinite, losses))


def test_the_start_is_a_function_of_the_seed():
    trainer = _trainer(*MODULES["towers"])
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    one, same, other = (trainer.start(seed).parameters["user.0.weight"] for seed in (1, 1, 2))
    # and nobody else's random numbers change
    assert torch.equal(torch.rand(3), expected)
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    torch.manual_seed(1)
    assert torch.equal(one, Towers(30, 40).user[0].weight)


def test_a_diverging_member_leaves_the_others_alone():
    build, task = MODULES["towers"]
    trainer = _trainer(build, task)
    bad = program((Opcode.SUBTRACT, 0, 0), (Opcode.DIVIDE, 3, 3))
    order = epoch_order(0, 1, task.rows)
    states = [trainer.start(0), trainer.start(0), trainer.start(0)]
    losses = _epoch(trainer, states, [Member(MSE), Member(bad), Member(MSE)], [order] * 3)
    assert math.isnan(losses[1])
    assert losses[0] == losses[2]
    alone = trainer.start(0)
    (loss,) = _epoch(trainer, [alone], [Member(MSE)], [order])
    assert losses[0] == pytest.approx(loss, rel=1e-6)
    for name, tensor in states[0].parameters.items():
        torch.testing.assert_close(tensor, alone.parameters[name])


class Noisy(nn.Module):
    """Draws from torch's own generator."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(5, 1)

    def forward(self, x):
        noise = torch.randn_like(x) if self.training else torch.zeros_like(x)
        return self.layer(x + 0.1 * noise)


class Choosy(nn.Module):
    """Looks at its data, which vmap can't."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(5, 1)

    def forward(self, x):
        found = self.layer(x)
        return -found if float(found.detach().sum()) > 1e9 else found


@pytest.mark.parametrize("kind", [Noisy, Choosy])
def test_modules_that_can_not_run_as_one(kind, caplog):
    with caplog.at_level(logging.INFO, logger="symloss.models"):
        trainer = _trainer(lambda task, seed: kind(), NUMBERS)
        assert trainer.group_size(8, 1) == 1
    assert "one after the other" in caplog.text
    orders = [epoch_order(k, 1, NUMBERS.rows) for k in range(3)]
    states = [trainer.start(k) for k in range(3)]
    members = [Member(MSE), Member(BCE), Member(BCE)]
    together = _epoch(trainer, states, members, orders, [1, 2, 3])
    alone = trainer.start(1)
    before = torch.get_rng_state()
    (loss,) = _epoch(trainer, [alone], [Member(BCE)], orders[1:2], [2])
    assert torch.equal(before, torch.get_rng_state())
    assert loss == together[1]
    for name, tensor in alone.parameters.items():
        assert torch.equal(tensor, states[1].parameters[name])
    if kind is Noisy:
        other = trainer.start(1)
        assert _epoch(trainer, [other], [Member(BCE)], orders[1:2], [9]) != [loss]


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_saved_states_go_on_where_they_were(optimizer):
    build, task = MODULES["normed"]
    trainer = _trainer(build, task, optimizer=optimizer)
    state = trainer.start(0)
    orders = [epoch_order(0, epoch, task.rows) for epoch in range(2)]
    _epoch(trainer, [state], [Member(BCE)], orders[:1])
    again = _trainer(build, task, optimizer=optimizer).load(decode(encode(trainer.save(state))))
    copy = trainer.copy(state)
    results = [_epoch(trainer, [one], [Member(BCE)], orders[1:]) for one in (state, again, copy)]
    assert results[0] == results[1] == results[2]
    for name, tensor in {**state.parameters, **state.buffers}.items():
        assert torch.equal(tensor, {**again.parameters, **again.buffers}[name])
        assert tensor.data_ptr() != {**copy.parameters, **copy.buffers}[name].data_ptr()


def test_states_of_another_module_are_refused():
    saved = _trainer(*MODULES["normed"]).save(_trainer(*MODULES["normed"]).start(0))
    with pytest.raises(RunError, match="has other parameters than model a model: bias, layers.0.bias"):
        _trainer(*MODULES["linear"]).load(saved)
    wide = SmallTask(features=7)
    with pytest.raises(
        RunError, match=r"layers.0.weight of shape \(6, 5\), where model a model has \(6, 7\)"
    ):
        _trainer(MODULES["normed"][0], wide).load(saved)
    with pytest.raises(RunError, match="kind 'mf'"):
        _trainer(*MODULES["linear"]).load({"kind": "mf"})
    with pytest.raises(RunError, match="is not whole"):
        _trainer(*MODULES["linear"]).load({**_trainer(*MODULES["linear"]).save(_trainer(*MODULES["linear"]).start(0)),
                                           "first": 3})  # fmt: skip


class Broken(nn.Module):
    def __init__(self, forward) -> None:
        super().__init__()
        self.layer, self.body = nn.Linear(5, 2), forward

    def forward(self, x):
        return self.body(self.layer(x), x)


@pytest.mark.parametrize(
    ("forward", "words"),
    [
        (
            lambda z, x: z,
            r"returns shape \(128, 2\) for 128 rows; return one score a row, shape \(128,\) or \(128, 1\)",
        ),
        (lambda z, x: z.sum(), r"returns shape \(\) for 128 rows"),
        (lambda z, x: z[:, 0] / 0 * 0, "returns NaN or infinity on the first batch"),
        (lambda z, x: z[:, 0].detach(), "does not depend on its parameters"),
        (lambda z, x: z @ x, "forward failed with RuntimeError: mat1 and mat2 shapes cannot be multiplied"),
        (lambda z, x: None, "returns a NoneType"),
        (lambda z, x: z[:, 0].long(), "returns torch.int64"),
        (lambda z, x: 1 / 0, "forward failed with ZeroDivisionError: division by zero"),
    ],
)
def test_faults_of_a_module_are_sentences(forward, words):
    with pytest.raises(ModelError, match=f"model a model: .*{words}"):
        _trainer(lambda task, seed: Broken(forward), NUMBERS).start(0)


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda task, seed: nn.Identity(), "no parameters to train"),
        (lambda task, seed: nn.Linear(5, 1).requires_grad_(False), "no parameters to train"),
        (lambda task, seed: 3, "build returns a int; it has to return a torch.nn.Module"),
        (
            lambda task, seed: nn.Linear(task.sizes["users"], 1),
            r"build\(task, 0\) failed with KeyError: 'users'",
        ),
        (lambda task, seed: nn.LazyLinear(1), "has no shape yet"),
        (lambda task, seed: nn.Linear(5, 1 + seed), "seeds 0 and 1 have other bias, weight"),
    ],
)
def test_faults_of_a_factory_are_sentences(build, words):
    with pytest.raises(ModelError, match=words):
        _trainer(build, NUMBERS).start(0)


def test_rates_by_group():
    build, task = MODULES["towers"]
    trainer = _trainer(build, task)
    assert trainer.model.group_of(trainer.habits.module)["item.1.bias"] == 2
    order = epoch_order(0, 1, task.rows)
    groups = np.array([[0.1, 0.5, 0.0], [0.1, 0.0, 0.5]])
    states = [trainer.start(0), trainer.start(0)]
    trainer.epoch(states, pack([Member(BCE)] * 2), [order] * 2, [0, 0], groups, np.zeros((2, 3)))
    start = trainer.start(0).parameters
    for state, still, moved in ((states[0], "item.1.weight", "user.1.weight"),
                                (states[1], "user.1.weight", "item.1.weight")):  # fmt: skip
        assert torch.equal(state.parameters[still], start[still])
        assert not torch.equal(state.parameters[moved], start[moved])
    alone = trainer.start(0)
    trainer.epoch([alone], pack([Member(BCE)]), [order], [0], groups[:1], np.zeros((1, 3)))
    torch.testing.assert_close(alone.parameters["user.1.weight"], states[0].parameters["user.1.weight"])
    halves = Model("halves", build, lambda module: {"users": module.user.parameters()})
    with pytest.raises(ModelError, match="groups leaves out unused, item.0.weight"):
        halves.group_of(trainer.habits.module)


def test_memory_is_measured():
    small, large = (
        _trainer(*MODULES["towers"]).memory(10),
        _trainer(_towers, SmallTask(users=3000)).memory(10),
    )
    assert large.by_member - small.by_member >= 3 * 4 * 8 * 2970
    assert small.by_batch_row > 0


def test_unknown_device():
    with pytest.raises(OptionError, match="device 'nonsense' can't be used"):
        _trainer(*MODULES["linear"], device="nonsense")
