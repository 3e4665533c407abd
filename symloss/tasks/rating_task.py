"""Ratings as a task: users, items and labels; and `of`, which makes a task of whatever is one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from symloss.data.balance import imbalance
from symloss.data.dataset import Dataset, Interactions
from symloss.errors import OptionError
from symloss.signature import Domain, Labels
from symloss.tasks.fingerprint import digest
from symloss.tasks.kinds import Kind, kind, kind_of, watching
from symloss.tasks.metric import Metric
from symloss.tasks.rating_means import rating_means
from symloss.tasks.references import Reference
from symloss.tasks.task import Task, in_short


@dataclass(frozen=True, eq=False, repr=False)
class RatingTask:
    """A data set of users, items and labels, and what is asked of it.

    Attributes:
        dataset: the rows.
        kind: what is asked: its metrics and its baselines.
        metrics: how a model is measured; the first one is watched.
    """

    dataset: Dataset
    kind: Kind
    metrics: tuple[Metric, ...]

    @classmethod
    def of(
        cls, dataset: Dataset, kind_name: str | None = None, metric: str | Metric | None = None
    ) -> RatingTask:
        """Ask something of a data set.

        Args:
            dataset: the rows.
            kind_name: "classification" (AUC) or "regression" (RMSE); by the labels where None.
            metric: what is watched during training, a name or an object; the kind's where None.

        Raises:
            OptionError: there is no such kind or metric.
        """
        chosen = kind_of(dataset.labels) if kind_name is None else kind(kind_name)
        return cls(dataset, chosen, watching(chosen.metrics, metric))

    def __repr__(self) -> str:
        """Show what it is and how large, not its rows."""
        return in_short(self)

    @property
    def name(self) -> str:
        """That of the data set."""
        return self.dataset.name

    @property
    def signature(self) -> Domain:
        """The usual input for the labels: a probability for 0 and 1, a score for real labels."""
        return Domain.of(self.dataset.labels)

    @property
    def labels(self) -> Labels:
        """What labels can be."""
        return self.dataset.labels

    @property
    def baselines(self) -> tuple[str, ...]:
        """Those of the kind."""
        return self.kind.baselines

    @property
    def contest_baselines(self) -> tuple[str, ...]:
        """Those of the kind."""
        return self.kind.contest_baselines

    @property
    def train(self) -> Interactions:
        """The part that gradients see."""
        return self.dataset.train

    @property
    def validation(self) -> Interactions:
        """The part that stops training and rewards losses."""
        return self.dataset.validation

    @property
    def test(self) -> Interactions:
        """The part that is only reported."""
        return self.dataset.test

    @property
    def n_users(self) -> int:
        """Number of users."""
        return self.dataset.n_users

    @property
    def n_items(self) -> int:
        """Number of items."""
        return self.dataset.n_items

    @property
    def sizes(self) -> Mapping[str, int]:
        """Numbers of "users" and "items": every index is below its size."""
        return {"users": self.dataset.n_users, "items": self.dataset.n_items}

    def parts(self) -> dict[str, Interactions]:
        """Return train, validation and test by name, in this order."""
        return self.dataset.parts()

    def summary(self) -> dict[str, Any]:
        """Return the facts of the data set; see `Dataset.summary`."""
        return self.dataset.summary()

    def fingerprint(self) -> str:
        """Return a digest of all rows, as 64 hexadecimal digits."""
        return digest(self)

    def references(self, metric: Metric) -> tuple[Reference, ...]:
        """Return the means of the train part; see `symloss.tasks.rating_means`."""
        return rating_means(self.dataset, metric, self.metrics)

    def warnings(self) -> tuple[str, ...]:
        """Return a sentence where the share of positives is extreme."""
        found = imbalance(self.dataset)
        return () if found is None else (found,)


_NEEDED = ("name", "signature", "metrics", "baselines", "train", "validation", "test", "sizes", "summary",
           "fingerprint")  # fmt: skip


def of(data: Task | Dataset, metric: str | Metric | None = None) -> Task:
    """Return a task: a data set becomes one of ratings, a task stays what it is.

    Args:
        data: a task, or a data set.
        metric: for a data set, what is watched; None for AUC with labels 0 and 1, else RMSE. A task has its own.

    Raises:
        OptionError: it is neither, or there is no such metric.
    """
    if isinstance(data, Dataset):
        return RatingTask.of(data, metric=metric)
    lacking = [name for name in _NEEDED if not hasattr(data, name)]
    if lacking:
        raise OptionError(
            f"{type(data).__name__} is no task, it has no {', '.join(lacking)}; give a task, such as "
            "symloss.tasks.ratings(train=frame), or a symloss.data.Dataset; see symloss.tasks.Task"
        )
    return data
