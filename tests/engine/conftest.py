"""What tests of engines share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def ray_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder for Ray, which keeps a token there; one for all of a process, which reads it once."""
    return tmp_path_factory.mktemp("home")
