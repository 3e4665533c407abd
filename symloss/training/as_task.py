"""A data set as a task, where only a data set is given."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from symloss.data.dataset import Dataset, Interactions
from symloss.signature import Domain
from symloss.tasks.metric import Metric
from symloss.tasks.task import Task


# MERGE (task c): `as_task` becomes `symloss.tasks.of`, and DatasetTask its RatingTask.
class DatasetTask:
    """The ratings of a data set; see `Task`."""

    def __init__(self, dataset: Dataset) -> None:
        """Take a data set."""
        self.dataset, self.name = dataset, dataset.name
        self.signature = Domain.of(dataset.labels)
        self.metrics: tuple[Metric, ...] = ()
        self.baselines: tuple[str, ...] = ()

    @property
    def train(self) -> Interactions:
        """The part that gradients see."""
        return self.dataset.train

    @property
    def validation(self) -> Interactions:
        """The part that stops training."""
        return self.dataset.validation

    @property
    def test(self) -> Interactions:
        """The part that is only reported."""
        return self.dataset.test

    @property
    def sizes(self) -> Mapping[str, int]:
        """How many users and items there are."""
        return {"users": self.dataset.n_users, "items": self.dataset.n_items}

    def summary(self) -> dict[str, Any]:
        """Return the facts of the data, ready for JSON."""
        return self.dataset.summary()

    def fingerprint(self) -> str:
        """Return a digest of all rows."""
        digest = hashlib.sha256(f"{self.dataset.n_users},{self.dataset.n_items}".encode())
        for part in self.dataset.parts().values():
            for array in (part.users, part.items, part.labels):
                digest.update(f"{len(array)};".encode())
                digest.update(array.tobytes())
        return digest.hexdigest()


def as_task(data: Task | Dataset) -> Task:
    """Return the task of a data set; a task as it is."""
    return DatasetTask(data) if isinstance(data, Dataset) else data
