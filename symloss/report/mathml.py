"""Formulas as MathML Core, which browsers typeset themselves: no JavaScript, no fonts from elsewhere.

A browser does not break a formula into lines, so every part comes with its width,
and one that is too wide is given as several formulas, broken at plus and minus
signs, between factors and between arguments.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import sympy
from sympy import Expr

from symloss.domain import eps, y, yhat
from symloss.ops.protected import ProtectedFunction, sigmoid

_SUM, _PRODUCT, _POWER, _ATOM = 1, 2, 3, 4
"""How tightly a formula holds together: what is looser than its place needs brackets."""

_APPLY = "<mo>&#x2061;</mo>"
_SCRIPT = 0.72
"""Size of an exponent against that of its base."""


@dataclass(frozen=True)
class Box:
    """A typeset formula.

    Attributes:
        markup: MathML.
        width: about how wide it is, in units of the font size.
        binding: how tightly it holds together.
        pieces: parts that stand for it one after the other, where it is too wide; empty where it can't be broken.
        minus: whether it begins with a minus sign, which `positive` lacks.
        positive: the same formula without it.
    """

    markup: str
    width: float
    binding: int = _ATOM
    pieces: tuple[Box, ...] = ()
    positive: Box | None = None

    @property
    def minus(self) -> bool:
        """Whether it begins with a minus sign."""
        return self.positive is not None


class UnknownNodeError(ValueError):
    """An expression holds something that is not of the grammar of formulas."""


def lines(expression: Expr, room: float) -> list[str] | None:
    """Return one or more `<math>` elements that stand for a formula when read in order.

    Args:
        expression: made by `symloss.parse`.
        room: widest element, in units of the font size.

    Returns:
        None where a part is wider than `room` and can't be broken, or can't be typeset.
    """
    try:
        parts = _broken(box(expression), room)
    except (UnknownNodeError, RecursionError):
        return None
    if any(part.width > room for part in parts):
        return None
    return [f"<math>{part.markup}</math>" for part in parts]


def _broken(whole: Box, room: float) -> list[Box]:
    if whole.width <= room or not whole.pieces:
        return [whole]
    return [part for piece in whole.pieces for part in _broken(piece, room)]


def box(expression: Expr) -> Box:
    """Typeset an expression.

    Raises:
        UnknownNodeError: it holds something that formulas don't.
    """
    if expression.is_Symbol:
        return _symbol(expression)
    if expression.is_Rational:
        return _rational(expression)
    if expression.is_Add:
        return _sum(expression)
    if expression.is_Mul:
        return _product(expression)
    if expression.is_Pow:
        return _power(expression)
    return _function(expression)


def _symbol(symbol: Expr) -> Box:
    if symbol == yhat:
        return Box('<mover accent="true"><mi>y</mi><mo stretchy="false">^</mo></mover>', 0.6)
    if symbol in (y, eps):
        return Box("<mi>y</mi>" if symbol == y else "<mi>ε</mi>", 0.55)
    raise UnknownNodeError(str(symbol))


def _rational(value: Expr) -> Box:
    if value.is_negative:
        return _negated(_rational(-value))
    if value.is_Integer:
        digits = str(int(value))
        return Box(f"<mn>{digits}</mn>", 0.52 * len(digits))
    return _fraction(_rational(sympy.Integer(value.p)), _rational(sympy.Integer(value.q)))


def _negated(inner: Box) -> Box:
    held = _held(inner, _PRODUCT)
    first = _row("<mo>-</mo>", 0.9, held)
    pieces = (_row("<mo>-</mo>", 0.9, held.pieces[0]), *held.pieces[1:]) if held.pieces else ()
    return Box(first.markup, first.width, _SUM, pieces, positive=inner)


def _row(before: str, width: float, inner: Box) -> Box:
    return Box(f"<mrow>{before}{inner.markup}</mrow>", width + inner.width)


def _held(inner: Box, needed: int) -> Box:
    """Return a box in brackets where it holds together less than its place needs."""
    if inner.binding >= needed:
        return inner
    markup = f"<mrow><mo>(</mo>{inner.markup}<mo>)</mo></mrow>"
    return Box(markup, inner.width + 0.8, _ATOM, _enclosed("<mo>(</mo>", 0.4, inner))


def _enclosed(opening: str, width: float, inner: Box) -> tuple[Box, ...]:
    """Return the pieces of something in brackets; the brackets stay with the first and the last piece."""
    pieces = inner.pieces or (inner,)
    if len(pieces) == 1:
        return (Box(f"<mrow>{opening}{inner.markup}<mo>)</mo></mrow>", width + inner.width + 0.4),)
    first, last = pieces[0], pieces[-1]
    begin = Box(f'<mrow>{opening}{first.markup}</mrow>', width + first.width)
    end = Box(f"<mrow>{last.markup}<mo>)</mo></mrow>", last.width + 0.4)
    # A piece that can itself be broken keeps that within the brackets.
    if first.pieces:
        inside = _prefixed(opening, width, first)
        begin = Box(begin.markup, begin.width, _ATOM, inside)
    if last.pieces:
        *others, tail = last.pieces
        closing = Box(f"<mrow>{tail.markup}<mo>)</mo></mrow>", tail.width + 0.4, tail.binding)
        end = Box(end.markup, end.width, _ATOM, (*others, closing))
    return (begin, *pieces[1:-1], end)


def _prefixed(opening: str, width: float, inner: Box) -> tuple[Box, ...]:
    first, *others = inner.pieces
    return (Box(f"<mrow>{opening}{first.markup}</mrow>", width + first.width), *others)


def _fraction(top: Box, bottom: Box) -> Box:
    markup = f"<mfrac>{_single(top)}{_single(bottom)}</mfrac>"
    return Box(markup, max(top.width, bottom.width) + 0.3, _PRODUCT)


def _single(inner: Box) -> str:
    return f"<mrow>{inner.markup}</mrow>"


def _sum(expression: Expr) -> Box:
    terms = [box(term) for term in expression.as_ordered_terms()]
    pieces = [terms[0]]
    for term in terms[1:]:
        sign, rest = ("-", term.positive) if term.positive is not None else ("+", term)
        rest = _held(rest, _PRODUCT)
        # form="infix" keeps the space of a sum where a line begins with the sign.
        row = _row(f'<mo form="infix">{sign}</mo>', 1.2, rest)
        inside = _prefixed(f'<mo form="infix">{sign}</mo>', 1.2, rest) if rest.pieces else ()
        pieces.append(Box(row.markup, row.width, _SUM, inside))
    return Box("".join(piece.markup for piece in pieces), sum(piece.width for piece in pieces), _SUM, tuple(pieces))


def _product(expression: Expr) -> Box:
    over: list[Expr] = []
    under: list[Expr] = []
    negative = False
    for factor in expression.as_ordered_factors():
        if factor.is_Rational:
            negative ^= bool(factor.is_negative)
            size = abs(factor)
            over += [sympy.Integer(size.p)] if size.p != 1 else []
            under += [sympy.Integer(size.q)] if size.q != 1 else []
        elif factor.is_Pow and factor.exp.is_Rational and factor.exp.is_negative:
            under.append(_raised(factor.base, -factor.exp))
        else:
            over.append(factor)
    made = _factors(over)
    if under:
        made = _fraction(made, _factors(under))
    return _negated(made) if negative else made


def _raised(base: Expr, exponent: Expr) -> Expr:
    return base if exponent == 1 else sympy.Pow(base, exponent, evaluate=False)


def _factors(factors: list[Expr]) -> Box:
    if not factors:
        return Box("<mn>1</mn>", 0.52)
    boxes = [box(factor) for factor in factors]
    if len(boxes) == 1:
        return boxes[0]
    # A number before a number needs a sign; what else stands side by side reads as a product.
    pieces = [_held(boxes[0], _PRODUCT)]
    for before, factor, made in zip(factors, factors[1:], boxes[1:], strict=False):
        held = _held(made, _PRODUCT)
        dot = (factor.is_number or before.is_number) and (factor.is_number or factor.is_Pow and factor.base.is_number)
        sign, width = ("<mo>·</mo>", 0.8) if dot else ("<mo>&#x2062;</mo><mspace width=\"0.12em\"></mspace>", 0.15)
        inside = _prefixed(sign, width, held) if held.pieces else ()
        pieces.append(Box(f"<mrow>{sign}{held.markup}</mrow>", width + held.width, _PRODUCT, inside))
    return Box("".join(p.markup for p in pieces), sum(p.width for p in pieces), _PRODUCT, tuple(pieces))


def _power(expression: Expr) -> Box:
    base, exponent = expression.base, expression.exp
    if exponent.is_Rational and exponent.is_negative:
        return _fraction(Box("<mn>1</mn>", 0.52), box(_raised(base, -exponent)))
    if exponent == sympy.Rational(1, 2):
        inner = box(base)
        return Box(f"<msqrt>{inner.markup}</msqrt>", inner.width + 0.9)
    if base == sympy.E:
        return _call("exp", [box(exponent)])
    held, raised = _held(box(base), _ATOM), box(exponent)
    markup = f"<msup>{_single(held)}{_single(raised)}</msup>"
    return Box(markup, held.width + _SCRIPT * raised.width, _POWER)


_NAMES = {
    sympy.Max: "max",
    sympy.Min: "min",
    sympy.log: "log",
    sympy.exp: "exp",
    sympy.tanh: "tanh",
    sympy.atan: "atan",
    sympy.sign: "sign",
}


def _function(expression: Expr) -> Box:
    if expression == sympy.E:
        return Box("<mi>e</mi>", 0.5)
    if expression == sympy.pi:
        return Box("<mi>π</mi>", 0.6)
    arguments = [box(argument) for argument in expression.args]
    if isinstance(expression, sympy.Abs):
        inner = arguments[0]
        bar = '<mo fence="true" form="{}">|</mo>'
        markup = f"<mrow>{bar.format('prefix')}{inner.markup}{bar.format('postfix')}</mrow>"
        return Box(markup, inner.width + 0.7)
    if isinstance(expression, ProtectedFunction):
        return _call(type(expression).__name__, arguments)
    if isinstance(expression, sigmoid):
        return _call("σ", arguments)
    for kind, name in _NAMES.items():
        if isinstance(expression, kind):
            return _call(name, arguments)
    raise UnknownNodeError(type(expression).__name__)


def _call(name: str, arguments: list[Box]) -> Box:
    upright = f"<mi>{escape(name)}</mi>" if len(name) > 1 else f'<mi mathvariant="normal">{escape(name)}</mi>'
    head = f"{upright}{_APPLY}<mo>(</mo>"
    width = 0.52 * len(name) + 0.4
    pieces: list[Box] = []
    for number, argument in enumerate(arguments):
        after = "<mo>,</mo>" if number + 1 < len(arguments) else ""
        inside = argument.pieces
        if inside and after:
            last = inside[-1]
            inside = (*inside[:-1], Box(f"<mrow>{last.markup}{after}</mrow>", last.width + 0.5, last.binding))
        wide = argument.width + (0.5 if after else 0.0)
        pieces.append(Box(f"<mrow>{argument.markup}{after}</mrow>", wide, _ATOM, inside))
    inner = Box("".join(piece.markup for piece in pieces), sum(piece.width for piece in pieces), _ATOM,
                tuple(pieces) if len(pieces) > 1 else pieces[0].pieces)  # fmt: skip
    markup = f"<mrow>{head}{inner.markup}<mo>)</mo></mrow>"
    return Box(markup, width + inner.width + 0.4, _ATOM, _enclosed(head, width, inner))
