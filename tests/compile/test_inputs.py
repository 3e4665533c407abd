"""Programs of other inputs than yhat and y: pairwise ones, and any number of them, against 40 digits of mpmath."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
import torch
from mpmath import mp, mpf
from sympy import Abs, Expr, Max, Min

from symloss.compile.assemble import assemble
from symloss.compile.cpu import kernel
from symloss.compile.program import ProgramBatch
from symloss.compile.reference import value_and_gradient, values_and_gradients
from symloss.compile.torch.batch import TorchPrograms
from symloss.errors import OptionError
from symloss.export.finite import Finiteness
from symloss.export.jets import jet
from symloss.export.node import Node
from symloss.formula.text import formula_text
from symloss.ops.protected import plog, psqrt, recip, sigmoid
from symloss.signature import PAIRWISE, REALS, Argument, Domain, Link, Role, Signature, eps, neg, pos
from tests.mp_evaluate import mp_evaluate

beta = sympy.Symbol("beta", real=True)


def signature(inputs: tuple[str, ...], by: tuple[str, ...]) -> Signature:
    """A signature of any names, with a gradient by those of `by`."""
    kinds = {name: Role.PREDICTION if name in by else Role.LABEL for name in inputs}
    return Signature(
        "made up", tuple(Argument(name, kinds[name], REALS) for name in inputs), Link.IDENTITY, ()
    )


LOSSES: dict[str, Expr] = {
    "bpr": sympy.log(1 + sympy.exp(neg - pos)),
    "hinge": Max(0, 1 - pos + neg),
    "squared hinge": Max(0, 1 - pos + neg) ** 2,
    "by one alone": sympy.exp(-pos),
    "other order": neg * pos**2 - pos * neg**3 / 3,
    "protected": plog(neg - pos, eps) + recip(pos, eps) * psqrt(neg, eps),
    "sigmoids": sigmoid(neg) ** 2 - sympy.log(eps + sigmoid(pos)),
    "kinks": Abs(pos - neg) + Min(pos, neg, 1) + 2 * sympy.tanh(pos * neg) + sympy.atan(neg),
    "power": (1 + pos**2) ** (neg / 2),
}


def mp_slope(text: str, name: str, at: dict[str, float]) -> float:
    step = mpf("1e-13")
    ends = ({**at, name: mpf(at[name]) + sign * step} for sign in (-1, 1))
    low, high = (mp_evaluate(text, **end) for end in ends)
    return float((high - low) / (2 * step))


def expected(expression: Expr, points: dict[str, np.ndarray], by: tuple[str, ...]) -> tuple[np.ndarray, ...]:
    text, count = formula_text(expression), len(next(iter(points.values())))
    with mp.workdps(40):
        at = [{name: float(column[i]) for name, column in points.items()} for i in range(count)]
        value = np.array([float(mp_evaluate(text, **one)) for one in at])
        return value, np.array([[mp_slope(text, name, one) for one in at] for name in by])


def points(seed: int, count: int = 60) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(seed)
    return {
        "pos": generator.normal(0, 2, count),
        "neg": generator.normal(0, 2, count),
        "eps": np.full(count, 0.1),
    }


@pytest.mark.parametrize("name", LOSSES)
def test_pairwise_reference_against_mpmath(name: str) -> None:
    where = points(1)
    for inputs, by in (
        (("pos", "neg", "eps"), ("pos", "neg")),
        (("pos", "neg", "eps"), ("neg",)),
        (("eps", "neg", "pos"), ("neg", "pos")),
    ):
        program = assemble(LOSSES[name], signature(inputs, by))
        value, gradient = value_and_gradient(program, where)
        exact, slopes = expected(LOSSES[name], where, by)
        assert gradient.shape == (len(by), len(value))
        np.testing.assert_allclose(value, exact, rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(gradient, slopes, rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_pairwise_batch_of_torch_against_mpmath(dtype: torch.dtype) -> None:
    where = points(2)
    programs = [assemble(loss, PAIRWISE) for loss in LOSSES.values()]
    batch = ProgramBatch.pack(programs, [0.1] * len(programs))
    rows = torch.tensor(where["pos"], dtype=dtype).expand(len(programs), -1)
    value, gradient = TorchPrograms(batch, "cpu", dtype).value_and_gradient(
        {"pos": rows, "neg": torch.tensor(where["neg"], dtype=dtype)}
    )
    assert gradient.shape == (2, len(programs), 60)
    close = {"rtol": 1e-10, "atol": 1e-11} if dtype is torch.float64 else {"rtol": 3e-4, "atol": 3e-4}
    for k, loss in enumerate(LOSSES.values()):
        exact, slopes = expected(loss, where, ("pos", "neg"))
        np.testing.assert_allclose(value[k].double(), exact, **close)
        np.testing.assert_allclose(gradient[:, k].double(), slopes, **close)


def test_pairwise_batch_gives_each_its_own_points_and_its_eps() -> None:
    programs = [assemble(loss, PAIRWISE) for loss in LOSSES.values()]
    generator = np.random.default_rng(3)
    smoothing = generator.uniform(0.01, 0.5, len(programs))
    batch = ProgramBatch.pack(programs, smoothing.tolist())
    where = {name: generator.normal(0, 2, (len(programs), 11)) for name in ("pos", "neg")}
    value, gradient = TorchPrograms(batch, "cpu", torch.float64).value_and_gradient(
        {name: torch.tensor(column) for name, column in where.items()}
    )
    shared = {name: column[0] for name, column in where.items()}
    together = values_and_gradients(batch, shared)
    for k, program in enumerate(programs):
        at = {name: column[k] for name, column in where.items()}
        one, slopes = value_and_gradient(program, {**at, "eps": smoothing[k]})
        np.testing.assert_allclose(value[k], one, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(gradient[:, k], slopes, rtol=1e-12, atol=1e-14)
        one, slopes = value_and_gradient(batch.program(k), {**shared, "eps": smoothing[k]})
        np.testing.assert_array_equal(together[0][k], one)
        np.testing.assert_array_equal(together[1][:, k], slopes)


def test_ties_between_inputs_have_the_mean_of_both_derivatives() -> None:
    program = assemble(Max(pos, neg), PAIRWISE)
    _, gradient = value_and_gradient(program, {"pos": 1.5, "neg": 1.5, "eps": 0.1})
    assert gradient.tolist() == [0.5, 0.5]
    batch = TorchPrograms(ProgramBatch.pack([program], [0.1]), "cpu")
    same = torch.full((1, 1), 1.5)
    assert batch.value_and_gradient({"pos": same, "neg": same})[1].ravel().tolist() == [0.5, 0.5]


def test_four_inputs_and_three_planes() -> None:
    inputs, by = ("eps", "pos", "beta", "neg"), ("pos", "beta", "neg")
    expression = sympy.log(eps + sigmoid(pos - beta)) * neg + beta**2 * Max(neg, 2)
    where = {**points(4), "beta": np.random.default_rng(4).normal(0, 1, 60)}
    program = assemble(expression, signature(inputs, by))
    value, gradient = value_and_gradient(program, where)
    exact, slopes = expected(expression, where, by)
    np.testing.assert_allclose(value, exact, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(gradient, slopes, rtol=1e-10, atol=1e-11)
    at = {name: torch.tensor(where[name])[None] for name in ("pos", "beta", "neg")}
    batch = TorchPrograms(ProgramBatch.pack([program], [0.1]), "cpu", torch.float64)
    np.testing.assert_allclose(batch.value_and_gradient(at)[1][:, 0], slopes, rtol=1e-10, atol=1e-11)


def test_gradient_of_torch_is_that_of_autograd() -> None:
    program = assemble(LOSSES["bpr"] * sympy.tanh(pos * neg), PAIRWISE)
    one, other = (torch.randn(3, 7, dtype=torch.float64, requires_grad=True) for _ in range(2))
    plain = torch.log(1 + torch.exp(other - one)) * torch.tanh(one * other)
    plain.sum().backward()
    batch = TorchPrograms(ProgramBatch.pack([program] * 3, [0.1] * 3), "cpu", torch.float64)
    value, gradient = batch.value_and_gradient({"pos": one.detach(), "neg": other.detach()})
    torch.testing.assert_close(value, plain.detach(), rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(gradient, torch.stack([one.grad, other.grad]), rtol=1e-11, atol=1e-13)


PLAIN = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "negate": lambda a: -a,
    "square": lambda a: a * a,
    "exp": np.exp,
    "log": np.log,
    "keep_zero": lambda slope, factor: np.where(slope == 0, 0.0, slope * factor),
}


def computed(node: Node, at: dict[str, float]) -> float:
    if node.is_number:
        return node.number
    arguments = [computed(argument, at) for argument in node.arguments]
    return PLAIN[node.operation](*arguments) if arguments else at[node.operation]


@pytest.mark.parametrize("by", ["pos", "neg"])
def test_jets_of_a_pairwise_loss(by: str) -> None:
    program = assemble(LOSSES["bpr"], PAIRWISE)
    found = jet(program, Finiteness(Domain.of("binary", "score"), 1e-6), by)
    for gap in (-2.0, 0.3, 1.7):
        at, fall = {"pos": gap, "neg": 0.0}, 1 / (1 + np.exp(gap))
        assert computed(found.value, at) == pytest.approx(np.log1p(np.exp(-gap)), rel=1e-13)
        assert computed(found.slope, at) == pytest.approx(-fall if by == "pos" else fall, rel=1e-13)
        assert computed(found.curvature, at) == pytest.approx(fall * (1 - fall), rel=1e-12)


def test_what_does_not_fit_is_refused() -> None:
    pairwise = assemble(LOSSES["bpr"], PAIRWISE)
    with pytest.raises(OptionError, match="unknown input 'neg'"):
        assemble(LOSSES["bpr"])
    with pytest.raises(OptionError, match="can't be trained together"):
        ProgramBatch.pack([pairwise, assemble(sympy.Symbol("yhat", real=True) ** 2)], [0.1, 0.1])
    none = np.zeros(1, np.float32)
    with pytest.raises(OptionError, match="this is one in pos, neg, eps"):
        kernel.evaluate(pairwise, none, none, 0.1)
