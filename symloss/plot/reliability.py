"""Reliability of a trained model: how often a prediction of 0.7 comes true.

The expected calibration error is the mean distance between predicted and observed share over the bins, weighted by
the number of predictions in them (Naeini, Cooper and Hauskrecht, AAAI 2015).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from symloss.errors import OptionError
from symloss.plot.marks import add_legend
from symloss.plot.sample import Array
from symloss.plot.style import line_styles

_NORMAL_95 = 1.959963984540054


@dataclass(frozen=True, eq=False)
class Reliability:
    """Predictions sorted into bins of equal width; arrays of shape (bins,), NaN where a bin is empty.

    Attributes:
        edges: of the bins, shape (bins + 1,).
        predicted: mean prediction.
        observed: share of positives.
        low, high: Wilson's 95% interval of that share.
        count: number of predictions.
        error: the expected calibration error.
    """

    edges: Array
    predicted: Array
    observed: Array
    low: Array
    high: Array
    count: np.ndarray[tuple[int], np.dtype[np.int64]]
    error: float


def reliability_bins(predictions: ArrayLike, labels: ArrayLike, *, bins: int = 10) -> Reliability:
    """Sort predictions into bins of equal width.

    Args:
        predictions: probabilities, shape (n,).
        labels: 0 or 1 (or shares between), shape (n,).
        bins: at least 1.

    Raises:
        OptionError: there are no predictions, they are not probabilities, or shapes or `bins` do not fit.
    """
    p, y = np.asarray(predictions, np.float64).ravel(), np.asarray(labels, np.float64).ravel()
    if bins < 1:
        raise OptionError(f"bins is {bins}; it must be at least 1")
    if not len(p) or len(p) != len(y):
        raise OptionError(
            f"there are {len(p)} predictions and {len(y)} labels; give as many of each, at least 1"
        )
    if not ((p >= 0) & (p <= 1)).all():
        raise OptionError("predictions must be probabilities, from 0 to 1; take the sigmoid of raw scores")
    edges = np.linspace(0.0, 1.0, bins + 1)
    index = np.minimum((p * bins).astype(np.int64), bins - 1)
    count = np.bincount(index, minlength=bins)
    with np.errstate(invalid="ignore", divide="ignore"):
        predicted = np.bincount(index, p, bins) / count
        observed = np.bincount(index, y, bins) / count
        low, high = _wilson(observed, count.astype(np.float64))
    error = float(np.nansum(count * np.abs(predicted - observed)) / len(p))
    return Reliability(edges, predicted, observed, low, high, count, error)


def reliability(
    found: Reliability, axes: Any, *, label: str = "", legend: bool = True, number: int = 0
) -> Any:
    """Draw observed against predicted shares on `axes`, with 95% intervals and the diagonal, and return the Axes.

    Args:
        found: the result of `reliability_bins`.
        axes: where to draw; several models may share them.
        label: of the model in the legend.
        legend: whether the Axes get a legend.
        number: which colour and line style: 0 for the first model.
    """
    if not any(line.get_label() == "perfect" for line in axes.lines):
        axes.plot([0, 1], [0, 1], color="0.6", linewidth=0.8, linestyle="-", zorder=0, label="perfect")
    look = line_styles(number + 1)[number]
    filled = found.count > 0
    x, y = found.predicted[filled], found.observed[filled]
    below, above = np.maximum(y - found.low[filled], 0), np.maximum(found.high[filled] - y, 0)
    text = f"{label}, " if label else ""
    axes.plot(
        x,
        y,
        marker="os^Dv"[number % 5],
        markersize=3.2,
        label=f"{text}calibration error {found.error:.3f}",
        **look,
    )
    axes.errorbar(
        x, y, [below, above], fmt="none", ecolor=look["color"], elinewidth=0.7, capsize=1.5, label="_interval"
    )
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_xlabel("mean prediction")
    axes.set_ylabel("share of positives")
    if legend:
        add_legend(axes)
    return axes


def prediction_histogram(found: Reliability, axes: Any, *, number: int = 0) -> Any:
    """Draw the share of predictions in each bin as steps on `axes` and return them; arguments as for `reliability`."""
    look = line_styles(number + 1)[number]
    axes.stairs(
        found.count / found.count.sum(),
        found.edges,
        color=look["color"],
        linestyle=look["linestyle"],
        linewidth=1.0,
        label="_histogram",
    )
    axes.set_xlim(0, 1)
    # The highest of several histograms sets the limit.
    highest = max(float(part.get_data().values.max()) for part in axes.patches)
    axes.set_ylim(0, 1.06 * highest)
    axes.set_xlabel("prediction")
    axes.set_ylabel("share")
    return axes


def _wilson(share: Array, count: Array) -> tuple[Array, Array]:
    """Return Wilson's interval (JASA 1927) for shares out of counts."""
    z = _NORMAL_95
    middle = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    return middle - half, middle + half
