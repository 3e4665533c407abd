"""Whether a loss and its gradient stay finite in float32, the type that models are trained in.

Proved by ranges (`symloss.symbolic.float32_steps`): the domain is cut into boxes until no step of the loss and of its
derivative can leave the finite numbers. Refuted by a pair where NumPy's float32 does. A probability is clipped
into [2**-126, 1 - 2**-24], as training clips it; a score lies in [-10,000, 10,000], and so does a real label.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from symloss.compile.program import Program
from symloss.domain import Labels, y
from symloss.loss import Loss
from symloss.symbolic.float32_ranges import Range
from symloss.symbolic.float32_steps import at_points, ranges
from symloss.symbolic.report import Property
from symloss.symbolic.undecided import Deadline

LOWEST, HIGHEST = 2.0**-126, 1 - 2.0**-24
"""Where training clips a probability (`symloss.compile.slopes`)."""
LARGEST_SCORE = 1e4

_MOST_BOXES = 6_000
_MOST_ROUNDS = 34

_CLOSE_TO_LARGEST = 1e-3
"""A gradient larger than the largest found by less than this share is not looked for."""
_BOXES_AT_ONCE = 64
_STRIDES = (2**20, 2**15, 2**10, 2**5, 1)
_MOST_IN_VAIN = 4
_MOST_IN_VAIN_FOR_FEW = 20
"""Rounds in a row that may find nothing larger: with many boxes, as on a plateau, where bounds come down slowly, and
with a few boxes, which close in on a needle.
"""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Boxes:
    """Boxes of pairs (yhat, y), closed, with float32 ends; each array has shape (n,)."""

    low: Floats
    high: Floats
    y_low: Floats
    y_high: Floats

    def __len__(self) -> int:
        return len(self.low)

    def kept(self, keep: NDArray[np.bool_]) -> Boxes:
        return Boxes(self.low[keep], self.high[keep], self.y_low[keep], self.y_high[keep])

    def corners(self) -> tuple[Floats, Floats]:
        """Return the corners, as predictions and labels."""
        predictions = np.concatenate([self.low, self.high, self.low, self.high])
        return predictions, np.concatenate([self.y_low, self.y_low, self.y_high, self.y_high])

    def halves(self) -> Boxes:
        """Cut each box in two, in the middle of its float32 numbers along the side that holds most of them."""
        bounds = [_ordinal(part) for part in (self.low, self.high, self.y_low, self.y_high)]
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
        return Boxes(*(_float(np.concatenate(pair)) for pair in zip(left, right, strict=True)))

    @classmethod
    def joined(cls, parts: Sequence[Boxes]) -> Boxes:
        """Join rows of boxes to one."""
        rows = [(part.low, part.high, part.y_low, part.y_high) for part in parts]
        return cls(*(np.concatenate(row) for row in zip(*rows, strict=True)))

    @property
    def single(self) -> NDArray[np.bool_]:
        """Where a box is one pair."""
        return (self.low == self.high) & (self.y_low == self.y_high)


def float32_property(loss: Loss, deadline: Deadline) -> Property:
    """Decide whether a loss and its derivative are finite in float32 wherever training can get.

    Args:
        loss: the loss; an open eps counts at its default value.
        deadline: when to stop with "undecided".
    """
    program = loss.program()
    points, labels = _grid(loss)
    bad = _worst_bad(loss, program, points, labels)
    if bad is not None:
        return bad
    largest = LargestGradient(program, loss.eps_value, points, labels)
    boxes = _first_boxes(loss)
    for _ in range(_MOST_ROUNDS):
        found = _ranges(program, boxes, loss.eps_value)
        largest.keep(boxes, found[1])
        boxes = boxes.kept(~np.broadcast_to(found[0].is_finite & found[1].is_finite, boxes.low.shape))
        if not len(boxes):
            domain = (
                "for every score up to 10,000 in size"
                if loss.takes_score
                else "for every yhat from 2^-126 to 1 - 2^-24, where training clips it"
            )
            largest.search(loss, deadline)
            return Property("finite_float32", "proved", largest.size, f"{domain}; {largest}")
        bad = _worst_bad(loss, program, *boxes.corners())
        if bad is not None:
            return bad
        if boxes.single.any() or 2 * len(boxes) > _MOST_BOXES or deadline.passed:
            break
        boxes = boxes.halves()
    detail = f"not settled near {_pair(boxes.low[0], boxes.y_low[0])}; {largest}"
    return Property("finite_float32", "undecided", largest.size, detail)


def _ranges(program: Program, boxes: Boxes, eps: float) -> tuple[Range, Range]:
    return ranges(
        program,
        Range(boxes.low.astype(np.float64), boxes.high.astype(np.float64)),
        Range(boxes.y_low.astype(np.float64), boxes.y_high.astype(np.float64)),
        eps,
    )


class LargestGradient:
    """The largest gradient in float32: the largest of those evaluated, and boxes that may hold a larger one.

    A gradient can be large at a few numbers only, as beside the jump of a protected
    logarithm, where no grid finds it. The ranges of the proof bound it on every box; the
    boxes with the largest bounds are cut in two until no bound is much above what was found.
    """

    def __init__(self, program: Program, eps: float, points: Floats, labels: Floats) -> None:
        """Start with the largest gradient at some pairs."""
        self.program = program
        self.eps = eps
        self.size, self.point, self.label = -1.0, points[0], labels[0]
        self.boxes: list[Boxes] = []
        self.bounds: list[NDArray[np.float64]] = []
        self.look(points, labels)

    def __str__(self) -> str:
        """Return where it was found."""
        return f"the largest gradient found, {self.size:.4g}, is at {_pair(self.point, self.label)}"

    def look(self, points: Floats, labels: Floats) -> None:
        """Evaluate the gradient at pairs."""
        sizes = np.abs(at_points(self.program, points, labels, self.eps)[1])
        top = int(np.argmax(np.where(np.isfinite(sizes), sizes, -1.0)))
        if sizes[top] > self.size * (1 + np.sign(self.size) * 1e-6):
            self.size, self.point, self.label = float(sizes[top]), points[top], labels[top]

    def _zoom(self, loss: Loss) -> None:
        """Look around the largest gradient, in steps that get smaller: a smooth maximum is found by that."""
        low, high = (int(n) for n in _ordinal(_ends(loss)[[0, -1]]))
        reach = 32 if loss.domain.labels is Labels.BINARY else 8
        # From the middle outwards: of equal gradients the nearest is named.
        sides = np.array(sorted(range(-reach, reach + 1), key=abs))
        for stride in _STRIDES:
            place = int(_ordinal(np.array([self.point], np.float32))[0])
            points = _float(np.clip(place + sides * stride, low, high))
            labels = np.array([self.label], np.float32)
            if loss.domain.labels is not Labels.BINARY:
                y_low, y_high = (int(n) for n in _ordinal(_label_ends(loss)))
                labels = _float(np.clip(_ordinal(labels) + sides * stride, y_low, y_high))
            self.look(np.tile(points, len(labels)), np.repeat(labels, len(points)))

    def keep(self, boxes: Boxes, slope: Range) -> None:
        """Remember the boxes on which the gradient, finite and within `slope`, may be larger than what was found."""
        bounds = np.broadcast_to(np.maximum(np.abs(slope.low), np.abs(slope.high)), boxes.low.shape)
        finite = np.broadcast_to(slope.is_finite, boxes.low.shape)
        larger = finite & (bounds > self.size * (1 + _CLOSE_TO_LARGEST)) & ~boxes.single
        if larger.any():
            self.boxes.append(boxes.kept(larger))
            self.bounds.append(bounds[larger])

    def search(self, loss: Loss, deadline: Deadline) -> None:
        """Cut the boxes with the largest bounds until none is above what was found, or nothing larger turns up."""
        in_vain, looked_around = 0, -1.0
        while self.boxes and not deadline.passed:
            before = self.size
            few = sum(map(len, self.boxes)) <= _BOXES_AT_ONCE
            if in_vain == 0 or in_vain >= (_MOST_IN_VAIN_FOR_FEW if few else _MOST_IN_VAIN):
                if self.size > looked_around * (1 + _CLOSE_TO_LARGEST):
                    self._zoom(loss)
                    looked_around = self.size
                elif in_vain:
                    return
            self._halve()
            in_vain = 0 if self.size > before * (1 + _CLOSE_TO_LARGEST) else in_vain + 1

    def _halve(self) -> None:
        boxes, bounds = Boxes.joined(self.boxes), np.concatenate(self.bounds)
        chosen = np.zeros(len(boxes), np.bool_)
        chosen[np.argsort(-bounds, kind="stable")[:_BOXES_AT_ONCE]] = True
        halves = boxes.kept(chosen).halves()
        self.look(*halves.corners())
        left = ~chosen & (bounds > self.size * (1 + _CLOSE_TO_LARGEST))
        self.boxes, self.bounds = ([boxes.kept(left)], [bounds[left]]) if left.any() else ([], [])
        self.keep(halves, _ranges(self.program, halves, self.eps)[1])


def _worst_bad(loss: Loss, program: Program, points: Floats, labels: Floats) -> Property | None:
    """Return the refutation at the pair nearest to the middle of the domain whose loss or gradient is not finite."""
    value, slope = at_points(program, points, labels, loss.eps_value)
    bad = np.flatnonzero(~(np.isfinite(value) & np.isfinite(slope)))
    if not len(bad):
        return None
    index = int(bad[np.argmin(np.abs(points[bad] - (0.0 if loss.takes_score else 0.5)))])
    wrong, what = (value[index], "loss") if not np.isfinite(value[index]) else (slope[index], "gradient")
    kind = "not a number" if np.isnan(wrong) else "infinite"
    detail = f"the {what} is {kind} at {_pair(points[index], labels[index])}"
    witness = {"yhat": float(points[index]), "y": float(labels[index])}
    return Property("finite_float32", "refuted", float(points[index]), detail, witness=witness)


def _pair(point: np.float32, label: np.float32) -> str:
    return f"yhat = {float(point):.9g}, y = {float(label):g}"


def _ends(loss: Loss) -> Floats:
    """Return the predictions at which the domain is cut first, dense where losses are steep."""
    if loss.takes_score:
        powers = 2.0 ** np.arange(-30.0, 14.0)
        steps = np.concatenate([[0.0, LARGEST_SCORE], powers, np.linspace(0, 120, 241)])
        return np.unique(np.concatenate([-steps, steps]).astype(np.float32))
    near = 2.0 ** -np.arange(1.0, 127.0)
    steps = np.concatenate([near, 1 - 2.0 ** -np.arange(1.0, 25.0), np.arange(1, 128) / 128])
    return np.unique(steps.astype(np.float32))


def _grid(loss: Loss) -> tuple[Floats, Floats]:
    """Return pairs to evaluate: all predictions of `_ends` with a few labels."""
    ends = _ends(loss)
    labels = {Labels.BINARY: (0.0, 1.0), Labels.UNIT: (0.0, 0.5, 1.0), Labels.REAL: (-3.0, 0.0, 3.0)}
    chosen = np.array(labels[loss.domain.labels] if _depends_on_label(loss) else (0.0,), np.float32)
    return np.tile(ends, len(chosen)), np.repeat(chosen, len(ends))


def _first_boxes(loss: Loss) -> Boxes:
    ends = _ends(loss)
    low, high = ends[:-1], ends[1:]
    if loss.domain.labels is Labels.BINARY:
        y_low = y_high = np.array([0.0, 1.0], np.float32)
    elif not _depends_on_label(loss):
        y_low = y_high = np.array([0.0], np.float32)
    else:
        low, high = low[::4], np.append(low[::4][1:], ends[-1])
        edges = np.linspace(0, 1, 9) if loss.domain.labels is Labels.UNIT else _real_edges()
        y_low, y_high = edges[:-1].astype(np.float32), edges[1:].astype(np.float32)
    return Boxes(
        np.tile(low, len(y_low)),
        np.tile(high, len(y_low)),
        np.repeat(y_low, len(low)),
        np.repeat(y_high, len(low)),
    )


def _depends_on_label(loss: Loss) -> bool:
    return loss.domain.labels is Labels.BINARY or y in loss.expression.free_symbols


def _label_ends(loss: Loss) -> Floats:
    size = LARGEST_SCORE if loss.domain.labels is Labels.REAL else 0.0
    return np.array([-size, max(size, 1.0)], np.float32)


def _real_edges() -> NDArray[np.float64]:
    sizes = np.array([0.0, 1.0, 32.0, LARGEST_SCORE])
    return np.concatenate([-sizes[:0:-1], sizes])


def _ordinal(x: Floats) -> NDArray[np.int64]:
    """Number float32 numbers in their order; 0 and -0 are both 0."""
    bits = np.ascontiguousarray(x).view(np.int32).astype(np.int64)
    return np.where(bits < 0, -(bits & 0x7FFFFFFF), bits)


def _float(number: NDArray[np.int64]) -> Floats:
    size = np.abs(number).astype(np.int32).view(np.float32)
    return np.where(number < 0, -size, size)
