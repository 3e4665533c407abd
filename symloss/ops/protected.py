"""The protected functions: SymPy functions that are finite everywhere.

With xi = 1e-6 and a smoothing s >= xi (xi unless a second argument says
otherwise; a loss passes its eps to make the smoothing tunable):

    guard(x)    = x clipped to [-1/xi, 1/xi]
    plog(x, s)  = sign(x) log(|x| + s)
    recip(x, s) = sign(x) / (|x| + s)
    psqrt(x, s) = sign(x) sqrt(|x| + s)
    pexp(x)     = exp(min(x, log(1/xi)))
    aq(a, b)    = a / sqrt(1 + b^2)

(AutoLossGen, Table 2, for plog and recip; the analytic quotient is Ni, Drieberg
and Rockett, 2013.) sign(0) = 0, so plog, recip and psqrt are 0 at 0, where they
jump; their derivative there is taken as 0, in every back end.
"""

from __future__ import annotations

import operator
from typing import Any, ClassVar

import sympy
from sympy import Abs, Expr, Function, Heaviside, Integer, Rational, sign

from symloss.ops.constants import GUARD_LIMIT, XI_RATIONAL
from symloss.ops.opcode import Opcode
from symloss.ops.rules import RULES


class _ExactArithmetic:
    """The elementary steps of `symloss.ops.rules` on exact expressions; nothing that SymPy would decide is asked."""

    half, one, two = Rational(1, 2), Integer(1), Integer(2)
    limit, log_limit = Integer(GUARD_LIMIT), sympy.log(GUARD_LIMIT)
    add, subtract, multiply, divide = operator.add, operator.sub, operator.mul, operator.truediv
    negate, times, share_of_root = operator.neg, operator.mul, operator.truediv
    log, exp, absolute, sqrt, sign = sympy.log, sympy.exp, Abs, sympy.sqrt, sign

    @staticmethod
    def square(a: Expr) -> Expr:
        return a**2

    @staticmethod
    def sigmoid(a: Expr) -> Expr:
        return 1 / (1 + sympy.exp(-a))

    @staticmethod
    def root_of_one_plus_square(b: Expr) -> Expr:
        return sympy.sqrt(1 + b**2)

    @staticmethod
    def at_most(a: Expr, limit: Expr) -> Expr:
        return sympy.Min(a, limit, evaluate=False)

    @classmethod
    def within(cls, a: Expr, limit: Expr) -> Expr:
        return sympy.Max(-limit, cls.at_most(a, limit), evaluate=False)

    @staticmethod
    def from_xi(inner: Expr) -> Expr:
        return inner

    @staticmethod
    def where_within(a: Expr, limit: Expr, slope: Expr) -> Expr:
        return slope * Heaviside(limit - Abs(a), 1)

    @staticmethod
    def where_at_most(a: Expr, limit: Expr, slope: Expr) -> Expr:
        return slope * Heaviside(limit - a, 1)

    @staticmethod
    def where_from_xi(inner: Expr, slope: Expr) -> Expr:
        return slope


class RuledFunction(Function):
    """Base of the functions that SymPy lacks: value and derivative are those of an instruction.

    Attributes:
        opcode: the instruction.
    """

    is_extended_real = True
    opcode: ClassVar[Opcode]

    @property
    def operands(self) -> tuple[Expr, ...]:
        """The operands of the instruction."""
        return self.args

    def definition(self) -> Expr:
        """Return the same value written with plain functions."""
        return RULES[self.opcode].value(_ExactArithmetic, self.operands[0], self.operands[-1])

    def fdiff(self, argindex: int = 1) -> Expr:
        """Return the derivative by an argument, 1 or 2."""
        a, b = self.operands[0], self.operands[-1]
        da, db = Integer(argindex == 1), Integer(argindex == 2)
        return RULES[self.opcode].slope(_ExactArithmetic, a, b, self, da, db)

    def _eval_evalf(self, prec: int) -> Expr:
        return self.definition()._eval_evalf(prec)


class ProtectedFunction(RuledFunction):
    """Base of the protected functions."""

    latex_name = ""

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        arguments = ", ".join(printer._print(argument) for argument in self.args)
        power = "" if exp is None else f"^{{{exp}}}"
        return rf"\operatorname{{{self.latex_name}}}{power}\left({arguments}\right)"


