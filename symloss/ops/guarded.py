"""Operators with a singular point: log, reciprocal, sqrt, exp, analytic quotient."""

from __future__ import annotations

from symloss.ops.instruction_set import InstructionSet, N
from symloss.ops.operator import Operator


class LogOperator(Operator):
    """The protected logarithm."""

    name = "log"
    arity = 1
    group = "paper"
    text = "plog(a, eps)"
    definition = "sign(a) log(|a| + eps)"
    singular = "0 at 0, with derivative 0; jumps there"

    def rule(self, o: InstructionSet[N], a: N, b: N) -> N:
        """Return the output."""
        return o.protected_log(a, o.eps)


class ReciprocalOperator(Operator):
    """The protected reciprocal."""

    name = "reciprocal"
    arity = 1
    group = "paper"
    text = "recip(a, eps)"
    definition = "sign(a) / (|a| + eps)"
    singular = "0 at 0, with derivative 0; jumps there"

    def rule(self, o: InstructionSet[N], a: N, b: N) -> N:
        """Return the output."""
        return o.protected_reciprocal(a, o.eps)


class SqrtOperator(Operator):
    """The protected square root."""

    name = "sqrt"
    arity = 1
    group = "extended"
    text = "psqrt(a, eps)"
    definition = "sign(a) sqrt(|a| + eps)"
    singular = "0 at 0, with derivative 0; jumps there"

    def rule(self, o: InstructionSet[N], a: N, b: N) -> N:
        """Return the output."""
        return o.protected_sqrt(a, o.eps)


class ExpOperator(Operator):
    """The exponential, cut off where it reaches 1/xi."""

    name = "exp"
    arity = 1
    group = "extended"
    text = "pexp(a)"
    definition = "exp(min(a, log(1/xi)))"
    singular = "1/xi, with derivative 0, beyond log(1/xi)"

    def rule(self, o: InstructionSet[N], a: N, b: N) -> N:
        """Return the output."""
        return o.protected_exp(a)


class AnalyticQuotientOperator(Operator):
    """A quotient with no singular point (Ni, Drieberg and Rockett, 2013)."""

    name = "analytic-quotient"
    arity = 2
    group = "extended"
    text = "aq(a, b)"
    definition = "a / sqrt(1 + b^2)"

    def rule(self, o: InstructionSet[N], a: N, b: N) -> N:
        """Return the output."""
        return o.analytic_quotient(a, b)
