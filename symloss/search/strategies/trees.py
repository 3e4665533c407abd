"""Losses as trees whose equal parts are shared: the form that crossover and mutation work on.

A tree is the part of a loss's tokens that matters, in one normal form: only
steps that the loss depends on, each step once, no identities, operands before
their operator in the order of a depth-first walk. Equal losses, up to the order
of operands, are equal tuples.

Every variable has a kind: which of the arguments it depends on (yhat and y of a
pointwise loss, pos and neg of a pairwise one). A loss must depend on all of them:
without a prediction it has no gradient by it, and without y the gradient is the
same for every label.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from symloss.ops.opcode import Opcode
from symloss.search.candidates.grammar import LossGrammar
from symloss.search.candidates.tokens import Tokens

Step = tuple[int, int, int]
"""Operator and two operands (equal for unary operators); after L leaves, step s makes variable L + s."""


@dataclass(frozen=True, slots=True)
class Tree:
    """One loss.

    Attributes:
        steps: its operators, at least one; the last is the loss.
        kinds: the kind of every variable, the leaves first; bit i is set where it depends on argument i.
    """

    steps: tuple[Step, ...]
    kinds: tuple[int, ...]


class TreeRules:
    """Which trees a grammar allows, and how they are built from loose steps.

    Attributes:
        unary, binary: the operators of each arity, the identity left out.
        arity: of each operator.
        limit: most operators in a tree.
        n_leaves: variables that every loss starts with: the arguments, and the number 1.
        predictions: the bits of a kind that stand for predictions.
    """

    def __init__(self, grammar: LossGrammar, max_complexity: int | None = None) -> None:
        """Take what matters from the grammar; `max_complexity` counts operators."""
        codes = [operator.opcode for operator in grammar.operators]
        self.n_steps = grammar.n_steps
        self.limit = grammar.n_steps if max_complexity is None else min(max_complexity, grammar.n_steps)
        self.arity = [operator.arity for operator in grammar.operators]
        self.unary = [i for i, code in enumerate(codes) if self.arity[i] == 1 and code != Opcode.IDENTITY]
        self.binary = [i for i in range(len(codes)) if self.arity[i] == 2]
        self._identity = codes.index(Opcode.IDENTITY) if Opcode.IDENTITY in codes else None
        self._idle = frozenset(i for i, code in enumerate(codes) if code in (Opcode.MAXIMUM, Opcode.MINIMUM))
        self._negation = codes.index(Opcode.NEGATE) if Opcode.NEGATE in codes else None
        self.n_leaves = grammar.n_leaves
        self._leaf_kinds = (*(1 << i for i in range(self.n_leaves - 1)), 0)
        self.predictions = sum(
            kind
            for kind, leaf in zip(self._leaf_kinds, grammar.leaves, strict=True)
            if str(leaf.expression) in grammar.signature.predictions
        )
        # with unary operators alone no loss can depend on more than one
        self.wanted = sum(self._leaf_kinds) if self.binary else self.predictions & -self.predictions

    def build(self, steps: Sequence[Step], root: int) -> Tree | None:
        """Return the tree of variable `root`, or None where there is none that is allowed.

        It must be a loss (depend on all arguments), within the limit on operators, and
        with the identities that equal operands take, within the grammar's steps.

        Args:
            steps: loose steps, in any order, without a cycle; some may not be needed.
            root: a variable: a leaf, or the number of leaves + a step.
        """
        tree = self.normal(steps, root)
        if tree is None or tree.kinds[-1] != self.wanted or len(tree.steps) > self.limit:
            return None
        copies = self.copies(tree)
        if copies and self._identity is None:
            return None
        return tree if len(tree.steps) + copies <= self.n_steps else None

    def normal(self, steps: Sequence[Step], root: int) -> Tree | None:
        """Return the tree of variable `root`, whatever its kind and size; None where that is a leaf.

        Arguments as for `build`.
        """
        made: list[Step] = []
        kinds = list(self._leaf_kinds)
        n_leaves = self.n_leaves
        numbers: dict[Step, int] = {}
        known = {leaf: leaf for leaf in range(n_leaves)}
        arity, negation = self.arity, self._negation

        def emit(variable: int) -> int:
            found = known.get(variable)
            if found is not None:
                return found
            operator, left, right = steps[variable - n_leaves]
            first = emit(left)
            second = first if arity[operator] == 1 else emit(right)
            if operator == self._identity or (first == second and operator in self._idle):
                known[variable] = first
                return first
            if operator == negation and first >= n_leaves and made[first - n_leaves][0] == negation:
                found = known[variable] = made[first - n_leaves][1]
                return found
            step = (operator, first, second)
            found = numbers.get(step)
            if found is None:
                found = numbers[step] = n_leaves + len(made)
                made.append(step)
                kinds.append(kinds[first] | kinds[second])
            known[variable] = found
            return found

        last = emit(root)
        if last < n_leaves:
            return None
        # what was folded away may have left steps that nobody needs
        complete = last == n_leaves + len(made) - 1 and _all_needed(made, n_leaves)
        return Tree(tuple(made), tuple(kinds)) if complete else self.normal(made, last)

    def copies(self, tree: Tree) -> int:
        """Return how many identities the tree takes as tokens: the operands of an operator must differ."""
        return len(self._twice(tree))

    def _twice(self, tree: Tree) -> set[int]:
        return {left for operator, left, right in tree.steps if left == right and self.arity[operator] == 2}

    def rows(self, tree: Tree) -> list[Step]:
        """Return the steps of a tree as tokens: unneeded steps come first, so the last variable is the loss.

        Where both operands of an operator are the same, the second is an identity of the first.
        """
        steps: list[Step] = []
        slot = list(range(self.n_leaves))
        copies: dict[int, int] = {}
        spare = self.n_steps - len(tree.steps) - self.copies(tree)
        fill = (self.binary[0], 0, 1) if self.binary else (self.unary[0] if self.unary else 0, 0, 0)
        steps.extend([fill] * spare)
        for operator, left, right in tree.steps:
            first, second = slot[left], slot[right]
            if left == right and self.arity[operator] == 2:
                if left not in copies:
                    assert self._identity is not None
                    copies[left] = self.n_leaves + len(steps)
                    steps.append((self._identity, first, first))
                second = copies[left]
            slot.append(self.n_leaves + len(steps))
            steps.append((operator, first, second))
        return steps

    def tokens(self, trees: Sequence[Tree]) -> Tokens:
        """Return trees (one at least) as tokens."""
        return Tokens.from_rows([self.rows(tree) for tree in trees])

    def trees(self, tokens: Tokens) -> Iterator[Tree | None]:
        """Yield the tree of each loss, None where it is not allowed."""
        root = self.n_leaves + tokens.n_steps - 1
        for steps in np.stack(tokens.parts(), axis=2).tolist():
            yield self.build(steps, root)


def _all_needed(steps: Sequence[Step], n_leaves: int) -> bool:
    """Return whether the last step depends on all others; operands come before their operator."""
    used = {left for _, left, _ in steps} | {right for _, _, right in steps}
    return all(n_leaves + number in used for number in range(len(steps) - 1))
