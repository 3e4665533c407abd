"""An epoch of K matrix factorisations side by side: one step trains a batch of each.

The mathematics is that of `symloss.models.mf_kernel`: parameters are stored
divided by a common factor s that takes up the L2 decay, every gradient of a batch
uses the parameters at its start, and sums over repeated rows are clipped element
by element. Here the sums are always taken, as segments of sorted rows, in the
same order each time; adding them to the table then touches each row once with a
number other than 0, so no order of atomic additions can show.

Nothing in a step depends on data, so on CUDA it is recorded once as a graph. The
host reads once an epoch, at its end.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from symloss.compile.program import ProgramBatch
from symloss.compile.torch_batch import TorchPrograms
from symloss.models.mf_torch_batches import Batches, Side, prepare
from symloss.models.mf_torch_population import DIMENSION, WIDTH, Population
from symloss.models.recommender import StepSettings
from symloss.models.torch_device import Replayed

if TYPE_CHECKING:
    from symloss.data.dataset import Interactions

LOWEST, HIGHEST = 2.0**-126, 1 - 2.0**-24
"""A probability is clipped into this range (see `symloss.compile.slopes`)."""

_SMALLEST_FACTOR = 1e-3
"""Where s falls below this, it is multiplied into the parameters."""


class Epoch:
    """What training one population for an epoch takes; it can be repeated with other orders."""

    def __init__(
        self,
        population: Population,
        programs: ProgramBatch,
        which: Sequence[int],
        train: Interactions,
        settings: StepSettings,
    ) -> None:
        """Put everything on the population's device.

        Args:
            population: K members, trained in place.
            programs: K losses.
            which: for each member, which of the orders given to `run` it follows.
            train: the training rows, at least one.
            settings: of the steps.
        """
        device = population.device
        self._population, self._programs = population, programs
        self._which, self._train = tuple(which), train
        self._rate, self._l2 = settings.learning_rate, settings.l2
        self._batch_size, self._bound = settings.batch_size, settings.gradient_clip
        self._losses_of = TorchPrograms(programs, device)
        self._order_of = torch.tensor(which, device=device)
        self._weight = torch.from_numpy(programs.scale).to(device)[:, None]
        self._takes_score = torch.from_numpy(programs.takes_score).to(device)[:, None]
        self._first_row = (torch.arange(population.count, device=device) * population.n_rows)[:, None]
        self._users = torch.from_numpy(train.users).to(device)
        self._items = torch.from_numpy(train.items).to(device) + population.n_users
        self._labels = torch.from_numpy(train.labels).to(device)
        # In float64, as a product of thousands of factors near 1.
        self._s = torch.ones(1, dtype=torch.float64, device=device)
        self._position = torch.zeros(1, dtype=torch.int64, device=device)
        self._sums = torch.zeros(population.count, dtype=torch.float64, device=device)
        self._batches: dict[int, Batches] = {}
        self._steps: dict[int, Replayed] = {}

    def fits(
        self,
        population: Population,
        programs: ProgramBatch,
        which: Sequence[int],
        train: Interactions,
        settings: StepSettings,
    ) -> bool:
        """Return whether this was made for equal arguments."""
        mine = (self._which, self._rate, self._l2, self._batch_size, self._bound)
        theirs = (
            tuple(which), settings.learning_rate, settings.l2, settings.batch_size, settings.gradient_clip
        )  # fmt: skip
        return (
            population is self._population
            and train is self._train
            and mine == theirs
            and all(
                np.array_equal(one, other)
                for one, other in zip(vars(self._programs).values(), vars(programs).values(), strict=True)
            )
        )

    def run(self, orders: Sequence[NDArray[np.int32]]) -> NDArray[np.float64]:
        """Train one epoch.

        Args:
            orders: the different orders, each of shape (m,), of one length.

        Returns:
            The K mean losses; NaN where a weight is no longer finite.
        """
        device, rows = self._population.device, len(orders[0])
        width = min(self._batch_size, rows)
        whole = rows - rows % width
        factor = 1.0
        with torch.no_grad():
            order = torch.from_numpy(np.stack(list(orders))).to(device, torch.int64)
            self._s.fill_(1.0)
            self._sums.zero_()
            for part in (order[:, :whole], order[:, whole:]):
                size = part.shape[1]
                if not size:
                    continue
                step = self._prepare(part, min(width, size))
                for _ in range(size // min(width, size)):
                    step()
                    # The host knows s without asking the device.
                    factor *= 1.0 - self._rate * self._l2
                    if factor < _SMALLEST_FACTOR:
                        self._rescale()
                        factor = 1.0
            self._rescale()
            table, base = self._population.table, self._population.base
            # The largest absolute value is NaN if there is one.
            largest = torch.linalg.vector_norm(table, math.inf, (1, 2))
            finite = torch.isfinite(largest) & torch.isfinite(base)
            result: NDArray[np.float64] = torch.where(finite, self._sums / rows, math.nan).cpu().numpy()
            return result

    def _prepare(self, order: Tensor, width: int) -> Replayed:
        """Fill the batches of one width, in the memory that their step reads; return the step."""
        batches = prepare(self._users, self._items, self._labels, order, width)
        self._position.zero_()
        known = self._batches.get(width)
        if known is not None and known.labels.shape == batches.labels.shape:
            known.refill(batches)
        else:
            self._batches[width] = batches
            self._steps[width] = Replayed(lambda: self._step(batches, width), self._population.device)
        return self._steps[width]

    def _rescale(self) -> None:
        factor = self._s.to(torch.float32)
        self._population.table.mul_(factor)
        self._population.base.mul_(factor)
        self._s.fill_(1.0)

    def _now(self, part: Tensor) -> Tensor:
        """Return what is at the current batch, for every member, shape (K, n)."""
        return part.index_select(1, self._position)[:, 0].index_select(0, self._order_of)

    def _rows(self, part: Tensor) -> Tensor:
        """Return the current batch's rows in the flat table, shape (K n,)."""
        return (self._now(part) + self._first_row).reshape(-1)

    def _step(self, batches: Batches, width: int) -> None:
        table, base = self._population.table.view(-1, WIDTH), self._population.base
        s = self._s.to(torch.float32)
        u = table.index_select(0, self._rows(batches.users.rows))
        i = table.index_select(0, self._rows(batches.item_of))
        inner = (u[:, :DIMENSION] * i[:, :DIMENSION]).sum(-1).view(-1, width)
        biases = (u[:, DIMENSION] + i[:, DIMENSION]).view(-1, width) + base[:, None]
        c = self._slopes(s * s * inner + s * biases, self._now(batches.labels))

        self._s *= 1.0 - self._rate * self._l2
        rate = (self._rate / self._s).to(torch.float32)
        # The gradient of a row is c times its partner; that of its bias is c.
        i.mul_(s)[:, DIMENSION] = 1.0
        u.mul_(s)[:, DIMENSION] = 1.0
        self._descend(table, batches.users, i.mul_(c.view(-1, 1)), rate)
        first = torch.arange(len(c), device=c.device)[:, None] * width
        place = (self._now(batches.to_items) + first).reshape(-1)
        self._descend(table, batches.items, u.mul_(c.view(-1, 1)).index_select(0, place), rate)
        base.sub_(self._clipped(c.sum(1)).mul_(rate))
        self._position += 1

    def _slopes(self, scores: Tensor, labels: Tensor) -> Tensor:
        """Return d(mean loss)/dscore, shape (K, n), and add up the losses."""
        seen = torch.where(self._takes_score, scores, torch.sigmoid(scores).clamp_(LOWEST, HIGHEST))
        values, slopes = self._losses_of.value_and_slope(seen, labels)
        self._sums += (values.to(torch.float64) * self._weight).sum(1)
        factor = (self._weight / scores.shape[1]).to(torch.float32)
        # The sigmoid's slope comes first: it tames a large derivative before the product can overflow.
        return torch.where(self._takes_score, factor * slopes, factor * (slopes * seen) * (1 - seen))

    def _descend(self, table: Tensor, side: Side, gradients: Tensor, rate: Tensor) -> None:
        """Subtract the clipped sum of each row's gradients, given in the order of the sorted rows."""
        counts = self._now(side.counts).reshape(-1).to(torch.int64)
        sums = torch.segment_reduce(gradients, "sum", lengths=counts, axis=0, unsafe=True, initial=0)
        table.index_add_(0, self._rows(side.rows), self._clipped(sums).mul_(-rate))

    def _clipped(self, gradient: Tensor) -> Tensor:
        return gradient if math.isinf(self._bound) else gradient.clamp_(-self._bound, self._bound)
