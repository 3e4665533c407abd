"""The child process of `kernel_cache`: compiles the code of training, so that others find it on disk."""

from __future__ import annotations

import sys

import numpy as np

from symloss.data import LoadOptions, SyntheticOptions, load
from symloss.models import registry
from symloss.tasks.auc_rmse import auc, rmse
from symloss.tasks.rating_task import of
from symloss.training.orders import epoch_order
from symloss.training.settings import TrainingSettings


def compile_kernels(model: str, optimizer: str, device: str) -> None:
    """Compile what orders rows and measures, and what trains a model on made-up ratings; "" for no model."""
    epoch_order(0, 0, 10)
    scores = np.linspace(0, 1, 10, dtype=np.float32)
    for metric in (auc, rmse):
        metric(scores, np.round(scores))
    if model:
        options = LoadOptions(synthetic=SyntheticOptions(users=30, items=20, interactions=400))
        settings = TrainingSettings(batch_size=16, optimizer=optimizer, threads=1, device=device)
        task = of(load("synthetic", None, options))
        registry.trainer_for(registry.get(model), task, settings).compile()


if __name__ == "__main__":
    compile_kernels(*sys.argv[1:4])
