"""What can go wrong between this process and the machines that train."""

from __future__ import annotations

from symloss.errors import SymlossError


class EngineError(SymlossError):
    """Machines that were to train can't be reached, are lost, or failed again and again."""
