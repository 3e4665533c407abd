"""An independent evaluator: formula text -> 50-digit value, by its own walk over the syntax tree.

It shares nothing with the package but the meaning of the formula grammar.
"""

from __future__ import annotations

import ast

from mpmath import atan, exp, log, mp, mpf, sign, sqrt, tanh


def xi() -> mpf:
    """The smoothing of the protected functions, at the working precision of the call (not of the import)."""
    return mpf("1e-6")


FUNCTIONS = {
    "max": max,
    "min": min,
    "log": log,
    "exp": exp,
    "abs": abs,
    "sqrt": sqrt,
    "sign": sign,
    "square": lambda a: a * a,
    "tanh": tanh,
    "atan": atan,
    "sigmoid": lambda a: 1 / (1 + exp(-a)),
    "relu": lambda a: max(a, mpf(0)),
    "plog": lambda a, s=None: sign(a) * log(abs(a) + (xi() if s is None else s)),
    "recip": lambda a, s=None: sign(a) / (abs(a) + (xi() if s is None else s)),
    "psqrt": lambda a, s=None: sign(a) * sqrt(abs(a) + (xi() if s is None else s)),
    "pexp": lambda a: exp(min(a, log(mpf(10) ** 6))),
    "aq": lambda a, b: a / sqrt(1 + b * b),
    "guard": lambda a: max(min(a, mpf(10) ** 6), -(mpf(10) ** 6)),
}


def mp_evaluate(text: str, **values: object) -> mpf:
    """Evaluate `text` at yhat, y and eps with the working precision of mpmath."""

    def walk(node: ast.expr) -> mpf:
        match node:
            case ast.Constant():
                return mpf(str(node.value))
            case ast.Name():
                return mpf(values[node.id])
            case ast.UnaryOp():
                return -walk(node.operand)
            case ast.Call(func=ast.Name(id=name)):
                return FUNCTIONS[name](*map(walk, node.args))
            case ast.BinOp():
                a, b = walk(node.left), walk(node.right)
                match node.op:
                    case ast.Add():
                        return a + b
                    case ast.Sub():
                        return a - b
                    case ast.Mult():
                        return a * b
                    case ast.Div():
                        return a / b
                    case ast.Pow():
                        return a**b
        raise AssertionError(ast.dump(node))

    return walk(ast.parse(text, mode="eval").body)


def mp_gradient(text: str, **values: object) -> mpf:
    """Central difference by yhat at the working precision, accurate to about half the digits."""
    step = mpf(10) ** (-mp.dps // 3)
    yhat = mpf(values.pop("yhat"))
    above = mp_evaluate(text, yhat=yhat + step, **values)
    below = mp_evaluate(text, yhat=yhat - step, **values)
    return (above - below) / (2 * step)
