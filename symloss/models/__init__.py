"""Recommender models that are trained with losses as programs; `registry.get` finds them by name."""

from __future__ import annotations

from symloss.models.recommender import Recommender
from symloss.models.registry import NAMES, get

__all__ = ["NAMES", "Recommender", "get"]
