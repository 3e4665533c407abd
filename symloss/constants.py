"""Numbers that mean the same everywhere, in a file that needs nothing else."""

from __future__ import annotations

XI = 1e-6
"""The guard constant of the protected operators (AutoLossGen, Table 2): how close to a singular point they go."""

DEFAULT_EPS = 1e-6
"""The value of eps where none is given (AutoLossGen, section 4.1)."""

LARGEST_EPS = 1e3
"""The largest eps that a loss takes."""

PAPER_EPS_GRID = (1.0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
"""The values of eps that phase III tries."""

RATING_THRESHOLD = 3.0
"""Ratings above it are positive (AutoLossGen: ratings of 4 and 5 of 5)."""
