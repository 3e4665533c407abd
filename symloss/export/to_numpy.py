"""Target `numpy`: the loss and its gradient as functions of arrays."""

from __future__ import annotations

from symloss.export.code import Code, module
from symloss.export.frameworks import NUMPY
from symloss.export.header import docstring, title
from symloss.export.parameters import NO_SIGMOID, domain_sentences, label_test, refusal
from symloss.loss import Loss


def prepared(code: Code) -> str:
    """Return the function that turns arguments into arrays on the loss's domain."""
    sentences = domain_sentences(code.loss)
    lines = [
        "yhat = np.asarray(yhat)",
        "if not np.issubdtype(yhat.dtype, np.floating):",
        "    yhat = yhat.astype(np.float64)",
        "yhat, y = np.broadcast_arrays(yhat, np.asarray(y).astype(yhat.dtype))",
    ]
    if code.is_probability:
        lines += [
            "if validate and not from_logits and not np.all((yhat >= 0) & (yhat <= 1)):",
            *refusal(sentences.prediction, 4, 4).splitlines(),
        ]
    else:
        lines += ["if from_logits:", *refusal(NO_SIGMOID, 4, 4).splitlines()]
    test = label_test(code.loss, "np")
    lines += [f"if validate and not np.all({test}):", *refusal(sentences.label, 4, 4).splitlines()]
    says = "Arrays of one shape and type"
    if code.is_probability:
        code.helpers.add("sigmoid")
        says += "; probabilities of 0 and 1 move inside (0, 1)"
        lines += [
            "yhat = _sigmoid(yhat) if from_logits else yhat",
            "limits = np.finfo(yhat.dtype)",
            "yhat = np.clip(yhat, limits.tiny, 1 - limits.eps / 2)",
        ]
    body = "\n    ".join([f'"""{says}."""', *lines, "return yhat, y"])
    return f"def _prepared(yhat, y, from_logits, validate):\n    {body}"


def _public(code: Code, name: str, inner: str, says: str) -> str:
    eps = code.check_eps().splitlines() if code.loss.has_eps else []
    argument = ", yhat.dtype.type(eps)" if code.loss.has_eps else ""
    chain = (
        ["if from_logits:", "    values = values * (yhat * (1 - yhat))"]
        if inner == "_slopes" and code.is_probability
        else []
    )
    lines = [
        f'"""{says}"""',
        *eps,
        "yhat, y = _prepared(yhat, y, from_logits, validate)",
        f"values = {inner}(yhat, y{argument})",
        *chain,
        "return values if weight is None else values * np.asarray(weight, yhat.dtype)",
    ]
    body = "\n    ".join(lines)
    options = "from_logits=False, weight=None, validate=True"
    return f"def {name}(yhat, y{code.eps_parameter}, {options}):\n    {body}"


def source(loss: Loss) -> str:
    """Return the loss as a NumPy module."""
    code = Code(loss, NUMPY)
    by = "score" if code.is_probability else "prediction"
    functions = [
        code.function(f"_values(yhat, y{code.eps_argument})", "The loss of each pair.", [code.jet.value]),
        code.function(
            f"_slopes(yhat, y{code.eps_argument})",
            "The derivative of each loss by its yhat.",
            [code.jet.slope],
        ),
    ]
    public = [
        _public(
            code,
            "loss",
            "_values",
            "The loss of each pair of prediction yhat and label y; arrays or numbers.",
        ),
        _public(
            code,
            "gradient",
            "_slopes",
            "The derivative of each loss by yhat"
            + (f", with from_logits by its {by}." if code.is_probability else "."),
        ),
    ]
    remark = (
        "Both functions take weight, a factor for each row, and from_logits, for raw scores that the sigmoid is yet to "
        "be taken of. validate=False looks at no values."
        if code.is_probability
        else "Both functions take weight, a factor for each row. validate=False looks at no values."
    )
    top = docstring(f"{title(loss)}: a training loss for NumPy, with its gradient", loss, (remark,))
    start = prepared(code)
    return module([f"{top}\n\nimport numpy as np", start, *code.helper_functions(), *functions, *public])
