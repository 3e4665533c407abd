"""Metrics with a number in their name: accuracy at a threshold, and those of other packages."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest
import torch
from scipy import stats
from sklearn.metrics import accuracy_score

from symloss.errors import OptionError
from symloss.tasks import RatingTask
from symloss.tasks.metric import MetricFamily
from symloss.tasks.metrics.registry import get, in_order, title_of
from symloss.testing import MetricContract
from symloss.training.settings import TrainingSettings
from tests.installed import install
from tests.search.conftest import make_dataset


class TestAccuracyAt(MetricContract):
    def make(self) -> Any:
        return get("accuracy@0.3")

    def brute_force(self, scores: Any, predictions: Any, labels: Any) -> float:
        return float(accuracy_score(labels, predictions.astype(np.float64) >= 0.3))


class TestErrorRateAt(TestAccuracyAt):
    def make(self) -> Any:
        return get("error_rate@0.3")

    def brute_force(self, scores: Any, predictions: Any, labels: Any) -> float:
        return 1 - super().brute_force(scores, predictions, labels)


def test_mcnemar() -> None:
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 2, 4000).astype(np.float32)
    one, other = (0.3 + 0.4 * labels + generator.normal(0, width, 4000) for width in (0.3, 0.32))
    found = get("accuracy@0.5").compare(one, other, labels)
    assert found is not None and found.method == "McNemar"
    right, wrong = (((values >= 0.5) == (labels == 1)) for values in (one, other))
    b, c = int((right & ~wrong).sum()), int((~right & wrong).sum())
    assert found.difference == pytest.approx((b - c) / 4000)
    assert found.p == pytest.approx(stats.binomtest(b, b + c).pvalue, abs=0.02)
    errors = get("error_rate@0.5").compare(one, other, labels)
    assert errors is not None and errors.difference == pytest.approx(found.difference)


def test_it_keeps_its_level() -> None:
    generator = np.random.default_rng(1)
    metric, rejected = get("accuracy@0.5"), 0
    for _ in range(400):
        labels = generator.integers(0, 2, 500).astype(np.float32)
        pair = [labels + generator.normal(size=500) for _ in range(2)]
        found = metric.compare(*pair, labels)
        assert found is not None
        rejected += found.p < 0.05
    assert stats.binomtest(rejected, 400, 0.05).pvalue > 0.001


def test_names() -> None:
    assert get("accuracy@.5") == get("accuracy@0.50") and str(get("accuracy@.5")) == "accuracy@0.5"
    assert get("accuracy@0.4") != get("accuracy@0.5") != get("error_rate@0.5")
    assert title_of("error_rate@0.5") == "error rate at 0.5" and title_of("accuracy@x") == "ACCURACY@X"
    assert in_order(["accuracy@0.5", "auc"]) == ("auc", "accuracy@0.5")
    assert TrainingSettings(metric="accuracy@0.5").to_json()["metric"] == "accuracy@0.5"
    assert RatingTask.of(make_dataset(), metric="accuracy@0.5").metrics[0].name == "accuracy@0.5"
    for text in ("accuracy@", "accuracy@x", "accuracy@2", "accuracy@nan", "accuracy@0", "auc@3", "f1@0.5"):
        with pytest.raises(OptionError, match=text.split("@")[0]):
            get(text)


class HitsAt(MetricFamily):
    """How many of the first rows by score are positive."""

    name, title, higher_is_better, ranks = "hits", "hits", True, True

    def __init__(self, first: int = 10) -> None:
        self.first, self.name, self.title = first, f"hits@{first}", f"hits at {first}"

    @classmethod
    def at(cls, text: str) -> Self:
        if not text.isdigit():
            raise OptionError(f"hits@{text}: write hits@10")
        return cls(int(text))

    def refuses(self, part: Any) -> str | None:
        return None

    def measure(self, scores: Any, predictions: Any, labels: Any) -> float:
        return float(labels[np.argsort(-scores, kind="stable")][: self.first].sum())

    def measure_many(self, scores: Any, predictions: Any, labels: Any) -> Any:
        return torch.stack(
            [labels[row.argsort(descending=True, stable=True)][: self.first].sum() for row in scores]
        )


def test_of_another_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places = {"hits": "HitsAt", "plain": "TestAccuracyAt", "gone": "NoSuch"}
    lines = [f"{name} = {__name__}:{place}" for name, place in places.items()]
    monkeypatch.syspath_prepend(
        str(install(tmp_path, "hit-metrics", "\n".join(["[symloss.metrics]", *lines])))
    )
    assert get("hits@3").measure(np.array([3, 1, 2, 0]), np.zeros(4), np.array([1, 1, 0, 1])) == 2
    assert get("hits").name == "hits@10" and get("hits@20") == HitsAt(20)
    for name, message in (
        ("hits@x", "write hits@10"),
        ("plain@3", "takes no number"),
        ("gone@3", "can't be loaded"),
    ):
        with pytest.raises(OptionError, match=message):
            get(name)
    with pytest.raises(OptionError, match="hits"):
        get("nosuch")
