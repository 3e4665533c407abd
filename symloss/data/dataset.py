"""Interactions of users with items, and a data set: three parts of them over one index of users and items."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symloss.data.rejected import RejectedRows
from symloss.errors import DataError
from symloss.signature import Labels

PARTS = ("train", "validation", "test")

RatingCounts = tuple[tuple[float, int], ...]
"""Distinct ratings in order, each with the number of its rows."""


@dataclass(frozen=True, eq=False)
class Interactions:
    """Who met what, and the label: three C-contiguous arrays of one length.

    Args:
        users: int32[n], 0-based indices of users.
        items: int32[n], 0-based indices of items.
        labels: float32[n], finite.

    Raises:
        DataError: an array has another type or shape, an index is negative, or a label is not finite.
    """

    users: NDArray[np.int32]
    items: NDArray[np.int32]
    labels: NDArray[np.float32]

    def __post_init__(self) -> None:
        """Check types, shapes and ranges once, so that kernels need not."""
        wanted = {"users": np.int32, "items": np.int32, "labels": np.float32}
        for name, dtype in wanted.items():
            array = getattr(self, name)
            if not isinstance(array, np.ndarray) or array.dtype != dtype or array.ndim != 1:
                raise DataError(
                    f"{name} must be a one-dimensional {np.dtype(dtype)} array; Interactions.of converts"
                )
            if not array.flags.c_contiguous:
                raise DataError(f"{name} must be contiguous; Interactions.of converts")
        if not len(self.users) == len(self.items) == len(self.labels):
            raise DataError(
                f"users, items and labels must have one length, not "
                f"{len(self.users)}, {len(self.items)} and {len(self.labels)}"
            )
        for name in ("users", "items"):
            array = getattr(self, name)
            if len(array) and array.min() < 0:
                raise DataError(f"{name} are 0-based indices; {array.min()} is negative")
        if not np.isfinite(self.labels).all():
            raise DataError("labels must be finite numbers; found NaN or infinity")

    @classmethod
    def of(cls, users: ArrayLike, items: ArrayLike, labels: ArrayLike) -> Interactions:
        """Build interactions from anything array-like; arguments and errors as for the class.

        Raises:
            DataError: an index is not an integer in the range of int32, or as for the class.
        """
        return cls(
            _indices("users", users), _indices("items", items), np.ascontiguousarray(labels, dtype=np.float32)
        )

    def __len__(self) -> int:
        """How many interactions there are."""
        return len(self.users)

    @property
    def inputs(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """What a model is given: users and items."""
        return self.users, self.items

    def take(self, rows: NDArray[np.integer[Any]]) -> Interactions:
        """Return the given rows, in the given order."""
        return Interactions(self.users[rows], self.items[rows], self.labels[rows])


def _indices(name: str, values: ArrayLike) -> NDArray[np.int32]:
    array = np.asarray(values)
    limits = np.iinfo(np.int32)
    if array.size == 0:
        return np.ascontiguousarray(array, dtype=np.int32)
    if array.dtype.kind not in "iu" or array.min() < limits.min or array.max() > limits.max:
        raise DataError(f"{name} must be integers from 0 to {limits.max}")
    return np.ascontiguousarray(array, dtype=np.int32)


@dataclass(frozen=True, eq=False)
class Dataset:
    """A data set, ready to train on.

    Args:
        name: what reports call it.
        train: the part that gradients see.
        validation: the part that stops training and rewards losses.
        test: the part that is only reported.
        n_users: number of users; every index of a user is below it, in all parts.
        n_items: number of items, likewise.
        rejected: the rows of the source that could not be used.
        source: where it came from, in words.
        labels: what the labels can be.
        ratings: what the labels were made from by a threshold; empty where they came as they are.

    Raises:
        DataError: an index is out of range, or a label is outside of what `labels` allows.
    """

    name: str
    train: Interactions
    validation: Interactions
    test: Interactions
    n_users: int
    n_items: int
    rejected: RejectedRows = field(default_factory=RejectedRows)
    source: str = ""
    labels: Labels = Labels.BINARY
    ratings: RatingCounts = ()

    def __post_init__(self) -> None:
        """Check that indices and labels are in range."""
        for part_name, part in self.parts().items():
            if not len(part):
                continue
            for kind, array, size in (("user", part.users, self.n_users), ("item", part.items, self.n_items)):
                if array.max() >= size:
                    raise DataError(f"{part_name}: {kind} index {array.max()} must be below {size}")
            wrong = outside(part.labels, self.labels)
            if wrong.any():
                value = part.labels[int(wrong.argmax())]
                raise DataError(f"{part_name}: label {value:g} is outside of {allowed(self.labels)}")

    def parts(self) -> dict[str, Interactions]:
        """Return train, validation and test by name, in this order."""
        return {"train": self.train, "validation": self.validation, "test": self.test}

    def summary(self) -> dict[str, Any]:
        """Return the facts of the data set, ready for JSON.

        Returns:
            name, source, labels, users, items, rows (with repeated_pairs, the rows whose user and item
            occurred in an earlier row of any part), parts (for each: rows, users, items, positive_share,
            the share of labels above one half, None for real labels and for an empty part; mean_label)
            and rejected (total, by_reason).
        """
        parts = {name: self._summarise(part) for name, part in self.parts().items()}
        pairs = np.concatenate(
            [part.users.astype(np.int64) * self.n_items + part.items for part in self.parts().values()]
        )
        return {
            "name": self.name,
            "source": self.source,
            "labels": str(self.labels),
            "users": self.n_users,
            "items": self.n_items,
            "rows": len(pairs),
            "repeated_pairs": len(pairs) - len(np.unique(pairs)),
            "parts": parts,
            "rejected": self.rejected.as_dict(),
        }

    def _summarise(self, part: Interactions) -> dict[str, Any]:
        shares = len(part) > 0 and self.labels in (Labels.BINARY, Labels.UNIT)
        return {
            "rows": len(part),
            "users": len(np.unique(part.users)),
            "items": len(np.unique(part.items)),
            "positive_share": float((part.labels > 0.5).mean()) if shares else None,
            "mean_label": float(part.labels.mean(dtype=np.float64)) if len(part) else None,
        }


def outside(values: NDArray[np.floating[Any]], labels: Labels) -> NDArray[np.bool_]:
    """Mark the values that `labels` does not allow."""
    if labels is Labels.BINARY:
        return np.asarray((values != 0) & (values != 1))
    if labels is Labels.UNIT:
        return np.asarray(~((values >= 0) & (values <= 1)))
    if labels is Labels.POSITIVE:
        return np.asarray(~(np.isfinite(values) & (values >= 0)))
    return np.asarray(~np.isfinite(values))


def allowed(labels: Labels) -> str:
    """Return the set of labels in words of mathematics."""
    names = {Labels.BINARY: "{0, 1}", Labels.UNIT: "[0, 1]", Labels.REAL: "the real numbers"}
    return names.get(labels, "[0, infinity)")
