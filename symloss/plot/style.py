"""The look of the pictures: sizes, fonts, colours and line styles; style sheets on top of them.

Everything is set by `matplotlib.rc_context`, never globally. Colours are Okabe and Ito's (Color Universal Design,
2008), which people with any kind of colour blindness tell apart; in grey the line styles do.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib
from cycler import cycler

from symloss.errors import OptionError, nearest, unknown_name
from symloss.files import read_regular

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito's, without the yellow, which is too faint on white paper."""

DASHES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1, 1, 1)), (0, (8, 2, 2, 2)))
"""One line style for each colour."""

SINGLE, DOUBLE = 3.33, 7.0
"""Widths in inches of one and of two columns of a journal page."""

LARGEST_SIDE = 40.0

LARGEST_SHEET = 2**20
"""Bytes of a style sheet at most."""

PUBLICATION: dict[str, Any] = {
    "axes.formatter.limits": (-3, 4),
    # Plain tick labels take a tenth of the time; `scientific_ticks` switches it on where powers of ten are written.
    "axes.formatter.use_mathtext": False,
    "axes.labelsize": 8,
    "axes.linewidth": 0.6,
    "axes.prop_cycle": cycler(color=list(COLOURS)) + cycler(linestyle=list(DASHES)),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 8,
    "figure.dpi": 150,
    "figure.titlesize": 8,
    "font.size": 8,
    "hatch.linewidth": 0.5,
    "image.cmap": "viridis",
    "legend.fontsize": 7,
    "legend.frameon": False,
    "legend.handlelength": 2.4,
    "lines.linewidth": 1.2,
    "lines.markersize": 4,
    "patch.linewidth": 0.5,
    "xtick.labelsize": 7,
    "xtick.major.size": 2.5,
    "xtick.major.width": 0.6,
    "ytick.labelsize": 7,
    "ytick.major.size": 2.5,
    "ytick.major.width": 0.6,
}
"""The default look."""

FILES: dict[str, Any] = {
    # TrueType outlines inside the PDF: text stays text, and journals that refuse Type 3 fonts accept it.
    "pdf.fonttype": 42,
    "ps.fonttype": 42,
    # Outlines in SVG: the same picture on machines without the font.
    "svg.fonttype": "path",
    # Names inside an SVG are random without it.
    "svg.hashsalt": "symloss",
    # The fonts of this machine are none of the reader's business: PGF takes those of the document.
    "pgf.rcfonts": False,
    "pgf.texsystem": "pdflatex",
}
"""How files are written; style sheets come after these too."""


@contextlib.contextmanager
def style_context(style: str | None = None) -> Iterator[None]:
    """Draw in the default look, with a style sheet on top of it.

    Args:
        style: a style that matplotlib knows, a file in its format (.mplstyle), or None.

    Raises:
        OptionError: there is no such style, the file can't be read, or it asks for what this machine can't do.
    """
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        settings: Any = matplotlib.rcParams
        settings.update(PUBLICATION | FILES)
        if style is not None:
            settings.update(_sheet(style))
        if settings["text.usetex"]:
            _check_tex()
            try:
                yield
            except (RuntimeError, FileNotFoundError) as error:
                # What LaTeX writes fills pages; its last lines are in the log that it names.
                reason = str(error).strip().partition("\n")[0][:200]
                raise OptionError(
                    f"LaTeX failed on the texts of the figure ({reason}); remove text.usetex from the style sheet, or "
                    f"write a .pgf file, whose texts your document sets"
                ) from None
        else:
            yield


def _sheet(style: str) -> dict[str, Any]:
    from matplotlib import style as sheets

    library: Any = sheets.library
    if style in library:
        return dict(library[style])
    path = Path(style).expanduser()
    if path.suffix == ".mplstyle" or path.is_file():
        return _read_sheet(path, style)
    names = [name for name in sheets.available if not name.startswith("_")]
    raise OptionError(
        unknown_name("style", style, names, "--style takes one of these or the path of a style sheet")
    )


