"""Data that somebody else has split: NAME.train.csv, NAME.validation.csv and NAME.test.csv in a folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from symloss.data.columns import Columns, Role
from symloss.data.dataset import PARTS, Dataset, Interactions, allowed, outside
from symloss.data.ids import contiguous
from symloss.data.rejected import RejectedRows
from symloss.data.table import MAX_BYTES, Table, read_table
from symloss.errors import DataError, unknown_name
from symloss.signature import Labels


def presplit_names(folder: Path | str) -> list[str]:
    """Return the names of the data sets in a folder, that is the NAME of each NAME.train.csv."""
    return sorted(
        path.name.removesuffix(".train.csv") for path in Path(folder).glob("?*.train.csv") if path.is_file()
    )


def load_presplit(
    folder: Path | str,
    name: str | None = None,
    columns: Columns | None = None,
    *,
    labels: Labels = Labels.BINARY,
    separator: str | None = None,
    max_bytes: int = MAX_BYTES,
) -> Dataset:
    """Read a data set that is split already; the order of rows is kept.

    Args:
        folder: holds NAME.train.csv, NAME.validation.csv, NAME.test.csv: user, item and label, with a
            header (uid, iid, label) or without; tab separated, or by comma or `::`.
        name: which data set of the folder; needed where there are several.
        columns: names or positions of the columns; found by themselves where not given.
        labels: what the labels can be.
        separator: found by itself where not given.
        max_bytes: the largest file that is read.

    Raises:
        DataError: a file is missing or can't be used, a label is outside of `labels`, or the folder holds
            no data set or several and no name was given.
        OptionError: an option is not allowed.
    """
    folder = Path(folder)
    name = _choose(folder, name)
    tables = []
    for part in PARTS:
        path = folder / f"{name}.{part}.csv"
        if not path.is_file():
            raise DataError(
                f"{path} is missing; a presplit folder holds {name}.train.csv, {name}.validation.csv "
                f"and {name}.test.csv"
            )
        table = read_table(
            path, (Role.USER, Role.ITEM, Role.LABEL), columns, separator=separator, max_bytes=max_bytes
        )
        _check_labels(table, labels)
        tables.append(table)
    users, n_users = contiguous([table.users for table in tables])
    items, n_items = contiguous([table.items for table in tables])
    train, validation, test = (
        Interactions(user, item, table.numbers[Role.LABEL].astype(np.float32))
        for user, item, table in zip(users, items, tables, strict=True)
    )
    return Dataset(
        name,
        train,
        validation,
        test,
        n_users,
        n_items,
        rejected=RejectedRows.merge(table.rejected for table in tables),
        source=f"presplit files in {folder}",
        labels=labels,
    )


def _choose(folder: Path, name: str | None) -> str:
    names = presplit_names(folder)
    if not names:
        raise DataError(
            f"{folder} holds no NAME.train.csv; a presplit folder holds NAME.train.csv, NAME.validation.csv "
            f"and NAME.test.csv"
        )
    if name is None:
        if len(names) > 1:
            raise DataError(
                f"{folder} holds {len(names)} data sets: {', '.join(names)}; choose one with --dataset NAME"
            )
        return names[0]
    if name not in names:
        raise DataError(unknown_name("dataset", name, names, f"these are in {folder}"))
    return name


def _check_labels(table: Table, labels: Labels) -> None:
    values = table.numbers[Role.LABEL]
    wrong = outside(values, labels)
    if wrong.any():
        row = int(wrong.argmax())
        more = f" ({int(wrong.sum()):,} such rows)" if wrong.sum() > 1 else ""
        unit = "" if labels is Labels.UNIT else "--labels unit allows [0, 1], "
        raise DataError(
            f"{table.path}, line {table.lines[row]}: label {values[row]:g} is not allowed{more}; "
            f"{labels} labels are in {allowed(labels)}. {unit}--labels real allows any number; "
            f"ratings become labels where the file of ratings itself is given, with --threshold"
        )
