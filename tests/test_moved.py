"""Old names of modules work and warn."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from symloss.deprecated import GONE, RENAMED
from symloss.moved import MOVED


@pytest.mark.parametrize("old", sorted(MOVED))
def test_every_new_name_is_there(old: str) -> None:
    assert not MOVED[old] or importlib.import_module(MOVED[old])


def test_an_old_name_works_and_warns() -> None:
    sys.modules.pop("symloss.search.grammar", None)
    with pytest.warns(
        DeprecationWarning, match=r"symloss\.search\.grammar is now symloss\.search\.candidates\.grammar"
    ):
        from symloss.search.grammar import LossGrammar
    from symloss.search.candidates.grammar import LossGrammar as today

    assert LossGrammar is today


def test_a_folder_that_is_gone() -> None:
    with pytest.warns(DeprecationWarning, match=r"symloss\.contest\.entries"):
        found = importlib.import_module("symloss.search.contest.entries")
    assert found.Contender.__module__ == "symloss.contest.entries"


def test_names_that_never_were_are_not_found() -> None:
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("symloss.search.no_such_module")


def imported(module: str, name: str) -> object:
    """Return what "from MODULE import NAME" gives: a name of the module, or a module in it."""
    found = importlib.import_module(module)
    try:
        return getattr(found, name)
    except AttributeError:
        return importlib.import_module(f"{module}.{name}")


def test_every_name_that_was_once_imported() -> None:
    """tests/old_names.txt holds what tests, pages and examples of version 0.1 imported; all of it is there, or said."""
    lines = (Path(__file__).parent / "old_names.txt").read_text().splitlines()
    assert len(lines) > 400
    for line in lines:
        module, _, name = line.partition(" ")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            if f"{module}.{name}" in GONE:
                with pytest.raises(ImportError, match=re.escape(GONE[f"{module}.{name}"])):
                    imported(module, name)
            elif name:
                imported(module, name)
            else:
                importlib.import_module(module)


@pytest.mark.parametrize("old", sorted(RENAMED))
def test_an_old_name_inside_a_module_warns(old: str) -> None:
    module, _, name = old.rpartition(".")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        there = importlib.import_module(module)
    with pytest.warns(DeprecationWarning, match=re.escape(f"{old} is now {RENAMED[old]}")):
        found = getattr(there, name)
    place, _, today = RENAMED[old].rpartition(".")
    assert found is getattr(importlib.import_module(place), today)


def test_new_names_do_not_warn() -> None:
    code = "import symloss.search.search, symloss.contest.contest, symloss.cli"
    subprocess.run([sys.executable, "-W", "error::DeprecationWarning", "-c", code], check=True)
