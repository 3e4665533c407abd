"""What all criteria take and say alike: from_logits, weight, and what lies outside of a loss's domain."""

from __future__ import annotations

from dataclasses import dataclass

from symloss.domain import Labels
from symloss.loss import Loss

NO_SIGMOID = "from_logits is for losses of a probability; this loss takes its yhat as it is"


@dataclass(frozen=True)
class DomainSentences:
    """Messages for values outside of a domain."""

    prediction: str
    label: str


def domain_sentences(loss: Loss) -> DomainSentences:
    """Return what exported code says of predictions and labels that the loss is not made for."""
    real = loss.domain.labels is Labels.REAL
    label = "y must be finite numbers" if real else "y must be 0 or 1, or between"
    return DomainSentences("yhat must be probabilities in [0, 1]; for raw scores set from_logits=True", label)


def label_test(loss: Loss, module: str) -> str:
    """Return a condition on y in the code of a framework."""
    return f"{module}.isfinite(y)" if loss.domain.labels is Labels.REAL else "(y >= 0) & (y <= 1)"
