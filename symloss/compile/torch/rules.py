"""What each opcode does to torch tensors: its value, and its forward-mode derivative.

The rules are those of `symloss.compile.reference`, written without a branch on
data, so that they can be captured in a CUDA graph. A derivative that is exactly
0 stays 0, whatever it is multiplied with.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from symloss.ops.constants import GUARD_LIMIT, XI
from symloss.ops.opcode import Opcode

Value = Callable[[Tensor, Tensor], Tensor]
Derivative = Callable[[Tensor, Tensor, Tensor, Tensor, Tensor], Tensor]

_LOG_LIMIT = math.log(GUARD_LIMIT)


@dataclass(frozen=True)
class Rule:
    """One opcode.

    Attributes:
        value: (a, b) -> result.
        derivative: (a, b, result, da, db) -> derivative of the result.
        unary: whether b and db are ignored (callers pass a and da).
    """

    value: Value
    derivative: Derivative
    unary: bool = False


def _times(derivative: Tensor, factor: Tensor) -> Tensor:
    """Return the product, but 0 where the derivative is 0."""
    return (derivative * factor).masked_fill_(derivative == 0, 0.0)


def _sign(x: Tensor) -> Tensor:
    """Return -1, 0 or 1; NaN for NaN (torch.sign gives 0)."""
    return torch.where(x != x, x, torch.sign(x))


def _select_larger(a: Tensor, b: Tensor, da: Tensor, db: Tensor) -> Tensor:
    chosen = torch.where(a > b, da, torch.where(a == b, (da + db) / 2, db))
    return chosen.masked_fill_((a != a) | (b != b), math.nan)


def _power(a: Tensor, b: Tensor) -> Tensor:
    """Return a ** b; NaN ** 0 is NaN, not 1."""
    return torch.pow(a, b).masked_fill_((a != a) | (b != b), math.nan)


def _power_slope(a: Tensor, b: Tensor, v: Tensor, da: Tensor, db: Tensor) -> Tensor:
    by_base = _times(da, b * torch.pow(a, b - 1)).masked_fill_(b == 0, 0.0)
    by_exponent = _times(db, v * torch.log(a)).masked_fill_((a == 0) & (b >= 0), 0.0)
    return by_base + by_exponent


def _protected_log(x: Tensor, s: Tensor) -> Tensor:
    return _times(_sign(x), torch.log(torch.abs(x) + s))


def _protected_log_slope(x: Tensor, s: Tensor, v: Tensor, dx: Tensor, ds: Tensor) -> Tensor:
    sign = _sign(x)
    return _times(sign, (sign * dx + ds) / (torch.abs(x) + s))


def _protected_reciprocal(x: Tensor, s: Tensor) -> Tensor:
    return _sign(x) / (torch.abs(x) + s).clamp_(min=XI)


def _protected_reciprocal_slope(x: Tensor, s: Tensor, v: Tensor, dx: Tensor, ds: Tensor) -> Tensor:
    sign, inner = _sign(x), torch.abs(x) + s
    return _times(sign, -(sign * dx + ds) / (inner * inner)).masked_fill_(inner < XI, 0.0)


def _protected_sqrt(x: Tensor, s: Tensor) -> Tensor:
    return _sign(x) * torch.sqrt(torch.abs(x) + s)


def _protected_sqrt_slope(x: Tensor, s: Tensor, v: Tensor, dx: Tensor, ds: Tensor) -> Tensor:
    sign = _sign(x)
    return _times(sign, (sign * dx + ds) / (2 * torch.sqrt(torch.abs(x) + s)))


def _guard_slope(a: Tensor, b: Tensor, v: Tensor, da: Tensor, db: Tensor) -> Tensor:
    inside = da.masked_fill(torch.abs(a) > GUARD_LIMIT, 0.0)
    return inside.masked_fill_(a != a, math.nan)


def _root(b: Tensor) -> Tensor:
    return torch.hypot(b, torch.ones_like(b))


def _quotient_slope(a: Tensor, b: Tensor, v: Tensor, da: Tensor, db: Tensor) -> Tensor:
    root = _root(b)
    return _times(da, 1 / root) - _times(db, v * (b / root / root))


RULES: dict[Opcode, Rule] = {
    Opcode.ADD: Rule(torch.add, lambda a, b, v, da, db: da + db),
    Opcode.SUBTRACT: Rule(torch.sub, lambda a, b, v, da, db: da - db),
    Opcode.MULTIPLY: Rule(torch.mul, lambda a, b, v, da, db: _times(da, b) + _times(db, a)),
    Opcode.DIVIDE: Rule(torch.div, lambda a, b, v, da, db: _times(da, 1 / b) - _times(db, v / b)),
    Opcode.POWER: Rule(_power, _power_slope),
    Opcode.MAXIMUM: Rule(torch.maximum, lambda a, b, v, da, db: _select_larger(a, b, da, db)),
    Opcode.MINIMUM: Rule(torch.minimum, lambda a, b, v, da, db: _select_larger(b, a, da, db)),
    Opcode.NEGATE: Rule(lambda a, b: -a, lambda a, b, v, da, db: -da, unary=True),
    Opcode.IDENTITY: Rule(lambda a, b: a, lambda a, b, v, da, db: da, unary=True),
    Opcode.SQUARE: Rule(lambda a, b: a * a, lambda a, b, v, da, db: _times(da, 2 * a), unary=True),
    Opcode.LOG: Rule(lambda a, b: torch.log(a), lambda a, b, v, da, db: _times(da, 1 / a), unary=True),
    Opcode.EXP: Rule(lambda a, b: torch.exp(a), lambda a, b, v, da, db: _times(da, v), unary=True),
    Opcode.ABS: Rule(lambda a, b: torch.abs(a), lambda a, b, v, da, db: _times(da, _sign(a)), unary=True),
    Opcode.SQRT: Rule(lambda a, b: torch.sqrt(a), lambda a, b, v, da, db: _times(da, 0.5 / v), unary=True),
    Opcode.SIGN: Rule(
        lambda a, b: _sign(a),
        lambda a, b, v, da, db: torch.zeros_like(a).masked_fill_(a != a, math.nan),
        unary=True,
    ),
    Opcode.TANH: Rule(lambda a, b: torch.tanh(a), lambda a, b, v, da, db: _times(da, 1 - v * v), unary=True),
    Opcode.SIGMOID: Rule(
        lambda a, b: torch.sigmoid(a), lambda a, b, v, da, db: _times(da, v * (1 - v)), unary=True
    ),
    Opcode.RELU: Rule(
        lambda a, b: torch.clamp(a, min=0.0),
        lambda a, b, v, da, db: _select_larger(a, torch.zeros_like(a), da, torch.zeros_like(a)),
        unary=True,
    ),
    Opcode.GUARD: Rule(lambda a, b: torch.clamp(a, -GUARD_LIMIT, GUARD_LIMIT), _guard_slope, unary=True),
    Opcode.PROTECTED_LOG: Rule(_protected_log, _protected_log_slope),
    Opcode.PROTECTED_RECIPROCAL: Rule(_protected_reciprocal, _protected_reciprocal_slope),
    Opcode.PROTECTED_SQRT: Rule(_protected_sqrt, _protected_sqrt_slope),
    Opcode.PROTECTED_EXP: Rule(
        lambda a, b: torch.exp(torch.clamp(a, max=_LOG_LIMIT)),
        lambda a, b, v, da, db: _times(da, v).masked_fill_(a > _LOG_LIMIT, 0.0),
        unary=True,
    ),
    Opcode.ANALYTIC_QUOTIENT: Rule(lambda a, b: a / _root(b), _quotient_slope),
    Opcode.ARCTAN: Rule(
        lambda a, b: torch.atan(a), lambda a, b, v, da, db: _times(da, 1 / (1 + a * a)), unary=True
    ),
}
"""The rule of every opcode."""
