"""Products of matrices in kernels, against NumPy in float64."""

from __future__ import annotations

import numpy as np
import pytest

from symloss.models.matrix_product import add_product, aligned


@pytest.mark.parametrize("rows", [1, 3, 4, 7, 8, 13, 128])
@pytest.mark.parametrize("columns", [16, 48, 64, 80, 128])
@pytest.mark.parametrize("depth", [0, 1, 16, 50])
@pytest.mark.parametrize("turned", [False, True])
def test_adds_the_product(rows, columns, depth, turned):
    generator = np.random.default_rng(rows * columns + depth)
    a = generator.standard_normal((rows, depth)).astype(np.float32)
    b = generator.standard_normal((depth, columns)).astype(np.float32)
    c = generator.standard_normal((rows + 1, columns)).astype(np.float32)
    expected = c.astype(np.float64)
    expected[:rows] += a.astype(np.float64) @ b
    stored = np.ascontiguousarray(a.T) if turned else a
    steps = (1, rows) if turned else (depth, 1)
    before = c.copy()
    add_product(stored, *steps, b, c, columns, c, rows, columns, depth)
    # The row after the last is left alone.
    np.testing.assert_allclose(c, expected, rtol=1e-5, atol=2e-5)
    # All rows may start from one.
    add_product(stored, *steps, b, before, 0, c, rows, columns, depth)
    expected[:rows] = before[0] + a.astype(np.float64) @ b
    np.testing.assert_allclose(c, expected, rtol=1e-5, atol=2e-5)


def test_rows_do_not_feel_each_other():
    generator = np.random.default_rng(0)
    a = generator.standard_normal((11, 40)).astype(np.float32)
    b = generator.standard_normal((40, 80)).astype(np.float32)
    together = np.zeros((11, 80), np.float32)
    add_product(a, 40, 1, b, together, 80, together, 11, 80, 40)
    for i in range(11):
        alone = np.zeros((1, 80), np.float32)
        add_product(a[i : i + 1], 40, 1, b, alone, 80, alone, 1, 80, 40)
        np.testing.assert_array_equal(alone[0], together[i])


def test_memory_starts_at_a_cache_line():
    matrix = aligned(3, 5)
    assert matrix.shape == (3, 5)
    assert matrix.ctypes.data % 64 == 0
    assert not matrix.any()
