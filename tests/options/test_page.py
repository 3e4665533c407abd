"""docs/options.md holds the options that the commands have."""

from __future__ import annotations

import runpy
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest

from symloss.cli.schema import keys_of
from symloss.cli.search import command as search
from symloss.options.config_file import read_config

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "options.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def maker() -> dict[str, Any]:
    return runpy.run_path(str(DOCS / "make_options.py"))


def test_tables_are_as_made(maker: dict[str, Any]) -> None:
    assert maker["made"](PAGE) == PAGE, "run `python docs/make_options.py`"


def test_every_option_of_search_is_there() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| `--")]
    for parameter in search.params:
        assert isinstance(parameter, click.Option)
        assert any(f"`{parameter.opts[0]}`" in row for row in rows), parameter.opts[0]


def test_the_file_on_the_page_is_read(tmp_path: Path) -> None:
    text = PAGE.split("```toml\n")[1].split("```")[0]
    path = tmp_path / "options.toml"
    path.write_text(text, encoding="utf-8")
    found = read_config(path, keys_of(search))
    assert len(found) == sum(len(one) if isinstance(one, dict) else 1 for one in tomllib.loads(text).values())
    assert found["strategy_options"] == ["population=50"]
