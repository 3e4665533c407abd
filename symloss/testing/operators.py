"""The contract of an operator: a class of tests to derive from.

    class TestSoftplus(OperatorContract):
        operator = Softplus()

        def value(self, a, b):
            return mpmath.log(1 + mpmath.exp(a))

The value is written anew with mpmath, so that the operator's rule is held to something else than itself. What the rule
gives is then looked at in every back end.
"""

from __future__ import annotations

import importlib.util
import itertools
import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import mpmath
import numpy as np
import sympy
import torch
from numpy.typing import NDArray

from symloss.compile.cpu import kernel
from symloss.compile.program import ProgramBatch
from symloss.compile.reference import evaluate
from symloss.compile.torch.batch import TorchPrograms
from symloss.export import export
from symloss.formula.parse import parse
from symloss.formula.text import formula_text
from symloss.loss import Loss
from symloss.ops.bounded import Bounded
from symloss.ops.constants import GUARD_LIMIT
from symloss.ops.interval import Interval
from symloss.ops.operator import Operator, fault_of
from symloss.ops.registry import find_function
from symloss.search.candidates.grammar import LossGrammar
from symloss.search.candidates.tokens import Tokens
from symloss.signature import Domain, eps, y, yhat
from symloss.symbolic.arithmetic.float32_ranges import Range
from symloss.symbolic.arithmetic.float32_steps import ranges
from symloss.symbolic.arithmetic.precise import precise

Array = NDArray[np.float64]

_EPS = 1e-6
_ANYTHING = Interval(-float(GUARD_LIMIT), float(GUARD_LIMIT))
_DOMAIN = Domain.of("real", "score")


