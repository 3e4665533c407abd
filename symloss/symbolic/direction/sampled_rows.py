"""Rows of scores at which the slopes of a ranking loss are looked at: usual ones, and the ends of where scores live."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sympy import Symbol

from symloss.formula.row import Row
from symloss.signature import STATISTICS, Ranking

Array = NDArray[np.float64]

N_ROWS = 400
"""Rows of each shape."""
LONGEST_LIST = 12
"""A witness with no more negative items than this is written out."""
_LOGQ = STATISTICS["logq"]
_ANY_NUMBER = (1, 2, 10, 1_000, 1_000_000)


@dataclass(frozen=True)
class OneRow:
    """A row: the positive score, groups of equal negative ones, and statistics."""

    first: float
    groups: tuple[tuple[float, int], ...]
    constants: Mapping[Any, float]

    def to_witness(self, slope: float, eps: float | None) -> dict[str, Any]:
        """Return it as plain data: the list of negative scores, or with "counts" where they are many."""
        many = sum(count for _, count in self.groups)
        found: dict[str, Any] = {"pos": self.first}
        if many <= LONGEST_LIST:
            found["neg"] = [score for score, count in self.groups for _ in range(count)]
        else:
            found["neg"] = [score for score, _ in self.groups]
            found["counts"] = [count for _, count in self.groups]
        for symbol, value in self.constants.items():
            found[symbol.name if isinstance(symbol, Symbol) else f"logq of neg {symbol[1] + 1}"] = value
        if eps is not None:
            found["eps"] = eps
        return found | {"slope": slope}


@dataclass(frozen=True)
class SampledRows:
    """Rows of one shape.

    Attributes:
        first: positive scores, shape (n,).
        groups: negative scores of shape (n,), with how many items have each.
        constants: statistics and open constants, shape (n,).
        scores: the ends of where scores live.
    """

    first: Array
    groups: tuple[tuple[Array, int], ...]
    constants: Mapping[Any, Array]
    scores: tuple[float, float]

    def row(self, index: int, digits: int) -> OneRow | None:
        """Return one row with its numbers rounded; None where that leaves the domain."""

        def rounded(values: Array) -> float:
            return float(f"{float(values[index]):.{digits}g}") + 0.0

        first = rounded(self.first)
        groups = tuple((rounded(values), count) for values, count in self.groups)
        low, high = self.scores
        if not all(low < score < high for score in (first, *(score for score, _ in groups))):
            return None
        constants = {symbol: rounded(values) for symbol, values in self.constants.items()}
        beta = constants.get(STATISTICS["beta"])
        if beta is not None and not low < beta < high:
            return None
        return OneRow(first, groups, constants)


def sampled_rows(
    seed: int, signature: Ranking, constants: Mapping[Symbol, tuple[float, float]], row: Row
) -> Iterator[SampledRows]:
    """Yield rows of several shapes, within what the signature allows.

    Args:
        seed: of the random numbers.
        signature: where scores live, and how many negative items there can be.
        constants: where statistics and open constants lie.
        row: the loss.
    """
    generator = np.random.default_rng(seed)
    within = any(
        _LOGQ in one.free_symbols
        for part in row.parts
        for one in (part.value, *([] if part.weight is None else [part.weight]))
    )
    for counts in shapes(signature.negatives):
        first = _scores(generator, signature)
        groups = tuple((_scores(generator, signature), count) for count in counts)
        given: dict[Any, Array] = {}
        for symbol, ends in constants.items():
            given[symbol] = _constants(generator, symbol, ends, signature)
        if within:
            for number in range(len(groups)):
                given[_LOGQ, number] = generator.uniform(-20.0, 0.0, N_ROWS)
        yield SampledRows(first, groups, given, signature.score_range)


def shapes(negatives: int | None) -> list[tuple[int, ...]]:
    """Return the sizes of groups of equal negative items that rows are made of, at most `negatives` together."""
    sizes = _ANY_NUMBER if negatives is None else sorted({1, 2, negatives // 2, negatives - 1})
    most = math.inf if negatives is None else negatives
    found: list[tuple[int, ...]] = [(1,)]
    for size in sizes:
        found += [shape for shape in ((1, size), (1, 1, size)) if min(shape) > 0 and sum(shape) <= most]
    return list(dict.fromkeys(found))


def _scores(generator: np.random.Generator, signature: Ranking) -> Array:
    low, high = signature.score_range
    if math.isinf(high):
        usual = 3.0 * generator.standard_normal(N_ROWS)
        wide = 10.0 ** generator.uniform(-3.0, 3.0, N_ROWS) * generator.choice([-1.0, 1.0], N_ROWS)
        return np.where(generator.random(N_ROWS) < 0.7, usual, wide)
    even = low + (high - low) * generator.random(N_ROWS)
    ends = generator.choice([0.99, -0.99, 0.999, -0.999], N_ROWS) * high
    return np.where(generator.random(N_ROWS) < 0.7, even, ends)


def _constants(
    generator: np.random.Generator, symbol: Symbol, ends: tuple[float, float], signature: Ranking
) -> Array:
    if symbol == STATISTICS["beta"]:
        return _scores(generator, signature)
    if symbol == STATISTICS["n_pos"]:
        return np.floor(10.0 ** generator.uniform(0.0, 4.0, N_ROWS))
    if symbol == _LOGQ:
        return generator.uniform(-20.0, 0.0, N_ROWS)
    return ends[0] + (ends[1] - ends[0]) * generator.random(N_ROWS)
