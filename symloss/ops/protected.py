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

from typing import Any

import sympy
from sympy import Abs, Expr, Function, Heaviside, Integer, Rational, sign

from symloss.ops.constants import GUARD_LIMIT, XI_RATIONAL


class ProtectedFunction(Function):
    """Base of the protected functions.

    `definition` gives the value in plain mathematics; derivative, numeric value
    and typeset form follow from it or stand beside it.
    """

    is_extended_real = True
    latex_name = ""

    def definition(self) -> Expr:
        """Return the same value written with plain functions."""
        raise TypeError(f"{type(self).__name__} has no definition")

    def _eval_evalf(self, prec: int) -> Expr:
        return self.definition()._eval_evalf(prec)

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

    def definition(self) -> Expr:
        """Return sign(x) times the outer function of |x| + s."""
        x = self.args[0]
        return sign(x) * self.outer(Abs(x) + self.smoothing)


class plog(SmoothedFunction):
    """sign(x) log(|x| + s)."""

    latex_name = "plog"

    @classmethod
    def outer(cls, inner: Expr) -> Expr:
        """Return log(inner)."""
        return sympy.log(inner)

    def fdiff(self, argindex: int = 1) -> Expr:
        """Return the derivative by x (1) or by s (2)."""
        x = self.args[0]
        return sign(x) ** (2 if argindex == 1 else 1) / (Abs(x) + self.smoothing)


class recip(SmoothedFunction):
    """sign(x) / (|x| + s)."""

    latex_name = "recip"

    @classmethod
    def outer(cls, inner: Expr) -> Expr:
        """Return 1/inner."""
        return 1 / inner

    def fdiff(self, argindex: int = 1) -> Expr:
        """Return the derivative by x (1) or by s (2)."""
        x = self.args[0]
        return -(sign(x) ** (2 if argindex == 1 else 1)) / (Abs(x) + self.smoothing) ** 2


class psqrt(SmoothedFunction):
    """sign(x) sqrt(|x| + s)."""

    latex_name = "psqrt"

    @classmethod
    def outer(cls, inner: Expr) -> Expr:
        """Return sqrt(inner)."""
        return sympy.sqrt(inner)

    def fdiff(self, argindex: int = 1) -> Expr:
        """Return the derivative by x (1) or by s (2)."""
        x = self.args[0]
        return sign(x) ** (2 if argindex == 1 else 1) / (2 * sympy.sqrt(Abs(x) + self.smoothing))


class guard(ProtectedFunction):
    """x clipped to [-1/xi, 1/xi]."""

    nargs = 1
    latex_name = "guard"

    @classmethod
    def eval(cls, x: Expr) -> Expr | None:
        """Evaluate at rational x."""
        if x.is_Rational:
            return max(min(x, Integer(GUARD_LIMIT)), Integer(-GUARD_LIMIT))
        return None

    def definition(self) -> Expr:
        """Return max(-1/xi, min(1/xi, x))."""
        return sympy.Max(-GUARD_LIMIT, sympy.Min(GUARD_LIMIT, self.args[0], evaluate=False), evaluate=False)

    def fdiff(self, argindex: int = 1) -> Expr:
        """Return 1 inside the limits, 0 outside."""
        return Heaviside(GUARD_LIMIT - Abs(self.args[0]), 1)


class pexp(ProtectedFunction):
    """exp(min(x, log(1/xi)))."""

    nargs = 1
    latex_name = "pexp"

    @classmethod
    def eval(cls, x: Expr) -> Expr | None:
        """Evaluate at rational x."""
        if x.is_Rational:
            return sympy.exp(x) if x <= Rational(138155, 10000) else Integer(GUARD_LIMIT) if x >= 14 else None
        return None

    def definition(self) -> Expr:
        """Return exp(min(x, log(1/xi)))."""
        return sympy.exp(sympy.Min(self.args[0], sympy.log(GUARD_LIMIT), evaluate=False))

    def fdiff(self, argindex: int = 1) -> Expr:
        """Return the function itself below the limit, 0 above."""
        return self * Heaviside(sympy.log(GUARD_LIMIT) - self.args[0], 1)


class aq(ProtectedFunction):
    """The analytic quotient a / sqrt(1 + b^2)."""

    nargs = 2
    latex_name = "aq"

    @classmethod
    def eval(cls, a: Expr, b: Expr) -> Expr | None:
        """Evaluate where b is rational."""
        return a / sympy.sqrt(1 + b**2) if b.is_Rational else None

    def definition(self) -> Expr:
        """Return a / sqrt(1 + b^2)."""
        a, b = self.args
        return a / sympy.sqrt(1 + b**2)

    def fdiff(self, argindex: int = 1) -> Expr:
        """Return the derivative by a (1) or by b (2)."""
        a, b = self.args
        root = sympy.sqrt(1 + b**2)
        return 1 / root if argindex == 1 else -a * b / root**3


class sigmoid(Function):
    """The logistic function 1 / (1 + exp(-x)); SymPy has none of its own."""

    nargs = 1
    is_extended_real = True

    @classmethod
    def eval(cls, x: Expr) -> Expr | None:
        """Evaluate at rational x."""
        return 1 / (1 + sympy.exp(-x)) if x.is_Rational else None

    def definition(self) -> Expr:
        """Return 1 / (1 + exp(-x))."""
        return 1 / (1 + sympy.exp(-self.args[0]))

    def _eval_evalf(self, prec: int) -> Expr:
        return self.definition()._eval_evalf(prec)

    def fdiff(self, argindex: int = 1) -> Expr:
        """Return s (1 - s)."""
        return self * (1 - self)

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        power = "" if exp is None else f"^{{{exp}}}"
        return rf"\sigma{power}\left({printer._print(self.args[0])}\right)"
