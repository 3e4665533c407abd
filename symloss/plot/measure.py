"""Measures a figure as it will be drawn: where every line of text comes to lie, and what is in the way of what."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import pairwise
from typing import Any

import matplotlib
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator
from matplotlib.transforms import Affine2D, Bbox

LEAST_WIDTH, LEAST_HEIGHT = 0.7, 0.5
"""Inches between the spines of a panel; in less nothing can be read."""

_AIR = 0.1
"""Share of the height of a line, above and below, that another text may share: most letters leave it empty."""

_GAP = 0.4
"""Between the labels of two ticks, in heights of a line."""

_SLACK = 0.5
"""Pixels that a text may stand out of the figure, as rounding has it."""


@contextmanager
def quiet() -> Iterator[None]:
    """Keep matplotlib's warnings, which speak of its own settings, from whoever wants a picture."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield


class _Ruler(RendererAgg):
    """Measures each text once, whatever figures it stands in and whatever sizes they are tried in."""

    def __init__(self, width: float, height: float, dpi: float) -> None:
        super().__init__(width, height, dpi)  # type: ignore[no-untyped-call]
        # A family such as "sans-serif" is the font that the style says.
        settings = [name for name in matplotlib.rcParams if name.startswith(("font.", "mathtext.", "text."))]
        self._fonts = tuple(str(matplotlib.rcParams[name]) for name in settings)

    def get_text_width_height_descent(self, s: str, prop: Any, ismath: Any) -> Any:
        return _extent(s, prop.copy(), ismath, float(self.dpi), self._fonts)


@lru_cache(maxsize=4096)
def _extent(s: str, prop: Any, ismath: Any, dpi: float, fonts: object) -> tuple[float, float, float]:
    """Return width, height and descent of a line in pixels; `fonts` are the settings that they hold for."""
    renderer: Any = RendererAgg(1, 1, dpi)  # type: ignore[no-untyped-call]
    width, height, descent = renderer.get_text_width_height_descent(s, prop, ismath)
    return float(width), float(height), float(descent)


class MeasuredCanvas(FigureCanvasAgg):
    """A canvas that measures each text once, whatever sizes the figure is tried in."""

    def get_renderer(self) -> Any:
        """Return a renderer of the size that the figure has now."""
        width, height = self.get_width_height(physical=True)
        key = width, height, float(self.figure.dpi)
        if self._lastKey != key:
            self._lastKey, self.renderer = key, _Ruler(*key)
        return self.renderer


class _Recorder(RendererBase):
    """Draws nothing and notes the box of each line of text, in pixels from the lower left."""

    def __init__(self, drawn: Figure) -> None:
        super().__init__()
        self._measure: Any = drawn.canvas.get_renderer()  # type: ignore[attr-defined]
        self._size = float(drawn.bbox.width), float(drawn.bbox.height)
        self._dpi = float(drawn.dpi)
        self.boxes: list[tuple[str, Bbox]] = []

    def draw_text(
        self, gc: Any, x: Any, y: Any, s: Any, prop: Any, angle: Any, ismath: Any = False, mtext: Any = None
    ) -> None:
        width, height, descent = self.get_text_width_height_descent(s, prop, ismath)
        # Short letters stand in a line that is high enough for long ones.
        _, full, depth = self.get_text_width_height_descent("lp", prop, False)
        height, descent = max(height, full), max(descent, depth)
        box = Bbox.from_extents(0, -descent, width, height - descent)
        turned = Affine2D().rotate_deg(float(angle)).translate(float(x), self._size[1] - float(y))
        if s.strip():
            corners = turned.transform(box.corners())
            self.boxes.append((s, Bbox([corners.min(axis=0), corners.max(axis=0)])))

    def draw_tex(self, gc: Any, x: Any, y: Any, s: Any, prop: Any, angle: Any, *, mtext: Any = None) -> None:
        self.draw_text(gc, x, y, s, prop, angle, "TeX", mtext)

    def get_text_width_height_descent(self, s: str, prop: Any, ismath: Any) -> tuple[float, float, float]:
        width, height, descent = self._measure.get_text_width_height_descent(s, prop, ismath)
        return float(width), float(height), float(descent)

    def draw_path(self, *arguments: Any, **options: Any) -> None: ...

    def draw_markers(self, *arguments: Any, **options: Any) -> None: ...

    def draw_path_collection(self, *arguments: Any, **options: Any) -> None: ...

    def draw_quad_mesh(self, *arguments: Any, **options: Any) -> None: ...

    def draw_gouraud_triangles(self, *arguments: Any, **options: Any) -> None: ...

    def draw_image(self, *arguments: Any, **options: Any) -> None: ...

    def get_canvas_width_height(self) -> Any:
        return self._size

    def points_to_pixels(self, points: Any) -> Any:
        return points * self._dpi / 72.0


