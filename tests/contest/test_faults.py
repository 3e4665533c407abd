"""A fault in a proof or a comparison costs one loss, and is said; a question that stays open is no fault."""

from __future__ import annotations

from typing import Any

import pytest

from symloss.contest import coefficients, distinct_losses
from symloss.errors import OptionError
from symloss.loss import Loss
from symloss.symbolic.faults import FaultWarning
from symloss.symbolic.undecided import UndecidedError

LOSS = Loss("(yhat - y)**2")


class Broken:
    """Raises in place of any answer."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __call__(self, *given: Any, **further: Any) -> Any:
        raise self.error

    add = __call__


@pytest.mark.parametrize(
    "error", [TypeError("a fault"), AssertionError("a fault"), ZeroDivisionError("a fault")]
)
def test_a_fault_is_said(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distinct_losses, "DuplicateIndex", lambda *given, **further: Broken(error))
    with pytest.warns(FaultWarning, match="the comparison of .* failed .*a fault.*please report"):
        assert distinct_losses.DistinctLosses().add(LOSS) is None
    monkeypatch.setattr(distinct_losses, "compare", Broken(error))
    with pytest.warns(FaultWarning, match="a fault"):
        assert distinct_losses._one_factor(LOSS, LOSS) is None
    monkeypatch.setattr(Loss, "check", Broken(error))
    with pytest.warns(FaultWarning, match="the check of"):
        assert not coefficients._valid(LOSS, None)


@pytest.mark.parametrize(
    "error", [UndecidedError("open"), OptionError("no"), MemoryError(), RecursionError()]
)
def test_an_open_question_is_no_fault(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    # warnings are errors in these tests
    monkeypatch.setattr(distinct_losses, "DuplicateIndex", lambda *given, **further: Broken(error))
    assert distinct_losses.DistinctLosses().add(LOSS) is None
