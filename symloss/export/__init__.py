"""Losses as standalone code, LaTeX or data: `export(loss, target)`, and `load` for the data."""

from __future__ import annotations

from symloss.export.load import load
from symloss.export.registry import TARGETS, export
from symloss.export.save import save

__all__ = ["TARGETS", "export", "load", "save"]
