"""Which gradients a strategy was told of, one bit each."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class SeenGradients:
    """A set of gradient numbers, as the proxy test gives them: 0, 1, 2 and so on."""

    def __init__(self) -> None:
        """Start empty."""
        self._seen = np.zeros(1024, np.bool_)

    def __contains__(self, number: int) -> bool:
        """Return whether a number was added; -1 never was."""
        return 0 <= number < len(self._seen) and bool(self._seen[number])

    def add(self, number: int) -> None:
        """Add a number; -1 (no gradient) is left out."""
        while number >= len(self._seen):
            self._seen = np.concatenate([self._seen, np.zeros_like(self._seen)])
        if number >= 0:
            self._seen[number] = True

    def state(self) -> NDArray[np.uint8]:
        """Return the set as an array."""
        return np.packbits(self._seen)

    def restore(self, state: Any) -> None:
        """Continue from what `state` gave."""
        self._seen = np.unpackbits(np.asarray(state, np.uint8)).astype(np.bool_)
