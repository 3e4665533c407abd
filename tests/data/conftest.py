from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from symloss.data import cache_folder
from symloss.data.movielens import is_cached

PUBLISHED = Path(__file__).parents[3] / "shared" / "data" / "ml100k01-1-5"
# Found before the tests redirect the cache: a copy of ml-100k may be there already.
_REAL_CACHE = cache_folder()


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    """A cache folder of the test's own."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("SYMLOSS_CACHE", str(folder))
    return folder


@pytest.fixture
def real_cache() -> Path:
    if not is_cached(_REAL_CACHE):
        pytest.skip("ml-100k is not in the cache; the slow tests fetch it")
    return _REAL_CACHE


@pytest.fixture
def published() -> Path:
    if not PUBLISHED.is_dir():
        pytest.skip("the published split ml100k01-1-5 is not in ../shared/data")
    return PUBLISHED


@pytest.fixture
def write(tmp_path):
    """Write a file into the test's folder and return its path."""

    def _write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return _write


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/"), content)
    return buffer.getvalue()
