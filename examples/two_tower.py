"""A model of one's own: a tower for users and one for items, whose outputs are multiplied.

    symloss search --dataset ml-100k --model examples/two_tower.py:build --time 5m --out run

`build(task, seed)` is all that symloss asks for. It is called with the seed set in torch already, and returns a module
that is given the columns of a batch (here users and items, as long tensors) and returns one score a row.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class TwoTower(nn.Module):
    """score = <f(user), g(item)> + b, with an embedding and a hidden layer in each of f and g."""

    def __init__(self, users: int, items: int, width: int = 32) -> None:
        """Make both towers; torch draws their start."""
        super().__init__()
        self.user, self.item = self._tower(users, width), self._tower(items, width)
        self.bias = nn.Parameter(torch.zeros(()))

    @staticmethod
    def _tower(count: int, width: int) -> nn.Sequential:
        hidden = nn.Linear(width, width)
        return nn.Sequential(nn.Embedding(count, width), hidden, nn.ReLU(), nn.Linear(width, width))

    def forward(self, users: Tensor, items: Tensor) -> Tensor:
        """Return the scores of n pairs, shape (n,)."""
        return (self.user(users) * self.item(items)).sum(-1) + self.bias


def build(task: Any, seed: int) -> nn.Module:
    """Return a fresh module for the users and items of a task."""
    return TwoTower(task.sizes["users"], task.sizes["items"])
