"""The loss landscape around a trained model, along two random directions with normalised filters.

Li, Xu, Taylor, Studer and Goldstein, Visualizing the Loss Landscape of Neural Nets, NeurIPS 2018, section 4: a random
direction is scaled, filter by filter, to the length of the filter, so that pictures of models can be compared. Here a
row of a matrix is a filter: the embedding of a user or item, the weights into one unit. Biases of users and items
belong to their rows; other vectors (biases of layers, batch norm) stay as they are, as in the paper.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from symloss.errors import DataError, OptionError
from symloss.loss import Loss
from symloss.plot.sample import Array, display_limits, sigmoid, value_and_gradient
from symloss.plot.style import scientific_ticks

if TYPE_CHECKING:
    from symloss.data.dataset import Dataset
    from symloss.models.model import Model
    from symloss.tasks.part import Part
    from symloss.tasks.task import Task


@dataclass(frozen=True, eq=False)
class Landscape:
    """Mean losses on a plane through a trained model.

    Attributes:
        first, second: coordinates along the two directions, shape (n,); 1 is a step as long as the parameters.
        values: mean losses, shape (n, n): `values[j, i]` is at (first[i], second[j]).
        part: the part of the data set they are taken on.
        rows: how many interactions of it.
    """

    first: Array
    second: Array
    values: Array
    part: str
    rows: int


def landscape_grid(
    model: Model,
    state: Any,
    dataset: Dataset | Task,
    loss: Loss,
    *,
    reach: float = 1.0,
    points: int = 25,
    part: str = "train",
    rows: int = 20_000,
    seed: int = 42,
) -> Landscape:
    """Compute the mean loss around a trained state, which stays as it is.

    Args:
        model: what was trained.
        state: its parameters, on the CPU.
        dataset: where the loss is measured: a data set, or another task.
        loss: the loss; an open eps counts as 1e-6.
        reach: the grid goes from -reach to reach along each direction, > 0.
        points: of the grid along each direction, at least 3.
        part: "train", "validation" or "test".
        rows: at most so many rows of the part, drawn at random.
        seed: of the directions and the draw.

    Raises:
        OptionError: reach or points is out of range, or the state holds no arrays that can be moved.
        DataError: the part is empty or unknown.
    """
    if not reach > 0 or points < 3:
        raise OptionError(
            f"reach is {reach} and points is {points}; reach must be above 0, points at least 3"
        )
    # Training brings Numba and torch along, which other pictures do without.
    from symloss.models.registry import trainer_for
    from symloss.tasks.part import SomeRows
    from symloss.tasks.rating_task import of
    from symloss.training.assess import host_scores
    from symloss.training.settings import TrainingSettings

    task = of(dataset)
    parts = {"train": task.train, "validation": task.validation, "test": task.test}
    if part not in parts:
        raise DataError(f"unknown part {part!r}; a data set has train, validation and test")
    seen: Part = parts[part]
    if not len(seen):
        raise DataError(f"the {part} part of {task.name} is empty; take another")
    generator = np.random.default_rng(seed)
    if len(seen) > rows:
        seen = SomeRows.of(seen, np.sort(generator.choice(len(seen), rows, replace=False)))
    trainer = trainer_for(model, task, TrainingSettings())
    moved = trainer.copy(state)
    targets = list(trainer.parameters(moved).items())
    base = [array.astype(np.float64) for _, array in targets]
    names = [name for name, _ in targets]
    directions = [_direction(names, base, generator) for _ in range(2)]
    if not any(step.any() for step in directions[0]):
        raise OptionError(f"the model {model.name!r} has no matrix of parameters to move; plot another model")
    labels = seen.labels.astype(np.float64)
    axis = np.linspace(-reach, reach, points)
    values = np.empty((points, points))
    for j, along_second in enumerate(axis):
        for i, along_first in enumerate(axis):
            for (_, target), start, one, two in zip(targets, base, *directions, strict=True):
                target[...] = start + along_first * one + along_second * two
            scores = host_scores(trainer, moved, seen)
            values[j, i] = _mean_loss(loss, scores.astype(np.float64), labels)
    return Landscape(axis, axis.copy(), values, part, len(seen))


def landscape(found: Landscape, axes: Any, *, levels: int = 10, colourbar: bool = True) -> Any:
    """Draw the mean loss as a contour map on `axes`, with a cross at the trained model, and return the Axes.

    Args:
        found: the result of `landscape_grid`.
        axes: where to draw.
        levels: about so many contours.
        colourbar: whether the figure gets a colour bar beside the Axes.
    """
    import matplotlib
    from matplotlib.ticker import MaxNLocator

    values = found.values
    finite = values[np.isfinite(values)]
    bottom, top = display_limits(values, spread=2.0)
    if top - bottom < 1e-9 * max(1.0, abs(top)):
        bottom, top = bottom - 0.5, top + 0.5
    edges = np.asarray(MaxNLocator(levels).tick_values(bottom, top))
    over = bool(finite.size and finite.max() > edges[-1]) or not np.isfinite(values).all()
    under = bool(finite.size and finite.min() < edges[0])
    extend = {(True, True): "both", (True, False): "max", (False, True): "min"}.get((over, under), "neither")
    safe = np.ma.masked_invalid(values)
    filled = axes.contourf(
        found.first, found.second, safe, edges, extend=extend, cmap=matplotlib.rcParams["image.cmap"]
    )
    drawn = axes.contour(found.first, found.second, safe, edges, colors="white", linewidths=0.4)
    drawn.set_linestyle("-")
    axes.set_facecolor("0.8")
    axes.plot([0], [0], "X", color="white", markeredgecolor="black", markersize=6, label="trained model")
    axes.set_xlabel("first direction")
    axes.set_ylabel("second direction")
    axes.set_aspect("equal")
    for ticks, values_of in ((axes.set_xticks, found.first), (axes.set_yticks, found.second)):
        ticks(np.linspace(values_of[0], values_of[-1], 5))
    if colourbar:
        bar = axes.figure.colorbar(filled, ax=axes, ticks=edges[:: max(1, len(edges) // 5)], pad=0.03)
        bar.formatter.set_useOffset(False)
        bar.set_label(f"mean loss, {found.part} part")
        scientific_ticks(bar.formatter, bottom, top)
        bar.outline.set_linewidth(0.4)
    return axes


def _mean_loss(loss: Loss, scores: Array, labels: Array) -> float:
    # As in training: inside of (0, 1) where float32 would round to an end.
    predictions = scores if loss.takes_score else np.clip(sigmoid(scores), 2.0**-126, 1 - 2.0**-24)
    values, _ = value_and_gradient(loss, predictions, labels)
    return float(values.mean())


def _direction(names: list[str], base: list[Array], generator: np.random.Generator) -> list[Array]:
    """Draw a direction: each row as long as the row of the parameters, its bias included."""
    position = {name: k for k, name in enumerate(names)}
    steps = [np.zeros_like(array) for array in base]
    for k, (name, array) in enumerate(zip(names, base, strict=True)):
        if array.ndim < 2:
            continue
        rows = array.reshape(len(array), -1)
        bias = position.get(name.replace("_embedding", "_bias")) if name.endswith("_embedding") else None
        if bias is not None and base[bias].shape == (len(array),):
            rows = np.column_stack([rows, base[bias]])
        drawn = generator.standard_normal(rows.shape)
        drawn *= (np.linalg.norm(rows, axis=1) / np.linalg.norm(drawn, axis=1))[:, None]
        steps[k] = drawn[:, : array[0].size].reshape(array.shape)
        if bias is not None and rows.shape[1] > array[0].size:
            steps[bias] = drawn[:, -1]
    return steps
