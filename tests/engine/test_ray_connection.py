"""Addresses of clusters: what can't work is said at once. No cluster is started here."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import threading
from collections.abc import Iterator

import pytest

from symloss.engine import EngineError, ray_connection
from symloss.engine.ray_connection import Connection, check_address, import_ray
from symloss.errors import OptionError

SETTINGS_FRAME = bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])


@contextlib.contextmanager
def server(answer: bytes | None) -> Iterator[str]:
    """Answer one connection with some bytes; never if None."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with contextlib.suppress(OSError):
                line, _ = listening.accept()
                with line:
                    line.recv(100)
                    if answer is None:
                        line.recv(100)
                    else:
                        line.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{listening.getsockname()[1]}"
    thread.join(5)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def test_missing_ray_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(OptionError, match=r"can't import ray; run pip install 'symloss\[ray\]'"):
        import_ray()


@pytest.mark.parametrize("address", ["head", "head:", ":6379", "head:port", "head:0", "head:70000", "head:٣"])
def test_addresses_that_can_not_be_read(address: str) -> None:
    with pytest.raises(OptionError, match="can't be read; give host:port"):
        check_address(address)


def test_addresses_of_ray_client_are_refused() -> None:
    with pytest.raises(OptionError, match="Ray Client, which symloss does not use"):
        check_address("ray://head:10001")


def test_nothing_answers() -> None:
    with pytest.raises(EngineError, match=r"no Ray cluster can be used at 127\.0\.0\.1:\d+: .*ray start"):
        check_address(f"127.0.0.1:{free_port()}")
    with pytest.raises(EngineError, match="no Ray cluster can be used at nowhere.invalid:1"):
        check_address("nowhere.invalid:1")


def test_something_else_answers() -> None:
    with server(b"HTTP/1.1 400 Bad Request\r\n\r\n") as address, pytest.raises(EngineError, match="8265 is"):
        check_address(address)
    with server(b"") as address, pytest.raises(EngineError, match="is something else"):
        check_address(address)
    with server(SETTINGS_FRAME) as address:
        check_address(address)


def test_silence_ends_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_connection, "CONNECT_SECONDS", 0.2)
    with server(None) as address, pytest.raises(EngineError, match="timed out"):
        check_address(address)


def test_connecting_tries_the_address_first(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray", reason="ray is not installed")
    before = dict(os.environ)
    address = f"127.0.0.1:{free_port()}"
    with pytest.raises(EngineError, match="no Ray cluster can be used"):
        Connection(address, 1)
    monkeypatch.setenv("RAY_ADDRESS", address)
    with pytest.raises(EngineError, match="no Ray cluster can be used"):
        Connection("auto", 1)
    monkeypatch.delenv("RAY_ADDRESS")
    assert {name for name in os.environ if name not in before} <= {"RAY_CLIENT_MODE", "PYTHONBREAKPOINT"}
