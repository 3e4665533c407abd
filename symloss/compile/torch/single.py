"""One loss program at a time as torch operations: its value and derivative by yhat.

`symloss.compile.torch.batch` runs many programs together, at the price of gathering operands for each instruction. For
a single one that price is most of the time, so here each instruction is applied to its operands as they are. The rules
are the same, and so are the numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from symloss.compile.program import FIRST_CONSTANT_SLOT, SLOT_EPS, SLOT_Y, SLOT_YHAT, ProgramBatch
from symloss.compile.torch.rules import RULES, Rule
from symloss.ops.opcode import Opcode


@dataclass(frozen=True, eq=False)
class _Step:
    """An instruction: its rule, and where it reads and writes."""

    rule: Rule
    left: int
    right: int
    result: int
    by_prediction: bool


class TorchProgram:
    """Evaluates one program of a batch; eps is the batch's, scale is left out."""

    def __init__(
        self,
        batch: ProgramBatch,
        number: int,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> None:
        """Compute what depends on numbers only, and list the rest.

        Args:
            batch: programs.
            number: which of them.
            device: where to compute.
            dtype: float32 or float64.
        """
        count, length = int(batch.n_constants[number]), int(batch.lengths[number])
        first = FIRST_CONSTANT_SLOT + count
        self._zero, self._one = (torch.full((1,), value, dtype=dtype, device=device) for value in (0.0, 1.0))
        self._values: list[Tensor] = [self._zero] * (first + length)
        numbers = [float(batch.eps[number]), *batch.constants[number, :count].tolist()]
        for slot, value in zip((SLOT_EPS, *range(FIRST_CONSTANT_SLOT, first)), numbers, strict=True):
            self._values[slot] = torch.full((1,), value, dtype=dtype, device=device)
        by_rows, by_prediction = {SLOT_YHAT, SLOT_Y}, {SLOT_YHAT}
        self._steps: list[_Step] = []
        for i in range(length):
            left, right = int(batch.left[number, i]), int(batch.right[number, i])
            rule, result = RULES[Opcode(int(batch.opcodes[number, i]))], first + i
            operands = {left} if rule.unary else {left, right}
            if operands & by_prediction:
                by_prediction.add(result)
            if operands & by_rows:
                by_rows.add(result)
                step = _Step(rule, left, left if rule.unary else right, result, result in by_prediction)
                self._steps.append(step)
            else:
                self._values[result] = rule.value(self._values[left], self._values[right])
        self._last = first + length - 1

    def value_and_slope(self, yhat: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Evaluate the loss at n predictions.

        Args:
            yhat: shape (n,), predictions.
            y: shape (n,), labels.

        Returns:
            Values and derivatives by yhat, each of shape (n,); not to be written to.
        """
        values = self._values.copy()
        values[SLOT_YHAT], values[SLOT_Y] = yhat, y
        slopes: dict[int, Tensor] = {SLOT_YHAT: self._one.expand_as(yhat)}
        for step in self._steps:
            a, b = values[step.left], values[step.right]
            value = values[step.result] = step.rule.value(a, b)
            if step.by_prediction:
                da, db = slopes.get(step.left, self._zero), slopes.get(step.right, self._zero)
                slopes[step.result] = step.rule.derivative(a, b, value, da, db)
        found, slope = values[self._last], slopes.get(self._last, self._zero)
        return found.expand_as(yhat), slope.expand_as(yhat)
