"""An independent evaluator with derivatives: formula text -> value and slope by yhat, in many digits.

It walks the syntax tree of the *text* and shares nothing with the package but the meaning of the grammar
(docs/formulas.md): 0**0 is 1, what is made from something that is not a real number is not one, at a tie max and min
have the mean of both slopes, abs and sign have slope 0 at 0.
"""

from __future__ import annotations

import ast

from mpmath import mp, mpf

Dual = tuple[mpf, mpf]


class NotReal(Exception):
    """A part of the formula is not a real number."""


class OutOfReach(Exception):
    """A part of the formula is too large to be evaluated here."""


def _exp(x: mpf) -> mpf:
    if abs(x) > 1e5:
        raise OutOfReach
    return mp.exp(x)


def mp_dual(text: str, yhat: object, y: object, eps: object) -> Dual:
    """Evaluate `text` with the working precision of mpmath.

    Raises:
        NotReal: a part is not a real number.
        OutOfReach: a part is larger than exp(100,000).
    """
    names = {"yhat": (mpf(yhat), mpf(1)), "y": (mpf(y), mpf(0)), "eps": (mpf(eps), mpf(0))}
    value, slope = _walk(ast.parse(text, mode="eval").body, names)
    if not (mp.isfinite(value) and mp.isfinite(slope)):
        raise NotReal
    return value, slope


def _walk(node: ast.expr, names: dict[str, Dual]) -> Dual:
    match node:
        case ast.Constant():
            return mpf(str(node.value)), mpf(0)
        case ast.Name():
            return names[node.id]
        case ast.UnaryOp():
            value, slope = _walk(node.operand, names)
            return -value, -slope
        case ast.BinOp():
            return _binary(node.op, _walk(node.left, names), _walk(node.right, names))
        case ast.Call(func=ast.Name(id=name)):
            return _call(name, [_walk(argument, names) for argument in node.args])
    raise AssertionError(ast.dump(node))


def _binary(op: ast.operator, left: Dual, right: Dual) -> Dual:
    (a, da), (b, db) = left, right
    match op:
        case ast.Add():
            return a + b, da + db
        case ast.Sub():
            return a - b, da - db
        case ast.Mult():
            return a * b, da * b + a * db
        case ast.Div():
            if b == 0:
                raise NotReal
            return a / b, (da * b - a * db) / (b * b)
        case _:
            return _power(left, right)


def _power(left: Dual, right: Dual) -> Dual:
    (a, da), (b, db) = left, right
    if db == 0 and b == mp.floor(b):
        n = int(b)
        if a == 0 and n < 0:
            raise NotReal
        if abs(n) > 1000:
            raise OutOfReach
        return a**n, n * a ** (n - 1) * da if n and da else mpf(0)
    if a < 0 or (a == 0 and (b < 0 or da != 0)):
        raise NotReal
    if a == 0:
        return mpf(0) if b > 0 else mpf(1), mpf(0)
    value = _exp(b * mp.log(a))
    return value, value * (db * mp.log(a) + b * da / a)


def _call(name: str, a: list[Dual]) -> Dual:
    (x, dx) = a[0]
    match name:
        case "max" | "min":
            side = 1 if name == "max" else -1
            value, slope = a[0]
            for v, d in a[1:]:
                slope = (slope + d) / 2 if v == value else d if side * v > side * value else slope
                value = max(value, v) if side > 0 else min(value, v)
            return value, slope
        case "log":
            if x <= 0:
                raise NotReal
            return mp.log(x), dx / x
        case "sqrt":
            return _power(a[0], (mpf(1) / 2, mpf(0)))
        case "exp":
            return _exp(x), _exp(x) * dx
        case "abs":
            return abs(x), mp.sign(x) * dx
        case "sign":
            return mp.sign(x), mpf(0)
        case "square":
            return x * x, 2 * x * dx
        case "tanh":
            return mp.tanh(x), dx * 4 / (2 + _exp(2 * x) + _exp(-2 * x))
        case "atan":
            return mp.atan(x), dx / (1 + x * x)
        case "sigmoid":
            return 1 / (1 + _exp(-x)), dx / (2 + _exp(x) + _exp(-x))
        case "relu":
            return max(x, mpf(0)), dx if x > 0 else dx / 2 if x == 0 else mpf(0)
        case "guard":
            limit = mpf(10) ** 6
            return max(min(x, limit), -limit), dx if abs(x) <= limit else mpf(0)
        case "pexp":
            limit = mp.log(mpf(10) ** 6)
            value = mp.exp(min(x, limit))
            return value, value * dx if x <= limit else mpf(0)
        case "aq":
            b, db = a[1]
            root = mp.sqrt(1 + b * b)
            return x / root, dx / root - x * b * db / root**3
        case "plog" | "recip" | "psqrt":
            return _smoothed(name, x, dx, a[1][0] if len(a) > 1 else mpf("1e-6"))
    raise AssertionError(name)


def _smoothed(name: str, x: mpf, dx: mpf, s: mpf) -> Dual:
    if x == 0:
        return mpf(0), mpf(0)
    side, inner = mp.sign(x), abs(x) + s
    if name == "plog":
        return side * mp.log(inner), dx / inner
    if name == "recip":
        return side / inner, -dx / inner**2
    return side * mp.sqrt(inner), dx / (2 * mp.sqrt(inner))
