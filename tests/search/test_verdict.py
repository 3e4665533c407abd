"""The verdict and the warnings: nothing is crowned that does not beat what was there, in either direction."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from symloss.contest.cautions import Caution, cautions, invalid_losses
from symloss.contest.evaluation import EvaluationResult
from symloss.contest.verdict import Scored, Verdict, judge
from symloss.data.balance import balancing_threshold, imbalance, rating_counts
from symloss.data.dataset import Dataset, Interactions
from symloss.progress import LoopDone
from symloss.signature import Labels
from symloss.tasks.metrics import AUC, get
from symloss.tasks.references import Reference
from symloss.training.outcome import Outcome


def means(value: float, metric: str = "auc") -> list[Reference]:
    return [Reference("user plus item means", {metric: value}, value)]


CASES = [
    # metric, found, handcrafted, means, code, words that begin the sentence
    ("auc", 0.81, [0.80, 0.79], 0.70, "found_loss_beats", "The best found, f, has test AUC 0.8100"),
    ("auc", 0.80, [0.79, 0.81], 0.70, "no_found_loss_beats", "No found loss beats h1 (0.8100)"),
    ("auc", 0.80, [0.80], 0.70, "no_found_loss_beats", "No found loss beats h0 (0.8000)"),
    ("auc", 0.60, [0.55], 0.61, "no_found_loss_beats", "No found loss beats user plus item means (0.6100)"),
    ("auc", math.nan, [0.55], 0.61, "no_found_loss_beats", "No found loss has a test AUC"),
    ("auc", 0.60, [math.nan], 0.5, "found_loss_beats", "The best found"),
    ("rmse", 0.90, [0.95], 0.97, "found_loss_beats", "The best found"),
    ("rmse", 0.96, [0.95], 0.97, "no_found_loss_beats", "No found loss beats h0 (0.9500)"),
    ("rmse", 0.99, [1.05], 0.97, "no_found_loss_beats", "No found loss beats user plus item means (0.9700)"),
]


@pytest.mark.parametrize(("metric", "found", "others", "trivial", "code", "begins"), CASES)
def test_verdicts(
    metric: str, found: float, others: list[float], trivial: float, code: str, begins: str
) -> None:
    handcrafted = [Scored(f"h{k}", value) for k, value in enumerate(others)]
    verdict = judge(get(metric), Scored("f", found), handcrafted, means(trivial, metric))
    assert verdict.code == code and verdict.sentence.startswith(begins)
    assert verdict.crowned == (code == "found_loss_beats")
    assert "winner" not in verdict.sentence
    assert Verdict.from_json(verdict.to_json()) == verdict


def test_nothing_got_through() -> None:
    verdict = judge(AUC(), None, [Scored("bce", 0.8)], means(0.6))
    assert verdict.code == "nothing_got_through" and "winner" not in verdict.sentence


def result(auc: float, **others: object) -> EvaluationResult:
    plain = EvaluationResult(
        loss="bce", formula="(yhat - y)**2", eps=None, scale=1.0, seed=1, metrics={"auc": auc, "rmse": 0.4},
        valid_metric=auc, best_epoch=20, epochs=30, seconds=1.0, outcome=Outcome.CONVERGED.value, trials=1,
    )  # fmt: skip
    return replace(plain, **others)


def dataset(share: float = 0.5, ratings: tuple[tuple[float, int], ...] = (), rows: int = 4000) -> Dataset:
    labels = (np.arange(rows) < share * rows).astype(np.float32)
    part = Interactions.of(np.zeros(rows, int), np.zeros(rows, int), labels)
    return Dataset("made", part, part, part, 1, 1, ratings=ratings)


def codes(*results: EvaluationResult, trivial: float = 0.5, data: Dataset | None = None) -> list[str]:
    return [one.code for one in cautions(results, means(trivial), data or dataset(), AUC())]


def test_a_sound_result_has_no_warning() -> None:
    assert codes(result(0.8), trivial=0.7) == []


def test_warnings() -> None:
    cut = result(0.8, best_epoch=30, outcome=Outcome.MAX_EPOCHS.value)
    assert codes(cut, trivial=0.7) == ["not_converged"]
    assert codes(replace(cut, best_epoch=29), trivial=0.7) == []
    assert codes(result(0.51), trivial=0.5) == ["nothing_learned"]
    assert codes(result(0.51), result(0.7), trivial=0.5) == []
    assert codes(result(0.6), trivial=0.61) == ["below_means"]
    assert codes(result(0.8, scale=820000.0), trivial=0.7) == ["extreme_scale"]
    assert codes(result(0.8, scale=1e-9), trivial=0.7) == ["extreme_scale"]
    beyond = cautions([result(0.8, scale=1e40)], means(0.7), dataset(), AUC())
    assert "float32" in beyond[0].text
    assert codes(result(0.8), trivial=0.7, data=dataset(0.95)) == ["extreme_share"]
    assert Caution.from_json(beyond[0].to_json()) == beyond[0]


def test_a_threshold_that_balances_is_named() -> None:
    ratings = np.repeat([1.0, 2.0, 3.0, 4.0, 5.0], [10, 20, 50, 120, 400])
    counts = rating_counts(ratings)
    shares = {value: float((ratings > value).mean()) for value in (1.0, 2.0, 3.0, 4.0)}
    best = min(shares, key=lambda value: abs(shares[value] - 0.5))
    assert balancing_threshold(counts) == (best, pytest.approx(shares[best]))
    text = imbalance(dataset(0.9, counts))
    assert text is not None and f"--threshold {best:g}" in text
    assert imbalance(dataset(0.6, counts)) is None
    assert balancing_threshold(rating_counts(np.full(5, 3.0))) is None
    many = rating_counts(np.random.default_rng(0).random(50_000))
    assert sum(count for _, count in many) == 50_000 and len(many) <= 1000


def test_an_invalid_loss_is_named_and_others_are_not() -> None:
    bad = result(0.5, loss="-(yhat - y)**2", formula="-(yhat - y)**2")
    (found,) = invalid_losses([result(0.8), bad])
    assert found.code == "invalid_loss" and "-(yhat - y)**2" in found.text and "bce" not in found.text
    assert invalid_losses([result(0.8)]) == ()
    assert invalid_losses([bad], seconds=0.0) == ()


def test_real_labels_have_no_share() -> None:
    part = Interactions.of([0], [0], [7.0])
    assert imbalance(Dataset("real", part, part, part, 1, 1, labels=Labels.REAL)) is None


def test_fresh_rewards_say_what_is_true() -> None:
    from symloss.progress_display import _loop_facts

    counts = {"sampled": 100, "trained": 7, "kept": 0}
    fresh = _loop_facts(LoopDone(1, 1.0, counts, 0.4848, "f", 0.2, fresh_metric=0.6848, fresh=True))
    assert "best fresh validation 0.6848 (untrained 0.4848)" in fresh and "kept" not in fresh
    assert "none so far" in _loop_facts(LoopDone(1, 1.0, counts, 0.4848, None, None, fresh=True))
    assert "0 kept; recommender 0.4848" in _loop_facts(LoopDone(1, 1.0, counts, 0.4848, None, None))
