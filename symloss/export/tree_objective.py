"""What XGBoost and LightGBM share: gradient and Hessian of a loss by the raw score, and a Hessian that is safe.

Trees divide by sums of Hessians. Where the loss is strictly convex in the raw
score (looked at on a grid), its own Hessian h is used. Elsewhere h can be zero or negative
while there is a gradient g, and the step g/h would be endless or go the wrong way;
there max(|h|, |g|/max_step) stands for it: the size of the curvature, with no row asking
for a step of more than `max_step`. The default 2 is how far the log loss steps from
a score of 0.
"""

from __future__ import annotations

import numpy as np

from symloss.compile.reference import evaluate
from symloss.errors import OptionError
from symloss.export import tree_regression
from symloss.export.code import Code, module
from symloss.export.frameworks import NUMPY
from symloss.export.header import docstring, title
from symloss.export.node import ONE, TWO, YHAT, add, multiply, square, subtract
from symloss.export.writer import number_text
from symloss.loss import Loss
from symloss.signature import Input, Labels

SMALLEST_HESSIAN = "1e-16"
_LABELS = {
    Labels.BINARY: (0.0, 1.0),
    Labels.UNIT: (0.0, 0.25, 0.5, 0.75, 1.0),
    Labels.REAL: (-2.5, -1.0, 0.0, 1.0, 2.5),
    Labels.POSITIVE: (0.0, 0.5, 1.0, 2.5, 20.0),
}

_CONVEX = (
    "Hessian: the loss is strictly convex in the raw score (looked at for scores from -15 to 15), so its own second "
    "derivative is used, and never less than 1e-16."
)
_SAFE = (
    "Hessian: this loss is not strictly convex in the raw score, so the second derivative h is made safe: "
    "max(|h|, |g| / max_step, 1e-16), where g is the gradient. Of a negative h the size counts, and no row asks for "
    "a step of more than max_step."
)
_FINITE = "A gradient that is not finite counts as 0, a Hessian that is not finite as 1e-16."


def is_convex(loss: Loss) -> bool:
    """Return whether the gradient by the raw score rises on a grid of scores, wherever it is not 0, for each label.

    A loss with eps counts as not convex: another eps could change it.
    """
    if loss.has_eps:
        return False
    scores = np.linspace(-15, 15, 3001)
    program = loss.program()
    for label in _LABELS[loss.domain.labels]:
        if loss.takes_score:
            gradient = evaluate(program, scores, label, loss.eps_value)[1]
        else:
            yhat = 1 / (1 + np.exp(-scores))
            gradient = evaluate(program, yhat, label, loss.eps_value)[1] * yhat * (1 - yhat)
        if not np.isfinite(gradient).all():
            return False
        rise, size = np.diff(gradient), np.abs(gradient[1:])
        if np.any((rise <= 1e-9 * size) & (size > 0)):
            return False
    return True


def predicts_labels(loss: Loss) -> bool:
    """Return whether the prediction is meant to be the label itself: then start and step come from the labels."""
    return loss.domain.labels in (Labels.REAL, Labels.POSITIVE) and loss.domain.input is Input.SCORE


def has_options(loss: Loss) -> bool:
    """Return whether the objective takes eps or max_step."""
    return loss.has_eps or not is_convex(loss)


