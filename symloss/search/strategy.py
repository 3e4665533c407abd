"""What a search strategy is: it is asked for losses and told their rewards."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from symloss.search.tokens import Tokens


class Strategy(Protocol):
    """Proposes losses; one loop runs all strategies.

    Attributes:
        name: its name in `--strategy`.
    """

    name: str

    def ask(self, n: int) -> Tokens:
        """Return n losses (n >= 1) to try."""
        ...

    def tell(self, tokens: Tokens, rewards: NDArray[np.float64]) -> None:
        """Learn from the rewards (float64[K], higher is better, all finite) of losses that it was asked for."""
        ...

    def state(self) -> dict[str, Any]:
        """Return all that is needed to continue: arrays, numbers, text, and dicts of them."""
        ...

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from what `state` gave, for a strategy of the same grammar."""
        ...
