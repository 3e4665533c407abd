"""Tasks of rows of numbers: parts, standardised columns, labels and what can't be used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from symloss.errors import DataError, OptionError
from symloss.signature import Labels
from symloss.tasks import features


def frame(rows: int = 300, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    data = pd.DataFrame({"a": rng.normal(3, 5, rows), "label": 0.0, "b": rng.integers(0, 9, rows)})
    data["label"] = data["a"] * 2 - data["b"]
    return data


def test_parts_are_disjoint_and_complete() -> None:
    data = frame()
    task = features(data, standardise=False)
    values = [part.values for part in (task.train, task.validation, task.test)]
    assert [len(one) for one in values] == [240, 30, 30]
    found = pd.DataFrame(np.concatenate(values)).sort_values([0, 1]).to_numpy()
    expected = data[["a", "b"]].astype(np.float32).sort_values(["a", "b"]).to_numpy()
    np.testing.assert_array_equal(found, expected)
    assert task.columns == ("a", "b") and task.sizes == {"features": 2}
    for part in (task.train, task.validation, task.test):
        np.testing.assert_allclose(
            part.labels, part.values[:, 0] * 2 - part.values[:, 1], rtol=1e-5, atol=1e-4
        )


def test_features_are_standardised_by_the_train_part() -> None:
    from sklearn.preprocessing import StandardScaler

    data = frame().assign(same=4.0)
    train, valid, test = data[:200], data[200:250], data[250:]
    task = features(train, valid, test)
    scaler = StandardScaler().fit(train[["a", "b", "same"]])
    for part, rows in ((task.train, train), (task.validation, valid), (task.test, test)):
        np.testing.assert_allclose(
            part.values, scaler.transform(rows[["a", "b", "same"]]), rtol=1e-4, atol=1e-5
        )
    assert (task.test.values[:, 2] == 0).all()


def test_labels_decide_what_is_asked() -> None:
    data = frame()
    assert features(data).metrics[0].name == "rmse" and features(data).labels is Labels.REAL
    classes = features(data.assign(label=(data["label"] > 0) * 1))
    assert classes.metrics[0].name == "auc" and classes.baselines == ("bce", "mse")
    assert features(data.assign(label=(data["label"] > 0) * 1), labels="real").metrics[0].name == "rmse"
    assert features(data, metric="mae").metrics[0].name == "mae"


def test_references_are_constants() -> None:
    data = frame()
    task = features(data.assign(label=(data["label"] > -5) * 1))
    mean, majority = task.references(task.metrics[0])
    share = task.train.labels.mean()
    right = np.sqrt(((share - task.test.labels) ** 2).mean())
    assert mean.metrics["rmse"] == pytest.approx(right, rel=1e-5) and mean.metrics["auc"] == 0.5
    assert majority.metrics["mae"] == pytest.approx((task.test.labels != float(share > 0.5)).mean())


def test_files_and_arrays(tmp_path: Path) -> None:
    data = frame()
    data.to_csv(tmp_path / "rows.csv", index=False)
    task = features(tmp_path / "rows.csv")
    assert task.name == "rows" and task.fingerprint() == features(data).fingerprint()
    arrays = features((data[["a", "b"]].to_numpy(), data["label"].to_numpy()))
    assert arrays.fingerprint() == task.fingerprint() and arrays.columns == ("x1", "x2")
    assert features(data, columns=["b"]).sizes == {"features": 1}


@pytest.mark.parametrize(
    ("data", "options", "error", "message"),
    [
        (frame(), {"label": "lable"}, DataError, "did you mean 'label'"),
        (frame(), {"columns": ["c"]}, DataError, "unknown feature column 'c'"),
        (frame(), {"columns": ["a", "label"]}, OptionError, "both the label and a feature"),
        (frame().assign(a="x"), {}, DataError, "column 'a' holds something that is no number"),
        (frame().assign(b=np.nan), {}, DataError, r"row 1 is no finite number \(300 in all\)"),
        (frame(), {"labels": "binary"}, DataError, r"outside of \{0, 1\}"),
        (frame(), {"shares": (0.5, 0.5)}, OptionError, "together below 1"),
        (frame(5), {}, DataError, "part is empty"),
        (frame(), {"columns": []}, DataError, "at least one"),
        ((np.zeros((3, 2)), np.zeros(4)), {}, DataError, "X must have the shape"),
        ("no/such.csv", {}, DataError, "no file"),
        (7, {}, OptionError, "not as int"),
    ],
)
def test_messages(data: Any, options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        features(data, **options)


def test_parts_have_the_same_columns() -> None:
    with pytest.raises(DataError, match="other features: a, b and b"):
        features(frame(), frame().drop(columns="a"))
