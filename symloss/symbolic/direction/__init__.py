"""Whether the slope points the right way: proved, refuted with a witness, or sampled."""

from __future__ import annotations

from symloss.deprecated import old_names

__getattr__ = old_names(__name__)
