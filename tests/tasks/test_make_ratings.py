"""Tasks of ratings from frames, arrays and files, against what pandas says of the same rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import symloss as sl
from symloss.data import LoadOptions, load
from symloss.errors import DataError, OptionError
from symloss.signature import Labels
from symloss.tasks import RatingTask, ratings
from symloss.tasks.metrics import MAE


def frame(rows: int = 500, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "when": rng.permutation(rows),
            "movie_id": [f"film {k}" for k in rng.integers(0, 25, rows)],
            "stars": rng.integers(1, 6, rows),
            "user_id": rng.integers(100, 120, rows),
        }
    )


def as_rows(task: RatingTask, part: Any) -> pd.DataFrame:
    return pd.DataFrame({"u": part.users, "i": part.items, "y": part.labels})


def test_every_row_is_in_one_part() -> None:
    data = frame()
    task = ratings(data, seed=3)
    parts = [as_rows(task, part) for part in task.parts().values()]
    assert [len(part) for part in parts] == [400, 50, 50]
    found = pd.concat(parts)
    # ids that are integers are numbered by value, others by text
    users = {value: k for k, value in enumerate(sorted(data["user_id"].unique()))}
    items = {value: k for k, value in enumerate(sorted(data["movie_id"].unique()))}
    expected = pd.DataFrame(
        {"u": data["user_id"].map(users), "i": data["movie_id"].map(items), "y": (data["stars"] > 3) * 1.0}
    )
    order = ["u", "i", "y"]
    pd.testing.assert_frame_equal(
        found.sort_values(order).reset_index(drop=True),
        expected.sort_values(order).reset_index(drop=True),
        check_dtype=False,
    )
    assert task.sizes == {"users": 20, "items": 25} and task.signature.labels is Labels.BINARY
    assert [one.name for one in task.metrics] == ["auc", "f1", "accuracy", "rmse", "mae"]
    assert ratings(data, seed=3).fingerprint() == task.fingerprint() != ratings(data, seed=4).fingerprint()


def test_a_file_gives_what_its_frame_gives(tmp_path: Path) -> None:
    data = frame()
    data.to_csv(tmp_path / "mine.csv", index=False)
    for options in ({}, {"rating": "stars", "labels": "real"}, {"split": "leave-one-out", "time": "when"}):
        of_file = ratings(tmp_path / "mine.csv", **options)
        assert of_file.fingerprint() == ratings(data, **options).fingerprint()
    assert of_file.name == "mine"


def test_a_random_split_is_that_of_the_command_line(tmp_path: Path) -> None:
    frame().to_csv(tmp_path / "mine.csv", index=False)
    loaded = load(None, tmp_path / "mine.csv", LoadOptions(split="random", seed=7))
    assert RatingTask.of(loaded).fingerprint() == ratings(tmp_path / "mine.csv", seed=7).fingerprint()


def test_parts_that_are_given_stay() -> None:
    data = frame()
    train, valid, test = data[:300], data[300:380], data[380:]
    task = ratings(train, valid, test)
    assert [len(part) for part in task.parts().values()] == [300, 80, 120]
    assert task.test.labels.tolist() == (test["stars"] > 3).tolist()
    only = ratings(train, test=test, shares=(0.2, 0.1))
    assert len(only.test) == 120 and len(only.validation) == 60 and len(only.train) == 240
    # users and items of all parts have one index
    assert only.test.users.tolist() == task.test.users.tolist()


def test_what_labels_become() -> None:
    data = frame()
    assert ratings(data, threshold=4).train.labels.mean() < ratings(data, threshold=2).train.labels.mean()
    real = ratings(data, label="stars")
    assert real.labels is Labels.REAL and real.metrics[0].name == "rmse" and real.kind.name == "regression"
    assert set(np.unique(real.train.labels)) == {1, 2, 3, 4, 5}
    assert ratings(data, rating="stars", labels="unit").train.labels.max() == 1
    plain = data.assign(click=(data["stars"] > 2) * 1).drop(columns="stars")
    clicks = ratings(plain, label="click")
    assert clicks.labels is Labels.BINARY and clicks.metrics[0].name == "auc"
    assert (
        clicks.train.labels.sum() + clicks.validation.labels.sum() + clicks.test.labels.sum()
        == plain["click"].sum()
    )


def test_what_is_watched() -> None:
    data = frame()
    assert ratings(data, metric="mae").metrics[0] == MAE() == ratings(data, metric=MAE()).metrics[0]
    assert len({one.name for one in ratings(data, metric="mse").metrics}) == 6
    assert ratings(data, kind="regression").metrics[0].name == "rmse"
    assert ratings(data, kind="regression").baselines == ("mse", "mae")


def test_arrays_and_mappings_are_rows_too() -> None:
    data = frame()
    arrays = (data["user_id"].to_numpy(), data["movie_id"].tolist(), (data["stars"] > 3).to_numpy())
    expected = ratings(data).fingerprint()
    assert ratings(arrays).fingerprint() == expected
    assert ratings({name: data[name].tolist() for name in data}).fingerprint() == expected
    numbers = np.stack([data["user_id"], data["user_id"] % 7, data["stars"] > 3], axis=1)
    assert ratings(numbers).sizes == {"users": 20, "items": 7}


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"user": "usr"}, DataError, "no column 'usr'; did you mean 'user_id'.*user="),
        ({"rating": "star"}, DataError, "did you mean 'stars'"),
        ({"item": "user_id"}, OptionError, "can't be both the"),
        ({"label": "stars", "rating": "stars"}, OptionError, "two names for one column"),
        ({"split": "rendom"}, OptionError, "did you mean 'random'"),
        ({"split": "time"}, DataError, "no column for the time"),
        ({"shares": (0.9, 0.2)}, OptionError, "together below 1"),
        ({"labels": "bynary"}, OptionError, "did you mean 'binary'"),
        ({"labels": "real", "threshold": 3}, OptionError, "leave one of the two out"),
        ({"metric": "acu"}, OptionError, "did you mean 'auc'"),
        ({"kind": "ranking"}, OptionError, "unknown task 'ranking'"),
        ({"threshold": float("nan")}, OptionError, "finite number"),
    ],
)
def test_messages(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        ratings(frame(), **options)


def test_rows_that_cannot_be_used_are_named() -> None:
    data = frame()
    with pytest.raises(DataError, match=r"stars|rating: row 4 is no finite number \(1 in all\)"):
        ratings(data.assign(stars=data["stars"].astype(float).where(np.arange(len(data)) != 3)))
    with pytest.raises(DataError, match="user: row 6 has no value"):
        ratings(data.assign(user_id=data["user_id"].astype(float).where(np.arange(len(data)) != 5)))
    with pytest.raises(DataError, match="no number"):
        ratings(data.assign(stars="many"))
    with pytest.raises(DataError, match="one length"):
        ratings(([1, 2], [1, 2], [0]))
    with pytest.raises(OptionError, match="three arrays"):
        ratings(7)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="empty after the split"):
        ratings(data[:3])


def test_float_ids_are_the_integers_they_are() -> None:
    data = frame()
    assert (
        ratings(data.assign(user_id=data["user_id"].astype(float))).fingerprint()
        == ratings(data).fingerprint()
    )


def test_a_folder_is_loaded_as_by_the_command_line(tmp_path: Path) -> None:
    for part, rows in (("train", 60), ("validation", 20), ("test", 20)):
        data = frame(rows)
        data["label"] = (data["stars"] > 3) * 1
        data[["user_id", "movie_id", "label"]].to_csv(tmp_path / f"a.{part}.csv", index=False)
    task = ratings(tmp_path)
    assert len(task.train) == 60 and task.fingerprint() == RatingTask.of(load(None, tmp_path)).fingerprint()


def test_a_dataset_is_a_task() -> None:
    task = ratings(frame())
    assert sl.tasks.of(task) is task
    wrapped = sl.tasks.of(task.dataset)
    assert wrapped.fingerprint() == task.fingerprint() and wrapped.metrics == task.metrics
    with pytest.raises(OptionError, match="str is no task, it has no name"):
        sl.tasks.of("ml-100k")  # type: ignore[arg-type]


def test_a_task_is_shown_in_one_line() -> None:
    users = np.arange(600) % 30
    task = ratings(train={"user": users, "item": np.arange(600) % 20, "label": (users % 2).astype(float)})
    rows = sl.tasks.features(train=(np.arange(40.0).reshape(20, 2), np.arange(20) % 2))
    for one in (task, rows):
        assert "\n" not in repr(one)
        assert len(repr(one)) < 200
        assert f"{len(one.train):,} train" in repr(one)
        assert one.metrics[0].name in repr(one)
