"""Matrix factorisation: the fused kernels for the CPU, and the step on other devices."""

from __future__ import annotations

from symloss.deprecated import old_names

__getattr__ = old_names(__name__)
