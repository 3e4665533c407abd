"""Writes the report: a whole file or none."""

from __future__ import annotations

from pathlib import Path

from symloss.errors import OptionError, RunError
from symloss.files import check_writable, is_stream, write_file
from symloss.report.document import page
from symloss.report.facts import Facts
from symloss.report.reading import gather

NAME = "report.html"
"""The file in the run folder, where no other is named."""

ENDINGS = (".html", ".htm")
"""Of files that a report may be written to."""


def write_report(folder: Path | str, out: Path | str | None = None) -> tuple[Path, Facts]:
    """Write the report on a run, in the place of one that is there.

    Args:
        folder: the run.
        out: the file, which ends in .html or .htm, or a stream such as /dev/stdout; report.html in the run folder
            if None.

    Returns:
        The file, and what is in it.

    Raises:
        OptionError: the file has another ending.
        RunError: the run can't be read, or the file can't be written; nothing is left behind then.
    """
    folder = Path(folder)
    path = folder / NAME if out is None else Path(out)
    if path.suffix.lower() not in ENDINGS and not is_stream(path):
        raise OptionError(
            f"can't write {str(path)!r}: a report is HTML, and the ending must be one of {', '.join(ENDINGS)}; "
            f"the same as data: symloss report {folder} --json"
        )
    if out is not None:
        check_writable(path, error=RunError)
    facts = gather(folder)
    write_file(path, page(facts), error=RunError)
    return path, facts
