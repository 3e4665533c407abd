"""Measures a figure as it is drawn: nothing is cut at its edge, no two texts overlap."""

from __future__ import annotations

from itertools import combinations
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox


def drawn_texts(figure: Figure) -> list[tuple[Text, Bbox]]:
    """Return every text that is seen, with its box in pixels."""
    renderer: Any = FigureCanvasAgg(figure).get_renderer()
    seen: list[tuple[Text, Bbox]] = []

    def draw_text(text: Text) -> None:
        if text.get_visible() and text.get_text().strip():
            seen.append((text, text.get_window_extent(renderer)))

    original = Text.draw
    try:
        # What the renderer is asked to draw is what is seen: ticks outside of their axis are not.
        def draw(self: Text, renderer: Any, *arguments: Any, **options: Any) -> None:
            original(self, renderer, *arguments, **options)
            draw_text(self)

        Text.draw = draw  # type: ignore[method-assign]
        figure.draw(renderer)
    finally:
        Text.draw = original  # type: ignore[method-assign]
    return seen


def assert_nothing_cut(figure: Figure) -> None:
    """Fail where a text leaves the figure or touches another text."""
    texts = drawn_texts(figure)
    assert texts
    whole = figure.bbox
    for text, box in texts:
        inside = (
            whole.x0 - 0.5 <= box.x0
            and box.x1 <= whole.x1 + 0.5
            and whole.y0 - 0.5 <= box.y0
            and box.y1 <= whole.y1 + 0.5
        )
        assert inside, f"{text.get_text()!r} is cut: {box} of {whole}"
    for (one, first), (two, second) in combinations(texts, 2):
        # Boxes hold the height of a whole line: a little of it may be shared.
        shrunk = [
            Bbox.from_extents(b.x0 + 1, b.y0 + 0.15 * b.height, b.x1 - 1, b.y1 - 0.15 * b.height)
            for b in (first, second)
        ]
        assert not shrunk[0].overlaps(shrunk[1]), (
            f"{one.get_text()!r} and {two.get_text()!r} overlap: {first} {second}"
        )
