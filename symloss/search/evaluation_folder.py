"""The folder of an evaluation: finished trainings are kept, so that one that was cut off goes on where it was.

It is a run folder (`symloss.search.archive.run`) without a search: config.json holds what was
asked for, archive.sqlite the finished trainings in its table `trials`, and
results.json what came out. Training is deterministic, so an evaluation that was
killed and goes on ends with the results of one that was not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from symloss.contest.trial_store import Store
from symloss.data.dataset import Dataset
from symloss.errors import RunError
from symloss.loss import Loss
from symloss.search.archive.archive_store import ArchiveStore
from symloss.search.archive.environment import changes, data_fingerprint, environment
from symloss.search.archive.run import EVALUATION, Run
from symloss.tasks.rating_task import of
from symloss.tasks.task import Task

RESULTS = "results"
"""Name of the document with the results, in results.json."""


class EvaluationFolder:
    """Where an evaluation keeps its trainings, if it does; a context manager that closes the files.

    Attributes:
        run: the folder, None before `begin` and where nothing is kept.
    """

    def __init__(self, out: Path | None = None, parameters: Mapping[str, Any] | None = None) -> None:
        """Keep trainings in a new folder `out`, or not at all if None.

        Args:
            out: the folder; it must not exist, or be empty.
            parameters: what was asked for, ready for JSON, kept for `resumed_parameters`.
        """
        self._out, self._parameters = out, dict(parameters or {})
        self.run: Run | None = None

    @classmethod
    def resume(cls, folder: Path) -> EvaluationFolder:
        """Open the folder of an evaluation to go on with it.

        Raises:
            RunError: it is none, it can't be read or written, or another process writes to it.
        """
        run = Run.resume(folder, EVALUATION)
        if not isinstance(run.config.get("parameters"), dict):
            run.close()
            raise RunError(
                f"{folder} is no folder of an evaluation that can go on: its config.json is damaged, it has no "
                f"parameters; begin a new evaluation"
            )
        found = cls(folder, run.config["parameters"])
        found.run = run
        return found

    @property
    def parameters(self) -> dict[str, Any]:
        """What was asked for."""
        return dict(self._parameters)

    def begin(self, losses: Sequence[Loss], dataset: Task | Dataset) -> Store | None:
        """Return where finished trainings are kept, None where they are not; make the folder where it is new.

        Raises:
            RunError: the folder can't be made, or it belongs to other losses or other data.
        """
        if self._out is None:
            return None
        facts = {
            "formulas": [[loss.formula, loss.eps, loss.scale] for loss in losses],
            "fingerprint": data_fingerprint(dataset),
        }
        if self.run is None:
            config = {
                "kind": EVALUATION,
                "parameters": self._parameters,
                **facts,
                "dataset": of(dataset).summary(),
            }
            self.run = Run.create(config, self._out)
        elif any(self.run.config.get(name) != value for name, value in facts.items()):
            what = "data" if self.run.config.get("formulas") == facts["formulas"] else "losses"
            raise RunError(
                f"the {what} are not what the evaluation in {self.run.folder} was begun with; "
                "begin a new one with --out"
            )
        return ArchiveStore(self.run.archive)

    def conditions(self) -> list[str]:
        """Return where versions or machine are others than those that the evaluation began with."""
        before = {} if self.run is None else self.run.config.get("environment")
        return changes(before, environment()) if self.run is not None and isinstance(before, dict) else []

    def finish(self, document: Mapping[str, Any]) -> None:
        """Write the results beside the trainings.

        Raises:
            RunError: they can't be written.
        """
        if self.run is not None:
            self.run.write(RESULTS, document)

    def __enter__(self) -> EvaluationFolder:
        """Return the folder."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close the files, whatever happened."""
        if self.run is not None:
            self.run.close()
