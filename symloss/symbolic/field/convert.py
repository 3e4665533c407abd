"""Loss expression -> element of a `Tower`.

Every rule (here, in `elementary` and in `kinks`) is an identity of functions on the
interval (or region) where the expression is real.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import sympy
from sympy import Abs, Expr, Max, Min, sign

from symloss.ops.constants import GUARD_LIMIT
from symloss.ops.protected import SmoothedFunction, aq, guard, pexp, plog, recip, sigmoid
from symloss.signature import eps, y, yhat
from symloss.symbolic.field.differential_field import REFERENCES, Element
from symloss.symbolic.field.kinks import Kinks
from symloss.symbolic.field.to_expression import LARGEST_POWER
from symloss.symbolic.undecided import Deadline, UndecidedError

_REFERENCE_VALUES = {
    yhat: REFERENCES,
    y: (0.29847261, 0.61840273),
    eps: (0.0419273, 0.19203847),
}


class Converter(Kinks):
    """Reads expressions into one tower.

    Args:
        deadline: when to stop.
        point: a number for each symbol, inside of the region where the expressions are meant; it fixes the signs
            of radicands.
        known_sign: returns the sign of an irreducible polynomial's expression where it is proved on the region,
            else None; with it kinks are allowed and written with sign generators. Without it kinks are refused.
    """

    def __init__(
        self,
        deadline: Deadline,
        point: Mapping[sympy.Symbol, Any],
        known_sign: Callable[[Expr], int | None] | None = None,
    ) -> None:
        """Start with an empty tower."""
        super().__init__(deadline, point, known_sign)
        self.done: dict[Expr, Element] = {}

    def move(self, point: Mapping[sympy.Symbol, Any]) -> None:
        """Go to another region: what depends on signs there is forgotten."""
        self.point = dict(point)
        self._sides.clear()
        self._expressions.clear()
        if self.tower.related:
            self.done.clear()

    def element(self, expression: Expr) -> Element:
        """Return the element of an expression.

        Raises:
            UndecidedError: it is too large, or holds a function that has no rule.
        """
        found = self.done.get(expression)
        if found is None:
            self.deadline.check()
            try:
                found = self._rule(expression)
            except (ZeroDivisionError, OverflowError):
                raise UndecidedError("the gradient divides by zero") from None
            self.done[expression] = found
        return found

    def _rule(self, node: Expr) -> Element:
        tower = self.tower
        if node.is_Rational:
            return tower.number(int(node.p), int(node.q))
        if node in _REFERENCE_VALUES:
            values = _REFERENCE_VALUES[node]
            return tower.of(tower.generator(str(node), str(node), lambda i: values[i]))
        if node is sympy.E:
            return self.exponential(tower.one)
        if node is sympy.pi:
            return tower.of(tower.generator("constant", "pi", lambda i: math.pi))
        function = node.func
        if function is sympy.Pow:
            return self._power(node.base, node.exp)
        inner = [self.element(argument) for argument in node.args]
        if not inner:
            raise UndecidedError(f"{node} has no rule")
        if function is sympy.Add:
            result = inner[0]
            for term in inner[1:]:
                result = tower.add(result, term)
            return result
        if function is sympy.Mul:
            result = inner[0]
            for term in inner[1:]:
                result = tower.multiply(result, term)
            return result
        return self._function(function, node, inner)

    def _function(self, function: Any, node: Expr, inner: list[Element]) -> Element:
        tower, u = self.tower, inner[0]
        if function is sympy.log:
            self.require_positive(u, node.args[0])
            return self.logarithm(u)
        if function is sympy.exp:
            return self.exponential(u)
        if function is sympy.tanh:
            double = self.exponential(tower.scaled(u, 2))
            return tower.multiply(
                tower.add(double, tower.number(-1)), tower.reciprocal(tower.add(double, tower.one))
            )
        if function is sigmoid:
            grown = self.exponential(u)
            return tower.multiply(grown, tower.reciprocal(tower.add(grown, tower.one)))
        if function is sympy.atan:
            return self.arctangent(u)
        if self.known_sign is None:
            raise UndecidedError(f"{function.__name__} has no rule here")
        if function is Abs:
            return self.magnitude(u)
        if function is sign:
            return self.sign_of(u)
        if function in (Max, Min):
            result = u
            for other in inner[1:]:
                result = self.extremum(result, other, 1 if function is Max else -1)
            return result
        if function is guard:
            limit = tower.number(GUARD_LIMIT)
            return self.extremum(self.extremum(u, limit, -1), tower.negative(limit), 1)
        if function is pexp:
            limit = self.logarithm(tower.number(GUARD_LIMIT))
            return self.exponential(self.extremum(u, limit, -1))
        if function is aq:
            below = tower.add(tower.one, tower.power(inner[1], 2))
            return tower.multiply(u, self.root(below, -1, 2))
        if isinstance(node, SmoothedFunction):
            smoothing = inner[1] if len(inner) > 1 else self.element(node.smoothing)
            size = tower.add(self.magnitude(u), smoothing)
            if function is plog:
                outer = self.logarithm(size)
            else:
                outer = tower.reciprocal(size) if function is recip else self.root(size, 1, 2)
            return tower.multiply(self.sign_of(u), outer)
        raise UndecidedError(f"{function.__name__} has no rule")

    def _power(self, base: Expr, exponent: Expr) -> Element:
        tower = self.tower
        if base is sympy.E:
            return self.exponential(self.element(exponent))
        if exponent.is_Rational:
            numerator, order = int(exponent.p), int(exponent.q)
            if abs(numerator) > LARGEST_POWER or order > 10_000:
                raise UndecidedError(f"the exponent {exponent} is out of reach")
            inner = self.element(base)
            if order == 1:
                return tower.power(inner, numerator)
            self.require_positive(inner, base)
            return self.root(inner, numerator, order)
        inner = self.element(base)
        self.require_positive(inner, base)
        return self.exponential(tower.multiply(self.element(exponent), self.logarithm(inner)))
