"""Pieces: every value and gradient against the independent evaluator, breakpoints where they belong."""

from __future__ import annotations

import contextlib
import itertools

import pytest
import sympy
from mpmath import findroot, lambertw, log, mp, mpf, tanh
from sympy import Rational

from symloss import zoo
from symloss.loss import Loss
from symloss.signature import eps, yhat
from symloss.symbolic.arithmetic.precise import precise
from symloss.symbolic.pieces.resolve import Deadline, UndecidedError, label_pieces
from symloss.symbolic.signs.sign_changes import inner_point
from tests.mp_evaluate import mp_evaluate, mp_gradient
from tests.symbolic.sampling import sampled_losses, zoo_mutations

TOLERANCE = mpf(10) ** -12
"""The evaluator holds xi = 1e-6 as a double."""


def assert_pieces_match(loss: Loss) -> None:
    for label in (0, 1):
        pieces = label_pieces(loss, label, Deadline(5))
        low, high = loss.domain.yhat_range
        assert (pieces[0].low.approximation, pieces[-1].high.approximation) == (low, high)
        for left, right in itertools.pairwise(pieces):
            assert left.high is right.low
        for piece in pieces:
            point = inner_point(piece.low, piece.high)
            values = {"yhat": mpf(int(point.p)) / int(point.q), "y": label, "eps": mpf(repr(loss.eps_value))}
            numbers = {yhat: point, eps: Rational(repr(loss.eps_value))}
            with mp.workdps(80):
                values["yhat"] = mpf(int(point.p)) / int(point.q)
                values["eps"] = mpf(repr(loss.eps_value))
                if not piece.is_real:
                    continue
                expected = mp_evaluate(loss.formula, **values)
                slope = mp_gradient(loss.formula, **values)
                assert abs(precise(piece.value, numbers)[0] - expected) <= TOLERANCE * max(1, abs(expected))
                found = precise(piece.gradient, numbers)[0]
                assert abs(found - slope) <= TOLERANCE * max(1, abs(slope))


@pytest.mark.parametrize("name", zoo.names())
def test_zoo_pieces_match_the_formula(name: str) -> None:
    loss = zoo.get(name)
    assert_pieces_match(loss.with_eps(0.1))


@pytest.mark.parametrize("groups", [("paper",), ("extended",)])
def test_sampled_pieces_match_the_formula(groups: tuple[str, ...]) -> None:
    for loss in sampled_losses(60, 21, groups):
        assert_pieces_match(loss)


def test_mutated_pieces_match_the_formula() -> None:
    for loss in zoo_mutations(60, 22):
        try:
            assert_pieces_match(loss)
        except UndecidedError:
            assert "exp" in loss.formula


def breakpoints(formula: str, label: int = 0, **options: object) -> list[float]:
    pieces = label_pieces(Loss(formula, **options), label, Deadline(5))  # type: ignore[arg-type]
    return [piece.high.approximation for piece in pieces[:-1]]


def test_breakpoints_of_polynomials_are_exact() -> None:
    (piece, _) = label_pieces(Loss("max(yhat, 0.3)"), 0, Deadline(5))
    assert piece.high.exact and piece.high.value == Rational(3, 10)
    (piece, _) = label_pieces(Loss("abs(yhat**2 - 1/2)"), 0, Deadline(5))
    assert piece.high.exact and sympy.simplify(piece.high.value**2 - Rational(1, 2)) == 0
    assert breakpoints("abs((yhat - 0.2)*(yhat - 0.4)*(yhat - 0.9))") == [0.2, 0.4, 0.9]


def test_breakpoints_of_logarithms() -> None:
    assert breakpoints("abs(log(2*yhat))") == [0.5]
    assert breakpoints("max(log(yhat) - log(1 - yhat), log(3))") == [0.75]
    with mp.workdps(30):
        expected = float(lambertw(1))
    assert breakpoints("abs(log(yhat) + yhat)") == [pytest.approx(expected, rel=1e-14)]
    assert breakpoints("max(log(yhat + 1), yhat)") == [], "they touch at the end of the domain only"


def test_a_transcendental_endpoint_can_be_refined() -> None:
    (piece, _) = label_pieces(Loss("abs(log(yhat) + yhat)"), 0, Deadline(5))
    end = piece.high.refine(Rational(1, 10**40))
    assert end.high - end.low <= Rational(1, 10**40)
    with mp.workdps(60):
        below, above = (mpf(int(x.p)) / int(x.q) for x in (end.low, end.high))
        assert log(below) + below < 0 < log(above) + above


def test_poles_and_complex_parts_are_pieces_of_their_own() -> None:
    assert breakpoints("1/(yhat - 0.25)") == [0.25]
    undefined, defined = label_pieces(Loss("log(yhat - 0.25)"), 0, Deadline(5))
    assert not undefined.is_real and defined.is_real


def test_an_open_eps_moves_breakpoints_only_where_that_is_proved() -> None:
    first, _ = label_pieces(Loss("max(yhat, 1/(1 + eps))"), 0, Deadline(5))
    assert first.high.depends_on_eps and first.high.value == 1 / (1 + eps)
    with pytest.raises(UndecidedError, match="eps"):
        label_pieces(Loss("max(yhat, eps)"), 0, Deadline(5))
    assert len(label_pieces(zoo.get("maxr"), 1, Deadline(5))) == 1


def test_no_call_exceeds_its_time_limit_by_much() -> None:
    nested = "yhat"
    for i in range(7):
        nested = f"max(log({nested} + 0.{i + 1}), {nested}**2 - 0.{i + 1}*y)"
    loss = Loss(nested)
    deadline = Deadline(0.3)
    with contextlib.suppress(UndecidedError):
        label_pieces(loss, 1, deadline)
    assert not Deadline.at(deadline.moment + 1.0).passed


def test_zeros_on_the_whole_line() -> None:
    expected = [float(findroot(lambda x: tanh(x) - x / 2 - mpf("0.1"), start)) for start in (-2, 0.2, 1.6)]
    assert breakpoints("max(tanh(yhat), yhat/2 + 0.1)", input="score") == pytest.approx(expected, rel=1e-12)
    assert breakpoints("1/(1 - exp(2*yhat))", input="score") == [pytest.approx(0, abs=1e-12)]
