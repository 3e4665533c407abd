"""A matplotlib figure as SVG that stands inside of a page beside others: no names in common, nothing from elsewhere."""

from __future__ import annotations

import io
import re
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_HEAD = re.compile(r"<svg\b[^>]*>")
_DROPPED = re.compile(r"<metadata>.*?</metadata>|<style\b.*?</style>|<!--.*?-->", re.DOTALL)
_IDS = re.compile(r'\bid="([^"]*)"')
_LINKS = re.compile(r'\b(?:xlink:)?href="#([^"]*)"')
_REFERENCES = re.compile(r"url\(#([^)]*)\)")
_PATHS = re.compile(r'\bd="[^"]*"')
_LONG_NUMBERS = re.compile(r"(\d+\.\d\d)\d+")

ENLARGED = 1.25
"""A screen is read from further away than a page of a journal, for which the pictures are made."""


def inline_svg(drawn: Figure, prefix: str, title: str) -> str:
    """Return a figure as an SVG element.

    Args:
        drawn: the figure.
        prefix: put before every name in it; unique on the page.
        title: what stands for the picture where it can't be seen.
    """
    import matplotlib

    from symloss.plot.style import style_context

    settings: Any = matplotlib.rcParams
    target = io.StringIO()
    with style_context():
        settings["svg.hashsalt"] = prefix
        drawn.savefig(target, format="svg", metadata={"Date": None, "Creator": None})
    text = target.getvalue()
    body = text[text.index("<svg") :]
    body = _DROPPED.sub("", body)
    body = _IDS.sub(rf'id="{prefix}-\1"', body)
    body = _LINKS.sub(rf'href="#{prefix}-\1"', body)
    body = _REFERENCES.sub(rf"url(#{prefix}-\1)", body)
    # A hundredth of a point is finer than any printer; the rest would double the page.
    body = _PATHS.sub(lambda path: _LONG_NUMBERS.sub(r"\1", path[0]), body)
    width, height = (float(side) * 72 for side in drawn.get_size_inches())
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="{prefix}-title" '
        f'width="{ENLARGED * width:.0f}pt" height="{ENLARGED * height:.0f}pt" viewBox="0 0 {width:g} {height:g}">'
        f'<title id="{prefix}-title">{escape(title)}</title>'
    )
    return _HEAD.sub(lambda _: head, body, count=1)
