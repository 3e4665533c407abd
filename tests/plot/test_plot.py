"""Drawing functions: what they draw is the loss, singular places are marked, Axes are returned."""

from __future__ import annotations

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from symloss import zoo
from symloss.errors import OptionError
from symloss.loss import Loss
from symloss.plot import comparison, contour, curves, facts_of, figure, gradients, logit_gradients, surface
from symloss.plot.facts import Sign
from symloss.plot.formula import title_of
from symloss.plot.marks import BEYOND, BREAKPOINT, WITNESS, legend_entries
from symloss.plot.sample import display_limits

DRAW = (curves, gradients, logit_gradients)


def lines_of(axes: object) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return the finite points of the lines for each label, by legend text."""
    found = {}
    for line in axes.lines:  # type: ignore[attr-defined]
        if line.get_label().startswith("$y"):
            x, y = (np.asarray(part, float) for part in line.get_data())
            found[line.get_label()] = (x[np.isfinite(y)], y[np.isfinite(y)])
    return found


@pytest.mark.parametrize("name", zoo.names())
def test_every_zoo_loss_is_drawn(name: str) -> None:
    loss = zoo.get(name).with_eps(0.1)
    facts = facts_of(loss)
    for draw in DRAW:
        axes = Figure().add_subplot()
        assert draw(loss, axes, facts=facts) is axes
        assert set(lines_of(axes)) == {"$y = 0$", "$y = 1$"}


def test_curves_show_the_loss() -> None:
    axes = curves(zoo.mse, Figure().add_subplot())
    for label, (yhat, value) in zip((0, 1), lines_of(axes).values(), strict=True):
        np.testing.assert_allclose(value, (yhat - label) ** 2, atol=1e-12)
        assert yhat.min() < 1e-9 and yhat.max() > 1 - 1e-9


def test_gradients_show_the_derivative() -> None:
    axes = gradients(zoo.mse, Figure().add_subplot())
    for label, (yhat, value) in zip((0, 1), lines_of(axes).values(), strict=True):
        np.testing.assert_allclose(value, 2 * (yhat - label), atol=1e-12)


def test_logit_gradients_follow_the_chain_rule() -> None:
    axes = logit_gradients(zoo.bce, Figure().add_subplot())
    for label, (score, value) in zip((0, 1), lines_of(axes).values(), strict=True):
        np.testing.assert_allclose(value, 1 / (1 + np.exp(-score)) - label, atol=1e-9)


def test_a_singular_end_is_marked_and_the_axis_is_finite() -> None:
    for loss in (zoo.bce, Loss("1/(yhat - 1/2)")):
        for draw in DRAW[:2]:
            axes = draw(loss, Figure().add_subplot())
            assert BEYOND in legend_entries(axes)
            assert all(np.isfinite(axes.get_ylim()))
            low, high = axes.get_ylim()
            assert all(low <= y.min() and y.max() <= high for _, y in lines_of(axes).values())
    assert BEYOND not in legend_entries(curves(zoo.mse, Figure().add_subplot()))


def test_no_line_crosses_a_jump() -> None:
    axes = gradients(zoo.hinge, Figure().add_subplot())
    line = next(line for line in axes.lines if line.get_label() == "$y = 1$")
    y = np.asarray(line.get_ydata(), float)
    together = np.isfinite(y[1:]) & np.isfinite(y[:-1])
    assert np.abs(np.diff(y)[together]).max() < 1e-9
    assert {-1.0, 0.0} == set(np.unique(y[np.isfinite(y)]).tolist())
    assert BREAKPOINT in legend_entries(axes)


def test_undefined_places_stay_empty() -> None:
    axes = gradients(Loss("log(yhat - 0.4)"), Figure().add_subplot())
    assert all(x.min() > 0.4 for x, _ in lines_of(axes).values())
    drawn = Figure()
    surface(Loss("log(yhat - 2)"), drawn.add_subplot(projection="3d"))
    contour(Loss("log(yhat - 2)"), Figure().add_subplot())
    curves(Loss("log(yhat - 2)"), Figure().add_subplot())


def test_facts_are_those_of_the_mathematics() -> None:
    # The derivative for y = 0 is yhat (3 yhat - 0.6): negative below 0.2, positive above.
    facts = facts_of(Loss("(yhat - y)**2*(yhat - 0.3)"))
    below, above = facts[0.0].cells
    assert (below.sign, above.sign) == (Sign.WRONG, Sign.RIGHT)
    assert below.high == pytest.approx(0.2, abs=1e-6) and above.low == pytest.approx(0.2, abs=1e-6)
    witness = facts[0.0].witness
    assert (
        witness is not None
        and witness[1] == pytest.approx(witness[0] * (3 * witness[0] - 0.6))
        and witness[1] < 0
    )
    hinge = facts_of(zoo.hinge)[1.0]
    assert hinge.breakpoints == (1.0,)
    assert [cell.sign for cell in hinge.cells] == [Sign.RIGHT, Sign.ZERO]
    # With labels that fill an interval the wanted sign changes at the label: 2 (yhat - y) - 3 is wrong in between.
    real = facts_of(Loss("(yhat - y)**2 - 3*yhat", labels="real"))[0.0]
    assert [cell.sign for cell in real.cells] == [Sign.RIGHT, Sign.WRONG, Sign.RIGHT]
    assert real.cells[1].high == pytest.approx(1.5, abs=1e-6)


def test_witnesses_and_signs_are_drawn() -> None:
    axes = gradients(Loss("-(yhat - y)**2"), Figure().add_subplot())
    entries = legend_entries(axes)
    assert WITNESS in entries and Sign.WRONG.value in entries and Sign.RIGHT.value not in entries
    plain = legend_entries(gradients(Loss("-(yhat - y)**2"), Figure().add_subplot(), facts={}))
    assert set(plain) == {"$y = 0$", "$y = 1$"}


def test_comparison_is_normalised() -> None:
    scaled = Loss("1000*(yhat - y)**2")
    for quantity in ("gradient", "value"):
        axes = comparison([zoo.mse, scaled], Figure().add_subplot(), quantity=quantity)
        first, second = (line.get_data()[1] for line in axes.lines[-2:])
        np.testing.assert_allclose(first, second, atol=1e-9)
    axes = comparison([zoo.mse, scaled], Figure().add_subplot(), normalise="none")
    assert np.nanmax(np.abs(axes.lines[-1].get_data()[1])) == pytest.approx(2000, rel=0.01)
    mean = comparison([zoo.mse], Figure().add_subplot(), label=0).lines[-1].get_data()[1]
    assert np.nanmax(mean) == pytest.approx(2.0, rel=0.01)
    assert "logit" in comparison([zoo.mse, zoo.hinge], Figure().add_subplot()).get_xlabel()
    for options, says in (
        ({"normalise": "men"}, "did you mean 'mean'"),
        ({"quantity": "gradiant"}, "did you mean 'gradient'"),
        ({"label": 2}, "label 0 or 1"),
    ):
        with pytest.raises(OptionError, match=says):
            comparison([zoo.mse], Figure().add_subplot(), **options)  # type: ignore[arg-type]


def test_display_limits_ignore_a_singular_end() -> None:
    values = 1 / np.linspace(1e-9, 1, 1000)
    _, high = display_limits(values)
    assert high < 1e3
    assert display_limits(np.array([np.nan, np.inf])) == (-1.0, 1.0)
    assert display_limits(np.array([2.0, 3.0])) == (2.0, 3.0)


def test_titles_hold_name_formula_and_eps() -> None:
    title = title_of(zoo.maxr.with_eps(1e-6), 7.0)
    assert title.startswith("maxr:") and r"\max" in title and "10^{-6}" in title
    assert title_of(Loss("yhat*y"), 7.0).count("\n") == 0
    named = Loss("tau*(yhat - y)**2 + eps", eps=0.1, params={"tau": 0.25})
    assert title_of(named, 7.0).endswith(r"($\epsilon = 0.1$, $\tau = 0.25$)")
    long = "+".join(f"{k}*yhat**{k}*y" for k in range(2, 60))
    assert title_of(Loss(long), 3.0).endswith("...")


def test_errors() -> None:
    with pytest.raises(OptionError, match="did you mean 'surface'"):
        figure([zoo.mse], kind="surfaces")
    with pytest.raises(OptionError, match="at least one"):
        figure([])
    for size in ("tripple", "3", "0,1", "1,nan", "100,2"):
        with pytest.raises(OptionError, match="size"):
            figure([zoo.mse], kind="curves", size=size)
    with pytest.raises(OptionError, match="did you mean 'ggplot'"):
        figure([zoo.mse], kind="curves", style="ggplott")


def test_global_settings_stay_as_they_are() -> None:
    before = dict(matplotlib.rcParams)
    figure([zoo.mse], kind="curves", style="ggplot")
    assert dict(matplotlib.rcParams) == before
