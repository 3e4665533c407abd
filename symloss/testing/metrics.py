"""What a metric has to hold."""

from __future__ import annotations

import json
import math
from abc import ABC, abstractmethod
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from symloss.tasks.auc_rmse import sigmoid
from symloss.tasks.metric import Metric
from symloss.tasks.metrics.described import describe
from symloss.tasks.metrics.measure import measure_all
from symloss.training.settings import TrainingSettings

Numbers = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class _Part:
    """Rows with labels alone."""

    labels: Numbers
    inputs: tuple[Numbers, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)


class MetricContract(ABC):
    """Tests of a metric: subclass it, and give `make` and `brute_force`.

    Labels are 0 and 1 and predictions sigmoids of scores; override `draw` for others.
    """

    @abstractmethod
    def make(self) -> Metric:
        """Return the metric."""

    @abstractmethod
    def brute_force(self, scores: Numbers, predictions: Numbers, labels: Numbers) -> float:
        """Return the metric by its definition, however slowly; arguments as of `Metric.measure`."""

    def draw(self, seed: int, rows: int, levels: int) -> tuple[Numbers, Numbers, Numbers]:
        """Return scores, predictions and labels on which the metric is defined.

        Args:
            seed: of what is drawn.
            rows: how many, at least 2.
            levels: distinct scores; few make many ties.
        """
        generator = np.random.default_rng(seed)
        scores = ((generator.integers(0, levels, rows) - levels // 2) / 8).astype(np.float32)
        labels = generator.integers(0, 2, rows).astype(np.float32)
        labels[:2] = 0, 1
        return scores, sigmoid(scores), labels

    def test_it_has_a_name_and_a_title(self) -> None:
        """Names are keys of JSON and words of a command line."""
        metric = self.make()
        assert metric.name and metric.name == metric.name.strip() and " " not in metric.name
        assert metric.title and isinstance(metric.higher_is_better, bool)
        assert json.loads(json.dumps(describe([metric])))[0]["name"] == metric.name

    def test_two_of_them_are_equal(self) -> None:
        """Settings that hold one are compared, hashed and copied."""
        one, other = self.make(), self.make()
        assert one == other and hash(one) == hash(other) and deepcopy(one) == one
        settings = TrainingSettings(metric=one)
        assert settings.validation_metric == other and settings == TrainingSettings(metric=other)
        assert json.loads(json.dumps(settings.to_json()))["metric"] == one.name

    def test_better_is_better(self) -> None:
        """The direction is that of `higher_is_better`, and NaN is never better."""
        metric = self.make()
        better, worse = (0.6, 0.5) if metric.higher_is_better else (0.5, 0.6)
        assert metric.improves(better, worse) and not metric.improves(worse, better)
        assert not metric.improves(0.5, 0.5) and not metric.improves(math.nan, metric.worst)
        assert metric.improves(worse, metric.worst)
        assert metric.sign * better > metric.sign * worse

    def test_perfect_is_better_than_reversed(self) -> None:
        """The direction is right: who knows the labels is better than who has them the wrong way round."""
        metric = self.make()
        labels = self.draw(1, 80, 30)[2]
        if np.isin(labels, (0, 1)).all():
            sides = [np.where(labels == 1, size, -size).astype(np.float32) for size in (4, -4)]
            good, bad = (metric.measure(side, sigmoid(side), labels) for side in sides)
        else:
            sides = [labels, labels.max() + labels.min() - labels]
            good, bad = (metric.measure(side, side, labels) for side in sides)
        assert metric.improves(good, bad), (
            f"{metric.name} is {good} for the labels and {bad} for their reverse"
        )

    def test_it_is_what_its_definition_says(self) -> None:
        """Small and large parts, with many ties and with none."""
        metric = self.make()
        for seed, (rows, levels) in enumerate([(2, 2), (7, 3), (60, 4), (60, 10_000), (301, 40)]):
            drawn = self.draw(seed, rows, levels)
            found, expected = metric.measure(*drawn), self.brute_force(*drawn)
            assert math.isclose(found, expected, rel_tol=2e-6, abs_tol=2e-6), (rows, levels, found, expected)
            assert metric.refuses(_Part(drawn[2])) is None
            assert measure_all([metric], *drawn) == {metric.name: found}
            assert metric.measured(*drawn)[metric.name] == found

    def test_many_at_once_are_those_one_by_one(self) -> None:
        """The device's form gives the numbers of the plain one."""
        import torch

        metric = self.make()
        for rows, levels in ((2, 2), (50, 5), (50, 10_000)):
            drawn = [self.draw(seed, rows, levels) for seed in range(4)]
            labels = drawn[0][2]
            scores, predictions = (np.stack([one[k] for one in drawn]) for k in (0, 1))
            expected = [metric.measure(s, p, labels) for s, p in zip(scores, predictions, strict=True)]
            tensors = [torch.from_numpy(array) for array in (scores, predictions, labels)]
            found = metric.measure_many(tensors[0], tensors[1], tensors[2])
            assert found.shape == (4,) and found.dtype == torch.float64
            np.testing.assert_allclose(found.numpy(), expected, rtol=1e-5, atol=1e-6)
            together = metric.measured_many(tensors[0], tensors[1], tensors[2])
            assert together[metric.name].tolist() == found.tolist()

    def test_a_comparison_is_the_same_from_both_sides(self) -> None:
        """Where there is one: its difference is that of the metric, and its interval holds it."""
        metric = self.make()
        one, other = (np.stack([metric.values(*self.draw(seed, 80, 30)[:2]) for seed in seeds]) for seeds in
                      ((1, 2, 3), (4, 5, 6)))  # fmt: skip
        labels = self.draw(1, 80, 30)[2]
        here, there = metric.compare(one, other, labels), metric.compare(other, one, labels)
        assert (here is None) == (there is None)
        if here is None or there is None:
            return
        by_seed = [metric.by_seed(values, labels) for values in (one, other)]
        assert math.isclose(
            here.difference, metric.sign * float((by_seed[0] - by_seed[1]).mean()), abs_tol=1e-12
        )
        assert math.isclose(here.difference, -there.difference, abs_tol=1e-12)
        assert math.isclose(here.p, there.p, rel_tol=1e-9) and 0 <= here.p <= 1
        np.testing.assert_allclose(here.interval, [-end for end in there.interval][::-1], atol=1e-12)
        assert here.interval[0] <= here.difference <= here.interval[1]
        wider = metric.compare(one, other, labels, 0.999)
        assert wider is not None and wider.interval[0] <= here.interval[0]
        same = metric.compare(one, one, labels)
        assert same is not None and same.difference == 0 and same.p == 1

    def test_it_refuses_in_words(self) -> None:
        """Without rows no metric is defined: it says so, and what to do."""
        refusal = self.make().refuses(_Part(np.zeros(0, np.float32)))
        assert refusal is not None and len(refusal.split()) > 4
