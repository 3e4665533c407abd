"""Program -> value, first and second derivative by one of its inputs (yhat of a pointwise loss), as nodes.

The rules are those of `symloss.ops.rules`, which training follows. Linear instructions and functions of one operand
are run from there; the others are written here, for the second derivative and for code that reads well, and the second
derivative carries the conventions one order on.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from symloss.compile.program import Program
from symloss.export.finite import Finiteness
from symloss.export.node import (
    ONE,
    TWO,
    ZERO,
    Node,
    add,
    call,
    chosen,
    divide,
    keep_zero,
    multiply,
    negate,
    number,
    square,
    subtract,
)
from symloss.ops.opcode import Opcode
from symloss.ops.rules import RULES, LinearRule, SmoothRule


@dataclass(frozen=True)
class Jet:
    """A value with its first and second derivative by one input."""

    value: Node
    slope: Node = ZERO
    curvature: Node = ZERO


def jet(program: Program, finite: Finiteness, by: str = "yhat") -> Jet:
    """Return the loss of a program and its derivatives.

    Args:
        program: the loss.
        finite: what may be taken as finite.
        by: the input that derivatives are taken of.
    """
    rules = _Rules(finite)
    slots = [Jet(Node(name), ONE if name == by else ZERO) for name in program.inputs]
    slots += [Jet(number(constant)) for constant in program.constants]
    for opcode, left, right in zip(program.opcodes, program.left, program.right, strict=True):
        slots.append(rules.apply(Opcode(opcode), slots[left], slots[right]))
    return slots[-1]


class _Rules:
    """What each opcode does to jets."""

    def __init__(self, finite: Finiteness) -> None:
        self.finite = finite

    def apply(self, opcode: Opcode, a: Jet, b: Jet) -> Jet:
        plain = RULES[opcode]
        if isinstance(plain, LinearRule):
            parts = zip((a.value, a.slope, a.curvature), (b.value, b.slope, b.curvature), strict=True)
            return Jet(*(plain.value(_NodeArithmetic, *pair) for pair in parts))
        if isinstance(plain, SmoothRule):
            value = plain.value(_NodeArithmetic, a.value, b.value)
            first = plain.first(_NodeArithmetic, a.value, value)
            return self.chain(value, first, plain.second(_NodeArithmetic, a.value, value, first), a)
        if opcode in _SMOOTHED:
            return self.smoothed(_SMOOTHED[opcode], a, b.value)
        rule: Callable[[Jet, Jet], Jet] = getattr(self, opcode.name.lower())
        return rule(a, b)

    def times(self, slope: Node, factor: Node) -> Node:
        """Multiply; 0 where the slope is 0."""
        if slope.is_number or self.finite.sure(factor):
            return multiply(slope, factor)
        return keep_zero(slope, factor)

    def over(self, slope: Node, divisor: Node) -> Node:
        """Divide; 0 where the slope is 0."""
        inverse = divide(ONE, divisor)
        if slope.is_number or self.finite.sure(inverse):
            return divide(slope, divisor)
        return keep_zero(slope, inverse)

    def chain(self, value: Node, first: Node, second: Node, a: Jet) -> Jet:
        """Return f(a) from f, f' and f'' there."""
        if a.slope == ZERO:
            return Jet(value)
        bend = self.times(square(a.slope), second)
        return Jet(value, self.times(a.slope, first), add(self.times(a.curvature, first), bend))

    def smoothed(self, name: str, x: Jet, smoothing: Node) -> Jet:
        """Return sign(x) g(|x| + s): its slope is 0 at x = 0, also where that of x is infinite."""
        value = call(name, x.value, smoothing)
        if x.slope == ZERO:
            return Jet(value)
        first, second = (call(f"{name}_{order}", x.value, smoothing) for order in ("slope", "curvature"))

        def zero_at_zero(factor: Node, slope: Node) -> Node:
            return multiply(factor, slope) if self.finite.sure(slope) else keep_zero(factor, slope)

        bend = zero_at_zero(second, square(x.slope))
        return Jet(value, zero_at_zero(first, x.slope), add(zero_at_zero(first, x.curvature), bend))

    def sign(self, a: Jet, b: Jet) -> Jet:
        return Jet(call("sign", a.value))

    def multiply(self, a: Jet, b: Jet) -> Jet:
        slope = add(self.times(a.slope, b.value), self.times(b.slope, a.value))
        ends = add(self.times(a.curvature, b.value), self.times(b.curvature, a.value))
        middle = multiply(TWO, self.times(a.slope, b.slope))
        return Jet(multiply(a.value, b.value), slope, add(ends, middle))

    def divide(self, a: Jet, b: Jet) -> Jet:
        value = divide(a.value, b.value)
        if b.slope == ZERO:
            return Jet(value, self.over(a.slope, b.value), self.over(a.curvature, b.value))
        ratio = divide(value, b.value)
        slope = subtract(self.over(a.slope, b.value), self.times(b.slope, ratio))
        inner = add(multiply(TWO, self.times(b.slope, slope)), self.times(b.curvature, value))
        return Jet(value, slope, self.over(subtract(a.curvature, inner), b.value))

    def power(self, a: Jet, b: Jet) -> Jet:
        value = call("power", a.value, b.value)
        if b.slope == ZERO:
            lower = subtract(b.value, ONE)
            first = multiply(b.value, _power(a.value, lower))
            second = multiply(multiply(b.value, lower), _power(a.value, subtract(b.value, TWO)))
            if not b.value.is_number:
                first = call("unless_zero", b.value, first)
                second = call("unless_zero", multiply(b.value, lower), second)
            return self.chain(value, first, second, a)
        # a**b = exp(b log(a)); at a = 0 and b >= 0 the exponent has no effect.
        log_a = _log_of_base(a.value)
        first = multiply(b.value, _power(a.value, subtract(b.value, ONE)))
        by_base = ZERO if a.slope == ZERO else call("unless_zero", b.value, self.times(a.slope, first))
        by_exponent = self.times(b.slope, multiply(value, log_a))
        if not a.value.is_number:
            by_exponent = call("unless_power_of_zero", a.value, b.value, by_exponent)
        rate = add(self.times(b.slope, log_a), self.over(multiply(b.value, a.slope), a.value))
        mixed = multiply(TWO, self.over(multiply(b.slope, a.slope), a.value))
        bent = add(self.times(b.curvature, log_a), mixed)
        base = subtract(a.curvature, self.over(square(a.slope), a.value))
        bent = add(bent, self.over(multiply(b.value, base), a.value))
        return Jet(value, add(by_base, by_exponent), multiply(value, add(square(rate), bent)))

    def maximum(self, a: Jet, b: Jet) -> Jet:
        return self.extremum("maximum", "slope_of_larger", a, b)

    def minimum(self, a: Jet, b: Jet) -> Jet:
        return self.extremum("minimum", "slope_of_smaller", a, b)

    def extremum(self, name: str, pick: str, a: Jet, b: Jet) -> Jet:
        if a.value.is_number:
            a, b = b, a
        slope, curvature = (
            chosen(pick, a.value, b.value, *ends) for ends in ((a.slope, b.slope), (a.curvature, b.curvature))
        )
        return Jet(call(name, a.value, b.value), slope, curvature)

    def relu(self, a: Jet, b: Jet) -> Jet:
        return self.maximum(a, Jet(ZERO))

    def guard(self, a: Jet, b: Jet) -> Jet:
        return self.cut("guard", "within_guard", a)

    def protected_exp(self, a: Jet, b: Jet) -> Jet:
        value = call("pexp", a.value)
        slope = self.times(a.slope, value)
        curvature = add(self.times(a.curvature, value), self.times(square(a.slope), value))
        return self.cut("pexp", "below_cutoff", Jet(a.value, slope, curvature))

    def cut(self, name: str, condition: str, a: Jet) -> Jet:
        """Return a function with slope 0 outside of a condition on its argument."""
        slope, curvature = (
            ZERO if part == ZERO else call(condition, a.value, part) for part in (a.slope, a.curvature)
        )
        return Jet(call(name, a.value), slope, curvature)

    def analytic_quotient(self, a: Jet, b: Jet) -> Jet:
        root = call("root_of_one_plus_square", b.value)
        direction = divide(b.value, root)
        return self.divide(a, self.chain(root, direction, divide(ONE, multiply(root, square(root))), b))


def _power(base: Node, exponent: Node) -> Node:
    if exponent.is_number:
        if exponent.number == 0:
            return ONE
        if exponent.number == 1:
            return base
        if exponent.number == 2:
            return square(base)
        if exponent.number == -1:
            return divide(ONE, base)
    return call("power", base, exponent)


def _log_of_base(base: Node) -> Node:
    if base.is_number:
        return number(math.log(base.number)) if base.number > 0 else number(math.nan)
    return call("log", base)


class _NodeArithmetic:
    """The elementary steps of `symloss.ops.rules` that functions of one operand take, on nodes."""

    half, one, two = number(0.5), ONE, TWO
    add, subtract, multiply, divide = add, subtract, multiply, divide
    negate, square = negate, square
    log, exp, sqrt = partial(call, "log"), partial(call, "exp"), partial(call, "sqrt")
    absolute, sign = partial(call, "abs"), partial(call, "sign")
    tanh, sigmoid, arctan = partial(call, "tanh"), partial(call, "sigmoid"), partial(call, "atan")


_SMOOTHED = {
    Opcode.PROTECTED_LOG: "plog",
    Opcode.PROTECTED_RECIPROCAL: "recip",
    Opcode.PROTECTED_SQRT: "psqrt",
}