def tree_source(loss: Loss, library: str, usage: str, functions: str) -> str:
    """Return an objective module.

    Args:
        loss: what to export.
        library: its name, for the first line.
        usage: a paragraph on how to pass the objective on.
        functions: the part of the module that calls gradient_hessian; <parameters>, <arguments>, <kept> and <own>
            are filled in.
    """
    if loss.domain.input is Input.POSITIVE:
        raise OptionError(
            f"{library} adds up raw scores, which may be negative, and yhat is a positive mean here; write the loss "
            "with exp(yhat) for yhat and export it with --labels positive --input log"
        )
    code = Code(loss, NUMPY)
    convex = is_convex(loss)
    regression = predicts_labels(loss)
    step = "" if convex else ", max_step=None" if regression else ", max_step=2"
    prelude = ["yhat = np.asarray(score, dtype=np.float64)", "y = np.asarray(y, dtype=np.float64)"]
    if loss.has_eps:
        prelude += code.check_eps().splitlines()
    says = "First and second derivative of each loss by its raw score."
    gradient, hessian = code.jet.slope, code.jet.curvature
    if code.is_probability:
        prelude += [
            "# Near 0 and 1 the next number inside: there the gradient is still right.",
            "yhat = np.clip(_sigmoid(yhat), 1e-16, 1 - 2**-53)",
        ]
        code.helpers.add("sigmoid")
        # By the chain rule through yhat = sigmoid(score), with yhat' = yhat (1 - yhat).
        spread = multiply(YHAT, subtract(ONE, YHAT))
        bend = multiply(multiply(gradient, spread), subtract(ONE, multiply(TWO, YHAT)))
        hessian = add(multiply(hessian, square(spread)), bend)
        gradient = multiply(gradient, spread)
    derivatives = code.function(
        f"derivatives(score, y{code.eps_parameter})",
        says,
        [gradient, hessian],
        prelude,
        ("gradient", "hessian"),
    )
    eps = ", eps" if loss.has_eps else ""
    safe = ["hessian = np.maximum(np.abs(hessian), np.abs(gradient) / max_step)"]
    if convex:
        safe = []
    elif regression:
        safe = [
            "if max_step is None:",
            "    score, y = np.asarray(score), np.asarray(y)",
            f"    hessian = _curvature(score, y, gradient, hessian{eps})",
            "else:",
            "    hessian = np.maximum(np.abs(hessian), np.abs(gradient) / max_step)",
        ]
    final = f'''def gradient_hessian(score, y{code.eps_parameter}{step}):
    """Gradient and safe Hessian of each row by its raw score."""
    with np.errstate(all="ignore"):
        gradient, hessian = {"_reached" if regression else "derivatives"}(score, y{eps})
        gradient = np.where(np.isfinite(gradient), gradient, 0.0){"".join(f"{chr(10)}        {line}" for line in safe)}
    hessian = np.where(np.isfinite(hessian), hessian, {SMALLEST_HESSIAN})
    return gradient, np.maximum(hessian, {SMALLEST_HESSIAN})'''
    chain = " yhat is the sigmoid of it." if code.is_probability else ""
    remarks: tuple[str, ...]
    if regression:
        remarks = (
            f"{usage} The model's output is the prediction.",
            tree_regression.REMARK_START,
            f"{tree_regression.REMARK_CONVEX if convex else tree_regression.REMARK_SECANT} {_FINITE}",
        )
    else:
        remarks = (
            f"{usage} The model's output is the raw score.{chain}",
            f"{_CONVEX if convex else _SAFE} {_FINITE}",
        )
    top = docstring(f"{title(loss)}: a custom objective for {library}", loss, remarks)
    if regression:
        start = [f"{top}\n\nimport numpy as np", *code.helper_functions(), derivatives]
        between = tree_regression.before(has_eps=loss.has_eps, convex=convex)
        rest = tree_regression.parts(
            has_eps=loss.has_eps, convex=convex, eps_default=number_text(loss.eps_value), library=library
        )
        return module([*start, *between, final, *rest])
    options = ["eps"] * loss.has_eps + ["max_step"] * (not convex)
    fills = {
        "parameters": code.eps_parameter + step,
        "arguments": "".join(f", {option}" for option in options),
        "kept": "".join(f"        self.{option} = {option}\n" for option in options),
        "own": "".join(f", self.{option}" for option in options),
    }
    for name, text in fills.items():
        functions = functions.replace(f"<{name}>", text)
    return module([f"{top}\n\nimport numpy as np", *code.helper_functions(), derivatives, final, functions])
