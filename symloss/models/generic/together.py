"""K copies of a module as one: their tensors stacked, one step for all."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.func import vmap

from symloss.models.device.adam import Moments, adam_step
from symloss.models.generic.rows import Rows
from symloss.models.generic.runnable import Dropped, Runnable
from symloss.models.generic.slopes import Slopes
from symloss.models.generic.state import ModuleState
from symloss.models.trainer import StepSettings

Named = tuple[Sequence[str], Sequence[Tensor]]


def forward_and_gradients(
    runnable: Runnable,
    parameters: Named,
    buffers: Named,
    inputs: Sequence[Tensor],
    own_inputs: bool,
    masks: Tensor | None,
    slopes: Callable[[Tensor], Tensor],
) -> tuple[Tensor, list[Tensor]]:
    """Return the scores of K members on a batch, and the gradients of their parameters.

    Args:
        runnable: the module.
        parameters: names, and stacked tensors of shape (K, ...).
        buffers: likewise; written where training does.
        inputs: shape (n, ...), or (K, n, ...) with `own_inputs`.
        own_inputs: whether each member has inputs of its own.
        masks: of dropout, shape (K, n, units).
        slopes: from scores of shape (K, n) to what their gradient is multiplied with.
    """
    rows = inputs[0].shape[1 if own_inputs else 0]
    leaves = [tensor.detach().requires_grad_() for tensor in parameters[1]]

    def member(
        own: list[Tensor], others: list[Tensor], mask: Tensor | None, columns: tuple[Tensor, ...]
    ) -> Tensor:
        named = zip((*parameters[0], *buffers[0]), (*own, *others), strict=True)
        return runnable.scores_with(dict(named), columns, rows, mask)

    dimensions = (0, 0 if buffers[1] else None, None if masks is None else 0, 0 if own_inputs else None)
    scores = vmap(member, dimensions)(leaves, list(buffers[1]), masks, tuple(inputs))
    by = slopes(scores.detach())
    found = torch.autograd.grad(scores, leaves, by, allow_unused=True)
    return scores.detach(), [
        torch.zeros_like(leaf) if gradient is None else gradient
        for leaf, gradient in zip(leaves, found, strict=True)
    ]


def train_together(
    runnable: Runnable,
    states: Sequence[ModuleState],
    slopes: Slopes,
    rows: Rows,
    orders: Sequence[NDArray[np.int32]],
    noise: NDArray[np.uint64],
    calls: Sequence[Dropped],
    settings: StepSettings,
    rates: Sequence[NDArray[np.float64]],
    l2s: Sequence[NDArray[np.float64]],
) -> None:
    """Train K states for one epoch.

    Args:
        runnable: the module, in training mode.
        states: trained in place.
        slopes: the K losses.
        rows: the training rows.
        orders: one for all, or one for each.
        noise: shape (K,), seeds of dropout.
        calls: of dropout layers.
        settings: of the steps.
        rates, l2s: for each parameter, shape (K,).
    """
    names, own = tuple(states[0].parameters), tuple(states[0].buffers)
    stacked = [torch.stack([state.parameters[name] for state in states]) for name in names]
    buffers = [torch.stack([state.buffers[name] for state in states]) for name in own]
    device = stacked[0].device
    step = _Adam(states, names) if settings.optimizer == "adam" else _Descent()
    columns = [
        (torch.from_numpy(rate).to(device), torch.from_numpy(l2).to(device))
        for rate, l2 in zip(rates, l2s, strict=True)
    ]
    width, bound = min(settings.batch_size, len(orders[0])), settings.gradient_clip
    for start, inputs, labels in rows.batches(orders, width):
        masks = runnable.draw(calls, noise, start, labels.shape[-1], device)
        _, gradients = forward_and_gradients(
            runnable,
            (names, stacked),
            (own, buffers),
            inputs,
            len(orders) > 1,
            masks,
            lambda scores, labels=labels: slopes(scores, labels),  # type: ignore[misc]
        )
        with torch.no_grad():
            if bound != float("inf"):
                gradients = [gradient.clamp(-bound, bound) for gradient in gradients]
            step(stacked, gradients, columns)
    for k, state in enumerate(states):
        for name, tensor in zip(names, stacked, strict=True):
            state.parameters[name].copy_(tensor[k])
        for name, tensor in zip(own, buffers, strict=True):
            state.buffers[name] = tensor[k].clone()
        step.give_back(k, state)


class _Descent:
    """The step of SGD."""

    def __call__(
        self,
        parameters: Sequence[Tensor],
        gradients: Sequence[Tensor],
        columns: Sequence[tuple[Tensor, Tensor]],
    ) -> None:
        for parameter, gradient, (rate, l2) in zip(parameters, gradients, columns, strict=True):
            shape = (-1, *[1] * (parameter.ndim - 1))
            kept, size = (1 - rate * l2).to(parameter.dtype), rate.to(parameter.dtype)
            parameter.mul_(kept.view(shape)).addcmul_(gradient, size.view(shape), value=-1)

    def give_back(self, number: int, state: ModuleState) -> None:
        pass


class _Adam:
    """The step of Adam, with what it remembers."""

    def __init__(self, states: Sequence[ModuleState], names: Sequence[str]) -> None:
        self._names = names
        for state in states:
            state.begin_moments()
        first = tuple(torch.stack([state.first[name] for state in states]) for name in names)
        second = tuple(torch.stack([state.second[name] for state in states]) for name in names)
        steps = torch.tensor([state.steps for state in states], dtype=torch.float64, device=first[0].device)
        # each parameter may have a rate of its own, so each has its own count, all alike
        self._moments = [
            Moments(steps.clone(), (one,), (other,)) for one, other in zip(first, second, strict=True)
        ]

    def __call__(
        self,
        parameters: Sequence[Tensor],
        gradients: Sequence[Tensor],
        columns: Sequence[tuple[Tensor, Tensor]],
    ) -> None:
        every = zip(parameters, gradients, self._moments, columns, strict=True)
        for parameter, gradient, moments, (rate, l2) in every:
            # a copy, as gradients may share their memory with each other
            adam_step([parameter], [gradient.clone()], moments, rate, l2)

    def give_back(self, number: int, state: ModuleState) -> None:
        state.steps = int(self._moments[0].steps[number])
        for name, moments in zip(self._names, self._moments, strict=True):
            state.first[name].copy_(moments.first[0][number])
            state.second[name].copy_(moments.second[0][number])
