"""What is learned, by which model, and how it is trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from symloss.options.kinds import Kind, Number, Whole
from symloss.options.option import option


@dataclass(frozen=True)
class Problem:
    """What is learned, and what learns it."""

    SECTION: ClassVar[str] = "Training"

    # fmt: off
    task: str = option("classification", "What validation measures: AUC, or RMSE.", Kind(),
        metavar="classification|regression", shown=True)
    model: str = option("mf", "The recommender, or a function build(task, seed) of your own.", Kind(),
        metavar="mf|mlp|FILE.py:build", shown=True)
    metric: Any = option(None,
        "What is watched on the validation part: auc, f1, accuracy, error_rate (accuracy@0.5, error_rate@0.5: at that "
        "probability), rmse, mse, mae, or one of another package. Default: that of the task.", Kind(), metavar="NAME")


@dataclass(frozen=True)
class TrainingOptions:
    """How to train, as far as the command line says; `symloss.training.settings.TrainingSettings` has it all."""

    SECTION: ClassVar[str] = "Training"

    # fmt: off
    learning_rate: float = option(0.01,
        "Default: 0.01, on smaller data as much more as it has fewer steps an epoch, at most 0.3.", Number(above=0.0))
    l2: float = option(3e-4, "Decay of every parameter.", Number(), shown=True)
    batch_size: int = option(128, "Interactions a step.", Whole(least=1), shown=True)
    max_epochs: int = option(3000, "Longest training. Default: by rate x L2 x steps, which is 3000 on ml-100k.",
        Whole(least=1))
    patience: int = option(100, "Epochs without a better validation metric. Default: likewise, 100 on ml-100k.",
        Whole(least=1))
    optimizer: str = option("sgd", "How steps are made.", Kind(), metavar="sgd|adam", shown=True)
    device: str = option("cpu", "Where to train: cpu, cuda, or torch-cpu (the code for cuda on the CPU).", Kind(),
        shown=True)
    threads: int | None = option(None, "Processor cores to use. Default: all.", Whole(least=1), with_resume=True)
