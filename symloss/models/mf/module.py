"""Matrix factorisation as a module: what `symloss.models.mf.trainer` computes, written the obvious way."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from symloss.models.mf.sgd_kernel import DIMENSION
from symloss.models.mf.state import drawn
from symloss.tasks.task import Task


class MFModule(nn.Module):
    """score = <u, i> + b_u + b_i + b."""

    def __init__(self, user_embedding: Tensor, item_embedding: Tensor, user_bias: Tensor, item_bias: Tensor,
                 global_bias: Tensor) -> None:  # fmt: skip
        """Take over the parameters: shapes (users, 64), (items, 64), (users,), (items,), (1,)."""
        super().__init__()
        self.user_embedding = nn.Parameter(user_embedding)
        self.item_embedding = nn.Parameter(item_embedding)
        self.user_bias = nn.Parameter(user_bias)
        self.item_bias = nn.Parameter(item_bias)
        self.global_bias = nn.Parameter(global_bias)

    def forward(self, users: Tensor, items: Tensor) -> Tensor:
        """Return the scores of n pairs, shape (n,)."""
        one = nn.functional.embedding(users, self.user_embedding)
        other = nn.functional.embedding(items, self.item_embedding)
        biases = self.user_bias[users] + self.item_bias[items] + self.global_bias
        return (one * other).sum(-1) + biases


def build(task: Task, seed: int) -> MFModule:
    """Return a module with the numbers that the fused trainer starts from."""
    sizes = task.sizes
    state = drawn(sizes["users"], sizes["items"], DIMENSION, seed)
    return MFModule(*(torch.from_numpy(array.copy()) for array in state.arrays()))
