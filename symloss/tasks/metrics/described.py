"""Metrics as a run keeps them: name, title and direction, enough to read results where nobody can measure them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from symloss.errors import OptionError
from symloss.tasks.metric import Metric
from symloss.tasks.metrics.registry import get
from symloss.tasks.part import Part

if TYPE_CHECKING:
    from torch import Tensor


class Described(Metric):
    """A metric of a task that is not here: it ranks results, and refuses to measure."""

    def __init__(self, name: str, title: str, higher_is_better: bool) -> None:
        """Take what a run says of it."""
        self.name, self.title, self.higher_is_better = name, title, higher_is_better

    def refuses(self, part: Part) -> str:
        """As in `Metric`: always."""
        del part
        return f"the metric {self.name!r} is only known by name here; give the task that it belongs to"

    def measure(
        self, scores: NDArray[np.float32], predictions: NDArray[np.float32], labels: NDArray[np.float32]
    ) -> NoReturn:
        """Refuse.

        Raises:
            OptionError: always.
        """
        raise OptionError(
            f"the metric {self.name!r} is only known by name here; give the task that it belongs to"
        )

    def measure_many(self, scores: Tensor, predictions: Tensor, labels: Tensor) -> NoReturn:
        """Refuse.

        Raises:
            OptionError: always.
        """
        raise OptionError(
            f"the metric {self.name!r} is only known by name here; give the task that it belongs to"
        )


def describe(metrics: Iterable[Metric]) -> list[dict[str, Any]]:
    """Return what `described` reads, ready for JSON."""
    return [
        {"name": one.name, "title": one.title, "higher_is_better": one.higher_is_better} for one in metrics
    ]


def described(document: object) -> tuple[Metric, ...]:
    """Return the metrics that `describe` wrote, themselves where they are known here; what is damaged is left out."""
    found: list[Metric] = []
    for one in document if isinstance(document, list) else []:
        if not isinstance(one, Mapping):
            continue
        name, title, higher = one.get("name"), one.get("title"), one.get("higher_is_better")
        if isinstance(name, str) and isinstance(title, str) and isinstance(higher, bool):
            found.append(_known(name) or Described(name[:40], title[:40], higher))
    return tuple(found)


def _known(name: str) -> Metric | None:
    try:
        return get(name)
    except OptionError:
        return None
