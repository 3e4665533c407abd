"""How each array framework writes an operation, and the helper functions that generated code may need."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from symloss.ops.constants import GUARD_LIMIT


@dataclass(frozen=True)
class Framework:
    """One framework.

    Attributes:
        module: the name under which generated code imports it.
        names: its functions by operation, where they are not called like the operation.
        clamps: whether max and min of an array and a number need `clamp`.
        array: how a literal number is written where an array is needed, with {} for it; "" where it never is.
    """

    module: str
    names: Mapping[str, str] = field(default_factory=dict)
    clamps: bool = False
    array: str = ""

    def helper(self, operation: str) -> str | None:
        """Return the name of the helper function of an operation, or None where the framework has it."""
        return f"_{operation}" if operation in HELPERS and operation not in self.names else None

    def call(self, operation: str, arguments: Sequence[str], is_number: Sequence[bool]) -> str:
        """Write a call.

        Args:
            operation: the operation of a node.
            arguments: texts.
            is_number: which arguments are literal numbers.
        """
        if self.clamps and operation in ("maximum", "minimum") and is_number[1]:
            end = "min" if operation == "maximum" else "max"
            return f"{self.module}.clamp({arguments[0]}, {end}={arguments[1]})"
        if self.array and is_number[0] and operation != "power":
            arguments = [self.array.format(arguments[0]), *arguments[1:]]
        name = self.helper(operation) or self.names.get(operation) or f"{self.module}.{operation}"
        return f"{name}({', '.join(arguments)})"

    def helper_text(self, operation: str) -> str:
        """Return the definition of a helper function."""
        return HELPERS[operation].replace("xp.", f"{self.module}.").strip("\n")


_LIMIT = f"{GUARD_LIMIT:.1f}"
_CUTOFF = repr(math.log(GUARD_LIMIT))

HELPERS: dict[str, str] = {
    "keep_zero": '''
def _keep_zero(slope, factor):
    """slope * factor; a slope of exactly 0 stays 0, also beside an infinite factor."""
    return xp.where(slope == 0, 0.0, slope * factor)
''',
    "unless_zero": '''
def _unless_zero(exponent, slope):
    """The slope of a power by its base: 0 where the exponent is 0."""
    return xp.where(exponent == 0, 0.0, slope)
''',
    "unless_power_of_zero": '''
def _unless_power_of_zero(base, exponent, slope):
    """The slope of a power by its exponent: 0 where the base is 0."""
    return xp.where((base == 0) & (exponent >= 0), 0.0, slope)
''',
    "slope_of_larger": '''
def _slope_of_larger(a, b, slope_a, slope_b):
    """The slope of max(a, b); the mean of both at a tie, NaN beside NaN."""
    slope_a, slope_b = xp.zeros_like(a) + slope_a, xp.zeros_like(a) + slope_b
    at_a_tie = xp.where(a == b, (slope_a + slope_b) / 2, float("nan"))
    return xp.where(a > b, slope_a, xp.where(a < b, slope_b, at_a_tie))
''',
    "slope_of_smaller": '''
def _slope_of_smaller(a, b, slope_a, slope_b):
    """The slope of min(a, b); the mean of both at a tie, NaN beside NaN."""
    slope_a, slope_b = xp.zeros_like(a) + slope_a, xp.zeros_like(a) + slope_b
    at_a_tie = xp.where(a == b, (slope_a + slope_b) / 2, float("nan"))
    return xp.where(a < b, slope_a, xp.where(a > b, slope_b, at_a_tie))
''',
    "sigmoid": '''
def _sigmoid(x):
    """1 / (1 + exp(-x)), without overflow."""
    small = xp.exp(-xp.abs(x))
    return xp.where(x >= 0, 1.0, small) / (1 + small)
''',
    "guard": f'''
def _guard(x):
    """x clipped to [-1e6, 1e6]."""
    return xp.clip(x, -{_LIMIT}, {_LIMIT})
''',
    "within_guard": f'''
def _within_guard(x, slope):
    """The slope of a guarded x: 0 where it is clipped, NaN beside NaN."""
    slope = xp.zeros_like(x) + slope
    outside = xp.where(xp.abs(x) > {_LIMIT}, 0.0, float("nan"))
    return xp.where(xp.abs(x) <= {_LIMIT}, slope, outside)
''',
    "pexp": f'''
def _pexp(x):
    """Protected exponential: exp(min(x, log(1e6)))."""
    return xp.exp(xp.where(x > {_CUTOFF}, {_CUTOFF}, x))
''',
    "below_cutoff": f'''
def _below_cutoff(x, slope):
    """The slope of a protected exponential of x: 0 where it is cut off."""
    return xp.where(x > {_CUTOFF}, 0.0, xp.zeros_like(x) + slope)
''',
    "plog": '''
def _plog(x, s):
    """Protected logarithm: sign(x) log(|x| + s)."""
    return xp.sign(x) * xp.log(xp.abs(x) + s)
''',
    "plog_slope": '''
def _plog_slope(x, s):
    """The derivative of the protected logarithm by x; 0 at 0, where it jumps."""
    return xp.abs(xp.sign(x)) / (xp.abs(x) + s)
''',
    "plog_curvature": '''
def _plog_curvature(x, s):
    """The second derivative of the protected logarithm by x; 0 at 0."""
    return -xp.sign(x) / xp.square(xp.abs(x) + s)
''',
    "recip": '''
def _recip(x, s):
    """Protected reciprocal: sign(x) / (|x| + s)."""
    return xp.sign(x) / (xp.abs(x) + s)
''',
    "recip_slope": '''
def _recip_slope(x, s):
    """The derivative of the protected reciprocal by x; 0 at 0, where it jumps."""
    return -xp.abs(xp.sign(x)) / xp.square(xp.abs(x) + s)
''',
    "recip_curvature": '''
def _recip_curvature(x, s):
    """The second derivative of the protected reciprocal by x; 0 at 0."""
    inner = xp.abs(x) + s
    return 2 * xp.sign(x) / (inner * xp.square(inner))
''',
    "psqrt": '''
def _psqrt(x, s):
    """Protected square root: sign(x) sqrt(|x| + s)."""
    return xp.sign(x) * xp.sqrt(xp.abs(x) + s)
''',
    "psqrt_slope": '''
def _psqrt_slope(x, s):
    """The derivative of the protected square root by x; 0 at 0, where it jumps."""
    return xp.abs(xp.sign(x)) / (2 * xp.sqrt(xp.abs(x) + s))
''',
    "psqrt_curvature": '''
def _psqrt_curvature(x, s):
    """The second derivative of the protected square root by x; 0 at 0."""
    inner = xp.abs(x) + s
    return -xp.sign(x) / (4 * inner * xp.sqrt(inner))
''',
    "root_of_one_plus_square": '''
def _root_of_one_plus_square(x):
    """sqrt(1 + x^2), without overflow."""
    return xp.hypot(xp.ones_like(x), x)
''',
}
"""Helper functions by operation; `xp` stands for the framework."""

NUMPY = Framework("np", {"atan": "np.arctan"})
TORCH = Framework(
    "torch", {"power": "torch.pow", "sigmoid": "torch.sigmoid"}, clamps=True, array="yhat.new_tensor({})"
)
JAX = Framework("jnp", {"atan": "jnp.arctan", "sigmoid": "jax.nn.sigmoid"})
KERAS = Framework(
    "ops", {"atan": "ops.arctan", "sigmoid": "ops.sigmoid"}, array="ops.convert_to_tensor({}, yhat.dtype)"
)
