"""Old names of modules work and warn."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

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


def test_new_names_do_not_warn() -> None:
    code = "import symloss.search.search, symloss.contest.contest, symloss.cli"
    subprocess.run([sys.executable, "-W", "error::DeprecationWarning", "-c", code], check=True)
