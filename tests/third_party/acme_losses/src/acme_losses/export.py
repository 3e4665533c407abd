"""A loss as a function of Julia, as far as its formula has the same syntax there."""

from __future__ import annotations

from symloss import Loss


def julia(loss: Loss) -> str:
    """Return one line."""
    return f"loss(yhat, y; eps = 1e-6) = {loss.formula.replace('**', '^')}\n"
