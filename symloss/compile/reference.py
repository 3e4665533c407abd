"""The readable meaning of the program form: every instruction in float64, value and gradient.

The gradient is carried forward with the value (dual numbers), one plane for each input that it is taken by: yhat of
a pointwise loss, pos and neg of a pairwise one. Back ends are
tested against this. A derivative that is exactly 0 stays 0, also where it would
be multiplied with infinity; ties and kinks follow torch (see `Opcode`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symloss.compile.program import EPS, Program, ProgramBatch
from symloss.ops.constants import GUARD_LIMIT, XI
from symloss.ops.opcode import Opcode

Array = NDArray[np.float64]
Dual = tuple[Array, Array]
Rule = Callable[[Array, Array, Array, Array], Dual]

_POINTS_AT_A_TIME = 4_000_000
"""Limit on programs times slots times points in `evaluate_batch`: 64 MB of numbers."""


def _times(derivative: Array, factor: Array) -> Array:
    """Return the product, but 0 where the derivative is 0."""
    return np.where(derivative == 0, 0.0, derivative * factor)


def _add(a: Array, b: Array, da: Array, db: Array) -> Dual:
    return a + b, da + db


def _subtract(a: Array, b: Array, da: Array, db: Array) -> Dual:
    return a - b, da - db


def _multiply(a: Array, b: Array, da: Array, db: Array) -> Dual:
    return a * b, _times(da, b) + _times(db, a)


def _divide(a: Array, b: Array, da: Array, db: Array) -> Dual:
    return a / b, _times(da, 1 / b) - _times(db, a / b / b)


def _power(a: Array, b: Array, da: Array, db: Array) -> Dual:
    # What is made from a part that is not a number is not a number, also where IEEE says NaN**0 = 1 and 1**NaN = 1.
    value = np.where(np.isnan(a) | np.isnan(b), np.nan, a**b)
    by_base = np.where(b == 0, 0.0, _times(da, b * a ** (b - 1)))
    by_exponent = np.where((a == 0) & (b >= 0), 0.0, _times(db, value * np.log(a)))
    return value, by_base + by_exponent


def _select_larger(a: Array, b: Array, da: Array, db: Array) -> Array:
    chosen = np.where(a > b, da, np.where(a == b, (da + db) / 2, db))
    return np.where(np.isnan(a) | np.isnan(b), np.nan, chosen)


def _maximum(a: Array, b: Array, da: Array, db: Array) -> Dual:
    return np.maximum(a, b), _select_larger(a, b, da, db)


def _minimum(a: Array, b: Array, da: Array, db: Array) -> Dual:
    return np.minimum(a, b), _select_larger(b, a, da, db)


def _negate(a: Array, b: Array, da: Array, db: Array) -> Dual:
    return -a, -da


def _identity(a: Array, b: Array, da: Array, db: Array) -> Dual:
    return a, da


def _square(a: Array, b: Array, da: Array, db: Array) -> Dual:
    return a * a, _times(da, 2 * a)


def _log(a: Array, b: Array, da: Array, db: Array) -> Dual:
    return np.log(a), _times(da, 1 / a)


def _exp(a: Array, b: Array, da: Array, db: Array) -> Dual:
    value = np.exp(a)
    return value, _times(da, value)


def _abs(a: Array, b: Array, da: Array, db: Array) -> Dual:
    return np.abs(a), _times(da, np.sign(a))


def _sqrt(a: Array, b: Array, da: Array, db: Array) -> Dual:
    value = np.sqrt(a)
    return value, _times(da, 0.5 / value)


def _sign(a: Array, b: Array, da: Array, db: Array) -> Dual:
    return np.sign(a), np.where(np.isnan(a), np.nan, 0.0)


def _tanh(a: Array, b: Array, da: Array, db: Array) -> Dual:
    value = np.tanh(a)
    return value, _times(da, 1 - value * value)


def _sigmoid(a: Array, b: Array, da: Array, db: Array) -> Dual:
    small = np.exp(-np.abs(a))
    value = np.where(a >= 0, 1.0, small) / (1 + small)
    return value, _times(da, value * (1 - value))


def _relu(a: Array, b: Array, da: Array, db: Array) -> Dual:
    zero = np.zeros_like(a)
    return np.maximum(a, 0.0), _select_larger(a, zero, da, zero)


def _guard(a: Array, b: Array, da: Array, db: Array) -> Dual:
    inside = np.where(np.abs(a) <= GUARD_LIMIT, da, 0.0)
    return np.clip(a, -GUARD_LIMIT, GUARD_LIMIT), np.where(np.isnan(a), np.nan, inside)


def _protected_log(x: Array, s: Array, dx: Array, ds: Array) -> Dual:
    sign, inner = np.sign(x), np.abs(x) + s
    return _times(sign, np.log(inner)), _times(sign, (sign * dx + ds) / inner)


def _protected_reciprocal(x: Array, s: Array, dx: Array, ds: Array) -> Dual:
    sign, inner = np.sign(x), np.abs(x) + s
    derivative = _times(sign, -(sign * dx + ds) / inner**2)
    return sign / np.maximum(inner, XI), np.where(inner < XI, 0.0, derivative)


def _protected_sqrt(x: Array, s: Array, dx: Array, ds: Array) -> Dual:
    sign, root = np.sign(x), np.sqrt(np.abs(x) + s)
    return sign * root, _times(sign, (sign * dx + ds) / (2 * root))


def _protected_exp(a: Array, b: Array, da: Array, db: Array) -> Dual:
    limit = np.log(GUARD_LIMIT)
    value = np.exp(np.minimum(a, limit))
    return value, np.where(a > limit, 0.0, _times(da, value))


def _analytic_quotient(a: Array, b: Array, da: Array, db: Array) -> Dual:
    root = np.hypot(1.0, b)
    return a / root, _times(da, 1 / root) - _times(db, a / root * (b / root / root))


def _arctan(a: Array, b: Array, da: Array, db: Array) -> Dual:
    return np.arctan(a), _times(da, 1 / (1 + a * a))


RULES: dict[Opcode, Rule] = {
    Opcode.ADD: _add,
    Opcode.SUBTRACT: _subtract,
    Opcode.MULTIPLY: _multiply,
    Opcode.DIVIDE: _divide,
    Opcode.POWER: _power,
    Opcode.MAXIMUM: _maximum,
    Opcode.MINIMUM: _minimum,
    Opcode.NEGATE: _negate,
    Opcode.IDENTITY: _identity,
    Opcode.SQUARE: _square,
    Opcode.LOG: _log,
    Opcode.EXP: _exp,
    Opcode.ABS: _abs,
    Opcode.SQRT: _sqrt,
    Opcode.SIGN: _sign,
    Opcode.TANH: _tanh,
    Opcode.SIGMOID: _sigmoid,
    Opcode.RELU: _relu,
    Opcode.GUARD: _guard,
    Opcode.PROTECTED_LOG: _protected_log,
    Opcode.PROTECTED_RECIPROCAL: _protected_reciprocal,
    Opcode.PROTECTED_SQRT: _protected_sqrt,
    Opcode.PROTECTED_EXP: _protected_exp,
    Opcode.ANALYTIC_QUOTIENT: _analytic_quotient,
    Opcode.ARCTAN: _arctan,
}
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
