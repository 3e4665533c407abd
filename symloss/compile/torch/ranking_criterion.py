"""A ranking loss of whole rows as a `torch.nn.Module`: criterion(pos, neg, mask=None)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import sympy
import torch
from sympy import Expr, Symbol
from torch import Tensor

from symloss.compile.torch.aggregates import aggregate
from symloss.compile.torch.criterion import REDUCTIONS
from symloss.compile.torch.printer import NAMESPACE, TorchPrinter
from symloss.errors import OptionError, unknown_name
from symloss.formula.row import Row
from symloss.ops.protected import sigmoid
from symloss.signature import STATISTICS, Ranking, neg, pos

if TYPE_CHECKING:
    from symloss.formula.spec import LossSpec

_LOGQ = STATISTICS["logq"]


class RankingLoss(torch.nn.Module):
    """criterion(pos, neg, mask=None, ...) for one ranking loss, scale included; on any device, in the dtype of pos.

    Logarithms of sums of exponentials are taken with the largest term put outside, so that a small temperature stays
    finite in float32.
    """

    def __init__(self, loss: LossSpec, *, reduction: str = "mean") -> None:
        """Compile `loss` at its eps (1e-6 where it is open).

        Args:
            loss: what to compute, a formula in pos and neg.
            reduction: over the rows: "mean", "sum" or "none".

        Raises:
            OptionError: the reduction is unknown, or the loss is of another kind.
        """
        super().__init__()
        if reduction not in REDUCTIONS:
            raise OptionError(unknown_name("reduction", reduction, REDUCTIONS, "as in torch.nn.BCELoss"))
        if not isinstance(loss.signature, Ranking):
            raise OptionError(f"{loss.title} is a {loss.kind} loss; loss.torch() finds the module for it")
        self.loss = loss
        self.reduction = reduction
        self.statistics = loss.signature.statistics
        self._row = Row.of_expression(loss.numeric_expression)
        within = _logq_of_negatives(self._row)
        self._takes = tuple(dict.fromkeys([*self.statistics, *(["logq_neg"] if within else [])]))
        names = [pos, neg, *(STATISTICS[name] for name in self.statistics)]
        self._values = [_function(names, part.value) for part in self._row.parts]
        self._weights = [
            None if part.weight is None else _function(names, part.weight) for part in self._row.parts
        ]
        outer = [pos, *(part.symbol for part in self._row.parts), *names[2:]]
        self._outer = _function(outer, self._row.outer)

    def forward(self, pos: Tensor, neg: Tensor, mask: Tensor | None = None, **statistics: Tensor) -> Tensor:
        """Return the loss.

        Args:
            pos: scores of the positive items, shape (B,), floating point.
            neg: scores of the negative items, shape (B, N); (B,) for one of each row.
            mask: of the shape of neg, true where a score counts; a row without any counts as 0.
            statistics: those that the formula names, without gradient: beta and n_pos of shape (B,); logq of the
                positive items of shape (B,), and logq_neg of the negative ones, of the shape of neg.

        Raises:
            OptionError: shapes do not go together, scores are not floating point, or a statistic is missing.
        """
        if not pos.is_floating_point() or not neg.is_floating_point():
            raise OptionError(f"pos is {pos.dtype} and neg is {neg.dtype}; scores must be floating point")
        if pos.dim() != 1 or neg.dim() not in (1, 2) or neg.shape[0] != pos.shape[0]:
            shapes = f"pos has shape {tuple(pos.shape)} and neg has {tuple(neg.shape)}"
            raise OptionError(f"{shapes}; they must be (B,) and (B, N), or (B,) and (B,)")
        if mask is not None and mask.shape != neg.shape:
            shapes = f"mask has shape {tuple(mask.shape)} and neg has {tuple(neg.shape)}"
            raise OptionError(f"{shapes}; they must be equal")
        if neg.dim() == 2 and neg.shape[1] == 0:
            raise OptionError("neg has no scores: shape (B, 0); give at least one negative item a row")
        self._check(statistics, pos, neg)
        statistics = {name: given.detach().to(pos.dtype) for name, given in statistics.items()}
        if neg.dim() == 1:
            neg = neg.unsqueeze(1)
            mask = None if mask is None else mask.unsqueeze(1)
        scores = neg.to(pos.dtype)
        given = torch.ones_like(scores, dtype=torch.bool) if mask is None else mask.to(torch.bool)
        empty = ~given.any(1)
        # What is masked may be anything, infinity and NaN too: it must not reach the gradient.
        scores = torch.where(given, scores, torch.zeros_like(scores))
        rows = self._rows(pos, scores, given | empty[:, None], statistics)
        rows = torch.where(empty, torch.zeros_like(rows), rows)
        if self.loss.scale != 1:
            rows = self.loss.scale * rows
        if self.reduction == "none":
            return rows
        return rows.mean() if self.reduction == "mean" else rows.sum()

    def _rows(self, pos: Tensor, neg: Tensor, mask: Tensor, statistics: Mapping[str, Tensor]) -> Tensor:
        outside = [statistics.get(name, torch.zeros_like(pos)) for name in self.statistics]
        inside = [
            statistics["logq_neg"].reshape(neg.shape)
            if name == "logq" and "logq_neg" in statistics
            else one.unsqueeze(1).expand_as(neg)
            for name, one in zip(self.statistics, outside, strict=True)
        ]
        first = pos.unsqueeze(1).expand_as(neg)
        found = []
        for part, value, weight in zip(self._row.parts, self._values, self._weights, strict=True):
            numbers = _filled(value(first, neg, *inside), neg)
            shares = None if weight is None else _filled(weight(first, neg, *inside), neg)
            found.append(aggregate(part.kind, numbers, shares, part.setting, mask))
        return _filled(self._outer(pos, *found, *outside), pos)

    def _check(self, given: Mapping[str, Tensor], pos: Tensor, neg: Tensor) -> None:
        needed = [name for name in self._takes if name != "logq" or _LOGQ in self._row.outer.free_symbols]
        for name in needed:
            if name not in given:
                raise OptionError(
                    f"the loss takes {name}, a statistic of the data; call criterion(pos, neg, {name}=...)"
                )
        for name, value in given.items():
            if name not in self._takes:
                raise OptionError(unknown_name("statistic", name, self._takes, "the loss takes only these"))
            shape = neg.shape if name == "logq_neg" else pos.shape
            if value.shape != shape:
                raise OptionError(f"{name} has shape {tuple(value.shape)}; it must be {tuple(shape)}")

    def extra_repr(self) -> str:
        """Show the formula in the module's repr."""
        return f"{self.loss}, reduction={self.reduction}"


