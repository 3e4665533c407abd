from __future__ import annotations

from pathlib import Path

import pytest

from symloss.data.cache import cache_folder, writable, write_whole
from symloss.errors import DataError


def test_the_folder_follows_the_environment(monkeypatch):
    assert cache_folder({"SYMLOSS_CACHE": "/a", "XDG_CACHE_HOME": "/b"}) == Path("/a")
    assert cache_folder({"XDG_CACHE_HOME": "/b"}) == Path("/b/symloss")
    monkeypatch.setenv("HOME", "/home/somebody")
    assert cache_folder({}) == Path("/home/somebody/.cache/symloss")
    assert cache_folder({"SYMLOSS_CACHE": "~/c"}) == Path("/home/somebody/c")
    # The XDG specification: relative paths are invalid and are ignored.
    assert cache_folder({"XDG_CACHE_HOME": "b"}) == Path("/home/somebody/.cache/symloss")


def test_a_folder_is_made_and_left_clean(tmp_path):
    folder = writable(tmp_path / "a" / "b")
    assert folder.is_dir()
    assert list(folder.iterdir()) == []


def test_a_folder_that_can_not_be_written_is_an_error_that_says_what_to_set(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    with pytest.raises(
        DataError, match=r"can't write to the cache folder .*file.*; set SYMLOSS_CACHE to a folder"
    ):
        writable(tmp_path / "file" / "cache")

    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    with pytest.raises(DataError, match=r"Permission denied; set SYMLOSS_CACHE"):
        writable(tmp_path)


def test_a_file_appears_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "data"
    write_whole(path, b"old")
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"

    def fail(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(DataError, match=r"can't write .*data: No space left on device; free some space"):
        write_whole(path, b"newest")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_an_interrupt_leaves_nothing_behind(tmp_path, monkeypatch):
    def interrupt(descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "data", b"x")
    assert list(tmp_path.iterdir()) == []