class OperatorContract:
    """What every operator must do; derive a class that pytest collects, with the operator and its value.

    Attributes:
        operator: the operator.
        points: operands at which values are compared, within 1/xi; singular points belong here.
        smooth: pairs of operands at which it is smooth; derivatives are compared there.
        precision: relative error allowed in float64.
        single_precision: relative error allowed in float32.
    """

    operator: ClassVar[Operator]
    points: ClassVar[Sequence[float]] = (
        0.0, 1e-9, -1e-9, 1e-3, -0.5, 1.0, -3.7, 13.8, 20.0, -200.0, 999.5, -1e6, 1e6,
    )  # fmt: skip
    smooth: ClassVar[Sequence[tuple[float, float]]] = ((0.7, -1.3), (-2.4, 0.6), (3.1, 2.2), (-0.35, -4.2))
    precision: ClassVar[float] = 1e-12
    single_precision: ClassVar[float] = 1e-5

    def value(self, a: Any, b: Any) -> Any:
        """Return the operator's value before the guard, written anew with mpmath.

        Args:
            a: the first operand, an mpf.
            b: the second; `a` again for an operator with one.
        """
        raise NotImplementedError("write the value with mpmath, independent of the operator's rule")

    def test_it_says_what_it_is(self) -> None:
        """Name, arity, text and definition are there, and its rule takes every operand."""
        assert fault_of(self.operator) == ""
        assert self.operator.definition and self.operator.text

    def test_value(self) -> None:
        """The reference gives the value, the guard included, at every point."""
        a, b = self._grid()
        found, _ = evaluate(self._loss().program(), a, b, _EPS)
        _assert_close(found, self._expected(a, b), self.precision, 1e-15)
        assert (np.abs(found) <= GUARD_LIMIT * (1 + 1e-12)).all()

    def test_derivative_is_that_of_differences(self) -> None:
        """The derivative by each operand is what mpmath's differences of the value give."""
        for a, b in self.smooth:
            for by in range(self.operator.arity):
                operands = self._bounded() if by == 0 else self._bounded()[::-1]
                loss = _loss(self.operator.apply(*operands).expression)
                point, label = (a, b) if by == 0 else (b, a)
                _, slope = evaluate(loss.program(), point, label, _EPS)
                _assert_close(slope, self._difference(a, b, by), 1e-7, 1e-9)

    def test_bounds_hold(self) -> None:
        """Its interval holds its value for operands anywhere in theirs."""
        generator = random.Random(1)
        for _ in range(200):
            intervals, operands = [], []
            for _ in range(self.operator.arity):
                ends = sorted(generator.choice([*self.points, generator.uniform(-10, 10)]) for _ in range(2))
                intervals.append(Interval(ends[0], ends[1]))
                operands.append(min(max(generator.uniform(*ends), ends[0]), ends[1]))
            value = self._raw(operands[0], operands[-1])
            bounds = self.operator.bounds(intervals)
            slack = 1e-9 * max(1.0, abs(value))
            assert bounds.low - slack <= value <= bounds.high + slack, (intervals, operands)
            assert value > 0 or not bounds.positive
            assert value < 0 or not bounds.negative

    def test_text_reads_back(self) -> None:
        """A formula names it as `text` says, prints as a formula that reads as the same one, and is typeset."""
        text = re.sub(r"\bb\b", "y", re.sub(r"\ba\b", "yhat", self.operator.text))
        name = self.operator.function_name
        if not name or find_function(name) is not None:
            written = parse(text)
            a, b = self._grid()
            found, _ = evaluate(_loss(written).program(), a, b, _EPS)
            expected = np.array([float(self._raw(*pair)) for pair in zip(a, b, strict=True)])
            moderate = np.abs(expected) < GUARD_LIMIT
            _assert_close(found[moderate], expected[moderate], self.precision, 1e-15)
            assert parse(formula_text(written)) == written
        expression = self._loss().expression
        assert parse(formula_text(expression)) == expression
        assert sympy.latex(expression).count("{") == sympy.latex(expression).count("}")

    def test_tokens_of_a_search_mean_it(self) -> None:
        """The program of a search's tokens gives what the expression of the same tokens gives."""
        grammar = LossGrammar([self.operator], 4, _DOMAIN)
        tokens = Tokens.from_rows([[[0, 0, 1 if self.operator.arity == 2 else 0]]])
        a, b = self._grid()
        found = evaluate(grammar.programs(tokens, _EPS).program(0), a, b, _EPS)
        _assert_close(found[0], self._expected(a, b), self.precision, 1e-15)
        a, b = (np.array(side) for side in zip(*self.smooth, strict=True))
        found = evaluate(grammar.programs(tokens, _EPS).program(0), a, b, _EPS)
        written = evaluate(_loss(grammar.expression(tokens)).program(), a, b, _EPS)
        for one, other in zip(found, written, strict=True):
            _assert_close(one, other, 1e-9, 1e-12)

    def test_many_digits_agree(self) -> None:
        """The evaluation that verifies witnesses gives its value and its derivative."""
        expression = self._loss().expression
        for a, b in self.smooth:
            value, slope = precise(expression, {yhat: a, y: b, eps: _EPS})
            _assert_close(float(value), self._expected(np.array([a]), np.array([b]))[0], 1e-12, 1e-15)
            _assert_close(float(slope), self._difference(a, b, 0), 1e-7, 1e-9)

    def test_back_ends_agree(self, tmp_path: Path) -> None:
        """The kernel, torch in both forms and exported code give the reference's value and derivative."""
        loss, (a, b) = self._loss(), self._grid()
        smooth = [np.array(side) for side in zip(*self.smooth, strict=True)]
        a, b = np.concatenate([a, smooth[0]]), np.concatenate([b, smooth[1]])
        value, slope = evaluate(loss.program(), a, b, _EPS)
        # Beside a kink or a pole float32 may stand on the other side: no agreement is due there.
        steady = np.abs(slope) < 1e30
        for share in (-2e-6, 2e-6):
            moved = evaluate(loss.program(), a * (1 + share), b * (1 + share), _EPS)
            steady &= np.isclose(moved[0], value, 1e-5, 1e-12) & np.isclose(moved[1], slope, 1e-5, 1e-12)
        for name, found, size in self._found(loss, a, b, tmp_path):
            chosen = steady if size > self.precision else np.isfinite(slope)
            assert chosen.sum() >= len(self.smooth), name
            _assert_close(found[0][chosen], value[chosen], size, size, name)
            _assert_close(found[1][chosen], slope[chosen], size, size, name)

    def test_float32_ranges_hold(self) -> None:
        """The ranges that float32 is proved by hold what the kernel computes."""
        loss, (a, b) = self._loss(), self._grid()
        near = [np.stack([side - 1e-3 * np.abs(side), side], 1).astype(np.float32) for side in (a, b)]
        first, second = (Range(side.min(1).astype(float), side.max(1).astype(float)) for side in near)
        bounds = ranges(loss.program(), first, second, _EPS)
        for end in range(2):
            found = kernel.evaluate(loss.program(), near[0][:, end], near[1][:, end], _EPS)
            for number, bound in zip(found, bounds, strict=True):
                nan = np.broadcast_to(bound.nan, number.shape)
                inside = (bound.low <= number) & (number <= bound.high)
                assert (inside | nan).all()

    def _found(
        self, loss: Loss, a: Array, b: Array, folder: Path
    ) -> Iterator[tuple[str, tuple[Any, Any], float]]:
        """Yield each back end with its values, its derivatives and the error that it may have."""
        program = loss.program()
        single = kernel.evaluate(program, a.astype(np.float32), b.astype(np.float32), _EPS)
        yield "kernel", single, self.single_precision
        population = TorchPrograms(ProgramBatch.pack([program], [_EPS]), dtype=torch.float64)
        rows = population.value_and_slope(torch.tensor(a)[None], torch.tensor(b))
        yield "torch population", (rows[0][0].numpy(), rows[1][0].numpy()), self.precision
        prediction = torch.tensor(a, requires_grad=True)
        values = loss.torch(reduction="none")(prediction, torch.tensor(b))
        (gradient,) = torch.autograd.grad(values.sum(), prediction)
        yield "torch criterion", (values.detach().numpy(), gradient.numpy()), 1e-9
        module = _module(export(loss, "numpy"), folder / "exported.py")
        with np.errstate(all="ignore"):
            yield "numpy code", (module.loss(a, b), module.gradient(a, b)), 1e-9

    def _bounded(self) -> list[Bounded]:
        return [Bounded(yhat, _ANYTHING), Bounded(y, _ANYTHING)][: self.operator.arity]

    def _loss(self) -> Loss:
        return _loss(self.operator.apply(*self._bounded()).expression)

    def _grid(self) -> tuple[Array, Array]:
        if self.operator.arity == 1:
            a = np.array(self.points, np.float64)
            return a, a
        pairs = np.array(list(itertools.product(self.points, repeat=2)), np.float64)
        return pairs[:, 0].copy(), pairs[:, 1].copy()

    def _raw(self, a: float, b: float) -> Any:
        with mpmath.workdps(40):
            return self.value(mpmath.mpf(a), mpmath.mpf(b))

    def _expected(self, a: Array, b: Array) -> Array:
        raw = np.array([float(self._raw(*pair)) for pair in zip(a, b, strict=True)])
        return np.clip(raw, -GUARD_LIMIT, GUARD_LIMIT)

    def _difference(self, a: float, b: float, by: int) -> float:
        with mpmath.workdps(40):
            if self.operator.arity == 1:
                return float(mpmath.diff(lambda x: self.value(x, x), mpmath.mpf(a)))
            if by == 0:
                return float(mpmath.diff(lambda x: self.value(x, mpmath.mpf(b)), mpmath.mpf(a)))
            return float(mpmath.diff(lambda x: self.value(mpmath.mpf(a), x), mpmath.mpf(b)))


def _loss(expression: sympy.Expr) -> Loss:
    return Loss(expression, labels="real", input="score", eps=_EPS if expression.has(eps) else None)


def _module(source: str, path: Path) -> ModuleType:
    """Import a module that was exported."""
    path.write_text(source, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _assert_close(found: Any, expected: Any, relative: float, absolute: float, where: str = "") -> None:
    np.testing.assert_allclose(found, expected, rtol=relative, atol=absolute, err_msg=where)
