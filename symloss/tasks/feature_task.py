"""Rows of numbers with a label as a task: regression, or two classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symloss.data.dataset import allowed, outside
from symloss.errors import DataError
from symloss.signature import Domain, Labels
from symloss.tasks.fingerprint import digest
from symloss.tasks.kinds import Kind
from symloss.tasks.metric import Metric
from symloss.tasks.references import Reference, measure_scores
from symloss.tasks.task import in_short, parts_of

MEAN, MAJORITY = "global mean", "majority class"


@dataclass(frozen=True, eq=False)
class FeatureRows:
    """A part: numbers and labels.

    Attributes:
        values: float32[n, d], C-contiguous, finite: what a model is given.
        labels: float32[n], finite.

    Raises:
        DataError: an array has another type or shape, or a number is not finite.
    """

    values: NDArray[np.float32]
    labels: NDArray[np.float32]

    def __post_init__(self) -> None:
        """Check types and shapes once."""
        for name, ndim in (("values", 2), ("labels", 1)):
            array = getattr(self, name)
            fits = isinstance(array, np.ndarray) and array.dtype == np.float32 and array.ndim == ndim
            if not fits or not array.flags.c_contiguous:
                raise DataError(
                    f"{name} must be a contiguous float32 array with {ndim} dimension{'s' if ndim > 1 else ''}; "
                    "symloss.tasks.features converts"
                )
            if not np.isfinite(array).all():
                raise DataError(
                    f"{name} must be finite numbers; found NaN or infinity: drop these rows or fill them"
                )
        if len(self.values) != len(self.labels):
            raise DataError(
                f"values and labels must have one length, not {len(self.values)} and {len(self.labels)}"
            )

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.labels)

    @property
    def inputs(self) -> tuple[NDArray[np.float32]]:
        """What a model is given: one array of shape (rows, features)."""
        return (self.values,)


@dataclass(frozen=True, eq=False, repr=False)
class FeatureTask:
    """Rows of numbers, their labels, and what is asked of them.

    Attributes:
        name: what reports call it.
        train, validation, test: the parts.
        labels: what labels can be.
        kind: what is asked: its metrics and its baselines.
        metrics: how a model is measured; the first one is watched.
        columns: names of the features.
        source: where they came from, in words.

    Raises:
        DataError: parts differ in their number of features, one has no rows, or a label is outside of `labels`.
    """

    name: str
    train: FeatureRows
    validation: FeatureRows
    test: FeatureRows
    labels: Labels
    kind: Kind
    metrics: tuple[Metric, ...]
    columns: tuple[str, ...]
    source: str = ""

    def __post_init__(self) -> None:
        """Check that the parts fit each other and the labels."""
        for name, part in parts_of(self).items():
            if not len(part):
                raise DataError(f"{self.name}: the {name} part is empty; give more rows or larger shares")
            wide = part.inputs[0].shape[1]
            if wide != len(self.columns) or not wide:
                raise DataError(
                    f"{self.name}: the {name} part has {wide} features and there are {len(self.columns)} names; "
                    "all parts have the same features, at least one"
                )
            wrong = outside(part.labels, self.labels)
            if wrong.any():
                value = part.labels[int(wrong.argmax())]
                raise DataError(
                    f"{self.name}, {name}: label {value:g} is outside of {allowed(self.labels)}; labels='real' "
                    "allows any number"
                )

    def __repr__(self) -> str:
        """Show what it is and how large, not its rows."""
        return in_short(self)

    @property
    def signature(self) -> Domain:
        """The usual input for the labels: a probability for 0 and 1, a score for real labels."""
        return Domain.of(self.labels)

    @property
    def baselines(self) -> tuple[str, ...]:
        """Those of the kind."""
        return self.kind.baselines

    @property
    def contest_baselines(self) -> tuple[str, ...]:
        """Those of the kind."""
        return self.kind.contest_baselines

    @property
    def sizes(self) -> Mapping[str, int]:
        """The number of "features"."""
        return {"features": len(self.columns)}

    def summary(self) -> dict[str, Any]:
        """Return the facts of the data, ready for JSON.

        Returns:
            name, source, labels, features, columns, rows, parts (for each: rows, positive_share, mean_label).
        """
        return {
            "name": self.name,
            "source": self.source,
            "labels": str(self.labels),
            "features": len(self.columns),
            "columns": list(self.columns),
            "rows": sum(len(part) for part in parts_of(self).values()),
            "parts": {name: self._facts(part.labels) for name, part in parts_of(self).items()},
        }

    def _facts(self, labels: NDArray[np.float32]) -> dict[str, Any]:
        shares = self.labels in (Labels.BINARY, Labels.UNIT)
        return {
            "rows": len(labels),
            "positive_share": float((labels > 0.5).mean()) if shares else None,
            "mean_label": float(labels.mean(dtype=np.float64)),
        }

    def fingerprint(self) -> str:
        """Return a digest of all rows, as 64 hexadecimal digits."""
        return digest(self)

    def references(self, metric: Metric) -> tuple[Reference, ...]:
        """Return the mean of the train labels as prediction, and with labels 0 and 1 the more frequent one."""
        mean = float(self.train.labels.mean(dtype=np.float64))
        constants = {MEAN: mean}
        if self.labels is Labels.BINARY:
            constants[MAJORITY] = float(mean > 0.5)
        found = []
        for name, value in constants.items():
            valid, test = (
                measure_scores(np.full(len(part), value), part, self.labels, which)
                for part, which in ((self.validation, (metric,)), (self.test, self.metrics))
            )
            found.append(Reference(name, test, valid[metric.name]))
        return tuple(found)
