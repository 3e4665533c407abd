"""The run folder: everything a search did, in text files that are complete whenever it ends.

config.json       the options, the data set, versions, the machine's number of cores, when it began
candidates.jsonl  one line for each distinct loss that was tried, and for each time one was trained
checks.json       phase II: one report a loss
results.json      phase III: one entry a loss and seed; baselines beside them
summary.json      the end: best loss, counts, and why the search ended
"""

from __future__ import annotations

import json
import math
import os
import platform
import secrets
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from symloss.errors import RunError

DEFAULT_FOLDER = Path("runs")
_PACKAGES = ("symloss", "numpy", "numba", "sympy", "torch")


class Run:
    """A run folder that is open for writing; a context manager that closes its files."""

    def __init__(self, folder: Path) -> None:
        """Use a folder that `create` made."""
        self.folder = folder
        self._candidates: IO[str] | None = None

    @classmethod
    def create(cls, config: Mapping[str, Any], folder: Path | None = None, *, seed: int = 0) -> Run:
        """Create the folder, with config.json in it, or nothing at all.

        Args:
            config: the options and the data, ready for JSON; versions and machine are added.
            folder: where; runs/<date-time>-<seed> if None. It must not exist, or be empty.
            seed: for the default name.

        Raises:
            RunError: the folder is in use or can't be written.
        """
        now = datetime.now(UTC)
        if folder is None:
            folder = _free_name(DEFAULT_FOLDER / f"{now:%Y%m%d-%H%M%S}-{seed}")
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise RunError(f"{folder} is in use; name a new or empty folder with --out")
        unfinished = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            unfinished.mkdir()
            document = {**config, "environment": environment(), "started": now.isoformat(timespec="seconds")}
            _write_json(unfinished / "config.json", document)
            (unfinished / "candidates.jsonl").touch()
            unfinished.rename(folder)
        except OSError as error:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise RunError(
                f"the run folder {folder} can't be made ({error.strerror}); choose another with --out"
            ) from error
        return cls(folder)

    def __enter__(self) -> Run:
        """Return the run."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the files, whatever happened."""
        self.close()

    def add_candidate(self, entry: Mapping[str, Any]) -> None:
        """Append a line to candidates.jsonl.

        Raises:
            RunError: it can't be written.
        """
        try:
            if self._candidates is None:
                self._candidates = (self.folder / "candidates.jsonl").open("a", encoding="utf-8")
            self._candidates.write(json.dumps(_finite(entry)) + "\n")
        except OSError as error:
            raise self._unwritable("candidates.jsonl", error) from error

    def flush(self) -> None:
        """Hand the lines so far to the operating system.

        Raises:
            RunError: they can't be written.
        """
        try:
            if self._candidates is not None:
                self._candidates.flush()
        except OSError as error:
            raise self._unwritable("candidates.jsonl", error) from error

    def write(self, name: str, document: Any) -> None:
        """Write a JSON document as `name`.json, replacing it whole.

        Raises:
            RunError: it can't be written.
        """
        path = self.folder / f"{name}.json"
        temporary = path.with_name(f".{name}.{secrets.token_hex(4)}")
        try:
            _write_json(temporary, document)
            temporary.replace(path)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise self._unwritable(path.name, error) from error

    def close(self) -> None:
        """Close the files."""
        if self._candidates is not None:
            self._candidates.close()
            self._candidates = None

    def _unwritable(self, name: str, error: OSError) -> RunError:
        return RunError(
            f"{self.folder / name} can't be written ({error.strerror}); what is there so far is complete"
        )


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


def _free_name(folder: Path) -> Path:
    """Return `folder`, or the first of folder-2, folder-3, ... that does not exist."""
    candidate, number = folder, 2
    while candidate.exists():
        candidate, number = folder.with_name(f"{folder.name}-{number}"), number + 1
    return candidate


def _write_json(path: Path, document: Any) -> None:
    path.write_text(json.dumps(_finite(document), indent=2) + "\n", encoding="utf-8")


def _finite(value: Any) -> Any:
    """Replace NaN and infinities, which JSON does not have, by null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _finite(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(entry) for entry in value]
    return value
