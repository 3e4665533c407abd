"""What a loss can be exported to: one module a target, imported when it is used.

Other packages add targets by entry points of the group "symloss.exports" (see `symloss.plugins`): a name, and a
function that takes a `Loss` and returns the text. They are looked up only when a name is not one of the built-in ones.
"""

from __future__ import annotations

import importlib

from symloss import plugins
from symloss.compile.realness import refuse_unreal
from symloss.errors import OptionError, unknown_name
from symloss.loss import Loss

TARGETS: dict[str, str] = {
    "torch": "a PyTorch module, forward and analytic backward, that needs torch alone",
    "jax": "a JAX function with its analytic gradient",
    "numpy": "NumPy functions for the loss and its gradient",
    "keras": "a keras.losses.Loss for any Keras backend",
    "xgboost": "a custom objective for XGBoost: gradient and Hessian on the raw score",
    "lightgbm": "a custom objective for LightGBM: gradient and Hessian on the raw score",
    "latex": "the definition, the gradient for each label, and a macro",
    "json": "the loss as data; symloss.export.load reads it back",
}
"""The targets by name, with what each is."""


AS_WRITTEN = ("latex", "json")
"""Targets that hold the formula and do not evaluate it."""


def export(loss: Loss, target: str) -> str:
    """Return a loss as source text.

    Args:
        loss: what to export; where its eps is open, 1e-6 is the default of the exported code.
        target: one of `TARGETS`, or of those that other packages add.

    Raises:
        OptionError: the target is unknown, or what another package adds under it can't be used.
        DomainError: it is to be code, and the loss is none for its labels, or not a real number for some scores.
    """
    if target not in TARGETS:
        return _by_another_package(loss, target)
    if target not in AS_WRITTEN:
        refuse_unreal(loss)
    text: str = importlib.import_module(f"symloss.export.to_{target}").source(loss)
    return text


def _by_another_package(loss: Loss, target: str) -> str:
    source = plugins.load("exports", target)
    if source is None:
        known = [*TARGETS, *plugins.names("exports")]
        raise OptionError(unknown_name("target", target, known, "symloss export --help lists all"))
    if not callable(source):
        raise plugins.unfit("exports", target, "must be a function that takes a loss and returns text")
    refuse_unreal(loss)
    text = source(loss)
    if not isinstance(text, str):
        raise plugins.unfit("exports", target, f"returned {type(text).__name__}; it must return text")
    return text
