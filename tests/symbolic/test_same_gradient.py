"""Comparisons of gradients: known pairs, soundness against an independent evaluator, classes, duplicates of the zoo."""

from __future__ import annotations

import time

import pytest
import sympy

from benchmarks.symbolic_soundness import run
from symloss import zoo
from symloss.loss import Loss
from symloss.signature import eps
from symloss.symbolic.field.differential_field import Tower
from symloss.symbolic.pieces.gradient import gradient_form
from symloss.symbolic.same.duplicate_index import DuplicateIndex
from symloss.symbolic.same.loss_classes import classes, duplicate_of
from symloss.symbolic.same.same_gradient import compare
from symloss.symbolic.undecided import Deadline, UndecidedError
from tests.formula.test_parse import NASTY
from tests.symbolic.sampling import sampled_losses


def relation(a: str, b: str, **options: str) -> str:
    return compare(Loss(a, **options), Loss(b, **options)).relation


def test_maxr_and_sumr_are_proportional_by_label() -> None:
    found = compare(zoo.get("maxr"), zoo.get("sumr"))
    assert found.relation == "proportional"
    assert found.factors is not None
    assert found.factors["0"] == 1
    assert sympy.simplify(found.factors["1"] - (1 + eps)) == 0


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("(yhat-y)**2", "(yhat-y)**2 + y"),
        ("(yhat-y)**2", "yhat**2 - 2*yhat*y"),
        ("y*yhat", "y**2*yhat"),
        ("log(yhat + eps)", "log(2*yhat + 2*eps)"),
        ("log(yhat)/2 - log(1 - yhat)/2", "log(sqrt(yhat/(1 - yhat)))"),
        ("max(yhat, y/3)", "(yhat + y/3 + abs(yhat - y/3))/2"),
        ("max(yhat, 1)*yhat", "yhat"),
        ("sqrt(yhat**2)", "yhat"),
        ("exp(log(1 + yhat))", "yhat"),
        ("tanh(yhat)", "2*sigmoid(2*yhat)"),
        ("log(exp(yhat) + exp(-yhat))", "-log(2*exp(yhat)/(exp(2*yhat) + 1))"),
        ("max(log(yhat + 0.1), -yhat)", "(log(yhat + 0.1) - yhat + abs(log(yhat + 0.1) + yhat))/2"),
    ],
)
def test_equal_on_binary_labels(a: str, b: str) -> None:
    assert relation(a, b) == "equal"


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("yhat", "-yhat"),
        ("yhat**2", "yhat**3"),
        ("max(yhat, 0.3)", "max(yhat, 0.300000001)"),
        ("yhat", "yhat + 1e-25*yhat**2"),
        ("yhat", "yhat + max(0, yhat - 0.99999999)"),
        ("log(yhat)", "log(yhat + 1e-20)"),
        ("y*yhat", "yhat"),
        ("max(1, sqrt(yhat + 1e-6))", "max(1, yhat + 1e-6)"),
    ],
)
def test_different_with_a_witness(a: str, b: str) -> None:
    found = compare(Loss(a), Loss(b))
    assert found.relation == "different"
    assert found.witness is not None


def test_labels_decide() -> None:
    assert relation("y*yhat", "y**2*yhat", labels="unit") == "different"
    assert relation("(yhat-y)**2", "yhat**2 - 2*yhat*y", labels="unit") == "equal"
    assert relation("max(yhat, y)", "(yhat + y + abs(yhat - y))/2", labels="unit") == "equal"
    assert relation("max(yhat, y)", "yhat", labels="unit") == "different"
    assert (
        relation("sqrt((yhat - y)**2 + eps**2)", "3*sqrt((yhat - y)**2 + eps**2)", labels="real")
        == "proportional"
    )
    assert (
        compare(
            zoo.get("huber").with_domain(labels="real"), zoo.get("smooth-l1").with_domain(labels="real")
        ).relation
        == "equal"
    )
    assert relation("log(yhat - 2*y)", "log(2*y - yhat)", labels="unit") != "equal"


