"""Operators as another package would add them: a class each, stated by its rule alone."""

from __future__ import annotations

from symloss.ops.instruction_set import InstructionSet, N
from symloss.ops.operator import Operator


class Softplus(Operator):
    """The smooth positive part."""

    name = "softplus"
    arity = 1
    text = "softplus(a)"
    definition = "guard(log(1 + exp(a)))"

    def rule(self, o: InstructionSet[N], a: N, b: N) -> N:
        """Return log(1 + exp(a)), written so that no exponential overflows."""
        tail = o.exp(o.negate(o.absolute(a)))
        return o.add(o.relu(a), o.log(o.add(o.number(1), tail)))


class SmoothHinge(Operator):
    """The hinge of a margin a b, with a parabola between 0 and 1 (Rennie, 2005)."""

    name = "smooth-hinge"
    arity = 2
    text = "smooth_hinge(a, b)"
    definition = "guard(m (h - m / 2)), h = max(1 - a b, 0), m = min(h, 1)"
    commutative = True

    def rule(self, o: InstructionSet[N], a: N, b: N) -> N:
        """Return 1/2 - a b below a margin of 0, (1 - a b)^2 / 2 up to 1, and 0 above."""
        short = o.relu(o.subtract(o.number(1), o.multiply(a, b)))
        capped = o.minimum(short, o.number(1))
        return o.multiply(capped, o.subtract(short, o.multiply(o.number(0.5), capped)))


class Unnamed(Operator):
    """One whose entry point has another name."""

    name = "unnamed"
    arity = 1
    text = "unnamed(a)"
    definition = "a"

    def rule(self, o: InstructionSet[N], a: N, b: N) -> N:
        """Return a."""
        return o.identity(a)


class Forgetful(Operator):
    """One that does not look at its second operand."""

    name = "forgetful"
    arity = 2
    text = "forgetful(a, b)"
    definition = "a^2"

    def rule(self, o: InstructionSet[N], a: N, b: N) -> N:
        """Return a^2."""
        return o.square(a)
