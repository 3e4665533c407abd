"""What `population.py` is measured against: plain PyTorch, as a careful user would write it.

`Plain` trains one loss at a time with autograd and torch.optim.SGD. `Vmapped`
trains K members at once with torch.func: K sets of parameters in one tensor
each, one formula for all (vmap can't give each member another formula), eps
differing. It leaves running statistics out, which is in its favour.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from symloss.data.dataset import Dataset, Interactions
from symloss.tasks.auc_rmse import auc
from symloss.training.settings import TrainingSettings

Loss = Callable[[Tensor, Tensor, Tensor | float], Tensor]
WIDTH = 64


def maxr(yhat: Tensor, y: Tensor, eps: Tensor | float) -> Tensor:
    return torch.maximum((yhat + eps) / (y + eps), (y + eps) / (yhat + eps)).mean()


class PlainMF(nn.Module):
    def __init__(self, n_users: int, n_items: int) -> None:
        super().__init__()
        self.user, self.item = nn.Embedding(n_users, WIDTH), nn.Embedding(n_items, WIDTH)
        self.user_bias, self.item_bias = nn.Embedding(n_users, 1), nn.Embedding(n_items, 1)
        self.bias = nn.Parameter(torch.tensor(0.1))

    def forward(self, users: Tensor, items: Tensor) -> Tensor:
        inner = (self.user(users) * self.item(items)).sum(-1)
        return inner + self.user_bias(users)[..., 0] + self.item_bias(items)[..., 0] + self.bias


class PlainMLP(nn.Module):
    def __init__(self, n_users: int, n_items: int, statistics: bool = True) -> None:
        super().__init__()
        self.user, self.item = nn.Embedding(n_users, WIDTH), nn.Embedding(n_items, WIDTH)
        layers: list[nn.Module] = []
        for before, after in ((2 * WIDTH, 64), (64, 16)):
            norm = nn.BatchNorm1d(after, track_running_stats=statistics)
            layers += [nn.Linear(before, after), norm, nn.ReLU(), nn.Dropout(0.2)]
        self.layers = nn.Sequential(*layers, nn.Linear(16, 1))

    def forward(self, users: Tensor, items: Tensor) -> Tensor:
        return self.layers(torch.cat([self.user(users), self.item(items)], dim=-1))[..., 0]


MODELS: dict[str, type[nn.Module]] = {"mf": PlainMF, "mlp": PlainMLP}


def _tensors(part: Interactions, order: np.ndarray | slice = slice(None)) -> tuple[Tensor, Tensor, Tensor]:
    users, items = (torch.from_numpy(column[order].astype(np.int64)) for column in (part.users, part.items))
    return users, items, torch.from_numpy(part.labels[order])


def _area(scores: Tensor, part: Interactions) -> float:
    # The same fast metric as the population's: what differs is training.
    return float(auc(np.ascontiguousarray(scores.detach().numpy()), part.labels))


class Plain:
    def __init__(self, model: str, dataset: Dataset, settings: TrainingSettings) -> None:
        self.model = MODELS[model](dataset.n_users, dataset.n_items)
        self.dataset, self.settings = dataset, settings

    def epoch(self, order: np.ndarray, criterion: Loss = maxr, eps: float = 0.1) -> float:
        settings, model = self.settings, self.model.train()
        optimiser = torch.optim.SGD(model.parameters(), lr=settings.learning_rate, weight_decay=settings.l2)
        users, items, labels = _tensors(self.dataset.train, order)
        for start in range(0, len(order), settings.batch_size):
            part = slice(start, start + settings.batch_size)
            loss = criterion(torch.sigmoid(model(users[part], items[part])), labels[part], eps)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_value_(model.parameters(), settings.gradient_clip)
            optimiser.step()
        model.eval()
        users, items, _ = _tensors(self.dataset.validation)
        with torch.no_grad():
            return _area(model(users, items), self.dataset.validation)


class Vmapped:
    def __init__(self, model: str, dataset: Dataset, settings: TrainingSettings, count: int) -> None:
        self.dataset, self.settings = dataset, settings
        sizes = dataset.n_users, dataset.n_items
        members = [MODELS[model](*sizes, *([False] if model == "mlp" else [])) for _ in range(count)]
        self.base = members[0].train()
        self.parameters, _ = torch.func.stack_module_state(members)  # type: ignore[arg-type]
        self.eps = torch.logspace(-2, 0, count)

    def _loss(self, parameters: dict[str, Tensor], eps: Tensor, *batch: Tensor) -> Tensor:
        users, items, labels = batch
        return maxr(
            torch.sigmoid(torch.func.functional_call(self.base, parameters, (users, items))), labels, eps
        )

    def epoch(self, order: np.ndarray, batches: int | None = None) -> list[float]:
        settings = self.settings
        gradients = torch.func.vmap(
            torch.func.grad(self._loss), in_dims=(0, 0, None, None, None), randomness="different"
        )
        users, items, labels = _tensors(self.dataset.train, order)
        rate, bound = settings.learning_rate, settings.gradient_clip
        stop = len(order) if batches is None else batches * settings.batch_size
        with torch.no_grad():
            for start in range(0, stop, settings.batch_size):
                part = slice(start, start + settings.batch_size)
                found = gradients(self.parameters, self.eps, users[part], items[part], labels[part])
                for name, parameter in self.parameters.items():
                    parameter.mul_(1 - rate * settings.l2).sub_(found[name].clamp_(-bound, bound), alpha=rate)
        self.base.eval()
        users, items, _ = _tensors(self.dataset.validation)
        with torch.no_grad():
            scores = torch.func.vmap(
                lambda p: torch.func.functional_call(self.base, p, (users, items)), randomness="different"
            )(self.parameters)
        self.base.train()
        return [_area(row, self.dataset.validation) for row in scores]