@contextmanager
def layout_held(drawn: Figure) -> Iterator[None]:
    """Keep a figure from being laid out again as it is measured."""
    engine = drawn.get_layout_engine()
    drawn.set_layout_engine("none")
    try:
        yield
    finally:
        drawn.set_layout_engine(engine)


@contextmanager
def solids_hidden(drawn: Figure) -> Iterator[None]:
    """Keep three-dimensional Axes, which take long, from being measured."""
    hidden = [axes for axes in drawn.axes if axes.name == "3d" and axes.get_visible()]
    for axes in hidden:
        axes.set_visible(False)
    try:
        yield
    finally:
        for axes in hidden:
            axes.set_visible(True)


def text_boxes(drawn: Figure) -> list[tuple[str, Bbox]]:
    """Return every line of text that will be seen, with its box in pixels; the layout is computed first."""
    if not isinstance(drawn.canvas, FigureCanvasAgg):
        MeasuredCanvas(drawn)
    recorder: Any = _Recorder(drawn)
    with quiet():
        drawn.draw(recorder)
    return list(recorder.boxes)


def fault_of(drawn: Figure) -> str | None:
    """Return what is wrong with a figure as it is laid out, in words, or None where nothing is.

    Every text must be inside of the figure, touch no other text and no other panel, and every panel must be large
    enough to show something.
    """
    texts = text_boxes(drawn)
    for axes in drawn.axes:
        if axes.name == "3d" or hasattr(axes, "_colorbar"):
            continue
        box = axes.get_window_extent()
        wide, high = float(box.width / drawn.dpi), float(box.height / drawn.dpi)
        if wide < LEAST_WIDTH or high < LEAST_HEIGHT * _share(axes):
            return f"a panel of {wide:.2f} x {high:.2f} in is too small"
        for text, there in texts:
            if _shrunk(there).overlaps(_inner(box)):
                return f"{text!r} lies in a panel"
    whole = drawn.bbox
    for text, box in texts:
        if (
            box.x0 < whole.x0 - _SLACK
            or box.y0 < whole.y0 - _SLACK
            or box.x1 > whole.x1 + _SLACK
            or box.y1 > whole.y1 + _SLACK
        ):
            return f"{text!r} is cut off"
    tight = [(text, _shrunk(box)) for text, box in texts]
    for number, (text, box) in enumerate(tight):
        for other, there in tight[:number]:
            if box.overlaps(there):
                return f"{text!r} and {other!r} overlap"
    return None


def lowest_panel(drawn: Figure) -> tuple[float, int]:
    """Return how many inches the lowest panel has to spare, as it is laid out, and the number of rows of panels."""
    spare, rows = [0.0], set()
    for axes in drawn.axes:
        if hasattr(axes, "_colorbar"):
            continue
        box = axes.get_window_extent()
        rows.add(round(box.y0))
        if axes.name != "3d":
            # The name beside a panel may be longer than the least that a panel needs.
            name = axes.yaxis.label.get_window_extent().height if axes.get_ylabel() else 0.0
            needed = max(LEAST_HEIGHT * _share(axes), float(name) / drawn.dpi)
            spare.append(float(box.height) / drawn.dpi - needed)
    return max(0.0, min(spare[1:], default=0.0)), max(1, len(rows))


def _share(axes: Any) -> float:
    """Return how low a panel may be beside the usual: a strip below another panel is made to be lower."""
    spec = axes.get_subplotspec()
    ratios = None if spec is None else spec.get_gridspec().get_height_ratios()
    if spec is None or not ratios:
        return 1.0
    return float(min(1.0, ratios[spec.rowspan.start] / max(ratios)))


def thin_ticks(drawn: Figure) -> None:
    """Leave out every second tick of a horizontal axis whose labels stand too close in a narrow panel."""
    renderer: Any = drawn.canvas.get_renderer()  # type: ignore[attr-defined]
    for axes in drawn.axes:
        if axes.name == "3d" or not isinstance(axes.xaxis.get_major_locator(), FixedLocator):
            continue
        boxes = [text.get_window_extent(renderer) for text in axes.get_xticklabels() if text.get_text()]
        ticks = axes.get_xticks()
        crowded = any(b.x0 - a.x1 < _GAP * a.height for a, b in pairwise(boxes) if b.x0 >= a.x0)
        if crowded and len(ticks) >= 3 and len(ticks) % 2:
            axes.set_xticks(ticks[::2])


def _shrunk(box: Bbox) -> Bbox:
    # Beside each other texts need a gap, lest two numbers read as one.
    across = box.height > box.width * 1.5
    x, y = (_AIR * box.width, -1.0) if across else (-1.0, _AIR * box.height)
    return Bbox.from_extents(box.x0 + x, box.y0 + y, box.x1 - x, box.y1 - y)


def _inner(box: Bbox) -> Bbox:
    return Bbox.from_extents(box.x0 + 1, box.y0 + 1, box.x1 - 1, box.y1 - 1)
