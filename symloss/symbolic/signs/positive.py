"""Expressions that are positive by how they are built: exponentials, and sums and products of positive parts."""

from __future__ import annotations

from sympy import Abs, Add, E, Expr, Max, Mul, Pow, exp

from symloss.ops.protected import sigmoid
from symloss.signature import eps


def is_positive(node: Expr) -> bool:
    """Return whether an expression is above 0 for all real arguments, by its build; False where that is not seen."""
    if node.is_number:
        return bool(node.is_positive)
    if node == eps or isinstance(node, exp | sigmoid) or (isinstance(node, Pow) and node.base is E):
        return True
    if isinstance(node, Add):
        whole = all(is_positive(part) or is_not_negative(part) for part in node.args)
        return whole and any(is_positive(part) for part in node.args)
    if isinstance(node, Mul):
        return all(is_positive(part) for part in node.args)
    if isinstance(node, Pow):
        return is_positive(node.base)
    return isinstance(node, Max) and any(is_positive(part) for part in node.args)


def is_not_negative(node: Expr) -> bool:
    """Return whether an absolute value, an even power, or a largest value is never below 0, by its build."""
    if isinstance(node, Abs):
        return True
    if isinstance(node, Pow) and node.exp.is_Integer and node.exp > 0 and node.exp % 2 == 0:
        return True
    return isinstance(node, Max) and any(part.is_number and part >= 0 for part in node.args)
