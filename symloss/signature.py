"""The symbols of a loss and the sets that they range over.

A loss is a function f(yhat, y; eps). What can be proved about it depends on
where its arguments live, so every loss carries a `Domain`:

* `labels`: what y can be: "binary" ({0, 1}), "unit" ([0, 1]), "real", or
  "positive" (y >= 0: counts, waiting times, amounts).
* `input`: what yhat is: a "probability", the open interval (0, 1); a raw
  "score", any real number (a logit, before the sigmoid); for positive labels
  also "positive", a mean above 0, or "log", the logarithm of the mean. The right
  direction is towards yhat = y, for "log" towards exp(yhat) = y.
* eps is a positive number, a smoothing that can be tuned.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import sympy

from symloss.constants import DEFAULT_EPS as DEFAULT_EPS
from symloss.errors import OptionError, unknown_name

yhat = sympy.Symbol("yhat", real=True)
y = sympy.Symbol("y", real=True)
eps = sympy.Symbol("eps", positive=True)

SYMBOLS: dict[str, sympy.Symbol] = {"yhat": yhat, "y": y, "eps": eps}


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


@dataclass(frozen=True)
class Domain:
    """Where yhat and y live; the default is a probability with binary labels."""

    labels: Labels = Labels.BINARY
    input: Input = Input.PROBABILITY

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
        return cls(Labels(labels), Input(input))

    @property
    def label_values(self) -> tuple[int, ...] | None:
        """The finite set of labels, or None where labels fill an interval."""
        return (0, 1) if self.labels is Labels.BINARY else None

    @property
    def yhat_range(self) -> tuple[float, float]:
        """Ends of the open interval that yhat lies in."""
        if self.input is Input.PROBABILITY:
            return (0.0, 1.0)
        return (0.0 if self.input is Input.POSITIVE else -float("inf"), float("inf"))

    @property
    def y_range(self) -> tuple[float, float]:
        """Ends of the closed interval that y lies in (the hull of {0, 1} for binary labels)."""
        if self.labels is Labels.POSITIVE:
            return (0.0, float("inf"))
        return (-float("inf"), float("inf")) if self.labels is Labels.REAL else (0.0, 1.0)

    @property
    def is_line(self) -> bool:
        """Whether yhat can be any real number."""
        return self.input in (Input.SCORE, Input.LOG)


_MEANS = (Input.POSITIVE, Input.LOG)
_INPUTS = {
    Labels.BINARY: (Input.PROBABILITY, Input.SCORE),
    Labels.UNIT: (Input.PROBABILITY, Input.SCORE),
    Labels.REAL: (Input.SCORE, Input.PROBABILITY),
    Labels.POSITIVE: (Input.POSITIVE, Input.LOG, Input.SCORE),
}
"""What predictions can be for each kind of labels, the usual one first."""

_USUAL_INPUT = {labels: inputs[0] for labels, inputs in _INPUTS.items()}
