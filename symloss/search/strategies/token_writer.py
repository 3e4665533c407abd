"""Writes tokens step by step, with the interval that each variable lies in.

The grammar guards an operator whose output can exceed 1/xi (see
`symloss.ops.operator`). A writer that is exact refuses such a step, unless the
loss that it writes has the guard as well.
"""

from __future__ import annotations

from symloss.ops.constants import GUARD_LIMIT
from symloss.ops.interval import Interval
from symloss.search.candidates.grammar import LossGrammar
from symloss.search.strategies.trees import Step

ODD = frozenset({"log", "reciprocal", "sqrt", "tanh", "sign"})
"""Operators f with f(-x) = -f(x)."""


class CannotWrite(Exception):
    """The grammar has no way to write a part of a loss; the message says which."""


class TokenWriter:
    """Steps of one loss, each written once.

    Attributes:
        steps: what was written so far; after the leaves, step s makes the next variable.
        leaves: the variables that every loss starts with, by what they are.
        exact: whether a step that is guarded needs a guard in the loss.
    """

    def __init__(self, grammar: LossGrammar, *, exact: bool) -> None:
        """Start with the leaves of the grammar."""
        self.steps: list[Step] = []
        self.exact = exact
        self._operators = grammar.operators
        self._numbers = {operator.name: number for number, operator in enumerate(grammar.operators)}
        self.leaves = {leaf.expression: number for number, leaf in enumerate(grammar.leaves)}
        self._n_leaves, self._one = grammar.n_leaves, grammar.n_leaves - 1
        self._intervals = [leaf.interval for leaf in grammar.leaves]
        self._known: dict[Step, int] = {}

    def has(self, name: str) -> bool:
        """Return whether the grammar has an operator."""
        return name in self._numbers

    def interval(self, variable: int) -> Interval:
        """Return an interval that holds all values of a variable."""
        return self._intervals[variable]

    def apply(self, name: str, first: int, second: int | None = None, *, guarded: bool = False) -> int:
        """Write a step and return its variable; a step that is there already is not written again.

        Args:
            name: the operator.
            first: a variable.
            second: the other operand of a binary operator.
            guarded: whether the loss has a guard here.

        Raises:
            CannotWrite: the grammar has no such operator, or guards it where the loss has no guard.
        """
        if name == "neg" and first >= self._n_leaves:
            inner, operand, _ = self.steps[first - self._n_leaves]
            if inner == self._numbers.get("neg"):
                return operand
            if self._operators[inner].name in ODD and self._is_negation(operand):
                return self.apply(self._operators[inner].name, self.steps[operand - self._n_leaves][1])
        if name not in self._numbers:
            raise CannotWrite(f"it has no operator {name!r}")
        number = self._numbers[name]
        step = (number, first, first if second is None else second)
        found = self._known.get(step)
        if found is not None and (guarded or not self.exact or self._intervals[found].largest < GUARD_LIMIT):
            return found
        operands = (
            [self._intervals[first]] if second is None else [self._intervals[first], self._intervals[second]]
        )
        interval = self._operators[number].bounds(operands)
        if interval.largest > GUARD_LIMIT:
            if self.exact and not guarded:
                raise CannotWrite(
                    f"it cuts off {name} at 1e6, which a part of the loss can exceed; encode with exact=False to "
                    f"accept that"
                )
            interval = interval.clipped(GUARD_LIMIT)
        if found is None:
            self.steps.append(step)
            self._intervals.append(interval)
            found = self._known[step] = self._n_leaves + len(self.steps) - 1
        return found

    def _is_negation(self, variable: int) -> bool:
        return variable >= self._n_leaves and self.steps[variable - self._n_leaves][0] == self._numbers.get(
            "neg"
        )

    def number(self, value: int) -> int:
        """Write a whole number from ones, and return its variable.

        Raises:
            CannotWrite: the grammar lacks an operator for it.
        """
        if value == 1:
            return self._one
        if value <= 0:
            negative = self.apply("neg", self.number(-value if value else 1))
            return negative if value else self.apply("add", self._one, negative)
        root = round(value**0.5)
        if root * root == value and self.has("square"):
            return self.apply("square", self.number(root))
        if value % 2 == 0:
            half = self.number(value // 2)
            return self.apply("add", half, half)
        return self.apply("add", self.number(value - 1), self._one)
