"""States as bytes and back, bit for bit, and nothing else."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from symloss.search.archive.codec import CodecError, decode, encode

PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()


@given(st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20))
def test_plain_values_come_back(value: Any) -> None:
    assert decode(encode(value)) == value


@pytest.mark.parametrize("dtype", ["float32", "float64", "int8", "int64", "uint64", "bool", ">f8"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 4), (2, 3)])
def test_arrays_come_back_bit_for_bit(dtype: str, shape: tuple[int, ...]) -> None:
    raw = np.random.default_rng(1).integers(0, 2, (*shape, np.dtype(dtype).itemsize), np.uint8)
    array = np.ascontiguousarray(raw).view(dtype).reshape(shape)
    (found,) = decode(encode([array]))
    assert (found.dtype, found.shape, found.tobytes()) == (array.dtype, array.shape, array.tobytes())
    assert found.flags.writeable


def test_views_and_special_floats_come_back() -> None:
    array = np.arange(12.0).reshape(3, 4).T
    state = {
        "array": array,
        "dict": {"array": 1},
        "huge": 2**127 - 1,
        "tuple": (1, np.int32(7), np.float32(0.1)),
    }
    found = decode(encode(state))
    np.testing.assert_array_equal(found["array"], array)
    assert (found["dict"], found["huge"]) == ({"array": 1}, 2**127 - 1)
    assert found["tuple"] == [1, 7, float(np.float32(0.1))]
    assert math.isnan(decode(encode(math.nan))) and decode(encode(-math.inf)) == -math.inf
    assert math.copysign(1, decode(encode(-0.0))) == -1


@pytest.mark.parametrize("value", [object(), {1: 2}, np.array([object()]), np.array(["a"]), {"a": {1, 2}}])
def test_anything_else_is_refused(value: Any) -> None:
    with pytest.raises(CodecError, match="can't be part of a state"):
        encode(value)


def test_damaged_bytes_are_refused() -> None:
    data = encode({"a": np.arange(100.0), "b": "text"})
    for cut in (0, 3, 11, 20, len(data) - 1):
        with pytest.raises(CodecError):
            decode(data[:cut])
    with pytest.raises(CodecError):
        decode(data.replace(b"<f8", b"|O8"))
    with pytest.raises(CodecError):
        decode(b"\x80\x04" + data)
