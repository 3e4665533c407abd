"""The table of named losses: each with its formula, its input and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from symloss.errors import OptionError, unknown_name
from symloss.formula.spec import LossSpec


@dataclass(frozen=True)
class ZooEntry:
    """One named loss.

    Attributes:
        name: lower case, words joined by "-".
        formula: text in the grammar of `symloss.formula.parse`.
        input: "probability" (after the sigmoid) or "score" (before it).
        labels: the widest label domain on which the formula keeps its meaning.
        source: where it comes from.
        note: settings and remarks.
    """

    name: str
    formula: str
    input: str
    labels: str
    source: str
    note: str = ""


_TRUE_CLASS = "(y*yhat + (1 - y)*(1 - yhat))"


_MARGIN = "(2*y - 1)*yhat"


_BCE = "-(y*log(yhat) + (1 - y)*log(1 - yhat))"


ENTRIES: tuple[ZooEntry, ...] = (
    ZooEntry(
        "mse",
        "(yhat - y)**2",
        "probability",
        "real",
        "Gauss, Theoria motus, 1809",
        "squared error; the Brier score for probabilities",
    ),
    ZooEntry("mae", "abs(yhat - y)", "probability", "real", "Laplace, 1774", "absolute error"),
    ZooEntry(
        "bce",
        _BCE,
        "probability",
        "unit",
        "Good, Rational Decisions, 1952",
        "binary cross entropy, the log loss",
    ),
    ZooEntry(
        "hinge",
        "y*max(0, 1 - yhat) + (1 - y)*yhat",
        "score",
        "binary",
        "torch.nn.HingeEmbeddingLoss with target 1 - 2y, as used in AutoLossGen (2022), section 4.2",
        "on the raw score; not bounded below for y = 0",
    ),
    ZooEntry(
        "squared-hinge",
        f"max(0, 1 - {_MARGIN})**2",
        "score",
        "binary",
        "Lee and Mangasarian, SSVM, 2001",
        "on the raw score, with margin (2y - 1) yhat",
    ),
    ZooEntry(
        "focal",
        "-(y*(1 - yhat)**2*log(yhat) + (1 - y)*yhat**2*log(1 - yhat))",
        "probability",
        "binary",
        "Lin et al., Focal Loss for Dense Object Detection, 2017, eq. 4",
        "gamma = 2, no class weights",
    ),
    ZooEntry(
        "maxr",
        "max((yhat + eps)/(y + eps), (y + eps)/(yhat + eps))",
        "probability",
        "unit",
        "AutoLossGen (2022), Table 3",
        "trains well at eps = 0.1, not at all at 1e-6",
    ),
    ZooEntry(
        "sumr",
        "(yhat + y + eps)/(yhat*y + eps)",
        "probability",
        "unit",
        "AutoLossGen (2022), Table 3",
        "trains well at eps = 0.1, not at all at 1e-6",
    ),
    ZooEntry(
        "logmin",
        "log((1 + eps)/(min(yhat, y) + eps))*(yhat + y + min(yhat, y))",
        "probability",
        "unit",
        "AutoLossGen (2022), Table 3",
        "trains well at eps = 1e-6",
    ),
    ZooEntry(
        "huber",
        "min(abs(yhat - y), 1)*(abs(yhat - y) - min(abs(yhat - y), 1)/2)",
        "probability",
        "real",
        "Huber, Robust Estimation of a Location Parameter, 1964",
        "delta = 1",
    ),
    ZooEntry(
        "log-cosh",
        "log((exp(yhat - y) + exp(y - yhat))/2)",
        "probability",
        "real",
        "Green, Bayesian reconstructions from emission tomography data, 1990",
        "log of the hyperbolic cosine of the error",
    ),
    ZooEntry(
        "savage",
        f"sigmoid(-2*{_MARGIN})**2",
        "score",
        "binary",
        "Masnadi-Shirazi and Vasconcelos, SavageBoost, 2008",
        "on the raw score; not convex",
    ),
    ZooEntry(
        "tangent",
        f"(2*atan({_MARGIN}) - 1)**2",
        "score",
        "binary",
        "Masnadi-Shirazi, Mahadevan and Vasconcelos, TangentBoost, 2010",
        "on the raw score; punishes margins above tan(1/2) on purpose",
    ),
    ZooEntry(
        "smooth-l1",
        "min(abs(yhat - y), 1)**2/2 + max(abs(yhat - y) - 1, 0)",
        "probability",
        "real",
        "Girshick, Fast R-CNN, 2015, eq. 3",
        "beta = 1",
    ),
    ZooEntry(
        "charbonnier",
        "sqrt((yhat - y)**2 + eps**2)",
        "probability",
        "real",
        "Charbonnier et al., 1994",
        "a smooth absolute error; eps = 1e-3 is usual",
    ),
    ZooEntry(
        "gce",
        f"(1 - {_TRUE_CLASS}**0.7)/0.7",
        "probability",
        "binary",
        "Zhang and Sabuncu, Generalized Cross Entropy, 2018, eq. 6",
        "q = 0.7",
    ),
    ZooEntry(
        "sce",
        f"0.1*({_BCE}) + 4*(y*(1 - yhat) + (1 - y)*yhat)",
        "probability",
        "binary",
        "Wang et al., Symmetric Cross Entropy, 2019, eq. 7",
        "alpha = 0.1, beta = 1, log 0 = -4",
    ),
    ZooEntry(
        "poisson",
        "yhat - y*log(yhat)",
        "probability",
        "unit",
        "McCullagh and Nelder, Generalized Linear Models, 1989",
        "negative log likelihood of a count with mean yhat",
    ),
    ZooEntry(
        "exponential",
        f"exp(-{_MARGIN})",
        "score",
        "binary",
        "Freund and Schapire, AdaBoost, 1997",
        "on the raw score",
    ),
)
"""Every named loss."""


@cache
def _entries_by_key() -> dict[str, ZooEntry]:
    return {_key(entry.name): entry for entry in ENTRIES}


def _key(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")


def names() -> list[str]:
    """Return the names of all losses."""
    return [entry.name for entry in ENTRIES]


def is_name(text: str) -> bool:
    """Return whether `text` names a loss; case, "-" and "_" do not matter."""
    return _key(text.strip()) in _entries_by_key()


def entry(name: str) -> ZooEntry:
    """Return the entry of a name.

    Raises:
        OptionError: no loss has that name.
    """
    found = _entries_by_key().get(_key(name.strip()))
    if found is None:
        raise OptionError(unknown_name("loss", name, names(), "symloss zoo lists all"))
    return found


@cache
def spec(name: str) -> LossSpec:
    """Return the loss of a name as a value, with eps left open.

    Raises:
        OptionError: no loss has that name.
    """
    found = entry(name)
    return LossSpec(found.formula, labels="binary", input=found.input, name=found.name)
