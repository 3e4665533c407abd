"""Formulas as MathML: read back by an independent reader, they have the value of the formula."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from mpmath import mp, mpf

from symloss import zoo
from symloss.formula.parse import parse
from symloss.formula.text import formula_text
from symloss.report.mathml import lines
from symloss.signature import yhat
from tests.formulas import formulas
from tests.mp_evaluate import mp_evaluate

CORE = {"math", "mrow", "mi", "mn", "mo", "mfrac", "msup", "msqrt", "mover", "mspace"}
SIGNS = {
    "\N{MINUS SIGN}": "-",
    "\N{INVISIBLE TIMES}": "*",
    "\N{MIDDLE DOT}": "*",
    "\N{FUNCTION APPLICATION}": "",
}
LETTERS = {"ε": "eps", "π": "(4*atan(1))", "e": "exp(1)"}


def read(node: ET.Element) -> str:
    """Return the formula that MathML stands for, with brackets wherever the picture has a group of its own."""
    inside = [read(child) for child in node]
    match node.tag:
        case "mi":
            # A letter alone is a symbol; exp, log and the others are names.
            return LETTERS.get(node.text or "", node.text or "")
        case "mn":
            return node.text or ""
        case "mo":
            sign = node.text or ""
            if sign == "|":
                return "abs(" if node.get("form") == "prefix" else ")"
            return SIGNS.get(sign, sign)
        case "mover":
            assert inside == ["y", "^"]
            return "yhat"
        case "mfrac":
            return f"(({inside[0]})/({inside[1]}))"
        case "msup":
            # No brackets of its own: what people see raised is the last thing before the exponent.
            return f"{inside[0]}**({inside[1]})"
        case "msqrt":
            return f"sqrt({''.join(inside)})"
        case _:
            assert node.tag in CORE, node.tag
            return "".join(inside)


def read_lines(elements: list[str]) -> str:
    return "".join(read(ET.fromstring(element)) for element in elements)


POINTS = [(0.3, 0, 0.1), (0.8, 1, 0.01), (0.55, 1, 2.0)]


def same_values(text: str, shown: str) -> None:
    for prediction, label, eps in POINTS:
        with mp.workdps(50):
            expected = mp_evaluate(text, yhat=mpf(prediction), y=mpf(label), eps=mpf(eps))
            found = mp_evaluate(shown, yhat=mpf(prediction), y=mpf(label), eps=mpf(eps))
            assert abs(found - expected) <= mpf(10) ** -30 * (1 + abs(expected)), (text, shown)


@settings(max_examples=80, deadline=None)
@given(formulas(10))
def test_random_formulas_have_their_value(text: str) -> None:
    whole = lines(parse(text), 10_000.0)
    assert whole is not None and len(whole) == 1
    same_values(text, read_lines(whole))
    broken = lines(parse(text), 18.0)
    if broken is not None:
        # broken into lines it is the same formula, sign for sign
        assert read_lines(broken) == read_lines(whole)


@pytest.mark.parametrize("entry", zoo.ENTRIES, ids=lambda entry: entry.name)
def test_zoo_is_typeset(entry: zoo.ZooEntry) -> None:
    shown = lines(zoo.get(entry.name).expression, 10_000.0)
    assert shown is not None
    for prediction, label, eps in POINTS:
        with mp.workdps(50):
            values = {"yhat": mpf(prediction), "y": mpf(label), "eps": mpf(eps)}
            assert mp.almosteq(
                mp_evaluate(read_lines(shown), **values), mp_evaluate(entry.formula, **values), 1e-25
            )


@pytest.mark.parametrize(
    "text",
    [
        "-(yhat + y)*(yhat - y)",
        "yhat**-2",
        "-yhat**2",
        "(-yhat)**3",
        "(yhat + 1)**0.5",
        "1/sqrt(yhat + y)",
        "yhat - (y - yhat)",
        "yhat - -2*y",
        "2*3**0.5*yhat",
        "yhat/(y + 1)/2",
        "-1/(yhat + 2)",
        "2**yhat",
        "(yhat/3)**2",
        "abs(yhat - 1)*abs(y + 1)",
        "max(yhat, y, 1/2)",
        "exp(1)*yhat + exp(-yhat)",
        "yhat*(1 - 2*y)*(3 - yhat)",
    ],
)
def test_brackets_and_signs(text: str) -> None:
    shown = lines(parse(text), 10_000.0)
    assert shown is not None
    same_values(text, read_lines(shown))


def test_protected_operators_keep_their_names() -> None:
    shown = lines(
        parse("plog(yhat, eps) + recip(y, eps) + psqrt(yhat) + pexp(yhat) + aq(yhat, y) + guard(yhat/eps)"),
        99,
    )
    assert shown is not None
    for name in ("plog", "recip", "psqrt", "pexp", "aq", "guard"):
        assert f"<mi>{name}</mi>" in shown[0]


def test_long_formulas_are_broken_and_unbreakable_ones_given_up() -> None:
    text = " + ".join(f"yhat**{k}*y" for k in range(2, 40))
    shown = lines(parse(text), 20.0)
    assert shown is not None and len(shown) > 10
    assert lines(parse(f"1/({text})"), 20.0) is None


def test_what_is_no_formula_is_not_typeset() -> None:
    import sympy

    assert lines(sympy.Function("unknown")(yhat), 99.0) is None
    assert lines(sympy.Symbol("z") + 1, 99.0) is None
    assert formula_text(yhat) == "yhat"
