"""A search with a model of one's own that kills its process: python -m tests.api.killed_model FOLDER CALLS.

CALLS is the number of the forward call in which that happens, 0 for never; an existing folder is resumed.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

import symloss as sl

CALLS = itertools.count(1)


class Mortal(nn.Module):
    """Logistic regression."""

    def __init__(self, features: int, at: int) -> None:
        super().__init__()
        self.linear, self.at = nn.Linear(features, 1), at

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if next(CALLS) == self.at:
            os.kill(os.getpid(), signal.SIGKILL)
        found: torch.Tensor = self.linear(x)[:, 0]
        return found


def main(folder: Path, at: int) -> None:
    generator = np.random.default_rng(0)
    x = generator.normal(size=(240, 3)).astype(np.float32)
    frame = pd.DataFrame(x, columns=["a", "b", "c"])
    frame["label"] = (x @ [1.0, -2.0, 0.5] + 0.5 * generator.normal(size=240) > 0).astype(int)
    task = sl.tasks.features(frame, label="label")

    def build(task: Any, seed: int) -> nn.Module:
        return Mortal(3, at)

    if folder.exists():
        sl.search(task=task, model=build, resume=folder)
        return
    begin = ["(yhat - y)**2*(2 - y)", "-yhat*(2*y - 1)"]
    sl.search(
        task=task, model=build, out=folder, seed=1, loops=2, batch=20, warm_start=begin, reward_epochs=2,
        rungs=(1, 2), max_epochs=3, patience=3, finalists=1, ranking_seeds=1, final_seeds=2, coefficients=0,
        batch_size=32, threads=1,
    )  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
