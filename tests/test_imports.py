"""Imports flow one way: every import counts, also one inside a function or for types only."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# The house from the ground up: a part may import from the floors below it, and within itself. The longest name that
# fits decides where a module lives; what fits none belongs to the top. Names are without "symloss."
FLOORS: list[set[str]] = [
    # the ground
    {"errors", "version", "constants", "deprecated"},
    {"moved"},
    {"files", "deadline", "interrupt", "plugins", "symbolic.undecided"},
    {"options", "requirement"},
    {"signature"},
    {"ops", "data"},
    # a loss as a value, and as a program
    {"formula", "symbolic.worker"},
    {"compile"},
    {"compile.cpu", "compile.torch", "symbolic.arithmetic"},
    # what is decided about it
    {"symbolic.field"},
    {"symbolic.roots"},
    {"symbolic.signs"},
    {"symbolic.pieces"},
    {"symbolic.direction", "symbolic.same"},
    {"symbolic.properties"},
    {"symbolic"},
    # a program of its own, which nobody imports
    {"symbolic.worker.server"},
    {"loss"},
    {"zoo", "progress"},
    {"progress_display"},
    # what is trained with it
    {"tasks"},
    {
        "models.model",
        "models.memory_need",
        "models.adam",
        "models.dropout",
        "models.matrix_product",
        "models.kernel_arguments",
    },
    {"models.trainer", "models.saved", "models.source_file"},
    {"models.import_path"},
    {"models.user_model"},
    {"models.kernel_trainer", "models.rating_model"},
    {"models.device"},
    {"models.generic", "models.mf", "models.mlp"},
    {"models.generic_torch"},
    {"models"},
    {"training"},
    {"plot", "export", "engine"},
    {"contest"},
    # the search
    {"search.candidates", "search.presets"},
    {"search.strategies"},
    {"search.options", "search.result"},
    {"search.loop"},
    {"search.archive"},
    {"search"},
    {"report"},
    {"api"},
    {"testing"},
    {"cli"},
    {""},
]

# Imports that go up, or close a circle. It is empty, and stays so.
EXCEPTIONS: set[tuple[str, str]] = set()


def modules() -> dict[str, Path]:
    """Return every module by its name without "symloss."; the command line lies in ./cli."""
    found = {}
    for folder, prefix in ((ROOT / "symloss", ()), (ROOT / "cli", ("cli",))):
        for path in sorted(folder.rglob("*.py")):
            parts = [*prefix, *path.relative_to(folder).with_suffix("").parts]
            if parts[-1] == "__init__":
                parts.pop()
            found[".".join(parts)] = path
    return found


def imports_of(name: str, path: Path, known: dict[str, Path]) -> set[str]:
    """Return the modules of symloss that a module imports, anywhere in it."""
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            named = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = ["symloss", *package][: len(package) + 2 - node.level] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            # "from a import b" is an import of the module a.b where there is one, and of a where there is not
            named = []
            for alias in node.names:
                full = f"{base}.{alias.name}"
                named.append(full if full.removeprefix("symloss.") in known else base)
        else:
            continue
        for full in named:
            if full.split(".")[0] == "symloss":
                short = full.removeprefix("symloss").removeprefix(".")
                if short in known:
                    found.add(short)
    return found - {name}


@cache
def arrows() -> dict[str, set[str]]:
    known = modules()
    return {name: imports_of(name, path, known) for name, path in known.items()}


def room_of(name: str) -> tuple[int, str]:
    """Return the floor of a module, and the name that decided it."""
    level = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        room = ".".join(parts[:length])
        if room in level:
            return level[room], room
    return level[""], ""


def upward() -> set[tuple[str, str]]:
    wrong = set()
    for name, targets in arrows().items():
        floor, room = room_of(name)
        for target in targets:
            below, other = room_of(target)
            if other != room and below >= floor:
                wrong.add((name, target))
    return wrong


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return the groups of modules that import each other, directly or not."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    waiting: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        number[name] = lowest[name] = len(number)
        waiting.append(name)
        for target in sorted(graph[name]):
            if target not in number:
                visit(target)
                lowest[name] = min(lowest[name], lowest[target])
            elif target in waiting:
                lowest[name] = min(lowest[name], number[target])
        if lowest[name] == number[name]:
            group = waiting[waiting.index(name) :]
            del waiting[waiting.index(name) :]
            if len(group) > 1:
                found.append(sorted(group))

    for name in sorted(graph):
        if name not in number:
            visit(name)
    return found


def test_imports_flow_one_way() -> None:
    assert upward() - EXCEPTIONS == set()


def test_no_circle() -> None:
    graph = {
        name: {target for target in targets if (name, target) not in EXCEPTIONS}
        for name, targets in arrows().items()
    }
    assert circles(graph) == []


def test_exceptions_are_needed() -> None:
    graph = arrows()
    inside = {name: number for number, group in enumerate(circles(graph)) for name in group}
    closing = {(a, b) for a in inside for b in graph[a] if inside.get(b) == inside[a]}
    assert not EXCEPTIONS - (upward() | closing)


def test_every_floor_has_something_on_it() -> None:
    known = modules()
    empty = [
        room for rooms in FLOORS for room in rooms if room and not any(room_of(n)[1] == room for n in known)
    ]
    assert empty == []


def test_circles_are_found() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]
    assert circles({"a": {"b"}, "b": set()}) == []
