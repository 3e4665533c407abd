"""The parts of the reproduction, against scikit-learn and closed forms."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, precision_recall_curve, roc_auc_score

from tests.examples.conftest import ROOT

REFERENCE = ROOT.parent / "shared" / "reference"


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="the paper's figures are not in ../shared/reference")
@pytest.mark.parametrize("table, name", [(5, "table5_classification"), (6, "table6_regression")])
def test_figures_are_the_papers(table, name):
    ours = ROOT / "examples" / "autolossgen" / f"paper_table{table}.csv"
    with ours.open() as one, (REFERENCE / f"autolossgen_{name}.csv").open() as other:
        assert list(csv.reader(one)) == list(csv.reader(other))


def test_figures_by_symloss_names():
    from autolossgen.reference import ablation, published

    assert published(5)["mf", "auc", "maxr"] == 0.8087
    assert published(5, "Electronics")["mlp", "accuracy", "logmin"] == 0.7926
    assert published(6)["mlp", "rmse", "mse"] == 0.4268
    assert [row["losses"] for row in ablation()] == ["3200", "93792"]


def test_trace_measures_what_scikit_learn_does():
    from autolossgen.trace import COLUMNS, best_thresholds, measure

    generator = np.random.default_rng(3)
    parts = []
    for rows in (70, 90):
        labels = (generator.random(rows) < 0.4).astype(np.float32)
        # rounded, so that there are ties
        scores = (generator.normal(size=rows) + labels).round(1).astype(np.float32)
        parts += [scores, labels]
    valid, valid_labels, test, test_labels = parts
    row = dict(zip(COLUMNS, measure(*parts), strict=True))
    assert row["valid auc"] == pytest.approx(roc_auc_score(valid_labels, valid))
    assert row["test auc"] == pytest.approx(roc_auc_score(test_labels, test))
    precision, recall, thresholds = precision_recall_curve(valid_labels, valid)
    f1 = 2 * precision * recall / (precision + recall)
    best = thresholds[np.flatnonzero(f1[:-1] >= f1[:-1].max() - 1e-12)]
    low, high = best_thresholds(valid, valid_labels)
    assert (low, high) == pytest.approx((best.min(), best.max()))
    assert row["f1 at the threshold of validation"] == pytest.approx(f1_score(test_labels, test >= low))
    assert row["accuracy at the threshold of validation"] == pytest.approx(
        accuracy_score(test_labels, test >= low)
    )
    assert row["accuracy at 0.5"] == pytest.approx(accuracy_score(test_labels, test >= 0))
    assert row["test mae"] == pytest.approx(np.abs(1 / (1 + np.exp(-test)) - test_labels).mean(), rel=1e-5)


@pytest.mark.parametrize("eps", [1.0, 0.1, 1e-2, 1e-4])
def test_strength_of_maxr_is_the_closed_form(eps):
    from autolossgen.strength import strength_of

    # 1/eps = (1 + eps)/(eps + x)**2
    x = math.sqrt(eps * (1 + eps)) - eps
    found = strength_of("maxr", eps)
    assert found == pytest.approx((x, x * (1 - x) / eps), rel=1e-4)


def test_strength_of_handcrafted_losses():
    from autolossgen.strength import factor, strength_of

    assert strength_of("bce", None) == pytest.approx((0.5, 0.5), rel=1e-5)
    assert strength_of("mse", None) == pytest.approx((0.5, 0.25), rel=1e-5)
    # -(1 - x)**2 log x at 1/2, by x, times x(1 - x)
    focal = (2 * 0.5 * math.log(2) + 0.25 / 0.5) * 0.25
    assert strength_of("focal", None)[1] == pytest.approx(focal, rel=1e-5)
    assert strength_of("hinge", None)[1] == pytest.approx(1.0)
    assert factor("maxr", 0.1) == 1.0
    assert factor("bce", None) == pytest.approx(3.56)


def test_order_with_ties():
    from autolossgen.reference import TITLES, published
    from autolossgen.table5 import out_of_order

    paper = {loss: published(5)["mf", "auc", loss] for loss in TITLES}
    assert out_of_order(paper, "mf", "auc") == []
    # MaxR and SumR are 0.0001 apart: a tie
    swapped = {**paper, "maxr": paper["sumr"], "sumr": paper["maxr"]}
    assert out_of_order(swapped, "mf", "auc") == []
    swapped = {**paper, "mse": 0.79}
    assert out_of_order(swapped, "mf", "auc") == [("bce", "mse"), ("hinge", "mse")]


def test_results_survive_and_belong_to_their_data(tmp_path: Path):
    from autolossgen.jobs import Job
    from autolossgen.results import Results, Trained

    job = Job("mf", "maxr", eps=0.1)
    found = Trained(
        job, math.nan, 0, 0, 0.1, "diverged", {}, np.zeros((2, 3), np.float32), np.ones(4, np.float32)
    )
    results = Results(tmp_path / "new" / "r.sqlite3", "one")
    results.put(found)
    results.set_fact("a", [1, 2])
    results.close()
    again = Results(tmp_path / "new" / "r.sqlite3", "one")
    back = again.get(job)
    assert back is not None and math.isnan(back.valid_metric) and back.rank == math.inf
    assert back.history.shape == (2, 3) and back.scores.tolist() == [1, 1, 1, 1]
    assert again.fact("a") == [1, 2]
    assert again.get(Job("mf", "maxr", eps=0.01)) is None
    other = Results(tmp_path / "new" / "r.sqlite3", "two")
    assert other.get(job) is None and other.fact("a") is None
    other.close()
    again.close()


def test_file_that_is_no_database(tmp_path: Path):
    from autolossgen.results import Results

    from symloss.errors import RunError

    path = tmp_path / "r.sqlite3"
    path.write_text("this is no database, and long enough to be seen as none" * 20)
    with pytest.raises(RunError, match="--results"):
        Results(path, "one")


def test_variants_change_one_thing():
    from autolossgen.variants import dropout_of, settings_of, trainer_of

    from symloss.models.mlp import trainer as mlp
    from symloss.training.settings import TrainingSettings
    from tests.search.conftest import make_dataset

    for name in ("mf", "mlp"):
        plain, small = (
            trainer_of(name, variant, 1, make_dataset(), TrainingSettings()).start(1)
            for variant in ("", "small start")
        )
        tables = [
            (s.table.numpy(),) if name == "mlp" else (s.user_embedding, s.item_embedding)
            for s in (plain, small)
        ]
        for one, other in zip(*tables, strict=True):
            np.testing.assert_allclose(other, one / 10, rtol=1e-6)
    assert settings_of("third of the L2") == {"l2": 1e-4} and settings_of("one order") == {}
    kept = mlp.KEEP
    with dropout_of("no dropout"):
        assert mlp.KEEP == 1.0
    with dropout_of(""):
        assert kept == mlp.KEEP
    assert mlp.KEEP == kept == 0.8
