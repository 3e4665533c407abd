"""A data set small enough to train on in milliseconds, shared by the tests of the search."""

from __future__ import annotations

import numpy as np
import pytest

from symloss.data.dataset import Dataset, Interactions
from symloss.signature import Labels


def make_dataset(rows: int = 400, labels: Labels = Labels.BINARY, seed: int = 5) -> Dataset:
    """Draw users who like one half of the items, with some noise."""
    generator = np.random.default_rng(seed)
    users, items = 20, 16

    def part(count: int) -> Interactions:
        user = generator.integers(users, size=count)
        item = generator.integers(items, size=count)
        likes = ((user % 2) == (item % 2)) ^ (generator.random(count) < 0.1)
        label = likes.astype(np.float32)
        if labels is not Labels.BINARY:
            label = 0.2 + 0.6 * label
        return Interactions.of(user, item, label)

    return Dataset("tiny", part(rows), part(120), part(120), users, items, labels=labels)


@pytest.fixture(scope="session")
def tiny() -> Dataset:
    return make_dataset()
