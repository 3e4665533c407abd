"""The batches of an epoch as tensors, prepared on the device in one go.

Rows of a batch are sorted by user, and a second index sorts them by item, so the
sums of gradients over repeated users or items are sums over neighbours. Both
sorts are stable: each sum is taken in the order of the batch, always the same.
A batch's mean does not depend on the order of its rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Side:
    """The repeated rows of one side, each field of shape (orders, batches, n).

    Attributes:
        rows: the table's rows, in ascending order within a batch.
        counts: at the first place of each row how often it occurs, 0 at the others.
    """

    rows: Tensor
    counts: Tensor


@dataclass(frozen=True, eq=False)
class Batches:
    """All batches of one width of an epoch, each tensor of shape (orders, batches, n).

    Attributes:
        users: sorted rows of users, whose places are the batch's places.
        items: sorted rows of items.
        item_of: the row of the item at each place.
        to_items: the place that each of the sorted items comes from.
        labels: float32, at each place.
        place: where in the batch each row was before it was sorted.
    """

    users: Side
    items: Side
    item_of: Tensor
    to_items: Tensor
    labels: Tensor
    place: Tensor

    def tensors(self) -> tuple[Tensor, ...]:
        """Return all tensors in a fixed order."""
        return (
            self.users.rows, self.users.counts, self.items.rows, self.items.counts, self.item_of, self.to_items,
            self.labels, self.place,
        )  # fmt: skip

    def refill(self, other: Batches) -> None:
        """Take over other batches of the same shape, in the same memory."""
        for mine, new in zip(self.tensors(), other.tensors(), strict=True):
            mine.copy_(new)


def prepare(users: Tensor, items: Tensor, labels: Tensor, order: Tensor, width: int) -> Batches:
    """Cut orders into batches and sort each.

    Args:
        users, items: int32 of shape (n,), rows of the table.
        labels: shape (n,).
        order: int64 of shape (orders, m), m a multiple of width.
        width: rows a batch.
    """
    order = order.reshape(len(order), -1, width)
    sorted_users, place = torch.sort(users[order], dim=-1, stable=True)
    order = order.gather(-1, place)
    item_of = items[order]
    sorted_items, to_items = torch.sort(item_of, dim=-1, stable=True)
    return Batches(
        users=Side(sorted_users, _counts(sorted_users)),
        items=Side(sorted_items, _counts(sorted_items)),
        item_of=item_of,
        to_items=to_items.to(torch.int32),
        labels=labels[order],
        place=place.to(torch.int32),
    )


def _counts(rows: Tensor) -> Tensor:
    """Return how often each row occurs, at its first place; 0 elsewhere."""
    places = torch.arange(rows.shape[-1], device=rows.device)
    end = torch.searchsorted(rows, rows, right=True)
    first = torch.ones_like(rows, dtype=torch.bool)
    first[..., 1:] = rows[..., 1:] != rows[..., :-1]
    return torch.where(first, end - places, 0).to(torch.int32)
