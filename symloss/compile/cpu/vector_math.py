"""Elementary functions in float32 that a compiler can vectorise.

The scalar library functions can't be turned into SIMD code; these are straight
lines of arithmetic and bit operations, so a loop over them is. Errors stay below
2 units in the last place (held by tests/compile/test_vector_math.py); NaN,
infinities, zeros and subnormal arguments behave as in IEEE 754 libraries.

Method: exp by x = n ln 2 + r with |r| <= ln 2 / 2 and exp r = 1 + r + r^2 P(r);
log by x = 2^n (1 + f) with 1 + f in [sqrt(1/2), sqrt 2) and log(1 + f) =
f - f^2/2 + f^3 P(f); tanh by x + x^3 P(x^2) near 0 and from exp(2|x|) elsewhere; arctan by the same
form after arctan x = pi/4 + arctan((x - 1)/(x + 1)) or pi/2 - arctan(1/x).
Each P is a minimax fit of the relative error of the whole function, made with
Lawson's iteration on Chebyshev points.
"""

from __future__ import annotations

import numpy as np

from symloss.compile.cpu.jit import njit

_LOG2_E = np.float32(1.4426950408889634)
_LN2_HIGH = np.float32(0.693359375)
"""ln 2 to ten bits, so that n * _LN2_HIGH is exact for every exponent n."""
_LN2_LOW = np.float32(-2.1219444005469058e-4)
_ROUNDER = np.float32(1.5 * 2.0**23)
"""Adding and subtracting this rounds a small float32 to the nearest integer."""
_ROUNDER_BITS = np.int32(0x4B400000)
_ONE = np.float32(1)
_HALF = np.float32(0.5)
_SQRT_HALF_BITS = np.int32(0x3F3504F3)
_MANTISSA = np.int32(0x007FFFFF)
_SMALLEST_NORMAL = np.float32(2.0**-126)
_TWO_23 = np.float32(2.0**23)
_INF = np.float32(np.inf)
_NAN = np.float32(np.nan)

_E0, _E1, _E2, _E3, _E4 = (
    np.float32(c)
    for c in (
        0.4999999403953552,
        0.1666651964187622,
        0.04166839271783829,
        0.008368780836462975,
        0.0013814467238262296,
    )
)
_L0, _L1, _L2, _L3, _L4, _L5, _L6, _L7 = (
    np.float32(c)
    for c in (
        0.3333333134651184,
        -0.250008225440979,
        0.20001234114170074,
        -0.16623298823833466,
        0.14201553165912628,
        -0.1316058188676834,
        0.12763327360153198,
        -0.07635655254125595,
    )
)
_T0, _T1, _T2, _T3, _T4 = (
    np.float32(c)
    for c in (
        -0.3333328068256378,
        0.13331441581249237,
        -0.05373971536755562,
        0.02063908614218235,
        -0.005704986862838268,
    )
)
_A0, _A1, _A2, _A3, _A4 = (
    np.float32(c)
    for c in (
        -0.33333316445350647,
        0.199984610080719,
        -0.14243310689926147,
        0.10592078417539597,
        -0.06073610112071037,
    )
)
_TAN_PI_8 = np.float32(0.41421356237309503)
_TAN_3_PI_8 = np.float32(2.414213562373095)
_PI_2 = np.float32(1.5707963267948966)
_PI_4 = np.float32(0.7853981633974483)

# Contraction (fused multiply-add) is the only freedom given to the compiler:
# NaN and infinity keep their meaning and the order of additions is kept.


@njit
def _bits(x: np.float32) -> np.int32:
    """Return the bits of a float32."""
    return np.float32(x).view(np.int32)


@njit
def _from_bits(bits: np.int32) -> np.float32:
    """Return the float32 with these bits."""
    return np.int32(bits).view(np.float32)


@njit
def exp32(x: np.float32) -> np.float32:
    """Return e**x; 0 below about -103.97, infinity above about 88.72, NaN for NaN."""
    bounded = min(max(x, np.float32(-105)), np.float32(90))
    shifted = bounded * _LOG2_E + _ROUNDER
    n = shifted - _ROUNDER
    r = (bounded - n * _LN2_HIGH) - n * _LN2_LOW
    p = _E0 + r * (_E1 + r * (_E2 + r * (_E3 + r * _E4)))
    p = _ONE + (r + r * r * p)
    # 2^n in two factors: n runs from -152 to 130, beyond what one exponent holds.
    whole = np.int32(_bits(shifted) - _ROUNDER_BITS)
    first = np.int32(whole >> np.int32(1))
    second = np.int32(whole - first)
    low = _from_bits((first + np.int32(127)) << np.int32(23))
    high = _from_bits((second + np.int32(127)) << np.int32(23))
    result = p * low * high
    return x if x != x else result


@njit
def log32(x: np.float32) -> np.float32:
    """Return the natural logarithm; -infinity at 0, NaN below 0 and for NaN."""
    tiny = x < _SMALLEST_NORMAL
    scaled = x * _TWO_23 if tiny else x
    bits = _bits(scaled)
    # Shifting by sqrt(1/2) makes the exponent field switch there instead of at 1.
    offset = np.int32(bits - _SQRT_HALF_BITS)
    exponent = np.int32(offset >> np.int32(23))
    f = _from_bits((offset & _MANTISSA) + _SQRT_HALF_BITS) - _ONE
    n = np.float32(exponent - (np.int32(23) if tiny else np.int32(0)))
    p = _L0 + f * (_L1 + f * (_L2 + f * (_L3 + f * (_L4 + f * (_L5 + f * (_L6 + f * _L7))))))
    square = f * f
    tail = square * (f * p - _HALF) + n * _LN2_LOW
    result = n * _LN2_HIGH + (f + tail)
    result = x if x == _INF else result
    result = -_INF if x == np.float32(0) else result
    return result if x >= np.float32(0) else _NAN


@njit
def tanh32(x: np.float32) -> np.float32:
    """Return the hyperbolic tangent."""
    size = abs(x)
    square = x * x
    near = x + x * square * (_T0 + square * (_T1 + square * (_T2 + square * (_T3 + square * _T4))))
    far = _ONE - np.float32(2) / (exp32(np.float32(2) * min(size, np.float32(20))) + _ONE)
    far = -far if x < np.float32(0) else far
    return near if not size >= np.float32(0.625) else far


@njit
def sigmoid32(x: np.float32) -> np.float32:
    """Return 1 / (1 + e**-x)."""
    return _ONE / (_ONE + exp32(-x))


@njit
def arctan32(x: np.float32) -> np.float32:
    """Return the inverse tangent, between -pi/2 and pi/2."""
    size = abs(x)
    middle = size > _TAN_PI_8
    large = size > _TAN_3_PI_8
    above = size - _ONE if middle else size
    below = size + _ONE if middle else _ONE
    above = -_ONE if large else above
    below = size if large else below
    base = _PI_4 if middle else np.float32(0)
    base = _PI_2 if large else base
    r = above / below
    square = r * r
    result = base + (r + r * square * (_A0 + square * (_A1 + square * (_A2 + square * (_A3 + square * _A4)))))
    return -result if x < np.float32(0) else result
