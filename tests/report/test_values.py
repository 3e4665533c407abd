"""Reading data of any shape."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from symloss.report import values

ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    max_leaves=8,
)


@given(ANYTHING)
def test_every_function_keeps_its_promise(value: Any) -> None:
    assert isinstance(values.mapping(value), dict)
    assert isinstance(values.items(value), list)
    assert all(isinstance(one, dict) for one in values.mappings(value))
    shown = values.text(value)
    assert len(shown) <= values.LONGEST_TEXT and not any(ord(letter) < 32 for letter in shown)
    shown.encode("utf-8")
    number = values.number(value)
    assert number is None or math.isfinite(number)
    whole = values.whole(value)
    assert whole is None or isinstance(whole, int)


def test_texts_are_cut_and_cleaned() -> None:
    assert values.text("x" * 10**6, 100) == "x" * 96 + " ..."
    assert values.text("a\x00b\ud800c\u202ed") == "a\ufffdb\ufffdc\ufffdd"
    assert values.text("a\nb") == "a b"
    assert values.text(None) == ""
    assert values.number(True) is None and values.number(10**400) is None
