from __future__ import annotations

import importlib.util
import io
import socket
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from symloss.data.fetch import PipSource, UrlSource, fetch_first, read_member
from symloss.errors import FetchError

from .conftest import zipped

ARCHIVE = zipped(folder__data=b"content")
QUIET = lambda done, size: None  # noqa: E731


@pytest.fixture
def server():
    """A server whose answers are functions of the handler, by path; `stop` ends answers that dawdle."""
    answers, stop = {}, threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            answers[self.path](self)

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.daemon_threads = False
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        running.answers, running.stop = answers, stop
        running.at = f"http://127.0.0.1:{running.server_address[1]}"
        yield running
        stop.set()
        running.shutdown()
        thread.join()


def send(content: bytes, length: int | None = None):
    def answer(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content) if length is None else length))
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def test_a_member_is_downloaded_and_reported(server):
    server.answers["/a.zip"] = send(ARCHIVE)
    reports = []
    source = UrlSource(f"{server.at}/a.zip", "folder/data")
    assert source.get(lambda done, size: reports.append((done, size))) == b"content"
    assert reports[0] == (0, len(ARCHIVE))
    assert reports[-1] == (len(ARCHIVE), len(ARCHIVE))


def test_an_interrupted_download(server):
    server.answers["/a.zip"] = send(ARCHIVE[:20], length=len(ARCHIVE))
    with pytest.raises(FetchError, match=f"broke off after 20 of {len(ARCHIVE)} bytes"):
        UrlSource(f"{server.at}/a.zip", "folder/data").get(QUIET)


def test_a_server_that_says_nothing(server):
    server.answers["/a.zip"] = lambda handler: server.stop.wait(10)
    with pytest.raises(FetchError, match=r"no answer within 0.2 s"):
        UrlSource(f"{server.at}/a.zip", "folder/data", timeout=0.2).get(QUIET)


def test_a_server_that_stops_in_the_middle(server):
    def stall(handler):
        send(ARCHIVE[:20], length=len(ARCHIVE))(handler)
        handler.wfile.flush()
        server.stop.wait(10)

    server.answers["/a.zip"] = stall
    with pytest.raises(FetchError, match=r"no answer within 0.2 s"):
        UrlSource(f"{server.at}/a.zip", "folder/data", timeout=0.2).get(QUIET)


def test_a_server_that_drips(server):
    def drip(handler):
        send(b"", length=1000)(handler)
        while not server.stop.wait(0.02):
            handler.wfile.write(b"x")
            handler.wfile.flush()

    server.answers["/a.zip"] = lambda handler: _until_closed(drip, handler)
    with pytest.raises(FetchError, match=r"the download took more than 0.3 s"):
        UrlSource(f"{server.at}/a.zip", "folder/data", deadline=0.3).get(QUIET)


def _until_closed(answer, handler):
    try:
        answer(handler)
    except OSError:
        handler.close_connection = True


def test_a_server_that_sends_too_much(server):
    def flood(handler):
        handler.send_response(200)
        handler.end_headers()
        while not server.stop.is_set():
            handler.wfile.write(bytes(10_000))

    server.answers["/a.zip"] = lambda handler: _until_closed(flood, handler)
    with pytest.raises(FetchError, match=r"sends more than 100,000 bytes"):
        UrlSource(f"{server.at}/a.zip", "folder/data", max_archive=100_000).get(QUIET)


def test_answers_that_are_no_archive(server):
    server.answers["/a.zip"] = send(b"<html>please log in</html>")
    with pytest.raises(FetchError, match="the archive is damaged: File is not a zip file"):
        UrlSource(f"{server.at}/a.zip", "folder/data").get(QUIET)
    server.answers["/none.zip"] = lambda handler: handler.send_error(404)
    with pytest.raises(FetchError, match="the server answers 404 Not Found"):
        UrlSource(f"{server.at}/none.zip", "folder/data").get(QUIET)
    server.answers["/odd.zip"] = lambda handler: handler.wfile.write(b"not http at all\r\n\r\n")
    with pytest.raises(FetchError, match="the download failed: not http at all"):
        UrlSource(f"{server.at}/odd.zip", "folder/data").get(QUIET)


def test_nobody_there():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}/a.zip"
        with pytest.raises(FetchError, match="can't connect: .*refused"):
            UrlSource(address, "folder/data").get(QUIET)
    with pytest.raises(FetchError, match=r"file:///etc/hosts is not a web address; allowed are https:// and"):
        UrlSource("file:///etc/hosts", "x").get(QUIET)


