"""Expression -> program: each node of the expression becomes at most a few instructions.

Equal subexpressions are computed once. Numbers become constants in float64.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import sympy
from sympy import Abs, Add, Expr, Integer, Max, Min, Mul, Pow, Rational, sign

from symloss.compile.program import Program
from symloss.errors import OptionError, unknown_name
from symloss.ops.construct import approximate, make
from symloss.ops.opcode import Opcode
from symloss.ops.protected import RuledFunction
from symloss.signature import Domain, Signature

_UNARY: dict[Any, Opcode] = {
    sympy.log: Opcode.LOG,
    sympy.exp: Opcode.EXP,
    sympy.tanh: Opcode.TANH,
    sympy.atan: Opcode.ARCTAN,
    Abs: Opcode.ABS,
    sign: Opcode.SIGN,
}


def assemble(expression: Expr, signature: Signature | None = None) -> Program:
    """Compile a loss expression.

    Args:
        expression: the loss.
        signature: its arguments are the inputs of the program, and its predictions what that is differentiated by;
            those of a pointwise loss by default.

    Raises:
        OptionError: the expression holds a function that the program form does not know, or another symbol.
    """
    signature = signature or Domain()
    assembler = _Assembler(signature.inputs)
    root = assembler.operand(expression)
    if not assembler.instructions or root != ("result", len(assembler.instructions) - 1):
        assembler.emit(Opcode.IDENTITY, root)
    return assembler.finish(signature.predictions)


def _negative(term: Expr) -> Expr:
    # Not -term: SymPy may pull an imaginary unit out of a root that the loss keeps as written.
    return make(Mul, [Integer(-1), term])


class _Assembler:
    """Collects instructions; operands are named by kind and number until all constants are known."""

    def __init__(self, inputs: tuple[str, ...]) -> None:
        self.inputs = inputs
        self.instructions: list[tuple[Opcode, tuple[str, int], tuple[str, int]]] = []
        self.constants: dict[float, int] = {}
        self.known: dict[Expr, tuple[str, int]] = {}

    def emit(
        self, opcode: Opcode, left: tuple[str, int], right: tuple[str, int] | None = None
    ) -> tuple[str, int]:
        self.instructions.append((opcode, left, left if right is None else right))
        return ("result", len(self.instructions) - 1)

    def constant(self, value: float) -> tuple[str, int]:
        return ("constant", self.constants.setdefault(value, len(self.constants)))

    def operand(self, node: Expr) -> tuple[str, int]:
        found = self.known.get(node)
        if found is None:
            found = self.constant(approximate(node)) if node.is_number else self._compile(node)
            self.known[node] = found
        return found

    def _compile(self, node: Expr) -> tuple[str, int]:
        if node.is_Symbol:
            return self._input(node.name)
        function = node.func
        if function is Add:
            return self._add(node)
        if function is Mul:
            return self._multiply(node)
        if function is Pow or function is sympy.exp:
            return self._power(node)
        if function in (Max, Min):
            opcode = Opcode.MAXIMUM if function is Max else Opcode.MINIMUM
            return self._fold(opcode, [self.operand(argument) for argument in node.args])
        if function in _UNARY:
            return self.emit(_UNARY[function], self.operand(node.args[0]))
        if isinstance(node, RuledFunction):
            return self.emit(node.opcode, *(self.operand(operand) for operand in node.operands))
        raise OptionError(
            f"{function.__name__} has no instruction; build losses from the functions of the formula grammar"
        )

    def _input(self, name: str) -> tuple[str, int]:
        if name not in self.inputs:
            raise OptionError(
                unknown_name("input", name, self.inputs, "the program of this loss takes one of these")
            )
        return ("slot", self.inputs.index(name))

    def _fold(self, opcode: Opcode, operands: list[tuple[str, int]]) -> tuple[str, int]:
        result = operands[0]
        for operand in operands[1:]:
            result = self.emit(opcode, result, operand)
        return result

    def _add(self, node: Expr) -> tuple[str, int]:
        """Add the positive terms, then subtract the others: 1 - yhat is one instruction."""
        added: list[Expr] = []
        subtracted: list[Expr] = []
        for term in node.args:
            (subtracted if term.could_extract_minus_sign() and not term.is_Add else added).append(term)
        if not added:
            return self.emit(
                Opcode.NEGATE, self._fold(Opcode.ADD, [self.operand(_negative(term)) for term in subtracted])
            )
        result = self._fold(Opcode.ADD, [self.operand(term) for term in added])
        for term in subtracted:
            result = self.emit(Opcode.SUBTRACT, result, self.operand(_negative(term)))
        return result

    def _multiply(self, node: Expr) -> tuple[str, int]:
        """Multiply the numerator and divide by the denominator, with a bare sign applied last."""
        coefficient, factors = node.as_coeff_mul()
        above: list[tuple[str, int]] = []
        below: list[tuple[str, int]] = []
        for factor in factors:
            if factor.is_Pow and factor.exp.is_Rational and factor.exp < 0:
                below.append(self.operand(Pow(factor.base, -factor.exp, evaluate=factor.exp == -1)))
            else:
                above.append(self.operand(factor))
        if abs(coefficient) != 1:
            rational = isinstance(coefficient, Rational)
            numerator = coefficient.p if rational else coefficient
            if numerator not in (1, -1) and rational and coefficient.q != 1 and not above:
                above.append(self.operand(coefficient))
            else:
                above.insert(0, self.operand(coefficient))
        negate = coefficient == -1
        if not above:
            above.append(self.operand(Integer(-1 if negate else 1)))
            negate = False
        result = self._fold(Opcode.MULTIPLY, above)
        if below:
            result = self.emit(Opcode.DIVIDE, result, self._fold(Opcode.MULTIPLY, below))
        return self.emit(Opcode.NEGATE, result) if negate else result

    def _power(self, node: Expr) -> tuple[str, int]:
        base, exponent = node.as_base_exp() if node.func is sympy.exp else node.args
        if base == sympy.E:
            return self.emit(Opcode.EXP, self.operand(exponent))
        special: dict[Expr, Callable[[], tuple[str, int]]] = {
            Integer(2): lambda: self.emit(Opcode.SQUARE, self.operand(base)),
            Rational(1, 2): lambda: self.emit(Opcode.SQRT, self.operand(base)),
        }
        if exponent in special:
            return special[exponent]()
        if exponent.is_Rational and exponent < 0:
            below = base if exponent == -1 else Pow(base, -exponent, evaluate=False)
            return self.emit(Opcode.DIVIDE, self.constant(1.0), self.operand(below))
        return self.emit(Opcode.POWER, self.operand(base), self.operand(exponent))

    def finish(self, by: tuple[str, ...]) -> Program:
        n_inputs = len(self.inputs)
        base = {"slot": 0, "constant": n_inputs, "result": n_inputs + len(self.constants)}
        slots = [[base[kind] + number for kind, number in pair] for _, *pair in self.instructions]
        return Program(
            opcodes=np.array([opcode for opcode, _, _ in self.instructions], np.int32),
            left=np.array([left for left, _ in slots], np.int32),
            right=np.array([right for _, right in slots], np.int32),
            constants=np.array(list(self.constants), np.float64),
            inputs=self.inputs,
            by=by,
        )
