"""Phase I: ask, test, train, reward, tell."""

from __future__ import annotations

from symloss.deprecated import old_names

__getattr__ = old_names(__name__)
