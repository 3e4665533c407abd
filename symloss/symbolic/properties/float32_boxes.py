"""The float32 numbers that training can meet, as boxes of pairs (yhat, y) that can be cut down to single ones.

A probability is clipped into [2**-126, 1 - 2**-24], as training clips it; a score lies in [-10,000, 10,000], and so
does a real label. Numbers are counted in their order, so that half of a box holds half of its numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from symloss.formula.spec import LossSpec
from symloss.signature import Input, Labels, y

LOWEST, HIGHEST = 2.0**-126, 1 - 2.0**-24
"""Where training clips a probability (`symloss.compile.cpu.slopes`)."""
LARGEST_SCORE = 1e4
LARGEST_LOG = 80.0

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Boxes:
    """Boxes of pairs (yhat, y), closed, with float32 ends; each array has shape (n,)."""

    low: Floats
    high: Floats
    y_low: Floats
    y_high: Floats

    def __len__(self) -> int:
        """Return the number of boxes."""
        return len(self.low)

    def kept(self, keep: NDArray[np.bool_]) -> Boxes:
        """Return some of the boxes."""
        return Boxes(self.low[keep], self.high[keep], self.y_low[keep], self.y_high[keep])

    def corners(self) -> tuple[Floats, Floats]:
        """Return the corners, as predictions and labels."""
        predictions = np.concatenate([self.low, self.high, self.low, self.high])
        return predictions, np.concatenate([self.y_low, self.y_low, self.y_high, self.y_high])

    def halves(self) -> Boxes:
        """Cut each box in two, in the middle of its float32 numbers along the side that holds most of them."""
        bounds = [ordinal(part) for part in (self.low, self.high, self.y_low, self.y_high)]
        wide = bounds[1] - bounds[0] >= bounds[3] - bounds[2]
        middle, y_middle = (bounds[0] + bounds[1]) // 2, (bounds[2] + bounds[3]) // 2
        left = [
            bounds[0],
            np.where(wide, middle, bounds[1]),
            bounds[2],
            np.where(wide, bounds[3], y_middle),
        ]
        right = [
            np.where(wide, middle + 1, bounds[0]),
            bounds[1],
            np.where(wide, bounds[2], y_middle + 1),
            bounds[3],
        ]
        return Boxes(*(from_ordinal(np.concatenate(pair)) for pair in zip(left, right, strict=True)))

    @classmethod
    def joined(cls, parts: Sequence[Boxes]) -> Boxes:
        """Join rows of boxes to one."""
        rows = [(part.low, part.high, part.y_low, part.y_high) for part in parts]
        return cls(*(np.concatenate(row) for row in zip(*rows, strict=True)))

    @property
    def single(self) -> NDArray[np.bool_]:
        """Where a box is one pair."""
        return (self.low == self.high) & (self.y_low == self.y_high)


def ends(loss: LossSpec) -> Floats:
    """Return the predictions at which the domain is cut first, dense where losses are steep."""
    if loss.domain.input is Input.POSITIVE:
        steps = np.concatenate([2.0 ** np.arange(-30.0, 14.0), np.linspace(0, 120, 241)[1:], [LARGEST_SCORE]])
        return np.unique(steps.astype(np.float32))
    if loss.domain.input is Input.LOG:
        steps = np.concatenate([2.0 ** np.arange(-30.0, 7.0), np.linspace(0, LARGEST_LOG, 161)])
        return np.unique(np.concatenate([-steps, steps]).astype(np.float32))
    if loss.takes_score:
        powers = 2.0 ** np.arange(-30.0, 14.0)
        steps = np.concatenate([[0.0, LARGEST_SCORE], powers, np.linspace(0, 120, 241)])
        return np.unique(np.concatenate([-steps, steps]).astype(np.float32))
    near = 2.0 ** -np.arange(1.0, 127.0)
    steps = np.concatenate([near, 1 - 2.0 ** -np.arange(1.0, 25.0), np.arange(1, 128) / 128])
    return np.unique(steps.astype(np.float32))


def grid(loss: LossSpec) -> tuple[Floats, Floats]:
    """Return pairs to evaluate: all predictions of `ends` with a few labels."""
    edges = ends(loss)
    labels = {
        Labels.BINARY: (0.0, 1.0),
        Labels.UNIT: (0.0, 0.5, 1.0),
        Labels.REAL: (-3.0, 0.0, 3.0),
        Labels.POSITIVE: (0.0, 1.0, 30.0),
    }
    chosen = np.array(labels[loss.domain.labels] if _depends_on_label(loss) else (0.0,), np.float32)
    return np.tile(edges, len(chosen)), np.repeat(chosen, len(edges))


def first_boxes(loss: LossSpec) -> Boxes:
    """Return boxes that cover the domain, with the predictions of `ends` as their ends."""
    points = ends(loss)
    low, high = points[:-1], points[1:]
    if loss.domain.labels is Labels.BINARY:
        y_low = y_high = np.array([0.0, 1.0], np.float32)
    elif not _depends_on_label(loss):
        y_low = y_high = np.array([0.0], np.float32)
    else:
        low, high = low[::4], np.append(low[::4][1:], points[-1])
        edges = _label_edges(loss.domain.labels)
        y_low, y_high = edges[:-1].astype(np.float32), edges[1:].astype(np.float32)
    return Boxes(
        np.tile(low, len(y_low)),
        np.tile(high, len(y_low)),
        np.repeat(y_low, len(low)),
        np.repeat(y_high, len(low)),
    )


def _depends_on_label(loss: LossSpec) -> bool:
    return loss.domain.labels is Labels.BINARY or y in loss.expression.free_symbols


def label_ends(loss: LossSpec) -> Floats:
    """Return the smallest and the largest label."""
    smallest = -LARGEST_SCORE if loss.domain.labels is Labels.REAL else 0.0
    largest = LARGEST_SCORE if loss.domain.labels in (Labels.REAL, Labels.POSITIVE) else 1.0
    return np.array([smallest, largest], np.float32)


def _label_edges(labels: Labels) -> NDArray[np.float64]:
    if labels is Labels.UNIT:
        return np.linspace(0, 1, 9)
    sizes = np.array([0.0, 1.0, 32.0, LARGEST_SCORE])
    return sizes if labels is Labels.POSITIVE else np.concatenate([-sizes[:0:-1], sizes])


def ordinal(x: Floats) -> NDArray[np.int64]:
    """Number float32 numbers in their order; 0 and -0 are both 0."""
    bits = np.ascontiguousarray(x).view(np.int32).astype(np.int64)
    return np.where(bits < 0, -(bits & 0x7FFFFFFF), bits)


def from_ordinal(number: NDArray[np.int64]) -> Floats:
    """Return the float32 numbers with these numbers in their order."""
    size = np.abs(number).astype(np.int32).view(np.float32)
    return np.where(number < 0, -size, size)