def _read_sheet(path: Path, style: str) -> dict[str, Any]:
    """Read a style sheet; matplotlib passes over what it does not know, and so would its reader.

    Raises:
        OptionError: the file can't be read, or a line of it is no setting.
    """
    try:
        text = read_regular(path, LARGEST_SHEET).decode("utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise OptionError(
            f"can't read the style sheet {style!r}: {reason}; name a file or one of matplotlib's styles"
        ) from None
    known: Any = matplotlib.rcParams
    for number, line in enumerate(text.splitlines(), start=1):
        setting = line.strip()
        if not setting or setting.startswith("#"):
            continue
        key, colon, _ = setting.partition(":")
        key = key.strip()
        if not colon or key not in known:
            guess = nearest(key, known)
            hint = f"did you mean {guess!r}?" if guess else "matplotlib has no such setting"
            raise OptionError(f"{style}, line {number}: {key[:60]!r} is no setting of a style; {hint}")
    with _reports() as reports, warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            read: Any = matplotlib.rc_params_from_file(path, use_default_template=False)
        except (OSError, ValueError, Warning) as error:
            reports.append(str(error))
    if reports:
        raise OptionError(
            f"the style sheet {style!r} can't be used: {' '.join(reports[0].split())[:300]}; mend that line"
        )
    return dict(read)


@contextlib.contextmanager
def _reports() -> Iterator[list[str]]:
    """Collect what matplotlib would write to its log."""
    found: list[str] = []
    log = logging.getLogger("matplotlib")
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: found.append(record.getMessage())  # type: ignore[method-assign]
    before = log.propagate
    log.addHandler(handler)
    log.propagate = False
    try:
        yield found
    finally:
        log.propagate = before
        log.removeHandler(handler)


def _check_tex() -> None:
    """Refuse text.usetex on a machine without LaTeX.

    Raises:
        OptionError: a program that it needs is missing.
    """
    missing = [name for name in ("latex", "dvipng") if shutil.which(name) is None]
    if missing:
        raise OptionError(
            f"the style sheet sets text.usetex, which needs {' and '.join(missing)}, not found here; install LaTeX, "
            f"remove that line, or write a .pgf file, whose texts your document sets"
        )


def line_styles(count: int) -> list[dict[str, Any]]:
    """Return colour and line style for each of `count` lines, all different up to 49.

    They are the property cycle's where one is set, else the default look's. A cycle without line styles gets ours.
    """
    cycle = matplotlib.rcParams["axes.prop_cycle"]
    if cycle == matplotlib.rcParamsDefault["axes.prop_cycle"]:
        cycle = PUBLICATION["axes.prop_cycle"]
    colours = cycle.by_key().get("color", list(COLOURS))
    dashes = cycle.by_key().get("linestyle", list(DASHES))
    return [
        {
            "color": colours[k % len(colours)],
            # A second round through the colours starts at another line style.
            "linestyle": dashes[(k + k // len(colours)) % len(dashes)],
        }
        for k in range(count)
    ]


def scientific_ticks(formatter: Any, low: float, high: float) -> None:
    """Have an axis of this range write powers of ten as such, not as 1e6, where it writes them."""
    small, large = matplotlib.rcParams["axes.formatter.limits"]
    size = max(abs(low), abs(high))
    if size >= 10.0**large or 0 < size < 10.0**small:
        formatter.set_useMathText(True)


def figure_size(size: str | None, *, default: str, height: float) -> tuple[float, float]:
    """Return width and height in inches.

    Args:
        size: "single" or "double" for the width of one or two columns; "W,H" in inches; None for `default`.
        default: "single" or "double".
        height: in inches, where `size` does not say.

    Raises:
        OptionError: the size is not one of these.
    """
    columns = {"single": SINGLE, "double": DOUBLE}
    wanted = size or default
    if wanted in columns:
        return columns[wanted], height
    try:
        width, given = (float(part) for part in wanted.split(","))
    except ValueError:
        raise OptionError(
            f"the size is {wanted!r}; it must be single, double, or width and height in inches, such as 5,3"
        ) from None
    if not (1 <= width <= LARGEST_SIDE and 1 <= given <= LARGEST_SIDE):
        raise OptionError(
            f"the size is {wanted!r}; width and height must be from 1 to {LARGEST_SIDE:g} inches"
        )
    return width, given
