"""Values and derivatives of losses to 40 digits, and exported text as a module."""

from __future__ import annotations

import importlib.util
import itertools
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
from mpmath import exp, mp, mpf

from symloss import zoo
from tests.mp_evaluate import mp_evaluate

DIGITS = 40
_NUMBERS = itertools.count()
EPS = 0.1


def load_module(text: str, folder: Path) -> ModuleType:
    """Import exported text from a file, as a user would; warnings are errors, those of the compiler too."""
    path = folder / f"exported_{next(_NUMBERS)}.py"
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def points(input_kind: str, count: int = 1000) -> tuple[np.ndarray, np.ndarray]:
    """Predictions and labels: anywhere, and for probabilities also near 0 and 1 (to 1e-6)."""
    generator = np.random.default_rng(11)
    y = generator.integers(0, 2, count).astype(float)
    if input_kind == "score":
        return np.concatenate([generator.normal(0, 2, count // 2), generator.uniform(-20, 20, count // 2)]), y
    half, quarter = count // 2, count // 4
    near = 10 ** generator.uniform(-6, -1, half)
    yhat = np.concatenate([generator.uniform(0.001, 0.999, half), near[:quarter], 1 - near[quarter:]])
    return yhat, y


@cache
def expected(name: str) -> tuple[np.ndarray, ...]:
    """Return (yhat, y, value, gradient by yhat) of a named loss at 1,000 points."""
    entry = zoo.entry(name)
    yhat, y = points(entry.input)
    value, gradient = np.empty(len(yhat)), np.empty(len(yhat))
    with mp.workdps(DIGITS):
        step = mpf("1e-13")
        for i in range(len(yhat)):
            at = mpf(float(yhat[i]))
            below, middle, above = (
                mp_evaluate(entry.formula, yhat=where, y=y[i], eps=EPS)
                for where in (at - step, at, at + step)
            )
            value[i], gradient[i] = middle, (above - below) / (2 * step)
    return yhat, y, value, gradient


@cache
def expected_by_score(name: str, count: int = 1000) -> tuple[np.ndarray, ...]:
    """Return (score, y, gradient, second derivative) by the raw score, through the sigmoid for a probability."""
    entry = zoo.entry(name)
    generator = np.random.default_rng(12)
    score = np.concatenate(
        [generator.normal(0, 2, count // 2), generator.uniform(-12, 12, count - count // 2)]
    )
    y = generator.integers(0, 2, count).astype(float)
    first, second = np.empty(count), np.empty(count)
    with mp.workdps(DIGITS):
        step = mpf("1e-10")
        for i in range(count):
            around = []
            for move in (-step, 0, step):
                at = mpf(float(score[i])) + move
                at = 1 / (1 + exp(-at)) if entry.input == "probability" else at
                around.append(mp_evaluate(entry.formula, yhat=at, y=y[i], eps=EPS))
            first[i] = (around[2] - around[0]) / (2 * step)
            second[i] = (around[2] - 2 * around[1] + around[0]) / step**2
    return score, y, first, second
