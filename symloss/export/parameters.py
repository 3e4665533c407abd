"""What all criteria take and say alike: from_logits, weight, and what lies outside of a loss's domain."""

from __future__ import annotations

from dataclasses import dataclass

from symloss.export.header import WIDTH
from symloss.loss import Loss
from symloss.signature import Labels

NO_SIGMOID = "from_logits is for losses of a probability, not for this one"


def refusal(sentence: str, indent: int, further: int = 0) -> str:
    """Return the statement that raises a ValueError, on one line or, where that would be too long, on three.

    Args:
        sentence: what the error says.
        indent: blanks before each line.
        further: blanks that come before them later.
    """
    statement = f'raise ValueError("{sentence}")'
    lines = [statement]
    if indent + further + len(statement) > WIDTH:
        lines = ["raise ValueError(", f'    "{sentence}"', ")"]
    return "\n".join(" " * indent + line for line in lines)


@dataclass(frozen=True)
class DomainSentences:
    """Messages for values outside of a domain."""

    prediction: str
    label: str


def domain_sentences(loss: Loss) -> DomainSentences:
    """Return what exported code says of predictions and labels that the loss is not made for."""
    label = {
        Labels.REAL: "y must be finite numbers",
        Labels.POSITIVE: "y must be finite numbers from 0 upwards",
    }.get(loss.domain.labels, "y must be 0 or 1, or between")
    return DomainSentences("yhat must lie in [0, 1]; for raw scores set from_logits=True", label)


def label_test(loss: Loss, module: str) -> str:
    """Return a condition on y in the code of a framework."""
    if loss.domain.labels is Labels.POSITIVE:
        return f"{module}.isfinite(y) & (y >= 0)"
    return f"{module}.isfinite(y)" if loss.domain.labels is Labels.REAL else "(y >= 0) & (y <= 1)"
