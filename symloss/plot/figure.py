"""Whole figures: one row a loss, one column a kind of picture; and saving them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from symloss.errors import OptionError, SymlossError, unknown_name
from symloss.loss import Loss
from symloss.plot.curves import curves, gradients
from symloss.plot.surface import surface

KINDS = ("surface", "curves", "gradients")
FORMATS = ("pdf", "svg", "png", "pgf")
LONGEST_TITLE = 90


def figure(losses: Sequence[Loss], *, kind: str = "all") -> Figure:
    """Draw each loss in a row of its own.

    Args:
        losses: at least one.
        kind: "surface", "curves", "gradients", or "all" for the three side by side.

    Raises:
        OptionError: the kind is unknown or there is no loss.
    """
    if kind not in (*KINDS, "all"):
        raise OptionError(unknown_name("kind of plot", kind, [*KINDS, "all"], "--kind takes one of these"))
    if not losses:
        raise OptionError("there is no loss to draw; give at least one")
    kinds = KINDS if kind == "all" else (kind,)
    drawn = Figure(figsize=(4.0 * len(kinds), 3.5 * len(losses)), layout="constrained")
    FigureCanvasAgg(drawn)
    rows = drawn.subfigures(len(losses), 1, squeeze=False)[:, 0]
    for row, loss in zip(rows, losses, strict=True):
        row.suptitle(_title(loss), fontsize=10)
        for column, name in enumerate(kinds, start=1):
            projection = "3d" if name == "surface" else None
            axes: Any = row.add_subplot(1, len(kinds), column, projection=projection)
            {"surface": surface, "curves": curves, "gradients": gradients}[name](loss, axes)
            if name == "surface":
                axes.set_box_aspect(None, zoom=0.85)
    return drawn


def _title(loss: Loss) -> str:
    """Typeset the formula where it is short enough to be read."""
    name = f"{loss.name}: " if loss.name else ""
    eps = f"   ($\\epsilon$ = {loss.eps_value:g})" if loss.has_eps else ""
    formula = loss.formula
    if len(formula) <= LONGEST_TITLE:
        # \operatorname is not in matplotlib's mathtext.
        return f"{name}$f = {loss.latex().replace(chr(92) + 'operatorname', chr(92) + 'mathrm')}${eps}"
    return f"{name}{formula[:LONGEST_TITLE]}...{eps}"


def save(drawn: Figure, path: Path) -> None:
    """Write a figure; the ending of `path` chooses the format.

    Raises:
        OptionError: the ending is none of .pdf, .svg, .png, .pgf.
        SymlossError: the file can't be written; nothing is left behind.
    """
    ending = path.suffix.lower().removeprefix(".")
    if ending not in FORMATS:
        raise OptionError(f"can't write {str(path)!r}; the ending must be one of .pdf, .svg, .png, .pgf")
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=".symloss-", suffix=path.suffix, dir=path.parent)
        os.close(descriptor)
    except OSError as error:
        raise SymlossError(
            f"can't write to {str(path.parent)!r}: {error.strerror}; choose another folder with -o"
        ) from None
    try:
        drawn.savefig(temporary, dpi=150)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except OSError as error:
        raise SymlossError(
            f"can't write {str(path)!r}: {error.strerror}; choose another file with -o"
        ) from None
    finally:
        Path(temporary).unlink(missing_ok=True)
