"""Plain PyTorch models with dense SGD: what the fused kernels have to follow, written the obvious way."""

from __future__ import annotations

import numpy as np
import torch

LOSSES = {
    "mse": lambda yhat, y, eps: (yhat - y) ** 2,
    "bce": lambda yhat, y, eps: -(y * torch.log(yhat) + (1 - y) * torch.log(1 - yhat)),
    "maxr": lambda yhat, y, eps: torch.maximum((yhat + eps) / (y + eps), (y + eps) / (yhat + eps)),
    "hinge": lambda yhat, y, eps: y * torch.clamp(1 - yhat, min=0) + (1 - y) * yhat,
}


class PlainMF(torch.nn.Module):
    def __init__(self, state):
        super().__init__()
        for name in ("user_embedding", "item_embedding", "user_bias", "item_bias", "global_bias"):
            setattr(self, name, torch.nn.Parameter(torch.tensor(getattr(state, name))))

    def forward(self, users, items):
        inner = (self.user_embedding[users] * self.item_embedding[items]).sum(-1)
        return inner + self.user_bias[users] + self.item_bias[items] + self.global_bias


def train(model, loss, eps, scale, takes_score, train, order, *, lr=0.01, l2=3e-4, batch=128, clip=50.0,
          optimiser=None):  # fmt: skip
    """Train one epoch by a loss of `LOSSES` or a function; return the mean loss.

    An optimiser given is asked to do the decay itself.
    """
    function = LOSSES[loss] if isinstance(loss, str) else loss
    decays = optimiser is not None
    optimiser = optimiser or torch.optim.SGD(model.parameters(), lr=lr)
    total = 0.0
    for start in range(0, len(order), batch):
        rows = order[start : start + batch]
        users, items = (torch.tensor(part[rows].astype(np.int64)) for part in (train.users, train.items))
        labels = torch.tensor(train.labels[rows])
        scores = model(users, items)
        seen = scores if takes_score else torch.clamp(torch.sigmoid(scores), 2.0**-126, 1 - 2.0**-24)
        value = scale * function(seen, labels, eps)
        optimiser.zero_grad()
        value.mean().backward()
        torch.nn.utils.clip_grad_value_(model.parameters(), clip)
        with torch.no_grad():
            for parameter in model.parameters():
                if not decays:
                    parameter.grad += l2 * parameter
        optimiser.step()
        total += float(value.detach().sum())
    return total / len(order)


class PlainMLP(torch.nn.Module):
    """Takes its dropout masks from outside: `kept` holds 0 or 1 for the 64 + 16 hidden units of each row."""

    def __init__(self, state):
        super().__init__()
        self.users = torch.nn.Parameter(state.table[: state.n_users].clone())
        self.items = torch.nn.Parameter(state.table[state.n_users :].clone())
        self.linear = torch.nn.ModuleList(torch.nn.Linear(a, b) for a, b in ((128, 64), (64, 16), (16, 1)))
        self.norm = torch.nn.ModuleList(torch.nn.BatchNorm1d(width) for width in (64, 16))
        with torch.no_grad():
            for layer, weight, bias in zip(self.linear, state.weights, state.biases, strict=True):
                layer.weight.copy_(weight)
                layer.bias.copy_(bias)
        self.kept = None
        self.row = 0

    def forward(self, users, items):
        x = torch.cat([self.users[users], self.items[items]], dim=1)
        for layer, width in enumerate((64, 16)):
            x = torch.relu(self.norm[layer](self.linear[layer](x)))
            if self.training:
                mask = self.kept[self.row : self.row + len(users)]
                x = x * torch.tensor(mask[:, :64] if width == 64 else mask[:, 64:]) / 0.8
        self.row += len(users)
        return self.linear[2](x).squeeze(1)
