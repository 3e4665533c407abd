"""The one way to make a node of a loss expression.

SymPy decides a lot when it builds `Max`, `Abs` or a fractional power, by asking
for the sign of arguments; on nested input that can take minutes. Sums, products
and integer powers are built as SymPy does, the rest stays as written unless its
arguments are numbers. Numbers are kept small enough that no evaluation of them
can run away. Where SymPy would pull something that is not a real number out of a
product or a power (an imaginary unit out of the root of -yhat**2, an infinity out
of 1/0**y) the node stays as written too: whether it is a real number depends on
yhat and y, and that is decided where a loss is cut into pieces.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sympy
from sympy import Abs, Add, Expr, Integer, Max, Min, Mul, Pow, Rational, default_sort_key, sign

from symloss.errors import SymlossError

LARGEST_NUMBER = 1e15
SMALLEST_POWER = 1e-300
LARGEST_EXPONENT = 64

_UNEVALUATED_FUNCTIONS = (Abs, sign, sympy.log, sympy.exp, sympy.tanh, sympy.atan)


class NumberLimitError(SymlossError, ValueError):
    """A number in a formula is too large, or not a real number."""


def make(function: Any, arguments: Sequence[Expr]) -> Expr:
    """Apply a SymPy class to `arguments` the way loss expressions are built.

    Args:
        function: Add, Mul, Pow, Max, Min, Abs, sign, log, exp, tanh, atan, sigmoid or a protected function.
        arguments: expressions made by this function, or symbols and rational numbers.

    Raises:
        NumberLimitError: a constant leaves the real numbers or gets too large.
    """
    numeric = all(argument.is_number for argument in arguments)
    if function is Pow:
        return power(*arguments)
    if function in (Max, Min):
        result = _extremum(function, arguments, numeric)
    elif function in _UNEVALUATED_FUNCTIONS and not numeric:
        result = function(*arguments, evaluate=False)
    elif function in (Add, Mul) and not numeric:
        result = _as_written(function, arguments, function(*arguments))
    else:
        try:
            result = function(*arguments)
        except ValueError as error:
            raise NumberLimitError(str(error)) from error
    return checked(result)


def _as_written(function: Any, arguments: Sequence[Expr], result: Expr) -> Expr:
    """Return the result of an evaluation, or the node as written where the result holds what is not a real number."""
    if result.is_number or not any(_is_unreal(part) for part in (result, *result.args)):
        return result
    if function is Pow:
        return Pow(*arguments, evaluate=False)
    parts = [part for argument in arguments for part in function.make_args(argument)]
    number = function(*(part for part in parts if part.is_Rational))
    rest = sorted((part for part in parts if not part.is_Rational), key=default_sort_key)
    return function(*([] if number == function.identity else [number]), *rest, evaluate=False)


def _is_unreal(part: Expr) -> bool:
    """Return whether a factor of a term is a number outside of the real ones, or a power of one."""
    if part.is_Rational or part.is_Symbol or part.is_Add:
        return False
    if part.is_Mul:
        return any(_is_unreal(factor) for factor in part.args)
    number = part.base if part.is_Pow and not part.is_number else part
    if number.is_Rational or not number.is_number:
        return False
    return number.is_extended_real is False or number.is_finite is False


def _extremum(function: Any, arguments: Sequence[Expr], numeric: bool) -> Expr:
    if numeric:
        return function(*arguments)
    rationals = [argument for argument in arguments if argument.is_Rational]
    rest = [argument for argument in arguments if not argument.is_Rational]
    if rationals:
        rest.append(max(rationals) if function is Max else min(rationals))
    return function(*rest, evaluate=False)


def power(base: Expr, exponent: Expr) -> Expr:
    """Return base ** exponent, within the limits on exponents and numbers."""
    if exponent.is_number:
        size = abs(approximate(exponent))
        if size > LARGEST_EXPONENT:
            raise NumberLimitError(
                f"the exponent {shortened(exponent)} is too large; at most {LARGEST_EXPONENT}"
            )
        if base.is_number:
            magnitude = abs(approximate(base))
            if magnitude == 0 and size == 0:
                return Integer(1)
            if magnitude == 0 and approximate(exponent) < 0:
                raise NumberLimitError("zero can't be raised to a power below zero")
            logarithm = approximate(exponent) * math.log(magnitude) if magnitude > 0 else 0.0
            if not math.log(SMALLEST_POWER) < logarithm < math.log(LARGEST_NUMBER):
                raise NumberLimitError(
                    "the power of a number is too large or too small; between 1e-300 and 1e15"
                )
    settled = base.is_number or base.is_Symbol or exponent.is_Integer
    result = checked(_as_written(Pow, [base, exponent], Pow(base, exponent, evaluate=settled)))
    if result.is_Pow and result.exp.is_number and abs(approximate(result.exp)) > LARGEST_EXPONENT:
        raise NumberLimitError(
            f"the exponent {shortened(result.exp)} is too large; at most {LARGEST_EXPONENT}"
        )
    return result


def approximate(number: Expr) -> float:
    """Return a real constant as a float.

    Raises:
        NumberLimitError: it is not a finite real number of at most 1e15.
    """
    if number.is_Rational:
        value = float(number)
    else:
        if number.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo):
            raise NumberLimitError("the number is not finite (a division by zero or log(0)?)")
        evaluated = number.evalf(15)
        if not (evaluated.is_Float or evaluated.is_Rational):
            raise NumberLimitError("the number is not real (the root or logarithm of a negative number?)")
        value = float(evaluated)
    if not math.isfinite(value) or abs(value) > LARGEST_NUMBER:
        raise NumberLimitError("the number is too large; at most 1e15")
    return value


def checked(result: Expr) -> Expr:
    """Return `result`; a constant must be real and small enough."""
    if result.is_number:
        approximate(result)
    return result


def shortened(number: Expr) -> str:
    """Return a number as short text."""
    return f"{approximate(number):g}" if number.is_Rational and abs(number) < 10**15 else "written"


def rebuild(expression: Expr, leaf: Callable[[Expr], Expr]) -> Expr:
    """Build `expression` again from its leaves, each replaced by `leaf(leaf_expression)`."""
    done: dict[Expr, Expr] = {}

    def visit(node: Expr) -> Expr:
        found = done.get(node)
        if found is None:
            if node.args:
                arguments = [visit(argument) for argument in node.args]
                unchanged = all(new is old for new, old in zip(arguments, node.args, strict=True))
                found = node if unchanged else make(node.func, arguments)
            else:
                found = leaf(node)
            done[node] = found
        return found

    return visit(expression)


def substitute(expression: Expr, values: Mapping[Any, Any]) -> Expr:
    """Return `expression` with symbols replaced by expressions or numbers.

    Raises:
        NumberLimitError: the result holds a constant that is not a finite real number.
    """
    exact = {
        symbol: exact_number(value) if isinstance(value, float) else value for symbol, value in values.items()
    }
    exact = {symbol: Integer(value) if isinstance(value, int) else value for symbol, value in exact.items()}
    return rebuild(expression, lambda node: exact.get(node, node))


def exact_number(value: float) -> Rational:
    """Return the decimal number that a person means by a float: 0.1 is 1/10."""
    return Rational(repr(float(value)))
