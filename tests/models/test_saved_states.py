"""States as plain data: they come back, also those of archives written before there were trainers."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from symloss.data.dataset import Interactions
from symloss.errors import RunError
from symloss.search.archive.codec import decode, encode
from symloss.training.member import Member, pack
from symloss.training.orders import epoch_order
from symloss.training.settings import TrainingSettings
from tests.compile.programs import BCE, MSE
from tests.models.by_hand import ByHand

USERS, ITEMS, ROWS = 7, 5, 60
KINDS = [(name, device) for name in ("mf", "mlp") for device in ("cpu", "torch-cpu")]


@pytest.fixture(scope="module")
def data():
    generator = np.random.default_rng(8)
    return Interactions.of(*(generator.integers(0, size, ROWS) for size in (USERS, ITEMS, 2)))


def trainer_of(name, device, data, optimizer="adam"):
    settings = TrainingSettings(optimizer=optimizer, batch_size=16)
    return ByHand(name).trainer(USERS, ITEMS, data, settings, device)


def trained(trainer, state, epoch):
    count = np.array([epoch], np.uint64)
    means = trainer.epoch(
        [state], pack([Member(BCE)]), [epoch_order(1, epoch, ROWS)], count, np.array([0.01]), np.array([1e-3])
    )
    assert np.isfinite(means).all()
    return state


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize(("name", "device"), KINDS)
def test_a_saved_state_goes_on_as_the_state_does(name, device, optimizer, data):
    trainer = trainer_of(name, device, data, optimizer)
    state = trained(trainer, trained(trainer, trainer.start(4), 1), 2)
    saved = trainer.save(state)
    again = trainer.load(decode(encode(saved)))
    # A copy: what is trained later does not show in it.
    kept = encode(saved)
    for epoch in (3, 4):
        trained(trainer, state, epoch)
        trained(trainer, again, epoch)
    assert encode(saved) == kept
    assert encode(trainer.save(state)) == encode(trainer.save(again))
    one, other = (np.asarray(trainer.scores([each], data))[0] for each in (state, again))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(("name", "device"), KINDS)
def test_states_on_the_host_are_saved_and_scored_everywhere(name, device, data):
    trainer, kernel = trainer_of(name, device, data), trainer_of(name, "cpu", data)
    state = trained(trainer, trainer.start(4), 1)
    host = trainer.to_host(state)
    again = trainer.load(trainer.save(host))
    assert type(again) is type(host) is type(kernel.start(0))
    expected = kernel.scores([host], data)
    for each in (host, again, trainer.copy(host)):
        np.testing.assert_array_equal(trainer.scores([each], data), expected)
    np.testing.assert_allclose(np.asarray(trainer.scores([state], data)), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("name", "device"), KINDS)
def test_the_layout_of_archives_is_that_of_before(name, device, data):
    # As symloss.models.saved_state wrote it: {"kind", "parameters", "moments"} and a little more.
    trainer = trainer_of(name, device, data)
    saved = trainer.save(trained(trainer, trainer.start(4), 1))
    steps = -(-ROWS // 16)
    if device == "cpu":
        assert saved["kind"] == name and saved["moments"]["steps"] == steps
        assert set(saved) == {"kind", "parameters", "moments"} | ({"n_users"} if name == "mlp" else set())
        assert len(saved["parameters"]) == {"mf": 5, "mlp": 15}[name]
    else:
        assert set(saved) == {"kind", "parameters", "statistics", "moments"} and saved["kind"] == "device"
        assert saved["moments"]["steps"].tolist() == [steps]
        assert [len(saved[key]) for key in ("parameters", "statistics")] == [2, int(name == "mlp")]


def test_an_archive_of_before_is_read(data):
    generator = np.random.default_rng(0)

    def numbers(*shape):
        return generator.standard_normal(shape, dtype=np.float32)

    shapes = ((USERS, 64), (ITEMS, 64), (USERS,), (ITEMS,), (1,))
    parameters = [numbers(*shape) for shape in shapes]
    old = {"moments": {"steps": 0, "first": [], "second": []}, "kind": "mf", "parameters": parameters}
    trainer = trainer_of("mf", "cpu", data)
    users, items, user_bias, item_bias, base = parameters
    expected = (users[data.users] * items[data.items]).sum(1) + user_bias[data.users] + item_bias[data.items]
    (found,) = trainer.scores([trainer.load(decode(encode(old)))], data)
    np.testing.assert_allclose(found, expected + base, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("name", "device"), KINDS)
def test_what_is_of_another_model_or_size_is_refused(name, device, data):
    trainer = trainer_of(name, device, data)
    saved = trainer.save(trained(trainer, trainer.start(4), 1))
    for other_name, other_device in KINDS:
        if (other_name, other_device) != (name, device):
            other = trainer_of(other_name, other_device, data)
            if device == "cpu" and other_device != "cpu" and name == other_name:
                # What was brought to the host is read by the same model on every device.
                assert type(other.load(saved)) is type(trainer.load(saved))
                continue
            with pytest.raises(RunError, match=f"{other_name} on rows of a test"):
                other.load(saved)
    larger = ByHand(name).trainer(USERS + 1, ITEMS, data, TrainingSettings(), device)
    with pytest.raises(RunError, match="the model and the data it was saved with"):
        larger.load(saved)
    shifted = ByHand("mlp").trainer(USERS + 1, ITEMS - 1, data, TrainingSettings())
    if (name, device) == ("mlp", "cpu"):
        with pytest.raises(RunError, match=f"rows of {USERS} users"):
            shifted.load(saved)


@pytest.mark.parametrize(("name", "device"), KINDS)
def test_damage_is_refused(name, device, data):
    trainer = trainer_of(name, device, data)
    saved = trainer.save(trained(trainer, trainer.start(4), 1))

    def broken(change):
        other = copy.deepcopy(saved)
        change(other)
        return other

    damages = [
        lambda one: one["parameters"].pop(),
        lambda one: one.pop("parameters"),
        lambda one: one["parameters"].__setitem__(0, one["parameters"][0].astype(np.float64)),
        lambda one: one["parameters"].__setitem__(0, 3),
        lambda one: one["moments"].pop("steps"),
        lambda one: one["moments"]["first"].pop(),
        lambda one: one.update(moments=7),
        lambda one: one.update(kind="nothing"),
    ]
    for damage in damages:
        with pytest.raises(RunError):
            trainer.load(broken(damage))
    for nothing in (None, [], {}, {"kind": "device"}, {"kind": name}):
        with pytest.raises(RunError):
            trainer.load(nothing)


@pytest.mark.parametrize("name", ["mf", "mlp"])
def test_parameters_share_the_memory_of_a_state(name, data):
    trainer = trainer_of(name, "torch-cpu", data)
    host = trainer.to_host(trainer.start(4))
    before = trainer.scores([host], data).copy()
    found = trainer.parameters(host)
    assert sum(array.size for array in found.values()) == {"mf": 65 * 12 + 1, "mlp": 64 * 12 + 9473}[name]
    assert all(array.dtype == np.float32 for array in found.values())
    for array in found.values():
        array[...] = 0
    after = trainer.scores([host], data)
    assert before.any() and not after.any()


def test_training_by_a_second_trainer_goes_on_with_the_same_states(data):
    # States belong to the kind of trainer, not to one of them.
    first = trainer_of("mf", "torch-cpu", data)
    second = ByHand("mf").trainer(USERS, ITEMS, data, TrainingSettings(optimizer="adam"), "torch-cpu")
    state = trained(first, first.start(1), 1)
    assert first is not second
    trained(second, state, 2)
    assert np.isfinite(np.asarray(first.scores([state], data))).all()
    assert pack([Member(MSE)]).lengths[0] > 0
