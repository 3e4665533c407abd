"""The loss at one label as smooth pieces in yhat, between the points where a max, min, abs, sign or guard switches.

The expression is resolved from the inside out on one cell of the domain: a
switching node whose arguments are smooth there needs the zeros of one function
(a - b for max(a, b)). Where it has zeros the cell is cut at them and each part is
resolved on its own; where it has none its sign picks the branch. Logarithms,
roots and reciprocals ask for the zeros of their argument in the same way, also for
those at which it keeps its sign, so a piece never runs over a pole or out of the
real numbers. A root of a square is an absolute value: what is squared gets the sign
that it has on the cell.

A loss is a real number where all its parts are. A part that vanishes for a label, as
in y*log(yhat - 2) at y = 0, is not left out: it is resolved beside the rest, and where
it is not a real number, neither is the loss (`symloss.symbolic.arithmetic.realness`).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import sympy
from sympy import Abs, Expr, Integer, Max, Min, Mul, Pow, Rational, S, sign

from symloss.formula.spec import LossSpec
from symloss.ops.constants import GUARD_LIMIT
from symloss.ops.construct import exact_number, make
from symloss.ops.protected import SmoothedFunction, aq, guard, pexp
from symloss.signature import Domain, Input, eps, y, yhat
from symloss.symbolic.arithmetic.realness import has_partial, vanished_parts
from symloss.symbolic.field.smooth import derivative
from symloss.symbolic.roots.endpoint import Endpoint
from symloss.symbolic.signs.sign_changes import SignFinder
from symloss.symbolic.undecided import Deadline, UndecidedError

__all__ = ["Deadline", "Endpoint", "Piece", "UndecidedError", "label_expression", "label_pieces"]

MOST_PIECES = 60
_LARGEST_LOGARITHM = 1_000


@dataclass(frozen=True)
class Piece:
    """The loss on one open interval of yhat.

    Attributes:
        low, high: the ends.
        value: the loss there, smooth, in yhat and (where it is open) eps, without switching functions; NaN where the
            loss is not a real number (the logarithm or root of a negative number).
    """

    low: Endpoint
    high: Endpoint
    value: Expr

    @property
    def is_real(self) -> bool:
        """Whether the loss is a real number on the piece."""
        return self.value is not S.NaN

    @cached_property
    def gradient(self) -> Expr:
        """The derivative of `value` by yhat, not simplified."""
        return derivative(self.value, yhat, math.inf) if self.is_real else S.NaN


def domain_ends(domain: Domain) -> tuple[Endpoint, Endpoint]:
    """Return the two ends of the domain of yhat."""
    if domain.input is Input.PROBABILITY:
        return Endpoint.rational(Rational(0), "domain"), Endpoint.rational(Rational(1), "domain")
    if domain.input is Input.POSITIVE:
        return Endpoint.rational(Rational(0), "domain"), Endpoint.infinite(1)
    return Endpoint.infinite(-1), Endpoint.infinite(1)


def label_expression(loss: LossSpec, label: Expr | int) -> Expr:
    """Return the loss at y = label, with eps replaced where the loss has a number for it; still with its kinks."""
    return replaced(loss.expression, label_numbers(loss, label))


def label_numbers(loss: LossSpec, label: Expr | int) -> dict[Expr, Expr]:
    """Return what `label_expression` puts in, by symbol."""
    numbers: dict[Expr, Expr] = {y: Integer(label) if isinstance(label, int) else label}
    if loss.eps is not None:
        numbers[eps] = exact_number(loss.eps)
    return numbers


def replaced(expression: Expr, done: dict[Expr, Expr]) -> Expr:
    """Put numbers in; what is then not a real number becomes NaN.

    Args:
        expression: a loss expression.
        done: what stands for each symbol; results for all parts are added to it.
    """

    def visit(node: Expr) -> Expr:
        found = done.get(node)
        if found is None:
            if not node.args:
                found = node
            else:
                arguments = [visit(argument) for argument in node.args]
                if any(argument is S.NaN for argument in arguments):
                    found = S.NaN
                elif all(new is old for new, old in zip(arguments, node.args, strict=True)):
                    found = node
                else:
                    found = _made(node.func, arguments)
            done[node] = found
        return found

    return visit(expression)


def _made(function: Callable[..., Expr], arguments: list[Expr]) -> Expr:
    """Build a node; a constant that is not a real number becomes NaN, a large one is kept."""
    # SymPy's own is_zero asks about every part of a long expression: only numbers are worth it.
    if function is Mul and any(
        a is S.Zero or (not a.is_Rational and a.is_number and a.is_zero) for a in arguments
    ):
        return S.Zero
    try:
        return make(function, arguments)
    except ValueError:
        return _large_constant(function, arguments)


def _large_constant(function: Callable[..., Expr], arguments: list[Expr]) -> Expr:
    if not all(argument.is_number for argument in arguments):
        raise UndecidedError("a constant of the loss is out of reach")
    if function is Pow:
        base, exponent = arguments
        if base.is_zero:
            return S.NaN
        if abs(exponent) > 64 or abs(sympy.log(abs(base)).evalf(15)) * abs(exponent) > _LARGEST_LOGARITHM:
            raise UndecidedError("a constant of the loss is out of reach")
    result = function(*arguments)
    if result.has(S.NaN, S.ComplexInfinity, S.Infinity, S.NegativeInfinity) or not result.evalf(15).is_Float:
        return S.NaN
    return result


def label_pieces(loss: LossSpec, label: int | Expr, deadline: Deadline) -> tuple[Piece, ...]:
    """Resolve the loss at y = label (a rational number) into smooth pieces, from left to right.

    Raises:
        UndecidedError: time is up, or a switching point is out of reach or depends on an open eps.
    """
    low, high = domain_ends(loss.domain)
    values = label_numbers(loss, label)
    expression = replaced(loss.expression, values)
    return resolve(
        expression, low, high, deadline, also=vanished_parts(loss.expression, expression, values, loss.domain)
    )


def label_parts(loss: LossSpec, label: int | Expr) -> tuple[Expr, ...]:
    """Return the parts of a loss that vanish at y = label and may not be real numbers: `also` of `resolve`."""
    if not has_partial(loss.expression):
        return ()
    values = label_numbers(loss, label)
    return vanished_parts(loss.expression, replaced(loss.expression, values), values, loss.domain)


Known = dict[Expr, Expr]
"""Smooth forms of expressions that do not switch on the whole interval."""


def resolve(
    expression: Expr,
    low: Endpoint,
    high: Endpoint,
    deadline: Deadline,
    finder: SignFinder | None = None,
    known: Known | None = None,
    also: Sequence[Expr] = (),
) -> tuple[Piece, ...]:
    """Resolve an expression in yhat and eps on the open interval between two endpoints; see `label_pieces`.

    Args:
        expression: a loss at one label.
        low, high: ends of the interval.
        deadline: when to stop.
        finder: of an earlier expression on the same interval, with the same deadline.
        known: what earlier calls found out on the whole interval; added to.
        also: parts that must be real numbers for the loss to be one.
    """
    waiting = [(low, high)]
    pieces: list[Piece] = []
    open_eps = any(eps in part.free_symbols for part in (expression, *also))
    if finder is None:
        finder = SignFinder(low, high, deadline, open_eps)
    finder.open_eps = open_eps
    while waiting:
        deadline.check()
        if len(pieces) + len(waiting) > MOST_PIECES:
            raise UndecidedError(f"the loss has more than {MOST_PIECES} pieces")
        left, right = waiting.pop()
        finder.enter(left, right)
        whole = left is low and right is high
        outcome = _Cell(finder, known if whole else None).smooth(expression, also)
        if isinstance(outcome, Expr):
            pieces.append(Piece(left, right, outcome))
        else:
            ends = [left, *outcome, right]
            waiting.extend(reversed(list(itertools.pairwise(ends))))
    return tuple(pieces)


class _Cut(Exception):
    def __init__(self, points: list[Endpoint]) -> None:
        self.points = points


class _Cell:
    """One interval on which an expression is resolved, as long as nothing switches inside."""

    def __init__(self, finder: SignFinder, known: Known | None) -> None:
        self.finder = finder
        self.done: Known = {} if known is None else known

    def smooth(self, expression: Expr, also: Sequence[Expr]) -> Expr | list[Endpoint]:
        """Return the smooth form (NaN where it or one of the parts `also` is not real), or the points to cut at."""
        try:
            found = self.visit(expression)
            return S.NaN if any(self.visit(part) is S.NaN for part in also) else found
        except _Cut as cut:
            return cut.points

    def sign(self, function: Expr, at_zeros: bool = False) -> int:
        """Return the sign of a smooth function on the whole cell (0: identically zero), or jump out to cut.

        Args:
            function: smooth on the cell.
            at_zeros: cut at all zeros, also at those where the sign stays.
        """
        result = self.finder.sign(function, at_zeros)
        if isinstance(result, list):
            raise _Cut(result)
        return result

    def visit(self, node: Expr) -> Expr:
        found = self.done.get(node)
        if found is None:
            found = self.rule(node) if node.args else node
            self.done[node] = found
        return found

    def rule(self, node: Expr) -> Expr:
        arguments = [self.visit(argument) for argument in node.args]
        if any(argument is S.NaN for argument in arguments):
            return S.NaN
        function = node.func
        if function in (Max, Min):
            return self.extremum(arguments, 1 if function is Max else -1)
        if function is Abs:
            side = self.sign(arguments[0])
            return (
                S.Zero if side == 0 else arguments[0] if side > 0 else _made(Mul, [Integer(-1), arguments[0]])
            )
        if function is sign:
            return Integer(self.sign(arguments[0]))
        if isinstance(node, SmoothedFunction):
            smoothing = arguments[1] if len(arguments) > 1 else node.smoothing
            return self.smoothed(function, arguments[0], smoothing)
        if function is guard:
            return self.extremum(
                [self.extremum([arguments[0], Integer(GUARD_LIMIT)], -1), Integer(-GUARD_LIMIT)], 1
            )
        if function is pexp:
            limit = sympy.log(Integer(GUARD_LIMIT))
            over = self.sign(arguments[0] - limit) > 0
            return Integer(GUARD_LIMIT) if over else _made(sympy.exp, [arguments[0]])
        if function is aq:
            inner = _made(sympy.Add, [Integer(1), _made(Pow, [arguments[1], Integer(2)])])
            return _made(Mul, [arguments[0], _made(Pow, [inner, Rational(-1, 2)])])
        if function is sympy.log:
            return self.needs_positive(arguments[0], lambda: _made(sympy.log, arguments))
        if function is Pow:
            return self.power(arguments[0], arguments[1])
        return _made(function, arguments)

    def extremum(self, arguments: list[Expr], largest: int) -> Expr:
        best = arguments[0]
        for argument in arguments[1:]:
            if best != argument and self.sign(argument - best) * largest > 0:
                best = argument
        return best

    def smoothed(self, function: type[SmoothedFunction], x: Expr, smoothing: Expr) -> Expr:
        side = self.sign(x)
        if side == 0:
            return S.Zero
        inner = _made(sympy.Add, [x if side > 0 else _made(Mul, [Integer(-1), x]), smoothing])
        return Integer(side) * function.outer(inner)

    def needs_positive(self, argument: Expr, build: Callable[[], Expr]) -> Expr:
        """Return what `build` makes where the argument is positive, NaN elsewhere."""
        if argument.is_number:
            return build()
        return build() if self.sign(argument, at_zeros=True) > 0 else S.NaN

    def power(self, base: Expr, exponent: Expr) -> Expr:
        """Return base ** exponent: 0**0 is 1, other powers of 0 or of negative numbers are real for few exponents."""
        if exponent.is_Integer:
            if exponent >= 0 or base.is_number:
                return _made(Pow, [base, exponent])
            return S.NaN if self.sign(base, at_zeros=True) == 0 else _made(Pow, [base, exponent])
        if base.is_number and exponent.is_number:
            return _made(Pow, [base, exponent])
        side = self.sign(base, at_zeros=True)
        if side > 0:
            return self.root(base, exponent) if exponent.is_Rational else _made(Pow, [base, exponent])
        if side < 0:
            return S.NaN
        rises = self.sign(exponent)
        return S.Zero if rises > 0 else S.One if rises == 0 else S.NaN

    def root(self, base: Expr, exponent: Expr) -> Expr:
        """Return a root of what is positive on the cell, with the sign of what is squared in it settled.

        SymPy writes sqrt(x**2) as |x| whenever it builds the root again, and an absolute value is not smooth.
        """
        factors = Mul.make_args(base)
        even = [f for f in factors if f.is_Pow and f.exp.is_Rational and f.exp.p % 2 == 0]
        if not even:
            return _made(Pow, [base, exponent])
        rest = _made(Mul, [factor for factor in factors if factor not in even])
        roots = [_made(Pow, [rest, exponent])]
        for factor in even:
            side = Integer(self.sign(factor.base, at_zeros=True))
            roots.append(_made(Pow, [_made(Mul, [side, factor.base]), factor.exp * exponent]))
        return _made(Mul, roots)
