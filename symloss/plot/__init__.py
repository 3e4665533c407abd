"""Pictures of losses. Each drawing function takes Axes and returns them, so that figures compose."""

from symloss.plot.curves import curves, gradients
from symloss.plot.figure import figure, save
from symloss.plot.surface import surface

__all__ = ["curves", "figure", "gradients", "save", "surface"]
