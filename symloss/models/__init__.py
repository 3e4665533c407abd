"""Recommender models that are trained with losses as programs; `registry.get` finds them by name."""

from __future__ import annotations

from symloss.models.registry import NAMES, get
from symloss.models.trainer import Recommender

__all__ = ["NAMES", "Recommender", "get"]
