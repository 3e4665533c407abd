"""How much memory training takes, as a model declares it; `symloss.training.memory` plans with it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MemoryNeed:
    """Bytes, apart by what would reduce them.

    Attributes:
        entities: users and items, together.
        by_entity: a member needs so much for each of them.
        batch_size: rows of a step.
        by_batch_row: a member needs so much for each of them.
        rows: training rows.
        by_row: needed for each of them and each different order of rows.
        shared: needed once, for any number of members.
        by_member: a member needs so much besides.
        state: of a state that was brought to the host, without what the optimizer remembers.
    """

    entities: int
    by_entity: int
    batch_size: int
    by_batch_row: int
    rows: int
    by_row: int
    shared: int
    by_member: int = 0
    state: int = 0
