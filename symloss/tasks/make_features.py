"""Makes tasks of rows of numbers from frames, arrays and files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from symloss.data.split import split_random
from symloss.errors import DataError, OptionError, unknown_name
from symloss.signature import Labels
from symloss.tasks.feature_task import FeatureRows, FeatureTask
from symloss.tasks.kinds import kind_of, watching
from symloss.tasks.metric import Metric
from symloss.tasks.splits import SHARES, check_shares, held_out

if TYPE_CHECKING:
    import pandas as pd

FRAMES = (".csv", ".tsv", ".txt", ".parquet")


def features(
    train: pd.DataFrame | Mapping[str, Any] | Sequence[Any] | str | Path,
    valid: pd.DataFrame | Mapping[str, Any] | Sequence[Any] | str | Path | None = None,
    test: pd.DataFrame | Mapping[str, Any] | Sequence[Any] | str | Path | None = None,
    *,
    label: str = "label",
    columns: Sequence[str] | None = None,
    labels: str | None = None,
    metric: str | Metric | None = None,
    shares: tuple[float, float] = SHARES,
    standardise: bool = True,
    seed: int = 42,
    name: str | None = None,
) -> FeatureTask:
    """Make a task of rows of numbers with a label.

    Args:
        train: rows as a frame (or a mapping of columns), as (X, y) with X of shape (n, d) and y of shape (n,), or the
            path of a CSV, TSV or Parquet file with a header. Where a part is not given, it is drawn from these.
        valid, test: further parts, likewise.
        label: the column of the label.
        columns: those of the features, numbers; all others where None.
        labels: what labels can be: "binary", "unit" or "real"; where None, binary if all are 0 or 1, else real.
        metric: what is watched during training, a name or a metric; AUC with labels 0 and 1, else RMSE, where None.
        shares: of the rows that are drawn for validation and for test.
        standardise: bring each feature to mean 0 and deviation 1 on the train part.
        seed: of the draw.
        name: what reports call it; the name of the file, or "features", where None.

    Raises:
        DataError: a column is missing or holds no finite numbers, parts don't fit each other, or one is empty.
        OptionError: an option is not allowed.
    """
    check_shares(shares)
    given = [one for one in (train, valid, test) if one is not None]
    read = [_read(one, label, columns) for one in given]
    names = read[0][2]
    for _, _, others in read[1:]:
        if others != names:
            raise DataError(
                f"the parts have other features: {', '.join(names[:8])} and {', '.join(others[:8])}; give the same "
                "columns to all, or name them with columns="
            )
    every = iter(read)
    values, targets, _ = next(every)
    rows = held_out(
        valid is not None, test is not None, lambda v, t: split_random(len(targets), v, t, seed), shares
    )
    parts: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
    for chosen, own in ((rows.train, True), (rows.validation, valid is None), (rows.test, test is None)):
        if own:
            index = np.arange(len(targets)) if chosen is None else chosen
            parts.append((values[index], targets[index]))
        else:
            more, right, _ = next(every)
            parts.append((more, right))
    known = _labels(labels, np.concatenate([right for _, right in parts]))
    asked = kind_of(known)
    mean, deviation = _moments(parts[0][0]) if standardise and len(parts[0][0]) else (0.0, 1.0)
    made = [
        FeatureRows(
            np.ascontiguousarray((numbers - mean) / deviation, np.float32),
            np.ascontiguousarray(right, np.float32),
        )
        for numbers, right in parts
    ]
    title = name or (Path(train).stem if isinstance(train, str | Path) else "features")
    source = (
        f"{'file ' + str(train) if isinstance(train, str | Path) else 'rows given from Python'}, seed {seed}"
    )
    return FeatureTask(
        title, made[0], made[1], made[2], known, asked, watching(asked.metrics, metric), names, source
    )


def _moments(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    deviation = values.std(axis=0)
    # a feature that is constant in the train part says nothing there; it stays as it is but for its mean
    return values.mean(axis=0), np.where(deviation > 0, deviation, 1.0)


def _labels(labels: str | None, values: NDArray[np.float64]) -> Labels:
    if labels is None:
        return Labels.BINARY if np.isin(values, (0, 1)).all() else Labels.REAL
    allowed = [str(one) for one in Labels if one is not Labels.POSITIVE]
    if labels not in allowed:
        raise OptionError(unknown_name("label domain", labels, allowed, "labels= takes one of these"))
    return Labels(labels)


def _read(
    data: Any, label: str, columns: Sequence[str] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64], tuple[str, ...]]:
    """Return features of shape (n, d), labels of shape (n,), and the names of the features."""
    import pandas as pd

    if isinstance(data, str | Path):
        data = _file(Path(data))
    if isinstance(data, pd.DataFrame | Mapping):
        return _frame(data if isinstance(data, pd.DataFrame) else pd.DataFrame(data), label, columns)
    if not isinstance(data, tuple | list) or len(data) != 2:
        raise OptionError(
            f"rows are given as a frame, as (X, y) or as a path, not as {type(data).__name__}; for arrays pass "
            "train=(X, y)"
        )
    values, targets = _numbers(data[0], "X"), _numbers(data[1], "y")
    if values.ndim != 2 or targets.ndim != 1 or len(values) != len(targets):
        raise DataError(
            f"X must have the shape (rows, features) and y (rows,), not {values.shape} and {targets.shape}"
        )
    names = tuple(columns) if columns is not None else tuple(f"x{k + 1}" for k in range(values.shape[1]))
    return values, targets, names


def _file(path: Path) -> pd.DataFrame:
    import pandas as pd

    if not path.is_file():
        raise DataError(f"no file {path}; give the path of a CSV, TSV or Parquet file with a header")
    if path.suffix not in FRAMES:
        raise DataError(
            f"{path}: files of features end in {', '.join(FRAMES)}; read it yourself and pass the frame"
        )
    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        return pd.read_csv(path, sep="," if path.suffix == ".csv" else "\t")
    except (OSError, ValueError, ImportError) as error:
        raise DataError(f"can't read {path}: {error}") from None


def _frame(
    frame: pd.DataFrame, label: str, columns: Sequence[str] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64], tuple[str, ...]]:
    present = [str(one) for one in frame.columns]
    if len(set(present)) < len(present):
        twice = next(one for one in present if present.count(one) > 1)
        raise DataError(f"{present.count(twice)} columns are named {twice!r}; rename all but one")
    wanted = [one for one in present if one != label] if columns is None else [str(one) for one in columns]
    for one in (label, *wanted):
        if one not in present:
            kind = "label column" if one == label else "feature column"
            raise DataError(unknown_name(kind, one, present, "label= and columns= take names of columns"))
    if label in wanted:
        raise OptionError(f"column {label!r} can't be both the label and a feature; leave it out of columns=")
    place = {name: number for number, name in enumerate(present)}
    values = [_numbers(frame.iloc[:, place[one]].to_numpy(), f"column {one!r}") for one in wanted]
    matrix = np.stack(values, axis=1) if values else np.empty((len(frame), 0))
    return matrix, _numbers(frame.iloc[:, place[label]].to_numpy(), f"column {label!r}"), tuple(wanted)


def _numbers(values: Any, what: str) -> NDArray[np.float64]:
    try:
        found = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        raise DataError(
            f"{what} holds something that is no number; encode it as numbers, or leave it out with columns="
        ) from None
    wrong = ~np.isfinite(found)
    if wrong.any():
        row = int(np.argwhere(wrong)[0][0])
        raise DataError(
            f"{what}: row {row + 1} is no finite number ({int(wrong.sum()):,} in all); drop these rows or fill them"
        )
    return found
