"""Expression -> tape: a flat list of elementary steps that any arithmetic can run.

One formula is evaluated here in doubles, in intervals, in many digits, and with
derivatives; the tape is what they share. Protected functions are lowered to
their definitions, so an arithmetic only needs the elementary operations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import sympy
from sympy import Abs, Add, Expr, Max, Min, Mul, Pow, Symbol, sign

from symloss.ops.constants import GUARD_LIMIT
from symloss.ops.protected import ProtectedFunction, sigmoid
from symloss.ops.rules import RULES


class Arithmetic(Protocol):
    """What a kind of number must be able to do; `value` of a number is an exact SymPy constant."""

    def number(self, value: Expr) -> Any:
        """Return a constant."""

    def add(self, a: Any, b: Any) -> Any:
        """Return a + b."""

    def multiply(self, a: Any, b: Any) -> Any:
        """Return a * b."""

    def power(self, a: Any, exponent: Expr) -> Any:
        """Return a ** exponent for a rational constant exponent."""

    def raised(self, a: Any, b: Any) -> Any:
        """Return a ** b for an exponent that is no rational constant; 0 ** 0 is 1."""

    def maximum(self, a: Any, b: Any) -> Any:
        """Return max(a, b)."""

    def minimum(self, a: Any, b: Any) -> Any:
        """Return min(a, b)."""

    def absolute(self, a: Any) -> Any:
        """Return |a|."""

    def sign(self, a: Any) -> Any:
        """Return the sign of a."""

    def log(self, a: Any) -> Any:
        """Return log a."""

    def exp(self, a: Any) -> Any:
        """Return exp a."""

    def tanh(self, a: Any) -> Any:
        """Return tanh a."""

    def atan(self, a: Any) -> Any:
        """Return atan a."""

    def sigmoid(self, a: Any) -> Any:
        """Return 1 / (1 + exp(-a))."""


_UNARY: dict[Any, str] = {
    Abs: "absolute",
    sign: "sign",
    sympy.log: "log",
    sympy.exp: "exp",
    sympy.tanh: "tanh",
    sympy.atan: "atan",
    sigmoid: "sigmoid",
}


class UnsupportedFunctionError(ValueError):
    """An expression holds a function that has no tape step."""


@dataclass(frozen=True)
class Step:
    """One step: an operation of `Arithmetic`, the numbers of the steps it reads, and a constant or symbol."""

    operation: str
    operands: tuple[int, ...]
    value: Expr | None = None


@dataclass(frozen=True)
class Tape:
    """The steps of one or more expressions; `outputs` are the steps that hold their values."""

    steps: tuple[Step, ...]
    outputs: tuple[int, ...]

    @classmethod
    def of(cls, *expressions: Expr) -> Tape:
        """Flatten expressions; equal subexpressions become one step.

        Raises:
            UnsupportedFunctionError: a function has no step.
        """
        writer = _Writer()
        outputs = tuple(writer.step(expression) for expression in expressions)
        return cls(tuple(writer.steps), outputs)

    def run(self, arithmetic: Arithmetic, values: Mapping[Symbol, Any]) -> tuple[Any, ...]:
        """Evaluate in an arithmetic, with its numbers for the symbols."""
        results: list[Any] = []
        for step in self.steps:
            if step.operation == "symbol":
                results.append(values[step.value])
            elif step.operation == "number":
                results.append(arithmetic.number(step.value))
            elif step.operation == "power":
                results.append(arithmetic.power(results[step.operands[0]], step.value))
            else:
                function = getattr(arithmetic, step.operation)
                results.append(function(*(results[operand] for operand in step.operands)))
        return tuple(results[output] for output in self.outputs)


class _Writer:
    """Writes steps, each distinct subexpression once."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.known: dict[Expr, int] = {}
        self.numbers: dict[Step, int] = {}

    def emit(self, operation: str, *operands: int, value: Expr | None = None) -> int:
        step = Step(operation, operands, value)
        found = self.numbers.get(step)
        if found is None:
            self.steps.append(step)
            found = self.numbers[step] = len(self.steps) - 1
        return found

    def step(self, node: Expr) -> int:
        found = self.known.get(node)
        if found is None:
            found = self.known[node] = self._write(node)
        return found

    def _fold(self, operation: str, nodes: tuple[Expr, ...]) -> int:
        result = self.step(nodes[0])
        for node in nodes[1:]:
            result = self.emit(operation, result, self.step(node))
        return result

    def _write(self, node: Expr) -> int:
        function = node.func
        if node.is_Symbol:
            return self.emit("symbol", value=node)
        if node.is_number:
            return self.emit("number", value=node)
        if function is Add:
            return self._fold("add", node.args)
        if function is Mul:
            return self._fold("multiply", node.args)
        if function is Pow:
            return self._power(node)
        if function is Max:
            return self._fold("maximum", node.args)
        if function is Min:
            return self._fold("minimum", node.args)
        if function in _UNARY:
            return self.emit(_UNARY[function], self.step(node.args[0]))
        return self._protected(node)

    def _power(self, node: Expr) -> int:
        base, exponent = node.args
        if exponent.is_Rational:
            return self.emit("power", self.step(base), value=exponent)
        if base == sympy.E:
            return self.emit("exp", self.step(exponent))
        return self.emit("raised", self.step(base), self.step(exponent))

    def _protected(self, node: Expr) -> int:
        if not isinstance(node, ProtectedFunction):
            raise UnsupportedFunctionError(f"{node.func.__name__} is not a function of the formula grammar")
        operands = [self.step(operand) for operand in node.operands]
        return RULES[node.opcode].value(_Steps(self), operands[0], operands[-1])


class _Steps:
    """The elementary steps of `symloss.ops.rules` that protected functions take, as steps of a tape."""

    limit, log_limit = sympy.Integer(GUARD_LIMIT), sympy.log(sympy.Integer(GUARD_LIMIT))

    def __init__(self, writer: _Writer) -> None:
        self.writer = writer

    def add(self, a: int, b: int) -> int:
        return self.writer.emit("add", a, b)

    def multiply(self, a: int, b: int) -> int:
        return self.writer.emit("multiply", a, b)

    times = multiply

    def divide(self, a: int, b: int) -> int:
        # 1/sqrt(x) is one power: an interval is wider after two.
        step = self.writer.steps[b]
        base, exponent = b, sympy.Integer(1)
        if step.operation == "power" and step.value is not None:
            base, exponent = step.operands[0], step.value
        return self.multiply(a, self.writer.emit("power", base, value=-exponent))

    def sqrt(self, a: int) -> int:
        return self.writer.emit("power", a, value=sympy.Rational(1, 2))

    def root_of_one_plus_square(self, b: int) -> int:
        square = self.writer.emit("power", b, value=sympy.Integer(2))
        return self.sqrt(self.add(square, self.writer.step(sympy.Integer(1))))

    def absolute(self, a: int) -> int:
        return self.writer.emit("absolute", a)

    def sign(self, a: int) -> int:
        return self.writer.emit("sign", a)

    def log(self, a: int) -> int:
        return self.writer.emit("log", a)

    def exp(self, a: int) -> int:
        return self.writer.emit("exp", a)

    def at_most(self, a: int, limit: Expr) -> int:
        return self.writer.emit("minimum", a, self.writer.step(limit))

    def within(self, a: int, limit: Expr) -> int:
        return self.writer.emit("maximum", self.at_most(a, limit), self.writer.step(-limit))

    def from_xi(self, inner: int) -> int:
        return inner