def test_equal_gradients_have_equal_hashable_forms() -> None:
    forms = [
        gradient_form(Loss(text))
        for text in ("(yhat-y)**2", "yhat**2 - 2*yhat*y", "(yhat-y)**2 - log(1 + y)")
    ]
    assert len(set(forms)) == 1
    assert forms[0].exact and not forms[0].is_zero
    assert gradient_form(Loss("max(yhat, 1)")).is_zero
    assert gradient_form(Loss("2*(yhat-y)**2")) != forms[0]


def test_gradient_text() -> None:
    assert gradient_form(zoo.get("mse")).text == {"0": "2*yhat", "1": "2*(yhat - 1)"}
    text = gradient_form(Loss("max(yhat, 0.25)")).text["0"]
    assert text == "0 for 0 < yhat < 1/4; 1 for 1/4 < yhat < 1"
    assert r"\begin{cases}" in gradient_form(Loss("max(yhat, 0.25)")).latex["0"]
    assert "yhat > 0" in gradient_form(Loss("abs(yhat - y)", labels="unit")).text["y"]


def test_classes() -> None:
    losses = [zoo.get("maxr"), zoo.get("mse"), zoo.get("sumr"), Loss("2*(yhat-y)**2"), zoo.get("bce")]
    found = classes(losses)
    assert [group.members for group in found] == [(0, 2), (1, 3), (4,)]
    assert [group.relation for group in found] == ["proportional", "proportional", "single"]
    # The factor is the gradient of the first member divided by that of the other: mse = 1/2 * (2 * mse).
    assert found[1].to_json()["factor"] == ["1", "1/2"]
    assert found[0].to_json()["factors"][1] == {"0": "1", "1": "1 + eps"}
    assert found[0].sentence == (
        "maxr has the gradient of sumr, times 1 for y = 0 and times 1 + eps for y = 1: "
        "same gradient for y = 0, proportional by 1 + eps for y = 1."
    )
    assert found[1].sentence == "mse has the gradient of 2*(-y + yhat)**2, times 1/2."


def test_classes_of_more_than_two() -> None:
    (found,) = classes([Loss("(yhat-y)**2"), Loss("yhat**2/2 - y*yhat"), Loss("yhat**2 - 2*yhat*y")])
    assert found.to_json()["factor"] == ["1", "2", "1"]
    assert found.sentence.endswith("yhat**2/2, times 2; that of -2*y*yhat + yhat**2.")
    (equal,) = classes([Loss("(yhat-y)**2"), Loss("(yhat-y)**2 + y"), Loss("yhat**2 - 2*yhat*y")])
    assert equal.relation == "equal"


def test_duplicates_of_the_zoo() -> None:
    def names(text: str, **options: float) -> list[str]:
        return [found.name for found in duplicate_of(Loss(text, **options))]  # type: ignore[arg-type]

    assert "mse" in names("2*(yhat-y)**2")
    assert names("y - y*log(yhat) - (1 - y)*log(1 - yhat)") == ["bce"]
    assert "sumr" in names("(yhat + y + 0.1)/(yhat*y + 0.1)")
    assert names("yhat**5") == []
    assert [found.name for found in duplicate_of(zoo.get("huber"))] == ["mse", "smooth-l1"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("2*(yhat-y)**2", "this is mse up to a factor 2"),
        ("2*(yhat-y)**2 + 3*y", "this is mse up to a factor 2 and a function of y"),
        ("(y - yhat)**2", "this is mse"),
        ("yhat**2 - 2*yhat*y", "this is mse plus a function of y"),
        ("max(yhat - y, y - yhat) + 7", "this is mae plus a constant"),
        ("y - y*log(yhat) - (1 - y)*log(1 - yhat)", "this is bce plus a function of y"),
        ("-log(y*yhat + (1 - y)*(1 - yhat))", "this is bce"),
        (
            "(yhat + y + 0.1)/(yhat*y + 0.1)",
            "this is maxr at eps = 0.1, times 1 for y = 0 and 10/11 for y = 1",
        ),
    ],
)
def test_sentences_about_duplicates(text: str, sentence: str) -> None:
    assert duplicate_of(Loss(text))[0].sentence == sentence


def test_maxr_is_sumr_with_another_weight() -> None:
    (found,) = duplicate_of(zoo.get("maxr"))
    assert found.sentence == "this is sumr, times 1 for y = 0 and 1 + eps for y = 1"


