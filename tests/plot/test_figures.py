"""Whole figures: no text is cut or overlaps another, at any size; files are complete, equal and self-contained."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from symloss import zoo
from symloss.errors import OptionError, SymlossError
from symloss.loss import Loss
from symloss.plot import figure, save
from symloss.plot.arrange import lay_out
from symloss.plot.figure import LOSS_KINDS, new_figure
from symloss.plot.measure import fault_of
from symloss.plot.style import style_context
from tests.plot.measure import assert_nothing_cut

SEVEN = [zoo.get(name).with_eps(0.1) for name in ("mse", "bce", "hinge", "focal", "maxr", "sumr", "logmin")]
LONG = Loss(
    "-(y*log(yhat)+(1-y)*log(1-yhat)) + 3*(yhat-y)**2 + abs(yhat-y)*exp(yhat*y) - max(yhat,0.3)*min(yhat,0.7)"
    " + sqrt(yhat+y) - 2*tanh(yhat-y)*y"
)


@pytest.mark.parametrize("size", ["single", "double"])
@pytest.mark.parametrize("kind", LOSS_KINDS)
def test_nothing_is_cut(kind: str, size: str) -> None:
    losses = SEVEN if kind in ("compare", "consistency") else [SEVEN[2], SEVEN[4], LONG]
    if (kind, size) == ("all", "single"):
        # nine panels in one column are more than a page
        losses = losses[:1]
    assert_nothing_cut(figure(losses, kind=kind, size=size, time_limit=0.2))


SIZED_KINDS = ("curves", "compare", "consistency", "contour", "surface", "all")
SIZES = ("3.33,1.6", "3.33,2.6", "7,2.2", "5,4", "double", "single")
EVERY = [(kind, size, count) for kind in SIZED_KINDS for size in SIZES for count in (1, 3)]
# Every kind with two sizes, every size with two kinds, each with one loss and with three; and one that was reported.
FEW = [
    (kind, size, (3, 1)[(row + column) % 2])
    for row, kind in enumerate(SIZED_KINDS)
    for column, size in enumerate(SIZES)
    if (row + column) % 3 == 0
]
FEW += [("compare", "3.33,2.6", 3)]


@pytest.mark.parametrize(
    ("kind", "size", "count"),
    [pytest.param(*one, marks=() if one in FEW else pytest.mark.slow) for one in EVERY],
)
def test_a_figure_fits_or_is_refused_with_a_height_that_does(
    kind: str, size: str, count: int, recwarn: pytest.WarningsRecorder
) -> None:
    losses = SEVEN[2 : 2 + count]
    try:
        drawn = figure(losses, kind=kind, size=size, time_limit=0.1)
    except OptionError as error:
        assert "fewer losses" in str(error)
        named = re.search(r"--size ([\d.]+,[\d.]+);", str(error))
        if named is None:
            return
        assert float(named[1].split(",")[1]) > float(size.split(",")[1])
        drawn = figure(losses, kind=kind, size=named[1], time_limit=0.1)
    if "," not in size:
        assert drawn.get_figheight() <= 9
    with style_context():
        assert fault_of(drawn) is None
        assert_nothing_cut(drawn)
    assert not [one for one in recwarn if issubclass(one.category, UserWarning)]


def test_faults_are_seen() -> None:
    drawn = new_figure("3,2", "single", 2.0)
    left, right = drawn.subplots(1, 2)
    assert lay_out(drawn) is None
    left.set_title("a title that is far too long for its panel")
    right.set_title("and so is this one")
    assert "overlap" in str(lay_out(drawn)) or "cut off" in str(lay_out(drawn))
    left.set_title("")
    right.set_title("")
    right.set_ylabel("a label that is turned and longer than the figure is high")
    assert lay_out(drawn) is not None


def test_the_seven_losses_of_the_paper() -> None:
    drawn = figure(SEVEN, kind="gradients")
    assert drawn.get_figheight() <= 9
    assert_nothing_cut(drawn)
    assert_nothing_cut(figure(SEVEN[-1:], kind="all"))


@pytest.mark.parametrize("kind", ["all", "contour", "compare"])
def test_large_and_small_numbers(kind: str) -> None:
    losses = [Loss("1000000*(yhat - y)**2"), Loss("abs(yhat - y)/100000"), zoo.maxr]
    assert_nothing_cut(figure(losses, kind=kind))


def test_nothing_is_cut_in_a_fixed_size() -> None:
    drawn = figure([LONG], kind="gradients", size="5,3.5")
    assert drawn.get_size_inches().tolist() == [5.0, 3.5]
    assert_nothing_cut(drawn)


@pytest.mark.parametrize(
    ("ending", "signature"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml"), ("pgf", b"%% Made")]
)
def test_the_same_command_gives_the_same_bytes(tmp_path: Path, ending: str, signature: bytes) -> None:
    first, second = tmp_path / f"a.{ending}", tmp_path / f"b.{ending}"
    for path in (first, second):
        save(figure([zoo.maxr.with_eps(0.1)], kind="gradients"), path, dpi=60)
    assert first.read_bytes().startswith(signature)
    assert first.read_bytes() == second.read_bytes()
    assert {entry.name for entry in tmp_path.iterdir()} == {first.name, second.name}


def test_fonts_are_embedded_and_no_date_is_written(tmp_path: Path) -> None:
    drawn = figure([zoo.maxr.with_eps(0.1)], kind="curves")
    save(drawn, tmp_path / "a.pdf")
    pdf = (tmp_path / "a.pdf").read_bytes()
    assert b"/FontFile2" in pdf and b"/Type3" not in pdf and b"CreationDate" not in pdf
    save(drawn, tmp_path / "a.svg")
    svg = (tmp_path / "a.svg").read_text()
    assert "<text" not in svg and "<dc:date>" not in svg
    save(drawn, tmp_path / "a.pgf")
    pgf = (tmp_path / "a.pgf").read_text()
    assert r"\begin{pgfpicture}" in pgf and "prediction" in pgf
    # No path of this machine, and no picture beside the file.
    assert not re.search(r"Path=|includegraphics|pgfimage", pgf)


def test_png_resolution(tmp_path: Path) -> None:
    save(figure([zoo.mse], kind="curves", size="2,3"), tmp_path / "a.png", dpi=100)
    header = (tmp_path / "a.png").read_bytes()[16:24]
    assert (int.from_bytes(header[:4]), int.from_bytes(header[4:])) == (200, 300)


def test_style_sheets_are_respected(tmp_path: Path) -> None:
    sheet = tmp_path / "mine.mplstyle"
    sheet.write_text("lines.linewidth: 3\naxes.prop_cycle: cycler('color', ['ff0000', '00ff00'])\n")
    drawn = figure([zoo.mse], kind="curves", style=str(sheet))
    lines = [line for line in drawn.axes[0].lines if str(line.get_label()).startswith("$y")]
    assert [line.get_color() for line in lines] == ["#ff0000", "#00ff00"]
    assert [line.get_linewidth() for line in lines] == [3, 3]
    # A sheet without line styles keeps ours: the lines differ in grey.
    assert len({line.get_linestyle() for line in lines}) == 2
    with pytest.raises(OptionError, match="can't read the style sheet"):
        figure([zoo.mse], kind="curves", style=str(tmp_path / "none.mplstyle"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "lines.linewith: 3\n",
            "line 1: 'lines.linewith' is no setting of a style; did you mean 'lines.linewidth'",
        ),
        ("# fine\n\nnonsense\n", "line 3: 'nonsense'"),
        ("lines.linewidth: thick\n", "thick"),
    ],
)
def test_bad_lines_of_a_style_sheet_are_named(tmp_path: Path, text: str, words: str) -> None:
    sheet = tmp_path / "mine.mplstyle"
    sheet.write_text(text)
    with pytest.raises(OptionError, match=re.escape(words)):
        figure([zoo.mse], kind="curves", style=str(sheet))


def test_latex_that_is_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sheet = tmp_path / "mine.mplstyle"
    sheet.write_text("text.usetex: True\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OptionError, match="needs latex and dvipng"):
        figure([zoo.mse], kind="curves", style=str(sheet))


def test_errors_of_files(tmp_path: Path) -> None:
    drawn = figure([zoo.mse], kind="curves")
    with pytest.raises(OptionError, match=r"must be one of \.pdf"):
        save(drawn, tmp_path / "loss.gif")
    with pytest.raises(SymlossError, match="another folder"):
        save(drawn, tmp_path / "missing" / "loss.png")
    with pytest.raises(OptionError, match="from 20 to 2400"):
        save(drawn, tmp_path / "loss.png", dpi=1)
