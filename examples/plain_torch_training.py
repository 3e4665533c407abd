"""A plain PyTorch training script. One line changes to train it with an exported loss.

symloss export maxr --eps 0.1 --to torch -o maxr_loss.py    writes a file beside this one; then the
line that imports Criterion becomes    from maxr_loss import MaxrLoss as Criterion
"""

from __future__ import annotations

import torch
from torch.nn import BCELoss as Criterion


def two_moons(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return points on two interleaved half circles with noise, and which half each is on."""
    angle = torch.pi * torch.rand(count)
    labels = (torch.rand(count) > 0.5).float()
    x = torch.cos(angle) * (1 - 2 * labels) + labels
    y = torch.sin(angle) * (1 - 2 * labels) + 0.5 * labels
    return torch.stack([x, y], dim=1) + 0.15 * torch.randn(count, 2), labels


def main() -> None:
    torch.manual_seed(0)
    features, labels = two_moons(1000)
    test_features, test_labels = two_moons(500)
    model = torch.nn.Sequential(
        torch.nn.Linear(2, 32),
        torch.nn.ReLU(),
        torch.nn.Linear(32, 1),
        torch.nn.Sigmoid(),
        torch.nn.Flatten(0),
    )
    criterion = Criterion()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.03)
    for _ in range(10):
        for batch in torch.randperm(len(labels)).split(64):
            optimizer.zero_grad()
            loss = criterion(model(features[batch]), labels[batch])
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        right = (model(test_features) > 0.5) == (test_labels > 0.5)
    print(f"{criterion}: test accuracy {right.float().mean():.3f}")


if __name__ == "__main__":
    main()
