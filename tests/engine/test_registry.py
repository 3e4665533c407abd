"""Engines by name."""

from __future__ import annotations

import importlib.util

import pytest

from symloss.engine import ENGINES, LocalEngine, check_engine, make_engine
from symloss.errors import OptionError
from symloss.models import registry
from symloss.training.settings import TrainingSettings
from tests.search.conftest import make_dataset


def make(name: str, device: str = "cpu", address: str | None = None):
    settings = TrainingSettings(device=device)
    return make_engine(name, registry.get("mf"), make_dataset(), settings, address=address)


def test_the_local_engine_needs_nothing() -> None:
    check_engine("local")
    engine = make("local")
    assert isinstance(engine, LocalEngine)
    assert list(ENGINES) == ["local", "ray"]
    assert engine.name in ENGINES
    engine.close()


def test_unknown_engine_and_wrong_address() -> None:
    with pytest.raises(OptionError, match=r"unknown engine 'rai'; did you mean 'ray'\?"):
        check_engine("rai")
    with pytest.raises(OptionError, match="unknown engine 'spark'; allowed are local, ray"):
        make("spark")
    with pytest.raises(OptionError, match="engine 'local' has no address"):
        make("local", address="head:6379")


def test_missing_ray_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    for call in (lambda: check_engine("ray"), lambda: make("ray")):
        with pytest.raises(OptionError, match=r"pip install 'symloss\[ray\]'"):
            call()


def test_ray_trains_on_cpus_only() -> None:
    pytest.importorskip("ray", reason="ray is not installed")
    with pytest.raises(OptionError, match="not on device 'cuda'"):
        make("ray", device="cuda")
