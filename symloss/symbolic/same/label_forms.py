"""The forms of losses up to a factor, as a process finds them that is asked for thousands, many of the same parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from sympy import Expr, S

from symloss.formula.spec import LossSpec
from symloss.signature import Domain
from symloss.symbolic.pieces.normal_form import UpToFactor, up_to_factor
from symloss.symbolic.same.proof_cache import Workspace
from symloss.symbolic.undecided import Deadline, UndecidedError

MOST_DOMAINS = 8
MOST_FORMS = 20_000


def label_forms(loss: LossSpec, time_limit: float) -> Iterator[tuple[UpToFactor, ...] | None]:
    """Yield the forms of a loss, one a label (or one for all), or None where one was not found in time.

    Args:
        loss: the loss.
        time_limit: seconds.
    """
    bench = _bench(loss.domain)
    deadline = Deadline(time_limit)
    labels: tuple[int | None, ...] = loss.domain.label_values or (None,)
    try:
        yield tuple(bench.form(loss, label, deadline) for label in labels)
    except UndecidedError:
        yield None


class FormBench:
    """The forms that were found on one domain, and what they were found with."""

    def __init__(self, domain: Domain) -> None:
        """Start empty."""
        self._workspace = Workspace(domain)
        self._forms: dict[tuple[Expr, int | None], UpToFactor] = {}

    def form(self, loss: LossSpec, label: int | None, deadline: Deadline) -> UpToFactor:
        """Return the form up to a factor for one label; formulas that differ by numbers a*f + b are done once.

        Raises:
            UndecidedError: it was not found in time.
        """
        factor, core = _core(self._workspace.label_expression(loss, label))
        name = (core, label)
        if name not in self._forms:
            if len(self._forms) > MOST_FORMS:
                self._forms.clear()
            self._forms[name] = up_to_factor(self._workspace.form(loss, label, core, deadline))
        found = self._forms[name]
        return found if factor == 1 or not found.has_size else replace(found, size=found.size * factor)


@lru_cache(maxsize=MOST_DOMAINS)
def _bench(domain: Domain) -> FormBench:
    return FormBench(domain)


def _core(expression: Expr) -> tuple[Expr, Expr]:
    """Split a loss at one label into a positive rational factor and the rest, without added numbers."""
    if expression.is_number:
        return S.One, expression
    if expression.is_Add:
        expression = expression.func(*(term for term in expression.args if not term.is_number))
    if expression.is_Add:
        return expression.primitive()
    factor, rest = expression.as_coeff_Mul(rational=True)
    return (factor, rest) if factor > 0 else (-factor, -rest)
