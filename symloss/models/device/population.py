"""K members of a model as tensors with a leading axis of length K, on any torch device, and who holds a place there.

Members that are trained together live in one population; a state knows its place
there. A state that is given up frees its place: once a quarter of the places are
free, the others move together.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence

import torch
from torch import Tensor

from symloss.models.device.adam import Moments

_FULL = 0.75
"""A population is left as it is while at least this share of its places is in use."""

Tensors = tuple[Tensor, ...]


class Population:
    """The parameters of K members, all float32.

    Attributes:
        trained: what the optimizer moves, each contiguous with a leading axis of length K; the first is the
            table of embeddings, shape (K, users + items, width), users first.
        statistics: what training writes besides, likewise.
        n_users: number of users.
        moments: what Adam remembers; None before its first step.
        tenants: the states that hold a place here; one that is given up drops out by itself.
    """

    def __init__(
        self, trained: Tensors, n_users: int, statistics: Tensors = (), moments: Moments | None = None
    ) -> None:
        """Take over the tensors."""
        self.trained, self.statistics = trained, statistics
        self.n_users, self.moments = n_users, moments
        self.count, self.n_rows = trained[0].shape[:2]
        self.device = trained[0].device
        self.tenants: weakref.WeakSet[TorchState] = weakref.WeakSet()

    @property
    def table(self) -> Tensor:
        """Embeddings, shape (K, users + items, width)."""
        return self.trained[0]

    def flat_table(self) -> Tensor:
        """Return the table as rows, shape (K (users + items), width), in the same memory."""
        return self.table.view(-1, self.table.shape[2])

    def select(self, places: Sequence[int]) -> Population:
        """Return a population of copies of the members at these places."""
        index = torch.tensor(places, device=self.device)

        def chosen(tensors: Tensors) -> Tensors:
            return tuple(tensor.index_select(0, index) for tensor in tensors)

        moments = None if self.moments is None else self.moments.select(index)
        return Population(chosen(self.trained), self.n_users, chosen(self.statistics), moments)

    def with_moments(self) -> Moments:
        """Return what Adam remembers, nothing yet if it was not there."""
        if self.moments is None:
            self.moments = Moments.zeros(self.trained)
        return self.moments


class TorchState:
    """One member: a population and a place in it.

    Attributes:
        population: holds the parameters.
        place: of this member there.
    """

    def __init__(self, population: Population, place: int) -> None:
        """Take a place."""
        self.population, self.place = population, place
        population.tenants.add(self)

    def move(self, population: Population, place: int) -> None:
        """Take a place, and free the one held before."""
        self.population.tenants.discard(self)
        self.population, self.place = population, place
        population.tenants.add(self)

    @property
    def table(self) -> Tensor:
        """Embeddings, shape (users + items, width), users first, in the population's memory."""
        return self.population.table[self.place]

    def alone(self) -> Population:
        """Return a population of one that is a copy of this member."""
        return self.population.select([self.place])


def together(states: Sequence[TorchState]) -> Population:
    """Return the population that holds exactly these states; move them into one if need be."""
    old = states[0].population
    if all(state.population is old for state in states):
        if set(old.tenants) == set(states) and len(states) >= _FULL * old.count:
            return old
        new = old.select([state.place for state in states])
    else:
        new = _stacked(states)
    for place, state in enumerate(states):
        state.move(new, place)
    return new


def _stacked(states: Sequence[TorchState]) -> Population:
    populations = [state.population for state in states]
    moments = None
    if any(population.moments is not None for population in populations):
        places = [state.place for state in states]
        moments = Moments.stack([population.with_moments() for population in populations], places)

    def stacked(kind: str) -> Tensors:
        columns = zip(*(getattr(population, kind) for population in populations), strict=True)
        return tuple(
            torch.stack([tensor[state.place] for tensor, state in zip(column, states, strict=True)])
            for column in columns
        )

    return Population(stacked("trained"), populations[0].n_users, stacked("statistics"), moments)
