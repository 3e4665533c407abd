"""What was recorded, and how it is compared: only what is recorded counts, so that additions change nothing."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent / "expected"


def expected(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def differences(recorded: Any, now: Any, tolerance: float = 0.0, where: str = "") -> list[str]:
    """Return what is recorded and not so now; null was not decided when it was recorded, and stands for anything.

    Args:
        recorded: what was; of a mapping, what is new now does not matter.
        now: what is.
        tolerance: for numbers that are no integers, absolute and relative.
        where: names the place in the result.
    """
    if recorded is None:
        return []
    if isinstance(recorded, Mapping):
        if not isinstance(now, Mapping):
            return [f"{where}: {now!r} is no mapping"]
        found = []
        for key, value in recorded.items():
            if key in now:
                found += differences(value, now[key], tolerance, f"{where}/{key}")
            else:
                found.append(f"{where}/{key} is missing")
        return found
    if isinstance(recorded, list):
        if not isinstance(now, list | tuple) or len(now) != len(recorded):
            return [f"{where}: {recorded!r:.200} was recorded, {now!r:.200} is now"]
        pairs = zip(recorded, now, strict=True)
        return [
            text
            for number, (old, new) in enumerate(pairs)
            for text in differences(old, new, tolerance, f"{where}/{number}")
        ]
    if isinstance(recorded, float) and isinstance(now, int | float):
        same = math.isclose(recorded, now, rel_tol=tolerance, abs_tol=tolerance) or recorded == now
        return [] if same else [f"{where}: {recorded!r} was recorded, {now!r} is now"]
    return [] if recorded == now else [f"{where}: {recorded!r} was recorded, {now!r} is now"]
