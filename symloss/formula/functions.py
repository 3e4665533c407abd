"""The functions of the formula grammar: a line each."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sympy
from sympy import Abs, Expr, Integer, Max, Min, Pow, Rational, sign

from symloss.ops.aggregates import AGGREGATES, stop
from symloss.ops.bounded import Bounded
from symloss.ops.construct import make
from symloss.ops.interval import Interval
from symloss.ops.operator import Operator
from symloss.ops.protected import aq, guard, pexp, plog, psqrt, recip, sigmoid
from symloss.ops.registry import find, find_function, installed_names, operators


@dataclass(frozen=True)
class FunctionRule:
    """How a function of the grammar is called and what it makes."""

    build: Callable[[Sequence[Expr]], Expr]
    fewest: int
    most: int
    says: str


def _call(function: Any) -> Callable[[Sequence[Expr]], Expr]:
    return lambda arguments: make(function, arguments)


FUNCTIONS: dict[str, FunctionRule] = {
    "max": FunctionRule(_call(Max), 2, 16, "the largest argument"),
    "min": FunctionRule(_call(Min), 2, 16, "the smallest argument"),
    "log": FunctionRule(_call(sympy.log), 1, 1, "natural logarithm"),
    "exp": FunctionRule(_call(sympy.exp), 1, 1, "exponential"),
    "abs": FunctionRule(_call(Abs), 1, 1, "absolute value"),
    "sqrt": FunctionRule(lambda arguments: make(Pow, [arguments[0], Rational(1, 2)]), 1, 1, "square root"),
    "sign": FunctionRule(_call(sign), 1, 1, "-1, 0 or 1"),
    "square": FunctionRule(lambda arguments: make(Pow, [arguments[0], Integer(2)]), 1, 1, "a^2"),
    "tanh": FunctionRule(_call(sympy.tanh), 1, 1, "hyperbolic tangent"),
    "atan": FunctionRule(_call(sympy.atan), 1, 1, "inverse tangent"),
    "sigmoid": FunctionRule(_call(sigmoid), 1, 1, "1 / (1 + exp(-a))"),
    "relu": FunctionRule(lambda arguments: make(Max, [arguments[0], Integer(0)]), 1, 1, "max(a, 0)"),
    "plog": FunctionRule(
        _call(plog), 1, 2, "protected log: sign(a) log(|a| + s), s = 1e-6 or the second argument"
    ),
    "recip": FunctionRule(_call(recip), 1, 2, "protected reciprocal: sign(a) / (|a| + s)"),
    "psqrt": FunctionRule(_call(psqrt), 1, 2, "protected square root: sign(a) sqrt(|a| + s)"),
    "pexp": FunctionRule(_call(pexp), 1, 1, "protected exponential: exp(min(a, log(1e6)))"),
    "aq": FunctionRule(_call(aq), 2, 2, "analytic quotient: a / sqrt(1 + b^2)"),
    "guard": FunctionRule(_call(guard), 1, 1, "a clipped to [-1e6, 1e6]"),
}
"""The functions of the grammar by name."""


RANKING_FUNCTIONS: dict[str, FunctionRule] = {
    name: FunctionRule(_call(one), one.takes.count(",") + 1, one.takes.count(",") + 1, one.says)
    for name, one in AGGREGATES.items()
} | {"stop": FunctionRule(_call(stop), 1, 1, "a, with derivative 0")}
"""The functions that only formulas of ranking losses have: aggregates over the negative items, and stop."""


def function_rule(name: str) -> FunctionRule | None:
    """Return the function of the grammar with a name: one of `FUNCTIONS`, or an operator that is written as a call.

    Raises:
        OptionError: the function is an operator of another package that can't be used.
    """
    known = FUNCTIONS.get(name) or RANKING_FUNCTIONS.get(name)
    if known is not None:
        return known
    operator = find_function(name)
    return None if operator is None else _rule_of(operator)


def all_functions() -> dict[str, FunctionRule]:
    """Return every function by name, those of operators of other packages included. Errors as for `function_rule`."""
    found = [*operators().values(), *(find(name) for name in installed_names())]
    more = {one.function_name: _rule_of(one) for one in found if one is not None and one.function_name}
    own = {**FUNCTIONS, **RANKING_FUNCTIONS}
    return {**own, **{name: rule for name, rule in more.items() if name not in own}}


def _rule_of(operator: Operator) -> FunctionRule:
    """Return an operator as a function of formulas; a formula has no guard but where it says so."""
    anything = Interval(-math.inf, math.inf)

    def build(arguments: Sequence[Expr]) -> Expr:
        return operator.raw(*(Bounded(argument, anything) for argument in arguments)).expression

    says = operator.definition
    if says.startswith("guard(") and says.endswith(")"):
        says = says.removeprefix("guard(").removesuffix(")")
    return FunctionRule(build, operator.arity, operator.arity, says)
