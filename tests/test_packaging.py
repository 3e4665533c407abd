"""What is installed: every package on disk is listed, nothing heavy loads early, nothing is evaluated."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def packages_on_disk() -> set[str]:
    inside = {
        ".".join(path.parent.relative_to(ROOT).parts) for path in (ROOT / "symloss").rglob("__init__.py")
    }
    return inside | {"symloss.cli"}


def test_every_package_on_disk_is_in_the_wheel_list() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    assert set(listed) == packages_on_disk()
    folders = {path.parent for path in (ROOT / "symloss").rglob("*.py")}
    assert all((folder / "__init__.py").exists() for folder in folders)


def test_no_top_level_cli_package() -> None:
    code = "import importlib.util, symloss.cli; print(importlib.util.find_spec('cli') is None)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="/")
    assert found.stdout.strip() == "True"


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys, symloss.cli\n"
        "from click.testing import CliRunner\n"
        "assert CliRunner().invoke(symloss.cli.main, ['--help']).exit_code == 0\n"
        "print([name for name in ('torch', 'sympy', 'numba', 'pandas', 'matplotlib', 'numpy') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_no_text_is_evaluated_and_nothing_is_unpickled() -> None:
    wrong = []
    for folder in ("symloss", "cli"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call):
                    name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                    bare = isinstance(node.func, ast.Name)
                    if (bare and name in ("eval", "exec", "compile")) or name in ("sympify", "parse_expr"):
                        wrong.append(f"{path.name}:{node.lineno} {name}")
                if isinstance(node, ast.Import | ast.ImportFrom):
                    names = [alias.name for alias in node.names] + [getattr(node, "module", "") or ""]
                    wrong += [
                        f"{path.name}:{node.lineno} pickle" for name in names if name in ("pickle", "joblib")
                    ]
    assert not wrong
