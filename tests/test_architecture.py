"""docs/architecture.md names what is there, and every room of the house."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

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


# What a newcomer may want to add, and one that is there already: it is found in the file that the table names.
THERE_ALREADY = {
    "an operator": "TanhOperator",
    "an instruction (an opcode)": "ARCTAN",
    "a kind of losses": "PAIRWISE",
    "a function of formulas": "atan",
    "a named loss": "maxr",
    "a data set": "synthetic",
    "a metric": "AUC",
    "a task": "RatingTask",
    "a kind of question to labels": "CLASSIFICATION",
    "a model": "mlp",
    "a trainer": "symloss.models.mf.trainer:FusedMF",
    "an option": "max_trained",
    "a search strategy": "genetic",
    "an export": "xgboost",
    "a command": "compare",
}


def rows_of_adding() -> dict[str, list[str]]:
    table = PAGE.split("## Adding something")[1].split("\n\n")[2]
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table.splitlines()[2:]]
    return {row[0].strip("| "): row[1:] for row in rows}


def test_every_row_of_adding_is_followed() -> None:
    assert set(rows_of_adding()) == set(THERE_ALREADY)


@pytest.mark.parametrize("thing", THERE_ALREADY)
def test_the_named_file_holds_what_is_there_already(thing: str) -> None:
    """The last cell names the one file to open, and the registry in it where there are several tables."""
    place = rows_of_adding()[thing][-1]
    (path,) = re.findall(r"`((?:symloss|cli)/[\w/]+\.py)`", place)
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    words = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    words |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    words |= {keyword.arg for keyword in ast.walk(tree) if isinstance(keyword, ast.keyword)}
    assert THERE_ALREADY[thing] in words, f"{path} holds no {THERE_ALREADY[thing]}"
    named = re.findall(r"`(\w+)(?:\(\))?`", place)
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            defined |= {target.id for target in targets if isinstance(target, ast.Name)}
    assert set(named) <= defined, f"{path} defines no {named}"
