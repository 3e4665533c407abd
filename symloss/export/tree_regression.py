"""Tree objectives for real labels: where trees start and how far they step comes from the labels.

A custom objective starts from a score of 0 in both libraries, and a pinball loss has no curvature: with a
fixed step, trees for labels near 1,000 would never arrive. So the code that is written here

* goes to the best constant in two trees: the gradient is shifted so that every leaf also makes that way. The first
  goes as far as the learning rate lets it, which tells the learning rate, and the second the rest;
* takes as Hessian, where the loss is not strictly convex, the slope of the secant of its gradient between two
  predictions on both sides of the label, as far away as the present one (at least 0.3 times the median distance). That
  is the curvature of the parabola that lies above a pinball, Huber or absolute loss (Hunter and Lange, Quantile
  regression via an MM algorithm, 2000), and the own curvature of a squared loss;
* divides both by the mean Hessian, so that limits and penalties of the libraries mean the same in any unit.
"""

from __future__ import annotations

NEAREST = 0.3
"""Of the median distance; tried against the built-in quantile objectives (docs/export.md)."""

REMARK_CONVEX = (
    "Hessian: the loss is strictly convex in the prediction (looked at from -15 to 15), so its own second derivative "
    "is used."
)
REMARK_SECANT = (
    "Hessian: this loss is not strictly convex in the prediction, so max(s, |g| / 4d) stands for the second "
    "derivative h, where g is the gradient, d the distance to the label, and s the slope of the secant of the gradient "
    "between y - d and y + d (|h| where the loss is not smallest at y). "
    "max_step=NUMBER takes max(|h|, |g| / NUMBER) instead."
)
REMARK_START = (
    "The first two trees also go to the best constant, so that labels of any size can be fitted; "
    "make_objective(y_train).start is that constant. Gradient and Hessian are divided by the mean Hessian."
)

REACHED = '''def _reached(score, y<eps>):
    """The derivatives; where they overflow, those nearer to the label."""
    score = np.asarray(score, dtype=np.float64)
    with np.errstate(all="ignore"):
        for _ in range(30):
            gradient, hessian = derivatives(score, y<eps>)
            lost = ~np.isfinite(gradient)
            if not lost.any():
                break
            score = np.where(lost, (score + y) / 2, score)
    return gradient, hessian'''

CURVATURE = f'''def _curvature(score, y, gradient, hessian<eps>):
    """The slope of the secant of the gradient between y - d and y + d, d = |score - y|.

    Where the loss is not smallest at the label, the size of its own second derivative.
    """
    distance = np.abs(y - score)
    usual = {NEAREST} * np.median(distance)
    distance = np.maximum(distance, usual if usual > 0 else 1.0)
    above, below = _reached(y + distance, y<eps>)[0], _reached(y - distance, y<eps>)[0]
    secant = (above - below) / (2 * distance)
    own = np.where(np.isfinite(hessian), np.abs(hessian), 0.0)
    centred = (below <= 0) & (above >= 0) & (secant > 0) & np.isfinite(secant)
    return np.maximum(np.where(centred, secant, own), np.abs(gradient) / (4 * distance))'''

SHIFT = '''def _best_shift(score, y, weight<eps>):
    """The number that, added to every score, brings the sum of all gradients to 0."""
    every = max(1, len(y) // 50_000)
    score, y, weight = score[::every], y[::every], weight[::every]

    def slope(shift):
        return np.sum(weight * _reached(score + shift, y<eps>)[0])

    middle = np.median(y - score)
    first = slope(0.0)
    if not np.abs(first) > 0:
        return float(middle) if np.abs(slope(middle)) > 0 else 0.0
    near, far = 0.0, np.abs(middle) if middle else 1.0
    far = far if first < 0 else -far
    for _ in range(60):
        reached = slope(far)
        if np.isnan(reached):
            return 0.0
        if reached * first <= 0:
            break
        near, far = far, 2 * far
    else:
        return 0.0
    for _ in range(60):
        half = (near + far) / 2
        near, far = (half, far) if slope(half) * first > 0 else (near, half)
    return float((near + far) / 2)'''

