"""What working on one loss found out and the next can use: most losses of a search are built from the same parts.

Nothing here changes an answer. The converter is shared only as long as it is exact
and small; a loss that brings in other functions, or many, is the last to use it.
"""

from __future__ import annotations

from sympy import Expr

from symloss.formula.spec import LossSpec
from symloss.signature import Domain, y
from symloss.symbolic.arithmetic.realness import has_partial, vanished_parts
from symloss.symbolic.field.convert import Converter
from symloss.symbolic.pieces.normal_form import LabelForm, is_exact, pieces_form, region_form
from symloss.symbolic.pieces.resolve import Known, domain_ends, label_numbers, replaced, resolve
from symloss.symbolic.signs.sign_changes import SignFinder
from symloss.symbolic.undecided import Deadline, UndecidedError

MOST_GENERATORS = 6
MOST_FACTORS = 200
MOST_NODES = 50_000


class Workspace:
    """Shared work on the losses of one domain."""

    def __init__(self, domain: Domain) -> None:
        """Start empty."""
        self.domain = domain
        self._clock = Deadline()
        self._ends = domain_ends(domain)
        self._replaced: dict[tuple[int | None, float | None], dict[Expr, Expr]] = {}
        self._known: Known = {}
        self._renew_finder()
        self._renew_converter()

    def _renew_finder(self) -> None:
        self._finder = SignFinder(*self._ends, self._clock, False)

    def _renew_converter(self) -> None:
        self._converter = Converter(self._clock, {})

    def label_expression(self, loss: LossSpec, label: int | None) -> Expr:
        """Return the loss at a label (None: y stays open) as `pieces.label_expression` does."""
        name = (label, loss.eps)
        if len(self._replaced.get(name, ())) > MOST_NODES:
            del self._replaced[name]
        if name not in self._replaced:
            self._replaced[name] = label_numbers(loss, y if label is None else label)
        return replaced(loss.expression, self._replaced[name])

    def form(self, loss: LossSpec, label: int | None, expression: Expr, deadline: Deadline) -> LabelForm:
        """Return the form of `expression` for a label as `normal_form.best_label_form` does; use it before the next.

        Args:
            loss: says where the expression lives.
            label: 0 or 1, or None for all labels.
            expression: the loss at the label, or what has the same gradient up to a factor.
            deadline: when to stop.

        Raises:
            UndecidedError: no form was found in time.
        """
        self._clock.moment = deadline.moment
        if label is not None:
            try:
                return self._resolved(loss, label, expression, deadline)
            except UndecidedError:
                if deadline.passed:
                    raise
        return region_form(loss, label, deadline, expression=expression)

    def _parts(self, loss: LossSpec, label: int) -> tuple[Expr, ...]:
        """Return what `pieces.label_parts` does."""
        if not has_partial(loss.expression):
            return ()
        at_label = self.label_expression(loss, label)
        return vanished_parts(loss.expression, at_label, self._replaced[label, loss.eps], loss.domain)

    def _resolved(self, loss: LossSpec, label: int, expression: Expr, deadline: Deadline) -> LabelForm:
        also = self._parts(loss, label)
        try:
            if len(self._known) > MOST_NODES:
                self._known.clear()
            pieces = resolve(expression, *self._ends, deadline, self._finder, self._known, also)
        finally:
            if _is_large(self._finder.converter):
                self._renew_finder()
        converter = self._converter
        try:
            return pieces_form(str(label), pieces, converter)
        finally:
            if _is_large(converter) or "eps" in converter.tower.by_key or not is_exact(converter):
                self._renew_converter()


def _is_large(converter: Converter) -> bool:
    tower = converter.tower
    return len(tower.generators) > MOST_GENERATORS or len(tower.factors) > MOST_FACTORS
