"""A loss as a `torch.nn.Module`, to be used where `torch.nn.BCELoss` would be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from symloss.compile.torch_printer import torch_function
from symloss.domain import Input
from symloss.errors import OptionError, unknown_name

if TYPE_CHECKING:
    from symloss.loss import Loss

REDUCTIONS = ("mean", "sum", "none")


class TorchLoss(torch.nn.Module):
    """criterion(yhat, y) for one loss; differentiable, on any device, in the dtype of yhat."""

    def __init__(self, loss: Loss, *, reduction: str = "mean") -> None:
        """Compile `loss` at its eps (1e-6 where it is open).

        Raises:
            OptionError: the reduction is not "mean", "sum" or "none".
        """
        super().__init__()
        if reduction not in REDUCTIONS:
            raise OptionError(unknown_name("reduction", reduction, REDUCTIONS, "as in torch.nn.BCELoss"))
        self.loss = loss
        self.reduction = reduction
        self._function = torch_function(loss.numeric_expression)

    def forward(self, yhat: Tensor, y: Tensor) -> Tensor:
        """Return the loss.

        Args:
            yhat: predictions, floating point: probabilities or raw scores, as the loss declares.
                Probabilities of exactly 0 or 1 are moved to the nearest number inside (0, 1), means of 0 above 0.
            y: labels, of the same shape.

        Raises:
            OptionError: shapes differ (broadcasting would average the wrong pairs) or yhat is not floating point.
        """
        if yhat.shape != y.shape:
            shapes = f"yhat has shape {tuple(yhat.shape)} and y has {tuple(y.shape)}"
            raise OptionError(f"{shapes}; they must be equal (squeeze or view one)")
        if not yhat.is_floating_point():
            raise OptionError(f"yhat is {yhat.dtype}; predictions must be floating point")
        inside = yhat
        if self.loss.domain.input is Input.PROBABILITY:
            inside = open_interval(yhat)
        elif self.loss.domain.input is Input.POSITIVE:
            inside = positive(yhat)
        values = self._function(inside, y.to(yhat.dtype))
        if not isinstance(values, Tensor):
            values = torch.full_like(yhat, values)
        values = values.expand_as(yhat)
        if self.reduction == "none":
            return values
        return values.mean() if self.reduction == "mean" else values.sum()

    def extra_repr(self) -> str:
        """Show the formula in the module's repr."""
        return f"{self.loss}, reduction={self.reduction}"


def positive(yhat: Tensor) -> Tensor:
    """Move a mean of exactly 0 to the smallest number above it, with the gradient passed through unchanged."""
    inside = torch.where(yhat == 0, torch.finfo(yhat.dtype).tiny, yhat)
    return yhat + (inside - yhat).detach()


def open_interval(yhat: Tensor) -> Tensor:
    """Move probabilities of exactly 0 or 1 inside (0, 1), with the gradient passed through unchanged."""
    limits = torch.finfo(yhat.dtype)
    inside = yhat.clamp(limits.tiny, 1.0 - limits.eps / 2)
    return yhat + (inside - yhat).detach()