OBJECTIVE = '''class Objective:
    """An objective for xgboost.train, lightgbm.train and the estimators of both.<says>"""

    start = 0.0

    def __init__(self<parameters>):
<keep>        self._past = None

    def __call__(self, y_true, y_pred, <weight>=None):
        """Take labels and predictions, or what `train` takes."""
        if hasattr(y_pred, "get_label"):
            return self.train(y_true, y_pred)
        return self.evaluate(y_true, y_pred, <weight><own>)

    def train(self, preds, train_data):
        """For the library's train function: predictions and its data."""
        labels, weight = train_data.get_label(), train_data.get_weight()
        return self.evaluate(labels, preds, weight<own>)

    def evaluate(self, y, score, weight=None<parameters>):
        """Return gradient and Hessian of each row; calls in a row make one training."""
        y, score = np.asarray(y, dtype=np.float64), np.asarray(score, dtype=np.float64)
        given = weight is not None and len(weight)
        weight = np.asarray(weight) if given else np.ones_like(y)
        key = (y.size, hash(y.tobytes()))
        if self._past is None or self._past["key"] != key or np.ptp(score) == 0:
            self._past = {"key": key, "trees": 0}
        past = self._past
        shift, rate = 0.0, 1.0
        if past["trees"] < 2:
            shift = _best_shift(score, y, weight<eps>)
            spread = np.median(np.abs(y - score - shift))
            # XGBoost makes no split that gains below 1e-6: small labels are scaled up.
            past["unit"] = min(1.0, 100 * spread) ** 2 if spread > 0 else 1.0
            if past["trees"] == 1:
                rate = self._learning_rate(score)
        gradient, hessian = gradient_hessian(score + shift, y<options>)
        mean = np.mean(hessian) * past["unit"]
        gradient, hessian = gradient / mean, hessian / mean
        gradient = weight * (gradient - hessian * (shift / rate))
        hessian = weight * hessian
        past["trees"] += 1
        arrays = {"gradient": gradient, "hessian": hessian, "score": score.copy()}
        kept = {name: past[name] for name in ("key", "trees", "unit")}
        self._past = {**kept, **arrays} if kept["trees"] == 1 else kept
        return gradient, hessian

    def _learning_rate(self, score):
        """How far the tree before went, of the way that it was asked to go."""
        past = self._past
        went = np.sum(past["hessian"] * (score - past["score"]))
        asked = -np.sum(past["gradient"])
        rate = went / asked if asked else 1.0
        return float(np.clip(rate, 1e-3, 1.0)) if np.isfinite(rate) else 1.0


def make_objective(y_train, weight=None<parameters>):
    """Return an objective for these labels; its `start` is the best constant."""
    objective = Objective(<named>)
    y = np.asarray(y_train, dtype=np.float64).ravel()
    rows = np.ones_like(y) if weight is None else np.asarray(weight, dtype=np.float64)
    objective.start = _best_shift(np.zeros_like(y), y, rows<eps>)
    return objective'''

XGBOOST = '''_shared = Objective()


def objective(preds, dtrain<parameters>):
    """For xgboost.train: predictions and a DMatrix -> gradient and Hessian."""
    labels, weight = dtrain.get_label(), dtrain.get_weight()
    return _shared.evaluate(labels, preds, weight<options>)


def sklearn_objective(y_true, y_pred, sample_weight=None<parameters>):
    """For XGBRegressor: labels and predictions."""
    return _shared.evaluate(y_true, y_pred, sample_weight<options>)'''

LIGHTGBM = """objective = Objective()
train_objective = objective.train"""


def parts(*, has_eps: bool, convex: bool, eps_default: str, library: str) -> list[str]:
    """Return the parts of a module after `gradient_hessian`.

    Args:
        has_eps: whether the loss has eps.
        convex: whether the loss's own Hessian is used.
        eps_default: the default of eps, as text.
        library: "XGBoost" or "LightGBM".
    """
    names = ["eps"] * has_eps + ["max_step"] * (not convex)
    defaults = {"eps": eps_default, "max_step": "None"}
    says = {
        "eps": "smoothing.",
        "max_step": "None, or the longest step of a row, |gradient| / Hessian.",
    }
    options = "".join(f"        {name}: {says[name]}\n" for name in names)
    fills = {
        "eps": ", eps" if has_eps else "",
        "parameters": "".join(f", {name}={defaults[name]}" for name in names),
        "options": "".join(f", {name}" for name in names),
        "own": "".join(f", self.{name}" for name in names),
        "named": ", ".join(f"{name}={name}" for name in names),
        "keep": "".join(f"        self.{name} = {name}\n" for name in names),
        "says": f"\n\n    Args:\n{options}    " if options else "",
        "weight": "sample_weight" if library == "XGBoost" else "weight",
    }
    texts = [SHIFT, OBJECTIVE, XGBOOST if library == "XGBoost" else LIGHTGBM]
    return [_filled(text, fills) for text in texts]


def before(*, has_eps: bool, convex: bool) -> list[str]:
    """Return the parts of a module between `derivatives` and `gradient_hessian`."""
    texts = [REACHED] if convex else [REACHED, CURVATURE]
    return [_filled(text, {"eps": ", eps" if has_eps else ""}) for text in texts]


def _filled(text: str, fills: dict[str, str]) -> str:
    for name, value in fills.items():
        text = text.replace(f"<{name}>", value)
    return text
