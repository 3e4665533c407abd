"""Modules are made by their factory with torch's generator set by the seed, and left as it was."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import torch
from torch import nn

from symloss.errors import ModelError, SymlossError
from symloss.models.generic.runnable import said
from symloss.models.model import Model
from symloss.tasks.task import Task

_NUMBERS = (torch.float32, torch.float64, torch.float16)


@cache
def _one_at_a_time() -> threading.RLock:
    """Return the lock of torch's generator: there is one in the process."""
    return threading.RLock()


@contextmanager
def seeded(seed: int, device: torch.device | None = None) -> Iterator[None]:
    """Run the body with torch's generators set by a seed; nobody else notices.

    Args:
        seed: 0 to 2**64 - 1.
        device: whose generator is set too, besides that of the host.
    """
    own = [device] if device is not None and device.type == "cuda" else []
    with _one_at_a_time(), torch.random.fork_rng(own, device_type="cuda"):
        torch.default_generator.manual_seed(seed)
        if own:
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        yield


def make(model: Model, task: Task, seed: int) -> nn.Module:
    """Return a fresh module on the host, in training mode.

    Raises:
        ModelError: the factory fails, or returns something that can't be trained.
    """
    with seeded(seed):
        try:
            module = model.build(task, seed)
        except SymlossError:
            raise
        except Exception as error:
            raise ModelError(
                f"model {model.name}: build(task, {seed}) failed with {said(error)}; it is called with the task and "
                "a seed, and returns a torch.nn.Module"
            ) from error
    if not isinstance(module, nn.Module):
        raise ModelError(
            f"model {model.name}: build returns a {type(module).__name__}; it has to return a torch.nn.Module"
        )
    trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
    if not trained:
        raise ModelError(
            f"model {model.name}: its module has no parameters to train; hold them as torch.nn.Parameter or in layers "
            "that are attributes of the module"
        )
    for name, parameter in module.named_parameters():
        if isinstance(parameter, nn.parameter.UninitializedParameter):
            raise ModelError(
                f"model {model.name}: parameter {name} has no shape yet; use layers that are told their sizes "
                "instead of lazy ones"
            )
        if parameter.requires_grad and parameter.dtype not in _NUMBERS:
            raise ModelError(f"model {model.name}: parameter {name} is {parameter.dtype}; use torch.float32")
    return module.to("cpu").train()
