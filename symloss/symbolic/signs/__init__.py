"""Where a function has which sign, proved."""

from __future__ import annotations

from symloss.deprecated import old_names

__getattr__ = old_names(__name__)
