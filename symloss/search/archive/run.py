"""The run folder: everything a search did, whole whenever it ends.

config.json     the options, the data set, versions, the machine, when it began
archive.sqlite  every candidate, training, loop, check, trial and result, and the state to go on from
summary.json    the end: best loss, counts, and why the search ended
lock            held by the process that writes
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from symloss.errors import OptionError, RunError
from symloss.files import finite, read_regular, replace_file
from symloss.search.archive import archive as archive_file
from symloss.search.archive.archive import Archive
from symloss.search.archive.archive_errors import archive_errors, damage
from symloss.search.archive.environment import environment
from symloss.search.archive.lock import RunLock
from symloss.search.candidates.grammar import LossGrammar
from symloss.search.options import SearchOptions
from symloss.signature import Domain
from symloss.tasks.metric import Metric
from symloss.tasks.metrics.described import described

DEFAULT_FOLDER = Path("runs")

LARGEST_FILE = 64 * 2**20
"""Bytes of config.json and of summary.json at most."""

EVALUATION = "evaluation"
"""What config.json calls the folder of `symloss evaluate --out`, under `kind`; that of a search has no kind."""

_SEAL = "seal of "
_FREE = ("source",)
"""What may change in config.json: how the data was loaded, as a file is moved."""

_NEXT = "restore it from a backup, or start a new search"


class Run:
    """A run folder that is open; a context manager that closes it.

    Attributes:
        folder: where it is.
        config: what config.json holds.
        archive: its archive.
        resumed: whether it was made earlier, and goes on.
    """

    def __init__(self, folder: Path, *, writable: bool, resumed: bool = False) -> None:
        """Open a folder that `create` made; see `open` and `resume`."""
        self.folder = folder
        self.resumed = resumed
        self._lock: RunLock | None = None
        self.config = _read_config(folder)
        if writable:
            self._lock = RunLock(folder)
        try:
            self.archive = Archive(folder / archive_file.NAME, writable=writable)
            if resumed and not self.is_sealed("config"):
                raise RunError(
                    f"{folder / 'config.json'} is not as the search wrote it: it was changed "
                    f"or damaged, and results would be mixed; restore it, or start a new search"
                )
        except BaseException:
            self._release()
            raise

    @classmethod
    def create(cls, config: Mapping[str, Any], folder: Path | None = None, *, seed: int = 0) -> Run:
        """Create the folder, with config.json and an empty archive in it, or nothing at all.

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
            raise RunError(f"{folder} is in use; name a new or empty folder with --out, or --resume {folder}")
        unfinished = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            unfinished.mkdir()
            document = {**config, "environment": environment(), "started": now.isoformat(timespec="seconds")}
            _write_json(unfinished / "config.json", document)
            Archive.create(unfinished / archive_file.NAME)
            with Archive(unfinished / archive_file.NAME, writable=True) as archive:
                archive.set_state(_SEAL + "config", _digest("config", _read_config(unfinished)))
            unfinished.rename(folder)
        except OSError as error:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise RunError(
                f"the run folder {folder} can't be made ({error.strerror}); choose another with --out"
            ) from error
        except RunError:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise
        return cls(folder, writable=True)

    @classmethod
    def open(cls, folder: Path, kind: str | None = None) -> Run:
        """Open a run for reading, also while another process writes to it.

        Args:
            folder: where it is.
            kind: `EVALUATION` for the folder of an evaluation; None for a search.

        Raises:
            RunError: it is no run folder or one of another kind, or it can't be read.
        """
        return cls(folder, writable=False)._of_kind(kind)

    @classmethod
    def resume(cls, folder: Path, kind: str | None = None) -> Run:
        """Open a run to go on with it.

        Args:
            folder: where it is.
            kind: `EVALUATION` for the folder of an evaluation; None for a search.

        Raises:
            RunError: it is no run folder or one of another kind, it can't be read or written, or another process
                writes to it.
        """
        return cls(folder, writable=True, resumed=True)._of_kind(kind)

    def _of_kind(self, kind: str | None) -> Run:
        """Return itself, or close it where it is of another kind."""
        if (self.config.get("kind") == EVALUATION) == (kind == EVALUATION):
            return self
        self.close()
        if kind == EVALUATION:
            raise RunError(
                f"{self.folder} is no folder of an evaluation; go on with a search with "
                f"`symloss search --resume {self.folder}`"
            )
        raise RunError(
            f"{self.folder} is the folder of an evaluation, not of a search: "
            f"`symloss evaluate --resume {self.folder}` shows its results, which results.json there holds, or goes on"
        )

    def options(self, metrics: Iterable[Metric] = ()) -> SearchOptions:
        """Return the options of the search.

        Args:
            metrics: those of its task, where it has some of its own; else these are known by name only.

        Raises:
            RunError: they can't be read by this version.
        """
        try:
            return SearchOptions.from_json(self.config["options"], (*self.metrics(), *metrics))
        except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError, OptionError) as error:
            raise RunError(
                f"the options in {self.folder / 'config.json'} can't be used ({error}); start a new search"
            ) from error

    def metrics(self) -> tuple[Metric, ...]:
        """Return what the run says of the metrics of its task."""
        return described(self.config.get("metrics"))

    def grammar(self) -> LossGrammar:
        """Return the grammar that gives the tokens of candidates their meaning.

        Raises:
            RunError: the options can't be read by this version.
        """
        options = self.options()
        with damage(self.folder / "config.json"):
            labels = self.config.get("dataset", {}).get("labels", "binary")
        return LossGrammar(options.operators, options.n_variables, Domain.of(labels))

    def summary(self) -> dict[str, Any] | None:
        """Return what summary.json holds; None while the search has not ended for the first time.

        Raises:
            RunError: it is damaged.
        """
        path = self.folder / "summary.json"
        return _read_json(path) if os.path.lexists(path) else None

    def is_sealed(self, name: str) -> bool:
        """Return whether config.json or summary.json holds what was written there, as far as the archive knows.

        How the data was loaded may change in config.json, as a file is moved.
        """
        known = self.archive.state(_SEAL + name)
        document = self.config if name == "config" else self.summary()
        return known is None or document is None or known == _digest(name, document)

    def __enter__(self) -> Run:
        """Return the run."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close the files, whatever happened."""
        self.close()

    def write(self, name: str, document: Any) -> None:
        """Write a JSON document as `name`.json, replacing it whole.

        Raises:
            RunError: it can't be written.
        """
        path = self.folder / f"{name}.json"
        with archive_errors(path):
            _write_json(path, document)
        self.archive.set_state(_SEAL + name, _digest(name, _read_json(path)))

    def close(self) -> None:
        """Close the archive and let go of the folder."""
        self.archive.close()
        self._release()

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None


