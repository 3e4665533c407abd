"""Paired tests against SciPy, enumeration and the bootstrap."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from symloss.contest.signed_rank import holm, wilcoxon_p
from symloss.contest.significance import compare_with_best, paired_test
from symloss.tasks.metrics import AUC, RMSE


def enumerated(differences: list[float]) -> float:
    """Count all signs."""
    nonzero = [value for value in differences if value != 0]
    ranks = stats.rankdata(np.abs(nonzero))
    found = sum(rank for rank, value in zip(ranks, nonzero, strict=True) if value > 0)
    middle = sum(ranks) / 2
    sums = [
        sum(rank for rank, sign in zip(ranks, signs, strict=True) if sign)
        for signs in itertools.product((0, 1), repeat=len(nonzero))
    ]
    return sum(abs(value - middle) >= abs(found - middle) - 1e-9 for value in sums) / len(sums)


@pytest.mark.parametrize(
    "differences",
    [
        [0.1, 0.2, 0.3, 0.4, 0.5],
        [0.1, -0.2, 0.3, 0.4, 0.5, -0.05],
        [1.0, 1.0, -1.0, 2.0, 2.0, 3.0],
        [0.0, 0.5, 0.25, -0.125, 0.0],
        [-3.0, -2.0, -1.0, -4.0, -5.0, -6.0, -7.0, -8.0],
    ],
)
def test_wilcoxon_is_exact_also_with_ties_and_zeros(differences: list[float]) -> None:
    assert wilcoxon_p(np.array(differences)) == pytest.approx(enumerated(differences), abs=1e-12)


def test_wilcoxon_agrees_with_scipy() -> None:
    generator = np.random.default_rng(3)
    for count in (5, 8, 12, 30):
        differences = generator.normal(0.3, 1, count)
        expected = stats.wilcoxon(differences, method="exact").pvalue
        assert wilcoxon_p(differences) == pytest.approx(expected, rel=1e-9)
    assert wilcoxon_p(np.zeros(4)) == 1.0


def made_up(seeds: int, rows: int, gain: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw labels, and scores of two models: noise by row that both share, and by model and seed."""
    generator = np.random.default_rng(11)
    labels = (generator.random(rows) < 0.55).astype(np.float32)
    shared = generator.normal(size=rows)
    noise = generator.normal(scale=0.3, size=(2, seeds, rows))
    own = generator.normal(scale=0.4, size=(2, 1, rows))
    scores = np.round(shared + own + noise + labels * np.array([1 + gain, 1.0])[:, None, None], 2)
    return scores[0].astype(np.float32), scores[1].astype(np.float32), labels


def test_paired_test_against_scipy_and_the_bootstrap() -> None:
    first, second, labels = made_up(6, 300, 0.1)
    found = paired_test("a", "b", first, second, labels, AUC())
    means = [[roc_auc_score(labels, row) for row in scores] for scores in (first, second)]
    expected = stats.ttest_rel(*means)
    assert found.first_mean == pytest.approx(np.mean(means[0]))
    assert found.second_mean == pytest.approx(np.mean(means[1]))
    assert found.t_p == pytest.approx(expected.pvalue)
    low, high = expected.confidence_interval(0.95)
    assert found.interval == pytest.approx((low, high))
    assert found.deviation == pytest.approx(np.std(np.subtract(*means), ddof=1))
    assert found.wilcoxon_p == pytest.approx(stats.wilcoxon(np.subtract(*means), method="exact").pvalue)
    assert found.least_p == 2 / 64
    # draw test rows again, within each class, as DeLong's variance supposes
    generator = np.random.default_rng(0)
    classes = [np.flatnonzero(labels == value) for value in (0, 1)]
    drawn = []
    for _ in range(300):
        rows = np.concatenate([generator.choice(one, len(one)) for one in classes])
        aucs = [
            np.mean([roc_auc_score(labels[rows], row[rows]) for row in scores]) for scores in (first, second)
        ]
        drawn.append(aucs[0] - aucs[1])
    assert found.rows is not None
    width = found.rows.interval[1] - found.rows.interval[0]
    assert width == pytest.approx(2 * 1.96 * np.std(drawn), rel=0.15)
    assert sum(found.rows.interval) / 2 == pytest.approx(found.difference)
    assert found.rows.method == "DeLong"


def test_rmse_is_better_where_it_is_lower() -> None:
    generator = np.random.default_rng(5)
    labels = generator.random(400).astype(np.float32)
    noise = generator.normal(size=(2, 4, 400))
    good, bad = labels + 0.1 * noise[0], labels + 0.2 * noise[1]
    found = paired_test("good", "bad", good, bad, labels, RMSE())
    errors = [np.sqrt(((values - labels) ** 2).mean(axis=1)) for values in (good, bad)]
    assert found.difference == pytest.approx(float(np.mean(errors[1] - errors[0])))
    assert found.difference > 0.05
    drawn = []
    for _ in range(400):
        rows = generator.integers(400, size=400)
        roots = [np.sqrt(((v[:, rows] - labels[rows]) ** 2).mean(axis=1)).mean() for v in (good, bad)]
        drawn.append(roots[1] - roots[0])
    assert found.rows is not None
    width = found.rows.interval[1] - found.rows.interval[0]
    assert width == pytest.approx(2 * 1.96 * np.std(drawn), rel=0.2)


def test_sentences_say_what_seeds_can_show() -> None:
    first, second, labels = made_up(4, 200, 0.5)
    few = paired_test("a", "b", first, second, labels, AUC())
    assert few.wilcoxon_p == 0.125 and few.level is None
    assert "not significant at 0.05" in few.sentence and "can't go below 0.12" in few.sentence
    many = paired_test("a", "b", *made_up(8, 200, 0.5), AUC())
    assert many.wilcoxon_p == pytest.approx(2 / 256) and many.level == 0.01
    assert "significant at 0.01" in many.sentence and "200 rows" in many.sentence
    assert many.to_json()["rows"]["rows"] == 200


def test_equal_losses_do_not_differ() -> None:
    first, _, labels = made_up(3, 100, 0.0)
    found = paired_test("a", "a", first, first, labels, AUC())
    assert (found.difference, found.t_p, found.wilcoxon_p, found.level) == (0.0, 1.0, 1.0, None)
    assert found.rows is not None and found.rows.p == 1.0


def test_holm() -> None:
    # by hand: 3 * 0.01, 2 * 0.02, then no smaller than what came before
    assert holm([0.02, 0.01, 0.03]) == pytest.approx([0.04, 0.03, 0.04])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []


def test_compare_with_best_takes_the_best_by_validation() -> None:
    first, second, labels = made_up(3, 100, 1.0)
    values = [second, first, second]
    valid = [[0.6, 0.6, 0.6], [0.5, 0.8, 0.6], [0.4, 0.4, 0.4]]
    found = compare_with_best(["x", "y", "z"], valid, values, labels, AUC())
    assert found is not None and found.best == "y"
    assert [test.second for test in found.tests] == ["x", "z"]
    assert all(test.adjusted_p == min(1.0, 2 * test.wilcoxon_p) for test in found.tests)
    worst = compare_with_best(["x", "y", "z"], valid, values, labels, RMSE())
    assert worst is not None and worst.best == "z"
    valid[0][1] = math.nan
    assert compare_with_best(["x", "y", "z"], valid, values, labels, AUC()) is None
