"""What an operator's rule is written in: the instructions of the program form, on any kind of number."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

from symloss.ops.opcode import Opcode

N = TypeVar("N")


class InstructionSet(ABC, Generic[N]):
    """The instructions, on one kind of number: bounded expressions, intervals, operands of a program.

    What each computes, its derivative and its conventions at kinks are in `symloss.ops.rules`.
    """

    @abstractmethod
    def number(self, value: float) -> N:
        """Return a constant; decimals are meant as they are written, 0.1 is 1/10."""

    @property
    @abstractmethod
    def eps(self) -> N:
        """The smoothing of the loss, at least 1e-6."""

    @abstractmethod
    def apply(self, opcode: Opcode, a: N, b: N | None = None) -> N:
        """Return the result of one instruction; `b` is left out for one with a single operand."""

    def add(self, a: N, b: N) -> N:
        """Return a + b."""
        return self.apply(Opcode.ADD, a, b)

    def subtract(self, a: N, b: N) -> N:
        """Return a - b."""
        return self.apply(Opcode.SUBTRACT, a, b)

    def multiply(self, a: N, b: N) -> N:
        """Return a * b."""
        return self.apply(Opcode.MULTIPLY, a, b)

    def divide(self, a: N, b: N) -> N:
        """Return a / b."""
        return self.apply(Opcode.DIVIDE, a, b)

    def power(self, a: N, b: N) -> N:
        """Return a ** b."""
        return self.apply(Opcode.POWER, a, b)

    def maximum(self, a: N, b: N) -> N:
        """Return max(a, b); at a tie its derivative is the mean of both."""
        return self.apply(Opcode.MAXIMUM, a, b)

    def minimum(self, a: N, b: N) -> N:
        """Return min(a, b); at a tie its derivative is the mean of both."""
        return self.apply(Opcode.MINIMUM, a, b)

    def negate(self, a: N) -> N:
        """Return -a."""
        return self.apply(Opcode.NEGATE, a)

    def identity(self, a: N) -> N:
        """Return a."""
        return self.apply(Opcode.IDENTITY, a)

    def square(self, a: N) -> N:
        """Return a^2."""
        return self.apply(Opcode.SQUARE, a)

    def log(self, a: N) -> N:
        """Return log a, for a > 0."""
        return self.apply(Opcode.LOG, a)

    def exp(self, a: N) -> N:
        """Return exp a."""
        return self.apply(Opcode.EXP, a)

    def absolute(self, a: N) -> N:
        """Return |a|; its derivative at 0 is 0."""
        return self.apply(Opcode.ABS, a)

    def sqrt(self, a: N) -> N:
        """Return the square root of a, for a >= 0."""
        return self.apply(Opcode.SQRT, a)

    def sign(self, a: N) -> N:
        """Return -1, 0 or 1."""
        return self.apply(Opcode.SIGN, a)

    def tanh(self, a: N) -> N:
        """Return tanh a."""
        return self.apply(Opcode.TANH, a)

    def sigmoid(self, a: N) -> N:
        """Return 1 / (1 + exp(-a))."""
        return self.apply(Opcode.SIGMOID, a)

    def relu(self, a: N) -> N:
        """Return max(a, 0); its derivative at 0 is 1/2."""
        return self.apply(Opcode.RELU, a)

    def guard(self, a: N) -> N:
        """Return a clipped to [-1e6, 1e6]."""
        return self.apply(Opcode.GUARD, a)

    def protected_log(self, a: N, smoothing: N) -> N:
        """Return sign(a) log(|a| + s)."""
        return self.apply(Opcode.PROTECTED_LOG, a, smoothing)

    def protected_reciprocal(self, a: N, smoothing: N) -> N:
        """Return sign(a) / (|a| + s)."""
        return self.apply(Opcode.PROTECTED_RECIPROCAL, a, smoothing)

    def protected_sqrt(self, a: N, smoothing: N) -> N:
        """Return sign(a) sqrt(|a| + s)."""
        return self.apply(Opcode.PROTECTED_SQRT, a, smoothing)

    def protected_exp(self, a: N) -> N:
        """Return exp(min(a, log(1e6)))."""
        return self.apply(Opcode.PROTECTED_EXP, a)

    def analytic_quotient(self, a: N, b: N) -> N:
        """Return a / sqrt(1 + b^2)."""
        return self.apply(Opcode.ANALYTIC_QUOTIENT, a, b)

    def arctan(self, a: N) -> N:
        """Return atan a."""
        return self.apply(Opcode.ARCTAN, a)
