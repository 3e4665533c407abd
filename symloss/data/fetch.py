"""Fetching one file out of an archive: from a web server, or out of a wheel that pip gets.

A source gives the bytes of one member of a zip archive. Sources are tried in order until one gives
content that passes the check; nothing is tried twice. What is fetched is never unpacked to disk: the one
member is read, up to a limit, so a crafted archive can neither write files nor fill the memory.
"""

from __future__ import annotations

import http.client
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from symloss.errors import FetchError

Report = Callable[[int, int | None], None]
"""Told the bytes done and, where known, all bytes."""

_BLOCK = 65_536


class Source(Protocol):
    """Where a file can be had."""

    @property
    def name(self) -> str:
        """What messages call it."""

    def get(self, report: Report) -> bytes:
        """Return the file; raise FetchError where it can't be had."""


@dataclass(frozen=True)
class UrlSource:
    """A member of a zip archive on a web server.

    Args:
        url: http or https.
        member: the path inside the archive.
        timeout: seconds to wait for the connection, and for each block.
        deadline: seconds that the whole download may take.
        max_archive: bytes, the largest archive.
        max_member: bytes, the largest member when unpacked.
    """

    url: str
    member: str
    timeout: float = 10.0
    deadline: float = 120.0
    max_archive: int = 50_000_000
    max_member: int = 50_000_000

    @property
    def name(self) -> str:
        """The address."""
        return self.url

    def get(self, report: Report) -> bytes:
        """Download the archive to a passing file and return the member.

        Raises:
            FetchError: the server can't be reached, is too slow, breaks off or sends too much, or the
                archive is no good.
        """
        if not self.url.startswith(("https://", "http://")):
            raise FetchError(f"{self.url} is not a web address; allowed are https:// and http://")
        with tempfile.TemporaryFile() as file:
            try:
                with urllib.request.urlopen(self.url, timeout=self.timeout) as response:
                    self._copy(response, file, report)
            except TimeoutError:
                raise FetchError(f"no answer within {self.timeout:g} s") from None
            except urllib.error.HTTPError as error:
                error.close()
                raise FetchError(f"the server answers {error.code} {error.reason}") from None
            except urllib.error.URLError as error:
                if isinstance(error.reason, TimeoutError):
                    raise FetchError(f"no answer within {self.timeout:g} s") from None
                raise FetchError(f"can't connect: {error.reason}") from None
            except (OSError, http.client.HTTPException, ValueError) as error:
                raise FetchError(f"the download failed: {error or type(error).__name__}") from None
            file.seek(0)
            return read_member(file, self.member, self.max_member)

    def _copy(self, response: http.client.HTTPResponse, file: IO[bytes], report: Report) -> None:
        length = response.headers.get("Content-Length", "")
        size = int(length) if length.isascii() and length.isdigit() else None
        end = time.monotonic() + self.deadline
        done = 0
        report(done, size)
        # read1 hands over what has arrived: a server that drips can't hold a whole block past the deadline.
        while block := response.read1(_BLOCK):
            done += len(block)
            if done > self.max_archive:
                raise FetchError(f"the server sends more than {self.max_archive:,} bytes")
            if time.monotonic() > end:
                raise FetchError(f"the download took more than {self.deadline:g} s")
            file.write(block)
            report(done, size)
        if size is not None and done != size:
            raise FetchError(f"the connection broke off after {done:,} of {size:,} bytes")


@dataclass(frozen=True)
class PipSource:
    """A member of a wheel that pip downloads; the wheel is not installed and nothing in it is run.

    Args:
        requirement: such as `name==1.0`.
        member: the path inside the wheel.
        deadline: seconds that pip may take.
        max_member: bytes, the largest member when unpacked.
        options: further options for pip, such as an index.
    """

    requirement: str
    member: str
    deadline: float = 120.0
    max_member: int = 50_000_000
    options: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The command, in short."""
        return f"pip download {self.requirement}"

    def get(self, report: Report) -> bytes:
        """Let pip download the wheel into a passing folder and return the member.

        Raises:
            FetchError: pip is missing, fails or is too slow, or the wheel is no good.
        """
        with tempfile.TemporaryDirectory() as folder:
            # Wheels only: to look into a source distribution, pip would run its build.
            command = [sys.executable, "-m", "pip", "download", "--no-deps", self.requirement, "-d", folder]
            command += ["--only-binary", ":all:", "--disable-pip-version-check", "--no-input", "--quiet"]
            command += ["--timeout", "10", "--retries", "0", *self.options]
            report(0, None)
            try:
                result = subprocess.run(
                    command,
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    timeout=self.deadline,
                    check=False,
                    text=True,
                    errors="replace",
                )
            except subprocess.TimeoutExpired:
                raise FetchError(f"pip took more than {self.deadline:g} s") from None
            except OSError as error:
                raise FetchError(f"pip can't be run: {error}") from None
            if result.returncode:
                raise FetchError(f"pip failed: {_reason(result.stderr)}")
            wheels = sorted(Path(folder).glob("*.whl"))
            if len(wheels) != 1:
                raise FetchError(f"pip left {len(wheels)} wheels where one was expected")
            with wheels[0].open("rb") as file:
                return read_member(file, self.member, self.max_member)


def _reason(stderr: str) -> str:
    """Pick the first error out of what pip wrote; secrets in the addresses of an index are blanked."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.casefold()] or lines[-1:] or ["no message"]
    return re.sub(r"://[^/\s@]+@", "://***@", errors[0])[:300]


def read_member(archive: IO[bytes], member: str, limit: int) -> bytes:
    """Return one member of a zip archive, of at most `limit` bytes unpacked.

    Raises:
        FetchError: this is no zip archive, or the member is missing, damaged, encrypted or too large.
    """
    try:
        with zipfile.ZipFile(archive) as opened, opened.open(opened.getinfo(member)) as file:
            # The size in the directory is a claim of the archive: read to the limit, whatever it says.
            content = file.read(limit + 1)
    except KeyError:
        raise FetchError(f"the archive has no file {member}") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as error:
        raise FetchError(f"the archive is damaged: {error}") from None
    except (RuntimeError, NotImplementedError) as error:
        raise FetchError(f"the archive can't be read: {error}") from None
    if len(content) > limit:
        raise FetchError(f"{member} in the archive is larger than {limit:,} bytes")
    return content


def fetch_first(
    what: str,
    sources: Sequence[Source],
    check: Callable[[bytes], bytes],
    advice: str,
    *,
    progress: bool = True,
) -> tuple[bytes, Source]:
    """Return the first content that passes `check`, and the source that it is from.

    Args:
        what: the name of the data set, for messages.
        sources: tried in order, each once.
        check: turns content into what is kept; raises FetchError where the content is wrong.
        advice: what to do where no source gives it.
        progress: whether to draw a progress bar on standard error.

    Raises:
        FetchError: no source gives it; names why for each, and `advice`.
    """
    failures = []
    for source in sources:
        try:
            with _bar(f"{what} from {source.name}", progress) as report:
                return check(source.get(report)), source
        except FetchError as error:
            failures.append(f"  {source.name}: {error}")
    raise FetchError("\n".join([f"can't fetch {what}:", *failures, advice]))


@contextmanager
def _bar(description: str, shown: bool) -> Iterator[Report]:
    """Give a report that moves a progress bar on standard error."""
    if not shown:
        yield lambda done, size: None
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(f"fetching {description}", total=None)
        yield lambda done, size: bar.update(task, completed=done, total=size)
