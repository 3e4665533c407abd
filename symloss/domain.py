"""The symbols of a loss and the sets that they range over.

A loss is a function f(yhat, y; eps). What can be proved about it depends on
where its arguments live, so every loss carries a `Domain`:

* `labels`: what y can be: "binary" ({0, 1}), "unit" ([0, 1]) or "real".
* `input`: what yhat is: a "probability", the open interval (0, 1), or a raw
  "score", any real number (a logit, before the sigmoid).
* eps is a positive number, a smoothing that can be tuned.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import sympy

from symloss.errors import OptionError, unknown_name

yhat = sympy.Symbol("yhat", real=True)
y = sympy.Symbol("y", real=True)
eps = sympy.Symbol("eps", positive=True)

SYMBOLS: dict[str, sympy.Symbol] = {"yhat": yhat, "y": y, "eps": eps}

DEFAULT_EPS = 1e-6
"""The value of eps where none is given (AutoLossGen, section 4.1)."""


class Labels(StrEnum):
    """What the label y can be."""

    BINARY = "binary"
    UNIT = "unit"
    REAL = "real"


class Input(StrEnum):
    """What the prediction yhat is."""

    PROBABILITY = "probability"
    SCORE = "score"


@dataclass(frozen=True)
class Domain:
    """Where yhat and y live; the default is a probability with binary labels."""

    labels: Labels = Labels.BINARY
    input: Input = Input.PROBABILITY

    @classmethod
    def of(cls, labels: str = "binary", input: str | None = None) -> Domain:
        """Build a domain from names; with real labels the prediction defaults to a raw score.

        Raises:
            OptionError: a name is not one of those of `Labels` or `Input`.
        """
        if labels not in list(Labels):
            raise OptionError(
                unknown_name("label domain", labels, map(str, Labels), "--labels takes one of these")
            )
        if input is None:
            input = Input.SCORE if labels == Labels.REAL else Input.PROBABILITY
        if input not in list(Input):
            raise OptionError(unknown_name("input", input, map(str, Input), "--input takes one of these"))
        return cls(Labels(labels), Input(input))

    @property
    def label_values(self) -> tuple[int, ...] | None:
        """The finite set of labels, or None where labels fill an interval."""
        return (0, 1) if self.labels is Labels.BINARY else None

    @property
    def yhat_range(self) -> tuple[float, float]:
        """Ends of the open interval that yhat lies in."""
        return (0.0, 1.0) if self.input is Input.PROBABILITY else (-float("inf"), float("inf"))

    @property
    def y_range(self) -> tuple[float, float]:
        """Ends of the closed interval that y lies in (the hull of {0, 1} for binary labels)."""
        return (-float("inf"), float("inf")) if self.labels is Labels.REAL else (0.0, 1.0)
