"""The way into a Ray cluster and out of it again, without waiting for what is not there and without noise.

Ray needs care on four counts. A wrong address keeps `ray.init` busy for two
minutes, so the address is tried first. Ray reports lost nodes on standard
output, which belongs to the caller's results, so these reports go to the logger
`symloss.engine`. `ray.init` replaces the program's handler of SIGTERM, which is
put back. And usage statistics are switched off: nothing leaves the cluster.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import signal
import socket
import threading
import warnings
from collections.abc import Iterator
from typing import Any

from symloss.engine.errors import EngineError
from symloss.errors import OptionError

CONNECT_SECONDS = 5.0
"""How long an address may take to answer."""

_LOGGER = logging.getLogger("symloss.engine")
_HTTP2_HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
"""What an HTTP/2 client sends first: the preface and empty settings (RFC 9113, sections 3.4 and 6.5)."""
_SETTINGS = 4
_QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
"""No statistics to Ray's makers; no remark about graphics cards that are not used."""


def import_ray() -> Any:
    """Return the package ray.

    Raises:
        OptionError: it is not installed.
    """
    try:
        with warnings.catch_warnings():
            # Ray's own imports warn of what will change in Ray.
            warnings.simplefilter("ignore")
            return importlib.import_module("ray")
    except ModuleNotFoundError as error:
        raise OptionError(
            f"the ray engine can't import {error.name}; run pip install 'symloss[ray]', or use the local engine"
        ) from None


class Connection:
    """This process's part in a cluster, until `close`.

    Attributes:
        ray: the package.
        started: whether the cluster was started here, and ends with `close`.
    """

    def __init__(self, address: str | None, cores: int) -> None:
        """Connect.

        Args:
            address: "host:port", "auto" for the cluster that this machine belongs to, or None for the
                cluster this process is in already, else a new one on this machine.
            cores: of a new one.

        Raises:
            OptionError: ray is missing, or the address can't be right.
            EngineError: nothing answers there, or the cluster does not take this process.
        """
        self.ray = import_ray()
        self.started = False
        self._ours = not self.ray.is_initialized()
        self._handler: Any = None
        self._printer: Any = None
        if self._ours:
            self._connect(address, cores)
            return
        here = self.ray.get_runtime_context().gcs_address
        if address not in (None, "auto", here):
            raise OptionError(
                f"this process is in the Ray cluster at {here}, so it can't use {address}; "
                "leave the address out, or call ray.shutdown() first"
            )

    def _connect(self, address: str | None, cores: int) -> None:
        if address is not None:
            check_address(os.environ.get("RAY_ADDRESS", address) if address == "auto" else address)
        where = {"address": "local", "num_cpus": cores} if address is None else {"address": address}
        main = threading.current_thread() is threading.main_thread()
        before = signal.getsignal(signal.SIGTERM) if main else None
        try:
            with _environment(_QUIET), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self.ray.init(
                    **where,
                    # An existing cluster has its own dashboard, or none.
                    **({"include_dashboard": False} if address is None else {}),
                    log_to_driver=False,
                    logging_level=logging.ERROR,
                )
        except (ConnectionError, OSError, RuntimeError, ValueError, self.ray.exceptions.RayError) as error:
            reason = str(error).strip().split("\n")[0]
            raise EngineError(f"{_what(address)}: {reason}; {_advice(address)}") from error
        self.started = address is None
        if before is not None:
            self._handler = before
            if callable(before):
                # The program has a way to end of its own. Where it has none, Ray's stays: it exits in order.
                signal.signal(signal.SIGTERM, before)
        self._printer = _reports_to_log()

    def close(self) -> None:
        """Leave the cluster, and end it if it was started here; does nothing the second time."""
        if not self._ours:
            return
        self._ours = False
        self.ray.shutdown()
        if self._printer is not None:
            _ray_worker().print_to_stdstream = self._printer
        if self._handler is not None and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, self._handler)


def check_address(address: str) -> None:
    """Check that a cluster may be at "host:port"; "auto" passes.

    Raises:
        OptionError: it is not an address of that form.
        EngineError: nothing answers there, or something that is no Ray cluster.
    """
    if address == "auto":
        return
    host, _, port = address.rpartition(":")
    if "://" in address:
        raise OptionError(
            f"the address {address!r} is one for Ray Client, which symloss does not use; run symloss on a "
            "machine of the cluster and give host:port of its head, or 'auto'"
        )
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise OptionError(
            f"the address {address!r} can't be read; give host:port of the cluster's head (Ray's port is 6379 "
            "unless it was chosen), 'auto', or none for a local Ray"
        )
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_SECONDS) as line:
            line.sendall(_HTTP2_HELLO)
            answer = line.recv(9, socket.MSG_WAITALL)
    except OSError as error:
        raise EngineError(
            f"{_what(address)}: {error.strerror or error or 'no answer'}; {_advice(address)}"
        ) from None
    # With TLS there is an answer in another form, or none.
    if not os.environ.get("RAY_USE_TLS", "0") == "1" and (len(answer) < 9 or answer[3] != _SETTINGS):
        raise EngineError(
            f"{_what(address)}: what answers there is something else (8265 is the port of Ray's dashboard; the "
            f"head's own is 6379 unless it was chosen); {_advice(address)}"
        )


def _what(address: str | None) -> str:
    return "a local Ray can't be started" if address is None else f"no Ray cluster can be used at {address}"


def _advice(address: str | None) -> str:
    if address is None:
        return "see the logs in Ray's folder, /tmp/ray/session_latest/logs, or use the local engine"
    return (
        "see that `ray start --head` runs there and `ray start --address=HOST:PORT` on this machine, with the "
        "same versions of Ray and Python, or leave the address out for a local Ray"
    )


@contextlib.contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Set variables for the processes started meanwhile."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _reports_to_log() -> Any:
    """Send Ray's reports to the log; return what printed them.

    Ray has no option for it: `log_to_driver` is about the output of workers only.
    """
    worker = _ray_worker()
    printer = getattr(worker, "print_to_stdstream", None)
    if printer is not None:
        worker.print_to_stdstream = _log
    return printer


def _ray_worker() -> Any:
    return importlib.import_module("ray._private.worker")


def _log(data: dict[str, Any], *others: Any, **named: Any) -> None:
    _LOGGER.info("%s", "\n".join(data.get("lines", [])))
