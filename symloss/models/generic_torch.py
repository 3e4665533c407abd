"""Trains any module of PyTorch under any loss: the semantics that every faster trainer is held to.

A step: scores of a batch, d(mean loss)/dscore by the program of the loss, back through the module by autograd, each
element of the gradient clipped, L2 times the parameter added, a step of SGD or Adam. One member runs as the module
itself; several are stacked and run as one by `torch.func.vmap`, where the module allows that (see
`symloss.models.generic.probe`), else one after the other.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from symloss.compile.program import ProgramBatch
from symloss.errors import ModelError, RunError
from symloss.models.device.single_thread import running
from symloss.models.device.torch_device import TORCH_CPU, torch_device
from symloss.models.generic.alone import train_alone
from symloss.models.generic.making import make, seeded
from symloss.models.generic.probe import Habits, probe
from symloss.models.generic.rows import Rows, as_tensor
from symloss.models.generic.runnable import Runnable
from symloss.models.generic.slopes import Slopes
from symloss.models.generic.state import ModuleState
from symloss.models.generic.together import train_together
from symloss.models.memory_need import MemoryNeed
from symloss.models.model import Model
from symloss.models.saved import check_kind
from symloss.models.trainer import Numbers, Scores, StepSettings
from symloss.tasks.part import Part
from symloss.tasks.task import Task

_SCORES_AT_ONCE = 16_384
"""Rows that are scored in one call of the module."""
_MOST_TOGETHER = 32
"""Members that are stacked: more gain nothing, as their numbers no longer stay in the cache."""
_LEAST_TOGETHER = 4
"""Fewer take longer stacked than one after the other."""
_EPOCH_SECONDS = 3.0
"""Of an epoch of those that are stacked: only between epochs somebody looks at the time."""
_COPIES = 3
"""Of a member's parameters: those trained, those stacked for an epoch, and the best ones; besides their gradients."""
KIND = "module"
"""What a saved state is marked with."""


