"""The readable meaning of the program form: every instruction in float64, value and gradient.

The gradient is carried forward with the value (dual numbers), one plane for each input that it is taken by: yhat of
a pointwise loss, pos and neg of a pairwise one. Back ends are tested against this. A derivative that is exactly 0
stays 0, also where it would be multiplied with infinity; ties and kinks follow torch (see `Opcode`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symloss.compile.program import EPS, Program, ProgramBatch
from symloss.ops import rules
from symloss.ops.constants import GUARD_LIMIT, XI
from symloss.ops.opcode import Opcode

Array = NDArray[np.float64]
Dual = tuple[Array, Array]
DualRule = Callable[[Array, Array, Array, Array], Dual]

_POINTS_AT_A_TIME = 4_000_000
"""Limit on programs times slots times points in `evaluate_batch`: 64 MB of numbers."""


class _ArrayArithmetic:
    """The elementary steps of `symloss.ops.rules` on arrays; a float32 array stays one."""

    half, one, two = 0.5, 1.0, 2.0
    limit = float(GUARD_LIMIT)
    log_limit = float(np.log(GUARD_LIMIT))
    add, subtract, multiply, divide = np.add, np.subtract, np.multiply, np.divide
    negate, square, power = np.negative, np.square, np.power
    maximum, minimum, at_most = np.maximum, np.minimum, np.minimum
    log, exp, absolute, sqrt, sign = np.log, np.exp, np.abs, np.sqrt, np.sign
    tanh, arctan, share_of_root = np.tanh, np.arctan, np.divide

    @staticmethod
    def sigmoid(a: Array) -> Array:
        small = np.exp(-np.abs(a))
        return np.where(a >= 0, 1.0, small) / (1 + small)

    @staticmethod
    def root_of_one_plus_square(b: Array) -> Array:
        return np.hypot(1.0, b)

    @staticmethod
    def positive_part(a: Array) -> Array:
        return np.maximum(a, 0.0)

    @staticmethod
    def within(a: Array, limit: float) -> Array:
        return np.clip(a, -limit, limit)

    @staticmethod
    def from_xi(inner: Array) -> Array:
        return np.maximum(inner, XI)

    @staticmethod
    def times(slope: Array, factor: Array) -> Array:
        return np.where(slope == 0, 0.0, slope * factor)

    @staticmethod
    def beside_nan(a: Array, b: Array, result: Array) -> Array:
        return np.where(np.isnan(a) | np.isnan(b), np.nan, result)

    @staticmethod
    def slope_of_larger(a: Array, b: Array, da: Array, db: Array) -> Array:
        chosen = np.where(a > b, da, np.where(a == b, (da + db) / 2, db))
        return np.where(np.isnan(a) | np.isnan(b), np.nan, chosen)

    @classmethod
    def slope_of_positive_part(cls, a: Array, da: Array) -> Array:
        zero = np.zeros_like(a)
        return cls.slope_of_larger(a, zero, da, zero)

    @staticmethod
    def slope_of_step(a: Array) -> Array:
        return np.where(np.isnan(a), np.nan, 0.0)

    @staticmethod
    def unless_zero(exponent: Array, slope: Array) -> Array:
        return np.where(exponent == 0, 0.0, slope)

    @staticmethod
    def unless_power_of_zero(base: Array, exponent: Array, slope: Array) -> Array:
        return np.where((base == 0) & (exponent >= 0), 0.0, slope)

    @staticmethod
    def where_within(a: Array, limit: float, slope: Array) -> Array:
        return np.where(np.isnan(a), np.nan, np.where(np.abs(a) <= limit, slope, 0.0))

    @staticmethod
    def where_at_most(a: Array, limit: float, slope: Array) -> Array:
        return np.where(a > limit, 0.0, slope)

    @staticmethod
    def where_from_xi(inner: Array, slope: Array) -> Array:
        return np.where(inner < XI, 0.0, slope)


def _on_arrays(rule: rules.Rule) -> DualRule:
    arithmetic, value_of, slope_of = _ArrayArithmetic, rule.value, rule.slope
    if isinstance(rule, rules.PartsRule):
        shared = rule

        def apply_parts(a: Array, b: Array, da: Array, db: Array) -> Dual:
            parts = shared.parts(arithmetic, a, b)
            value = shared.value_of(arithmetic, parts)
            return value, shared.slope_of(arithmetic, parts, value, da, db)

        return apply_parts

    def apply(a: Array, b: Array, da: Array, db: Array) -> Dual:
        value = value_of(arithmetic, a, b)
        return value, slope_of(arithmetic, a, b, value, da, db)

    return apply


RULES: dict[Opcode, DualRule] = {opcode: _on_arrays(rule) for opcode, rule in rules.RULES.items()}
"""(a, b, da, db) -> (value, derivative), for every opcode; unary ones ignore b and db.

