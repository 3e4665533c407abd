"""A growing set of losses that tells at once whether a new one has the gradient of an old one.

A numeric fingerprint sorts losses into buckets; inside a bucket the normal forms
decide. A search adds thousands of losses; nearly all are settled by the
fingerprint, a formula seen before by a look into a table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from sympy import Expr, S

from symloss.compile.assemble import assemble
from symloss.compile.program import Program
from symloss.errors import OptionError
from symloss.formula.spec import LossSpec
from symloss.signature import Domain
from symloss.symbolic.pieces.normal_form import FormKey
from symloss.symbolic.same.fingerprint import TOLERANCE, Fingerprints, alike, gradients, normalised
from symloss.symbolic.same.label_forms import label_forms
from symloss.symbolic.same.same_gradient import compare, compare_by
from symloss.symbolic.undecided import Deadline
from symloss.symbolic.worker.ask import ask

_CELL = 16 * TOLERANCE
"""Width of a bucket in the projection of fingerprints to one number; two shifted grids, so neighbours share one."""

_APART = 1e-8
"""Breakpoints further apart than this are different points."""


@dataclass(frozen=True)
class Match:
    """An earlier loss with the same gradient.

    Attributes:
        entry: its number in the index.
        relation: "equal", "proportional", or "undecided" where the gradients agree numerically but no proof was found.
        factors: gradient of the new loss = factor * gradient of the earlier one, by label; empty where undecided.
    """

    entry: int
    relation: str
    factors: dict[str, Expr] = field(default_factory=dict)


@dataclass
class _Entry:
    loss: LossSpec
    fingerprints: Fingerprints
    signature: tuple[FormKey, ...] | None = None
    sizes: tuple[Expr, ...] = ()
    certain: bool = False
    opened: bool = False


class DuplicateIndex:
    """Losses on one domain, each gradient once.

    Args:
        domain: where the losses live.
        time_limit: seconds for the exact tests of one loss; a match not settled by then is "undecided".
    """

    def __init__(self, domain: Domain | None = None, *, time_limit: float = 2.0) -> None:
        """Start empty."""
        self.domain = domain or Domain()
        self.time_limit = time_limit
        self._entries: list[_Entry] = []
        self._matches: dict[tuple[Expr, float | None], Match] = {}
        self._buckets: tuple[dict[int, list[int]], dict[int, list[int]]] = ({}, {})
        self._not_finite: list[int] = []
        self._weights: NDArray[np.float64] | None = None
        self.exact_tests = 0

    def __len__(self) -> int:
        """Return the number of different gradients."""
        return len(self._entries)

    def loss(self, entry: int) -> LossSpec:
        """Return the loss of an entry."""
        return self._entries[entry].loss

    def add(self, loss: LossSpec, program: Program | None = None) -> Match | None:
        """Add one loss; return the earlier one it duplicates, or None where it is new and was added."""
        return self.add_all([loss], None if program is None else [program])[0]

    def add_all(
        self, losses: Sequence[LossSpec], programs: Sequence[Program] | None = None
    ) -> list[Match | None]:
        """Add losses in order; for each return the earlier one it duplicates, or None where it is new.

        Args:
            losses: losses on the domain of the index.
            programs: their program forms, where the caller has them.

        Raises:
            OptionError: a loss lives on another domain.
        """
        for loss in losses:
            if loss.domain != self.domain:
                raise OptionError(f"{loss.title} lives on another domain; build one index for each")
        if not losses:
            return []
        losses = [loss.folded() for loss in losses]
        programs = programs or [assemble(loss.expression) for loss in losses]
        raw = gradients(programs, [loss.eps_value for loss in losses], self.domain)
        return [
            self._one(loss, fingerprints)
            for loss, fingerprints in zip(losses, normalised(raw, self.domain), strict=True)
        ]

    def _one(self, loss: LossSpec, fingerprints: Fingerprints) -> Match | None:
        name = (loss.expression, loss.eps)
        known = self._matches.get(name)
        if known is not None:
            return known
        new = _Entry(loss, fingerprints)
        match = self._find(new)
        if match is None:
            self._store(new)
            self._matches[name] = Match(len(self._entries) - 1, "equal", self._ones())
        else:
            self._matches[name] = match
        return match

    def _ones(self) -> dict[str, Expr]:
        labels = self.domain.label_values
        return dict.fromkeys(["y"] if labels is None else [str(label) for label in labels], S.One)

    def _cells(self, fingerprint: NDArray[np.float64]) -> tuple[int, int]:
        if self._weights is None:
            self._weights = np.cos(1.0 + 2.7 * np.arange(len(fingerprint))) / len(fingerprint)
        place = float(fingerprint @ self._weights) / _CELL
        return int(np.floor(place)), int(np.floor(place + 0.5))

    def _store(self, entry: _Entry) -> None:
        number = len(self._entries)
        self._entries.append(entry)
        if np.isnan(entry.fingerprints[0]).any():
            self._not_finite.append(number)
            return
        for fingerprint in entry.fingerprints:
            for table, cell in zip(self._buckets, self._cells(fingerprint), strict=True):
                table.setdefault(cell, []).append(number)

    def _find(self, new: _Entry) -> Match | None:
        if np.isnan(new.fingerprints[0]).any():
            candidates = list(self._not_finite)
        else:
            found: dict[int, None] = {}
            for fingerprint in new.fingerprints:
                for table, cell in zip(self._buckets, self._cells(fingerprint), strict=True):
                    found.update(dict.fromkeys(table.get(cell, [])))
            candidates = [n for n in found if alike(self._entries[n].fingerprints, new.fingerprints)]
        undecided: Match | None = None
        deadline = Deadline(self.time_limit)
        for number in candidates:
            match = self._exact(number, new, deadline)
            if match is not None and match.relation != "undecided":
                return match
            undecided = undecided or match
        return undecided

    def _exact(self, number: int, new: _Entry, deadline: Deadline) -> Match | None:
        """Compare normal forms; where those don't settle it, the whole comparison."""
        self.exact_tests += 1
        old = self._entries[number]
        for entry in (old, new):
            if not entry.opened:
                self._open(entry, deadline)
        if old.signature is not None and old.signature == new.signature:
            factors = dict(
                zip(self._ones(), (b / a for a, b in zip(old.sizes, new.sizes, strict=True)), strict=True)
            )
            equal = all(factor == 1 for factor in factors.values())
            return Match(number, "equal" if equal else "proportional", factors)
        if old.certain and new.certain and _surely_different(old.signature, new.signature):
            return None
        left = deadline.left
        # a process is asked only where there is time for an answer
        comparison = (
            compare(new.loss, old.loss, left) if left > 0 else compare_by(new.loss, old.loss, deadline)
        )
        if comparison.relation == "different":
            return None
        return Match(number, comparison.relation, comparison.factors or {})

    def _open(self, entry: _Entry, deadline: Deadline) -> None:
        entry.opened = True
        if deadline.passed:
            entry.opened = False
            return
        answer = ask(label_forms, entry.loss, deadline.left, seconds=deadline.left)
        if not answer.parts:
            # what was only short of time gets another chance; what had to be ended would have to be ended again
            entry.opened = bool(answer.ended)
            return
        parts = answer.parts[0]
        if parts is None:
            entry.opened = not deadline.passed
            return
        entry.signature = tuple(part.key for part in parts)
        entry.sizes = tuple(part.size for part in parts)
        entry.certain = all(part.certain for part in parts)


def _surely_different(a: tuple[FormKey, ...] | None, b: tuple[FormKey, ...] | None) -> bool:
    """Return whether canonical keys show a difference: other functions, or the same with clearly other ends."""
    assert a is not None and b is not None
    for first, second in zip(a, b, strict=True):
        if first.functions != second.functions:
            return True
        if any(abs(p - q) > _APART for p, q in zip(first.places, second.places, strict=True)):
            return True
    return False
