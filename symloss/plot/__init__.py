"""Pictures of losses, of trained models and of searches. Drawing functions take Axes and return them, so that figures
compose; `figure` and its siblings make whole figures, `save` writes them."""

from symloss.plot.comparison import comparison
from symloss.plot.consistency import best_predictions, consistency
from symloss.plot.curves import curves, gradients, logit_gradients
from symloss.plot.facts import facts_of
from symloss.plot.figure import figure
from symloss.plot.landscape import Landscape, landscape, landscape_grid
from symloss.plot.progress import progress_counts, progress_curves, progress_metric
from symloss.plot.reliability import Reliability, prediction_histogram, reliability, reliability_bins
from symloss.plot.save import save
from symloss.plot.style import style_context
from symloss.plot.surface import contour, surface
from symloss.plot.training_figure import landscape_figure, progress_figure, reliability_figure

__all__ = [
    "Landscape",
    "Reliability",
    "best_predictions",
    "comparison",
    "consistency",
    "contour",
    "curves",
    "facts_of",
    "figure",
    "gradients",
    "landscape",
    "landscape_figure",
    "landscape_grid",
    "logit_gradients",
    "prediction_histogram",
    "progress_counts",
    "progress_curves",
    "progress_figure",
    "progress_metric",
    "reliability",
    "reliability_bins",
    "reliability_figure",
    "save",
    "style_context",
    "surface",
]
