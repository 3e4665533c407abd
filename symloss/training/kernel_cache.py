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

from symloss.models.trainer import Recommender
from symloss.training.settings import TrainingSettings

COMPILING = "SYMLOSS_COMPILING"
"""Environment variable that is set in the child."""

LONGEST = 600.0
"""Seconds after which the child is given up; this process compiles for itself then."""


def ensure_compiled(model: Recommender, settings: TrainingSettings) -> None:
    """Have the kernels of training compiled, unless they are, before this process uses any of them."""
    if settings.device == "cpu" and model.name in _KERNELS and os.environ.get(COMPILING) is None:
        # other metrics have no kernel of their own
        metric = "rmse" if str(settings.metric) == "rmse" else "auc"
        _ensure(model.name, str(settings.optimizer), metric)


@cache
def _ensure(model: str, optimizer: str, metric: str) -> None:
    if _is_compiled(model, optimizer, metric):
        return
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, COMPILING: "1", "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    command = [sys.executable, "-m", "symloss.training.compile_kernels", model, optimizer, metric]
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


_KERNELS = {"mf": ("mf.sgd_kernel", "mf.adam_kernel"), "mlp": ("mlp.kernel", "mlp.kernel")}
"""For each model, the modules of its kernels for SGD and for Adam."""


def _is_compiled(model: str, optimizer: str, metric: str) -> bool:
    from importlib import import_module

    from symloss.compile.cpu.jit import has_code
    from symloss.tasks import auc_rmse as metrics

    module = import_module(f"symloss.models.{_KERNELS[model][optimizer == 'adam']}")
    return has_code(module.train_epoch) and has_code(getattr(metrics, metric))
