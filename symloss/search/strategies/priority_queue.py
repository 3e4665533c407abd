"""The best losses ever, one for each gradient (priority queue training: Abolafia et al., 2018)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from symloss.search.candidates.tokens import Tokens
from symloss.search.strategies.shaping import USELESS


class PriorityQueue:
    """The k losses of highest value among all that were added, each gradient once."""

    def __init__(self, size: int, n_steps: int) -> None:
        """Start empty, for at most `size` losses of `n_steps` steps."""
        self._size = size
        self._n_steps = n_steps
        self._rows = np.zeros((0, n_steps, 3), np.int32)
        self._values = np.zeros(0, np.float64)
        self._identities = np.zeros(0, np.int64)

    def __len__(self) -> int:
        """Return the number of losses."""
        return len(self._values)

    def tokens(self) -> Tokens:
        """Return the losses, best first."""
        return Tokens(*(np.ascontiguousarray(self._rows[:, :, part]) for part in range(3)))

    def add(self, tokens: Tokens, values: NDArray[np.float64], identities: NDArray[np.intp]) -> None:
        """Let losses in; one whose gradient is here already only renews the value.

        Args:
            tokens: K losses.
            values: float64[K]; those of `USELESS` stay out.
            identities: int[K], numbers of their gradients; -1 (not known) counts as different from all others.
        """
        # of the same gradient twice in a batch, the last counts: its value is the newest
        last = {int(identity): k for k, identity in enumerate(identities) if identity >= 0}
        held = self._identities.tolist()
        for place, identity in enumerate(held):
            if identity in last:
                self._values[place] = values[last[identity]]
        wanted = [k for identity, k in last.items() if identity not in held]
        wanted += np.flatnonzero(identities < 0).tolist()
        chosen = np.array([k for k in sorted(wanted) if values[k] > USELESS], np.intp)
        merged = np.concatenate([self._values, values[chosen]])
        best = np.argsort(-merged, kind="stable")[: self._size]
        self._values = merged[best]
        self._rows = np.concatenate([self._rows, np.stack(tokens.take(chosen).parts(), axis=2)])[best]
        self._identities = np.concatenate([self._identities, identities[chosen].astype(np.int64)])[best]

    def state(self) -> dict[str, Any]:
        """Return losses, values and identities as arrays."""
        return {
            "rows": self._rows.copy(),
            "values": self._values.copy(),
            "identities": self._identities.copy(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from what `state` gave."""
        self._rows = np.asarray(state["rows"], np.int32).reshape(-1, self._n_steps, 3)
        self._values = np.array(state["values"], np.float64)
        self._identities = np.array(state["identities"], np.int64)
