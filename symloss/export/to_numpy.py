"""Target `numpy`: the loss and its gradient as functions of arrays."""

from __future__ import annotations

from symloss.export.code import Code, module
from symloss.export.frameworks import NUMPY
from symloss.export.header import docstring, title
from symloss.loss import Loss


def prepared(code: Code) -> str:
    """Return the function that turns arguments into arrays on the loss's domain."""
    inside = """
    limits = np.finfo(yhat.dtype)
    yhat = np.clip(yhat, limits.tiny, 1 - limits.eps / 2)"""
    says = (
        "Arrays of one shape and type; probabilities of 0 and 1 move inside (0, 1)."
        if code.is_probability
        else "Arrays of one shape and type."
    )
    return f'''def _prepared(yhat, y):
    """{says}"""
    yhat = np.asarray(yhat)
    if not np.issubdtype(yhat.dtype, np.floating):
        yhat = yhat.astype(np.float64)
    yhat, y = np.broadcast_arrays(yhat, np.asarray(y).astype(yhat.dtype)){inside if code.is_probability else ""}
    return yhat, y'''


def source(loss: Loss) -> str:
    """Return the loss as a NumPy module."""
    code = Code(loss, NUMPY)
    prelude = ["yhat, y = _prepared(yhat, y)"]
    if loss.has_eps:
        prelude += [code.check_eps(), "eps = yhat.dtype.type(eps)"]
    functions = [
        code.function(
            f"loss(yhat, y{code.eps_parameter})",
            "The loss of each pair of prediction yhat and label y; arrays or numbers.",
            [code.jet.value],
            prelude,
        ),
        code.function(
            f"gradient(yhat, y{code.eps_parameter})",
            "The derivative of each loss by its prediction yhat.",
            [code.jet.slope],
            prelude,
        ),
    ]
    top = docstring(f"{title(loss)}: a training loss for NumPy, with its gradient", loss)
    return module([f"{top}\n\nimport numpy as np", prepared(code), *code.helper_functions(), *functions])
