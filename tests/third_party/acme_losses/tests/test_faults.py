"""Each part of acme with a fault in it fails the suite that it passes without."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import test_contracts as suites
from acme_losses.metric import LogLoss
from acme_losses.operator import LogCosh
from acme_losses.strategy import Annealing
from acme_losses.task import Clicks

import symloss.compile.reference
from symloss.models.generic_torch import GenericTorch
from symloss.ops import Opcode
from symloss.testing import OperatorContract


class Raised(LogCosh):
    """A little more than it should be."""

    def rule(self, o: Any, a: Any, b: Any) -> Any:
        return o.add(LogCosh.rule(self, o, a, b), o.number(1e-4))


class WrongWay(LogLoss):
    higher_is_better = True


class Summed(LogLoss):
    def measure_many(self, scores: Any, predictions: Any, labels: Any) -> Any:
        return super().measure_many(scores, predictions, labels) * len(labels)


class TooKind(LogLoss):
    def refuses(self, part: Any) -> None:
        return None


class ForgetsWhereItWas(Annealing):
    def restore(self, state: dict[str, Any]) -> None:
        super().restore({**state, "current": None})


class LivingState(Annealing):
    """A state that goes on with the strategy."""

    def state(self) -> dict[str, Any]:
        self.kept = getattr(self, "kept", {})
        self.kept.update(super().state())
        return self.kept

    def tell(self, tokens: Any, feedback: Any) -> None:
        super().tell(tokens, feedback)
        self.state()


class SharesMemory(GenericTorch):
    def copy(self, state: Any) -> Any:
        return state


class NoSeed(GenericTorch):
    def start(self, seed: int) -> Any:
        return super().start(0)


class Graded(Clicks):
    """Labels that the signature does not have."""

    def __init__(self) -> None:
        super().__init__()
        self.train.labels[:] = np.linspace(0, 2, len(self.train))


def with_fault(suite: type, **members: Any) -> Any:
    return type(f"Faulty{suite.__name__}", (suite,), members)()


def made(suite: type, kind: Callable[..., Any]) -> Any:
    return with_fault(suite, make=lambda self, *given, **options: kind(*given, **options))


def trained(kind: type[GenericTorch]) -> tuple[Any, GenericTorch]:
    suite = with_fault(suites.TestBiases, trainer=kind)
    return suite, kind(suite.model, suite.task, suite.settings)


def test_a_wrong_value() -> None:
    with pytest.raises(AssertionError):
        with_fault(suites.TestLogCosh, operator=Raised()).test_value()


def test_a_wrong_derivative(monkeypatch: pytest.MonkeyPatch) -> None:
    class Absolute(OperatorContract):
        operator = LogCosh()
        value = suites.TestLogCosh.value

    Absolute().test_derivative_is_that_of_differences()
    table = dict(symloss.compile.reference.RULES)
    right = table[Opcode.ABS]
    # the value is right, the slope twice what it is
    table[Opcode.ABS] = lambda a, b, da, db: (right(a, b, da, db)[0], 2 * right(a, b, da, db)[1])
    monkeypatch.setattr(symloss.compile.reference, "RULES", table)
    Absolute().test_value()
    with pytest.raises(AssertionError):
        Absolute().test_derivative_is_that_of_differences()


@pytest.mark.parametrize(
    ("fault", "test"),
    [
        (WrongWay, "test_perfect_is_better_than_reversed"),
        (Summed, "test_many_at_once_are_those_one_by_one"),
        (TooKind, "test_it_refuses_in_words"),
    ],
)
def test_metrics(fault: type, test: str) -> None:
    getattr(made(suites.TestLogLoss, LogLoss), test)()
    with pytest.raises(AssertionError):
        getattr(made(suites.TestLogLoss, fault), test)()


@pytest.mark.parametrize(
    ("fault", "test"),
    [
        (ForgetsWhereItWas, "test_state_continues_where_it_was"),
        (LivingState, "test_a_state_does_not_change_afterwards"),
    ],
)
def test_strategies(fault: type, test: str) -> None:
    with pytest.raises(AssertionError):
        getattr(made(suites.TestAnnealing, fault), test)()


@pytest.mark.parametrize(
    ("fault", "test"),
    [
        (SharesMemory, "test_a_copy_is_independent"),
        (NoSeed, "test_the_start_is_a_function_of_the_seed"),
    ],
)
def test_trainers(fault: type[GenericTorch], test: str) -> None:
    suite, bound = trained(GenericTorch)
    getattr(suite, test)(bound)
    suite, bound = trained(fault)
    with pytest.raises(AssertionError):
        getattr(suite, test)(bound)


def test_tasks() -> None:
    with pytest.raises(AssertionError):
        made(suites.TestClicks, Graded).test_labels_are_those_of_the_signature()
