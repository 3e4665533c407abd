"""Target `keras`: a subclass of keras.losses.Loss in keras.ops, for any backend."""

from __future__ import annotations

import textwrap

from symloss.export.code import Code, module
from symloss.export.frameworks import KERAS
from symloss.export.header import class_name, docstring, title
from symloss.export.parameters import NO_SIGMOID, refusal
from symloss.export.writer import number_text
from symloss.loss import Loss

_INSIDE = '''def _inside(yhat, from_logits):
    """Probabilities in (0, 1): of 0 and 1, the nearest number inside."""
    limits = np.finfo(keras.backend.standardize_dtype(yhat.dtype))
    yhat = ops.sigmoid(yhat) if from_logits else yhat
    return ops.clip(yhat, float(limits.tiny), float(1 - limits.eps / 2))'''


def source(loss: Loss) -> str:
    """Return the loss as a Keras module."""
    code = Code(loss, KERAS)
    prelude = ["eps = ops.convert_to_tensor(eps, yhat.dtype)"] if loss.has_eps else []
    values = code.function(
        f"_values(yhat, y{code.eps_argument})", "The loss of each pair.", [code.jet.value], prelude
    )
    slopes = code.function(
        f"_slopes(yhat, y{code.eps_argument})",
        "The derivative of each loss by its yhat.",
        [code.jet.slope],
        prelude,
    )
    name = class_name(loss)
    remark = (
        f"model.compile(loss={name}()). Computed in float32, or float64 where yhat is. The gradient by yhat is "
        "analytic on every backend: a slope of exactly 0 stays 0 beside an infinite factor, and a tie of max or "
        "min has the mean of both slopes. Weights of rows are Keras's own: fit(..., sample_weight=...)."
    )
    top = docstring(f"{title(loss)}: a training loss for Keras", loss, (remark,))
    numpy = "import numpy as np\n" if code.is_probability else ""
    parts = [
        f"{top}\n\nimport keras\n{numpy}from keras import ops",
        _INSIDE if code.is_probability else "",
        *code.helper_functions(),
        values,
        slopes,
        _class(code, name),
    ]
    return module(parts)


def _class(code: Code, name: str) -> str:
    options = ["eps"] * code.loss.has_eps + ["from_logits"]
    defaults = {"eps": number_text(code.loss.eps_value), "from_logits": "False"}
    parameters = "".join(f", {option}={defaults[option]}" for option in options)
    init = [*code.check_eps().splitlines(), "self.eps = float(eps)"] if code.loss.has_eps else []
    if not code.is_probability:
        init += ["if from_logits:", *refusal(NO_SIGMOID, 4, 8).splitlines()]
    init.append("self.from_logits = from_logits")
    constructor = ""
    config = ""
    if options:
        entries = ", ".join(f'"{option}": self.{option}' for option in options)
        constructor = f"""
    def __init__(self{parameters}, name=None, **options):
        super().__init__(name=name, **options)
{textwrap.indent(chr(10).join(init), " " * 8)}
"""
        config = f"""

    def get_config(self):
        options = {{{entries}}}
        return {{**super().get_config(), **options}}"""
    eps = ", self.eps" if code.loss.has_eps else ""
    if code.is_probability:
        inside, chain = (
            "_inside(yhat, self.from_logits)",
            """
                if self.from_logits:
                    slopes = slopes * (inside * (1 - inside))""",
        )
    else:
        inside, chain = "yhat", ""
    what = "a probability (with from_logits a score)" if code.is_probability else "a number"
    return f'''class {name}(keras.losses.Loss):
    """Loss of y_true and y_pred, {what}."""
{constructor}
    def call(self, y_true, y_pred):
        yhat = ops.convert_to_tensor(y_pred)
        if keras.backend.standardize_dtype(yhat.dtype) != "float64":
            yhat = ops.cast(yhat, "float32")
        y = ops.reshape(ops.cast(y_true, yhat.dtype), ops.shape(yhat))

        @ops.custom_gradient
        def values(yhat, y):
            inside = {inside}

            def gradient(*arguments, upstream=None):
                upstream = arguments[0] if upstream is None else upstream
                slopes = _slopes(inside, y{eps}){chain}
                return upstream * slopes, ops.zeros_like(y)

            return _values(inside, y{eps}), gradient

        return ops.mean(values(yhat, y), axis=-1){config}'''
