"""Entry points of other packages: found, loaded, and refused in a sentence."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from symloss import plugins
from symloss.errors import OptionError
from symloss.export import export
from symloss.loss import Loss
from tests.installed import install


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path with room for installed packages."""
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_what_a_package_adds_is_found(package: Path) -> None:
    (package / "wanted_losses.py").write_text("ANSWER = 42\n")
    install(package, "wanted_losses", "[symloss.metrics]\nanswer = wanted_losses:ANSWER\n")
    assert "answer" in plugins.names("metrics")
    assert "answer" not in plugins.names("models")
    assert plugins.load("metrics", "answer") == 42
    assert plugins.load("metrics", "question") is None


def test_a_package_that_breaks_is_named(package: Path) -> None:
    (package / "broken_losses.py").write_text("raise RuntimeError('no such device')\n")
    install(package, "broken_losses", "[symloss.models]\nbroken = broken_losses:build\n")
    with pytest.raises(OptionError, match=r"broken_losses:build.*no such device"):
        plugins.load("models", "broken")


def test_two_packages_with_one_name_are_refused(package: Path) -> None:
    for name in ("first_losses", "second_losses"):
        (package / f"{name}.py").write_text("build = 1\n")
        install(package, name, f"[symloss.models]\ntwice = {name}:build\n")
    with pytest.raises(OptionError, match="first_losses:build and second_losses:build"):
        plugins.load("models", "twice")


def test_what_is_installed_meanwhile_is_found(package: Path) -> None:
    assert plugins.load("metrics", "later") is None
    (package / "later_losses.py").write_text("LATER = 3\n")
    install(package, "later-losses", "[symloss.metrics]\nlater = later_losses:LATER\n")
    assert plugins.load("metrics", "later") == 3


def test_an_export_of_another_package(package: Path) -> None:
    (package / "exports_of_others.py").write_text(
        "def formula(loss):\n    return f'let f = {loss.formula}\\n'\ndef nothing(loss):\n    return None\n"
    )
    entries = "[symloss.exports]\nlet = exports_of_others:formula\nnothing = exports_of_others:nothing\n"
    install(package, "exports-of-others", entries)
    assert export(Loss("(yhat - y)**2"), "let").startswith("let f = (-y + yhat)**2")
    with pytest.raises(OptionError, match="which returned NoneType; it must return text"):
        export(Loss("(yhat - y)**2"), "nothing")
    with pytest.raises(OptionError, match="did you mean 'let'"):
        export(Loss("(yhat - y)**2"), "lett")


STARTS = """
import sys
import symloss.formula.parse
symloss.formula.parse.parse("tanh(yhat) - y")
assert "importlib.metadata" not in sys.modules
"""


def test_names_of_ones_own_read_nothing() -> None:
    subprocess.run([sys.executable, "-c", STARTS], check=True, cwd=Path(__file__).resolve().parents[1])
