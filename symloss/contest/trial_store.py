"""Where finished trainings are remembered, so that a run that was cut off need not train them again."""

from __future__ import annotations

from typing import Any, Protocol


class Store(Protocol):
    """Facts by key; a value is plain data for JSON and never changes once it is put."""

    def get(self, key: str) -> dict[str, Any] | None:
        """Return what was put under `key`, or None."""
        ...

    def put(self, key: str, value: dict[str, Any]) -> None:
        """Remember `value` under `key`."""
        ...


class NoStore:
    """Remembers nothing."""

    def get(self, key: str) -> dict[str, Any] | None:
        """Return None."""
        return None

    def put(self, key: str, value: dict[str, Any]) -> None:
        """Do nothing."""
