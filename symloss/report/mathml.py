"""Formulas as MathML Core, which browsers typeset themselves: no JavaScript, no fonts from elsewhere.

A browser does not break a formula into lines. So a formula comes as chunks, each
with its width and with how deep inside brackets it begins; where the whole is too
wide, it is given as several formulas, broken at the outermost places first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape
from itertools import pairwise

import sympy
from sympy import Expr

from symloss.ops.protected import ProtectedFunction, sigmoid
from symloss.signature import eps, y, yhat

_SUM, _PRODUCT, _POWER, _ATOM = 1, 2, 3, 4
"""How tightly a formula holds together: what is looser than its place needs brackets."""

_SCRIPT = 0.72
"""Size of an exponent against that of its base."""

MINUS = "\N{MINUS SIGN}"

_DIGIT, _LETTER, _BRACKET = 0.52, 0.55, 0.4
"""Widths in units of the font size."""


@dataclass(frozen=True)
class Chunk:
    """A part that stays on one line.

    Attributes:
        markup: MathML.
        width: about how wide it is, in units of the font size.
        depth: brackets around the place before it, where a line may end.
    """

    markup: str
    width: float
    depth: int = 0


@dataclass(frozen=True)
class Box:
    """A typeset formula.

    Attributes:
        chunks: its parts, from left to right.
        binding: how tightly it holds together.
        tall: whether brackets around it have to grow.
        positive: the same formula without the minus sign that it begins with; None where it begins with none.
    """

    chunks: tuple[Chunk, ...]
    binding: int = _ATOM
    tall: bool = False
    positive: Box | None = None

    @classmethod
    def of(cls, markup: str, width: float, binding: int = _ATOM, *, tall: bool = False) -> Box:
        """Return a formula of one part."""
        return cls((Chunk(markup, width),), binding, tall)

    @property
    def markup(self) -> str:
        """The whole, as a row."""
        inside = "".join(chunk.markup for chunk in self.chunks)
        return f"<mrow>{inside}</mrow>"

    @property
    def width(self) -> float:
        """About how wide it is, in units of the font size."""
        return sum(chunk.width for chunk in self.chunks)


class UnknownNodeError(ValueError):
    """An expression holds something that is not of the grammar of formulas."""


def lines(expression: Expr, room: float) -> list[str] | None:
    """Return one or more `<math>` elements that stand for a formula when read in order.

    Args:
        expression: made by `symloss.formula.parse`.
        room: widest element, in units of the font size.

    Returns:
        None where a part is wider than `room` and can't be broken, or can't be typeset.
    """
    try:
        parts = _broken(box(expression).chunks, room)
    except (UnknownNodeError, RecursionError):
        return None
    if parts is None:
        return None
    return [_math("".join(chunk.markup for chunk in part)) for part in parts]


def _math(row: str) -> str:
    return f'<math displaystyle="true"><mrow>{row}</mrow></math>'


def _broken(chunks: tuple[Chunk, ...], room: float) -> list[tuple[Chunk, ...]] | None:
    """Break at the outermost places, and within what is still too wide at those inside."""
    if sum(chunk.width for chunk in chunks) <= room:
        return [chunks]
    if len(chunks) == 1:
        return None
    outermost = min(chunk.depth for chunk in chunks[1:])
    starts = [0, *(k for k, chunk in enumerate(chunks) if k and chunk.depth == outermost), len(chunks)]
    found: list[tuple[Chunk, ...]] = []
    for start, end in pairwise(starts):
        inner = _broken(chunks[start:end], room)
        if inner is None:
            return None
        found += inner
    return found


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
        return Box.of('<mover accent="true"><mi>y</mi><mo stretchy="false">^</mo></mover>', _LETTER)
    if symbol in (y, eps):
        return Box.of("<mi>y</mi>" if symbol == y else "<mi>ε</mi>", _LETTER)
    raise UnknownNodeError(str(symbol))


def _rational(value: Expr) -> Box:
    if value.is_negative:
        return _negated(_rational(-value))
    if value.is_Integer:
        digits = str(int(value))
        return Box.of(f"<mn>{digits}</mn>", _DIGIT * len(digits))
    return _fraction(_rational(sympy.Integer(value.p)), _rational(sympy.Integer(value.q)))


def _negated(inner: Box) -> Box:
    made = _led(f'<mo form="prefix">{MINUS}</mo>', 0.7, _held(inner, _PRODUCT), inner.tall)
    return replace(made, binding=_SUM, positive=inner)


def _led(before: str, width: float, inner: Box, tall: bool, depth: int = 0) -> Box:
    """Return a box with something in front, which stays on the line of its first part."""
    first, *others = inner.chunks
    return Box((Chunk(before + first.markup, width + first.width, depth), *others), tall=tall)


def _bracket(sign: str, form: str, tall: bool) -> str:
    grows = "" if tall else ' stretchy="false"'
    return f'<mo form="{form}"{grows}>{sign}</mo>'


def _enclosed(before: str, width: float, inner: Box, signs: str = "()") -> tuple[Chunk, ...]:
    """Return the parts of something in brackets, with something in front; the brackets stay with what they enclose."""
    opening, closing = (
        _bracket(sign, form, inner.tall) for sign, form in zip(signs, ("prefix", "postfix"), strict=True)
    )
    deeper = [replace(chunk, depth=chunk.depth + 1) for chunk in inner.chunks]
    deeper[0] = Chunk(before + opening + deeper[0].markup, width + _BRACKET + deeper[0].width)
    deeper[-1] = replace(deeper[-1], markup=deeper[-1].markup + closing, width=deeper[-1].width + _BRACKET)
    return tuple(deeper)


def _held(inner: Box, needed: int) -> Box:
    """Return a box in brackets where it holds together less than its place needs."""
    return inner if inner.binding >= needed else Box(_enclosed("", 0.0, inner), tall=inner.tall)


def _fraction(top: Box, bottom: Box) -> Box:
    width = max(top.width, bottom.width) + 0.3
    return Box.of(f"<mfrac>{top.markup}{bottom.markup}</mfrac>", width, _PRODUCT, tall=True)


def _sum(expression: Expr) -> Box:
    first, *others = (box(term) for term in expression.as_ordered_terms())
    chunks = list(first.chunks)
    for term in others:
        sign, rest = ("+", term) if term.positive is None else (MINUS, term.positive)
        # form="infix" keeps the space of a sum where a line begins with the sign.
        chunks += _led(f'<mo form="infix">{sign}</mo>', 1.2, _held(rest, _PRODUCT), rest.tall).chunks
    return Box(tuple(chunks), _SUM, any(part.tall for part in (first, *others)))


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
        return Box.of("<mn>1</mn>", _DIGIT)
    boxes = [box(factor) for factor in factors]
    if len(boxes) == 1:
        return boxes[0]
    chunks = list(_held(boxes[0], _PRODUCT).chunks)
    for before, factor, made in zip(factors, factors[1:], boxes[1:], strict=False):
        digit = factor.is_number or (factor.is_Pow and factor.base.is_number)
        # A number after something needs a sign; what else stands side by side reads as a product.
        named = before.is_Function or factor.is_Function
        sign, width = ('<mo form="infix">·</mo>', 0.8) if digit else (_times(0.22 if named else 0.08), 0.2)
        # Between factors a line ends only where it can't end at a sign of the sum.
        part = _led(sign, width, _held(made, _PRODUCT), made.tall, depth=1)
        chunks += [
            replace(part.chunks[0], depth=1),
            *(replace(one, depth=one.depth + 1) for one in part.chunks[1:]),
        ]
    return Box(tuple(chunks), _PRODUCT, any(part.tall for part in boxes))


def _times(space: float) -> str:
    return f'<mo>&#x2062;</mo><mspace width="{space}em"></mspace>'


def _power(expression: Expr) -> Box:
    base, exponent = expression.base, expression.exp
    if exponent.is_Rational and exponent.is_negative:
        return _fraction(Box.of("<mn>1</mn>", _DIGIT), box(_raised(base, -exponent)))
    if exponent == sympy.Rational(1, 2):
        inner = box(base)
        return Box.of(f"<msqrt>{inner.markup}</msqrt>", inner.width + 0.9, tall=inner.tall)
    if base == sympy.E:
        return _call("exp", [box(exponent)])
    held, raised = _held(box(base), _ATOM), box(exponent)
    markup = f"<msup>{held.markup}{raised.markup}</msup>"
    return Box.of(markup, held.width + _SCRIPT * raised.width, _POWER, tall=held.tall)


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
        return Box.of("<mi>e</mi>", _LETTER)
    if expression == sympy.pi:
        return Box.of("<mi>π</mi>", _LETTER)
    arguments = [box(argument) for argument in expression.args]
    if isinstance(expression, sympy.Abs):
        return Box(_enclosed("", 0.0, arguments[0], "||"), tall=arguments[0].tall)
    if isinstance(expression, ProtectedFunction | sigmoid):
        return _call(type(expression).__name__, arguments)
    for kind, name in _NAMES.items():
        if isinstance(expression, kind):
            return _call(name, arguments)
    raise UnknownNodeError(type(expression).__name__)


def _call(name: str, arguments: list[Box]) -> Box:
    chunks: list[Chunk] = []
    for number, argument in enumerate(arguments):
        own = [replace(chunk, depth=chunk.depth + 1) for chunk in argument.chunks]
        # Between arguments a line ends before it does within one.
        own[0] = replace(own[0], depth=0)
        if number + 1 < len(arguments):
            own[-1] = replace(own[-1], markup=own[-1].markup + "<mo>,</mo>", width=own[-1].width + 0.45)
        chunks += own
    inner = Box(tuple(chunks), tall=any(argument.tall for argument in arguments))
    head = f"<mi>{escape(name)}</mi><mo>&#x2061;</mo>"
    return Box(_enclosed(head, _DIGIT * len(name), inner), tall=inner.tall)
