"""How large a loss is: the number of operators that it needs, the identity not counted.

A variable that the last one does not depend on is no part of the loss. A part
that is used twice counts once, as it is computed once.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from symloss.compile.cpu.jit import njit
from symloss.errors import OptionError
from symloss.search.candidates.tokens import Tokens

Int32 = NDArray[np.int32]

_DRAWS = 20
"""How often losses are drawn again before those that are still too large are cut."""


@njit
def needed_steps(operators: Int32, left: Int32, right: Int32, n_leaves: int) -> NDArray[np.bool_]:
    """Return which steps the last variable depends on, bool[K, S]; arrays as in `Tokens`."""
    count, steps = operators.shape
    needed = np.zeros((count, steps), np.bool_)
    for k in range(count):
        needed[k, steps - 1] = True
        for step in range(steps - 1, -1, -1):
            if needed[k, step]:
                if left[k, step] >= n_leaves:
                    needed[k, left[k, step] - n_leaves] = True
                if right[k, step] >= n_leaves:
                    needed[k, right[k, step] - n_leaves] = True
    return needed


def complexity(tokens: Tokens, identity: NDArray[np.bool_], n_leaves: int) -> NDArray[np.intp]:
    """Return the number of needed operators of each loss, int[K].

    Args:
        tokens: K losses.
        identity: bool[n_operators], which operators of the grammar are the identity.
        n_leaves: variables that every loss starts with.
    """
    needed = needed_steps(tokens.operators, tokens.left, tokens.right, n_leaves)
    return np.asarray((needed & ~identity[tokens.operators]).sum(axis=1), np.intp)


def check_limit(limit: int | None) -> None:
    """Accept a limit on the complexity: None, or a whole number of at least 1.

    Raises:
        OptionError: it is something else.
    """
    if limit is not None and (not isinstance(limit, int) or isinstance(limit, bool) or limit < 1):
        raise OptionError(
            f"max_complexity is {limit!r}; it must be a whole number of operators of at least 1, or None"
        )


def draw_within(
    draw: Callable[[int], Tokens],
    n: int,
    limit: int | None,
    identity: NDArray[np.bool_],
    n_leaves: int,
) -> Tokens:
    """Return n losses of at most `limit` operators from a sampler.

    Too large ones are drawn again; what is still too large after twenty draws is
    cut: its operand that was made last takes its place, until that fits.

    Args:
        draw: returns as many losses as it is asked for.
        n: how many are wanted, at least 1.
        limit: most operators; None for no limit.
        identity: bool[n_operators], which operators of the grammar are the identity.
        n_leaves: variables that every loss starts with.
    """
    tokens = draw(n)
    if limit is None:
        return tokens
    for _ in range(_DRAWS):
        large = np.flatnonzero(complexity(tokens, identity, n_leaves) > limit)
        if not len(large):
            return tokens
        again = draw(len(large))
        for into, source in zip(tokens.parts(), again.parts(), strict=True):
            into[large] = source
    return _cut(tokens, limit, identity, n_leaves)


def _cut(tokens: Tokens, limit: int, identity: NDArray[np.bool_], n_leaves: int) -> Tokens:
    """Put the operand that was made last in the place of each loss until it has at most `limit` operators."""
    operators, left, right = (part.copy() for part in tokens.parts())
    last = tokens.n_steps - 1
    for k in np.flatnonzero(complexity(tokens, identity, n_leaves) > limit).tolist():
        while True:
            row = Tokens(operators[k : k + 1], left[k : k + 1], right[k : k + 1])
            operand = max(int(left[k, last]), int(right[k, last])) - n_leaves
            if operand < 0 or complexity(row, identity, n_leaves)[0] <= limit:
                break
            # the step moves to the end, where its operands are still earlier variables
            for part in (operators, left, right):
                part[k, last] = part[k, operand]
    return Tokens(operators, left, right)
