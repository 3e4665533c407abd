"""Plots: files of every format, limits that survive singular points, clear errors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from symloss import zoo
from symloss.errors import OptionError, SymlossError
from symloss.loss import Loss
from symloss.plot import curves, figure, gradients, save, surface
from symloss.plot.sample import display_limits


@pytest.mark.parametrize(("ending", "signature"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml")])
def test_saves(tmp_path: Path, ending: str, signature: bytes) -> None:
    path = tmp_path / f"loss.{ending}"
    save(figure([zoo.maxr.with_eps(0.1), Loss("(yhat - y)**2")]), path)
    assert path.read_bytes().startswith(signature)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("name", zoo.names())
def test_every_zoo_loss_is_drawn(name: str) -> None:
    drawn = Figure()
    axes = curves(zoo.get(name).with_eps(0.1), drawn.add_subplot(1, 2, 1))
    assert len(axes.lines) == 2
    axes = gradients(zoo.get(name).with_eps(0.1), drawn.add_subplot(1, 2, 2))
    assert len(axes.lines) == 3


def test_curves_show_the_loss() -> None:
    axes = curves(zoo.mse, Figure().add_subplot())
    for line, label in zip(axes.lines, (0, 1), strict=True):
        yhat, value = line.get_data()
        np.testing.assert_allclose(value, (yhat - label) ** 2)


def test_gradients_are_clipped_with_a_mark() -> None:
    axes = gradients(Loss("1/(yhat - 1/2)"), Figure().add_subplot())
    assert any("clipped" in text.get_text() for text in axes.texts)
    assert all(np.isfinite(axes.get_ylim()))


def test_undefined_loss_still_draws() -> None:
    drawn = Figure()
    surface(Loss("log(yhat - 2)"), drawn.add_subplot(projection="3d"))
    curves(Loss("log(yhat - 2)"), drawn.add_subplot())


def test_display_limits_ignore_a_singular_end() -> None:
    values = 1 / np.linspace(1e-9, 1, 1000)
    _, high = display_limits(values)
    assert high < 1e3
    assert display_limits(np.array([np.nan, np.inf])) == (-1.0, 1.0)
    assert display_limits(np.array([2.0, 3.0])) == (2.0, 3.0)


def test_errors(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="must be one of .pdf"):
        save(figure([zoo.mse], kind="curves"), tmp_path / "loss.gif")
    with pytest.raises(SymlossError, match="choose another folder"):
        save(figure([zoo.mse], kind="curves"), tmp_path / "missing" / "loss.png")
    with pytest.raises(OptionError, match="did you mean 'surface'"):
        figure([zoo.mse], kind="surfaces")
    with pytest.raises(OptionError, match="at least one"):
        figure([])
