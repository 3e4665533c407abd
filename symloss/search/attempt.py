"""What trying one loss on the training set gave."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Attempt:
    """The best of the ways one loss was tried."""

    #: the validation metric it reached; None where the recommender became not finite
    metric: float | None
    #: the eps the loss was trained with
    eps: float
    #: what the loss was multiplied by
    scale: float
