"""What a search strategy is: it is asked for losses and told their rewards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from symloss.search.candidates.tokens import Tokens


@dataclass(frozen=True, eq=False)
class Feedback:
    """One entry for each loss of the batch, in the order of the batch."""

    #: the reward of each loss
    rewards: NDArray[np.float64]
    #: the number of each loss's gradient, so that equal losses can be told; -1: none
    identities: NDArray[np.intp]
    #: the share of the check points where the loss's gradient points the right way
    right_way: NDArray[np.float64]


class Strategy(Protocol):
    """Proposes losses; one loop runs all strategies.

    Attributes:
        name: its name in `--strategy`.
    """

    name: str

    def ask(self, n: int) -> Tokens:
        """Return n losses (n >= 1) to try."""
        ...

    def tell(self, tokens: Tokens, feedback: Feedback) -> None:
        """Learn what became of losses; rewards are finite, and higher is better."""
        ...

    def warm_start(self, tokens: Tokens) -> None:
        """Begin from these losses (K >= 1): they are asked for first, and learned from.

        Raises:
            OptionError: they are not losses of the strategy's grammar.
        """
        ...

    def state(self) -> dict[str, Any]:
        """Return all that is needed to continue, bit for bit: arrays, numbers, text, None, and dicts of them."""
        ...

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from what `state` gave, for a strategy of the same grammar."""
        ...
