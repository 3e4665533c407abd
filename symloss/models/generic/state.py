"""One trained copy of a module as tensors by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

Tensors = dict[str, Tensor]


@dataclass(eq=False)
class ModuleState:
    """What one member's module holds, and what Adam remembers of it.

    Attributes:
        parameters: what the optimizer moves, by name.
        buffers: everything else that belongs to the member: running statistics, frozen parameters.
        first, second: Adam's running means of gradients and of their squares, by name; empty before its first step.
        steps: how many steps Adam has made.
    """

    parameters: Tensors
    buffers: Tensors
    first: Tensors = field(default_factory=dict)
    second: Tensors = field(default_factory=dict)
    steps: int = 0

    def copy(self) -> ModuleState:
        """Return an independent copy."""
        return self._with(lambda tensor: tensor.clone())

    def to(self, device: torch.device) -> ModuleState:
        """Return the state on a device; itself where it lies there already."""
        if all(tensor.device == device for tensor in (*self.parameters.values(), *self.buffers.values())):
            return self
        return self._with(lambda tensor: tensor.to(device))

    def begin_moments(self) -> None:
        """Make room for what Adam remembers, unless there is."""
        if not self.first:
            self.first = {name: torch.zeros_like(tensor) for name, tensor in self.parameters.items()}
            self.second = {name: torch.zeros_like(tensor) for name, tensor in self.parameters.items()}

    def is_finite(self) -> bool:
        """Return whether every number of the module is finite."""
        return all(
            bool(torch.isfinite(torch.linalg.vector_norm(tensor, float("inf"))))
            for tensor in (*self.parameters.values(), *self.buffers.values())
            if tensor.is_floating_point() and tensor.layout == torch.strided and tensor.numel()
        )

    def _with(self, change: Callable[[Tensor], Tensor]) -> ModuleState:
        parameters, buffers, first, second = (
            {name: change(tensor) for name, tensor in part.items()}
            for part in (self.parameters, self.buffers, self.first, self.second)
        )
        return ModuleState(parameters, buffers, first, second, self.steps)
