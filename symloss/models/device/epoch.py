"""An epoch of K members side by side on a torch device: one step trains a batch of each.

The table is stored divided by a common factor s for each member, that takes up
SGD's L2 decay (see `symloss.models.mf.sgd_kernel`); all else decays in each step.
Every gradient of a batch uses the parameters at its start, and sums over repeated
rows are clipped element by element. The sums are taken as segments of sorted rows,
in the same order each time; adding them to the table then touches each row once
with a number other than 0, so no order of atomic additions can show.

Nothing in a step depends on data, so on CUDA it is recorded once as a graph. The
host reads once an epoch, at its end.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from symloss.compile.program import ProgramBatch
from symloss.compile.torch.batch import TorchPrograms
from symloss.models.device.adam import adam_step
from symloss.models.device.batches import Batches, Side, prepare
from symloss.models.device.population import Population
from symloss.models.device.torch_device import Replayed
from symloss.models.trainer import Numbers, StepSettings
from symloss.tasks.part import Part

LOWEST, HIGHEST = 2.0**-126, 1 - 2.0**-24
"""A probability is clipped into this range (see `symloss.compile.cpu.slopes`)."""

_SMALLEST_FACTOR = 1e-3
"""Where s falls below this, it is multiplied into the table."""


class Epoch(ABC):
    """What training one population for an epoch takes; it can be repeated with other orders."""

    def __init__(
        self,
        population: Population,
        programs: ProgramBatch,
        which: Sequence[int],
        train: Part,
        settings: StepSettings,
        rates: Numbers,
        l2s: Numbers,
    ) -> None:
        """Put everything on the population's device.

        Args:
            population: K members, trained in place.
            programs: K losses.
            which: for each member, which of the orders given to `run` it follows.
            train: the training rows, at least one.
            settings: of the steps.
            rates, l2s: K learning rates and L2 factors.
        """
        device, count = population.device, population.count
        self._population, self._programs = population, programs
        self._which, self._train = tuple(which), train
        self._rates, self._l2s = rates, l2s
        self._batch_size, self._bound = settings.batch_size, settings.gradient_clip
        self._adam = settings.optimizer == "adam"
        self._losses_of = TorchPrograms(programs, device)
        self._order_of = torch.tensor(which, device=device)
        self._weight = torch.from_numpy(programs.scale).to(device)[:, None]
        self._takes_score = torch.from_numpy(programs.takes_score).to(device)[:, None]
        self._first_row = (torch.arange(count, device=device) * population.n_rows)[:, None]
        users, items = train.inputs
        self._users = torch.from_numpy(users).to(device)
        self._items = torch.from_numpy(items).to(device) + population.n_users
        self._labels = torch.from_numpy(train.labels).to(device)
        self._rate, self._l2 = torch.from_numpy(rates).to(device), torch.from_numpy(l2s).to(device)
        self._decay = 1.0 - self._rate * self._l2
        # In float64, as a product of thousands of factors near 1.
        self._s = torch.ones(count, dtype=torch.float64, device=device)
        self._position = torch.zeros(1, dtype=torch.int64, device=device)
        self._start = torch.zeros(1, dtype=torch.int64, device=device)
        self._noise = torch.zeros(count, dtype=torch.int64, device=device)
        self._sums = torch.zeros(count, dtype=torch.float64, device=device)
        # Adam's step moves all of the table, so it needs a gradient for all of it.
        self._by_table = torch.zeros_like(population.table) if self._adam else None
        if self._adam:
            population.with_moments()
        self._batches: dict[int, Batches] = {}
        self._steps: dict[int, Replayed] = {}

    def fits(
        self,
        population: Population,
        programs: ProgramBatch,
        which: Sequence[int],
        train: Part,
        settings: StepSettings,
        rates: Numbers,
        l2s: Numbers,
    ) -> bool:
        """Return whether this was made for equal arguments."""
        mine = (self._which, self._batch_size, self._bound, self._adam)
        theirs = (
            tuple(which), settings.batch_size, settings.gradient_clip, settings.optimizer == "adam"
        )  # fmt: skip
        return (
            population is self._population
            and train is self._train
            and mine == theirs
            and np.array_equal(self._rates, rates)
            and np.array_equal(self._l2s, l2s)
            and all(
                np.array_equal(one, other)
                for one, other in zip(vars(self._programs).values(), vars(programs).values(), strict=True)
            )
        )

    def run(self, orders: Sequence[NDArray[np.int32]], noise: Sequence[int]) -> NDArray[np.float64]:
        """Train one epoch.

        Args:
            orders: the different orders, each of shape (m,), of one length.
            noise: K seeds of whatever else is random, 0 to 2**64 - 1.

        Returns:
            The K mean losses; NaN where a weight is no longer finite.
        """
        device, rows = self._population.device, len(orders[0])
        width = min(self._batch_size, rows)
        whole = rows - rows % width
        # The host knows the smallest s without asking the device.
        smallest, decay = 1.0, 1.0 if self._adam else float((1.0 - self._rates * self._l2s).min())
        with torch.no_grad():
            order = torch.from_numpy(np.stack(list(orders))).to(device, torch.int64)
            self._noise.copy_(torch.from_numpy(np.array(noise, np.uint64).view(np.int64)))
            self._s.fill_(1.0)
            self._sums.zero_()
            self._start.zero_()
            for part in (order[:, :whole], order[:, whole:]):
                size = part.shape[1]
                if not size:
                    continue
                step = self._prepare(part, min(width, size))
                for _ in range(size // min(width, size)):
                    step()
                    smallest *= decay
                    if smallest < _SMALLEST_FACTOR:
                        self._rescale()
                        smallest = 1.0
            self._rescale()
            finite = torch.ones(self._population.count, dtype=torch.bool, device=device)
            for tensor in (*self._population.trained, *self._population.statistics):
                # The largest absolute value is NaN if there is one.
                largest = torch.linalg.vector_norm(tensor.view(len(finite), -1), math.inf, 1)
                finite &= torch.isfinite(largest)
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
            self._steps[width] = Replayed(lambda: self._counted(batches, width), self._population.device)
        return self._steps[width]

    def _counted(self, batches: Batches, width: int) -> None:
        """Train on the current batch and go on to the next."""
        self._step(batches, width)
        self._position += 1
        self._start += width

    @abstractmethod
    def _step(self, batches: Batches, width: int) -> None:
        """Train on the current batch."""

    def _rescale(self) -> None:
        self._population.table.mul_(self._s.to(torch.float32)[:, None, None])
        self._s.fill_(1.0)

    def _now(self, part: Tensor) -> Tensor:
        """Return what is at the current batch, for every member, shape (K, n)."""
        return part.index_select(1, self._position)[:, 0].index_select(0, self._order_of)

    def _rows(self, part: Tensor) -> Tensor:
        """Return the current batch's rows in the flat table, shape (K n,)."""
        return (self._now(part) + self._first_row).reshape(-1)

    def _sorted_by_item(self, batches: Batches, values: Tensor, width: int) -> Tensor:
        """Return rows of shape (K n, ...) in the order of the sorted items."""
        first = torch.arange(self._population.count, device=values.device)[:, None] * width
        return values.index_select(0, (self._now(batches.to_items) + first).reshape(-1))

    def _slopes(self, scores: Tensor, labels: Tensor) -> Tensor:
        """Return d(mean loss)/dscore, shape (K, n), and add up the losses."""
        seen = torch.where(self._takes_score, scores, torch.sigmoid(scores).clamp_(LOWEST, HIGHEST))
        values, slopes = self._losses_of.value_and_slope(seen, labels)
        self._sums += (values.to(torch.float64) * self._weight).sum(1)
        factor = (self._weight / scores.shape[1]).to(torch.float32)
        # The sigmoid's slope comes first: it tames a large derivative before the product can overflow.
        return torch.where(self._takes_score, factor * slopes, factor * (slopes * seen) * (1 - seen))

    def _update(
        self, batches: Batches, by_users: Tensor, by_items: Tensor, others: Sequence[Tensor], width: int
    ) -> None:
        """Make the optimizer's step.

        Args:
            batches: with the current one.
            by_users, by_items: gradients of the rows of each interaction's user and item, shape (K n, table's
                width), not yet summed.
            others: gradients of the other trained tensors; overwritten.
            width: n.
        """
        trained = self._population.trained
        rate = self._rate.to(torch.float32)
        clipped = [self._clipped(gradient) for gradient in others]
        sides = (
            (batches.users, by_users),
            (batches.items, self._sorted_by_item(batches, by_items, width)),
        )
        if self._by_table is not None:
            for side, gradients in sides:
                sums = self._summed(side, gradients)
                self._by_table.view(-1, sums.shape[1]).index_add_(0, self._rows(side.rows), sums)
            moments = self._population.with_moments()
            adam_step(trained, [self._by_table, *clipped], moments, self._rate, self._l2)
            return
        for parameter, gradient in zip(trained[1:], clipped, strict=True):
            shape = (-1, *[1] * (parameter.ndim - 1))
            parameter.mul_(self._decay.to(torch.float32).view(shape)).sub_(gradient.mul_(rate.view(shape)))
        self._s *= self._decay
        row_rate = (self._rate / self._s).to(torch.float32)[:, None, None]
        table = self._population.flat_table()
        for side, gradients in sides:
            sums = self._summed(side, gradients)
            sums.view(len(rate), -1, sums.shape[1]).mul_(-row_rate)
            table.index_add_(0, self._rows(side.rows), sums)

    def _summed(self, side: Side, gradients: Tensor) -> Tensor:
        """Return the clipped sum of each row's gradients at its first place, 0 at the others."""
        counts = self._now(side.counts).reshape(-1).to(torch.int64)
        return self._clipped(
            torch.segment_reduce(gradients, "sum", lengths=counts, axis=0, unsafe=True, initial=0)
        )

    def _clipped(self, gradient: Tensor) -> Tensor:
        return gradient if math.isinf(self._bound) else gradient.clamp_(-self._bound, self._bound)
