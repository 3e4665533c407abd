"""Slopes of a ranking loss at rows of scores, by autograd of its torch module in doubles: the tests' own opinion."""

from __future__ import annotations

import numpy as np
import torch

from symloss.loss import Loss
from symloss.signature import Ranking


def slopes(loss: Loss, pos, neg, **statistics):
    """Return values, slopes by pos of shape (B,) and by neg of shape (B, N)."""
    first = torch.tensor(np.asarray(pos), dtype=torch.float64, requires_grad=True)
    second = torch.tensor(np.asarray(neg), dtype=torch.float64, requires_grad=True)
    given = {name: torch.tensor(np.asarray(value), dtype=torch.float64) for name, value in statistics.items()}
    values = loss.torch(reduction="none")(first, second, **given)
    found = torch.autograd.grad(values.sum(), (first, second), allow_unused=True)
    by_pos, by_neg = (
        torch.zeros_like(score) if one is None else one
        for score, one in zip((first, second), found, strict=True)
    )
    return values.detach().numpy(), by_pos.numpy(), by_neg.numpy()


def statistics_of(loss: Loss, generator, rows: int, items: int):
    """Return random statistics that a loss takes."""
    signature = loss.signature
    assert isinstance(signature, Ranking)
    low, high = (max(end, -5.0) if end < 0 else min(end, 5.0) for end in signature.score_range)
    given = {}
    if "beta" in signature.statistics:
        given["beta"] = generator.uniform(low, high, rows)
    if "n_pos" in signature.statistics:
        given["n_pos"] = generator.integers(1, 100, rows).astype(float)
    if "logq" in signature.statistics:
        given["logq"], given["logq_neg"] = -5 * generator.random(rows), -5 * generator.random((rows, items))
    return given


def random_rows(loss: Loss, generator, rows: int, items: int):
    """Return scores of the domain: random ones, some near its ends, some lists with equal scores."""
    low, high = loss.signature.score_range
    if np.isinf(high):
        scale = generator.choice([0.1, 1.0, 5.0], (rows, 1))
        scores = scale * generator.standard_normal((rows, items + 1))
    else:
        scores = low + (high - low) * generator.random((rows, items + 1))
        ends = generator.choice([low * 0.995, high * 0.995], (rows, items + 1))
        scores = np.where(generator.random((rows, 1)) < 0.4, ends, scores)
    return scores[:, 0], scores[:, 1:]
