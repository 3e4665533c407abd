"""Entry points of other packages: found, loaded, and refused in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from symloss import plugins
from symloss.errors import OptionError


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path with room for installed packages."""
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def install(folder: Path, name: str, entries: str) -> None:
    information = folder / f"{name}-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(entries)


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
