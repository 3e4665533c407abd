"""The contract suites over what is built in, and over a metric and a task as somebody else would write them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as oracle

from symloss.signature import Domain
from symloss.tasks import Metric, Part, RatingTask, Task, features, ratings
from symloss.tasks.metrics import AUC, F1, MAE, MSE, NAMES, RMSE, Accuracy, ErrorRate
from symloss.testing import MetricContract, TaskContract
from tests.search.conftest import make_dataset


def best_threshold(scores: Any, labels: Any) -> float:
    thresholds = np.unique(scores)
    values = [oracle.f1_score(labels, scores >= one) for one in thresholds]
    return float(thresholds[int(np.argmax(np.round(values, 12)))])


class TestAUC(MetricContract):
    def make(self) -> Metric:
        return AUC()

    def brute_force(self, scores: Any, predictions: Any, labels: Any) -> float:
        pairs = scores[labels == 1][:, None] - scores[labels == 0][None, :]
        return float(((pairs > 0) + (pairs == 0) / 2).mean())


class TestF1(MetricContract):
    def make(self) -> Metric:
        return F1()

    def brute_force(self, scores: Any, predictions: Any, labels: Any) -> float:
        return float(oracle.f1_score(labels, scores >= best_threshold(scores, labels)))


class TestAccuracy(MetricContract):
    def make(self) -> Metric:
        return Accuracy()

    def brute_force(self, scores: Any, predictions: Any, labels: Any) -> float:
        return float(oracle.accuracy_score(labels, scores >= best_threshold(scores, labels)))


class TestErrorRate(MetricContract):
    def make(self) -> Metric:
        return ErrorRate()

    def brute_force(self, scores: Any, predictions: Any, labels: Any) -> float:
        return float(oracle.zero_one_loss(labels, scores >= best_threshold(scores, labels)))


class TestRMSE(MetricContract):
    def make(self) -> Metric:
        return RMSE()

    def brute_force(self, scores: Any, predictions: Any, labels: Any) -> float:
        return float(oracle.root_mean_squared_error(labels, predictions))


class TestMSE(MetricContract):
    def make(self) -> Metric:
        return MSE()

    def brute_force(self, scores: Any, predictions: Any, labels: Any) -> float:
        return float(oracle.mean_squared_error(labels, predictions))


class TestMAE(MetricContract):
    def make(self) -> Metric:
        return MAE()

    def brute_force(self, scores: Any, predictions: Any, labels: Any) -> float:
        return float(oracle.mean_absolute_error(labels, predictions))


def test_every_metric_has_its_contract() -> None:
    held = {one().make().name for one in globals().values() if isinstance(one, type) and one is not MetricContract
            and issubclass(one, MetricContract)}  # fmt: skip
    assert set(NAMES) <= held


class MeanMargin(Metric):
    """A metric as a third party writes it: the mean score of positives less that of negatives."""

    name, title, higher_is_better, ranks = "margin", "margin", True, True

    def refuses(self, part: Part) -> str | None:
        both = len(np.unique(part.labels)) == 2
        return None if both else "the margin needs labels of both kinds; use another split"

    def measure(self, scores: Any, predictions: Any, labels: Any) -> float:
        return float(scores[labels == 1].mean(dtype=float) - scores[labels == 0].mean(dtype=float))

    def measure_many(self, scores: Any, predictions: Any, labels: Any) -> Any:
        return scores[:, labels == 1].double().mean(1) - scores[:, labels == 0].double().mean(1)


class TestMargin(MetricContract):
    def make(self) -> Metric:
        return MeanMargin()

    def brute_force(self, scores: Any, predictions: Any, labels: Any) -> float:
        sums = [sum(float(s) for s, y in zip(scores, labels, strict=True) if y == kind) for kind in (1, 0)]
        return sums[0] / (labels == 1).sum() - sums[1] / (labels == 0).sum()


class TestRatings(TaskContract):
    def make(self) -> Task:
        return RatingTask.of(make_dataset())


class TestRatingsOfArrays(TaskContract):
    def make(self) -> Task:
        rng = np.random.default_rng(3)
        return ratings(
            (rng.integers(0, 9, 300), rng.integers(0, 9, 300), rng.normal(size=300)),
            metric="mae",
            split="by-user",
        )


class TestFeatures(TaskContract):
    def make(self) -> Task:
        rng = np.random.default_rng(1)
        values = rng.normal(size=(200, 3))
        return features((values, values.sum(1)))


class TestTwoClasses(TaskContract):
    def make(self) -> Task:
        rng = np.random.default_rng(1)
        values = rng.normal(size=(200, 3))
        return features((values, (values.sum(1) > 0).astype(int)))


@dataclass(frozen=True, eq=False)
class OwnPart:
    inputs: tuple[Any, ...]
    labels: Any

    def __len__(self) -> int:
        return len(self.labels)


class OwnTask:
    """A task as a third party writes it: it inherits nothing, and has the needed members only."""

    name = "own"
    signature = Domain.of("binary")
    metrics = (MeanMargin(), AUC())
    baselines = ("bce",)
    sizes = {"users": 20, "items": 16}  # noqa: RUF012

    def __init__(self) -> None:
        parts = make_dataset().parts().values()
        self.train, self.validation, self.test = (OwnPart(part.inputs, part.labels) for part in parts)

    def summary(self) -> dict[str, Any]:
        return {"rows": len(self.train)}

    def fingerprint(self) -> str:
        from symloss.tasks.fingerprint import digest

        return digest(self)


class TestOwnTask(TaskContract):
    def make(self) -> Task:
        return OwnTask()


def test_suites_are_public() -> None:
    import symloss.testing

    with pytest.raises(AttributeError):
        _ = symloss.testing.NoContract  # type: ignore[attr-defined]
