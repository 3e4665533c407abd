"""One module as it is, by the operations of PyTorch: what everything faster is held to."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from symloss.models.adam import BETA_1, BETA_2, EPS
from symloss.models.generic.rows import Rows
from symloss.models.generic.runnable import Dropped, Runnable
from symloss.models.generic.slopes import Slopes
from symloss.models.generic.state import ModuleState
from symloss.models.trainer import StepSettings


def train_alone(
    runnable: Runnable,
    state: ModuleState,
    slopes: Slopes,
    rows: Rows,
    order: NDArray[np.int32],
    noise: int,
    calls: Sequence[Dropped],
    settings: StepSettings,
    rates: Sequence[float],
    l2s: Sequence[float],
) -> None:
    """Train a state for one epoch.

    Args:
        runnable: the module, in training mode.
        state: trained in place.
        slopes: the loss.
        rows: the training rows.
        order: a permutation of them.
        noise: seed of dropout.
        calls: of dropout layers.
        settings: of the steps.
        rates, l2s: for each parameter.
    """
    runnable.hold(state)
    names = tuple(state.parameters)
    parameters = runnable.parameters(names)
    tensors = [state.parameters[name] for name in names]
    seeds = np.array([noise], np.uint64)
    width, bound = min(settings.batch_size, len(order)), settings.gradient_clip
    adam = settings.optimizer == "adam"
    if adam:
        state.begin_moments()
    for start, inputs, labels in rows.batches([order], width):
        masks = runnable.draw(calls, seeds, start, len(labels), labels.device)
        scores = runnable.scores(inputs, len(labels), None if masks is None else masks[0])
        by = slopes(scores.detach()[None], labels)[0]
        gradients = list(torch.autograd.grad(scores, parameters, by, materialize_grads=True))
        with torch.no_grad():
            if not math.isinf(bound):
                gradients = _apart(gradients)
                torch._foreach_clamp_min_(gradients, -bound)
                torch._foreach_clamp_max_(gradients, bound)
            if adam:
                state.steps += 1
                _adam(tensors, gradients, state, names, rates, l2s)
            else:
                _descend(tensors, gradients, rates, l2s)
    for name in state.buffers:
        state.buffers[name] = runnable.buffer(name)


def _apart(gradients: list[Tensor]) -> list[Tensor]:
    """Return gradients with memory of their own each: autograd may give two parameters the same, or expand one."""
    pointers = {gradient.data_ptr() for gradient in gradients}
    if len(pointers) == len(gradients) and all(gradient.is_contiguous() for gradient in gradients):
        return gradients
    return [gradient.clone(memory_format=torch.contiguous_format) for gradient in gradients]


def _descend(
    tensors: list[Tensor], gradients: list[Tensor], rates: Sequence[float], l2s: Sequence[float]
) -> None:
    torch._foreach_mul_(tensors, [1 - rate * l2 for rate, l2 in zip(rates, l2s, strict=True)])
    if len(set(rates)) == 1:
        torch._foreach_add_(tensors, gradients, alpha=-rates[0])
    else:
        torch._foreach_add_(tensors, torch._foreach_mul(gradients, [-rate for rate in rates]))


def _adam(
    tensors: list[Tensor],
    gradients: list[Tensor],
    state: ModuleState,
    names: Sequence[str],
    rates: Sequence[float],
    l2s: Sequence[float],
) -> None:
    first, second = [state.first[name] for name in names], [state.second[name] for name in names]
    size, root = 1 / (1 - BETA_1**state.steps), 1 / math.sqrt(1 - BETA_2**state.steps)
    if len(set(l2s)) == 1:
        gradients = list(torch._foreach_add(gradients, tensors, alpha=l2s[0]))
    else:
        gradients = list(torch._foreach_add(gradients, torch._foreach_mul(tensors, list(l2s))))
    torch._foreach_lerp_(first, gradients, 1 - BETA_1)
    torch._foreach_mul_(second, BETA_2)
    torch._foreach_addcmul_(second, gradients, gradients, 1 - BETA_2)
    below = torch._foreach_sqrt(second)
    torch._foreach_mul_(below, root)
    torch._foreach_add_(below, EPS)
    torch._foreach_addcdiv_(tensors, first, below, [-rate * size for rate in rates])
