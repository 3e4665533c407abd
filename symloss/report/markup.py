"""Small pieces of HTML. What is no `Markup` is text, and is escaped where it enters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from symloss.report.values import text

DASH = "\N{EN DASH}"
"""Stands for a number that is not known."""

FEW_ROWS = 5
"""A table of so many rows is not divided between pages."""


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def html(value: object) -> str:
    """Return markup as it is, and anything else as escaped text."""
    return value if isinstance(value, Markup) else escape(text(value), quote=True)


def join(parts: Iterable[object], between: str = "") -> Markup:
    """Return parts one after the other; `between` is markup."""
    return Markup(between.join(html(part) for part in parts))


def element(name: str, *inside: object, **attributes: str) -> Markup:
    """Return an element; a trailing underscore of an attribute's name is left out, others become dashes."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value, quote=True)}"'
        for key, value in attributes.items()
    )
    return Markup(f"<{name}{written}>{join(inside)}</{name}>")


def paragraph(*inside: object, class_: str = "") -> Markup:
    """Return a paragraph."""
    return element("p", *inside, **({"class_": class_} if class_ else {}))


def section(key: str, title: str, *inside: object) -> Markup:
    """Return a section with a heading; `key` is its id."""
    heading = element("h2", title, id=f"{key}-title")
    return element("section", heading, *inside, id=key, aria_labelledby=f"{key}-title")


def table(
    caption: object,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    right: Sequence[str] = (),
    class_: str = "",
) -> Markup:
    """Return a table; the first cell of a row is its header.

    Args:
        caption: what it shows.
        columns: their headings.
        rows: of cells: markup or values.
        right: columns of numbers.
        class_: of the table.
    """
    heads = [
        element("th", column, scope="col", **({"class_": "n"} if column in right else {}))
        for column in columns
    ]
    body = []
    for row in rows:
        cells = []
        for k, cell in enumerate(row):
            look = {"class_": "n"} if columns[k] in right else {}
            cells.append(element("td", cell, **look) if k else element("th", cell, scope="row", **look))
        body.append(element("tr", *cells))
    made = element(
        "table",
        element("caption", caption),
        element("thead", element("tr", *heads)),
        element("tbody", *body),
        **({"class_": class_} if class_ else {}),
    )
    # A table that is too wide for the screen scrolls by itself, reachable by keyboard.
    size = "wide few" if len(body) <= FEW_ROWS else "wide"
    return element("div", made, class_=size, tabindex="0", role="region", aria_label=text(caption, 100))


def facts_list(rows: Iterable[tuple[str, object]], class_: str = "facts") -> Markup:
    """Return names and what belongs to them."""
    inside = [element("div", element("dt", name), element("dd", value)) for name, value in rows]
    return element("dl", *inside, class_=class_)


def shell(line: str) -> Markup:
    """Return a line for a shell, as it is to be copied."""
    return element("pre", element("code", line))


def decimals(value: float | None, *, sign: bool = False) -> str:
    """Return a metric with four decimals; a dash where it is not known."""
    return DASH if value is None else f"{value:+.4f}" if sign else f"{value:.4f}"


def short(value: float | None) -> str:
    """Return a number such as an eps, as short as it goes; nothing for None."""
    return "" if value is None else f"{value:g}"


def probability(value: float) -> str:
    """Return a p-value with two digits."""
    return f"{value:.2g}"


def span(value: tuple[float, float] | None, *, sign: bool = False) -> str:
    """Return an interval of a metric; a dash where it is not known."""
    return DASH if value is None else f"{decimals(value[0], sign=sign)} to {decimals(value[1], sign=sign)}"
