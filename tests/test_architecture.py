"""docs/architecture.md names what is there, and every room of the house."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def test_every_path_exists() -> None:
    named = set(re.findall(r"`((?:symloss|cli|tests|docs)/[\w/.]*)`", PAGE))
    assert len(named) > 30
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_every_dotted_name_is_a_module() -> None:
    named = set(re.findall(r"`(symloss(?:\.\w+)+)`", PAGE))
    missing = []
    for name in sorted(named):
        path = ROOT.joinpath(*name.split("."))
        # the last part may be a name in the module
        places = [path.with_suffix(".py"), path, path.parent.with_suffix(".py"), path.parent / "__init__.py"]
        if not any(place.exists() for place in places):
            missing.append(name)
    assert missing == []


def test_every_folder_is_named() -> None:
    folders = {path.parent.relative_to(ROOT) for path in (ROOT / "symloss").rglob("__init__.py")} - {
        Path("symloss")
    }
    inner = {Path("symloss/symbolic/worker")}
    assert [str(folder) for folder in sorted(folders - inner) if f"`{folder}/`" not in PAGE] == []


def test_files_to_begin_at_exist() -> None:
    rows = re.findall(r"^\| `(symloss/symbolic/\w+/)` \|[^|]*\| (.*?) \|$", PAGE, flags=re.M)
    assert len(rows) == 8
    for folder, files in rows:
        for name in re.findall(r"`(\w+\.py)`", files):
            assert (ROOT / folder / name).is_file(), f"{folder}{name}"
