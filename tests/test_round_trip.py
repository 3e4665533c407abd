"""What is accepted as text is printed as text that is accepted, and is the same loss; also through JSON."""

from __future__ import annotations

import random
import subprocess
import sys

import pytest
from hypothesis import given, settings

import symloss as sl
from symloss import zoo
from symloss.errors import FormulaError, OptionError
from symloss.export import export, load
from tests.formulas import formulas

NUMBERS = [
    "0",
    "1",
    "2",
    "0.5",
    "1e-16",
    "1e15",
    "1e-30",
    "64",
    "1/3",
    "1234567.891",
    "7e-20",
    "0.123456789012345678901",
]
FUNCTIONS = "log exp abs sqrt sign square tanh atan sigmoid relu plog recip psqrt pexp guard".split()  # noqa: SIM905
EXPONENTS = ["2", "3", "0.5", "-1", "64", "(1/3)", "y", "yhat", "eps", "-2", "40", "0.7"]
PIECES = [
    "yhat",
    "y",
    "eps",
    "2",
    "(",
    ")",
    "*",
    "/",
    "+",
    "-",
    "**2",
    "log",
    "exp",
    "1e-16*",
    "64",
    "abs",
    "1e15",
]
KNOWN = [
    "(yhat - 1e-16)**2", "yhat*3/7/10**14", "y+(yhat-yhat)", "0*yhat", "yhat*1e-30*1e-30",
    "exp(yhat)*exp(y)", "sqrt(yhat)*sqrt(yhat)", "(2*yhat)**0.5", "((yhat - y)**2)**0.5", "-(-(yhat))",
    "yhat/(2*(1 + yhat))",
]  # fmt: skip


def returns(text: str) -> bool:
    """Return whether a text is accepted; what is accepted must come back."""
    try:
        loss = sl.Loss(text)
    except FormulaError:
        return False
    assert sl.Loss(loss.formula) == loss, text
    assert load(export(loss, "json")) == loss, text
    return True


@pytest.mark.parametrize("text", KNOWN)
def test_known_texts(text: str) -> None:
    assert returns(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("*".join(["yhat"] * 1901), "exponent"),
        ("yhat**64*yhat", "exponent 65"),
        ("1e15*yhat*64", "out of range"),
        ("1" + "0" * 400 + "*yhat", "out of range"),
        ("(yhat/1" + "0" * 200 + ")**2", "out of range"),
        ("yhat + 0.1234567890123456789**64", "digits"),
    ],
)
def test_limits_hold_for_the_built_formula(text: str, reason: str) -> None:
    with pytest.raises(FormulaError, match=reason):
        sl.Loss(text)


@settings(max_examples=150, deadline=None)
@given(formulas(max_leaves=10))
def test_random_formulas(text: str) -> None:
    returns(text)


def test_two_thousand_seeded_texts() -> None:
    generator = random.Random(20)

    def term(depth: int) -> str:
        kind = generator.random()
        if depth <= 0 or kind < 0.22:
            return generator.choice(["yhat", "yhat", "y", "eps", generator.choice(NUMBERS)])
        if kind < 0.6:
            operator = generator.choice("+-*/*-")
            return f"({term(depth - 1)}){operator}({term(depth - 1)})"
        if kind < 0.7:
            return f"({term(depth - 1)})**{generator.choice(EXPONENTS)}"
        if kind < 0.8:
            return f"{generator.choice(['max', 'min'])}({term(depth - 1)}, {term(depth - 1)})"
        return f"{generator.choice(FUNCTIONS)}({term(depth - 1)})"

    def mutated(text: str) -> str:
        for _ in range(generator.randint(1, 3)):
            place = generator.randrange(len(text))
            cut = generator.choice([0, 0, 1])
            text = text[:place] + generator.choice(PIECES) * (1 - cut) + text[place + cut :]
        return text

    named = [entry.formula for entry in zoo.ENTRIES]
    accepted = sum(
        returns(mutated(generator.choice(named)) if k % 3 == 0 else term(generator.randint(1, 5)))
        for k in range(2000)
    )
    assert accepted > 500


class TestJson:
    DOCUMENT = (
        '{"format": "symloss-loss", "version": 1, "formula": "yhat - y", "eps": null, '
        '"labels": "binary", "input": "probability", "name": null'
    )

    @pytest.mark.parametrize(
        "more",
        [
            '"source": {"a": 1}', '"source": 5', '"made_by": ["x"]', '"version": 1.0', '"version": true', '"eps": -1',
            '"eps": 0', '"eps": 1e29', '"eps": true', f'"eps": 1{"0" * 400}', '"scale": 0', '"scale": "2"',
            '"scale": -1',
            f'"name": "{"x" * 5000}"', '"name": "\\ud800"', '"source": "\\udfff"', '"labels": "\\ud800"', '"other": 1',
        ],
    )  # fmt: skip
    def test_each_field_is_checked(self, more: str) -> None:
        key = more.split(":")[0]
        parts = [part for part in self.DOCUMENT[1:].split(", ") if not part.startswith(key)]
        with pytest.raises(OptionError):
            load("{" + ", ".join([*parts, more]) + "}")

    @pytest.mark.parametrize("value", [None, 5, b"{}", ["{}"], {}])
    def test_what_is_no_text(self, value: object) -> None:
        with pytest.raises(OptionError, match="load takes the text"):
            load(value)  # type: ignore[arg-type]

    def test_every_field_comes_back(self) -> None:
        loss = sl.Loss(
            "plog(yhat - y, eps)", eps=0.01, labels="real", input="score", name="n\u00e4me", scale=2.5
        )
        assert load(export(loss, "json")) == loss


def test_public_names_are_what_they_should_be_after_every_module_was_imported() -> None:
    code = """
import importlib, inspect, pkgutil, symloss
symloss.parse('yhat'); symloss.parse('yhat')
for module in pkgutil.walk_packages(symloss.__path__, 'symloss.'):
    if not module.name.startswith(('symloss.cli', 'symloss.__main__', 'symloss.engine.ray')):
        importlib.import_module(module.name)
functions = {'parse', 'loss_of', 'evaluate', 'train'}
for name in symloss.__all__:
    thing = getattr(symloss, name)
    if name in functions:
        assert inspect.isfunction(thing), name
    elif name[0].isupper():
        assert inspect.isclass(thing), name
    else:
        assert inspect.ismodule(thing), name
for package in ('symloss.export', 'symloss.plot', 'symloss.data'):
    found = importlib.import_module(package)
    for name in found.__all__:
        assert not inspect.ismodule(getattr(found, name)), (package, name)
print(symloss.parse('yhat'), symloss.parse('yhat'))
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    assert found.stdout == "yhat yhat\n"
