"""Whether the slopes of a ranking loss of a whole row have the signs that its signature requires.

For a loss f(pos, A_1, A_2) with A_k = aggregate_k of g_k(pos, neg_j), every aggregate rises with each g. So

    slope by neg_j = sum over k of f_k a_kj (slope of g_k by neg),
    slope by pos   = (slope of f by pos) + sum over k and j of f_k a_kj (slope of g_k by pos),     a_kj >= 0,

and signs of the slopes of f and g, on the intervals that scores and the number of negative items allow, prove a
direction. The aggregates are not free: with A = lse_neg((neg - pos)/tau) the form that is proved has
lse_neg(neg/tau) as its variable, which does not move with pos. A wrong sign is searched for at sampled rows, and counts
where it is verified in intervals of 72 digits. All else is "undecided".
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mpmath import libmp
from sympy import Expr, Symbol

from symloss.formula.row import Row
from symloss.formula.spec import LossSpec
from symloss.signature import STATISTICS, Ranking, Requirement, neg, pos
from symloss.symbolic.arithmetic.enclosure import middle, sign_of
from symloss.symbolic.arithmetic.precise import is_real, precise
from symloss.symbolic.direction.proof import ZERO_NOTE, DirectionProof
from symloss.symbolic.direction.requirements import RequirementProof
from symloss.symbolic.direction.row_signs import SlopeSign, is_real_on, slope_sign_on
from symloss.symbolic.direction.sampled_rows import OneRow, SampledRows, sampled_rows
from symloss.symbolic.direction.witness import exact
from symloss.symbolic.pieces.row_forms import Form, forms_of, value_range
from symloss.symbolic.pieces.row_values import RowValues, without_stops
from symloss.symbolic.undecided import Deadline, UndecidedError

MOST_TRIED = 12
"""Sampled rows that are looked at in many digits, for each shape of rows."""


USUAL_SIZE = 10.0
"""Of scores that models put out."""


def prove_ranking(
    loss: LossSpec,
    seed: int,
    deadline: Deadline,
    *,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    row: Row | None = None,
) -> tuple[RequirementProof, ...]:
    """Decide every requirement of a ranking loss of whole rows.

    Args:
        loss: the loss, without a scale.
        seed: of the sampled rows that witnesses are looked for at.
        deadline: when to stop with "undecided".
        ranges: for further names in `row`, the interval of which all values are asked about.
        row: the loss taken apart, where it holds such names.
    """
    prover = _Prover(loss, seed, deadline, dict(ranges or {}), row)
    return tuple(prover.proof(requirement) for requirement in loss.signature.requirements)


class _Prover:
    """The requirements of one loss."""

    def __init__(
        self,
        loss: LossSpec,
        seed: int,
        deadline: Deadline,
        ranges: dict[str, tuple[float, float]],
        row: Row | None,
    ) -> None:
        signature = loss.signature
        assert isinstance(signature, Ranking)
        self.loss, self.seed, self.deadline, self.signature = loss, seed, deadline, signature
        self.open_eps = loss.has_eps and loss.eps is None
        self.row = row or Row.of_expression(loss.numeric_expression)
        constants = {
            STATISTICS[one.name]: (one.values.low, one.values.high)
            for one in signature.arguments
            if one.name in STATISTICS
        }
        constants |= {Symbol(name, real=True): ends for name, ends in ranges.items()}
        self.constants = constants
        self.values = RowValues(self.row)

    def proof(self, requirement: Requirement) -> RequirementProof:
        """Return what is found about one slope: a verified witness first, for it is cheap."""
        witness = self._witness(requirement)
        if witness is not None:
            return self._refuted(requirement, witness)
        try:
            found = self._proved(requirement)
        except UndecidedError:
            found = None
        scope = f"eps = {self.loss.eps_value:g}" if self.open_eps else ""
        name = requirement.slope_of
        if found is None:
            note = "no sampled row has the wrong sign, but the proofs do not reach this form"
            return RequirementProof(
                requirement, DirectionProof(name, "undecided", scope=scope, note=note), None, name
            )
        if found.sign == 0:
            proof = DirectionProof(name, "refuted", False, note=ZERO_NOTE)
            return RequirementProof(requirement, proof, {"slope": 0.0}, name)
        proof = DirectionProof(name, "proved", found.strict, scope=scope, note=self._number_of_items())
        return RequirementProof(requirement, proof, None, name)

    def _number_of_items(self) -> str:
        most = self.signature.negatives
        return "for every number of negative items" if most is None else f"for up to {most:,} negative items"

    def _proved(self, requirement: Requirement) -> SlopeSign | None:
        forms = forms_of(self.row, self.signature.score_range, self.signature.negatives, self.constants)
        for form in forms:
            if not self._is_real(form):
                continue
            found = self._of_neg(form) if requirement.slope_of == "neg" else self._of_pos(form)
            if found is not None:
                return found
        return None

    def _is_real(self, form: Form) -> bool:
        """Return whether the loss is a number for every row."""
        for part in form.parts:
            if not is_real_on(part.value, form.inside, self.deadline):
                return False
            if part.kind == "pnorm_neg" and value_range(part.value, form.inside)[0] < 0:
                return False
            if part.weight is not None and (
                not is_real_on(part.weight, form.inside, self.deadline)
                or value_range(part.weight, form.inside)[0] < 0
            ):
                return False
        return is_real_on(form.outer, form.outside, self.deadline)

    def _sign(self, expression: Expr, by: Symbol, ranges: Any) -> SlopeSign | None:
        own = {symbol: ranges[symbol] for symbol in ranges if symbol in expression.free_symbols}
        return slope_sign_on(expression, by, own, self.deadline)

    def _of_neg(self, form: Form) -> SlopeSign | None:
        found = []
        for part in form.parts:
            if part.weight is not None and neg in part.weight.free_symbols:
                return None
            outer = self._sign(form.outer, part.symbol, form.outside)
            if outer is None:
                return None
            inner = self._sign(part.value, neg, form.inside) if outer.sign else SlopeSign(0, False)
            if inner is None:
                return None
            # the slope of a largest item, or of a share of them, is zero for all others
            all_items = part.kind in ("mean_neg", "sum_neg", "lse_neg")
            strict = True if outer.strict and inner.strict and all_items else None
            found.append(SlopeSign(outer.sign * inner.sign, strict))
        return _joined(found, 1)

    def _of_pos(self, form: Form) -> SlopeSign | None:
        own = self._sign(form.outer, pos, form.outside)
        if own is None:
            return None
        found = [own]
        for part in form.parts:
            if part.weight is not None and pos in part.weight.free_symbols:
                return None
            if pos not in part.value.free_symbols:
                continue
            outer = self._sign(form.outer, part.symbol, form.outside)
            if outer is not None and outer.sign == 0:
                continue
            inner = self._sign(part.value, pos, form.inside) if outer is not None else None
            if outer is None or inner is None:
                return None
            found.append(SlopeSign(outer.sign * inner.sign, True if outer.strict and inner.strict else None))
        return _joined(found, -1)

    def _witness(self, requirement: Requirement) -> dict[str, Any] | None:
        """Return a row with the wrong sign, or at which the loss is not a number, verified in many digits."""
        for rows in sampled_rows(self.seed, self.signature, self.constants, self.row):
            by = None if requirement.slope_of == "pos" else 0
            value, slope = self.values.floats(rows.first, rows.groups, rows.constants, by)
            for index in np.flatnonzero(np.isnan(value))[:2]:
                row = rows.row(int(index), 17)
                if row is not None and self._is_no_number(row):
                    return row.to_witness(math.nan, self.loss.eps_value if self.loss.has_eps else None)
            toward = np.where(np.isfinite(slope) & np.isfinite(value), requirement.sign * slope, 0.0)
            wrong = np.flatnonzero(toward < 0)
            # rows of the usual size first: they are easier to read
            large = (
                np.max([np.abs(rows.first), *(np.abs(scores) for scores, _ in rows.groups)], axis=0)
                > USUAL_SIZE
            )
            wrong = wrong[np.lexsort((toward[wrong], large[wrong]))][:MOST_TRIED]
            for index in wrong:
                found = self._verified(rows, int(index), by, requirement.sign)
                if found is not None:
                    return found
        return None

    def _is_no_number(self, row: OneRow) -> bool:
        """Return whether some number of an item is not real, looked at in many digits."""
        for part in self.row.parts:
            value = without_stops(part.value)[0]
            for score, _ in row.groups:
                given = {
                    symbol: exact(value)
                    for symbol, value in row.constants.items()
                    if isinstance(symbol, Symbol)
                }
                found = precise(value, {**given, pos: exact(row.first), neg: exact(score)}, 60)[0]
                if not is_real(found) or (part.kind == "pnorm_neg" and found < 0):
                    return True
        return False

    def _verified(self, rows: SampledRows, index: int, by: int | None, want: int) -> dict[str, Any] | None:
        for digits in (2, 17):
            row = rows.row(index, digits)
            if row is None:
                continue
            groups = [(exact(score), count) for score, count in row.groups]
            constants = {symbol: exact(value) for symbol, value in row.constants.items()}
            try:
                found = self.values.enclosed(exact(row.first), groups, constants, by)
            except (UndecidedError, ZeroDivisionError, ValueError, libmp.ComplexResult):
                continue
            if sign_of(found.slope) == -want and _is_finite(found.value):
                return row.to_witness(middle(found.slope), self.loss.eps_value if self.loss.has_eps else None)
        return None

    def _refuted(self, requirement: Requirement, witness: dict[str, Any]) -> RequirementProof:
        scope = f"eps = {self.loss.eps_value:g}" if self.open_eps else ""
        note = "the loss is not a real number there" if math.isnan(witness["slope"]) else ""
        proof = DirectionProof(requirement.slope_of, "refuted", scope=scope, note=note)
        return RequirementProof(requirement, proof, witness, requirement.slope_of)


def _is_finite(a: Any) -> bool:
    return all(end not in (libmp.fnan, libmp.finf, libmp.fninf) for end in a)


def _joined(signs: Sequence[SlopeSign], want: int) -> SlopeSign | None:
    """Return the sign of a sum, None where one has the wrong sign."""
    if any(one.sign == -want for one in signs):
        return None
    if not any(one.sign for one in signs):
        return SlopeSign(0, False)
    return SlopeSign(want, True if any(one.strict for one in signs if one.sign) else None)
