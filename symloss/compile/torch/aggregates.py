"""The aggregates over negative items as torch functions, safe in float32, with a mask."""

from __future__ import annotations

import torch
from sympy import Rational
from torch import Tensor


def aggregate(
    kind: str, value: Tensor, weight: Tensor | None, setting: Rational | None, mask: Tensor
) -> Tensor:
    """Return one number a row.

    Args:
        kind: the name of the aggregate, such as "lse_neg".
        value: the number of each item, shape (B, N).
        weight: its weight, for a weighted mean, shape (B, N).
        setting: the share or the exponent, for those that take one.
        mask: which items count, shape (B, N), at least one a row.

    Returns:
        Shape (B,).
    """
    count = mask.sum(1)
    if kind == "lse_neg":
        return torch.logsumexp(value.masked_fill(~mask, -torch.inf), 1)
    if kind == "max_neg":
        return value.masked_fill(~mask, -torch.inf).amax(1)
    if kind == "topmean_neg":
        assert setting is not None
        return _top_mean(value, setting, mask, count)
    if kind == "pnorm_neg":
        assert setting is not None
        return _p_norm(value, float(setting), mask, count)
    if kind == "wmean_neg":
        assert weight is not None
        shares = torch.where(mask, weight, torch.zeros_like(weight))
        return (shares * value).sum(1) / shares.sum(1)
    total = torch.where(mask, value, torch.zeros_like(value)).sum(1)
    return total if kind == "sum_neg" else total / count.to(value.dtype)


def _top_mean(value: Tensor, share: Rational, mask: Tensor, count: Tensor) -> Tensor:
    ordered = value.masked_fill(~mask, -torch.inf).sort(1, descending=True).values
    most = -torch.div(-int(share.p) * count, int(share.q), rounding_mode="floor")
    taken = torch.arange(value.shape[1], device=value.device) < most[:, None]
    return torch.where(taken, ordered, torch.zeros_like(ordered)).sum(1) / most.to(value.dtype)


def _p_norm(value: Tensor, p: float, mask: Tensor, count: Tensor) -> Tensor:
    """Return (mean of value^p)^(1/p) in the unit of the largest; NaN where a value is below 0, which has no root."""
    value = torch.where(mask, value, torch.zeros_like(value))
    largest = value.detach().amax(1)
    usable = largest > 0
    unit = torch.where(usable, largest, torch.ones_like(largest))
    powers = torch.where(value > 0, value / unit[:, None], torch.ones_like(value)) ** p
    mean = torch.where(value > 0, powers, torch.zeros_like(powers)).sum(1) / count.to(value.dtype)
    norm = unit * torch.where(usable, mean, torch.ones_like(mean)) ** (1 / p)
    norm = torch.where(usable, norm, torch.zeros_like(norm))
    return torch.where((value < 0).any(1), torch.full_like(norm, torch.nan), norm)
