"""K matrix factorisations as tensors with a leading axis of length K, on any torch device.

An embedding and its bias are one row of 65; users and items share a table.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

DIMENSION = 64
WIDTH = DIMENSION + 1

PREDICTIONS_AT_A_TIME = 500_000
"""Limit on members times pairs in `scores`: its rows take a quarter of a GB."""


class Population:
    """The parameters of K members.

    Attributes:
        table: shape (K, users + items, 65), embeddings and biases; users first.
        base: shape (K,), global biases.
        n_users: number of users.
        tenants: the states that hold a place here; one that is given up drops out by itself.
    """

    def __init__(self, table: Tensor, base: Tensor, n_users: int) -> None:
        """Take over parameters, which must be contiguous."""
        self.table, self.base, self.n_users = table, base, n_users
        self.count, self.n_rows = table.shape[:2]
        self.device = table.device
        self.tenants: weakref.WeakSet[Any] = weakref.WeakSet()

    def select(self, places: Sequence[int]) -> Population:
        """Return a population of copies of the members at these places."""
        index = torch.tensor(places, device=self.device)
        return Population(self.table.index_select(0, index), self.base.index_select(0, index), self.n_users)

    def scores(self, users: Tensor, items: Tensor, places: Sequence[int]) -> Tensor:
        """Return the raw scores of n pairs by the members at these places.

        Args:
            users, items: shape (n,), on the device.
            places: m numbers of members.

        Returns:
            Shape (m, n).
        """
        with torch.no_grad():
            index = torch.tensor(places, device=self.device)
            flat, base = self.table.view(-1, WIDTH), self.base[index][:, None]
            first = (index * self.n_rows)[:, None]
            out = torch.empty((len(places), len(users)), device=self.device)
            step = max(1, PREDICTIONS_AT_A_TIME // max(1, len(places)))
            for start in range(0, len(users), step):
                part = slice(start, start + step)
                u, i = flat[first + users[part]], flat[first + (items[part] + self.n_users)]
                inner = (u[..., :DIMENSION] * i[..., :DIMENSION]).sum(-1)
                out[:, part] = inner + (u[..., DIMENSION] + i[..., DIMENSION] + base)
            return out
