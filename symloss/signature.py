"""What a loss is a function of: its arguments, where they live, and which way its slopes must point.

A loss is a formula in a few symbols. Its `Signature` says what they are, and holds the
`Requirement`s: which slope must have which sign where. That is the only place where "the right
direction" is written; provers, samplers, the proxy test of a search and plots read it there. The
kind of a formula follows from the names in it:

* pointwise, f(yhat, y): a prediction and its label. `Domain` is this kind. What can be proved depends
  on where the two live:

  * `labels`: what y can be: "binary" ({0, 1}), "unit" ([0, 1]), "real", or "positive" (y >= 0: counts,
    waiting times, amounts).
  * `input`: what yhat is: a "probability", the open interval (0, 1); a raw "score", any real number (a logit,
    before the sigmoid); for positive labels also "positive", a mean above 0, or "log", the logarithm of the
    mean. The right direction is towards yhat = y, for "log" towards exp(yhat) = y.

* pairwise, f(pos, neg): the scores of a positive and of a negative item of the same user. No step may lower
  the score of the positive item, or raise that of the negative one.
* ranking, f(pos, A g(pos, neg)) with an aggregate A over all negative items of a row (`symloss.ops.aggregates`), or a
  pairwise formula, meaned over them, whose scores live elsewhere than on the line, or which takes a statistic of the
  row. The same is required, for each of the negative items. `Ranking` is this kind.

In all of them eps is a positive number, a smoothing that can be tuned, and any further name is a constant that a
value is given for (`symloss.formula.params`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Any

import numpy as np
import sympy
from numpy.typing import NDArray

from symloss.constants import DEFAULT_EPS as DEFAULT_EPS
from symloss.errors import OptionError, unknown_name
from symloss.requirement import REALS
from symloss.requirement import Argument as Argument
from symloss.requirement import Link as Link
from symloss.requirement import Region as Region
from symloss.requirement import Requirement as Requirement
from symloss.requirement import Role as Role
from symloss.requirement import Values as Values

yhat = sympy.Symbol("yhat", real=True)
y = sympy.Symbol("y", real=True)
eps = sympy.Symbol("eps", positive=True)
pos = sympy.Symbol("pos", real=True)
neg = sympy.Symbol("neg", real=True)

SYMBOLS: dict[str, sympy.Symbol] = {"yhat": yhat, "y": y, "eps": eps}
"""The symbols of a pointwise formula."""

PAIR_SYMBOLS: dict[str, sympy.Symbol] = {"pos": pos, "neg": neg, "eps": eps}
"""The symbols of a pairwise formula."""

ALL_SYMBOLS = SYMBOLS | PAIR_SYMBOLS

STATISTICS: dict[str, sympy.Symbol] = {
    name: sympy.Symbol(name, real=True) for name in ("beta", "n_pos", "logq")
}
"""What a ranking formula may take from the data, without gradient: beta, the score of the user's K-th ranked item;
n_pos, how many positive items the user has; logq, the logarithm of the rate at which an item is sampled (of the
negative item within an aggregate, else of the positive one)."""


def parameter(name: str) -> sympy.Symbol:
    """Return the symbol of a named constant, a real number."""
    return sympy.Symbol(name, real=True)


@dataclass(frozen=True)
class Signature:
    """The arguments of a loss and what is required of its slopes.

    Attributes:
        name: the kind of losses: "pointwise" or "pairwise".
        arguments: predictions, labels and constants, in the order of the formula's arguments.
        link: what a model's raw output goes through before it is a prediction.
        requirements: which slopes must have which sign where.
    """

    name: str
    arguments: tuple[Argument, ...]
    link: Link
    requirements: tuple[Requirement, ...]

    def named(self, role: Role) -> tuple[Argument, ...]:
        """Return the arguments of one role."""
        return tuple(argument for argument in self.arguments if argument.role is role)

    @property
    def predictions(self) -> tuple[str, ...]:
        """The names of the predictions, the arguments that a slope is taken by."""
        return tuple(argument.name for argument in self.named(Role.PREDICTION))

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of all arguments, in the order of a program's inputs."""
        return tuple(argument.name for argument in self.arguments)

    @property
    def symbols(self) -> dict[str, sympy.Symbol]:
        """The symbols of the arguments by name."""
        return {argument.name: (ALL_SYMBOLS | STATISTICS)[argument.name] for argument in self.arguments}

    @property
    def cases(self) -> tuple[Requirement, ...]:
        """The requirements that are questions of their own: one for each label where labels are finitely many."""
        return tuple(one for one in self.requirements if one.case)

    def wanted_signs(self, values: Mapping[str, Any], slope_of: str | None = None) -> NDArray[np.float64]:
        """Return the sign that a slope must have at points: 1.0, -1.0, or 0.0 where nothing is required.

        Args:
            values: numbers or arrays of one shape, by argument.
            slope_of: the prediction that the slope is taken by; the first by default.
        """
        name = slope_of or self.predictions[0]
        shapes = [np.shape(value) for value in values.values()]
        wanted = np.zeros(np.broadcast_shapes(*shapes))
        for one in self.requirements:
            if one.slope_of == name:
                wanted = wanted + one.sign * one.holds_at(values)
        return wanted

    def wanted_sign(self, values: Mapping[str, float], slope_of: str | None = None) -> int:
        """Return the sign that a slope must have at one point, 0 where nothing is required."""
        return int(self.wanted_signs(values, slope_of))


