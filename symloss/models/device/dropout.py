"""Dropout masks on a torch device: the same decisions as those of `symloss.models.dropout`, word by word.

torch has no unsigned 64-bit arithmetic on every device. Sums and products of
signed numbers wrap around to the same bits; a shift to the right brings copies of
the sign in, which are masked out.
"""

from __future__ import annotations

import torch
from torch import Tensor

from symloss.models.dropout import threshold_of

_GOLDEN = 0x9E3779B97F4A7C15 - 2**64
_MIX_1 = 0xBF58476D1CE4E5B9 - 2**64
_MIX_2 = 0x94D049BB133111EB - 2**64
_PARTS = 4
"""Decisions in a word."""


def kept(seeds: Tensor, rows: Tensor, width: int, keep: float) -> Tensor:
    """Return which units to keep.

    Args:
        seeds: int64 of shape (K,), the bits of unsigned seeds.
        rows: int64 of shape (K, n), positions of rows in the epoch.
        width: units in a row.
        keep: probability to keep a unit.

    Returns:
        Bool of shape (K, n, width), as `symloss.models.dropout.masks` has it.
    """
    words = -(-width // _PARTS)
    counter = rows[:, :, None] * words + torch.arange(1, words + 1, device=rows.device)
    z = counter.mul_(_GOLDEN).add_(seeds[:, None, None])
    z = (z ^ _shifted(z, 30)).mul_(_MIX_1)
    z = (z ^ _shifted(z, 27)).mul_(_MIX_2)
    z = z ^ _shifted(z, 31)
    parts = z[..., None] >> torch.arange(0, 64, 64 // _PARTS, device=rows.device)
    decided = parts.bitwise_and_(0xFFFF) < threshold_of(keep)
    return decided.flatten(2)[..., :width]


def _shifted(z: Tensor, places: int) -> Tensor:
    """Return z moved to the right as an unsigned number, places >= 1."""
    return (z >> places).bitwise_and_(2 ** (64 - places) - 1)