def _logq_of_negatives(row: Row) -> bool:
    inside = [part.value for part in row.parts] + [
        part.weight for part in row.parts if part.weight is not None
    ]
    return any(_LOGQ in one.free_symbols for one in inside)


def _filled(value: Any, like: Tensor) -> Tensor:
    """Return a result as a tensor of a shape; a constant formula comes back as a number."""
    return value.expand_as(like) if isinstance(value, Tensor) else torch.full_like(like, value)


class _SafePrinter(TorchPrinter):
    """Writes logarithms of sums of exponentials, and of sigmoids, in a form that does not overflow."""

    def _print_log(self, expression: Expr) -> str:
        inner = expression.args[0]
        if isinstance(inner, sigmoid):
            return self._write("logsigmoid", inner.args[0])
        terms = [_logarithm(term) for term in sympy.Add.make_args(inner)]
        if len(terms) > 1 and all(term is not None for term in terms):
            return self._nested(
                "logaddexp", sorted(terms, key=lambda term: not term.free_symbols, reverse=True)
            )
        return self._write("log", inner)


def _logarithm(term: Expr) -> Expr | None:
    """Return log of c exp(u) with a positive number c, as log(c) + u; None for other terms."""
    number, rest = term.as_coeff_Mul()
    if not (number.is_Rational and number > 0):
        return None
    constant = sympy.Float(float(sympy.log(number).evalf(20))) if number != 1 else sympy.Integer(0)
    if rest == 1:
        return constant
    return constant + rest.args[0] if isinstance(rest, sympy.exp) else None


def _log_add_exp(a: Any, b: Any) -> Tensor:
    if not isinstance(a, Tensor):
        a, b = b, a
    return torch.logaddexp(a, b if isinstance(b, Tensor) else torch.full_like(a, b))


_NAMESPACE: dict[str, Callable[..., Any]] = NAMESPACE | {
    "stop": lambda a: a.detach() if isinstance(a, Tensor) else a,
    "logsigmoid": torch.nn.functional.logsigmoid,
    "logaddexp": _log_add_exp,
}


def _function(symbols: list[Symbol], expression: Expr) -> Callable[..., Any]:
    return sympy.lambdify(symbols, expression, modules=[_NAMESPACE], printer=_SafePrinter)
