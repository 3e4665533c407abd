"""The guard constant xi (AutoLossGen, Table 2): how close to a singular point an operator goes."""

from __future__ import annotations

import sympy

from symloss.constants import XI as XI

XI_RATIONAL = sympy.Rational(1, 10**6)
"""xi = 1e-6, exact."""

GUARD_LIMIT = 1_000_000
"""1/xi: no protected operator returns more than this in absolute value."""
