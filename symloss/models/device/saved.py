"""A member of a population on a device as plain data, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from symloss.errors import RunError
from symloss.models.device.adam import Moments
from symloss.models.device.population import Population, Tensors, TorchState
from symloss.models.saved import Saved, Shapes, arrays_of, check_kind

KIND = "device"
"""What tells such a state from one on the host."""


def save(state: TorchState) -> Saved:
    """Return parameters, statistics and what Adam remembers as copies on the host."""
    population = state.alone()
    moments = population.moments
    remembered = None
    if moments is not None:
        remembered = {
            "steps": _array(moments.steps),
            "first": _arrays(moments.first),
            "second": _arrays(moments.second),
        }
    return {
        "kind": KIND,
        "parameters": _arrays(population.trained),
        "statistics": _arrays(population.statistics),
        "moments": remembered,
    }


def load(
    saved: Saved, device: torch.device, n_users: int, trained: Shapes, statistics: Shapes, whose: str
) -> TorchState:
    """Return the state that `save` was given.

    Args:
        saved: what was read.
        device: where it goes.
        n_users: of the task.
        trained, statistics: the shapes of one member.
        whose: the model and the task, for errors.

    Raises:
        RunError: it is one of another model or another task.
    """
    check_kind(saved, KIND, whose)
    # A population of one.
    trained, statistics = ([(1, *shape) for shape in shapes] for shapes in (trained, statistics))

    def tensors(found: Any, shapes: Shapes, what: str) -> Tensors:
        return tuple(torch.from_numpy(array).to(device) for array in arrays_of(found, shapes, what, whose))

    moments, one = None, saved.get("moments")
    if one is not None:
        steps = one.get("steps") if isinstance(one, dict) else None
        if not isinstance(steps, np.ndarray) or steps.shape != (1,) or steps.dtype != np.float64:
            raise RunError(f"what Adam remembers of {whose} is not whole; begin a new run")
        first, second = (tensors(one.get(name), trained, f"{name} moments") for name in ("first", "second"))
        moments = Moments(torch.from_numpy(steps).to(device), first, second)
    parameters = tensors(saved.get("parameters"), trained, "parameters")
    return TorchState(
        Population(parameters, n_users, tensors(saved.get("statistics"), statistics, "statistics"), moments),
        0,
    )


def _arrays(tensors: Tensors) -> list[Any]:
    return [_array(tensor) for tensor in tensors]


def _array(tensor: Tensor) -> Any:
    return tensor.detach().cpu().numpy().copy()