def _digest(name: str, document: Mapping[str, Any]) -> str:
    """Return a checksum of what may not change in one of the JSON files."""
    free = _FREE if name == "config" else ()
    kept = {key: value for key, value in document.items() if key not in free}
    text = json.dumps(kept, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _free_name(folder: Path) -> Path:
    """Return `folder`, or the first of folder-2, folder-3, ... that does not exist."""
    candidate, number = folder, 2
    while candidate.exists():
        candidate, number = folder.with_name(f"{folder.name}-{number}"), number + 1
    return candidate


def _read_config(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    if not path.is_file():
        raise RunError(f"{folder} is no run folder: it has no config.json")
    return _read_json(path)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(read_regular(path, LARGEST_FILE).decode("utf-8"))
    except (OSError, ValueError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or str(error)[:200]
        if isinstance(error, OSError) and error.errno == errno.EFBIG:
            why = f"it has more than {LARGEST_FILE // 2**20} MB; that is no file of a search"
        raise RunError(f"{path} can't be read ({why}); {_NEXT}") from error
    except RecursionError as error:
        raise RunError(f"{path} can't be read (it is nested too deeply); {_NEXT}") from error
    if not isinstance(document, dict):
        raise RunError(f"{path} can't be read (it holds no JSON object); {_NEXT}")
    return document


def _write_json(path: Path, document: Any) -> None:
    replace_file(path, (json.dumps(finite(document), indent=2) + "\n").encode())
