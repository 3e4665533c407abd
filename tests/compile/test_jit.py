"""Compiled code that was cached is not used any more once a file that it came from has changed."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import symloss
from symloss.compile.cpu.jit import sources_of

_OUTER = """
from symloss.compile.cpu.jit import njit
from kernels.middle import inner, FACTOR

@njit
def outer(x):
    return FACTOR * inner(x)
"""
_MIDDLE = """
from . import constants
from kernels.parts.inner import inner
FACTOR = constants.FACTOR
"""
_INNER = """
from symloss.compile.cpu.jit import njit

@njit
def inner(x):
    return x + {added}.0
"""
_RUN = """
from kernels.outer import outer
print(outer(1.0), len(outer.stats.cache_hits))
"""


@pytest.fixture
def package(tmp_path):
    root = tmp_path / "kernels"
    (root / "parts").mkdir(parents=True)
    for name, text in {
        "__init__.py": "",
        "outer.py": _OUTER,
        "middle.py": _MIDDLE,
        "constants.py": "FACTOR = 1.0\n",
        "parts/__init__.py": "",
        "parts/inner.py": _INNER.format(added=10),
    }.items():
        (root / name).write_text(text)
    return root


def _run(package: Path, **environment: str) -> tuple[float, int]:
    """Call outer(1) in a new process; return its result and how often the cache helped."""
    project = str(Path(symloss.__file__).parents[1])
    found = subprocess.run(
        [sys.executable, "-B", "-c", _RUN],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(package.parent), project]),
            "NUMBA_CACHE_DIR": "",
            **environment,
        },
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    return float(found[0]), int(found[1])


def test_a_change_in_an_inner_file_or_constant_reaches_the_outer_function(package):
    assert _run(package) == (11, 0)
    assert _run(package) == (11, 1)
    (package / "parts" / "inner.py").write_text(_INNER.format(added=20))
    assert _run(package) == (21, 0)
    (package / "constants.py").write_text("FACTOR = 2.0\n")
    assert _run(package) == (42, 0)
    assert _run(package) == (42, 1)
    (package / "unrelated.py").write_text("X = 1\n")
    assert _run(package) == (42, 1)


def test_a_folder_that_can_not_be_written_to(package, tmp_path):
    # A file in the place of the folder stops even the superuser.
    for folder in (package, package / "parts"):
        (folder / "__pycache__").write_text("")
    home = {"HOME": str(tmp_path / "home"), "XDG_CACHE_HOME": str(tmp_path / "home" / "cache")}
    assert _run(package, **home) == (11, 0)
    assert _run(package, **home) == (11, 1)
    (package / "parts" / "inner.py").write_text(_INNER.format(added=20))
    assert _run(package, **home) == (21, 0)
    # Nowhere to write: compiled again each time.
    blocked = tmp_path / "blocked"
    blocked.write_text("")
    nowhere = {"HOME": str(blocked), "XDG_CACHE_HOME": str(blocked)}
    assert _run(package, **nowhere) == (21, 0)
    assert _run(package, **nowhere) == (21, 0)


def test_sources_of_the_kernels():
    root = Path(symloss.__file__).parent
    found = {
        str(path.relative_to(root))
        for path in sources_of("symloss.models.mf.sgd_kernel", root / "models" / "mf" / "sgd_kernel.py")
    }
    assert found >= {
        "models/mf/sgd_kernel.py",
        "compile/cpu/kernel.py",
        "compile/cpu/instructions.py",
        "compile/cpu/slopes.py",
        "compile/cpu/vector_math.py",
        "ops/opcode.py",
        "ops/constants.py",
    }


def test_every_kernel_is_compiled_this_way():
    root = Path(symloss.__file__).parent
    for path in root.rglob("*.py"):
        if path.name == "jit.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module == "numba":
                assert not {"njit", "jit", "cfunc"} & {alias.name for alias in node.names}, path
