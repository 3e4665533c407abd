"""The layers of the perceptron between two matrix products, in kernels: batch norm, ReLU, dropout.

What works on one layer is written once, and compiled twice. For the wide layer the
width is constant, so a row is a fixed number of SIMD registers. A constant width of
one register would make LLVM unroll a row into single numbers and branch on each, ten
times as slow; so for the narrow layer the width is known at run time only. Matrices
hold one row a sample.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from symloss.compile.cpu.jit import njit
from symloss.models.mlp.state import KEEP, MOMENTUM, NORM_EPS, WIDTHS

Matrix = NDArray[np.float32]
_ZERO, _ONE = np.float32(0), np.float32(1)
_GAIN = np.float32(1 / KEEP)
_EPS = np.float32(NORM_EPS)
WIDE = WIDTHS[1]


@njit(forceinline=True)
def column_sums(x: Matrix, out: Matrix, n: int, width: int) -> None:
    """Write the sums of n rows to `out`, shape (1, width)."""
    for k in range(width):
        out[0, k] = _ZERO
    for j in range(n):
        for k in range(width):
            out[0, k] += x[j, k]


@njit(forceinline=True)
def normalise(z: Matrix, inverse: Matrix, means: Matrix, variances: Matrix, work: Matrix, n: int,
              width: int) -> None:  # fmt: skip
    """Make each column's mean 0 and variance 1, in place, and follow both in the running statistics.

    One row is its own mean, and there is no variance to learn from.

    Args:
        z: shape (n, width), written.
        inverse: shape (1, width), written: what centred columns were multiplied with.
        means, variances: shape (1, width), running statistics, updated.
        work: shape (2, width), overwritten.
        n, width: see above.
    """
    column_sums(z, work, n, width)
    part = np.float32(1.0 / n)
    for k in range(width):
        work[0, k] *= part
        work[1, k] = _ZERO
    for j in range(n):
        for k in range(width):
            z[j, k] -= work[0, k]
    for j in range(n):
        for k in range(width):
            work[1, k] += z[j, k] * z[j, k]
    if n == 1:
        for k in range(width):
            inverse[0, k] = _ONE
        return
    old, new = np.float32(1 - MOMENTUM), np.float32(MOMENTUM)
    unbiased = np.float32(n / (n - 1))
    for k in range(width):
        variance = work[1, k] * part
        inverse[0, k] = _ONE / np.sqrt(variance + _EPS)
        means[0, k] = old * means[0, k] + new * work[0, k]
        variances[0, k] = old * variances[0, k] + new * (unbiased * variance)
    for j in range(n):
        for k in range(width):
            z[j, k] *= inverse[0, k]


@njit(forceinline=True)
def activate(z: Matrix, gains: Matrix, shifts: Matrix, kept: NDArray[np.uint8], first: int, out: Matrix, n: int,
             width: int) -> None:  # fmt: skip
    """Write dropout(ReLU(gain z + shift)) to `out`; the mask of unit k is column first + k of `kept`."""
    for j in range(n):
        for k in range(width):
            y = gains[0, k] * z[j, k] + shifts[0, k]
            # Written so that NaN stays NaN.
            y = _ZERO if y < _ZERO else y
            out[j, k] = y * (np.float32(kept[j, first + k]) * _GAIN)


@njit(forceinline=True)
def activate_back(gradient: Matrix, active: Matrix, z: Matrix, gains: Matrix, inverse: Matrix, by_gain: Matrix,
                  by_shift: Matrix, by_bias: Matrix, n: int, width: int) -> None:  # fmt: skip
    """Turn the gradient by what `activate` wrote into that by what `normalise` was given, in place.

    Args:
        gradient: shape (n, width).
        active: what `activate` wrote.
        z, inverse: what `normalise` wrote.
        gains: of batch norm, shape (1, width).
        by_gain, by_shift, by_bias: shape (1, width), written: the gradients by gains, shifts and the biases
            before.
        n, width: see above.
    """
    for k in range(width):
        by_gain[0, k] = _ZERO
        by_shift[0, k] = _ZERO
    for j in range(n):
        for k in range(width):
            gradient[j, k] = gradient[j, k] * _GAIN if active[j, k] > _ZERO else _ZERO
    for j in range(n):
        for k in range(width):
            by_shift[0, k] += gradient[j, k]
    for j in range(n):
        for k in range(width):
            by_gain[0, k] += gradient[j, k] * z[j, k]
    if n == 1:
        for k in range(width):
            gradient[0, k] = _ZERO
            by_bias[0, k] = _ZERO
        return
    part = np.float32(1.0 / n)
    for j in range(n):
        for k in range(width):
            centred = gradient[j, k] - part * by_shift[0, k] - z[j, k] * (part * by_gain[0, k])
            gradient[j, k] = gains[0, k] * inverse[0, k] * centred
    column_sums(gradient, by_bias, n, width)


@njit(forceinline=True)
def activate_fixed(z: Matrix, means: Matrix, variances: Matrix, gains: Matrix, shifts: Matrix, n: int,
                   width: int) -> None:  # fmt: skip
    """Apply batch norm by running statistics and ReLU, in place."""
    for j in range(n):
        for k in range(width):
            scale = gains[0, k] / np.sqrt(variances[0, k] + _EPS)
            y = scale * (z[j, k] - means[0, k]) + shifts[0, k]
            z[j, k] = _ZERO if y < _ZERO else y


@njit
def normalise_wide(
    z: Matrix, inverse: Matrix, means: Matrix, variances: Matrix, work: Matrix, n: int
) -> None:
    """Normalise columns of the wide layer."""
    normalise(z, inverse, means, variances, work, n, WIDE)


@njit
def normalise_narrow(
    z: Matrix, inverse: Matrix, means: Matrix, variances: Matrix, work: Matrix, n: int
) -> None:
    """Normalise columns of the narrow layer."""
    normalise(z, inverse, means, variances, work, n, z.shape[1])


@njit
def activate_wide(
    z: Matrix, gains: Matrix, shifts: Matrix, kept: NDArray[np.uint8], out: Matrix, n: int
) -> None:
    """Activate the wide layer, whose masks come first."""
    activate(z, gains, shifts, kept, 0, out, n, WIDE)


@njit
def activate_narrow(z: Matrix, gains: Matrix, shifts: Matrix, kept: NDArray[np.uint8], out: Matrix,
                    n: int) -> None:  # fmt: skip
    """Activate the narrow layer."""
    activate(z, gains, shifts, kept, WIDE, out, n, z.shape[1])


@njit
def wide_back(gradient: Matrix, active: Matrix, z: Matrix, gains: Matrix, inverse: Matrix, by_gain: Matrix,
              by_shift: Matrix, by_bias: Matrix, n: int) -> None:  # fmt: skip
    """Go back through the wide layer."""
    activate_back(gradient, active, z, gains, inverse, by_gain, by_shift, by_bias, n, WIDE)


@njit
def narrow_back(gradient: Matrix, active: Matrix, z: Matrix, gains: Matrix, inverse: Matrix, by_gain: Matrix,
                by_shift: Matrix, by_bias: Matrix, n: int) -> None:  # fmt: skip
    """Go back through the narrow layer."""
    activate_back(gradient, active, z, gains, inverse, by_gain, by_shift, by_bias, n, z.shape[1])
