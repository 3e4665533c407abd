"""What the numbers of a run depend on besides its options: versions, the machine, the data."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Mapping
from importlib import metadata
from typing import Any

from symloss.data.dataset import Dataset

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


def data_fingerprint(dataset: Dataset) -> dict[str, Any]:
    """Return the size of every part of a data set, and a hash of all its numbers."""
    digest = hashlib.sha256(f"{dataset.n_users},{dataset.n_items},{dataset.labels}".encode())
    for part in dataset.parts().values():
        for array in (part.users, part.items, part.labels):
            digest.update(f";{len(array)};{array.dtype.str};".encode())
            digest.update(array.tobytes())
    return {
        "users": dataset.n_users,
        "items": dataset.n_items,
        "rows": {name: len(part) for name, part in dataset.parts().items()},
        "sha256": digest.hexdigest(),
    }