def test_factors_and_added_numbers_in_the_index() -> None:
    texts = ["yhat*y", "3*yhat*y + 2", "7 - yhat*y", "yhat*y/5 - y", "max(yhat, 1)", "2*max(yhat, 1) + y"]
    index = DuplicateIndex()
    found = index.add_all([Loss(text) for text in texts])
    assert [None if match is None else match.entry for match in found] == [None, 0, None, 0, None, 2]
    assert [match.relation for match in found if match] == ["proportional", "proportional", "equal"]
    assert [match.factors["1"] for match in found if match] == [3, sympy.Rational(1, 5), 1]


@pytest.mark.parametrize(
    ("a", "b", "relation"),
    [
        # Tiny gradients are told from the rounding errors of zero.
        ("yhat**2", "yhat**2*log(1 + 1e-6)**2", "proportional"),
        ("yhat*recip(y, 0.001)", "yhat*plog(y, 1e-6)**2", "proportional"),
        ("(yhat + 0.3)**2 - yhat**2 - 0.6*yhat + y*yhat", "y*yhat", "equal"),
        # Flat but for one end of the domain.
        ("min(yhat, 0.0005)", "5*min(yhat, 0.0005) + y", "proportional"),
        ("min(yhat, 0.0005)", "min(yhat, 0.0006)", None),
    ],
)
def test_the_index_at_any_size(a: str, b: str, relation: str | None) -> None:
    index = DuplicateIndex()
    first, second = index.add_all([Loss(a), Loss(b)])
    assert first is None
    assert (None if second is None else second.relation) == relation


@pytest.mark.parametrize(
    "text",
    [
        "1/(sqrt(yhat+1) + sqrt(yhat+2) + sqrt(yhat+3) + sqrt(yhat+5) + yhat**(1/3))**8",
        "+".join(f"log(yhat + {i}*eps)**2/(yhat + {i})" for i in range(1, 30)),
        "abs(" + "+".join(f"{(-1) ** i * i}*yhat**{i}" for i in range(64)) + ")",
        "log(yhat + log(" * 18 + "yhat + 3" + "))" * 18,
        *NASTY,
    ],
)
def test_time_limits_hold(text: str) -> None:
    limit, loss, other = 0.3, Loss(text), Loss(f"2*({text}) + y")
    allowed = 2 * limit + 1  # runaway formulas take minutes; the rest is for a busy machine
    for call in (
        lambda: compare(loss, other, limit),
        lambda: duplicate_of(loss, Deadline(limit)),
        lambda: DuplicateIndex(time_limit=limit).add_all([loss, other]),
    ):
        start = time.process_time()
        call()
        assert time.process_time() - start < allowed
    start = time.process_time()
    try:
        form = gradient_form(loss, time_limit=limit)
        assert form.text and form.latex
    except UndecidedError:
        pass
    assert time.process_time() - start < allowed


def test_too_many_functions_leave_the_tower_usable() -> None:
    tower = Tower(Deadline())
    with pytest.raises(UndecidedError):
        for number in range(100):
            tower.of(tower.generator("constant", number, lambda i: 1.5))
    first = tower.of(tower.generators[0])
    assert tower.add(first, tower.negative(first)).is_zero
    assert tower.multiply(first, tower.reciprocal(first)).numerator == 1


def test_the_index_finds_what_comparison_finds() -> None:
    losses = sampled_losses(150, 31)
    index = DuplicateIndex()
    for loss, match in zip(losses, index.add_all(losses), strict=True):
        if match is None:
            known = [index.loss(n) for n in range(len(index))]
            assert sum(compare(loss, other).same for other in known[:40] if other is not loss) == 0
        elif match.relation != "undecided":
            found = compare(loss, index.loss(match.entry))
            assert found.relation == match.relation
            assert found.factors is not None
            for label, factor in found.factors.items():
                assert abs((factor - match.factors[label]).evalf(30)) < 1e-25


def test_soundness_on_a_small_sample() -> None:
    found = run(200, 5, 0)
    assert found["violations"] == []
    assert found["pairs decided"] >= 0.99
    assert found["forms undecided"] <= 2