class GenericTorch:
    """Any model on any task whose rows have inputs and labels; see `symloss.models.trainer.Trainer`.

    Attributes:
        model, task, settings: what is trained, on what, and how.
    """

    def __init__(self, model: Model, task: Task, settings: StepSettings) -> None:
        """Make a trainer; the module is made when it is first needed.

        Raises:
            OptionError: torch does not know or can't use the device.
        """
        self.model, self.task, self.settings = model, task, settings
        self.device = torch_device(TORCH_CPU if settings.device == "cpu" else settings.device)
        self._habits: Habits | None = None
        self._pace: float | None = None
        self._rows: Rows | None = None
        self._lock = threading.RLock()
        # a module is run by one thread at a time, so each has its own
        self._own = threading.local()

    @classmethod
    def refuses(cls, model: Model, task: Task, settings: StepSettings) -> str | None:
        """Return None: what can't be trained fails in a sentence when it is made."""
        return None

    @property
    def habits(self) -> Habits:
        """What the module does, found out once.

        Raises:
            ModelError: it can't be made or run.
        """
        with self._lock, running(torch.device("cpu")):
            if self._habits is None:
                self._habits = probe(self.model, self.task, self.settings.batch_size)
                if self._habits.apart:
                    logging.getLogger("symloss.models").info(self._habits.apart)
            return self._habits

    def group_size(self, members: int, threads: int) -> int:
        """Return an equal share for each core, or all members on a device, within limits.

        On the host, as few as train an epoch in some seconds, by what epochs took so far.
        """
        if self.habits.apart:
            return 1
        if self.device.type != "cpu":
            return max(1, min(members, _MOST_TOGETHER))
        seconds = self.habits.seconds_a_row * len(self.task.train) if self._pace is None else self._pace
        in_time = int(_EPOCH_SECONDS / max(seconds, 1e-9))
        share = min(-(-members // threads), _MOST_TOGETHER)
        return max(1, share if share <= in_time else in_time if in_time >= _LEAST_TOGETHER else 1)

    def memory(self, instructions: int) -> MemoryNeed:
        """Return what training takes, measured on a module and a step of it."""
        habits = self.habits
        named = dict(habits.module.named_parameters())
        size = sum(named[name].numel() * named[name].element_size() for name in habits.trained)
        copies = _COPIES + 2 if self.settings.optimizer == "sgd" else 3 * _COPIES + 3
        columns = [*self.task.train.inputs, self.task.train.labels]
        return MemoryNeed(
            entities=0,
            by_entity=0,
            batch_size=min(self.settings.batch_size, len(self.task.train)),
            by_batch_row=2 * habits.bytes_a_row + 8 * (instructions + 8),
            rows=len(self.task.train),
            # the order and, while rows are put in order, indices of 64 bits
            by_row=16,
            shared=sum(8 * column.size for column in columns),
            by_member=copies * size,
            state=size,
        )

    @property
    def compiled(self) -> bool:
        """True: nothing is compiled."""
        return True

    def compile(self) -> bool:
        """Return False: nothing is compiled."""
        return False

    def start(self, seed: int) -> ModuleState:
        """Return the module that `build` gives for a seed, the same numbers on every device.

        Raises:
            ModelError: it can't be made, or has other parameters than the one for another seed.
        """
        habits = self.habits
        with running(self.device):
            module = make(self.model, self.task, seed)
        named = {**dict(module.named_parameters()), **dict(module.named_buffers())}
        try:
            tensors = {name: named[name].detach().clone() for name in (*habits.trained, *habits.own)}
        except KeyError as error:
            raise ModelError(self._other_shape(f"has no {error.args[0]}", seed)) from error
        self._check_shapes(tensors, lambda text: ModelError(self._other_shape(text, seed)))
        state = ModuleState(
            {name: tensors[name] for name in habits.trained}, {name: tensors[name] for name in habits.own}
        )
        return state.to(self.device)

    def copy(self, state: ModuleState) -> ModuleState:
        """Return an independent copy."""
        return state.copy()

    def epoch(
        self,
        states: Sequence[ModuleState],
        losses: ProgramBatch,
        orders: Sequence[NDArray[np.int32]],
        noise: Sequence[int],
        rates: Numbers,
        l2s: Numbers,
    ) -> list[float]:
        """Train each state in place for one epoch; see `symloss.models.trainer.Trainer.epoch`.

        Args:
            states, losses, orders, noise: K of each.
            rates, l2s: shape (K,), or (K, groups) with a column for each of the model's groups of parameters.

        Raises:
            ModelError: the module fails on a batch.
        """
        habits = self.habits
        by_rate, by_l2 = self._columns(rates), self._columns(l2s)
        rows, seeds = self._train_rows(), np.array(noise, np.uint64)
        runnable = self._runnable(training=True)
        found: list[float] = []
        began = time.perf_counter()
        with running(self.device):
            if len(states) > 1 and not habits.apart:
                slopes = Slopes(losses, self.device)
                shared = all(order is orders[0] for order in orders)
                train_together(
                    runnable, states, slopes, rows, orders[:1] if shared else orders, seeds, habits.dropped,
                    self.settings, by_rate, by_l2,
                )  # fmt: skip
                found = slopes.totals()
            else:
                for k, state in enumerate(states):
                    one = losses.take([k])
                    slopes = Slopes(one, self.device)
                    with seeded(int(seeds[k]), self.device) if habits.random else nullcontext():
                        train_alone(
                            runnable, state, slopes, rows, orders[k], noise[k], habits.dropped, self.settings,
                            [float(column[k]) for column in by_rate], [float(column[k]) for column in by_l2],
                        )  # fmt: skip
                    found += slopes.totals()
            finite = [state.is_finite() for state in states]
        self._pace = (time.perf_counter() - began) / len(states)
        return [
            total / len(order) if good else float("nan")
            for total, order, good in zip(found, orders, finite, strict=True)
        ]

    def scores(self, states: Sequence[ModuleState], part: Part) -> Scores:
        """Return the scores of a part by each state in eval mode, shape (K, rows).

        Raises:
            ModelError: the module fails.
        """
        runnable = self._runnable(training=False)
        device = next(iter(states[0].parameters.values())).device
        out = torch.empty((len(states), len(part)), device=device)
        with running(device), torch.no_grad():
            for start in range(0, len(part), _SCORES_AT_ONCE):
                inputs = [
                    as_tensor(column[start : start + _SCORES_AT_ONCE], device) for column in part.inputs
                ]
                size = len(inputs[0])
                for k, state in enumerate(states):
                    runnable.module.to(device)
                    runnable.hold(state)
                    out[k, start : start + size] = runnable.scores(inputs, size)
        return out.numpy() if self.settings.device == "cpu" else out

    def to_host(self, state: ModuleState) -> ModuleState:
        """Return the state on the host; itself where it lies there."""
        return state.to(torch.device("cpu"))

    def parameters(self, state: ModuleState) -> dict[str, NDArray[np.float32]]:
        """Return what is trained of a state on the host, by name, in the state's own memory."""
        return {name: tensor.numpy() for name, tensor in state.parameters.items()}

    def save(self, state: ModuleState) -> dict[str, Any]:
        """Return a state as numbers and arrays by name."""
        return {
            "kind": KIND,
            "parameters": _arrays(state.parameters),
            "buffers": _arrays(state.buffers),
            "first": _arrays(state.first),
            "second": _arrays(state.second),
            "steps": state.steps,
        }

    def load(self, saved: dict[str, Any]) -> ModuleState:
        """Return the state that `save` was given.

        Raises:
            RunError: it is not one of this model on this task; the message says what differs.
        """
        check_kind(saved, KIND, whose := f"{self.model.name} on {self.task.name}")
        names = ("parameters", "buffers", "first", "second")
        whole = all(
            isinstance(saved.get(part), dict)
            and all(isinstance(array, np.ndarray) for array in saved[part].values())
            for part in names
        )
        if not whole or not isinstance(saved.get("steps"), int):
            raise RunError(f"the saved state of {whose} is not whole; begin a new run")
        habits = self.habits
        wanted = {"parameters": habits.trained, "buffers": habits.own}
        for part in ("first", "second"):
            if saved[part]:
                wanted[part] = habits.trained
        for part, expected in wanted.items():
            if set(saved[part]) != set(expected):
                extra = sorted(set(saved[part]) ^ set(expected))
                raise RunError(
                    f"the saved state has other {part} than model {self.model.name}: {', '.join(extra[:5])}; go on "
                    "with the model and the data that it was saved with"
                )
        parts = {
            part: {name: torch.from_numpy(np.array(array)) for name, array in saved[part].items()}
            for part in names
        }
        self._check_shapes(
            {**parts["parameters"], **parts["buffers"]},
            lambda text: RunError(
                f"the saved state {text}; go on with the model and the data that it was saved with"
            ),
        )
        for part in ("first", "second"):
            if parts[part]:
                self._check_shapes(parts[part], lambda text: RunError(f"what Adam remembers {text}"))
        ordered = {name: parts["parameters"][name] for name in habits.trained}
        buffers = {name: parts["buffers"][name] for name in habits.own}
        state = ModuleState(ordered, buffers, parts["first"], parts["second"], int(saved["steps"]))
        return state.to(self.device)

    def module(self, state: ModuleState) -> torch.nn.Module:
        """Return a module of the user's own kind with the numbers of a state, on the host and in eval mode."""
        module = make(self.model, self.task, 0)
        held = self.to_host(state)
        named = {**dict(module.named_parameters()), **dict(module.named_buffers())}
        with torch.no_grad():
            for name, tensor in {**held.parameters, **held.buffers}.items():
                named[name].copy_(tensor)
        return module.eval()

    def _columns(self, numbers: Numbers) -> list[NDArray[np.float64]]:
        """Return a column of shape (K,) for each trained parameter."""
        if numbers.ndim == 1:
            return [numbers] * len(self.habits.trained)
        place = self.model.group_of(self.habits.module)
        return [numbers[:, place[name]] for name in self.habits.trained]

    def _runnable(self, *, training: bool) -> Runnable:
        """Return the calling thread's copy of the module."""
        habits = self.habits
        found: Runnable | None = getattr(self._own, "runnable", None)
        if found is None:
            with self._lock:
                found = Runnable(habits.module, self.model.name, own_dropout=not habits.random)
            found.module.to(self.device)
            self._own.runnable = found
        found.module.train(training)
        return found

    def _train_rows(self) -> Rows:
        with self._lock:
            if self._rows is None:
                self._rows = Rows(self.task.train, self.device)
            return self._rows

    def _check_shapes(self, tensors: dict[str, Tensor], error: Any) -> None:
        module = self.habits.module
        known = {**dict(module.named_parameters()), **dict(module.named_buffers())}
        for name, tensor in tensors.items():
            expected = known[name]
            if expected.shape != tensor.shape or expected.dtype != tensor.dtype:
                wanted, got = tuple(expected.shape), tuple(tensor.shape)
                raise error(f"has {name} of shape {got}, where model {self.model.name} has {wanted}")

    def _other_shape(self, text: str, seed: int) -> str:
        return (
            f"model {self.model.name}: the module of seed {seed} {text}; build must make the same layers for every "
            "seed, only their numbers may differ"
        )


def _arrays(tensors: dict[str, Tensor]) -> dict[str, NDArray[Any]]:
    return {name: tensor.detach().cpu().numpy().copy() for name, tensor in tensors.items()}
