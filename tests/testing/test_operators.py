"""The contract of operators, over all that are built in; their values are written anew with mpmath."""

from __future__ import annotations

from typing import Any

import mpmath
import pytest

from symloss.ops import operators
from symloss.testing.operators import OperatorContract

XI = mpmath.mpf("1e-6")

VALUES = {
    "add": lambda a, b: a + b,
    "multiply": lambda a, b: a * b,
    "max": lambda a, b: max(a, b),
    "min": lambda a, b: min(a, b),
    "neg": lambda a, b: -a,
    "identity": lambda a, b: a,
    "log": lambda a, b: mpmath.sign(a) * mpmath.log(abs(a) + XI),
    "square": lambda a, b: a * a,
    "reciprocal": lambda a, b: mpmath.sign(a) / (abs(a) + XI),
    "abs": lambda a, b: abs(a),
    "sqrt": lambda a, b: mpmath.sign(a) * mpmath.sqrt(abs(a) + XI),
    "exp": lambda a, b: mpmath.exp(min(a, mpmath.log(10**6))),
    "tanh": lambda a, b: mpmath.tanh(a),
    "sigmoid": lambda a, b: 1 / (1 + mpmath.exp(-a)),
    "relu": lambda a, b: max(a, mpmath.mpf(0)),
    "sign": lambda a, b: mpmath.sign(a),
    "analytic-quotient": lambda a, b: a / mpmath.sqrt(1 + b * b),
}


@pytest.fixture(params=operators(), autouse=True)
def built_in(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TestBuiltIn, "operator", operators()[request.param], raising=False)


class TestBuiltIn(OperatorContract):
    def value(self, a: Any, b: Any) -> Any:
        return VALUES[self.operator.name](a, b)
