"""What the numbers of a run depend on besides its options: versions, the machine, the data."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from importlib import metadata
from typing import Any

from symloss.data.dataset import Dataset
from symloss.tasks.fingerprint import facts
from symloss.tasks.rating_task import of
from symloss.tasks.task import Task

_PACKAGES = ("symloss", "numpy", "numba", "sympy", "torch")


def environment() -> dict[str, Any]:
    """Return the versions and the machine that results depend on."""
    versions = {}
    for package in _PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = "not installed"
    return {
        "python": platform.python_version(),
        "versions": versions,
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
    }


def changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return what differs between two environments, such as "numpy 2.1 then, 2.2 now"."""
    found = []
    for name in ("python", "system", "cores"):
        if before.get(name) != now.get(name):
            found.append(f"{name} {before.get(name)} then, {now.get(name)} now")
    old, new = before.get("versions", {}), now.get("versions", {})
    for name in sorted({*old, *new}):
        if old.get(name) != new.get(name):
            found.append(f"{name} {old.get(name)} then, {new.get(name)} now")
    return found


def data_fingerprint(dataset: Task | Dataset) -> dict[str, Any]:
    """Return the size of every part of a task, and a hash of all its numbers."""
    return facts(of(dataset))
