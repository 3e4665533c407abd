"""Target `xgboost`: a custom objective for xgboost.train and for XGBClassifier."""

from __future__ import annotations

from symloss.export.tree_objective import has_options, predicts_labels, tree_source
from symloss.loss import Loss

_USAGE = (
    "xgboost.train(parameters, data, obj=objective), or XGBClassifier(objective=sklearn_objective). To start from a "
    "raw score of 0, give base_score=0 to the first and base_score=0.5 to the second."
)
_REGRESSION = (
    "xgboost.train(parameters, data, obj=objective), or XGBRegressor(objective=sklearn_objective); "
    "make_objective(y_train) goes in both places, and gives each training an objective of its own."
)
_FUNCTIONS = '''def objective(preds, dtrain<parameters>):
    """For xgboost.train: raw scores and a DMatrix -> gradient and Hessian."""
    weight = dtrain.get_weight()
    weight = weight if weight.size else None
    return sklearn_objective(dtrain.get_label(), preds, weight<arguments>)


def sklearn_objective(y_true, y_pred, sample_weight=None<parameters>):
    """For XGBClassifier and XGBRegressor: labels and raw scores."""
    gradient, hessian = gradient_hessian(y_pred, y_true<arguments>)
    if sample_weight is not None:
        gradient, hessian = gradient * sample_weight, hessian * sample_weight
    return gradient, hessian'''


def source(loss: Loss) -> str:
    """Return the loss as an XGBoost objective."""
    if predicts_labels(loss):
        return tree_source(loss, "XGBoost", _REGRESSION, _FUNCTIONS)
    usage = f"{_USAGE} functools.partial sets its options." if has_options(loss) else _USAGE
    return tree_source(loss, "XGBoost", usage, _FUNCTIONS)
