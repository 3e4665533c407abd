"""A ranking loss as a `torch.nn.Module`: criterion(pos, neg), a positive score a row, one or more negative ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from symloss.compile.torch.criterion import REDUCTIONS
from symloss.compile.torch.printer import torch_function
from symloss.errors import OptionError, unknown_name
from symloss.ops.construct import substitute
from symloss.signature import PAIRWISE, neg, pos, y, yhat

if TYPE_CHECKING:
    from symloss.formula.spec import LossSpec


class PairLoss(torch.nn.Module):
    """criterion(pos, neg, mask=None) for one ranking loss, scale included; on any device, in the dtype of pos.

    Without an aggregate in the formula the loss of a row is the mean over its negative items.
    """

    def __init__(self, loss: LossSpec, *, reduction: str = "mean") -> None:
        """Compile `loss` at its eps (1e-6 where it is open).

        Args:
            loss: what to compute, a formula in pos and neg.
            reduction: over the rows: "mean", "sum" or "none".

        Raises:
            OptionError: the reduction is unknown, or the loss is one of a prediction and its label.
        """
        super().__init__()
        if reduction not in REDUCTIONS:
            raise OptionError(unknown_name("reduction", reduction, REDUCTIONS, "as in torch.nn.BCELoss"))
        if loss.signature != PAIRWISE:
            raise OptionError(f"{loss.title} is a loss of yhat and y; for those there is TorchLoss")
        self.loss = loss
        self.reduction = reduction
        self._function = torch_function(substitute(loss.numeric_expression, {pos: yhat, neg: y}))

    def forward(self, pos: Tensor, neg: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the loss.

        Args:
            pos: scores of the positive items, shape (B,), floating point.
            neg: scores of negative items, shape (B,), or (B, N) for N of each row.
            mask: of the shape of neg, true where a score counts; a row without any counts as 0.

        Raises:
            OptionError: shapes do not go together, or scores are not floating point.
        """
        if not pos.is_floating_point() or not neg.is_floating_point():
            raise OptionError(f"pos is {pos.dtype} and neg is {neg.dtype}; scores must be floating point")
        if pos.dim() != 1 or neg.dim() not in (1, 2) or neg.shape[0] != pos.shape[0]:
            shapes = f"pos has shape {tuple(pos.shape)} and neg has {tuple(neg.shape)}"
            raise OptionError(f"{shapes}; they must be (B,) and (B,), or (B,) and (B, N)")
        if mask is not None and mask.shape != neg.shape:
            shapes = f"mask has shape {tuple(mask.shape)} and neg has {tuple(neg.shape)}"
            raise OptionError(f"{shapes}; they must be equal")
        first = pos if neg.dim() == 1 else pos.unsqueeze(1).expand_as(neg)
        second = neg.to(pos.dtype)
        if mask is not None:
            # What is masked may be anything, infinity and NaN too: it must not reach the gradient.
            mask = mask.to(torch.bool)
            second = torch.where(mask, second, torch.zeros_like(second))
        values = self._function(first, second)
        if not isinstance(values, Tensor):
            values = torch.full_like(first, values)
        values = values.expand_as(second)
        if self.loss.scale != 1:
            values = self.loss.scale * values
        if mask is not None:
            values = torch.where(mask, values, torch.zeros_like(values))
        if neg.dim() == 2:
            count = neg.shape[1] if mask is None else mask.sum(1).clamp(min=1).to(values.dtype)
            values = values.sum(1) / count
        if self.reduction == "none":
            return values
        return values.mean() if self.reduction == "mean" else values.sum()

    def extra_repr(self) -> str:
        """Show the formula in the module's repr."""
        return f"{self.loss}, reduction={self.reduction}"
