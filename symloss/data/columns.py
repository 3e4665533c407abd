"""Which column of a text file holds the user, the item, the rating or label, and the time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from symloss.errors import DataError, OptionError, nearest


class Role(StrEnum):
    """What a column is for."""

    USER = "user"
    ITEM = "item"
    RATING = "rating"
    LABEL = "label"
    TIME = "time"


ALIASES: dict[Role, tuple[str, ...]] = {
    Role.USER: ("user", "user_id", "userid", "uid", "reviewerid", "reviewer_id", "customer_id"),
    Role.ITEM: (
        "item",
        "item_id",
        "itemid",
        "iid",
        "movie_id",
        "movieid",
        "product_id",
        "asin",
        "parent_asin",
    ),
    Role.RATING: ("rating", "ratings", "score", "stars", "overall"),
    Role.LABEL: ("label", "labels", "click", "y"),
    Role.TIME: ("time", "timestamp", "ts", "unixreviewtime", "unix_review_time"),
}
"""Names by which a column is found without being told, the likeliest first; compared without case."""


@dataclass(frozen=True)
class Columns:
    """Which columns to read: a name in the header or a position counted from 1; None finds it by itself."""

    user: str | None = None
    item: str | None = None
    rating: str | None = None
    label: str | None = None
    time: str | None = None

    def get(self, role: Role) -> str | None:
        """Return what was asked for `role`, or None."""
        value: str | None = getattr(self, str(role))
        return value


@dataclass(frozen=True)
class Layout:
    """Where the columns are: whether the first line is a header, and the 0-based position of each role."""

    header: bool
    width: int
    positions: dict[Role, int]


def detect(
    cells: Sequence[str],
    roles: Sequence[Role],
    columns: Columns,
    where: str,
    optional: Collection[Role] = (),
) -> Layout:
    """Find the columns from the first line of a file.

    The line is a header if a column was asked for by name, if it holds a name of `ALIASES`, or if
    nothing in it is a number. Without a header the columns are taken in the order of `roles`.

    Args:
        cells: the fields of the first line.
        roles: the columns needed, in their order in a file without a header.
        columns: what the user asked for.
        where: the file, for messages.
        optional: roles that may have no column, where none was asked for.

    Raises:
        DataError: a column is missing or named twice.
        OptionError: one column was asked for in two roles.
    """
    shown = [cell.strip().strip("\"'") for cell in cells]
    names = [_normal(cell) for cell in shown]
    asked_by_name = any(_is_name(columns.get(role)) for role in roles)
    known = {alias for role in roles for alias in ALIASES[role]}
    header = asked_by_name or any(name in known for name in names) or not any(map(_is_number, shown))
    positions = {}
    for order, role in enumerate(roles):
        if role in optional and columns.get(role) is None and not _is_there(role, order, header, names):
            continue
        positions[role] = _position(role, order, header, shown, names, columns, roles, where)
    for role in positions:
        for other in positions:
            if role < other and positions[role] == positions[other]:
                raise OptionError(
                    f"{where}: column {positions[role] + 1} can't be both the {role} and the {other}; "
                    f"change --{role}-column or --{other}-column"
                )
    return Layout(header, len(cells), positions)


def _is_there(role: Role, order: int, header: bool, names: list[str]) -> bool:
    return any(alias in names for alias in ALIASES[role]) if header else order < len(names)


def _position(
    role: Role,
    order: int,
    header: bool,
    shown: list[str],
    names: list[str],
    columns: Columns,
    roles: Sequence[Role],
    where: str,
) -> int:
    asked = columns.get(role)
    if asked is not None:
        wanted = _normal(asked)
        if header and wanted in names:
            return _only(wanted, names, shown, where)
        if not _is_name(asked) and 1 <= int(asked) <= len(shown):
            return int(asked) - 1
        raise DataError(_missing(repr(asked), role, header, shown, where))
    if header:
        for alias in ALIASES[role]:
            if alias in names:
                return _only(alias, names, shown, where)
        raise DataError(_missing(f"for the {role}", role, header, shown, where))
    if order >= len(shown):
        raise DataError(
            f"{where}: no header and only {_count(len(shown))}; without a header the columns are "
            f"{', '.join(roles)}, in this order, unless --{role}-column and its like name positions"
        )
    return order


def _only(name: str, names: list[str], shown: list[str], where: str) -> int:
    if names.count(name) > 1:
        raise DataError(
            f"{where}: {names.count(name)} columns are named {shown[names.index(name)]!r}; rename all but one"
        )
    return names.index(name)


def _missing(what: str, role: Role, header: bool, shown: list[str], where: str) -> str:
    option = f"--{role}-column"
    if not header:
        return (
            f"{where}: no column {what}: the file has no header and {_count(len(shown))}; "
            f"{option} takes a position from 1 to {len(shown)}"
        )
    # A column that resembles what was asked for, or one of the usual names of this role.
    guesses = [what.strip("'")] if what.startswith("'") else list(ALIASES[role])
    guess = next((found for found in (nearest(name, shown) for name in guesses) if found), None)
    hint = f"; did you mean {guess!r}?" if guess else "."
    listed = ", ".join(repr(cell[:40]) for cell in shown[:20]) + (", ..." if len(shown) > 20 else "")
    return f"{where}: no column {what}{hint} Present are {listed}; name it with {option} NAME"


def _count(columns: int) -> str:
    return f"{columns} column{'s' if columns != 1 else ''}"


def _normal(name: str) -> str:
    """Fold case and drop what RecBole appends to a name (`user_id:token`)."""
    return name.strip().strip("\"'").casefold().split(":")[0].replace(" ", "_").replace("-", "_")


def _is_name(asked: str | None) -> bool:
    return asked is not None and not (asked.isascii() and asked.isdigit())


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