class Labels(StrEnum):
    """What the label y can be."""

    BINARY = "binary"
    UNIT = "unit"
    REAL = "real"
    POSITIVE = "positive"


class Input(StrEnum):
    """What the prediction yhat is."""

    PROBABILITY = "probability"
    SCORE = "score"
    POSITIVE = "positive"
    LOG = "log"


@dataclass(frozen=True, init=False, repr=False)
class Domain(Signature):
    """The signature of a pointwise loss: where yhat and y live; the default is a probability with binary labels."""

    labels: Labels = field()
    input: Input = field()

    def __init__(self, labels: Labels = Labels.BINARY, input: Input = Input.PROBABILITY) -> None:
        """Take what the label and what the prediction is; `Domain.of` reads and checks their names."""
        super().__init__("pointwise", _arguments(labels, input), _LINKS[input], _requirements(labels, input))
        object.__setattr__(self, "labels", labels)
        object.__setattr__(self, "input", input)

    def __repr__(self) -> str:
        """Show labels and input, which all else follows from."""
        return f"Domain(labels={self.labels!r}, input={self.input!r})"

    def __hash__(self) -> int:
        """Hash what all else follows from."""
        return hash((self.labels, self.input))

    @classmethod
    def of(cls, labels: str = "binary", input: str | None = None) -> Domain:
        """Build a domain from names.

        With real labels the prediction defaults to a raw score, with positive ones to a positive number.

        Raises:
            OptionError: a name is not one of those of `Labels` or `Input`, or the two do not go together.
        """
        if labels not in list(Labels):
            raise OptionError(
                unknown_name("label domain", labels, map(str, Labels), "--labels takes one of these")
            )
        if input is None:
            input = _USUAL_INPUT[Labels(labels)]
        if input not in list(Input):
            raise OptionError(unknown_name("input", input, map(str, Input), "--input takes one of these"))
        if Input(input) not in _INPUTS[Labels(labels)]:
            allowed = ", ".join(_INPUTS[Labels(labels)])
            raise OptionError(
                f"{labels} labels do not go with --input {input}; they go with --input {allowed}"
                + (" (--labels positive takes positive and log)" if input in _MEANS else "")
            )
        return _domain(Labels(labels), Input(input))

    @property
    def label_values(self) -> tuple[int, ...] | None:
        """The finite set of labels, or None where labels fill an interval."""
        return (0, 1) if self.labels is Labels.BINARY else None

    @property
    def yhat_range(self) -> tuple[float, float]:
        """Ends of the open interval that yhat lies in."""
        return _YHAT[self.input]

    @property
    def y_range(self) -> tuple[float, float]:
        """Ends of the closed interval that y lies in (the hull of {0, 1} for binary labels)."""
        return _Y[self.labels]

    @property
    def is_line(self) -> bool:
        """Whether yhat can be any real number."""
        return self.input in (Input.SCORE, Input.LOG)


