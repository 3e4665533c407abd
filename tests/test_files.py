"""Writing files: whole or not at all, through links and pipes, with the rights of the file that was there."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from symloss import files
from symloss.errors import DataError, OptionError, RunError, SymlossError
from symloss.export import save
from symloss.files import check_writable, is_stream, open_regular, read_regular, write_file
from symloss.report import write_report

posix = pytest.mark.skipif(os.name == "nt", reason="links, pipes and modes of POSIX")


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_file_is_written_and_replaced(tmp_path: Path) -> None:
    write_file(str(tmp_path / "a"), "é\n")
    assert (tmp_path / "a").read_bytes() == "é\n".encode()
    write_file(tmp_path / "a", b"\x00\xff")
    assert (tmp_path / "a").read_bytes() == b"\x00\xff"
    assert names(tmp_path) == {"a"}


@posix
@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_modes_are_kept_and_the_umask_is_honoured(tmp_path: Path, umask: int) -> None:
    (tmp_path / "old").write_text("x")
    (tmp_path / "old").chmod(0o640)
    before = os.umask(umask)
    try:
        write_file(tmp_path / "new", "x")
        write_file(tmp_path / "old", "y")
    finally:
        os.umask(before)
    assert mode_of(tmp_path / "new") == 0o666 & ~umask
    assert mode_of(tmp_path / "old") == 0o640
    assert (tmp_path / "old").read_text() == "y"


@posix
def test_a_link_stays_and_its_target_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    target, link, chain = tmp_path / "there" / "target", tmp_path / "link", tmp_path / "chain"
    target.write_text("old")
    link.symlink_to("there/target")
    chain.symlink_to(link)
    write_file(chain, "new")
    assert target.read_text() == "new" and link.is_symlink() and chain.is_symlink()
    dangling = tmp_path / "dangling"
    dangling.symlink_to("there/made")
    write_file(dangling, "new")
    assert dangling.is_symlink() and (tmp_path / "there" / "made").read_text() == "new"
    loop = tmp_path / "loop"
    loop.symlink_to("loop")
    with pytest.raises(SymlossError, match="can't write .*loop"):
        write_file(loop, "x")
    assert loop.is_symlink()


@posix
def test_a_pipe_is_written_through(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    write_file(pipe, "x" * 200_000)
    reader.join(20)
    assert got == [b"x" * 200_000]
    assert stat.S_ISFIFO(pipe.stat().st_mode) and names(tmp_path) == {"pipe"}
    assert is_stream(pipe) and not is_stream(tmp_path)


@posix
def test_a_pipe_without_a_reader_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "PIPE_SECONDS", 0.1)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SymlossError, match="nobody reads"):
        write_file(tmp_path / "pipe", "x")


@posix
def test_a_device_is_written_to_and_never_replaced(tmp_path: Path) -> None:
    link = tmp_path / "null"
    link.symlink_to(os.devnull)
    write_file(link, "x")
    assert link.is_symlink() and stat.S_ISCHR(link.stat().st_mode)
    node = tmp_path / "node"
    try:
        os.mknod(node, 0o600 | stat.S_IFCHR, os.makedev(1, 3))
        write_file(node, "x")
    except (OSError, SymlossError):
        pytest.skip("no devices can be made here")
    assert stat.S_ISCHR(node.stat().st_mode)


@posix
def test_block_devices_and_sockets_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))
        with pytest.raises(SymlossError, match="it is a socket"):
            write_file(tmp_path / "s", "x")
    path = tmp_path / "disk"
    path.write_text("all that there is")
    real = Path.stat

    def as_disk(self: Path, **options: bool) -> os.stat_result:
        found = real(self, **options)
        return os.stat_result((stat.S_IFBLK | 0o600, *found[1:])) if self.name == "disk" else found

    with monkeypatch.context() as patch:
        patch.setattr(Path, "stat", as_disk)
        for act in (check_writable, lambda path: write_file(path, "x")):
            with pytest.raises(SymlossError, match="block device"):
                act(path)
    assert path.read_text() == "all that there is"


def test_errors_are_sentences(tmp_path: Path) -> None:
    for path, words in (
        (tmp_path, "it is a folder"),
        (tmp_path / "none" / "a", "there is no folder"),
        (tmp_path / ("x" * 300), "too long"),
        (Path("a\0b"), "no name of a file"),
    ):
        with pytest.raises(DataError, match=f"can't write .*{words}.*; free some space"):
            write_file(path, "x", error=DataError, advice="free some space")
    assert names(tmp_path) == set()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_is_told(tmp_path: Path) -> None:
    (tmp_path / "full").symlink_to("/dev/full")
    with pytest.raises(SymlossError, match="No space left"):
        write_file(tmp_path / "full", "x")
    assert stat.S_ISCHR(Path("/dev/full").stat().st_mode)


def test_failure_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.write_text("old")

    def fail(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(SymlossError, match="No space left"):
        write_file(path, "new")
    assert path.read_text() == "old" and names(tmp_path) == {"a"}


@posix
@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="rights do not bind the superuser"
)
def test_protected_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    (tmp_path / "a").chmod(0o400)
    with pytest.raises(SymlossError, match="write-protected"):
        write_file(tmp_path / "a", "new")
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(SymlossError, match="no permission"):
            write_file(tmp_path / "b", "new")
    finally:
        tmp_path.chmod(0o700)


@posix
@pytest.mark.parametrize("way", ["pipe", "file"])
def test_an_export_goes_to_standard_output(tmp_path: Path, way: str) -> None:
    if not Path("/dev/stdout").exists():
        pytest.skip("there is no /dev/stdout")
    command = [sys.executable, "-m", "symloss", "export", "mse", "--to", "numpy", "-o", "/dev/stdout"]
    expected = subprocess.run(command[:-2], capture_output=True, check=True).stdout
    if way == "pipe":
        assert subprocess.run(command, capture_output=True, check=True).stdout == expected
        return
    with (tmp_path / "out").open("wb") as out:
        subprocess.run(command, stdout=out, stderr=subprocess.DEVNULL, check=True)
    assert (tmp_path / "out").read_bytes() == expected
    assert names(tmp_path) == {"out"}


def test_reading_takes_regular_files_only(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("abc")
    assert read_regular(tmp_path / "a", 3) == b"abc"
    with pytest.raises(OSError, match="more than 2 bytes"):
        read_regular(tmp_path / "a", 2)
    with pytest.raises(OSError, match="folder"):
        open_regular(tmp_path)
    if os.name != "nt":
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(OSError, match="not a regular file"):
            open_regular(tmp_path / "pipe")


def test_paths_may_be_texts_and_endings_of_reports_are_known(tmp_path: Path) -> None:
    save("x", str(tmp_path / "x.py"))
    assert (tmp_path / "x.py").read_text() == "x"
    for ending in (".tex", ".csv", "", ".pdf"):
        with pytest.raises(OptionError, match=r"\.html, \.htm"):
            write_report(tmp_path, tmp_path / f"rep{ending}")
    with pytest.raises(RunError):
        write_report(tmp_path, tmp_path / "rep.html")
    assert names(tmp_path) == {"x.py"}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize(
    "words", [["zoo"], ["zoo", "--json"], ["--help"], ["ops"], ["export", "mse", "--to", "latex"]]
)
def test_output_that_can_not_be_written_is_told(words: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "symloss", *words],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and "the disk is full" in done.stderr
