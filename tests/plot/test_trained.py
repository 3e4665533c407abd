"""Consistency curves, reliability, landscapes and search progress, against numbers computed here."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from symloss import zoo
from symloss.data.dataset import Dataset, Interactions
from symloss.errors import OptionError
from symloss.models import registry
from symloss.models.mf.trainer import FusedMF
from symloss.plot import (
    best_predictions,
    consistency,
    landscape_figure,
    landscape_grid,
    progress_curves,
    progress_figure,
    reliability_bins,
    reliability_figure,
)
from symloss.plot.consistency import consistency_curve
from symloss.plot.landscape import Landscape
from tests.models.by_hand import ByHand
from tests.plot.measure import assert_nothing_cut

P = np.linspace(0, 1, 41)


def test_proper_losses_predict_p() -> None:
    for loss in (zoo.mse, zoo.bce):
        np.testing.assert_allclose(best_predictions(loss, P), P, atol=1e-6)


def test_best_prediction_of_maxr() -> None:
    # From the derivative: 10 (1 - p) = p * 1.1/(yhat + 0.1)**2, clipped to [0, 1].
    p = P[1:-1]
    wanted = np.clip(np.sqrt(0.11 * p / (1 - p)) - 0.1, 0, 1)
    np.testing.assert_allclose(best_predictions(zoo.maxr.with_eps(0.1), p), wanted, atol=1e-6)


def test_a_jump_is_found() -> None:
    # The hinge loss of the paper: no prediction is too low for p < 1/2, and 1 is best for p > 1/2.
    _, best, jumps = consistency_curve(zoo.hinge)
    assert len(jumps) == 1 and jumps[0][0] == pytest.approx(0.5, abs=1e-5)
    assert jumps[0][2] == pytest.approx(1 / (1 + np.exp(-1)), abs=1e-6)
    assert np.isnan(best).sum() == 1
    axes = consistency([zoo.mse, zoo.hinge], Figure().add_subplot())
    assert sum(line.get_label() == "_jump" for line in axes.lines) == 1


def test_shares_out_of_range() -> None:
    with pytest.raises(OptionError, match="from 0 to 1"):
        best_predictions(zoo.mse, [0.5, 1.2])


def test_reliability_bins_count() -> None:
    predictions, labels = [0.05, 0.08, 0.95, 1.0, 0.5], [0, 1, 1, 1, 0]
    found = reliability_bins(predictions, labels, bins=10)
    assert found.count.tolist() == [2, 0, 0, 0, 0, 1, 0, 0, 0, 2]
    assert found.observed[0] == 0.5 and found.predicted[9] == pytest.approx(0.975)
    wanted = (2 * abs(0.065 - 0.5) + 1 * 0.5 + 2 * abs(0.975 - 1)) / 5
    assert found.error == pytest.approx(wanted)
    # Wilson's interval for 1 of 2, from the formula of the paper: the roots of (p - s)**2 = z**2 p (1 - p)/n.
    z2 = 1.959963984540054**2
    roots = np.sort(np.roots([1 + z2 / 2, -(2 * 0.5 + z2 / 2), 0.25]))
    assert (found.low[0], found.high[0]) == pytest.approx(tuple(roots))


def test_reliability_agrees_with_scikit_learn() -> None:
    calibration = pytest.importorskip("sklearn.calibration")
    random = np.random.default_rng(0)
    p = random.random(5000)
    y = (random.random(5000) < p**2).astype(int)
    observed, predicted = calibration.calibration_curve(y, p, n_bins=10)
    found = reliability_bins(p, y)
    np.testing.assert_allclose(found.observed, observed)
    np.testing.assert_allclose(found.predicted, predicted)
    assert_nothing_cut(reliability_figure({"a": found, "b": found}, title="mf on made-up data"))


@pytest.mark.parametrize(
    ("predictions", "labels", "says"),
    [
        ([], [], "at least 1"),
        ([0.5], [1, 0], "as many"),
        ([1.5], [1], "probabilities"),
        ([np.nan], [1], "probab"),
    ],
)
def test_reliability_errors(predictions: list[float], labels: list[int], says: str) -> None:
    with pytest.raises(OptionError, match=says):
        reliability_bins(predictions, labels)


def small() -> Dataset:
    random = np.random.default_rng(1)
    parts = [
        Interactions.of(random.integers(0, 12, n), random.integers(0, 9, n), random.integers(0, 2, n))
        for n in (200, 30, 30)
    ]
    return Dataset("small", *parts, n_users=12, n_items=9)


@pytest.mark.parametrize("name", ["mf", "mlp"])
def test_landscape(name: str) -> None:
    data, model, hand = small(), registry.get(name), ByHand(name)
    state = hand.initial_state(12, 9, 3)
    scores = hand.predict(state, data.train.users, data.train.items).astype(float)
    wanted = np.mean((1 / (1 + np.exp(-scores)) - data.train.labels) ** 2)
    found = landscape_grid(model, state, data, zoo.mse, points=5, seed=7)
    assert found.values[2, 2] == pytest.approx(wanted, abs=1e-6)
    assert np.ptp(found.values) > 1e-4
    # The state is left alone, and the picture depends on the seed.
    np.testing.assert_array_equal(
        hand.predict(state, data.train.users, data.train.items), scores.astype(np.float32)
    )
    again = landscape_grid(model, state, data, zoo.mse, points=5, seed=7)
    np.testing.assert_array_equal(again.values, found.values)
    other = landscape_grid(model, state, data, zoo.mse, points=5, seed=8)
    assert not np.array_equal(other.values, found.values)


def test_landscape_directions_have_the_length_of_each_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """For scores linear in the embeddings of items alone the loss along a direction is known."""
    data = small()
    seen = []

    class Watching(FusedMF):
        def scores(self, states, part):  # type: ignore[no-untyped-def]
            (state,) = states
            seen.append(np.column_stack([state.user_embedding, state.user_bias]).astype(float))
            return super().scores(states, part)

    monkeypatch.setattr("symloss.models.mf.trainer.FusedMF", Watching)
    state = ByHand("mf").initial_state(12, 9, 3)
    landscape_grid(registry.get("mf"), state, data, zoo.mse, points=3, reach=2.0)
    start = np.column_stack([state.user_embedding, state.user_bias])
    # seen[4] is the middle, seen[5] two steps along the first direction, seen[7] along the second.
    np.testing.assert_allclose(seen[4], start)
    for moved in (seen[5], seen[7]):
        np.testing.assert_allclose(
            np.linalg.norm(moved - start, axis=1), 2 * np.linalg.norm(start, axis=1), rtol=1e-4
        )


def test_landscape_errors_and_figure() -> None:
    model, data = registry.get("mf"), small()
    state = ByHand("mf").initial_state(12, 9, 3)
    with pytest.raises(OptionError, match="reach"):
        landscape_grid(model, state, data, zoo.mse, reach=0)
    axis = np.linspace(-1, 1, 9)
    bowl = axis[:, None] ** 2 + axis**2
    flat, poles = np.ones((9, 9)), bowl.copy()
    poles[0, 0], poles[8, 8] = np.nan, 1e9
    found = {
        name: Landscape(axis, axis, grid, "train", 10)
        for name, grid in (("a", bowl), ("b", flat), ("c", poles))
    }
    assert_nothing_cut(landscape_figure(found))


def history(loops: int) -> list[dict[str, object]]:
    return [
        {
            "loop": k,
            "seconds": 0.5 * k,
            "sampled": 100 * k,
            "trained": 7 * k,
            "zero_gradient": 20 * k,
            "duplicate": 0,
            "wrong_direction": 30 * k,
            "metric": 0.5 + 0.01 * (k // 3),
            "adopted": k % 3 == 0,
            "tried": None if k % 2 else 0.49,
        }
        for k in range(1, loops + 1)
    ]


@pytest.mark.parametrize("size", ["single", "double"])
@pytest.mark.parametrize("loops", [1, 30])
def test_progress(size: str, loops: int) -> None:
    drawn = progress_figure(history(loops), title="Search in demo", size=size)
    assert_nothing_cut(drawn)
    accepted = [line for line in drawn.axes[0].lines if line.get_label() == "accepted"]
    assert [int(x) for line in accepted for x in line.get_xdata()] == list(range(3, loops + 1, 3))
    labels = [line.get_label() for line in drawn.axes[1].lines]
    assert "sampled" in labels and "dropped: duplicate" not in labels


def test_progress_of_fresh_rewards_shows_the_best_so_far() -> None:
    tried = [None, 0.6, 0.5, None, 0.7, 0.65]
    records = [
        {**row, "tried": value, "adopted": False} for row, value in zip(history(6), tried, strict=True)
    ]
    for higher, wanted in ((True, [0.6, 0.6, 0.6, 0.7, 0.7]), (False, [0.6, 0.5, 0.5, 0.5, 0.5])):
        axes = progress_curves(records, Figure().add_subplot(), adopts=False, higher_is_better=higher)
        best = next(line for line in axes.lines if line.get_label() == "best so far")
        np.testing.assert_array_equal(best.get_ydata(), [np.nan, *wanted])


def test_progress_takes_axes_of_its_caller() -> None:
    pair = Figure().subplots(1, 2)
    assert progress_curves(history(5), pair) is pair
    single = Figure().add_subplot()
    assert progress_curves(history(5), single) is single
    with pytest.raises(OptionError, match="no loop"):
        progress_curves([], single)
