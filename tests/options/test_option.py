"""A field is all that a new option needs: flag, help, file, checks and the words of a command come from it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import click
import pytest
from click.testing import CliRunner

from symloss.cli.schema import SchemaCommand, add_options, config_option, given_names, values_of
from symloss.errors import OptionError
from symloss.options.kinds import Duration, File, Grid, Kind, Names, Number, Pairs, Share, Switch, Whole
from symloss.options.option import check_values, option, options_of, words_of
from symloss.options.text import duration, grid, number


@dataclass(frozen=True)
class Oven:
    SECTION: ClassVar[str] = "Baking"

    heat: float = option(180.0, "Degrees.", Number(above=0.0, most=300.0), shown=True)
    shelves: int | None = option(None, "Trays at once.", Whole(least=1))
    minutes: float = option(600.0, "How long.", Duration(), flag="--for", left_open=True)
    fan: bool = option(False, "Whether air moves.", Switch(), off="--still")
    light: bool = option(True, "Darkness.", Switch(), flag="--no-light", inverted=True)
    cakes: tuple[str, ...] = option(("plum",), "What.", Names())
    sizes: tuple[float, ...] = option((1.0,), "Diameters.", Grid(of="size", most=50.0), left_open=True)
    extras: dict[str, Any] = option(dict, "Further things.", Pairs(), flag="--extra", parameter="extras")
    crust: str = option("thin", "Its kind.", Kind(choices=("thin", "thick")))
    book: Path | None = option(None, "Recipes.", File())
    secret: int = option(7, "Known to Python only.", Whole(), flag=None)

    def __post_init__(self) -> None:
        check_values(self)


@click.command("bake", cls=SchemaCommand)
@add_options(Oven)
@config_option
@click.pass_context
def bake(context: click.Context, /, **parameters: Any) -> Oven:
    return Oven(**values_of(Oven, parameters, given_names(context)))


def baked(*words: str) -> Oven:
    found = bake.main(list(words), standalone_mode=False)
    assert isinstance(found, Oven)
    return found


CHANGED = [
    {"heat": 200.5},
    {"shelves": 3},
    {"minutes": 90.0},
    {"fan": True},
    {"light": False},
    {"cakes": ("plum", "nut")},
    {"sizes": (2.0, 0.125)},
    {"extras": {"sugar": 3, "salt": 0.5, "egg": True, "note": "a b"}},
    {"crust": "thick"},
    {"book": Path("a b/c.txt")},
    {"heat": 1.0, "shelves": 1, "fan": True, "sizes": (50.0,)},
]


@pytest.mark.parametrize("changes", CHANGED, ids=str)
def test_words_give_the_values_back(changes: dict[str, Any]) -> None:
    oven = Oven(**changes)
    words = words_of(asdict(oven), asdict(Oven()), options_of(Oven))
    assert words is not None
    assert baked(*words) == oven


def test_what_is_usual_needs_no_words() -> None:
    assert words_of(asdict(Oven()), asdict(Oven()), options_of(Oven)) == []
    assert baked() == Oven()


def test_a_value_that_no_words_give() -> None:
    # only one way of a switch with one flag, and no way to take a number back
    assert words_of({"light": True}, {"light": False}, options_of(Oven)) is None
    assert words_of({"shelves": None}, {"shelves": 2}, options_of(Oven)) is None
    assert words_of({"secret": 8}, {"secret": 7}, options_of(Oven)) == []
    assert words_of({"fan": False}, {"fan": True}, options_of(Oven)) == ["--still"]


def test_help_has_its_group() -> None:
    page = CliRunner().invoke(bake, ["--help"]).output
    group = page.split("Baking:")[1]
    for written in (
        "--heat FLOAT",
        "Degrees.  [default: 180.0]",
        "--fan / --still",
        "--no-light",
        "--for",
        "--extra",
    ):
        assert written in group
    assert "secret" not in page


def test_a_file_takes_its_name(tmp_path: Path) -> None:
    path = tmp_path / "bake.toml"
    path.write_text('[baking]\nheat = 250\nstill = true\nfor = "2m"\nextra = { salt = 1 }\ncakes = ["nut"]\n')
    assert baked("--config", str(path), "--fan") == Oven(
        heat=250.0, fan=True, minutes=120.0, extras={"salt": 1}, cakes=("nut",)
    )
    path.write_text("secret = 3\n")
    with pytest.raises(OptionError, match="unknown option 'secret'"):
        baked("--config", str(path))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"heat": 301.0}, "heat is 301.0; it must be a finite number above 0 and at most 300"),
        ({"heat": None}, "heat is None"),
        ({"heat": True}, "heat is True"),
        ({"shelves": 0}, "shelves is 0; it must be a whole number of at least 1"),
        ({"minutes": -1.0}, "minutes is -1.0"),
        ({"crust": "thik"}, "unknown crust 'thik'; did you mean 'thick'"),
        ({"sizes": ()}, "the size grid is empty"),
        ({"sizes": (51.0,)}, "size is 51.0; it must be a finite number above 0 and at most 50"),
        ({"sizes": (1.0, 1.0)}, "repeats a value"),
        ({"cakes": "nut"}, "it must be a sequence of texts"),
        ({"secret": -1}, "secret is -1"),
    ],
)
def test_values_are_checked(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(OptionError) as error:
        Oven(**changes)
    assert says in str(error.value)


def test_a_share() -> None:
    Share().check("part", 0.5)
    for wrong in (0, 1, 1.5, True, "a", float("nan")):
        with pytest.raises(OptionError, match="part is .*; it must be between 0 and 1"):
            Share().check("part", wrong)


def test_texts() -> None:
    read = {"90s": 90, "10m": 600, "2h": 7200, "1d": 86400, "3": 3, None: None}
    assert {text: duration(text, "--for") for text in read} == read
    assert grid("1, 0.1,1", "--eps") == (1.0, 0.1)
    for text in ("", "m", "-1s", "1w", "nan"):
        with pytest.raises(OptionError):
            duration(text, "--for")
    for text in ("", ",", "0", "1,-1", "a"):
        with pytest.raises(OptionError):
            grid(text, "--eps")
    with pytest.raises(OptionError, match="finite"):
        number("inf", "--x")
