"""Crossover and mutations of trees, typed: what depends on a prediction gives way to what depends on one.

Each takes trees and returns one, or None where the draw gives no loss that the
grammar allows; callers draw again. A place is an operand of a step, or the root.
What is put into a place may use any variable that the step at that place could
use, so parts of the loss are shared, as in the tokens of a controller.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from symloss.search.strategies.trees import Step, Tree, TreeRules

_LARGEST_GROWTH = 3
"""Most operators that a subtree mutation puts in at once."""
_BLOCK = 4096


class Dice:
    """Uniform draws in blocks: a scalar from NumPy costs as much as the rest of a mutation."""

    def __init__(self, seed: int) -> None:
        """Start from a seed."""
        self._generator = np.random.Generator(np.random.PCG64(seed))
        self._before = self._generator.bit_generator.state
        self._block: list[float] = self._generator.random(_BLOCK).tolist()

    def uniform(self) -> float:
        """Return a number in [0, 1)."""
        if not self._block:
            self._before = self._generator.bit_generator.state
            self._block = self._generator.random(_BLOCK).tolist()
        return self._block.pop()

    def below(self, count: int) -> int:
        """Return a whole number in 0..count - 1."""
        return int(self.uniform() * count)

    def state(self) -> dict[str, Any]:
        """Return the generator as it was before the block, and how much of the block is left."""
        return {"generator": self._before, "left": len(self._block)}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from what `state` gave."""
        self._before = self._generator.bit_generator.state = state["generator"]
        self._block = self._generator.random(_BLOCK).tolist()[: state["left"]]


def crossover(rules: TreeRules, dice: Dice, receiver: Tree, donor: Tree) -> Tree | None:
    """Put a part of `donor` into a place of `receiver`, or join the two by an operator."""
    count = len(receiver.steps)
    steps = list(receiver.steps)
    for operator, *operands in donor.steps:
        left, right = (one if one < rules.n_leaves else one + count for one in operands)
        steps.append((operator, left, right))
    place = dice.below(count + 1)
    if place == count:
        if not rules.binary:
            return None
        operator = rules.binary[dice.below(len(rules.binary))]
        steps.append((operator, rules.n_leaves + count - 1, rules.n_leaves + len(steps) - 1))
        return rules.build(steps, rules.n_leaves + len(steps) - 1)
    side = dice.below(2)
    child = steps[place][1 + side]
    depends = bool(receiver.kinds[child] & rules.predictions)
    fitting = [
        v
        for v in range(rules.n_leaves, len(donor.kinds))
        if bool(donor.kinds[v] & rules.predictions) == depends
    ]
    if not fitting:
        return None
    return _replaced(rules, steps, count, place, side, fitting[dice.below(len(fitting))] + count)


def mutate(rules: TreeRules, dice: Dice, tree: Tree) -> Tree | None:
    """Change a tree by one of the mutations, each with the same probability."""
    return _MUTATIONS[dice.below(len(_MUTATIONS))](rules, dice, tree)


def subtree(rules: TreeRules, dice: Dice, tree: Tree) -> Tree | None:
    """Put a new subtree of one to three operators into a place."""
    place, side, child = _place(rules, dice, tree)
    return _grown(rules, dice, tree, place, side, None, bool(tree.kinds[child] & rules.predictions))


def insert(rules: TreeRules, dice: Dice, tree: Tree) -> Tree | None:
    """Put one to three operators between an operator and its operand, or on top of the loss."""
    place, side, child = _place(rules, dice, tree)
    return _grown(rules, dice, tree, place, side, child, bool(tree.kinds[child] & rules.predictions))


def hoist(rules: TreeRules, dice: Dice, tree: Tree) -> Tree | None:
    """Put an operand of what is at a place into its place."""
    place, side, child = _place(rules, dice, tree)
    if child < rules.n_leaves:
        return None
    inner = tree.steps[child - rules.n_leaves][1 + dice.below(2)]
    return _replaced(rules, list(tree.steps), len(tree.steps), place, side, inner)


def point(rules: TreeRules, dice: Dice, tree: Tree) -> Tree | None:
    """Exchange an operator for another one of the same arity."""
    number = dice.below(len(tree.steps))
    operator, left, right = tree.steps[number]
    others = rules.binary if rules.arity[operator] == 2 else rules.unary
    if len(others) < 2:
        return None
    other = others[dice.below(len(others) - 1)]
    steps = list(tree.steps)
    steps[number] = (others[-1] if other == operator else other, left, right)
    return rules.build(steps, rules.n_leaves + len(steps) - 1)


def leaf(rules: TreeRules, dice: Dice, tree: Tree) -> Tree | None:
    """Exchange a leaf for another one, if the loss still depends on all arguments."""
    places = [
        (number, side)
        for number, (operator, *operands) in enumerate(tree.steps)
        for side in range(rules.arity[operator])
        if operands[side] < rules.n_leaves
    ]
    number, side = places[dice.below(len(places))]
    new = (tree.steps[number][1 + side] + 1 + dice.below(rules.n_leaves - 1)) % rules.n_leaves
    return _replaced(rules, list(tree.steps), len(tree.steps), number, side, new)


_MUTATIONS = (subtree, insert, hoist, point, leaf)


def _place(rules: TreeRules, dice: Dice, tree: Tree) -> tuple[int, int, int]:
    """Draw a place; return its step (the number of steps for the root), side and what is there."""
    place, side = dice.below(len(tree.steps) + 1), dice.below(2)
    if place == len(tree.steps):
        return place, side, rules.n_leaves + place - 1
    return place, side, tree.steps[place][1 + side]


def _replaced(
    rules: TreeRules, steps: list[Step], count: int, place: int, side: int, variable: int
) -> Tree | None:
    """Return the tree of the first `count` steps (more may follow, for use) with `variable` put into a place."""
    if place == count:
        return rules.build(steps, variable)
    operator, left, right = steps[place]
    if rules.arity[operator] == 1:
        left = right = variable
    elif side:
        right = variable
    else:
        left = variable
    steps[place] = (operator, left, right)
    return rules.build(steps, rules.n_leaves + count - 1)


def _grown(
    rules: TreeRules, dice: Dice, tree: Tree, place: int, side: int, start: int | None, depends: bool
) -> Tree | None:
    """Put new operators into a place, over `start` or else a variable of the wanted type."""
    kinds = tree.kinds[: rules.n_leaves + place]
    # leaves count twice: they are most of what a good loss is made of
    pool = [
        v for v in (*range(rules.n_leaves), *range(len(kinds))) if depends or not kinds[v] & rules.predictions
    ]
    if start is None:
        fitting = [v for v in pool if bool(kinds[v] & rules.predictions) == depends]
        start = fitting[dice.below(len(fitting))]
    steps = list(tree.steps)
    operators = rules.unary + rules.binary
    if not operators:
        return None
    current = start
    for _ in range(1 + dice.below(_LARGEST_GROWTH)):
        operator = operators[dice.below(len(operators))]
        other = current if rules.arity[operator] == 1 else pool[dice.below(len(pool))]
        operands = (other, current) if dice.uniform() < 0.5 else (current, other)
        steps.append((operator, *operands))
        current = rules.n_leaves + len(steps) - 1
    return _replaced(rules, steps, len(tree.steps), place, side, current)
