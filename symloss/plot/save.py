"""Saves figures: PDF, SVG, PNG and PGF, the same bytes for the same figure, and a whole file or none."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from symloss.errors import OptionError, SymlossError
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


def save(drawn: Figure, path: Path, *, dpi: int = DPI, style: str | None = None) -> None:
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
    check_path(path)
    if not 20 <= dpi <= 2400:
        raise OptionError(f"dpi is {dpi}; it must be from 20 to 2400")
    ending = path.suffix.lower().removeprefix(".")
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=".symloss-", suffix=path.suffix, dir=path.parent)
        os.close(descriptor)
    except OSError as error:
        raise SymlossError(
            f"can't write to {str(path.parent)!r}: {error.strerror}; choose another folder with -o"
        ) from None
    try:
        with style_context(style):
            if ending == "pgf":
                from symloss.plot.pgf import write_pgf

                write_pgf(drawn, Path(temporary))
            else:
                drawn.savefig(temporary, dpi=dpi, format=ending, metadata=_METADATA[ending])
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except OSError as error:
        raise SymlossError(
            f"can't write {str(path)!r}: {error.strerror}; choose another file with -o"
        ) from None
    finally:
        Path(temporary).unlink(missing_ok=True)


def check_path(path: Path) -> None:
    """Check the ending and the folder of a path, before any work is done.

    Raises:
        OptionError: the ending is none of .pdf, .svg, .png, .pgf.
        SymlossError: there is no such folder.
    """
    if path.suffix.lower().removeprefix(".") not in FORMATS:
        raise OptionError(f"can't write {str(path)!r}; the ending must be one of .pdf, .svg, .png, .pgf")
    if not path.parent.is_dir():
        raise SymlossError(
            f"can't write to {str(path.parent)!r}: no such folder; choose another folder with -o"
        )
