"""The multilayer perceptron as a module: what `symloss.models.mlp.trainer` computes, written the obvious way."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn

from symloss.models.mlp.state import DIMENSION, KEEP, MOMENTUM, NORM_EPS, WIDTHS, drawn
from symloss.tasks.task import Task


class MLPModule(nn.Module):
    """128 -> 64 -> 16 -> 1 on both embeddings; each hidden layer is linear, batch norm, ReLU, dropout."""

    def __init__(self, n_users: int, n_items: int) -> None:
        """Make the layers, with torch's own start."""
        super().__init__()
        self.user = nn.Embedding(n_users, DIMENSION)
        self.item = nn.Embedding(n_items, DIMENSION)
        hidden: list[nn.Module] = []
        for before, after in itertools.pairwise(WIDTHS[:-1]):
            norm = nn.BatchNorm1d(after, eps=NORM_EPS, momentum=MOMENTUM)
            hidden += [nn.Linear(before, after), norm, nn.ReLU(), nn.Dropout(1 - KEEP)]
        self.hidden = nn.Sequential(*hidden)
        self.last = nn.Linear(*WIDTHS[-2:])

    def forward(self, users: Tensor, items: Tensor) -> Tensor:
        """Return the scores of n pairs, shape (n,)."""
        both = torch.cat([self.user(users), self.item(items)], -1)
        return self.last(self.hidden(both)).squeeze(-1)


def build(task: Task, seed: int) -> MLPModule:
    """Return a module with the numbers that the fused trainer starts from."""
    n_users, n_items = task.sizes["users"], task.sizes["items"]
    state = drawn(n_users, n_items, seed)
    module = MLPModule(n_users, n_items)
    linear = [layer for layer in (*module.hidden, module.last) if isinstance(layer, nn.Linear)]
    with torch.no_grad():
        module.user.weight.copy_(state.table[:n_users])
        module.item.weight.copy_(state.table[n_users:])
        for layer, weight, bias in zip(linear, state.weights, state.biases, strict=True):
            layer.weight.copy_(weight)
            layer.bias.copy_(bias)
    return module
