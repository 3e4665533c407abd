"""Compose a figure of your own from symloss's pictures: every drawing function takes Axes and returns them.

python examples/compose_figure.py [FILE]      writes composed.pdf, or FILE (.pdf, .svg, .png, .pgf)
"""

from __future__ import annotations

import sys
from pathlib import Path

from matplotlib.figure import Figure

import symloss as sl
from symloss.plot import comparison, consistency, curves, gradients, save, style_context


def main(path: Path) -> None:
    maxr = sl.zoo.maxr.with_eps(0.1)
    wrong = sl.Loss("(yhat - y)**2*(yhat - 0.3)")
    # The context sets fonts and sizes for a paper; without it, or with another style, yours count.
    with style_context():
        figure = Figure(figsize=(7.0, 4.6), layout="constrained")
        axes = figure.subplots(2, 2)
        curves(maxr, axes[0, 0]).set_title("(a) MaxR")
        gradients(wrong, axes[0, 1]).set_title("(b) a loss that is wrong in places")
        comparison([sl.zoo.bce, sl.zoo.mse, maxr], axes[1, 0], label=1, logit=True).set_title(
            "(c) as a model sees them"
        )
        consistency([sl.zoo.bce, maxr, sl.zoo.focal], axes[1, 1]).set_title("(d) best predictions")
    save(figure, path)
    print(f"wrote {path}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("composed.pdf"))
