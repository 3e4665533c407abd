"""Derivatives of smooth expressions, node by node, without any simplification."""

from __future__ import annotations

import sympy
from sympy import Add, Expr, Integer, Mul, Pow, S

from symloss.ops.protected import sigmoid
from symloss.symbolic.undecided import UndecidedError

MOST_FACTORS_WRITTEN = 10_000
"""The derivative of a product of n factors has n**2: the third derivative of a long product takes minutes."""


def derivative(expression: Expr, symbol: sympy.Symbol, most: float = MOST_FACTORS_WRITTEN) -> Expr:
    """Return the derivative of an expression of +, *, powers, log, exp, tanh, atan and sigmoid.

    Args:
        expression: smooth.
        symbol: the variable.
        most: limit on the factors of all products that are written; math.inf for none.

    Raises:
        UndecidedError: the derivative is too long, or the expression holds another function.
    """
    done: dict[Expr, Expr] = {}
    written = 0

    def visit(node: Expr) -> Expr:
        found = done.get(node)
        if found is None:
            found = S.One if node == symbol else _rule(node) if node.args else S.Zero
            done[node] = found
        return found

    def _rule(node: Expr) -> Expr:
        inner = [visit(argument) for argument in node.args]
        if all(slope is S.Zero for slope in inner):
            return S.Zero
        if isinstance(node, Add):
            return Add(*inner)
        if isinstance(node, Mul):
            nonlocal written
            written += len(node.args) * sum(slope is not S.Zero for slope in inner)
            if written > most:
                raise UndecidedError("a derivative of the loss is too long")
            terms = []
            for i, slope in enumerate(inner):
                if slope is not S.Zero:
                    terms.append(Mul(*node.args[:i], slope, *node.args[i + 1 :]))
            return Add(*terms)
        if isinstance(node, Pow):
            base, exponent = node.args
            if inner[1] is S.Zero:
                lowered = Pow(base, exponent - 1)
                return Mul(exponent, lowered, inner[0])
            by_base = S.Zero if inner[0] is S.Zero else Mul(exponent, inner[0], Pow(base, Integer(-1)))
            return Mul(node, Add(Mul(inner[1], sympy.log(base, evaluate=False)), by_base))
        slope = inner[0]
        argument = node.args[0]
        if isinstance(node, sympy.log):
            return Mul(slope, Pow(argument, Integer(-1)))
        if isinstance(node, sympy.exp):
            return Mul(slope, node)
        if isinstance(node, sympy.tanh):
            return Mul(slope, Add(1, Mul(-1, Pow(node, 2))))
        if isinstance(node, sympy.atan):
            return Mul(slope, Pow(Add(1, Pow(argument, 2)), Integer(-1)))
        if isinstance(node, sigmoid):
            return Mul(slope, node, Add(1, Mul(-1, node)))
        raise UndecidedError(f"{type(node).__name__} has no smooth derivative")

    return visit(expression)
