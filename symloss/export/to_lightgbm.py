"""Target `lightgbm`: a custom objective for LGBMClassifier and for lightgbm.train."""

from __future__ import annotations

from symloss.export.tree_objective import has_options, predicts_labels, tree_source
from symloss.loss import Loss

_USAGE = 'LGBMClassifier(objective=objective), or lightgbm.train({"objective": train_objective}, data).'
_REGRESSION = (
    'LGBMRegressor(objective=objective), or lightgbm.train({"objective": train_objective}, data); '
    "make_objective(y_train) goes in both places, and gives each training an objective of its own."
)
_OPTIONS = "Objective(...) takes options; train_objective is its method `train`."

_PLAIN = '''def objective(y_true, y_pred, weight=None):
    """For LGBMClassifier and LGBMRegressor: labels and raw scores."""
    gradient, hessian = gradient_hessian(y_pred, y_true)
    if weight is not None:
        gradient, hessian = gradient * weight, hessian * weight
    return gradient, hessian


def train_objective(preds, train_data):
    """For lightgbm.train: raw scores and a Dataset."""
    return objective(train_data.get_label(), preds, train_data.get_weight())'''

# LightGBM counts the parameters of an objective, so that options can't be among them.
_WITH_OPTIONS = '''class Objective:
    """An objective with options; LightGBM calls it with labels and raw scores."""

    def __init__(self<parameters>):
<kept>
    def __call__(self, y_true, y_pred, weight=None):
        """For LGBMClassifier and LGBMRegressor."""
        gradient, hessian = gradient_hessian(y_pred, y_true<own>)
        if weight is not None:
            gradient, hessian = gradient * weight, hessian * weight
        return gradient, hessian

    def train(self, preds, train_data):
        """For lightgbm.train."""
        return self(train_data.get_label(), preds, train_data.get_weight())


objective = Objective()
train_objective = objective.train'''


def source(loss: Loss) -> str:
    """Return the loss as a LightGBM objective."""
    if predicts_labels(loss):
        return tree_source(loss, "LightGBM", _REGRESSION, _PLAIN)
    if has_options(loss):
        return tree_source(loss, "LightGBM", f"{_USAGE} {_OPTIONS}", _WITH_OPTIONS)
    return tree_source(loss, "LightGBM", _USAGE, _PLAIN)
