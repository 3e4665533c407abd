"""A user's own model by FILE.py:build and by a function: found, recorded, and refused in sentences."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from torch import nn

from symloss.errors import ModelError, OptionError
from symloss.models import Model, registry
from symloss.models.user_model import difference, is_reference, model_of
from tests.models.pairs import SmallTask

TEXT = """from dataclasses import dataclass
from torch import nn
import beside

@dataclass
class Sizes:
    width: int = 3

def build(task, seed):
    return nn.Linear(task.sizes["features"], beside.OUT)

class Holder:
    build = build

number = 3

def other(task):
    return None
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "beside.py").write_text("OUT = 1\n")
    path = tmp_path / "mine.py"
    path.write_text(TEXT)
    return path


def build_here(task, seed):
    return nn.Linear(3, 1)


def test_a_file(file: Path) -> None:
    model = registry.get("mine.py:build")
    assert model.name == "mine.py:build"
    assert model.digest == hashlib.sha256(TEXT.encode()).hexdigest()
    assert isinstance(model.build(SmallTask(features=4), 0), nn.Linear)
    assert model_of(f"{file}:Holder.build").build is model.build
    assert model_of("mine.py:build") == model
    assert model_of(model) is model


def test_a_changed_file_is_another_model(file: Path) -> None:
    model = model_of("mine.py:build")
    assert difference(model, model.digest) is None
    # as long as before, and within the same second
    file.write_text(TEXT.replace("number = 3", "number = 4"))
    changed = model_of("mine.py:build")
    assert changed.digest != model.digest
    assert changed.build is not model.build
    said = difference(changed, model.digest)
    assert said is not None
    assert "the file of model mine.py:build has changed since the run was begun" in said
    assert difference(registry.get("mf"), "") is None
    assert difference(registry.get("mf"), model.digest) is not None
    assert difference(model, "") is not None


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("gone.py:build", "the file .*gone.py is not there"),
        ("mine.py:buidl", "mine.py has no 'buidl'; did you mean 'build'"),
        ("mine.py:zzz", "its functions are build, other"),
        ("mine.py:number", "'number' is a int; it has to be a function build"),
        ("mine.py:other", r"called as build\(task, seed\), but takes \(task\)"),
        ("mine.py:Holder.zzz", "has no 'Holder.zzz'"),
    ],
)
def test_references_that_lead_nowhere(file: Path, reference: str, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        model_of(reference)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("def build(task, seed):\n    return (\n", "bad.py is not Python: .* \\(line 2\\)"),
        (
            "\n\nimport no_such_module_anywhere\n",
            "failed when it was run: ModuleNotFoundError: .* \\(line 3\\)",
        ),
        ("def f():\n    return 1 / 0\n\nf()\n", "ZeroDivisionError: division by zero \\(line 2\\)"),
        ("build = 0\nraise ValueError\n", "ValueError:  \\(line 2\\)"),
    ],
)
def test_files_that_fail(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "bad.py").write_text(text)
    for _ in range(2):
        with pytest.raises(ModelError, match=words):
            model_of(f"{tmp_path / 'bad.py'}:build")


def test_functions() -> None:
    model = model_of(build_here)
    assert model.name == f"{__name__}:build_here"
    assert model.digest == hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
    local = model_of(lambda task, seed: nn.Linear(3, 1))
    assert "<lambda>" in local.name
    assert local.digest == ""
    with pytest.raises(ModelError, match=r"called as build\(task, seed\), but takes \(x\)"):
        model_of(lambda x: x)
    with pytest.raises(ModelError, match="a model can't be made of a int"):
        model_of(3)  # type: ignore[arg-type]
    own = Model("own", build_here)
    assert registry.get(own) is own


def test_what_looks_like_a_reference() -> None:
    assert is_reference("a/b.py:build")
    assert is_reference("C:\\a\\b.py:build")
    assert not is_reference("mf")
    assert not is_reference("b.py")
    assert not is_reference("b.py:")
    assert is_reference("package.module:build")
    assert not is_reference("a b:build")


def test_references_hold_in_every_folder(file: Path) -> None:
    assert registry.check_name("mine.py:build") == f"{file}:build"
    assert registry.check_name("package.module:build") == "package.module:build"
    assert registry.check_name("mlp") == "mlp"
    with pytest.raises(OptionError, match="did you mean 'mlp'"):
        registry.check_name("mpl")
    again = registry.get(model_of(build_here).name)
    assert again == model_of(build_here)
