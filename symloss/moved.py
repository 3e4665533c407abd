"""Old names of modules: each import of one warns and gives what the module of today holds.

A module that has moved is not on disk under its old name; `MovedFinder` is asked when no other finder knows a name,
so that imports of today never pass here.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import sys
import warnings
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from symloss.deprecated import GONE, RENAMED, old_name

MOVED: dict[str, str] = {
    "symloss.cli.progress": "symloss.progress_display",
    "symloss.compile.criterion": "symloss.compile.torch.criterion",
    "symloss.compile.instructions": "symloss.compile.cpu.instructions",
    "symloss.compile.jit": "symloss.compile.cpu.jit",
    "symloss.compile.kernel": "symloss.compile.cpu.kernel",
    "symloss.compile.schedule": "symloss.compile.torch.schedule",
    "symloss.compile.slopes": "symloss.compile.cpu.slopes",
    "symloss.compile.torch_batch": "symloss.compile.torch.batch",
    "symloss.compile.torch_printer": "symloss.compile.torch.printer",
    "symloss.compile.torch_rules": "symloss.compile.torch.rules",
    "symloss.compile.vector_math": "symloss.compile.cpu.vector_math",
    "symloss.contest.grids": "symloss.contest.options",
    "symloss.domain": "symloss.signature",
    "symloss.models.anywhere": "symloss.models.registry",
    "symloss.models.mf_adam": "symloss.models.mf.adam_kernel",
    "symloss.models.mf_anywhere": "symloss.models.mf.model",
    "symloss.models.mf_kernel": "symloss.models.mf.sgd_kernel",
    "symloss.models.mf_torch": "symloss.models.mf.device",
    "symloss.models.mf_torch_epoch": "symloss.models.mf.device_epoch",
    "symloss.models.mlp_anywhere": "symloss.models.mlp.model",
    "symloss.models.mlp_kernel": "symloss.models.mlp.kernel",
    "symloss.models.mlp_layers": "symloss.models.mlp.layers",
    "symloss.models.mlp_packing": "symloss.models.mlp.packing",
    "symloss.models.mlp_state": "symloss.models.mlp.state",
    "symloss.models.mlp_torch": "symloss.models.mlp.device",
    "symloss.models.mlp_torch_epoch": "symloss.models.mlp.device_epoch",
    "symloss.models.mlp_torch_layers": "symloss.models.mlp.device_layers",
    "symloss.models.recommender": "symloss.models.trainer",
    "symloss.models.single_thread": "symloss.models.device.single_thread",
    "symloss.models.torch_adam": "symloss.models.device.adam",
    "symloss.models.torch_batches": "symloss.models.device.batches",
    "symloss.models.torch_device": "symloss.models.device.torch_device",
    "symloss.models.torch_dropout": "symloss.models.device.dropout",
    "symloss.models.torch_epoch": "symloss.models.device.epoch",
    "symloss.models.torch_model": "symloss.models.device.trainer",
    "symloss.models.torch_population": "symloss.models.device.population",
    "symloss.report.sentence": "symloss.report.facts",
    "symloss.search.archive.model_state": "symloss.models.saved",
    "symloss.search.attempt": "symloss.search.candidates.candidate",
    "symloss.search.attempts": "symloss.search.loop.attempts",
    "symloss.search.budget": "symloss.search.loop.loop",
    "symloss.search.candidate": "symloss.search.candidates.candidate",
    "symloss.search.candidates.distinct_losses": "symloss.contest.distinct_losses",
    "symloss.search.complexity": "symloss.search.candidates.complexity",
    "symloss.search.contest": "",
    "symloss.search.contest.choice": "symloss.contest.choice",
    "symloss.search.contest.coefficient_slots": "symloss.contest.coefficient_slots",
    "symloss.search.contest.coefficients": "symloss.contest.coefficients",
    "symloss.search.contest.contest": "symloss.contest.contest",
    "symloss.search.contest.contest_options": "symloss.contest.options",
    "symloss.search.contest.contest_result": "symloss.contest.result",
    "symloss.search.contest.effectiveness": "symloss.contest.evaluation",
    "symloss.search.contest.entries": "symloss.contest.entries",
    "symloss.search.contest.halving": "symloss.contest.halving",
    "symloss.search.contest.signed_rank": "symloss.contest.signed_rank",
    "symloss.search.contest.significance": "symloss.contest.significance",
    "symloss.search.contest.store": "symloss.contest.trial_store",
    "symloss.search.contest.trial": "symloss.contest.trial",
    "symloss.search.contest.trial_runner": "symloss.contest.trial_runner",
    "symloss.search.contest.trial_watch": "symloss.contest.trial_watch",
    "symloss.search.contest.unit_gradient": "symloss.compile.unit_gradient",
    "symloss.search.counts": "symloss.search.loop.counts",
    "symloss.search.deadline": "symloss.deadline",
    "symloss.search.distinct": "symloss.contest.distinct_losses",
    "symloss.search.environment": "symloss.search.archive.environment",
    "symloss.search.exact_duplicates": "symloss.search.candidates.exact_duplicates",
    "symloss.search.feedback": "symloss.search.strategies.strategy",
    "symloss.search.fresh": "symloss.search.loop.fresh_recommender",
    "symloss.search.gradient_table": "symloss.search.candidates.gradient_table",
    "symloss.search.grammar": "symloss.search.candidates.grammar",
    "symloss.search.loop_record": "symloss.search.loop.loop_record",
    "symloss.search.outcome": "symloss.search.candidates.outcome",
    "symloss.search.packing": "symloss.search.candidates.tokens_to_programs",
    "symloss.search.phase2": "symloss.search.validation",
    "symloss.search.points": "symloss.search.candidates.proxy_points",
    "symloss.search.progress": "symloss.progress",
    "symloss.search.proxy": "symloss.search.candidates.proxy",
    "symloss.search.resume": "symloss.search.archive.resume",
    "symloss.search.run": "symloss.search.archive.run",
    "symloss.search.tokens": "symloss.search.candidates.tokens",
    "symloss.search.trainee": "symloss.search.loop.trainee",
    "symloss.symbolic.boxes": "symloss.symbolic.signs.boxes",
    "symloss.symbolic.closed_form": "symloss.symbolic.properties.closed_form",
    "symloss.symbolic.comparison": "symloss.symbolic.same.comparison",
    "symloss.symbolic.consistency": "symloss.symbolic.properties.consistency",
    "symloss.symbolic.convert": "symloss.symbolic.field.convert",
    "symloss.symbolic.duplicate_index": "symloss.symbolic.same.duplicate_index",
    "symloss.symbolic.elementary": "symloss.symbolic.field.elementary",
    "symloss.symbolic.enclosure": "symloss.symbolic.arithmetic.enclosure",
    "symloss.symbolic.end_sign": "symloss.symbolic.signs.end_sign",
    "symloss.symbolic.endpoint": "symloss.symbolic.roots.endpoint",
    "symloss.symbolic.eps_grid": "symloss.symbolic.direction.eps_grid",
    "symloss.symbolic.every_eps": "symloss.symbolic.direction.every_eps",
    "symloss.symbolic.factor_signs": "symloss.symbolic.signs.factor_signs",
    "symloss.symbolic.factor_text": "symloss.symbolic.field.factor_text",
    "symloss.symbolic.factoring": "symloss.symbolic.field.factoring",
    "symloss.symbolic.field_arithmetic": "symloss.symbolic.field.field_arithmetic",
    "symloss.symbolic.filled_labels": "symloss.symbolic.direction.interval_labels",
    "symloss.symbolic.fingerprint": "symloss.symbolic.same.fingerprint",
    "symloss.symbolic.float32_ranges": "symloss.symbolic.arithmetic.float32_ranges",
    "symloss.symbolic.float32_steps": "symloss.symbolic.arithmetic.float32_steps",
    "symloss.symbolic.float_box": "symloss.symbolic.arithmetic.float_box",
    "symloss.symbolic.float_dual": "symloss.symbolic.arithmetic.float_dual",
    "symloss.symbolic.float_range": "symloss.symbolic.properties.float_range",
    "symloss.symbolic.generators": "symloss.symbolic.field.generators",
    "symloss.symbolic.gradient": "symloss.symbolic.pieces.gradient",
    "symloss.symbolic.gradient_bound": "symloss.symbolic.properties.gradient_bound",
    "symloss.symbolic.half_line": "symloss.symbolic.roots.half_line",
    "symloss.symbolic.interval_arithmetic": "symloss.symbolic.arithmetic.interval_arithmetic",
    "symloss.symbolic.kinks": "symloss.symbolic.field.kinks",
    "symloss.symbolic.limits": "symloss.symbolic.signs.limits",
    "symloss.symbolic.loss_classes": "symloss.symbolic.same.loss_classes",
    "symloss.symbolic.normal_form": "symloss.symbolic.pieces.normal_form",
    "symloss.symbolic.orthant": "symloss.symbolic.signs.one_sign_region",
    "symloss.symbolic.overlap": "symloss.symbolic.pieces.common_cells",
    "symloss.symbolic.places": "symloss.symbolic.roots.endpoint_order",
    "symloss.symbolic.precise": "symloss.symbolic.arithmetic.precise",
    "symloss.symbolic.real_roots": "symloss.symbolic.roots.real_roots",
    "symloss.symbolic.region": "symloss.symbolic.signs.region",
    "symloss.symbolic.report": "symloss.symbolic.direction.report",
    "symloss.symbolic.same_gradient": "symloss.symbolic.same.same_gradient",
    "symloss.symbolic.sampled": "symloss.symbolic.direction.sampled",
    "symloss.symbolic.sign_proof": "symloss.symbolic.signs.sign_proof",
    "symloss.symbolic.sign_question": "symloss.symbolic.signs.sign_question",
    "symloss.symbolic.smooth": "symloss.symbolic.field.smooth",
    "symloss.symbolic.switch_roots": "symloss.symbolic.roots.switch_roots",
    "symloss.symbolic.tape": "symloss.symbolic.arithmetic.tape",
    "symloss.symbolic.tower": "symloss.symbolic.field.differential_field",
    "symloss.symbolic.unbounded": "symloss.symbolic.signs.unbounded",
    "symloss.symbolic.verdict": "symloss.symbolic.direction.verdict",
    "symloss.symbolic.witness": "symloss.symbolic.direction.witness",
    "symloss.symbolic.workspace": "symloss.symbolic.same.proof_cache",
    "symloss.symbolic.writing": "symloss.symbolic.field.to_expression",
    "symloss.search.contest.cautions": "symloss.contest.cautions",
    "symloss.search.contest.verdict": "symloss.contest.verdict",
    "symloss.symbolic.float32_boxes": "symloss.symbolic.properties.float32_boxes",
    "symloss.symbolic.joined_logs": "symloss.symbolic.field.joined_logs",
    "symloss.symbolic.written_factors": "symloss.symbolic.field.written_factors",
    "symloss.training.metrics": "symloss.tasks.auc_rmse",
    "symloss.training.references": "symloss.tasks.references",
}
"""Old name: new name. An empty new name stands for a folder whose modules have moved one by one."""


class MovedLoader(importlib.abc.Loader):
    """Makes a module that hands every name on."""

    def __init__(self, target: str) -> None:
        """Take the name of the module of today."""
        self._target = target

    def exec_module(self, module: ModuleType) -> None:
        """Warn, and let the module ask that of today for each name."""
        if not self._target:
            module.__path__ = []
            return
        warnings.warn(
            f"{module.__name__} is now {self._target}; the old name goes in a later version",
            DeprecationWarning,
            stacklevel=2,
        )
        today, old = importlib.import_module(self._target), module.__name__

        def ask(name: str) -> Any:
            renamed = f"{old}.{name}" in RENAMED or f"{old}.{name}" in GONE
            return old_name(old, name) if renamed else getattr(today, name)

        module.__dict__["__getattr__"] = ask


class MovedFinder(importlib.abc.MetaPathFinder):
    """Finds modules under the names that they once had."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return how to make a module that has moved; None for any other."""
        if fullname not in MOVED:
            return None
        loader = MovedLoader(MOVED[fullname])
        return importlib.machinery.ModuleSpec(fullname, loader, is_package=not MOVED[fullname])


def install() -> None:
    """Ask `MovedFinder` for what nobody else finds, once."""
    if not any(isinstance(finder, MovedFinder) for finder in sys.meta_path):
        sys.meta_path.append(MovedFinder())