_INFINITY = float("inf")
_YHAT = {
    Input.PROBABILITY: (0.0, 1.0),
    Input.SCORE: (-_INFINITY, _INFINITY),
    Input.POSITIVE: (0.0, _INFINITY),
    Input.LOG: (-_INFINITY, _INFINITY),
}
_Y = {
    Labels.BINARY: (0.0, 1.0),
    Labels.UNIT: (0.0, 1.0),
    Labels.REAL: (-_INFINITY, _INFINITY),
    Labels.POSITIVE: (0.0, _INFINITY),
}
_LINKS = {
    Input.PROBABILITY: Link.SIGMOID,
    Input.SCORE: Link.IDENTITY,
    Input.POSITIVE: Link.EXP,
    Input.LOG: Link.IDENTITY,
}
_EPS = Argument("eps", Role.CONSTANT, Values(0.0, _INFINITY))


@cache
def _domain(labels: Labels, input: Input) -> Domain:
    return Domain(labels, input)


@cache
def _arguments(labels: Labels, input: Input) -> tuple[Argument, ...]:
    only = (0, 1) if labels is Labels.BINARY else ()
    return (
        Argument("yhat", Role.PREDICTION, Values(*_YHAT[input])),
        Argument("y", Role.LABEL, Values(*_Y[labels], closed=True, only=only)),
        _EPS,
    )


@cache
def _requirements(labels: Labels, input: Input) -> tuple[Requirement, ...]:
    """Return the right direction of a pointwise loss: by class, or away from the label."""
    if labels is Labels.BINARY:
        return (Requirement("yhat", 1, (("y", 0),)), Requirement("yhat", -1, (("y", 1),)))
    above, below = (
        (Region.ABOVE_LOG, Region.BELOW_LOG)
        if input is Input.LOG
        else (Region.ABOVE_LABEL, Region.BELOW_LABEL)
    )
    return (Requirement("yhat", 1, region=above), Requirement("yhat", -1, region=below))


PAIRWISE = Signature(
    "pairwise",
    (Argument("pos", Role.PREDICTION, REALS), Argument("neg", Role.PREDICTION, REALS), _EPS),
    Link.IDENTITY,
    (Requirement("pos", -1), Requirement("neg", 1)),
)
"""The scores of a positive and of a negative item: the first must not fall by a step, the second not rise."""


class Scores(StrEnum):
    """Where the scores of items live: any real number, a cosine in (-1, 1), or half of one."""

    SCORE = "score"
    COSINE = "cosine"
    HALF_COSINE = "half-cosine"


_SCORE_ENDS = {Scores.SCORE: _INFINITY, Scores.COSINE: 1.0, Scores.HALF_COSINE: 0.5}

LARGEST_N = 10**9
"""Negative items of a row."""


