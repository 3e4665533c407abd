"""Fits three-dimensional Axes into their place: matplotlib's layout does not know how far their labels reach."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

LARGEST_ZOOM = 1.2
_ROUNDS = 4
_AIR = 0.98


def fit_surfaces(drawn: Figure) -> None:
    """Zoom every three-dimensional Axes of a figure that is laid out so that its labels just stay in its panel."""
    renderer: Any = drawn.canvas.get_renderer()  # type: ignore[attr-defined]
    everything: list[Any] = list(drawn.axes)
    for axes in everything:
        if axes.name != "3d":
            continue
        panel = _panel(axes)
        zoom = 1.0
        for _ in range(_ROUNDS):
            zoom = min(LARGEST_ZOOM, zoom * _AIR * _room(axes, panel, zoom, renderer))
        axes.set_box_aspect(None, zoom=zoom)


def _room(axes: Any, panel: tuple[float, float, float, float], zoom: float, renderer: Any) -> float:
    """Return by what factor the picture may grow, labels included, before it leaves the panel (in pixels)."""
    axes.set_box_aspect(None, zoom=zoom)
    axes.apply_aspect()
    axes.M = axes.get_proj()
    box = axes.get_tightbbox(renderer)
    centre_x, centre_y = (axes.bbox.x0 + axes.bbox.x1) / 2, (axes.bbox.y0 + axes.bbox.y1) / 2
    left, right, bottom, top = panel
    return float(
        min(
            (centre_x - left) / max(centre_x - box.x0, 1.0),
            (right - centre_x) / max(box.x1 - centre_x, 1.0),
            (centre_y - bottom) / max(centre_y - box.y0, 1.0),
            (top - centre_y) / max(box.y1 - centre_y, 1.0),
        )
    )


def _panel(axes: Any) -> tuple[float, float, float, float]:
    """Return the sides of the panel in pixels: its column of the block, between title and legend."""
    spec, block = axes.get_subplotspec(), axes.figure.bbox
    columns = spec.get_gridspec().ncols
    width = block.width / columns
    left = block.x0 + spec.colspan.start * width
    return left, left + width * len(spec.colspan), float(axes.bbox.y0), float(axes.bbox.y1)
