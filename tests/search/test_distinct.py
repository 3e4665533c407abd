"""Losses that differ by a scale count once, decided exactly; factors that differ by label keep losses apart."""

from __future__ import annotations

from symloss import zoo
from symloss.loss import Loss
from symloss.search.candidates.distinct_losses import DistinctLosses
from symloss.signature import Domain


def test_only_new_shapes_are_taken() -> None:
    distinct = DistinctLosses(Domain())
    found = [
        distinct.add(loss)
        for loss in (
            zoo.mse,
            Loss("3*(yhat - y)**2 + y"),
            Loss("yhat**2 - 2*y*yhat"),
            zoo.maxr,
            zoo.sumr,
            Loss("2*(yhat + y + eps)/(yhat*y + eps)"),
            Loss("5*max((yhat + eps)/(y + eps), (y + eps)/(yhat + eps)) - 1"),
            # apart from MSE by 1e-9 of its gradient at most
            Loss("(yhat - y)**2 + yhat**3/1000000000"),
        )
    ]
    assert found == [True, False, False, True, True, False, False, True]
