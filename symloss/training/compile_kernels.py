"""The child process of `kernel_cache`: compiles the kernels of training, so that others find them on disk."""

from __future__ import annotations

import sys

from symloss import zoo
from symloss.data import LoadOptions, SyntheticOptions, load
from symloss.models import registry
from symloss.training.fit import fit
from symloss.training.member import Member
from symloss.training.settings import TrainingSettings


def compile_kernels(model: str, optimizer: str, metric: str) -> None:
    """Compile by a training of one epoch on made-up data."""
    options = LoadOptions(synthetic=SyntheticOptions(users=30, items=20, interactions=400))
    settings = TrainingSettings(batch_size=16, max_epochs=1, optimizer=optimizer, metric=metric, threads=1)
    fit(registry.get(model), [Member(zoo.get("bce").program())], load("synthetic", None, options), settings)


if __name__ == "__main__":
    compile_kernels(*sys.argv[1:4])
