"""A search in a process of its own, to be killed: python -m tests.search.killed_search FOLDER [resume]."""

from __future__ import annotations

import sys
from pathlib import Path

from symloss.search.archive.run import Run
from symloss.search.options import SearchOptions
from symloss.search.search import open_run, search
from symloss.training.settings import TrainingSettings
from tests.search.conftest import make_dataset

OPTIONS = SearchOptions(
    strategy="genetic",
    operators=("add", "multiply", "neg", "square", "max"),
    n_variables=7,
    batch=30,
    loops=60,
    survivors=2,
    max_checks=4,
    eps_grid=(0.1,),
    seed=3,
    training=TrainingSettings(learning_rate=0.1, batch_size=16, max_epochs=3, threads=1),
)


def main(folder: Path, resume: bool) -> None:
    dataset = make_dataset(300)
    run = Run.resume(folder) if resume else open_run(OPTIONS, dataset, folder)
    print("ready", flush=True)
    search(OPTIONS, dataset, run)


if __name__ == "__main__":
    main(Path(sys.argv[1]), "resume" in sys.argv[2:])