@dataclass(frozen=True, init=False, repr=False)
class Ranking(Signature):
    """The signature of a loss of one positive and of all negative items of a row.

    Attributes:
        scores: where pos and neg live.
        negatives: the largest number of negative items of a row; None for any number.
    """

    scores: Scores = field()
    negatives: int | None = field()

    def __init__(
        self,
        scores: Scores = Scores.SCORE,
        negatives: int | None = None,
        statistics: tuple[str, ...] = (),
    ) -> None:
        """Take what all else follows from; `Ranking.of` reads and checks it."""
        end = _SCORE_ENDS[scores]
        values = Values(-end, end)
        lives = {
            "beta": values,
            "n_pos": Values(1.0, _INFINITY, closed=True),
            "logq": Values(-_INFINITY, 0.0, True),
        }
        arguments = (
            Argument("pos", Role.PREDICTION, values),
            Argument("neg", Role.PREDICTION, values),
            _EPS,
            *(Argument(name, Role.CONSTANT, lives[name]) for name in statistics),
        )
        super().__init__("ranking", arguments, Link.IDENTITY, PAIRWISE.requirements)
        object.__setattr__(self, "scores", scores)
        object.__setattr__(self, "negatives", negatives)

    def __repr__(self) -> str:
        """Show what all else follows from."""
        return (
            f"Ranking(scores={self.scores!r}, negatives={self.negatives!r}, statistics={self.statistics!r})"
        )

    def __hash__(self) -> int:
        """Hash what all else follows from."""
        return hash((self.scores, self.negatives, self.statistics))

    @classmethod
    def of(
        cls, scores: str | None = None, negatives: object = None, statistics: tuple[str, ...] = ()
    ) -> Ranking:
        """Build one from a name and a number.

        Raises:
            OptionError: the name is not one of `Scores`, or negatives is no whole number from 1 on.
        """
        if scores is None:
            scores = Scores.SCORE
        if scores not in list(Scores):
            raise OptionError(
                unknown_name(
                    "input of a ranking loss", scores, map(str, Scores), "--input says where scores live"
                )
            )
        return cls(Scores(scores), checked_negatives(negatives), statistics)

    @property
    def statistics(self) -> tuple[str, ...]:
        """The statistics of the row that it takes."""
        return tuple(one.name for one in self.arguments if one.name in STATISTICS)

    @property
    def score_range(self) -> tuple[float, float]:
        """Ends of the open interval that scores live in."""
        end = _SCORE_ENDS[self.scores]
        return -end, end


def checked_negatives(value: object) -> int | None:
    """Return a number of negative items, None where it is not given.

    Raises:
        OptionError: it is no whole number between 1 and 1e9.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= LARGEST_N:
        raise OptionError(
            f"negatives is {str(value)[:40]}; it must be a whole number between 1 and {LARGEST_N:,}, the largest "
            "number of negative items of a row"
        )
    return value


_MEANS = (Input.POSITIVE, Input.LOG)
_INPUTS = {
    Labels.BINARY: (Input.PROBABILITY, Input.SCORE),
    Labels.UNIT: (Input.PROBABILITY, Input.SCORE),
    Labels.REAL: (Input.SCORE, Input.PROBABILITY),
    Labels.POSITIVE: (Input.POSITIVE, Input.LOG, Input.SCORE),
}
"""What predictions can be for each kind of labels, the usual one first."""

_USUAL_INPUT = {labels: inputs[0] for labels, inputs in _INPUTS.items()}

SIGNATURES: tuple[Signature, ...] = (
    *(Domain(labels, one) for labels, inputs in _INPUTS.items() for one in inputs),
    PAIRWISE,
)
"""All that there are: one for each kind of labels and predictions of pointwise losses, and the pairwise one."""


def signature_of(names: set[str]) -> Signature | None:
    """Return the pairwise signature where names of a formula are those of a pair, None where it is pointwise.

    Args:
        names: the names that occur in it.

    Raises:
        OptionError: names of both occur.
    """
    if not names & {"pos", "neg"}:
        return None
    mixed = sorted(names & {"yhat", "y"})
    if mixed:
        raise OptionError(MIXED_KINDS)
    return PAIRWISE


MIXED_KINDS = (
    "a formula is in yhat and y (a prediction and its label) or in pos and neg (the scores of a positive and of a "
    "negative item), not in both; write it in one of the two pairs"
)
