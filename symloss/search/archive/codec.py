"""States as bytes: JSON for the structure, raw bytes for the arrays, nothing that runs code when it is read.

    "SYMS" | length of the header (8 bytes, little endian) | header (JSON, UTF-8) | arrays

The header holds the structure, with {"array": k} in the place of array k, and
for each array its type, its shape and its length in bytes. Floats in the JSON
are written so that they come back bit for bit; whole numbers may be of any size.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAGIC = b"SYMS"
_ARRAY, _DICT = "array", "dict"
_KINDS = "biuf"
"""Kinds of arrays that may be written: truth values, whole numbers and floats."""


class CodecError(ValueError):
    """Bytes that `encode` did not write, or a value that it can't."""


def encode(value: Any) -> bytes:
    """Return nested dicts and lists of arrays, numbers, text, truth values and None as bytes.

    Raises:
        CodecError: something else is in it.
    """
    arrays: list[NDArray[Any]] = []
    structure = _strip(value, arrays)
    about = [[array.dtype.str, list(array.shape), array.nbytes] for array in arrays]
    header = json.dumps([structure, about], separators=(",", ":")).encode()
    return b"".join([MAGIC, len(header).to_bytes(8, "little"), header, *(a.tobytes() for a in arrays)])


def decode(data: bytes) -> Any:
    """Return what `encode` was given; tuples come back as lists.

    Raises:
        CodecError: the bytes are not whole.
    """
    if data[:4] != MAGIC or len(data) < 12:
        raise CodecError("these bytes are no state")
    begin = 12 + int.from_bytes(data[4:12], "little")
    try:
        structure, about = json.loads(data[12:begin])
        arrays = []
        for dtype, shape, size in about:
            kind = np.dtype(dtype)
            if kind.kind not in _KINDS or not 0 <= size <= len(data) - begin:
                raise CodecError("an array of the state is not whole")
            arrays.append(np.frombuffer(data[begin : begin + size], kind).reshape(shape).copy())
            begin += size
        return _fill(structure, arrays)
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError) as error:
        raise CodecError(f"the state can't be read: {error}") from error


def _strip(value: Any, arrays: list[NDArray[Any]]) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in _KINDS:
            raise CodecError(f"an array of {value.dtype} can't be part of a state")
        arrays.append(np.ascontiguousarray(value).reshape(value.shape))
        return {_ARRAY: len(arrays) - 1}
    if isinstance(value, list | tuple):
        return [_strip(entry, arrays) for entry in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        # one level down, so that no key of the state's own can look like an array
        return {_DICT: {key: _strip(entry, arrays) for key, entry in value.items()}}
    raise CodecError(f"{type(value).__name__} can't be part of a state")


def _fill(value: Any, arrays: list[NDArray[Any]]) -> Any:
    if isinstance(value, list):
        return [_fill(entry, arrays) for entry in value]
    if isinstance(value, dict):
        if _ARRAY in value:
            return arrays[value[_ARRAY]]
        return {key: _fill(entry, arrays) for key, entry in value[_DICT].items()}
    return value
