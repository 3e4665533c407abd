"""A formula as it is shown: typeset by the browser, with its text beside it for copying."""

from __future__ import annotations

from functools import lru_cache

from symloss import zoo
from symloss.errors import SymlossError
from symloss.formula.parse import parse
from symloss.loss import Loss
from symloss.report.markup import Markup, element, join
from symloss.report.mathml import lines
from symloss.signature import Domain

WIDE, MEDIUM, NARROW = 26.0, 24.0, 16.0
"""Room for a formula on the page, in a table with few columns and in one with many, in units of the font size."""


def formula(text: str, *, room: float = WIDE) -> Markup:
    """Return a formula typeset, and its text; the text alone where it is no formula, or too wide to typeset."""
    plain = element("code", text, class_="formula")
    math = typeset(text, room)
    if math is None:
        return plain
    return element("span", math, plain, class_="both")


@lru_cache(maxsize=1024)
def typeset(text: str, room: float) -> Markup | None:
    """Return a formula as MathML, broken between several elements where it is wide; None where that can't be done."""
    try:
        parts = lines(parse(text), room)
    except SymlossError:
        return None
    return None if parts is None else element("span", join(map(Markup, parts), " "), class_="math")


def loss_of(name: str, text: str, eps: float | None, labels: str) -> Loss | None:
    """Return the loss of a result, or None where its formula can't be read.

    Args:
        name: of a named loss, which says whether yhat is a score; or the formula again.
        text: its formula.
        eps: its value, or None.
        labels: of the data.
    """
    try:
        if zoo.is_name(name):
            named = zoo.get(name)
            kind = named.domain.input if labels != "real" else Domain.of(labels).input
            return named.with_domain(labels, kind).with_eps(eps)
        return Loss(text, eps=eps, labels=labels)
    except SymlossError:
        return None
