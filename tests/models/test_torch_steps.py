"""Steps on a device never wait for it, and do the same each time: a CUDA graph can hold them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from symloss.data.dataset import Interactions
from symloss.models import registry
from symloss.models.device.torch_device import Replayed
from symloss.training.member import Member, pack
from symloss.training.orders import epoch_order
from symloss.training.settings import TrainingSettings
from tests.compile.programs import BCE, HINGE, MAXR, random_program
from tests.models.by_hand import ByHand

USERS, ITEMS, ROWS = 30, 40, 500

# What makes the host wait for a device, or a shape depend on data: neither can be in a CUDA graph.
WAITING = ("_local_scalar_dense", "nonzero", "masked_select", "unique", "is_nonzero", "equal.default")


class _Recorder(TorchDispatchMode):
    """Writes down every operation, and the shape and the device of its result."""

    def __init__(self):
        super().__init__()
        self.operations = []

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        result = operation(*args, **(kwargs or {}))
        shape = tuple(result.shape) if isinstance(result, torch.Tensor) else None
        self.operations.append((str(operation), shape))
        return result


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("name", registry.NAMES)
def test_a_step_reads_nothing_and_does_the_same_each_time(name, optimizer):
    generator = np.random.default_rng(4)
    users, items, labels = (generator.integers(0, size, ROWS) for size in (USERS, ITEMS, 2))
    data = Interactions.of(users, items, labels)
    losses = [BCE, MAXR, HINGE, *(random_program(generator, 8) for _ in range(30))]
    model, settings = ByHand(name), TrainingSettings(batch_size=50, optimizer=optimizer)
    states = [model.initial_state(USERS, ITEMS, seed, "torch-cpu") for seed in range(len(losses))]
    recorded, steps = [], []
    original = Replayed.__call__

    def record(step):
        with _Recorder() as recorder:
            original(step)
        steps.append(step)
        recorded.append(recorder.operations)

    orders = [epoch_order(seed, 0, ROWS) for seed in range(len(losses))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Replayed, "__call__", record)
        for _ in range(2):
            model.train_epoch(
                states, pack([Member(loss) for loss in losses]), orders, [0] * len(losses), data, settings
            )
    assert len(recorded) == 20
    # The first step also makes room; the others launch the same on the same memory, also in the next epoch.
    assert len({id(step) for step in steps}) == 1
    assert all(operations == recorded[1] for operations in recorded[2:])
    names = {name for operations in recorded for name, _ in operations}
    assert not [name for name in names if any(part in name for part in WAITING)]
    # Indexing by a mask would be aten.index; what is used takes rows by number.
    assert not [name for name in names if name.startswith("aten.index.")]
