"""Aggregates over the negative items of a row, and `stop`: what a formula of a ranking loss may hold besides.

Over the scores neg_1 ... neg_N of a row, with g_j = g(pos, neg_j):

    mean_neg(g)        = (g_1 + ... + g_N) / N
    sum_neg(g)         = g_1 + ... + g_N
    lse_neg(g)         = log(exp(g_1) + ... + exp(g_N))
    max_neg(g)         = the largest g_j
    topmean_neg(g, a)  = the mean of the ceil(a N) largest g_j
    pnorm_neg(g, p)    = ((g_1^p + ... + g_N^p) / N)^(1/p), g >= 0
    wmean_neg(w, g)    = (w_1 g_1 + ... + w_N g_N) / (w_1 + ... + w_N), w >= 0
    stop(x)            = x, with derivative 0

They are nodes that nothing simplifies: what they mean is a matter of a whole row, not of one negative item.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import sympy
from sympy import Expr, Function


class Aggregate(Function):
    """A number made of one number of each negative item of a row.

    Attributes:
        value_at: which argument is the number of each item.
        takes: the arguments in words.
        says: the definition in words.
        setting: the allowed numbers of a second argument: the lowest, the highest, and in words; None without one.
    """

    is_real = True
    value_at: ClassVar[int] = 0
    takes: ClassVar[str] = "g"
    says: ClassVar[str] = ""
    setting: ClassVar[tuple[float, float, str] | None] = None

    @classmethod
    def eval(cls, *arguments: Expr) -> None:
        """Leave it as it is."""
        return

    @property
    def value(self) -> Expr:
        """The number of each item, in pos and neg."""
        argument: Expr = self.args[self.value_at]
        return argument

    def _latex(self, printer: Any, exp: Any = None) -> str:
        first = printer._print(self.value)
        below = r"\mathrm{neg}"
        if self.setting is not None:
            below += f",\\, {printer._print(self.args[1])}"
        if isinstance(self, wmean_neg):
            below += f",\\, {printer._print(self.args[0])}"
        text = (
            rf"\operatorname*{{{type(self).__name__.removesuffix('_neg')}}}_{{{below}}}\left({first}\right)"
        )
        return text if exp is None else rf"{{{text}}}^{{{exp}}}"


class mean_neg(Aggregate):
    """The mean."""

    nargs = 1
    says = "the mean of g over the negative items"


class sum_neg(Aggregate):
    """The sum."""

    nargs = 1
    says = "the sum of g over the negative items"


class lse_neg(Aggregate):
    """The logarithm of the sum of exponentials."""

    nargs = 1
    says = "log of the sum of exp(g) over the negative items"


class max_neg(Aggregate):
    """The largest."""

    nargs = 1
    says = "the largest g of the negative items"


class topmean_neg(Aggregate):
    """The mean of the largest share."""

    nargs = 2
    takes = "g, share"
    says = "the mean of the largest g, of that share of the negative items (rounded up)"
    setting = (1e-6, 1.0, "the share, a number above 0 and at most 1")


class pnorm_neg(Aggregate):
    """The mean of p-th powers, to the power 1/p."""

    nargs = 2
    takes = "g, p"
    says = "(mean of g^p over the negative items)^(1/p), for g >= 0"
    setting = (1.0, 64.0, "the exponent p, a number between 1 and 64")


class wmean_neg(Aggregate):
    """The weighted mean."""

    nargs = 2
    value_at = 1
    takes = "weight, g"
    says = "the mean of g over the negative items by weights, which are 0 or more"


class stop(Function):
    """A number that passes on no gradient."""

    nargs = 1
    is_real = True

    @classmethod
    def eval(cls, argument: Expr) -> None:
        """Leave it as it is."""
        return

    def fdiff(self, argindex: int = 1) -> Expr:
        """Return the derivative, 0."""
        return sympy.Integer(0)

    def _latex(self, printer: Any, exp: Any = None) -> str:
        text = rf"\operatorname{{stop}}\left({printer._print(self.args[0])}\right)"
        return text if exp is None else rf"{{{text}}}^{{{exp}}}"


AGGREGATES: dict[str, type[Aggregate]] = {
    one.__name__: one for one in (mean_neg, sum_neg, lse_neg, max_neg, topmean_neg, pnorm_neg, wmean_neg)
}
"""The aggregates by name."""

RANKING_NODES: tuple[type[Function], ...] = (Aggregate, stop)
"""What makes a formula one of a whole row."""

MOST_AGGREGATES = 2
"""Different ones that a formula may hold."""


def aggregates_in(expression: Expr) -> tuple[Aggregate, ...]:
    """Return the different aggregates of an expression, in an order that depends on nothing else."""
    return tuple(sorted(expression.atoms(Aggregate), key=sympy.default_sort_key))


def setting_error(node: Aggregate, allowed: tuple[Expr, ...]) -> str | None:
    """Return what is wrong with the share or the exponent of an aggregate, None where nothing is.

    Args:
        node: the aggregate.
        allowed: named constants, whose numbers are not put in yet.
    """
    if node.setting is None:
        return None
    low, high, words = node.setting
    given = node.args[1]
    number = float(given) if given.is_Rational else math.nan
    if low <= number <= high or (given.is_Symbol and given in allowed):
        return None
    return f"the second argument of {type(node).__name__} is {str(given)[:40]}; it must be {words}"
