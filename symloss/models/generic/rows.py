"""The rows of a part as tensors on a device, by batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from symloss.tasks.part import Part

_AT_ONCE = 64_000_000
"""Bytes of rows that are put in order at a time."""


def as_tensor(column: NDArray[np.generic], device: torch.device) -> Tensor:
    """Return a column as a tensor: whole numbers as int64, floats as float32."""
    kind = column.dtype.kind
    wanted = np.int64 if kind in "iu" else np.float32 if kind == "f" else column.dtype
    return torch.from_numpy(np.ascontiguousarray(column, wanted)).to(device)


class Rows:
    """A part on a device."""

    def __init__(self, part: Part, device: torch.device) -> None:
        """Move all rows."""
        self.inputs = tuple(as_tensor(column, device) for column in part.inputs)
        self.labels = as_tensor(part.labels, device)
        self._device = device
        self._bytes = sum(
            column[:1].numel() * column.element_size() for column in (*self.inputs, self.labels)
        )

    def batches(
        self, orders: Sequence[NDArray[np.int32]], width: int
    ) -> Iterator[tuple[int, tuple[Tensor, ...], Tensor]]:
        """Yield the batches of an epoch: place of the first row, inputs and labels.

        Args:
            orders: one for all members, or one for each.
            width: rows a batch; the last one may have fewer.

        Yields:
            Inputs of shape (n, ...) and labels of shape (n,) for one order, with a leading axis K for K orders.
        """
        order = torch.from_numpy(np.stack(list(orders))).to(self._device, torch.int64)
        order = order[0] if len(orders) == 1 else order
        total = order.shape[-1]
        window = width * max(1, _AT_ONCE // max(1, width * self._bytes * len(orders)))
        axis = order.ndim - 1
        for begin in range(0, total, window):
            part = order[..., begin : begin + window]
            inputs = [column[part] for column in self.inputs]
            labels = self.labels[part]
            for start in range(0, part.shape[-1], width):
                size = min(width, part.shape[-1] - start)
                yield (
                    begin + start,
                    tuple(column.narrow(axis, start, size) for column in inputs),
                    labels.narrow(axis, start, size),
                )
