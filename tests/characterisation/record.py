"""Record what symloss does now: `python -m tests.characterisation.record [NAME...]`.

Run it only where a change of behaviour is meant, and read the difference that git shows before you commit it.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.characterisation.expected import FOLDER
from tests.characterisation.subjects import SUBJECTS


def record(names: list[str]) -> None:
    unknown = set(names) - set(SUBJECTS)
    if unknown:
        raise SystemExit(f"{', '.join(sorted(unknown))} can't be recorded; known are {', '.join(SUBJECTS)}")
    FOLDER.mkdir(exist_ok=True)
    for name in names or SUBJECTS:
        began = time.monotonic()
        if name == "search_rows":
            with tempfile.TemporaryDirectory() as folder:
                found = SUBJECTS[name](Path(folder) / "run")
        else:
            found = SUBJECTS[name]()
        (FOLDER / f"{name}.json").write_text(written(found), encoding="utf-8")
        print(f"{name}: {time.monotonic() - began:.1f} s")


def written(found: Any) -> str:
    """JSON with one entry of the outermost list or mapping a line: small, and readable as a difference."""
    if isinstance(found, dict):
        rows = [f"{json.dumps(key)}: {_line(value)}" for key, value in found.items()]
        return "{\n" + ",\n".join(rows) + "\n}\n"
    return "[\n" + ",\n".join(_line(one) for one in found) + "\n]\n"


def _line(value: Any) -> str:
    if isinstance(value, list) and len(value) > 20:
        return "[\n" + ",\n".join(_line(one) for one in value) + "\n]"
    return json.dumps(value, separators=(", ", ": "))


if __name__ == "__main__":
    record(sys.argv[1:])
