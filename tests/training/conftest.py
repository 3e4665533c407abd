"""A small data set with something to learn in it."""

from __future__ import annotations

import numpy as np
import pytest

from symloss.data.dataset import Dataset, Interactions
from symloss.signature import Labels

USERS, ITEMS = 40, 30


def _part(generator, user_taste, item_taste, rows, real=False):
    users, items = generator.integers(0, USERS, rows), generator.integers(0, ITEMS, rows)
    strength = (user_taste[users] * item_taste[items]).sum(-1) + generator.normal(0, 0.3, rows)
    return Interactions.of(users, items, 3 + strength if real else strength > 0)


@pytest.fixture(scope="session")
def dataset():
    generator = np.random.default_rng(11)
    tastes = generator.normal(0, 1, (USERS, 3)), generator.normal(0, 1, (ITEMS, 3))
    return Dataset("made up", *(_part(generator, *tastes, rows) for rows in (900, 200, 200)), USERS, ITEMS)


@pytest.fixture(scope="session")
def ratings():
    generator = np.random.default_rng(12)
    tastes = generator.normal(0, 1, (USERS, 3)), generator.normal(0, 1, (ITEMS, 3))
    parts = (_part(generator, *tastes, rows, real=True) for rows in (900, 200, 200))
    return Dataset("made up ratings", *parts, USERS, ITEMS, labels=Labels.REAL)
