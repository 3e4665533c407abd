"""Old names inside modules: each use of one warns and gives what it is called today, or says what took its place.

`symloss.moved` is the same for whole modules. A module that once held other names has one line,
`__getattr__ = old_names(__name__)`.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from typing import Any

RENAMED: dict[str, str] = {
    "symloss.cli.search_options.given_names": "symloss.cli.schema.given_names",
    "symloss.deadline.Deadline": "symloss.deadline.TimedStop",
    "symloss.models.mf.MFState": "symloss.models.mf.state.MFState",
    "symloss.search.deadline.Deadline": "symloss.deadline.TimedStop",
    "symloss.search.loop.LossSearch": "symloss.search.loop.loop.LossSearch",
    "symloss.search.loop.WORST_REWARD": "symloss.search.loop.loop.WORST_REWARD",
    "symloss.search.options.BASELINES": "symloss.tasks.old_names.BASELINES",
    "symloss.search.options.CONTEST_BASELINES": "symloss.tasks.old_names.CONTEST_BASELINES",
    "symloss.search.options.METRICS": "symloss.tasks.old_names.METRICS",
    "symloss.search.options.PAPER_EPS_GRID": "symloss.constants.PAPER_EPS_GRID",
    "symloss.symbolic.direction.prove_direction": "symloss.symbolic.direction.proved.prove_direction",
    "symloss.symbolic.direction.resolved_pieces": "symloss.symbolic.direction.proved.resolved_pieces",
    "symloss.symbolic.pieces.Deadline": "symloss.symbolic.undecided.Deadline",
    "symloss.symbolic.pieces.UndecidedError": "symloss.symbolic.undecided.UndecidedError",
    "symloss.symbolic.pieces.domain_ends": "symloss.symbolic.pieces.resolve.domain_ends",
    "symloss.symbolic.pieces.label_pieces": "symloss.symbolic.pieces.resolve.label_pieces",
    "symloss.symbolic.signs.inner_point": "symloss.symbolic.signs.sign_changes.inner_point",
    "symloss.training.device_metrics.auc_rows": "symloss.tasks.metrics.on_device.auc_rows",
    "symloss.training.device_metrics.f1_and_accuracy_rows": "symloss.tasks.metrics.on_device.f1_and_accuracy_rows",
    "symloss.training.device_metrics.rmse_rows": "symloss.tasks.metrics.on_device.rmse_rows",
    "symloss.training.metrics.NAMES": "symloss.tasks.old_names.NAMES",
    "symloss.training.metrics.all_metrics": "symloss.tasks.old_names.all_metrics",
    "symloss.training.references.references": "symloss.tasks.old_names.references",
}
"""Old module and name: those of today."""

_MODEL = "models are data: symloss.models.registry.get('mf'), trained by symloss.models.registry.trainer_for"
_STATE = "states are opened by their trainer alone: trainer.save(state) and trainer.load(arrays)"

GONE: dict[str, str] = {
    "symloss.contest.evaluation.run_trials": "use symloss.contest.trial_runner.TrialRunner",
    "symloss.contest.evaluation.screen": "use symloss.contest.trial_runner.TrialRunner",
    "symloss.models.mf.MatrixFactorisation": _MODEL,
    "symloss.models.mf_anywhere.MatrixFactorisationAnywhere": _MODEL,
    "symloss.models.mf_torch.TorchMatrixFactorisation": _MODEL,
    "symloss.models.mlp.MultilayerPerceptron": _MODEL,
    "symloss.models.mlp_torch.TorchMultilayerPerceptron": _MODEL,
    "symloss.models.recommender.Recommender": _MODEL,
    "symloss.models.recommender.rates_or": _MODEL,
    "symloss.search.archive.model_state.pack_state": _STATE,
    "symloss.search.archive.model_state.unpack_state": _STATE,
    "symloss.search.contest.contest_options.accelerated": "use symloss.training.clock.rescaled",
    "symloss.search.contest.effectiveness.screen": "use symloss.contest.trial_runner.TrialRunner",
    "symloss.search.contest.store.MemoryStore": "give a symloss.contest.trial_store.Store of your own, or None",
    "symloss.search.grammar.program_of": "symloss.search.candidates.grammar.LossGrammar makes programs",
    "symloss.search.tokens.N_LEAVES": "symloss.search.candidates.grammar.LossGrammar has leaves by signature",
    "symloss.symbolic.consistency.best_prediction": "use symloss.Loss.check, whose report holds consistency",
    "symloss.symbolic.float32_boxes.HIGHEST": "use numpy.finfo(numpy.float32).max",
    "symloss.symbolic.float32_boxes.LOWEST": "use numpy.finfo(numpy.float32).min",
}
"""Old module and name that nothing stands for any more: what to use."""


def old_name(module: str, name: str) -> Any:
    """Return what an old name of a module stands for, and warn.

    Raises:
        ImportError: nothing does any more; the message says what to use.
        AttributeError: the module never had it.
    """
    key = f"{module}.{name}"
    if key in GONE:
        # an AttributeError would lose the sentence in `from module import name`
        raise ImportError(f"{key} is gone: {GONE[key]}")
    if key not in RENAMED:
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    place, _, today = RENAMED[key].rpartition(".")
    warnings.warn(
        f"{key} is now {RENAMED[key]}; the old name goes in a later version", DeprecationWarning, stacklevel=3
    )
    return getattr(importlib.import_module(place), today)


def old_names(module: str) -> Callable[[str], Any]:
    """Return the `__getattr__` of a module that once held other names."""

    def ask(name: str) -> Any:
        return old_name(module, name)

    return ask
