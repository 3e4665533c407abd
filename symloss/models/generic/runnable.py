"""A copy of a module that a thread runs: its parameters are set from outside, its dropout is drawn by row and seed.

`torch.nn.Dropout` draws from the one generator of the process, so its numbers would depend on who else trains. Here a
mask is a function of a member's seed and the row's place in the epoch, as in the fused kernels (see
`symloss.models.dropout`); the units of all dropout layers are counted through in the order of their calls. Batch norm
of a single row gives its shift and learns nothing, as there; torch refuses.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.func import functional_call

from symloss.errors import ModelError
from symloss.models.device.dropout import kept
from symloss.models.dropout import masks
from symloss.models.generic.state import ModuleState

_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


@dataclass(frozen=True)
class Dropped:
    """A call of a dropout layer.

    Attributes:
        units: numbers of a row; 0 where the layer is not given rows.
        keep: probability to keep one.
    """

    units: int
    keep: float


class Runnable:
    """A module with its layers changed as the docstring of this file says."""

    def __init__(self, module: nn.Module, name: str, own_dropout: bool = True) -> None:
        """Copy a module.

        Args:
            module: left as it is.
            name: what errors call it.
            own_dropout: whether masks come from `draw`; torch draws them otherwise.
        """
        self.module, self.name = copy.deepcopy(module), name
        self.calls: list[Dropped] = []
        self._rows, self._used = 0, 0
        self._masks: Tensor | None = None
        for child in self.module.modules():
            # a subclass may do something else, so only the layers themselves are changed
            if type(child) is nn.Dropout and own_dropout:
                child.__dict__["forward"] = _Dropout(self, child)
            elif type(child) in _NORMS:
                child.__dict__["forward"] = _Norm(child)
        self._places = {
            name: (owner, key)
            for prefix, owner in self.module.named_modules()
            for part in (owner._parameters, owner._buffers)
            for key in part
            for name in [f"{prefix}.{key}" if prefix else key]
        }

    def hold(self, state: ModuleState) -> None:
        """Make the module's parameters and buffers those of a state, in the same memory."""
        for name, tensor in state.parameters.items():
            owner, key = self._places[name]
            parameter = owner._parameters[key]
            assert parameter is not None
            parameter.data = tensor
        for name, tensor in state.buffers.items():
            owner, key = self._places[name]
            frozen = owner._parameters.get(key)
            if frozen is not None:
                frozen.data = tensor
            else:
                owner._buffers[key] = tensor

    def buffer(self, name: str) -> Tensor:
        """Return a buffer or parameter of the module by its name."""
        owner, key = self._places[name]
        found = owner._parameters[key] if key in owner._parameters else owner._buffers[key]
        assert found is not None
        return found.detach()

    def parameters(self, names: Sequence[str]) -> list[nn.Parameter]:
        """Return the parameters with these names."""
        found = dict(self.module.named_parameters())
        return [found[name] for name in names]

    def draw(
        self, calls: Sequence[Dropped], noise: NDArray[np.uint64], first: int, rows: int, device: torch.device
    ) -> Tensor | None:
        """Return what each unit of each row is multiplied with, shape (K, rows, units); None without dropout.

        Args:
            calls: of the dropout layers, in order.
            noise: shape (K,), the members' seeds.
            first: place of the first row in the epoch.
            rows: how many there are.
            device: where the result lies.
        """
        if not calls:
            return None
        units = sum(call.units for call in calls)
        parts = []
        at = 0
        drawn: dict[float, Tensor] = {}
        for call in calls:
            if call.keep not in drawn:
                drawn[call.keep] = _kept(noise, first, rows, units, call.keep, device) * (1 / call.keep)
            parts.append(drawn[call.keep][..., at : at + call.units])
            at += call.units
        return drawn[calls[0].keep] if len(drawn) == 1 else torch.cat(parts, -1)

    def scores(self, inputs: Sequence[Tensor], rows: int, masks: Tensor | None = None) -> Tensor:
        """Return the output for a batch, shape (rows,).

        Args:
            inputs: the arguments of the module.
            rows: of the batch.
            masks: what `draw` gave for a member, shape (rows, units).

        Raises:
            ModelError: the module fails, or returns something else.
        """
        self._rows, self._used, self._masks = rows, 0, masks
        self.calls.clear()
        try:
            found = self.module(*inputs)
        except Exception as error:
            raise ModelError(f"model {self.name}: its forward failed with {said(error)}") from error
        return self._column(found, rows)

    def scores_with(
        self, tensors: Mapping[str, Tensor], inputs: Sequence[Tensor], rows: int, masks: Tensor | None
    ) -> Tensor:
        """Return the output with parameters and buffers given, shape (rows,), inside of `torch.func.vmap` too."""
        self._rows, self._used, self._masks = rows, 0, masks
        self.calls.clear()
        return self._column(functional_call(self.module, dict(tensors), tuple(inputs)), rows)

    def _column(self, found: Any, rows: int) -> Tensor:
        allowed = f"return one score a row, shape ({rows},) or ({rows}, 1) here"
        if not isinstance(found, Tensor):
            raise ModelError(f"model {self.name}: its forward returns a {type(found).__name__}; {allowed}")
        if tuple(found.shape) not in ((rows,), (rows, 1)) and not (rows == 1 and found.ndim == 0):
            shape = tuple(found.shape)
            raise ModelError(
                f"model {self.name}: its forward returns shape {shape} for {rows} rows; {allowed}"
            )
        if not found.is_floating_point():
            raise ModelError(
                f"model {self.name}: its forward returns {found.dtype}; scores are floating point"
            )
        return found.reshape(rows).to(torch.float32)

    def drop(self, layer: nn.Dropout, x: Tensor) -> Tensor:
        """Apply a dropout layer by the masks; without masks, only note what it would take."""
        if not layer.training or layer.p == 0:
            return x
        by_row = bool(x.ndim) and x.shape[0] == self._rows and layer.p < 1
        units = x[0].numel() if by_row else 0
        self.calls.append(Dropped(units, 1 - layer.p))
        if self._masks is None:
            return x
        mask = self._masks[:, self._used : self._used + units]
        self._used += units
        return x * mask.reshape(x.shape)


class _Dropout:
    """The forward of a dropout layer."""

    def __init__(self, runnable: Runnable, layer: nn.Dropout) -> None:
        self._runnable, self._layer = runnable, layer

    def __call__(self, x: Tensor) -> Tensor:
        return self._runnable.drop(self._layer, x)


class _Norm:
    """The forward of batch norm."""

    def __init__(self, layer: Any) -> None:
        self._layer = layer

    def __call__(self, x: Tensor) -> Tensor:
        layer = self._layer
        if layer.training and x.ndim > 1 and x.shape[0] == 1 and x[0, 0].numel() == 1:
            # one row is its own mean, and there is no variance to learn from
            zero = x * 0
            shape = (1, -1, *[1] * (x.ndim - 2))
            return zero if layer.weight is None else zero * layer.weight.view(shape) + layer.bias.view(shape)
        return type(layer).forward(layer, x)


def said(error: Exception) -> str:
    """Return the kind of an error and the first line of its message."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__


def _kept(
    noise: NDArray[np.uint64], first: int, rows: int, units: int, keep: float, device: torch.device
) -> Tensor:
    if device.type == "cpu":
        return torch.from_numpy(masks(noise, first, rows, units, keep))
    seeds = torch.from_numpy(noise.view(np.int64)).to(device)
    places = torch.arange(first, first + rows, device=device).expand(len(noise), rows)
    return kept(seeds, places, units, keep)
