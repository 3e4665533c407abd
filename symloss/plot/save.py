"""Saves figures: PDF, SVG, PNG and PGF, the same bytes for the same figure, and a whole file or none."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from symloss.errors import OptionError
from symloss.files import check_writable, write_file
from symloss.plot.measure import quiet
from symloss.plot.style import style_context

FORMATS = ("pdf", "svg", "png", "pgf")
DPI = 300
"""Dots an inch of a PNG: what journals ask for."""

_METADATA: dict[str, dict[str, Any]] = {
    # Dates would make every file different.
    "pdf": {"CreationDate": None, "Creator": "symloss"},
    "svg": {"Date": None, "Creator": "symloss"},
    "png": {"Software": "symloss"},
}


def save(drawn: Figure, path: Path | str, *, dpi: int = DPI, style: str | None = None) -> None:
    """Write a figure; the ending of `path` chooses the format.

    Fonts are embedded in PDF (as TrueType) and drawn as outlines in SVG; PGF takes those of the document.

    Args:
        drawn: the figure.
        path: where; its folder must exist.
        dpi: dots an inch of a PNG, 20 to 2400.
        style: the style sheet that the figure was drawn with.

    Raises:
        OptionError: the ending is none of .pdf, .svg, .png, .pgf, or dpi is out of range.
        SymlossError: the file can't be written; nothing is left behind.
    """
    path = Path(path)
    check_path(path)
    if not 20 <= dpi <= 2400:
        raise OptionError(f"dpi is {dpi}; it must be from 20 to 2400")
    ending = path.suffix.lower().removeprefix(".")
    held = io.BytesIO()
    with style_context(style), quiet():
        if ending == "pgf":
            from symloss.plot.pgf import pgf_text

            held.write(pgf_text(drawn).encode())
        else:
            drawn.savefig(held, dpi=dpi, format=ending, metadata=_METADATA[ending])
    write_file(path, held.getvalue())


def check_path(path: Path) -> None:
    """Check the ending and the folder of a path, before any work is done.

    Raises:
        OptionError: the ending is none of .pdf, .svg, .png, .pgf.
        SymlossError: nothing can be written there.
    """
    if path.suffix.lower().removeprefix(".") not in FORMATS:
        raise OptionError(f"can't write {str(path)!r}; the ending must be one of .pdf, .svg, .png, .pgf")
    check_writable(path)
