"""What a module's forward does, found out by running it on the first batch: what it draws, writes and keeps, and
whether many copies of it run as one."""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from symloss.errors import ModelError
from symloss.models.generic.making import make, seeded
from symloss.models.generic.rows import as_tensor
from symloss.models.generic.runnable import Dropped, Runnable, said
from symloss.models.generic.together import forward_and_gradients
from symloss.models.model import Model
from symloss.tasks.task import Task

_SEEDS = (0, 1)
"""Of the two modules that are compared."""


@dataclass(frozen=True, eq=False)
class Habits:
    """What was found.

    Attributes:
        module: one of the model's, for its layers and whatever does not differ between members.
        trained: names of the parameters that the optimizer moves.
        own: names of what else differs between members: buffers that training writes or the seed draws, and frozen
            parameters that it draws.
        dropped: calls of dropout layers, in order.
        random: whether forward draws from torch's generator in another way than by dropout layers.
        apart: why copies can't be trained as one, a sentence; empty where they can.
        bytes_a_row: what a step keeps for each row of a batch.
        seconds_a_row: what forward and back take for each, about.
    """

    module: nn.Module
    trained: tuple[str, ...]
    own: tuple[str, ...]
    dropped: tuple[Dropped, ...]
    random: bool
    apart: str
    bytes_a_row: int
    seconds_a_row: float


def probe(model: Model, task: Task, width: int) -> Habits:
    """Run fresh modules on the first batch of the training rows.

    Args:
        model: what to make.
        task: what it is made for.
        width: rows of a batch.

    Raises:
        ModelError: the module can't be made, or its forward fails, returns something else than one finite score a
            row, or does not depend on its parameters.
    """
    modules = [make(model, task, seed) for seed in _SEEDS]
    _alike(model.name, modules)
    rows = min(width, len(task.train))
    inputs = [as_tensor(column[:rows], torch.device("cpu")) for column in task.train.inputs]
    first = Runnable(modules[0], model.name)
    trained = tuple(name for name, one in modules[0].named_parameters() if one.requires_grad)
    before = {
        name: tensor.clone() for name, tensor in _others(first.module) if tensor.layout == torch.strided
    }
    kept: list[int] = []
    with seeded(0):
        generator = torch.get_rng_state()
        with torch.autograd.graph.saved_tensors_hooks(lambda x: _count(x, kept), lambda x: x):
            scores = first.scores(inputs, rows)
        random = not torch.equal(generator, torch.get_rng_state())
    _check(model.name, scores, first.parameters(trained))
    calls = tuple(first.calls)
    if any(call.units == 0 for call in calls):
        random, calls = True, ()
    written = {name for name, tensor in before.items() if not _same(tensor, first.buffer(name))}
    other = dict(_others(modules[1]))
    drawn = {name for name, tensor in before.items() if not _same(tensor, other[name])}
    own = tuple(name for name in before if name in written | drawn)
    remainder = len(task.train) % width
    if remainder == 1 and rows > 1:
        # the last batch has one row, which some layers can't take
        with seeded(0):
            Runnable(modules[0], model.name).scores([column[:1] for column in inputs], 1)
    bytes_a_row = sum(kept) // rows + 4 * (sum(call.units for call in calls) + 8)
    apart = (
        f"model {model.name} draws random numbers of its own, so its copies are trained one after the other"
        if random
        else _differs(model, modules, trained, own, calls, inputs)
    )
    with seeded(0):
        began = time.perf_counter()
        again = first.scores(inputs, rows)
        torch.autograd.grad(again.sum(), first.parameters(trained), allow_unused=True)
        seconds = (time.perf_counter() - began) / rows
    return Habits(modules[0], trained, own, calls, random, apart, bytes_a_row, seconds)


def _alike(name: str, modules: Sequence[nn.Module]) -> None:
    shapes = [
        {key: tuple(one.shape) for key, one in (*module.named_parameters(), *module.named_buffers())}
        for module in modules
    ]
    different = sorted(key for key in {*shapes[0], *shapes[1]} if shapes[0].get(key) != shapes[1].get(key))
    if different:
        raise ModelError(
            f"model {name}: modules of seeds {_SEEDS[0]} and {_SEEDS[1]} have other {', '.join(different[:5])}; build "
            "must make the same layers for every seed, only their numbers may differ"
        )


def _others(module: nn.Module) -> list[tuple[str, Tensor]]:
    frozen = [(name, one.detach()) for name, one in module.named_parameters() if not one.requires_grad]
    return [*frozen, *module.named_buffers()]


def _same(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape and one.dtype == other.dtype and torch.equal(one, other)


def _count(tensor: Tensor, kept: list[int]) -> Tensor:
    kept.append(0 if isinstance(tensor, nn.Parameter) else tensor.numel() * tensor.element_size())
    return tensor


def _check(name: str, scores: Tensor, parameters: Sequence[nn.Parameter]) -> None:
    if not bool(torch.isfinite(scores).all()):
        raise ModelError(
            f"model {name}: fresh from build, its forward returns NaN or infinity on the first batch; see what it "
            "divides by, and how its parameters start"
        )
    if not scores.requires_grad:
        raise ModelError(
            f"model {name}: its output does not depend on its parameters in a way that torch can follow; leave out "
            "detach, no_grad and numpy in forward"
        )
    gradients = torch.autograd.grad(scores.sum(), list(parameters), allow_unused=True)
    if all(gradient is None for gradient in gradients):
        raise ModelError(
            f"model {name}: no parameter has a part in its output; frozen ones (requires_grad=False) are not trained"
        )


def _differs(
    model: Model,
    modules: Sequence[nn.Module],
    trained: Sequence[str],
    own: Sequence[str],
    calls: Sequence[Dropped],
    inputs: Sequence[Tensor],
) -> str:
    """Return why copies can't be trained as one; empty where they gave what each gives alone."""
    rows, noise = len(inputs[0]), np.array(_SEEDS, np.uint64)
    running = [Runnable(module, model.name) for module in modules]
    shared = Runnable(modules[0], model.name)
    masks = shared.draw(calls, noise, 0, rows, torch.device("cpu"))
    parameters = [
        torch.stack([dict(module.named_parameters())[name].detach() for module in modules])
        for name in trained
    ]
    buffers = [torch.stack([one.buffer(name).clone() for one in running]) for name in own]
    weights = torch.linspace(-1, 1, rows).repeat(len(modules), 1)
    ending = f"so its copies are trained one after the other (model {model.name})"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = forward_and_gradients(
                shared, (trained, parameters), (own, buffers), inputs, False, masks, lambda _: weights
            )
    except Exception as error:
        return f"torch.func.vmap can't run the module ({said(error)}), {ending}"
    for k, one in enumerate(running):
        scores = one.scores(inputs, rows, None if masks is None else masks[k])
        by = torch.autograd.grad(scores, one.parameters(trained), weights[k], materialize_grads=True)
        alone = [scores.detach(), *by, *(one.buffer(name) for name in own)]
        together = [found[0][k], *(gradient[k] for gradient in found[1]), *(tensor[k] for tensor in buffers)]
        for expected, value in zip(alone, together, strict=True):
            size = 1.0 + float(expected.abs().max()) if expected.numel() else 1.0
            if not torch.allclose(value, expected, rtol=1e-3, atol=1e-4 * size):
                return f"torch.func.vmap computes other numbers than the module alone, {ending}"
    return ""
