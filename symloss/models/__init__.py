"""Models that are trained with losses as programs; `get` finds them by name, `trainer_for` who trains them."""

from __future__ import annotations

from symloss.models.model import Model
from symloss.models.registry import NAMES, get, names, trainer_for
from symloss.models.trainer import Trainer

__all__ = ["NAMES", "Model", "Trainer", "get", "names", "trainer_for"]
