"""A ranking loss taken apart: numbers of each negative item, aggregates over them, and a formula of the row.

loss of a row = outer(pos, A_1, A_2),    A_k = aggregate_k over j of value_k(pos, neg_j)
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy
from sympy import Expr, Rational

from symloss.formula.spec import LossSpec
from symloss.ops.aggregates import Aggregate, aggregates_in, wmean_neg

A_SYMBOLS = tuple(sympy.Symbol(f"A{k}", real=True) for k in (1, 2))
"""What stands for the aggregates in the formula of the row."""


@dataclass(frozen=True)
class Part:
    """One aggregate.

    Attributes:
        kind: its name in formulas, such as "lse_neg".
        value: the number of each negative item, in pos, neg, eps and statistics.
        weight: its weight, for a weighted mean.
        setting: the share or the exponent, for those that take one.
        symbol: what stands for the aggregate in the formula of the row.
    """

    kind: str
    value: Expr
    weight: Expr | None
    setting: Rational | None
    symbol: sympy.Symbol

    @classmethod
    def of(cls, node: Aggregate, symbol: sympy.Symbol) -> Part:
        """Read a node of a formula."""
        weight = node.args[0] if isinstance(node, wmean_neg) else None
        setting = node.args[1] if node.setting is not None else None
        return cls(type(node).__name__, node.value, weight, setting, symbol)


@dataclass(frozen=True)
class Row:
    """A ranking loss taken apart.

    Attributes:
        outer: the loss of a row, in pos, the symbols of the parts, eps and statistics.
        parts: the aggregates, at most two.
    """

    outer: Expr
    parts: tuple[Part, ...]

    @classmethod
    def of(cls, loss: LossSpec) -> Row:
        """Take a loss of pos and neg apart; one without an aggregate is the mean over the negative items."""
        return cls.of_expression(loss.expression)

    @classmethod
    def of_expression(cls, expression: Expr) -> Row:
        """Take a formula of pos and neg apart, which may hold further symbols."""
        nodes = aggregates_in(expression)
        if not nodes:
            return cls(A_SYMBOLS[0], (Part("mean_neg", expression, None, None, A_SYMBOLS[0]),))
        named = dict(zip(nodes, A_SYMBOLS, strict=False))
        parts = tuple(Part.of(node, symbol) for node, symbol in named.items())
        return cls(expression.xreplace(named), parts)


def top_count(share: Rational, count: int) -> int:
    """Return how many of `count` items a share of them is, rounded up."""
    return -((-int(share.p) * count) // int(share.q))
