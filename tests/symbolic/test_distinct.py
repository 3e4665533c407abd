"""Losses that differ by a scale count once, decided exactly; factors that differ by label keep losses apart."""

from __future__ import annotations

import pytest

from symloss import zoo
from symloss.loss import Loss
from symloss.symbolic.same.distinct_losses import DistinctLosses
from symloss.symbolic.same.duplicate_index import DuplicateIndex


def test_only_new_shapes_are_taken() -> None:
    distinct = DistinctLosses()
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
    factors = [None if one is None else (one.of, str(one.factor)) for one in found]
    assert factors == [None, (0, "3"), (0, "1"), None, None, (2, "2"), (1, "5"), None]
    assert len(distinct) == 4


def test_domains_are_apart() -> None:
    distinct = DistinctLosses()
    assert distinct.add(Loss("(yhat - y)**2")) is None
    assert distinct.add(Loss("(yhat - y)**2", labels="real")) is None
    match = distinct.add(Loss("(yhat - y)**2/2", labels="real"))
    assert match is not None and (match.of, str(match.factor)) == (1, "1/2")


def test_what_can_not_be_compared_counts_as_new(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("made up")

    distinct = DistinctLosses()
    assert distinct.add(zoo.mse) is None
    with monkeypatch.context() as patch:
        patch.setattr(DuplicateIndex, "add", fail)
        assert distinct.add(Loss("2*(yhat - y)**2")) is None
    match = distinct.add(Loss("3*(yhat - y)**2"))
    assert match is not None and match.of == 0
    assert len(distinct) == 2
