"""The loss at one label as smooth pieces in yhat, between the points where a max, min, abs, sign or guard switches.

The expression is resolved from the inside out on one cell of the domain: a
switching node whose arguments are smooth there needs the zeros of one function
(a - b for max(a, b)). Where it has zeros the cell is cut at them and each part is
resolved on its own; where it has none its sign picks the branch. Logarithms,
roots and reciprocals ask for the sign of their argument in the same way, so a
piece never runs over a pole or out of the real numbers.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sympy
from sympy import Abs, Expr, Integer, Max, Min, Mul, Pow, Rational, S, sign

from symloss.domain import Domain, Input, eps, y, yhat
from symloss.loss import Loss
from symloss.ops.constants import GUARD_LIMIT
from symloss.ops.construct import exact_number, make
from symloss.ops.protected import SmoothedFunction, aq, guard, pexp
from symloss.symbolic.endpoint import Endpoint
from symloss.symbolic.signs import SignFinder
from symloss.symbolic.smooth import derivative
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


def label_expression(loss: Loss, label: Expr | int) -> Expr:
    """Return the loss at y = label, with eps replaced where the loss has a number for it; still with its kinks."""
    return replaced(loss.expression, label_numbers(loss, label))


def label_numbers(loss: Loss, label: Expr | int) -> dict[Expr, Expr]:
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


def label_pieces(loss: Loss, label: int | Expr, deadline: Deadline) -> tuple[Piece, ...]:
    """Resolve the loss at y = label (a rational number) into smooth pieces, from left to right.

    Raises:
        UndecidedError: time is up, or a switching point is out of reach or depends on an open eps.
    """
    low, high = domain_ends(loss.domain)
    return resolve(label_expression(loss, label), low, high, deadline)


Known = dict[Expr, Expr]
"""Smooth forms of expressions that do not switch on the whole interval."""


def resolve(
    expression: Expr,
    low: Endpoint,
    high: Endpoint,
    deadline: Deadline,
    finder: SignFinder | None = None,
    known: Known | None = None,
) -> tuple[Piece, ...]:
    """Resolve an expression in yhat and eps on the open interval between two endpoints; see `label_pieces`.

    Args:
        expression: a loss at one label.
        low, high: ends of the interval.
        deadline: when to stop.
        finder: of an earlier expression on the same interval, with the same deadline.
        known: what earlier calls found out on the whole interval; added to.
    """
    waiting = [(low, high)]
    pieces: list[Piece] = []
    open_eps = eps in expression.free_symbols
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
        outcome = _Cell(finder, known if whole else None).smooth(expression)
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

    def smooth(self, expression: Expr) -> Expr | list[Endpoint]:
        """Return the smooth form, or the points to cut at."""
        try:
            return self.visit(expression)
        except _Cut as cut:
            return cut.points

    def sign(self, function: Expr) -> int:
        """Return the sign of a smooth function on the whole cell (0: identically zero), or jump out to cut."""
        result = self.finder.sign(function)
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
        return build() if self.sign(argument) > 0 else S.NaN

    def power(self, base: Expr, exponent: Expr) -> Expr:
        build: Callable[[], Any] = lambda: _made(Pow, [base, exponent])  # noqa: E731
        if base.is_number or (exponent.is_Integer and exponent > 0):
            return build()
        if exponent.is_Integer:
            return S.NaN if self.sign(base) == 0 else build()
        if exponent.is_number and self.sign(base) == 0:
            return S.Zero if exponent > 0 else S.NaN
        return self.needs_positive(base, build)
