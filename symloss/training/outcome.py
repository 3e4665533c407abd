"""How training ended, as whole sentences, so that logs, reports and errors agree."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """How the training of one member ended."""

    CONVERGED = "converged: the validation metric stopped improving"
    MAX_EPOCHS = "stopped at the largest number of epochs while still improving"
    DIVERGED = "diverged: the loss or a weight became NaN or infinite"
    INTERRUPTED = "interrupted: the metrics are those of the best epoch so far"
    TRAINED = "trained for the one epoch asked for"
