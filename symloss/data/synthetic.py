r"""Made-up interactions of any size, from a latent-factor model; the same for the same options.

User u and item i have factors p_u, q_i in R^d, and biases; a label is drawn with probability

    P(label = 1) = sigmoid(c + b_u + b_i + <p_u, q_i> / sqrt(d)),   b_u ~ N(0, 0.5^2), b_i ~ N(0, 0.8^2),

the entries of p and q are normal with variance `signal`, and c makes the positive share what was asked for.
Who meets whom does not depend on the labels: items are met with probability proportional to rank^-skew
(Zipf's law), users are active by a log-normal law, and no pair occurs twice, as pairs are drawn one by one
without replacement. A user's interactions lie an exponential time after a start of the user's own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from symloss.data.dataset import Dataset
from symloss.data.ratings import prepare
from symloss.data.split import time_order
from symloss.errors import OptionError
from symloss.signature import Labels

_GRID = 2**24
"""Up to this many pairs (0.2 GB of keys), all are given a key at once."""
_DAY = 86_400


@dataclass(frozen=True)
class SyntheticOptions:
    """Size and nature of the data; the default is as large as ml-100k.

    Args:
        users: number of users, from 1.
        items: number of items, from 1.
        interactions: number of rows, from 1 to users * items (to a fifth of it for large data).
        factors: dimension of the factors, from 1 to 1024.
        signal: standard deviation of <p_u, q_i> / sqrt(d), from 0 to 100.
        skew: exponent of the popularity of items, from 0 (all alike) to 3.
        activity: standard deviation of the logarithm of users' activity, from 0 (all alike) to 3.
        positive_share: share of labels that are 1, between 0 and 1.
        seed: from 0.

    Raises:
        OptionError: an option is out of range.
    """

    users: int = 943
    items: int = 1682
    interactions: int = 100_000
    factors: int = 8
    signal: float = 1.5
    skew: float = 0.8
    activity: float = 0.8
    positive_share: float = 0.55
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the ranges."""
        largest = 2**31 - 1
        for name, low, high in (
            ("users", 1, largest),
            ("items", 1, largest),
            ("interactions", 1, largest),
            ("factors", 1, 1024),
            ("signal", 0, 100),
            ("skew", 0, 3),
            ("activity", 0, 3),
            ("positive_share", 0.01, 0.99),
            ("seed", 0, 2**63 - 1),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise OptionError(f"synthetic data: {name} {value} is not allowed; from {low} to {high}")
        pairs = self.users * self.items
        most = pairs if pairs <= _GRID else pairs // 5
        if self.interactions > most:
            raise OptionError(
                f"synthetic data: interactions {self.interactions:,} is not allowed; with "
                f"{self.users:,} users and {self.items:,} items at most {most:,}, as no pair occurs twice; "
                f"take fewer interactions, or more users or items"
            )


@dataclass(frozen=True, eq=False)
class Generated:
    """What the model gives, in no order.

    Args:
        users: int32[n].
        items: int32[n].
        labels: int8[n], 0 or 1.
        times: int64[n], seconds from 0.
        probabilities: float64[n], of label 1; what a perfect recommender would predict.
    """

    users: NDArray[np.int32]
    items: NDArray[np.int32]
    labels: NDArray[np.int8]
    times: NDArray[np.int64]
    probabilities: NDArray[np.float64]


def generate(options: SyntheticOptions) -> Generated:
    """Draw interactions as the module's docstring says.

    Raises:
        OptionError: skew and activity leave too few pairs likely enough to be met.
    """
    # A stream for each purpose: more items, say, don't change the users.
    streams = (np.random.default_rng(seed) for seed in np.random.SeedSequence(options.seed).spawn(5))
    for_users, for_items, for_pairs, for_times, for_labels = streams
    activity = np.exp(options.activity * for_users.standard_normal(options.users))
    popularity = for_items.permutation(np.arange(1, options.items + 1) ** -float(options.skew))
    users, items = _pairs(activity, popularity, options.interactions, for_pairs)
    scale = np.sqrt(options.signal)
    p = scale * for_users.standard_normal((options.users, options.factors), dtype=np.float32)
    q = scale * for_items.standard_normal((options.items, options.factors), dtype=np.float32)
    score = (
        0.5 * for_users.standard_normal(options.users)[users]
        + 0.8 * for_items.standard_normal(options.items)[items]
        + _products(p, q, users, items) / np.sqrt(options.factors)
    )
    probabilities = _sigmoid(score + _offset(score, options.positive_share))
    labels = (for_labels.random(len(users)) < probabilities).astype(np.int8)
    start = for_times.uniform(0, 200 * _DAY, options.users)
    times = (start[users] + for_times.exponential(5 * _DAY, len(users))).astype(np.int64)
    return Generated(users, items, labels, times, probabilities)


def load_synthetic(options: SyntheticOptions | None = None, labels: Labels = Labels.BINARY) -> Dataset:
    """Generate a data set and split it by time as ml-100k is, at every size.

    Args:
        options: size and nature.
        labels: what the labels are said to be; they are 0 and 1 anyway.

    Raises:
        DataError: the data is so small that nothing is left to validate or test on.
        OptionError: see `generate`.
    """
    options = options or SyntheticOptions()
    made = generate(options)
    return prepare(
        "synthetic",
        made.users,
        made.items,
        made.labels,
        order=time_order(made.times),
        sizes=(options.users, options.items),
        threshold=0.5,
        labels=labels,
        source=f"generated: {options}, split by time",
    )


def _pairs(
    activity: NDArray[np.float64], popularity: NDArray[np.float64], count: int, rng: np.random.Generator
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Draw distinct pairs one by one, each with probability proportional to activity times popularity."""
    n_items = len(popularity)
    if len(activity) * n_items <= _GRID:
        # Exponential variables divided by the weights: the smallest are a draw without replacement.
        # In the order of their values the grid is only partly sorted, which is all that is needed.
        keys = rng.standard_exponential(len(activity) * n_items, dtype=np.float32).reshape(-1, n_items)
        keys /= activity[:, None].astype(np.float32)
        keys /= popularity.astype(np.float32)
        chosen = np.sort(np.argpartition(keys, count - 1, axis=None)[:count])
    else:
        # Drawing with replacement and skipping repeats has the same law.
        chosen = np.empty(0, dtype=np.int64)
        to_user, to_item = (np.cumsum(weights) / weights.sum() for weights in (activity, popularity))
        fresh = 1.0
        while missing := count - len(chosen):
            # As many as should be enough, going by how many were fresh in the last round.
            size = min(int(1.25 * missing / fresh), 4 * count) + 1_000
            user = np.minimum(np.searchsorted(to_user, rng.random(size)), len(activity) - 1)
            item = np.minimum(np.searchsorted(to_item, rng.random(size)), n_items - 1)
            drawn = np.concatenate([chosen, user * n_items + item])
            first = np.unique(drawn, return_index=True)[1]
            fresh = (len(first) - len(chosen)) / size
            chosen = drawn[np.sort(first)[:count]]
            if fresh < 0.01:
                raise OptionError(
                    f"synthetic data: only {len(chosen):,} of {count:,} distinct pairs are likely enough; "
                    f"take fewer interactions, or a smaller skew or activity"
                )
    return (chosen // n_items).astype(np.int32), (chosen % n_items).astype(np.int32)


def _products(
    p: NDArray[np.float32], q: NDArray[np.float32], users: NDArray[np.int32], items: NDArray[np.int32]
) -> NDArray[np.float64]:
    """Return <p_u, q_i> for each row, one factor at a time: no array of rows times factors."""
    total = np.zeros(len(users), dtype=np.float64)
    for k in range(p.shape[1]):
        total += p[users, k] * q[items, k]
    return total


def _offset(score: NDArray[np.float64], share: float) -> float:
    """Find c such that sigmoid(score + c) has the mean `share`, by bisection on at most 100,000 rows."""
    sample = score[:: max(1, len(score) // 100_000)]
    low, high = -score.max() - 50.0, -score.min() + 50.0
    for _ in range(60):
        middle = (low + high) / 2
        if _sigmoid(sample + middle).mean() < share:
            low = middle
        else:
            high = middle
    return float((low + high) / 2)


def _sigmoid(x: NDArray[np.float64]) -> NDArray[np.float64]:
    # By way of tanh, which can't overflow.
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * x)))
