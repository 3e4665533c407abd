"""The elementary steps of the rules on torch tensors, and what each opcode does to them.

Written without a branch on data, so that they can be captured in a CUDA graph.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from symloss.ops import rules
from symloss.ops.constants import GUARD_LIMIT, XI
from symloss.ops.opcode import Opcode

Value = Callable[[Tensor, Tensor], Tensor]
Derivative = Callable[[Tensor, Tensor, Tensor, Tensor, Tensor], Tensor]


class _TensorArithmetic:
    """The elementary steps of `symloss.ops.rules` on tensors; no step changes an operand."""

    half, one, two = 0.5, 1.0, 2.0
    limit = float(GUARD_LIMIT)
    log_limit = math.log(GUARD_LIMIT)
    add, subtract, multiply, divide = operator.add, operator.sub, operator.mul, operator.truediv
    negate, power = operator.neg, torch.pow
    maximum, minimum = torch.maximum, torch.minimum
    log, exp, absolute, sqrt = torch.log, torch.exp, torch.abs, torch.sqrt
    tanh, sigmoid, arctan, share_of_root = torch.tanh, torch.sigmoid, torch.atan, torch.div

    @staticmethod
    def square(a: Tensor) -> Tensor:
        return a * a

    @staticmethod
    def sign(a: Tensor) -> Tensor:
        # torch.sign gives 0 for NaN.
        return torch.where(a != a, a, torch.sign(a))

    @staticmethod
    def root_of_one_plus_square(b: Any) -> Any:
        return torch.hypot(b, torch.ones_like(b))

    @staticmethod
    def positive_part(a: Tensor) -> Tensor:
        return torch.clamp(a, min=0.0)

    @staticmethod
    def at_most(a: Tensor, limit: float) -> Tensor:
        return torch.clamp(a, max=limit)

    @staticmethod
    def within(a: Tensor, limit: float) -> Tensor:
        return torch.clamp(a, -limit, limit)

    @staticmethod
    def from_xi(inner: Tensor) -> Tensor:
        return inner.clamp(min=XI)

    @staticmethod
    def times(slope: Tensor, factor: Tensor) -> Tensor:
        return (slope * factor).masked_fill_(slope == 0, 0.0)

    @staticmethod
    def beside_nan(a: Tensor, b: Tensor, result: Tensor) -> Tensor:
        return result.masked_fill_((a != a) | (b != b), math.nan)

    @staticmethod
    def slope_of_larger(a: Tensor, b: Tensor, da: Tensor, db: Tensor) -> Tensor:
        chosen = torch.where(a > b, da, torch.where(a == b, (da + db) / 2, db))
        return chosen.masked_fill_((a != a) | (b != b), math.nan)

    @classmethod
    def slope_of_positive_part(cls, a: Tensor, da: Tensor) -> Tensor:
        zero = torch.zeros_like(a)
        return cls.slope_of_larger(a, zero, da, zero)

    @staticmethod
    def slope_of_step(a: Tensor) -> Tensor:
        return torch.zeros_like(a).masked_fill_(a != a, math.nan)

    @staticmethod
    def unless_zero(exponent: Tensor, slope: Tensor) -> Tensor:
        return slope.masked_fill(exponent == 0, 0.0)

    @staticmethod
    def unless_power_of_zero(base: Tensor, exponent: Tensor, slope: Tensor) -> Tensor:
        return slope.masked_fill((base == 0) & (exponent >= 0), 0.0)

    @staticmethod
    def where_within(a: Tensor, limit: float, slope: Tensor) -> Tensor:
        return slope.masked_fill(torch.abs(a) > limit, 0.0).masked_fill_(a != a, math.nan)

    @staticmethod
    def where_at_most(a: Tensor, limit: float, slope: Tensor) -> Tensor:
        return slope.masked_fill(a > limit, 0.0)

    @staticmethod
    def where_from_xi(inner: Tensor, slope: Tensor) -> Tensor:
        return slope.masked_fill(inner < XI, 0.0)


@dataclass(frozen=True)
class TensorRule:
    """One opcode.

    Attributes:
        value: (a, b) -> result; the identity returns a itself.
        derivative: (a, b, result, da, db) -> derivative of the result.
        unary: whether b and db are ignored (callers pass a and da).
    """

    value: Value
    derivative: Derivative
    unary: bool = False


def _on_tensors(rule: rules.Rule) -> TensorRule:
    arithmetic, value_of, slope_of = _TensorArithmetic, rule.value, rule.slope

    def value(a: Tensor, b: Tensor) -> Tensor:
        return value_of(arithmetic, a, b)

    def derivative(a: Tensor, b: Tensor, v: Tensor, da: Tensor, db: Tensor) -> Tensor:
        return slope_of(arithmetic, a, b, v, da, db)

    return TensorRule(value, derivative, rule.unary)


RULES: dict[Opcode, TensorRule] = {opcode: _on_tensors(rule) for opcode, rule in rules.RULES.items()}
"""The rule of every opcode on tensors."""


class _GradientArithmetic(_TensorArithmetic):
    """The steps where autograd follows, beside plain numbers; what it can do without is left out."""

    @staticmethod
    def times(slope: Tensor, factor: Tensor) -> Tensor:
        return slope * factor

    @staticmethod
    def root_of_one_plus_square(b: Any) -> Any:
        return torch.sqrt(1 + b * b) if isinstance(b, Tensor) else math.sqrt(1 + b * b)

    @staticmethod
    def from_xi(inner: Tensor) -> Tensor:
        return inner  # formulas have no smoothing below xi


class _SmoothedGradientArithmetic(_GradientArithmetic):
    """The same for functions of |x|, which is NaN where x is: their sign need not be."""

    @staticmethod
    def sign(a: Tensor) -> Tensor:
        return torch.sign(a)


def with_gradient(opcode: Opcode) -> Callable[..., Tensor]:
    """Return the value of an instruction for autograd to follow.

    Args:
        opcode: of one operand, or of two with xi as default of the second.
    """
    rule = rules.RULES[opcode]
    arithmetic = _GradientArithmetic if rule.unary else _SmoothedGradientArithmetic
    return lambda a, b=XI: rule.value(arithmetic, a, b)