def test_members_are_read_to_a_limit():
    bomb = zipped(folder__data=bytes(10_000_000))
    assert len(bomb) < 20_000
    with pytest.raises(FetchError, match="folder/data in the archive is larger than 1,000 bytes"):
        read_member(io.BytesIO(bomb), "folder/data", 1_000)
    # An archive that understates the size of its member is no way around.
    lying = bomb.replace((10_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    with pytest.raises(FetchError):
        read_member(io.BytesIO(lying), "folder/data", 1_000)
    with pytest.raises(FetchError, match="the archive has no file other"):
        read_member(io.BytesIO(ARCHIVE), "other", 1_000)


def test_damaged_and_encrypted_members():
    content = bytearray(zipped(data=bytes(range(256)) * 40))
    content[40] ^= 0xFF
    with pytest.raises(FetchError, match="the archive is damaged"):
        read_member(io.BytesIO(bytes(content)), "data", 10**6)
    encrypted = bytearray(zipped(data=b"secret"))
    encrypted[6] |= 1
    encrypted[encrypted.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(FetchError, match="the archive can't be read"):
        read_member(io.BytesIO(bytes(encrypted)), "data", 10**6)


class Fixed:
    """A source that gives what it is told to, or fails."""

    def __init__(self, name, content):
        self.name, self.content, self.asked = name, content, 0

    def get(self, report):
        self.asked += 1
        report(0, None)
        report(5, 10)
        if self.content is None:
            raise FetchError(f"{self.name} is down")
        return self.content


def check(content):
    if content != b"good":
        raise FetchError("wrong checksum")
    return content.upper()


@pytest.mark.parametrize("progress", [False, True])
def test_the_first_source_with_good_content_wins(progress, capsys):
    sources = [Fixed("a", None), Fixed("b", b"bad"), Fixed("c", b"good"), Fixed("d", b"good")]
    content, source = fetch_first("toy", sources, check, "", progress=progress)
    assert (content, source.name) == (b"GOOD", "c")
    assert [one.asked for one in sources] == [1, 1, 1, 0]
    assert capsys.readouterr().out == ""


def test_where_all_fail_each_reason_and_the_way_out_are_named():
    with pytest.raises(FetchError) as caught:
        fetch_first("toy", [Fixed("a", None), Fixed("b", b"bad")], check, "Put it there.", progress=False)
    assert str(caught.value) == "can't fetch toy:\n  a: a is down\n  b: wrong checksum\nPut it there."


@pytest.fixture
def wheels(tmp_path):
    """A folder with one wheel, made by hand."""
    if importlib.util.find_spec("pip") is None:
        pytest.skip("pip is not installed")
    with zipfile.ZipFile(tmp_path / "toy_wheel-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("toy/data", b"content")
        wheel.writestr(
            "toy_wheel-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: toy-wheel\nVersion: 1.0\n"
        )
        wheel.writestr(
            "toy_wheel-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr("toy_wheel-1.0.dist-info/RECORD", "")
    return tmp_path


def test_a_member_of_a_wheel_by_pip(wheels):
    options = ("--no-index", "--find-links", str(wheels))
    assert PipSource("toy-wheel==1.0", "toy/data", options=options).get(QUIET) == b"content"


def test_a_wheel_that_pip_can_not_find(wheels):
    source = PipSource("toy-wheel==2.0", "toy/data", options=("--no-index", "--find-links", str(wheels)))
    with pytest.raises(FetchError, match=r"pip failed: ERROR: .*toy-wheel==2\.0"):
        source.get(QUIET)


def test_pip_is_missing_or_slow(monkeypatch, tmp_path):
    with pytest.raises(FetchError, match="pip took more than 0.01 s"):
        PipSource("toy==1", "x", deadline=0.01, options=("--no-index",)).get(QUIET)
    monkeypatch.setattr("sys.executable", str(tmp_path / "no-python"))
    with pytest.raises(FetchError, match="pip can't be run"):
        PipSource("toy==1", "x").get(QUIET)


def test_secrets_in_addresses_are_not_shown(monkeypatch):
    import subprocess

    def fail(command, **options):
        return subprocess.CompletedProcess(
            command, 1, "", "Looking\nERROR: no https://me:secret@index.invalid/x\n"
        )

    monkeypatch.setattr("subprocess.run", fail)
    with pytest.raises(FetchError, match=r"pip failed: ERROR: no https://\*\*\*@index\.invalid/x"):
        PipSource("toy==1", "x").get(QUIET)
