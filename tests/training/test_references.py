"""The trivial baselines against pandas and scikit-learn: ties, unseen users and items, all kinds of labels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from symloss.data.dataset import Dataset, Interactions
from symloss.signature import Labels
from symloss.tasks.metrics import AUC, RMSE
from symloss.tasks.rating_task import RatingTask
from symloss.tasks.references import best_reference


def made(labels: Labels, seed: int, rows: int = 400) -> Dataset:
    """Return data in which the last users and items have no row in the train part, and many scores are tied."""
    rng = np.random.default_rng(seed)

    def part(count: int, seen: bool) -> Interactions:
        users, items = rng.integers(0, 12 if seen else 15, count), rng.integers(0, 9 if seen else 12, count)
        values = rng.random(count) if labels is Labels.UNIT else rng.normal(5, 3, count)
        if labels is Labels.BINARY:
            values = (rng.random(count) < 0.3 + 0.04 * users).astype(float)
        return Interactions.of(users, items, values)

    return Dataset("made", part(rows, True), part(200, False), part(300, False), 15, 12, labels=labels)


def by_pandas(dataset: Dataset, part: Interactions) -> dict[str, np.ndarray]:
    train = pd.DataFrame({"u": dataset.train.users, "i": dataset.train.items, "y": dataset.train.labels})
    train["y"] = train["y"].astype(float)
    mean = train["y"].mean()
    users = pd.Series(part.users).map(train.groupby("u")["y"].mean()).fillna(mean)
    items = pd.Series(part.items).map(train.groupby("i")["y"].mean()).fillna(mean)
    return {
        "global mean": np.full(len(part), mean),
        "item mean": items.to_numpy(),
        "user plus item means": (users + items - mean).to_numpy(),
    }


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("labels", [Labels.BINARY, Labels.UNIT, Labels.REAL])
def test_means_are_those_of_pandas(labels: Labels, seed: int) -> None:
    dataset = made(labels, seed)
    metric = AUC() if labels is Labels.BINARY else RMSE()
    found = {one.name: one for one in RatingTask.of(dataset).references(metric)}
    expected = by_pandas(dataset, dataset.test)
    valid = by_pandas(dataset, dataset.validation)
    assert set(found) == set(expected)
    for name, scores in expected.items():
        one = found[name]
        clipped = scores if labels is Labels.REAL else scores.clip(0, 1)
        assert one.metrics["rmse"] == pytest.approx(
            np.sqrt(((clipped - dataset.test.labels) ** 2).mean()), rel=1e-5
        )
        assert one.metrics["mae"] == pytest.approx(np.abs(clipped - dataset.test.labels).mean(), rel=1e-5)
        if labels is Labels.BINARY:
            # rounded as nobody would tell the scores apart: sums of the same numbers may differ in the last bit
            auc = roc_auc_score(dataset.test.labels, scores.round(10))
            assert one.metrics["auc"] == pytest.approx(auc, abs=1e-12)
            assert one.valid_metric == pytest.approx(
                roc_auc_score(dataset.validation.labels, valid[name].round(10)), abs=1e-12
            )
        else:
            assert np.isnan(one.metrics["auc"])
    assert labels is not Labels.BINARY or found["global mean"].metrics["auc"] == 0.5


def test_the_best_is_by_the_metrics_direction() -> None:
    found = RatingTask.of(made(Labels.BINARY, 0)).references(AUC())
    name, value = best_reference(found, AUC()) or ("", 0.0)
    assert value == max(one.metrics["auc"] for one in found) and name in {one.name for one in found}
    lowest = best_reference(found, RMSE())
    assert lowest is not None and lowest[1] == min(one.metrics["rmse"] for one in found)
    assert best_reference([], AUC()) is None


def test_they_come_back_from_json() -> None:
    for labels in (Labels.BINARY, Labels.REAL):
        for one in RatingTask.of(made(labels, 3)).references(RMSE()):
            assert repr(type(one).from_json(one.to_json())) == repr(one)
