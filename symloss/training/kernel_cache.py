"""Kernels always come from the cache on disk: where they are not there yet, a child process compiles them first.

Code that Numba has just compiled can round differently from the same code once it is loaded from its cache: helper
functions that were not inlined are then another copy of them, optimised in another place. Both are right; but a run
that was begun by a process that compiled, and resumed by one that did not, would not be equal bit for bit.
"""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

from symloss.compile.cpu.jit import has_code
from symloss.models import registry
from symloss.models.trainer import Trainer
from symloss.tasks.auc_rmse import auc, rmse
from symloss.training.settings import TrainingSettings

COMPILING = "SYMLOSS_COMPILING"
"""Environment variable that is set in the child."""

LONGEST = 600.0
"""Seconds after which the child is given up; this process compiles for itself then."""


def ensure_compiled(trainer: Trainer, settings: TrainingSettings) -> None:
    """Have all code of training compiled, unless it is, before this process uses any of it.

    What trains a model that has no name in the registry is compiled here, when it is called.
    """
    if os.environ.get(COMPILING) is None and not is_compiled(trainer, settings):
        name = trainer.model.name if registry.has(trainer.model.name) else ""
        _in_a_child(name, str(settings.optimizer), settings.device)


def is_compiled(trainer: Trainer, settings: TrainingSettings) -> bool:
    """Return whether the trainer's code is there, and, where scores are measured on the CPU, that of the metrics."""
    return trainer.compiled and (settings.device != "cpu" or (has_code(auc) and has_code(rmse)))


@cache
def _in_a_child(model: str, optimizer: str, device: str) -> None:
    """Have a child compile, once in this process: what it could not do then, it can't do later."""
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, COMPILING: "1", "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    command = [sys.executable, "-m", "symloss.training.compile_kernels", model, optimizer, device]
    try:
        subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=LONGEST,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        # no child can be had: what it would have compiled is compiled here when it is called
        return
