"""What pip leaves of an installed package, made without it: names, versions and entry points."""

from __future__ import annotations

import tomllib
from pathlib import Path


def install(folder: Path, name: str, entries: str) -> Path:
    """Write what says that a package is installed into a folder of the path; its code is anywhere on the path.

    Args:
        folder: what is, or will be, on the path.
        name: the package's, with hyphens.
        entries: its entry points, as in entry_points.txt.
    """
    information = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(entries)
    return folder


def install_project(folder: Path, project: Path) -> Path:
    """Install a project by its pyproject.toml, as `pip install --editable` does: its folder src joins the path."""
    said = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [
        line
        for group, entries in said["entry-points"].items()
        for line in (f"[{group}]", *(f"{name} = {place}" for name, place in entries.items()))
    ]
    return install(folder, said["name"], "\n".join(lines) + "\n")