class SmoothedFunction(ProtectedFunction):
    """A protected function with an optional second argument, the smoothing s >= xi."""

    nargs = (1, 2)

    @property
    def smoothing(self) -> Expr:
        """The smoothing s."""
        return self.args[1] if len(self.args) == 2 else XI_RATIONAL

    @property
    def operands(self) -> tuple[Expr, ...]:
        """The argument and the smoothing."""
        return self.args[0], self.smoothing

    @classmethod
    def eval(cls, x: Expr, smoothing: Expr = XI_RATIONAL) -> Expr | None:
        """Evaluate at rational x, where the sign is known."""
        if smoothing.is_Rational and smoothing < XI_RATIONAL:
            raise ValueError(f"the smoothing of {cls.__name__} is {smoothing}; it must be at least 1e-6")
        if x.is_Rational:
            return cls.on_sign(x, smoothing, int(sympy.sign(x)))
        return None

    @classmethod
    def on_sign(cls, x: Expr, smoothing: Expr, sign_of_x: int) -> Expr:
        """Return the plain form where x is known to be positive (1), negative (-1) or zero (0)."""
        if sign_of_x == 0:
            return Integer(0)
        return sign_of_x * cls.outer(sign_of_x * x + smoothing)

    @classmethod
    def outer(cls, inner: Expr) -> Expr:
        """Return the function of |x| + s that is multiplied with sign(x)."""
        raise TypeError(f"{cls.__name__} has no outer function")


class plog(SmoothedFunction):
    """sign(x) log(|x| + s)."""

    latex_name = "plog"
    opcode = Opcode.PROTECTED_LOG

    @classmethod
    def outer(cls, inner: Expr) -> Expr:
        """Return log(inner)."""
        return sympy.log(inner)


class recip(SmoothedFunction):
    """sign(x) / (|x| + s)."""

    latex_name = "recip"
    opcode = Opcode.PROTECTED_RECIPROCAL

    @classmethod
    def outer(cls, inner: Expr) -> Expr:
        """Return 1/inner."""
        return 1 / inner


class psqrt(SmoothedFunction):
    """sign(x) sqrt(|x| + s)."""

    latex_name = "psqrt"
    opcode = Opcode.PROTECTED_SQRT

    @classmethod
    def outer(cls, inner: Expr) -> Expr:
        """Return sqrt(inner)."""
        return sympy.sqrt(inner)


class guard(ProtectedFunction):
    """x clipped to [-1/xi, 1/xi]."""

    nargs = 1
    latex_name = "guard"
    opcode = Opcode.GUARD

    @classmethod
    def eval(cls, x: Expr) -> Expr | None:
        """Evaluate at rational x."""
        if x.is_Rational:
            return max(min(x, Integer(GUARD_LIMIT)), Integer(-GUARD_LIMIT))
        return None


class pexp(ProtectedFunction):
    """exp(min(x, log(1/xi)))."""

    nargs = 1
    latex_name = "pexp"
    opcode = Opcode.PROTECTED_EXP

    @classmethod
    def eval(cls, x: Expr) -> Expr | None:
        """Evaluate at rational x."""
        if x.is_Rational:
            return sympy.exp(x) if x <= Rational(138155, 10000) else Integer(GUARD_LIMIT) if x >= 14 else None
        return None


class aq(ProtectedFunction):
    """The analytic quotient a / sqrt(1 + b^2)."""

    nargs = 2
    latex_name = "aq"
    opcode = Opcode.ANALYTIC_QUOTIENT

    @classmethod
    def eval(cls, a: Expr, b: Expr) -> Expr | None:
        """Evaluate where b is rational."""
        return a / sympy.sqrt(1 + b**2) if b.is_Rational else None


class sigmoid(RuledFunction):
    """The logistic function 1 / (1 + exp(-x)); SymPy has none of its own."""

    nargs = 1
    opcode = Opcode.SIGMOID

    @classmethod
    def eval(cls, x: Expr) -> Expr | None:
        """Evaluate at rational x."""
        return 1 / (1 + sympy.exp(-x)) if x.is_Rational else None

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        power = "" if exp is None else f"^{{{exp}}}"
        return rf"\sigma{power}\left({printer._print(self.args[0])}\right)"
