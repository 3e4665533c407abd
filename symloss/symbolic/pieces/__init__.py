"""A loss cut into smooth pieces, and the normal form of their gradients."""

from __future__ import annotations

from symloss.deprecated import old_names

__getattr__ = old_names(__name__)
