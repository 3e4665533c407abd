"""The example: a plain PyTorch script with BCELoss, and with one changed line an exported loss in its place."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import symloss as sl
from symloss.export import export, save

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "plain_torch_training.py"


def accuracy(script: Path) -> tuple[str, float]:
    found = subprocess.run(
        [sys.executable, "-W", "error", str(script)], capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr
    said = re.fullmatch(r"(\w+)\(.*\): test accuracy ([0-9.]+)\n", found.stdout)
    assert said, found.stdout
    return said[1], float(said[2])


def test_an_exported_loss_takes_one_changed_line(tmp_path: Path) -> None:
    save(export(sl.zoo.maxr.with_eps(0.1), "torch"), tmp_path / "maxr_loss.py")
    before = EXAMPLE.read_text()
    after = before.replace(
        "from torch.nn import BCELoss as Criterion", "from maxr_loss import MaxrLoss as Criterion"
    )
    assert sum(a != b for a, b in zip(before.splitlines(), after.splitlines(), strict=True)) == 1
    (tmp_path / "script.py").write_text(after)
    (plain, with_bce), (changed, with_maxr) = accuracy(EXAMPLE), accuracy(tmp_path / "script.py")
    assert (plain, changed) == ("BCELoss", "MaxrLoss")
    assert with_bce > 0.9 and with_maxr > 0.9


def test_the_script_needs_torch_alone() -> None:
    imports = re.findall(r"^(?:import|from) (\w+)", EXAMPLE.read_text(), re.MULTILINE)
    assert set(imports) == {"__future__", "torch"}
