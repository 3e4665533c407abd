"""float32 functions against NumPy's float64 and the special values of IEEE libraries."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from symloss.compile.cpu import vector_math


@njit
def _exp(x, out):
    for j in range(len(x)):
        out[j] = vector_math.exp32(x[j])


@njit
def _log(x, out):
    for j in range(len(x)):
        out[j] = vector_math.log32(x[j])


@njit
def _tanh(x, out):
    for j in range(len(x)):
        out[j] = vector_math.tanh32(x[j])


@njit
def _sigmoid(x, out):
    for j in range(len(x)):
        out[j] = vector_math.sigmoid32(x[j])


@njit
def _arctan(x, out):
    for j in range(len(x)):
        out[j] = vector_math.arctan32(x[j])


def _apply(function, x):
    x = np.asarray(x, np.float32)
    out = np.empty_like(x)
    function(x, out)
    return out


def _ulps(found, exact):
    spacing = np.spacing(np.abs(exact).astype(np.float32)).astype(np.float64)
    return np.abs(found.astype(np.float64) - exact) / spacing


_DENSE = np.random.default_rng(5).normal(0, 1, 200_000)


@pytest.mark.parametrize(
    ("function", "exact", "points", "most"),
    [
        (_exp, np.exp, np.linspace(-87.3, 88.7, 300_000), 1.1),
        (_exp, np.exp, _DENSE * 1e-3, 1.1),
        (_log, np.log, np.exp(_DENSE * 20), 1.0),
        (_log, np.log, 1 + _DENSE * 1e-3, 1.0),
        (_tanh, np.tanh, _DENSE * 3, 2.0),
        (_sigmoid, lambda x: 1 / (1 + np.exp(-x)), np.linspace(-80, 20, 300_000), 3.0),
        (_arctan, np.arctan, _DENSE * 3, 3.0),
        (_arctan, np.arctan, np.exp(_DENSE * 10), 3.0),
    ],
)
def test_error_in_units_in_the_last_place(function, exact, points, most):
    points = points.astype(np.float32)
    assert _ulps(_apply(function, points), exact(points.astype(np.float64))).max() < most


SPECIAL = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e-40, -1e-40, 3e38, -3e38, 1.0, -1.0], np.float32)


@pytest.mark.parametrize(
    ("function", "exact"),
    [
        (_exp, np.exp),
        (_log, np.log),
        (_tanh, np.tanh),
        (_sigmoid, lambda x: 1 / (1 + np.exp(-x))),
        (_arctan, np.arctan),
    ],
)
def test_special_values(function, exact):
    with np.errstate(all="ignore"):
        expected = exact(SPECIAL.astype(np.float64)).astype(np.float32)
    np.testing.assert_allclose(_apply(function, SPECIAL), expected, rtol=1e-6, atol=0)


def test_exp_reaches_into_subnormals_and_overflows_where_float32_does():
    points = np.array([-100, -103, -104.5, 88.72, 88.73], np.float32)
    with np.errstate(all="ignore"):
        expected = np.exp(points.astype(np.float64)).astype(np.float32)
    np.testing.assert_allclose(_apply(_exp, points), expected, rtol=0, atol=2e-45 + 3e38 * 1e-5)
    assert _apply(_exp, points)[4] == np.inf
    assert _apply(_exp, points)[2] == 0
    np.testing.assert_allclose(_apply(_exp, points)[:2], expected[:2], atol=2e-45)
