"""Reading a delimited text file of interactions: limits, separator, columns, and the rows that are no good.

The file is parsed by pandas with quoting switched off, so that one line is always one row: a stray
quotation mark can't swallow the rest of the file, and line numbers in messages are those of an editor.
Quotation marks around a field are stripped afterwards.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from symloss.data.columns import Columns, Layout, Role, detect
from symloss.data.ids import IdColumn
from symloss.data.rejected import EXAMPLES, Reason, RejectedRows, Rejection
from symloss.errors import DataError, OptionError
from symloss.files import open_regular

if TYPE_CHECKING:
    from typing_extensions import Buffer

MAX_BYTES = 2 * 10**9
"""The largest file that is read unless a higher limit is given."""

SEPARATORS = ("::", "\t", ",", ";", "|")
"""What is tried, in this order: a tab may be part of no id, a comma of one in a tab-separated file."""

BLANKS = " "
"""Separates where the first line has none of those: any number of blanks together."""

NAMED_SEPARATORS = {
    "tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "bar": "|", "blank": BLANKS, "blanks": BLANKS
}  # fmt: skip
"""What a separator may be called, since a shell makes it hard to type some."""

_HEAD_BYTES = 65_536
_BLOCK = 1_048_576
_MAX_COLUMNS = 1_000
_NO_ID = {"", "NaN", "nan", "NULL", "null", "None", "none", "NA", "N/A", "<NA>"}
_NUMBER_REASON = {Role.RATING: Reason.RATING, Role.LABEL: Reason.LABEL, Role.TIME: Reason.TIME}


@dataclass(frozen=True, eq=False)
class Table:
    """The usable rows of a file, in file order.

    Args:
        path: the file.
        users: the user of each row.
        items: the item of each row.
        numbers: for each of the other columns read (rating, label, time) int64[n] or float64[n], finite.
        lines: int64[n], the line of the file that each row stands on, counted from 1.
        rejected: the rows that are not here.
    """

    path: Path
    users: IdColumn
    items: IdColumn
    numbers: dict[Role, NDArray[Any]]
    lines: NDArray[np.int64]
    rejected: RejectedRows

    def __len__(self) -> int:
        """How many usable rows there are."""
        return len(self.lines)


def read_table(
    path: Path | str,
    roles: Sequence[Role],
    columns: Columns | None = None,
    *,
    separator: str | None = None,
    max_bytes: int = MAX_BYTES,
    optional: Collection[Role] = (),
) -> Table:
    r"""Read the columns `roles` of a text file.

    Rows with a missing id, with a number that can't be read, or with too many fields are rejected and
    counted; blank lines are no rows.

    Args:
        path: the file; UTF-8 or Latin-1.
        roles: user and item, and any of rating, label, time; a file without a header has this order.
        columns: names or positions of the columns; found by themselves where not given.
        separator: tab, comma, `::` or another single character, or its name, see `NAMED_SEPARATORS`; a blank stands
            for any number of them; found by itself where not given.
        max_bytes: the largest file that is read.
        optional: roles that may have no column; they are not among the numbers of the table then.

    Raises:
        DataError: the file can't be read, is too large, empty or not text, a column is missing, or more
            than half of the rows are bad.
        OptionError: `separator` is not allowed, or two roles ask for one column.
    """
    path = Path(path)
    separator = NAMED_SEPARATORS.get(separator or "", separator)
    if separator is not None and separator != "::" and (len(separator) != 1 or separator in "\r\n\"'"):
        raise OptionError(
            f"separator {separator!r} is not allowed; give '::', one character such as ',', or tab or blank"
        )
    head, encoding = _head(path, max_bytes)
    lines = re.split("\r\n|\n|\r", head)
    first = next((number for number, line in enumerate(lines) if line.strip()), None)
    if first is None:
        raise DataError(f"{path} is empty; it should hold the columns {', '.join(roles)}")
    separator = separator or _sniff(lines[first], path, roles)
    cells = lines[first].split(None if separator == BLANKS else separator)
    if len(cells) > _MAX_COLUMNS:
        raise DataError(f"{path}: {len(cells)} columns in the first line; at most {_MAX_COLUMNS} are allowed")
    layout = detect(cells, roles, columns or Columns(), str(path), optional)
    roles = [role for role in roles if role in layout.positions]
    skipped = first + int(layout.header)
    frame = _parse(path, separator, layout, skipped, encoding)
    return _select(path, frame, layout, roles, first_line=skipped + 1)


def _head(path: Path, max_bytes: int) -> tuple[str, str]:
    """Check size and kind of the file; return its beginning, as text, and its encoding."""
    try:
        with open_regular(path) as file:
            size = os.fstat(file.fileno()).st_size
            head = file.read(_HEAD_BYTES) if size <= max_bytes else b""
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        if "not a regular file" in why:
            raise DataError(f"{path} is not a regular file; save the rows to a file first") from None
        raise DataError(f"can't read {path}: {why}; check the path and its rights") from None
    if head and not size:
        raise DataError(f"{path} is a file of the system that has no size; save the rows to a file first")
    if size > max_bytes:
        raise DataError(
            f"{path} has {size:,} bytes, above the limit of {max_bytes:,}; take fewer rows or raise max_bytes"
        )
    if b"\0" in head or head.startswith(b"\x1f\x8b"):
        raise DataError(
            f"{path} is not a text file; unpack it if it is compressed, and save it as UTF-8, one row a line"
        )
    whole = head if size <= _HEAD_BYTES else head[: head.rfind(b"\n") + 1]
    if not whole:
        raise DataError(
            f"{path}: its first line is {_HEAD_BYTES:,} bytes or longer" if size else f"{path} is empty"
        )
    try:
        return whole.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        return whole.decode("latin-1"), "latin-1"


def _sniff(line: str, path: Path, roles: Sequence[Role]) -> str:
    for separator in SEPARATORS:
        if separator in line:
            return separator
    if len(line.split()) > 1:
        return BLANKS
    raise DataError(
        f"{path}: no tab, comma, blank or '::' in the first line {line[:60]!r}; "
        f"a row holds {', '.join(roles)}, or name what separates them with --separator"
    )


def _parse(path: Path, separator: str, layout: Layout, skipped: int, encoding: str) -> pd.DataFrame:
    """Parse the needed columns and one more, at `layout.width`, that only overlong rows fill."""
    # The fast parser knows separators of one character only: with ":" every second field is empty.
    step = 2 if separator == "::" else 1
    as_text: dict[int, str] = {
        step * layout.positions[Role.USER]: "category",
        step * layout.positions[Role.ITEM]: "category",
        step * layout.width: "str",
    }
    for attempt in dict.fromkeys((encoding, "latin-1")):
        try:
            frame = _frame(path, separator, layout, skipped, attempt, step, as_text)
            time = layout.positions.get(Role.TIME)
            if time is not None and _is_rounded(frame[step * time]):
                # Whole numbers that a float can't tell apart: read them as they are written.
                frame = _frame(
                    path, separator, layout, skipped, attempt, step, as_text | {step * time: "str"}
                )
        except UnicodeDecodeError:
            continue
        except (pd.errors.ParserError, OSError, ValueError, OverflowError) as error:
            raise DataError(f"can't read {path}: {error}") from None
        frame.columns = pd.Index([int(column) // step for column in frame.columns])
        return frame.iloc[1:]
    raise DataError(f"can't decode {path}; save it as UTF-8")


def _frame(
    path: Path,
    separator: str,
    layout: Layout,
    skipped: int,
    encoding: str,
    step: int,
    as_text: dict[int, str],
) -> pd.DataFrame:
    positions = sorted({*layout.positions.values(), layout.width})
    # The parser takes no more columns than some row has, so it is given a row of zeros of full width first.
    zeros = (separator[0].join(["0"] * (step * layout.width + 1)) + "\n").encode(encoding)
    with open_regular(path) as file, io.BufferedReader(_Prefixed(zeros, file), _BLOCK) as prefixed:
        return pd.read_csv(
            prefixed,
            sep=r"\s+" if separator == BLANKS else separator[0],
            header=None,
            names=list(range(step * layout.width + 1)),
            usecols=[step * position for position in positions],
            dtype=as_text,
            index_col=False,
            skiprows=range(1, skipped + 1),
            keep_default_na=False,
            na_values=[""],
            skip_blank_lines=False,
            quoting=csv.QUOTE_NONE,
            low_memory=False,
            encoding=encoding,
        )


def _is_rounded(column: pd.Series[Any]) -> bool:
    """Return whether a column has floats, or texts that become floats, so large that neighbours fall together."""
    if column.dtype.kind in "iu":
        return False
    with np.errstate(invalid="ignore"):
        return bool((np.abs(_numbers(column)) >= 2.0**53).any())


class _Prefixed(io.RawIOBase):
    """A file with some bytes put before it."""

    def __init__(self, prefix: bytes, file: IO[bytes]) -> None:
        self._prefix = prefix
        self._file = file
        # A file that grows while it is read has an end all the same.
        self._left = os.fstat(file.fileno()).st_size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        view = memoryview(buffer)
        block = self._prefix[: len(view)]
        self._prefix = self._prefix[len(block) :]
        if not block:
            block = self._file.read(min(len(view), self._left))
            self._left -= len(block)
        view[: len(block)] = block
        return len(block)


def _select(path: Path, frame: pd.DataFrame, layout: Layout, roles: Sequence[Role], first_line: int) -> Table:
    """Keep the rows in which every column can be used; count and name the others."""
    texts = {role: frame[layout.positions[role]] for role in roles}
    ids = {role: _ids(texts[role]) for role in (Role.USER, Role.ITEM)}
    numbers = {
        role: _times(texts[role]) if role is Role.TIME else _numbers(texts[role])
        for role in roles
        if role in _NUMBER_REASON
    }
    faults: list[tuple[Reason, Role | None, NDArray[np.bool_]]] = [
        (Reason.FIELDS, None, frame[layout.width].notna().to_numpy()),
        (Reason.USER, Role.USER, ids[Role.USER].codes < 0),
        (Reason.ITEM, Role.ITEM, ids[Role.ITEM].codes < 0),
    ]
    faults += [(_NUMBER_REASON[role], role, ~_usable(values, role)) for role, values in numbers.items()]
    # A line with nothing in any of the columns is blank, not a bad row.
    blank = np.logical_and.reduce([_blank(texts[role]) for role in roles]) & ~faults[0][2]
    bad = blank.copy()
    rejections = []
    for reason, role, fault in faults:
        rows = np.flatnonzero(fault & ~bad)
        bad |= fault
        if len(rows):
            examples = tuple(
                f"{path.name}, line {row + first_line}"
                + (f": {role} {_shown(texts[role], row)}" if role else "")
                for row in rows[:EXAMPLES].tolist()
            )
            rejections.append(Rejection(reason, len(rows), examples))
    rejected = RejectedRows(tuple(rejections))
    total = len(frame) - int(blank.sum())
    if total == 0:
        raise DataError(f"{path} has a header but no rows" if layout.header else f"{path} has no rows")
    if 2 * rejected.total > total:
        raise DataError(
            f"{path}: {rejected.total:,} of {total:,} rows can't be used, more than half:\n"
            f"{rejected.describe()}\n"
            f"Read were {_described(layout)}; if these are the wrong columns, name them with --user-column "
            f"and its like"
        )
    good = np.flatnonzero(~bad)
    return Table(
        path,
        IdColumn(ids[Role.USER].codes[good], ids[Role.USER].names),
        IdColumn(ids[Role.ITEM].codes[good], ids[Role.ITEM].names),
        {role: np.ascontiguousarray(values[good]) for role, values in numbers.items()},
        good.astype(np.int64) + first_line,
        rejected,
    )


def _ids(column: pd.Series[Any]) -> IdColumn:
    """Turn a column into codes and cleaned names; -1 where there is no id."""
    as_category = column.astype("category")
    cleaned = [_clean(str(name)) for name in as_category.cat.categories]
    # Cleaning can make two names one (`"7"` and `7`): number the cleaned ones anew.
    number: dict[str, int] = {}
    table = [-1 if name in _NO_ID else number.setdefault(name, len(number)) for name in cleaned]
    # The last entry of the table is what the code -1 of an empty field picks.
    codes = np.array([*table, -1], dtype=np.int32)[as_category.cat.codes.to_numpy()]
    return IdColumn(codes, tuple(number))


def _times(column: pd.Series[Any]) -> NDArray[Any]:
    """Turn a column into times; where floats would fall together, into their ranks, which is all that a split needs."""
    values = column.to_numpy() if column.dtype == np.uint64 else _numbers(column)
    if values.dtype.kind != "f" or column.dtype.kind == "f" or not (np.abs(values) >= 2.0**53).any():
        return values
    exact: list[Decimal | None] = []
    for text in column.astype("str").str.strip().str.strip("\"'"):
        try:
            exact.append(Decimal(text))
        except (ArithmeticError, ValueError):
            exact.append(None)
    usable = {
        time for time, value in zip(exact, values, strict=True) if time is not None and np.isfinite(value)
    }
    rank = {time: float(place) for place, time in enumerate(sorted(usable))}
    return np.array([np.nan if time is None or time.is_nan() else rank.get(time, np.nan) for time in exact])


def _numbers(column: pd.Series[Any]) -> NDArray[Any]:
    """Turn a column into numbers; NaN where there is none."""
    if column.dtype.kind in "iu" and column.dtype != np.uint64:
        return column.to_numpy(dtype=np.int64)
    if column.dtype.kind in "fub":
        return column.to_numpy(dtype=np.float64)
    text = column.astype("str").str.strip().str.strip("\"'")
    return pd.to_numeric(text, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)


def _usable(values: NDArray[Any], role: Role) -> NDArray[np.bool_]:
    # Ratings and labels end up as float32, where a larger number would become infinity.
    limit = np.inf if role is Role.TIME else np.finfo(np.float32).max
    return np.isfinite(values) & (np.abs(values) <= limit)


def _blank(column: pd.Series[Any]) -> NDArray[np.bool_]:
    blank = column.isna().to_numpy()
    if column.dtype.kind in "iufb":
        return blank
    as_category = column.astype("category")
    empty = np.array([*(not str(name).strip() for name in as_category.cat.categories), True], dtype=bool)
    return np.asarray(empty[as_category.cat.codes.to_numpy()])


def _clean(text: str) -> str:
    return text.strip().strip("\"'").strip()


def _shown(column: pd.Series[Any], row: int) -> str:
    value = column.iloc[row]
    text = "" if pd.isna(value) else str(value)
    return repr(text if len(text) <= 40 else text[:37] + "...")


def _described(layout: Layout) -> str:
    places = ", ".join(f"column {position + 1} as {role}" for role, position in layout.positions.items())
    return f"{places} ({'with' if layout.header else 'without'} a header)"
