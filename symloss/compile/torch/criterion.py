"""A loss as a `torch.nn.Module`, to be used where `torch.nn.BCELoss` would be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from symloss.compile.torch.printer import torch_function
from symloss.errors import DomainError, OptionError, unknown_name
from symloss.signature import Domain, Input, Labels

if TYPE_CHECKING:
    from symloss.formula.spec import LossSpec

REDUCTIONS = ("mean", "sum", "none")
NO_SIGMOID = (
    "from_logits is for losses of a probability, which take the sigmoid of a score; this loss takes the raw score as "
    "it is, so leave from_logits out"
)


class TorchLoss(torch.nn.Module):
    """criterion(yhat, y, weight=None) for one loss, scale included; on any device, in the dtype of yhat."""

    weight: Tensor | None

    def __init__(
        self,
        loss: LossSpec,
        *,
        reduction: str = "mean",
        from_logits: bool = False,
        weight: Tensor | None = None,
        validate: bool = True,
    ) -> None:
        """Compile `loss` at its eps (1e-6 where it is open).

        Args:
            loss: what to compute.
            reduction: "mean", "sum" or "none"; as in `torch.nn.BCELoss`, the mean divides by the number of rows,
                whatever their weights.
            from_logits: whether yhat is a raw score that the sigmoid is yet to be taken of.
            weight: of each row, for every call that gives no other.
            validate: refuse predictions and labels outside of the loss's domain. On a GPU that waits for the device
                once a call; under `torch.compile` and `torch.func.vmap` nothing is looked at.

        Raises:
            OptionError: the reduction is not "mean", "sum" or "none", or the loss takes a score and from_logits is set.
        """
        super().__init__()
        if reduction not in REDUCTIONS:
            raise OptionError(unknown_name("reduction", reduction, REDUCTIONS, "as in torch.nn.BCELoss"))
        if from_logits and loss.takes_score:
            raise OptionError(NO_SIGMOID)
        self.loss = loss
        self.reduction = reduction
        self.from_logits = from_logits
        self.validate = validate
        self.register_buffer("weight", weight, persistent=False)
        self._function = torch_function(loss.numeric_expression)

    def forward(self, yhat: Tensor, y: Tensor, weight: Tensor | None = None) -> Tensor:
        """Return the loss.

        Args:
            yhat: predictions, floating point: probabilities or raw scores, as the loss and from_logits declare.
                Probabilities of exactly 0 or 1 are moved to the nearest number inside (0, 1), means of 0 above 0.
            y: labels, of the same shape.
            weight: factors on the rows, of a shape that expands to that of yhat; None for those of the constructor.

        Raises:
            DomainError: a prediction or a label lies outside of the loss's domain, or is NaN.
            OptionError: shapes differ (broadcasting would average the wrong pairs) or yhat is not floating point.
        """
        if yhat.shape != y.shape:
            shapes = f"yhat has shape {tuple(yhat.shape)} and y has {tuple(y.shape)}"
            raise OptionError(f"{shapes}; they must be equal (squeeze or view one)")
        if not yhat.is_floating_point():
            raise OptionError(f"yhat is {yhat.dtype}; predictions must be floating point")
        domain = self.loss.domain
        is_probability = domain.input is Input.PROBABILITY
        if self.validate:
            refuse_outside(yhat, y, domain, scores=self.from_logits or not is_probability)
        if self.from_logits:
            yhat = torch.sigmoid(yhat)
        inside = yhat
        if is_probability:
            inside = open_interval(yhat)
        elif domain.input is Input.POSITIVE:
            inside = positive(yhat)
        values = self._function(inside, y.to(yhat.dtype))
        if not isinstance(values, Tensor):
            values = torch.full_like(yhat, values)
        values = values.expand_as(yhat)
        if self.loss.scale != 1:
            values = self.loss.scale * values
        weight = self.weight if weight is None else weight
        if weight is not None:
            values = values * expanded(weight, yhat)
        if self.reduction == "none":
            return values
        return values.mean() if self.reduction == "mean" else values.sum()

    def extra_repr(self) -> str:
        """Show the formula in the module's repr."""
        logits = ", from_logits=True" if self.from_logits else ""
        return f"{self.loss}, reduction={self.reduction}{logits}"


def positive(yhat: Tensor) -> Tensor:
    """Move a mean of exactly 0 to the smallest number above it, with the gradient passed through unchanged."""
    inside = torch.where(yhat == 0, torch.finfo(yhat.dtype).tiny, yhat)
    return yhat + (inside - yhat).detach()


def open_interval(yhat: Tensor) -> Tensor:
    """Move probabilities of exactly 0 or 1 inside (0, 1), with the gradient passed through unchanged."""
    limits = torch.finfo(yhat.dtype)
    inside = yhat.clamp(limits.tiny, 1.0 - limits.eps / 2)
    return yhat + (inside - yhat).detach()


def expanded(weight: Tensor, yhat: Tensor) -> Tensor:
    """Return weights in the shape, type and place of yhat.

    Raises:
        OptionError: their shape does not expand to that of yhat.
    """
    try:
        return weight.to(yhat).expand_as(yhat)
    except RuntimeError:
        shapes = f"weight has shape {tuple(weight.shape)} and yhat {tuple(yhat.shape)}"
        raise OptionError(f"{shapes}; give one weight for each row, or a shape that expands to it") from None


def refuse_outside(yhat: Tensor, y: Tensor, domain: Domain, *, scores: bool) -> None:
    """Raise where a probability or a label is outside of a domain, or NaN, with one look at the values.

    Args:
        yhat, y: predictions and labels.
        domain: of the loss.
        scores: whether yhat is a raw score, which may be any number.

    Raises:
        DomainError: some are.
    """
    if torch.compiler.is_compiling() or (yhat.is_cuda and torch.cuda.is_current_stream_capturing()):
        return
    predictions, labels = yhat.detach(), y.detach()
    # A score that is NaN gives NaN, as in torch.nn.BCEWithLogitsLoss: nothing is hidden there.
    good = torch.ones_like(labels, dtype=torch.bool) if scores else (predictions >= 0) & (predictions <= 1)
    if domain.input is Input.POSITIVE:
        good = (predictions >= 0) & predictions.isfinite()
    # Smoothed labels between 0 and 1 are fine, as they are for torch.nn.BCELoss.
    good_labels = (labels >= 0) & (labels <= 1)
    if domain.labels in (Labels.REAL, Labels.POSITIVE):
        good_labels = labels.isfinite() & ((labels >= 0) | (domain.labels is Labels.REAL))
    try:
        if bool((good & good_labels).all()):
            return
    except RuntimeError:
        # Inside of vmap, or without data (a meta tensor), there are no values to look at.
        return
    if not bool(good.all()):
        first = predictions[~good].flatten()[0].item()
        if domain.input is Input.POSITIVE:
            raise DomainError(
                f"yhat holds {first:g}, but this loss takes means, finite numbers from 0 upwards; for their logarithms "
                "see loss.with_domain(input='log'), to look at nothing validate=False"
            )
        raise DomainError(
            f"yhat holds {first:g}, but this loss takes probabilities in [0, 1]; for raw scores set from_logits=True, "
            "to look at nothing validate=False"
        )
    first = labels[~good_labels].flatten()[0].item()
    allowed = {
        Labels.REAL: "finite numbers",
        Labels.POSITIVE: "finite numbers from 0 upwards",
    }.get(domain.labels, "0 and 1, or between; for other labels see loss.with_domain(labels='real')")
    raise DomainError(f"y holds {first:g}, but the labels of this loss are {allowed}")
