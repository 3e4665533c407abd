"""What travels arrives as it was: node by node, nothing evaluated again, nothing that is not symloss's own."""

from __future__ import annotations

import marshal
import math
from pathlib import Path

import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from sympy import S, srepr

from symloss import Loss, zoo
from symloss.errors import SymlossError
from symloss.ops.construct import NumberLimitError
from symloss.search.candidates.grammar import LossGrammar
from symloss.search.strategies.random_strategy import RandomStrategy
from symloss.signature import eps, y, yhat
from symloss.symbolic.check import check
from symloss.symbolic.worker.wire import pack, unpack
from tests.formulas import formulas


def same(loss: Loss) -> bool:
    back = unpack(pack(loss))
    return back == loss and srepr(back.expression) == srepr(loss.expression)


def test_named_losses_arrive_as_they_are() -> None:
    assert all(same(zoo.get(name)) for name in zoo.names())


@given(formulas())
@settings(max_examples=150, deadline=None)
def test_formulas_arrive_as_they_are(text: str) -> None:
    try:
        loss = Loss(text)
    except SymlossError:
        return
    assert same(loss)


def test_searched_losses_arrive_as_they_are() -> None:
    grammar = LossGrammar()
    tokens = RandomStrategy(grammar, 5).ask(300)
    found = 0
    for row in range(300):
        try:
            loss = grammar.loss(tokens, row)
        except NumberLimitError:
            continue
        assert same(loss)
        found += 1
    assert found > 100


def test_nothing_is_evaluated_on_arrival() -> None:
    for expression in (
        sympy.Max(yhat - y, 2 * (yhat - y), evaluate=False),
        sympy.Pow((yhat - y) ** 2, S.Half, evaluate=False),
        sympy.Abs(sympy.Abs(yhat, evaluate=False), evaluate=False),
        sympy.log(sympy.exp(yhat, evaluate=False), evaluate=False),
        sympy.Mul(2, yhat + eps, evaluate=False),
    ):
        assert srepr(unpack(pack(expression))) == srepr(expression)


def test_numbers_and_reports() -> None:
    for value in (sympy.pi, S.NaN, -S.Infinity, sympy.Float("0.1", 40), sympy.Rational(-3, 7), S.Half):
        assert srepr(unpack(pack(value))) == srepr(value)
    root = sympy.CRootOf(yhat**5 - yhat - 1, 0)
    assert unpack(pack(root)) == root
    with mpmath.workdps(60):
        third = mpmath.mpf(1) / 3
    assert unpack(pack(third))._mpf_ == third._mpf_
    array = np.array([[1.5, math.inf], [-0.0, 2.0]])
    back = unpack(pack({"a": (array, [np.float64(2.5)], frozenset({1}))}))
    assert back["a"][0].tobytes() == array.tobytes() and type(back["a"][1][0]) is np.float64
    report = check(zoo.get("huber"), time_limit=60)
    assert unpack(pack(report)) == report


def test_deep_expressions_need_no_recursion() -> None:
    expression = yhat
    for _ in range(3000):
        expression = sympy.Add._from_args([sympy.exp(expression, evaluate=False), y])
    assert len(pack(expression)) > 3000
    assert unpack(pack(expression)).args[1] == y


@pytest.mark.parametrize("value", [object(), Path("x"), sympy.Symbol("yhat"), print, lambda: 1, type])
def test_other_things_do_not_travel(value: object) -> None:
    with pytest.raises((TypeError, AttributeError)):
        unpack(pack(value))


@pytest.mark.parametrize(
    "message",
    [("function", "os", "system"), ("dataclass", "subprocess", "Popen", []), ("enum", "os", "x", 1)],
)
def test_only_names_of_symloss_and_sympy_are_looked_up(message: tuple[object, ...]) -> None:
    with pytest.raises(TypeError, match="neither of symloss nor of SymPy"):
        unpack(marshal.dumps(message))
