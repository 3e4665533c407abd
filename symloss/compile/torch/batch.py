"""K loss programs at once as torch operations, on any device: values and gradients.

There is no loop over losses: instructions of all programs that share an opcode
run together (see `symloss.compile.torch.schedule`). Nothing depends on data and all
shapes are static, so a call can be captured in a CUDA graph once a call of the
same width has gone before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from symloss.compile.program import ProgramBatch
from symloss.compile.torch.rules import RULES, TensorRule
from symloss.compile.torch.schedule import ONE_ROW, Group, schedule


@dataclass(frozen=True, eq=False)
class _Step:
    """A group with its indices on the device; a binary rule's left operands come before its right ones."""

    rule: TensorRule
    operands: Tensor
    rows: slice
    by_operands: Tensor | None
    by_rows: slice


class TorchPrograms:
    """Evaluates the K programs of a batch; eps is the batch's, scale is left out."""

    def __init__(
        self, batch: ProgramBatch, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32
    ) -> None:
        """Order the programs and put their indices on the device.

        Args:
            batch: K >= 1 programs.
            device: where to compute.
            dtype: float32 or float64.
        """
        plan = schedule(batch)
        self.count = len(batch)
        self._points, self._by = batch.points, batch.by
        self.device, self.dtype = torch.device(device), dtype
        self.n_groups = len(plan.groups)
        self._rows, self._by_rows = plan.rows, plan.by_rows
        self._steps = [self._on_device(group) for group in plan.groups]
        self._value, self._derivative = self._index(plan.value), self._index(plan.derivative)
        # What depends on numbers only is computed now, in one column.
        first = len(self._points) * self.count
        stop = first + len(plan.numbers) + sum(len(group.left) for group in plan.fixed)
        column = torch.zeros((stop, 1), dtype=dtype, device=self.device)
        column[first : first + len(plan.numbers), 0] = torch.from_numpy(plan.numbers).to(self.device, dtype)
        none = torch.zeros((2, 1), dtype=dtype, device=self.device)
        _run([self._on_device(group) for group in plan.fixed], column, none)
        self._fixed = column[first:]
        self._buffers: dict[int, tuple[Tensor, Tensor]] = {}

    def value_and_slope(self, yhat: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Evaluate every pointwise loss at its own predictions.

        Args:
            yhat: shape (K, n), predictions.
            y: shape (n,) or (K, n), labels.

        Returns:
            Values and derivatives by yhat, each of shape (K, n), not shared with later calls.
        """
        value, gradient = self.value_and_gradient({"yhat": yhat, "y": y})
        return value, gradient[0]

    def value_and_gradient(self, points: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Evaluate every loss at its own points.

        Args:
            points: for each input but eps its values, shape (K, n), or (n,) where all losses have the same; at
                least one has shape (K, n).

        Returns:
            Values of shape (K, n), and gradients of shape (planes, K, n), one plane for each input that the losses
            are differentiated by; not shared with later calls.
        """
        width = max(points[name].shape[-1] for name in self._points)
        values, derivatives = self._buffer(width)
        for number, name in enumerate(self._points):
            values[number * self.count : (number + 1) * self.count] = points[name]
        _run(self._steps, values, derivatives)
        gradient = derivatives.index_select(-2, self._derivative)
        return values.index_select(0, self._value), gradient if len(self._by) > 1 else gradient[None]

    def _buffer(self, width: int) -> tuple[Tensor, Tensor]:
        """Return the rows for n = width; the same tensors each time."""
        if width not in self._buffers:
            values = torch.empty((self._rows, width), dtype=self.dtype, device=self.device)
            first = len(self._points) * self.count
            values[first : first + len(self._fixed)] = self._fixed
            planes = len(self._by)
            # A single plane has no axis of its own: rows of a matrix are gathered faster.
            shape = (planes, self._by_rows, width) if planes > 1 else (self._by_rows, width)
            derivatives = torch.zeros(shape, dtype=self.dtype, device=self.device)
            for plane in range(planes):
                (derivatives[plane] if planes > 1 else derivatives)[ONE_ROW + plane] = 1.0
            self._buffers[width] = values, derivatives
        return self._buffers[width]

    def _index(self, rows: NDArray[np.int64]) -> Tensor:
        return torch.from_numpy(rows).to(self.device)

    def _on_device(self, group: Group) -> _Step:
        rule, size, size_by = RULES[group.opcode], len(group.left), len(group.by_left)
        both = group.left if rule.unary else np.concatenate([group.left, group.right])
        by_both = group.by_left if rule.unary else np.concatenate([group.by_left, group.by_right])
        return _Step(
            rule=rule,
            operands=self._index(both),
            rows=slice(group.start, group.start + size),
            by_operands=self._index(by_both) if size_by else None,
            by_rows=slice(group.by_start, group.by_start + size_by),
        )


def _run(steps: list[_Step], values: Tensor, derivatives: Tensor) -> None:
    """Run the groups in order: gather operands, write neighbouring results."""
    for step in steps:
        a, b = _gathered(values, step.operands, step.rule)
        value = step.rule.value(a, b)
        values[step.rows] = value
        if step.by_operands is not None:
            da, db = _gathered(derivatives, step.by_operands, step.rule)
            n = da.shape[-2]
            derivatives[..., step.by_rows, :] = step.rule.derivative(a[:n], b[:n], value[:n], da, db)


def _gathered(source: Tensor, rows: Tensor, rule: TensorRule) -> tuple[Tensor, Tensor]:
    """Return the left and right operands; twice the same for a unary rule."""
    found = source.index_select(-2, rows)
    if rule.unary:
        return found, found
    half = len(rows) // 2
    return found[..., :half, :], found[..., half:, :]
