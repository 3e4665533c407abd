"""The parser: what is refused, where the message points, and that no text runs away."""

from __future__ import annotations

import time
import warnings

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sympy import Rational

from symloss.errors import FormulaError, SymlossError
from symloss.formula.functions import FUNCTIONS
from symloss.formula.parse import parse
from symloss.formula.text import formula_text
from symloss.signature import y, yhat

REFUSED = [
    ("yhatt - y", 0, "did you mean 'yhat'"),
    ("log(yhat) + lgo(yhat)", 12, "did you mean 'log'"),
    ("ln(yhat)", 0, "did you mean 'log'"),
    ("pred - y", 0, "did you mean 'yhat'"),
    ("(yhat - y", 0, "never closed"),
    ("yhat - y)", 8, "closes nothing"),
    ("__import__('os')*yhat", 11, "quotes"),
    ("__import__(yhat)", 0, "unknown name '__import__'"),
    ("y**2", 0, "does not contain yhat"),
    ("", 0, "empty"),
    ("   ", 0, "empty"),
    ("yhat +", 6, "ends too early"),
    ("yhat y", 5, "can't be read"),
    ("yhat ^ 2", 5, "written with **"),
    ("yhat/0", 5, "divides by zero"),
    ("yhat/(1 - 1)", 6, "divides by zero"),
    ("yhat + log(0)", 7, "not finite"),
    ("yhat + sqrt(-2)", 7, "not real"),
    ("yhat + log(-2)", 7, "not real"),
    ("yhat + 9**9**9**9", 10, "exponent"),
    ("yhat**65", 0, "at most 64"),
    ("((yhat**9)**9)**9", 1, "at most 64"),
    ("yhat + (9**9)**9", 7, "number"),
    ("yhat + 1e400", 7, "out of range"),
    ("1e-400*yhat", 0, "out of range"),
    ("yhat + 1" + "0" * 45, 7, "out of range"),
    ("yhat*0x10", 5, "decimal"),
    ("exp(exp(exp(exp(9)))) + yhat", 8, "too large"),
    ("yhat if y else 1", 0, "Python code"),
    ("yhat < y", 0, "comparison"),
    ("yhat and y", 0, "logical"),
    ("yhat.real", 0, "dot"),
    ("lambda: yhat", 0, "Python code"),
    ("yhat, y", 0, "comma"),
    ("yhat[0]", 4, "'['"),
    ("yhat # y", 5, "'#'"),
    ("1j*yhat", 0, "only numbers"),
    ("True*yhat", 0, "only numbers"),
    ("y(yhat)", 0, "variable, not a function"),
    ("log*yhat", 0, "give it arguments"),
    ("log(yhat, 2)", 0, "takes 1 argument, not 2"),
    ("max(yhat)", 0, "2 to 16"),
    ("max(*yhat)", 0, "plain arguments"),
    ("log(x=yhat)", 0, "plain arguments"),
    ("recip(yhat, y)", 12, "smoothing"),
    ("recip(yhat, 1e-9)", 0, "at least 1e-6"),
    ("\u0177 - y", 0, "write yhat"),
    ("yhat\u2212y", 4, "plain ASCII"),
    ("yhat\n+ y", 4, "one line"),
    ("(" * 10_000 + "yhat" + ")" * 10_000, None, "at most 10000"),
    ("(" * 100 + "yhat" + ")" * 100, 60, "nested more than 60"),
    ("-" * 5_000 + "yhat", None, "nested"),
    ("yhat" + "**1" * 100, None, "nested"),
    ("yhat" + "+max(y,y)" * 900, None, "2000 parts"),
]


@pytest.mark.parametrize(("text", "position", "reason"), REFUSED)
def test_refused_with_position_and_reason(text: str, position: int | None, reason: str) -> None:
    with pytest.raises(FormulaError) as caught:
        parse(text)
    assert reason in str(caught.value)
    if position is not None:
        assert caught.value.position == position
        lines = str(caught.value).splitlines()
        assert lines[-1].strip() == "^"


def test_caret_stands_under_the_character() -> None:
    with pytest.raises(FormulaError) as caught:
        parse("  yhat + bad(y)")
    _, shown, caret = str(caught.value).splitlines()
    assert shown[caret.index("^") :].startswith("bad")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("yhat - 0.1", yhat - Rational(1, 10)),
        ("2*yhat/3*y", Rational(2, 3) * yhat * y),
        ("-yhat**2", -(yhat**2)),
        ("yhat - y - 1", yhat - y - 1),
        ("yhat/y/2", yhat / (2 * y)),
        ("+yhat", yhat),
        ("1_000*yhat", 1000 * yhat),
        ("1e-6*yhat", yhat / 10**6),
        ("square(yhat)", yhat**2),
    ],
)
def test_reads(text: str, expected: object) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    "text",
    ["1/(2*(yhat + 1))", "y/(3*(yhat + 1)/(2*(y + 1)))", "abs(0.5/(1 + yhat**2))", "3/(2*(yhat + 1)**0.7)"],
)
def test_numbers_below_the_line_do_not_change_the_sum_beside_them(text: str) -> None:
    expression = parse(text)
    assert parse(formula_text(expression)) == expression


def test_long_flat_sums_are_fine() -> None:
    assert parse("+".join(["yhat"] * 900)) == 900 * yhat


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="yhatepsmxinlogrcq0123456789.+-*/(), e_", max_size=60))
@example("max(yhat, log(2), sqrt(3), 1/3)")
@example("((2*yhat)**0.5)**0.3")
def test_any_text_gives_a_formula_or_a_clear_error(text: str) -> None:
    try:
        expression = parse(text)
    except SymlossError as error:
        assert str(error)
    else:
        assert "yhat" not in formula_text(expression) or parse(formula_text(expression)) == expression


NASTY = [
    "max(" * 15 + "yhat" + ", y*yhat)" * 15,
    "abs(" * 30 + "yhat - y" + ")" * 30,
    "abs(1 - " * 25 + "yhat" + ")" * 25,
    "sqrt(abs(yhat - y) + " * 20 + "y" + ")" * 20,
    "*".join(f"max(yhat - 0.{i}, y*yhat)" for i in range(1, 60)),
    "(" + "+".join(f"yhat**{i}*y" for i in range(1, 60)) + ")**64",
    "yhat**" + "(1/" * 20 + "3" + ")" * 20,
    "yhat + 0*(" + "*".join(f"log(yhat + {i})" for i in range(1, 99)) + ")",
    "(12345678901234*yhat + 98765432109876)**(0.1234567)",
    "12345678901237**0.1234567*yhat",
    "exp(log(" * 20 + "yhat" + "))" * 20,
    "tanh(" * 50 + "yhat" + ")" * 50,
]


@pytest.mark.parametrize("text", NASTY)
def test_nasty_formulas_are_read_and_printed_in_no_time(text: str) -> None:
    start = time.process_time()
    expression = parse(text)
    assert parse(formula_text(expression)) == expression
    assert time.process_time() - start < 5  # seconds of processor time where a runaway takes minutes


def test_every_function_is_documented() -> None:
    assert all(rule.says and 1 <= rule.fewest <= rule.most for rule in FUNCTIONS.values())


def test_python_has_nothing_to_say_about_a_text() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(FormulaError, match="Python code"):
            parse("1if yhat else 2")
