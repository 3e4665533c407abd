"""Models that are trained with losses as programs; `get` finds them by name, `trainer_for` who trains them."""

from __future__ import annotations

import warnings
from typing import Any

from symloss.models.model import Model
from symloss.models.registry import NAMES, get, names, trainer_for
from symloss.models.trainer import Trainer


def __getattr__(name: str) -> Any:
    """Return what has another name today, with a warning."""
    if name != "Recommender":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from symloss.models.rating_model import RatingModel

    warnings.warn(
        "symloss.models.Recommender is now RatingModel; what trains a model is a symloss.models.Trainer",
        DeprecationWarning,
        stacklevel=2,
    )
    return RatingModel


__all__ = ["NAMES", "Model", "Trainer", "get", "names", "trainer_for"]
