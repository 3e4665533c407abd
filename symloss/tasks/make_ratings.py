"""Makes tasks of users, items and labels from frames, arrays, files and folders."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from symloss.constants import RATING_THRESHOLD
from symloss.data.balance import rating_counts
from symloss.data.columns import Columns, Role, detect
from symloss.data.dataset import Dataset, Interactions
from symloss.data.ids import IdColumn, contiguous
from symloss.data.ratings import label_ratings
from symloss.data.registry import LoadOptions, load
from symloss.data.split import (
    Split,
    SplitKind,
    split_by_user,
    split_last_positives,
    split_leave_one_out,
    split_random,
    time_order,
)
from symloss.data.table import read_table
from symloss.errors import DataError, OptionError, unknown_name
from symloss.signature import Labels
from symloss.tasks.metric import Metric
from symloss.tasks.rating_task import RatingTask
from symloss.tasks.splits import SHARES, check_shares, held_out

if TYPE_CHECKING:
    import pandas as pd


def ratings(
    train: pd.DataFrame | Mapping[str, Any] | Sequence[Any] | str | Path,
    valid: pd.DataFrame | Mapping[str, Any] | Sequence[Any] | str | Path | None = None,
    test: pd.DataFrame | Mapping[str, Any] | Sequence[Any] | str | Path | None = None,
    *,
    user: str | None = None,
    item: str | None = None,
    label: str | None = None,
    rating: str | None = None,
    time: str | None = None,
    threshold: float | None = None,
    labels: str | None = None,
    kind: str | None = None,
    metric: str | Metric | None = None,
    split: str = "random",
    shares: tuple[float, float] = SHARES,
    seed: int = 42,
    name: str | None = None,
) -> RatingTask:
    """Make a task of users, items and labels.

    Columns are found by their usual names (user, user_id, uid; item, movie_id; label, rating, stars; timestamp) where
    they are not named. Users and items may be numbers or text.

    Args:
        train: a frame (or a mapping of columns), three arrays (users, items, labels), or the path of a text file. Where
            a part is not given, it is drawn from these rows. The path of a folder is loaded as by --data-dir: presplit
            files, or a copy of ml-100k.
        valid, test: further parts, likewise, of the same users and items or of others.
        user, item: their columns.
        label: the column of labels, taken as they are unless `threshold` is given.
        rating: the column of ratings; with `labels` None or "binary", those above `threshold` (3 where None) are 1.
        time: the column of times, for the splits by time.
        threshold: values above it become labels 1, others 0.
        labels: what labels can be: "binary", "unit" or "real". Where None: binary with a threshold, with ratings and
            where all values are 0 or 1; else real.
        kind: what is asked: "classification" (AUC) or "regression" (RMSE); by the labels where None.
        metric: what is watched during training, a name or a metric; that of the kind where None.
        split: how rows are drawn: "random", "by-user", "leave-one-out" or "time" (each user's last positives).
        shares: of the rows that are drawn for validation and for test, by random or by user.
        seed: of the draw.
        name: what reports call it; the name of the file, or "ratings", where None.

    Raises:
        DataError: a column is missing, a value can't be used, or a part is empty.
        OptionError: an option is not allowed.
    """
    check_shares(shares)
    if split not in list(SplitKind):
        raise OptionError(unknown_name("split", split, map(str, SplitKind), "split= takes one of these"))
    if label is not None and rating is not None:
        raise OptionError("label= and rating= are two names for one column; give one of them")
    columns = Columns(user=user, item=item, label=label, rating=rating, time=time)
    if isinstance(train, str | Path) and Path(train).is_dir():
        if valid is not None or test is not None:
            raise OptionError("a folder holds all parts; give valid= and test= with files or frames only")
        options = LoadOptions(
            columns,
            threshold=RATING_THRESHOLD if threshold is None else threshold,
            labels=labels or Labels.BINARY,
            seed=seed,
        )
        return RatingTask.of(load(None, train, options), kind, metric)
    tables = [_read(one, columns) for one in (train, valid, test) if one is not None]
    title = name or (Path(train).stem if isinstance(train, str | Path) else "ratings")
    made = _dataset(
        title, tables, valid is not None, test is not None, _How(threshold, labels, split, shares, seed)
    )
    return RatingTask.of(made, kind, metric)


@dataclass(frozen=True)
class _How:
    """How values become labels, and what is held out."""

    threshold: float | None
    labels: str | None
    split: str
    shares: tuple[float, float]
    seed: int


@dataclass(frozen=True, eq=False)
class _Rows:
    """What was given for a part: ids, values and times of its rows, and whether the values are ratings."""

    users: IdColumn
    items: IdColumn
    values: NDArray[np.float64]
    times: NDArray[Any] | None
    are_ratings: bool


def _dataset(name: str, tables: Sequence[_Rows], has_valid: bool, has_test: bool, how: _How) -> Dataset:
    users, n_users = contiguous([one.users for one in tables])
    items, n_items = contiguous([one.items for one in tables])
    kind, threshold = _labels(tables, how)
    raw = [one.values for one in tables]
    cuts = np.cumsum([len(one) for one in raw])[:-1]
    # the range of ratings is that of all parts together
    right = np.split(
        label_ratings(np.concatenate(raw), RATING_THRESHOLD if threshold is None else threshold, kind), cuts
    )
    if threshold is None and kind is not Labels.REAL and not any(one.are_ratings for one in tables):
        right = [one.astype(np.float32) for one in raw]
    whole = [Interactions(*found) for found in zip(users, items, right, strict=True)]
    rows = held_out(has_valid, has_test, lambda v, t: _draw(tables[0], whole[0], (v, t), how), how.shares)
    others = iter(whole[1:])
    train = whole[0] if rows.train is None else whole[0].take(rows.train)
    validation = next(others) if rows.validation is None else whole[0].take(rows.validation)
    tested = next(others) if rows.test is None else whole[0].take(rows.test)
    for part, found in (("train", train), ("validation", validation), ("test", tested)):
        if not len(found):
            raise DataError(
                f"{name}: {part} is empty after the split of {len(whole[0]):,} rows; give more rows, larger shares or "
                "another split="
            )
    counts = rating_counts(np.concatenate(raw)) if threshold is not None else ()
    source = "rows given from Python" + (
        "" if rows.train is None else f", split {how.split}, seed {how.seed}"
    )
    return Dataset(
        name, train, validation, tested, n_users, n_items, source=source, labels=kind, ratings=counts
    )


def _labels(tables: Sequence[_Rows], how: _How) -> tuple[Labels, float | None]:
    """Return what labels are, and the threshold that makes them, if one does."""
    allowed = [str(one) for one in Labels if one is not Labels.POSITIVE]
    if how.labels is not None and how.labels not in allowed:
        raise OptionError(unknown_name("label domain", how.labels, allowed, "labels= takes one of these"))
    if how.threshold is not None:
        if not np.isfinite(how.threshold):
            raise OptionError(f"threshold is {how.threshold}; it must be a finite number such as 3")
        if how.labels not in (None, Labels.BINARY):
            raise OptionError(
                f"a threshold makes labels 0 and 1, not {how.labels} ones; leave one of the two out"
            )
        return Labels.BINARY, how.threshold
    values = np.concatenate([one.values for one in tables])
    plain = bool(np.isin(values, (0, 1)).all())
    if how.labels in (Labels.REAL, Labels.UNIT):
        return Labels(how.labels), None
    if plain:
        return Labels.BINARY, None
    if any(one.are_ratings for one in tables):
        return Labels.BINARY, RATING_THRESHOLD
    return (Labels.REAL if how.labels is None else Labels.BINARY), None


def _draw(table: _Rows, rows: Interactions, shares: tuple[float, float], how: _How) -> Split:
    kind = SplitKind(how.split)
    if kind is SplitKind.RANDOM:
        return split_random(len(rows), *shares, how.seed)
    if kind is SplitKind.BY_USER:
        return split_by_user(rows.users, *shares, how.seed)
    order = None if table.times is None else time_order(table.times)
    if kind is SplitKind.LEAVE_ONE_OUT:
        drawn = np.random.default_rng(how.seed).permutation(len(rows))
        return split_leave_one_out(rows.users, drawn if order is None else order)
    if order is None:
        raise DataError("no column for the time; name it with time=, or choose split='random'")
    return split_last_positives(rows.users, rows.labels > 0.5, order)


def _read(data: Any, columns: Columns) -> _Rows:
    """Return the rows of a part."""
    import pandas as pd

    if isinstance(data, str | Path):
        return _file(Path(data), columns)
    if isinstance(data, Mapping):
        data = pd.DataFrame(data)
    if isinstance(data, pd.DataFrame):
        return _frame(data, columns)
    if isinstance(data, np.ndarray) and data.ndim == 2 and data.shape[1] == 3:
        data = tuple(data.T)
    if not isinstance(data, tuple | list) or len(data) != 3:
        raise OptionError(
            f"rows are given as a frame, as three arrays (users, items, labels) or as a path, not as "
            f"{type(data).__name__}"
        )
    lengths = {len(one) for one in data}
    if len(lengths) > 1:
        raise DataError(
            f"users, items and labels must have one length, not {', '.join(str(len(one)) for one in data)}"
        )
    users, items = (_ids(pd.Series(one), what) for one, what in zip(data, ("users", "items"), strict=False))
    return _Rows(users, items, _numbers(pd.Series(data[2]), "labels"), None, False)


def _roles(columns: Columns) -> list[Role]:
    """Return which columns of values to look for, the likeliest first."""
    if columns.label is not None:
        return [Role.LABEL]
    return [Role.RATING] if columns.rating is not None else [Role.RATING, Role.LABEL]


def _frame(frame: pd.DataFrame, columns: Columns) -> _Rows:
    found, role = _first(
        lambda role: detect(
            [str(one) for one in frame.columns], [Role.USER, Role.ITEM, role, Role.TIME], columns, "the frame",
            (Role.TIME,),
        ),
        columns,
    )  # fmt: skip
    series = {each: frame.iloc[:, place] for each, place in found.positions.items()}
    times = _numbers(series[Role.TIME], "time") if Role.TIME in series else None
    return _Rows(
        _ids(series[Role.USER], "user"),
        _ids(series[Role.ITEM], "item"),
        _numbers(series[role], str(role)),
        times,
        role is Role.RATING,
    )


def _file(path: Path, columns: Columns) -> _Rows:
    found, role = _first(
        lambda role: read_table(
            path, [Role.USER, Role.ITEM, role, Role.TIME], columns, optional=(Role.TIME,)
        ),
        columns,
    )
    values = np.asarray(found.numbers[role], np.float64)
    return _Rows(found.users, found.items, values, found.numbers.get(Role.TIME), role is Role.RATING)


def _first(read: Any, columns: Columns) -> tuple[Any, Role]:
    """Return what can be read with the likeliest role of the values; where none can, the first error counts."""
    first: DataError | None = None
    for role in _roles(columns):
        try:
            return read(role), role
        except DataError as error:
            first = first or error
        except OptionError as error:
            raise OptionError(_in_python(str(error))) from None
    raise DataError(_in_python(str(first))) from None


def _in_python(text: str) -> str:
    """Say what is an option of the command line as an argument."""
    return re.sub(r"--(user|item|rating|label|time)-column( NAME)?", r"\1=", text)


def _ids(column: pd.Series[Any], what: str) -> IdColumn:
    import pandas as pd

    missing = column.isna().to_numpy()
    if missing.any():
        raise DataError(
            f"{what}: row {int(missing.argmax()) + 1} has no value ({int(missing.sum()):,} in all); drop these rows"
        )
    if pd.api.types.is_float_dtype(column) and (column % 1 == 0).all():
        column = column.astype(np.int64)
    codes, names = pd.factorize(column)
    return IdColumn(codes, tuple(str(one) for one in names))


def _numbers(column: pd.Series[Any], what: str) -> NDArray[np.float64]:
    import pandas as pd

    if pd.api.types.is_datetime64_any_dtype(column):
        column = column.astype("int64")
    try:
        values = column.to_numpy(np.float64, na_value=np.nan)
    except (TypeError, ValueError):
        raise DataError(f"{what} holds something that is no number; encode it as numbers") from None
    wrong = ~np.isfinite(values)
    if wrong.any():
        raise DataError(
            f"{what}: row {int(wrong.argmax()) + 1} is no finite number ({int(wrong.sum()):,} in all); drop these rows"
        )
    return values
