"""Workers hold to their limits and don't outlive the process that asks, however that ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.symbolic.worker.test_ask import alive, wait_for

HANGING = "exp(exp(exp(exp(exp(yhat)))))"

ASK = """
import sys, threading
from symloss import Loss
from symloss.symbolic.check import check
from symloss.symbolic.worker import ask
from symloss.symbolic.worker.pool import pool
if "served" in sys.argv:
    import symloss.symbolic.worker.pool as module
    module.may_fork = lambda: False
check(Loss("yhat - y"), time_limit=60)
print(pool()._idle[0].number, flush=True)
check(Loss("exp(exp(exp(exp(exp(yhat)))))"), time_limit=300)
"""


def linux_only() -> None:
    if sys.platform != "linux":
        pytest.skip("other systems end a worker when its alarm rings")


@pytest.mark.parametrize("kind", ["forked", "served"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_worker_at_work_ends_with_the_process_that_asked(kind: str, number: int) -> None:
    linux_only()
    asking = subprocess.Popen(
        [sys.executable, "-c", ASK, kind], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    with asking:
        assert asking.stdout is not None
        worker = int(asking.stdout.readline())
        assert alive(worker)
        time.sleep(0.5)
        asking.send_signal(number)
        asking.wait(60)
    wait_for(lambda: not alive(worker))


def test_no_zombie_is_left() -> None:
    linux_only()
    code = ASK.replace("time_limit=300", "time_limit=0.5") + (
        "import os, pathlib\n"
        "mine = [p for p in pathlib.Path('/proc').glob('[0-9]*/stat')]\n"
        "def fields(p):\n"
        "    try: return p.read_text().rpartition(')')[2].split()\n"
        "    except OSError: return ['', '']\n"
        "print([f[0] for f in map(fields, mine) if f[1] == str(os.getpid())])\n"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.splitlines()[1] == "[]"


def test_memory_is_limited() -> None:
    code = (
        "from symloss.symbolic.worker.limits import limit_memory, memory_in_use\n"
        "limit_memory()\n"
        "kept = []\n"
        "try:\n"
        "    while len(kept) < 300: kept.append(bytearray(b'x') * (8 << 20))\n"
        "except MemoryError: print(memory_in_use()[0])\n"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 700 << 20 < int(found.stdout) < 1 << 30


@pytest.mark.parametrize("where", ["daemon", "optimised", "homeless", "copied"])
def test_it_works_in_unusual_processes(where: str, tmp_path: Path) -> None:
    code = {
        "daemon": (
            "import multiprocessing as m\n"
            "from symloss import Loss\n"
            "def work(q): q.put(Loss('(yhat-y)**2').check(time_limit=60).verdict)\n"
            "if __name__ == '__main__':\n"
            "    c = m.get_context('fork'); q = c.Queue(); p = c.Process(target=work, args=(q,), daemon=True)\n"
            "    p.start(); print(q.get(timeout=100)); p.join()\n"
        ),
        "copied": (
            "import os\n"
            "from symloss import Loss\n"
            "first = Loss('(yhat-y)**2').check(time_limit=60).verdict\n"
            "child = os.fork()\n"
            "verdict = Loss('abs(yhat-y)').check(time_limit=60).verdict\n"
            "if child == 0: os._exit(0 if verdict == 'valid' else 1)\n"
            "print(first if os.waitpid(child, 0)[1] == 0 and verdict == first else 'broken')\n"
        ),
    }.get(where, "from symloss import Loss\nprint(Loss('(yhat-y)**2').check(time_limit=60).verdict)\n")
    script = tmp_path / "script.py"
    script.write_text(code)
    environment = {"optimised": {"PYTHONOPTIMIZE": "2"}, "homeless": {"HOME": "/nowhere"}}.get(where, {})
    found = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, **environment},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert (found.stdout.strip(), found.stderr) == ("valid", "")


def test_a_module_in_the_working_folder_is_not_loaded(tmp_path: Path) -> None:
    (tmp_path / "sympy.py").write_text("raise SystemExit('loaded')")
    (tmp_path / "marshal.py").write_text("raise SystemExit('loaded')")
    code = ASK.split("print")[0] + "print('fine')\n"
    found = subprocess.run(
        [sys.executable, "-P", "-c", code, "served"], capture_output=True, text=True, cwd=tmp_path
    )
    assert found.stdout == "fine\n", found.stderr


def test_ctrl_c_keeps_what_is_done(tmp_path: Path) -> None:
    path = tmp_path / "losses.txt"
    path.write_text(f"mse\n(yhat -\n{HANGING}\nbce\n")
    command = "import sys; from symloss.cli import main; main()"
    for as_json in (True, False):
        arguments = ["check", "--file", str(path), "--time-limit", "300", *(["--json"] if as_json else [])]
        running = subprocess.Popen(
            [sys.executable, "-c", command, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        with running:
            assert running.stdout is not None and running.stderr is not None
            printed = ""
            while ('"line": 2' if as_json else "Verdict") not in printed:
                line = running.stdout.readline()
                assert line, "it ended before its time"
                printed += line
            time.sleep(1.0)
            # as a terminal does: to the whole group
            os.killpg(running.pid, signal.SIGINT)
            rest, complaints = running.communicate(timeout=60)
        assert running.returncode == 130
        assert "interrupted; 2 of 4 checked" in complaints.splitlines()[-1]
        assert "Traceback" not in complaints
        if as_json:
            assert [entry["verdict"] for entry in json.loads(printed + rest)] == ["valid", "error"]
        else:
            assert "line 2" in complaints
