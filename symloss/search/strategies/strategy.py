"""What a search strategy is: it is asked for losses and told their rewards."""

from __future__ import annotations

from typing import Any, Protocol

from symloss.search.feedback import Feedback
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
