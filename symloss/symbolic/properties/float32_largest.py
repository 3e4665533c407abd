"""The largest gradient in float32: searched for by bounds, because it can sit on a few numbers that no grid meets."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from symloss.compile.program import Program
from symloss.formula.spec import LossSpec
from symloss.signature import Labels
from symloss.symbolic.arithmetic.float32_ranges import Range
from symloss.symbolic.arithmetic.float32_steps import at_points, ranges
from symloss.symbolic.properties.float32_boxes import Boxes, Floats, ends, from_ordinal, label_ends, ordinal
from symloss.symbolic.undecided import Deadline

_CLOSE_TO_LARGEST = 1e-3
"""A gradient larger than the largest found by less than this share is not looked for."""
_BOXES_AT_ONCE = 64
_FEW, _MUCH = 24, 1.2
_STRIDES = (2**20, 2**15, 2**10, 2**5, 1)
_MOST_IN_VAIN = 2
_MOST_IN_VAIN_FOR_NEEDLE = 20
"""Rounds in a row that may find nothing larger: with many boxes, as on a plateau, where bounds come down slowly, and
with a few boxes, which close in on a needle.
"""


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
        return f"the largest gradient found, {self.size:.4g}, is at {pair_text(self.point, self.label)}"

    def look(self, points: Floats, labels: Floats) -> None:
        """Evaluate the gradient at pairs."""
        sizes = np.abs(at_points(self.program, points, labels, self.eps)[1])
        top = int(np.argmax(np.where(np.isfinite(sizes), sizes, -1.0)))
        if sizes[top] > self.size * (1 + np.sign(self.size) * 1e-6):
            self.size, self.point, self.label = float(sizes[top]), points[top], labels[top]

    def _zoom(self, loss: LossSpec) -> None:
        """Look around the largest gradient, in steps that get smaller: a smooth maximum is found by that."""
        low, high = (int(n) for n in ordinal(ends(loss)[[0, -1]]))
        reach = 32 if loss.domain.labels is Labels.BINARY else 8
        # From the middle outwards: of equal gradients the nearest is named.
        sides = np.array(sorted(range(-reach, reach + 1), key=abs))
        for stride in _STRIDES:
            place = int(ordinal(np.array([self.point], np.float32))[0])
            points = from_ordinal(np.clip(place + sides * stride, low, high))
            labels = np.array([self.label], np.float32)
            if loss.domain.labels is not Labels.BINARY:
                y_low, y_high = (int(n) for n in ordinal(label_ends(loss)))
                labels = from_ordinal(np.clip(ordinal(labels) + sides * stride, y_low, y_high))
            self.look(np.tile(points, len(labels)), np.repeat(labels, len(points)))

    def keep(self, boxes: Boxes, slope: Range) -> None:
        """Remember the boxes on which the gradient, finite and within `slope`, may be larger than what was found."""
        bounds = np.broadcast_to(np.maximum(np.abs(slope.low), np.abs(slope.high)), boxes.low.shape)
        finite = np.broadcast_to(slope.is_finite, boxes.low.shape)
        larger = finite & (bounds > self.size * (1 + _CLOSE_TO_LARGEST)) & ~boxes.single
        if larger.any():
            self.boxes.append(boxes.kept(larger))
            self.bounds.append(bounds[larger])

    def search(self, loss: LossSpec, deadline: Deadline) -> None:
        """Cut the boxes with the largest bounds until none is above what was found, or nothing larger turns up."""
        in_vain, looked_around = 0, -1.0
        while self.boxes and not deadline.passed:
            before = self.size
            if in_vain == 0 or in_vain >= (_MOST_IN_VAIN_FOR_NEEDLE if self._is_needle() else _MOST_IN_VAIN):
                if self.size > looked_around * (1 + _CLOSE_TO_LARGEST):
                    self._zoom(loss)
                    looked_around = self.size
                elif in_vain:
                    return
            self._halve()
            in_vain = 0 if self.size > before * (1 + _CLOSE_TO_LARGEST) else in_vain + 1

    def _is_needle(self) -> bool:
        """Whether a few boxes alone may hold a much larger gradient."""
        few = sum(map(len, self.boxes)) <= _FEW
        return few and max(float(bounds.max()) for bounds in self.bounds) > _MUCH * self.size

    def _halve(self) -> None:
        boxes, bounds = Boxes.joined(self.boxes), np.concatenate(self.bounds)
        chosen = np.zeros(len(boxes), np.bool_)
        chosen[np.argsort(-bounds, kind="stable")[:_BOXES_AT_ONCE]] = True
        halves = boxes.kept(chosen).halves()
        self.look(*halves.corners())
        left = ~chosen & (bounds > self.size * (1 + _CLOSE_TO_LARGEST))
        self.boxes, self.bounds = ([boxes.kept(left)], [bounds[left]]) if left.any() else ([], [])
        self.keep(halves, ranges_on(self.program, halves, self.eps)[1])


def ranges_on(program: Program, boxes: Boxes, eps: float) -> tuple[Range, Range]:
    """Return where a loss and its derivative can lie on each box."""
    return ranges(
        program,
        Range(boxes.low.astype(np.float64), boxes.high.astype(np.float64)),
        Range(boxes.y_low.astype(np.float64), boxes.y_high.astype(np.float64)),
        eps,
    )


def pair_text(point: np.float32, label: np.float32) -> str:
    """Return a pair as text, with all the digits that a float32 prediction has."""
    return f"yhat = {float(point):.9g}, y = {float(label):g}"