Derivatives may have an axis more than values, or a longer one, for the inputs that they are taken of: all is element
by element, and broadcasts.
"""


def value_and_gradient(program: Program, inputs: Mapping[str, ArrayLike]) -> Dual:
    """Evaluate one loss of any inputs.

    Args:
        program: the loss.
        inputs: for each of its inputs a number or an array; they broadcast against each other.

    Returns:
        Values in the common shape, and the gradient: that shape for each of `program.by`, in a new first axis.
    """
    given = np.broadcast_arrays(*(np.asarray(inputs[name], np.float64) for name in program.inputs))
    shape, planes = given[0].shape, len(program.by)
    values: list[Array] = [*given, *(np.full(shape, constant) for constant in program.constants)]
    zero = np.zeros((planes, *shape))
    derivatives = [zero] * len(values)
    for plane, name in enumerate(program.by):
        one = np.zeros((planes, *shape))
        one[plane] = 1.0
        derivatives[program.inputs.index(name)] = one
    with np.errstate(all="ignore"):
        for opcode, left, right in zip(program.opcodes, program.left, program.right, strict=True):
            value, derivative = RULES[Opcode(opcode)](
                values[left], values[right], derivatives[left], derivatives[right]
            )
            values.append(value)
            derivatives.append(derivative)
    return values[-1], np.broadcast_to(derivatives[-1], zero.shape)


def evaluate(program: Program, yhat: ArrayLike, y: ArrayLike, eps: ArrayLike) -> Dual:
    """Evaluate one pointwise loss.

    Args:
        program: the loss.
        yhat, y, eps: numbers or arrays that broadcast against each other.

    Returns:
        Values and derivatives by yhat, in the common shape.
    """
    value, gradient = value_and_gradient(program, {"yhat": yhat, "y": y, EPS: eps})
    return value, gradient[0]


def values_and_gradients(programs: ProgramBatch, points: Mapping[str, ArrayLike]) -> Dual:
    """Evaluate K losses of any inputs at the same points, each with its own eps (scale is left out).

    Args:
        programs: K losses.
        points: for each of `programs.points` a shape that broadcasts to (n,).

    Returns:
        Values of shape (K, n), and gradients of shape (planes, K, n), one plane for each of `programs.by`.
    """
    given = np.broadcast_arrays(*(np.asarray(points[name], np.float64) for name in programs.points))
    at = {name: np.atleast_1d(part) for name, part in zip(programs.points, given, strict=True)}
    count, size, planes = len(programs), np.atleast_1d(given[0]).shape[0], len(programs.by)
    value, gradient = np.empty((count, size)), np.empty((planes, count, size))
    slots = programs.n_inputs + programs.constants.shape[1] + programs.opcodes.shape[1]
    step = max(1, _POINTS_AT_A_TIME // (slots * max(1, size) * planes))
    for start in range(0, count, step):
        part = slice(start, min(start + step, count))
        _evaluate_part(programs.take(part), at, value[part], gradient[:, part])
    return value, gradient


def evaluate_batch(programs: ProgramBatch, yhat: ArrayLike, y: ArrayLike) -> Dual:
    """Evaluate K pointwise losses at the same points, each with its own eps (scale is left out).

    Args:
        programs: K losses.
        yhat, y: n points: shapes that broadcast to (n,).

    Returns:
        Values and derivatives by yhat, each of shape (K, n).
    """
    value, gradient = values_and_gradients(programs, {"yhat": yhat, "y": y})
    return value, gradient[0]


def _evaluate_part(programs: ProgramBatch, points: dict[str, Array], value: Array, gradient: Array) -> None:
    """Run programs side by side: at each step, all those with the same opcode at once."""
    opcodes, left, right = programs.opcodes, programs.left, programs.right
    lengths, constants, n_inputs = programs.lengths, programs.constants, programs.n_inputs
    first_result = n_inputs + programs.n_constants
    n_slots = n_inputs + constants.shape[1] + opcodes.shape[1]
    # Planes come last but one here: operands are gathered along the first two axes, which is fastest.
    x = np.zeros((len(lengths), n_slots, 1, value.shape[1]))
    d = np.zeros((len(lengths), n_slots, len(programs.by), value.shape[1]))
    for slot, name in enumerate(programs.inputs):
        x[:, slot, 0] = programs.eps[:, None] if name == EPS else points[name]
    for plane, name in enumerate(programs.by):
        d[:, programs.inputs.index(name), plane] = 1.0
    # Padding after a program's constants is written over by its results.
    x[:, n_inputs : n_inputs + constants.shape[1], 0] = constants[:, :, None]
    with np.errstate(all="ignore"):
        for i in range(opcodes.shape[1]):
            running = np.flatnonzero(lengths > i)
            for opcode in np.unique(opcodes[running, i]):
                k = running[opcodes[running, i] == opcode]
                a, b = left[k, i], right[k, i]
                out = first_result[k] + i
                x[k, out], d[k, out] = RULES[Opcode(opcode)](x[k, a], x[k, b], d[k, a], d[k, b])
    last = first_result + lengths - 1
    rows = np.arange(len(lengths))
    value[:], gradient[:] = x[rows, last, 0], d[rows, last].swapaxes(0, 1)
