r"""PGF files for LaTeX documents, written without LaTeX.

matplotlib's own PGF writer runs LaTeX to measure every text. Here texts are measured with matplotlib's fonts, so that
a file can be made on a machine without LaTeX, and is the same on every machine. The document sets the texts in its own
fonts; those of LaTeX are narrower than what was measured, so nothing overlaps.
"""

from __future__ import annotations

import io
from typing import Any

from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.backends.backend_mixed import MixedModeRenderer
from matplotlib.backends.backend_pgf import RendererPgf
from matplotlib.figure import Figure

_HEAD = r"""%% Made by symloss. To include it: \usepackage{pgf}, then \input{FILE.pgf}
\begingroup
\makeatletter
\providecommand{\mathdefault}[1]{#1}
\begin{pgfpicture}
"""
_TAIL = r"""\end{pgfpicture}
\makeatother
\endgroup
"""


class _Renderer(RendererPgf):
    """Writes PGF, with texts measured by Agg."""

    def __init__(self, figure: Any, file: Any) -> None:
        super().__init__(figure, file)  # type: ignore[no-untyped-call]
        self._measure: Any = RendererAgg(10, 10, figure.dpi)  # type: ignore[no-untyped-call]

    def get_text_width_height_descent(self, s: str, prop: Any, ismath: Any) -> tuple[float, float, float]:
        width, height, descent = self._measure.get_text_width_height_descent(s, prop, ismath)
        return float(width), float(height), float(descent)


def pgf_text(drawn: Figure) -> str:
    r"""Return a figure as PGF, to be included with \input."""
    width, height = (float(side) for side in drawn.get_size_inches())
    file = io.StringIO()
    file.write(_HEAD)
    file.write(rf"\pgfpathrectangle{{\pgfpointorigin}}{{\pgfqpoint{{{width:f}in}}{{{height:f}in}}}}%" + "\n")
    file.write("\\pgfusepath{use as bounding box, clip}%\n")
    mixed: Any = MixedModeRenderer
    renderer = mixed(drawn, width, height, drawn.dpi, _Renderer(drawn, file))
    drawn.draw(renderer)
    file.write(_TAIL)
    return file.getvalue()
