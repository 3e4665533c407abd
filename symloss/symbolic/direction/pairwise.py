"""Whether the slopes of a ranking loss f(pos, neg) have the signs that its signature requires.

The terms of the loss that hold the score in question are sorted: those of that score alone, and those of both. Each
of the two groups that is a function of one variable (`pair_forms`) goes to the exact provers for a label: where
there is only one group, its proof or witness is that of the loss. Several groups that are all right make the loss
right. What is left is looked at on regions of both scores; a wrong sign is searched for at sampled pairs and counts
only when it is verified in many digits. All else is "undecided".
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from sympy import Add, Expr, Integer, Mul

from symloss.formula.spec import LossSpec
from symloss.ops.construct import NumberLimitError, exact_number, make, substitute
from symloss.signature import DEFAULT_EPS, Requirement, eps, neg, pos, y, yhat
from symloss.symbolic.arithmetic.float_dual import value_and_slope
from symloss.symbolic.arithmetic.precise import is_real, precise
from symloss.symbolic.arithmetic.realness import has_partial
from symloss.symbolic.arithmetic.tape import Tape
from symloss.symbolic.direction.eps_grid import EVERY_EPS
from symloss.symbolic.direction.every_eps import holds_for_every_eps
from symloss.symbolic.direction.proof import ZERO_NOTE, DirectionProof
from symloss.symbolic.direction.proved import prove_label, prove_rescaled, resolved_pieces
from symloss.symbolic.direction.requirements import RequirementProof
from symloss.symbolic.direction.sampled import sampled_direction
from symloss.symbolic.direction.sampled_pairs import N_PAIRS, Array, sampled_pairs
from symloss.symbolic.direction.witness import exact, verified_witness
from symloss.symbolic.pieces.pair_forms import (
    OTHER,
    PLANE,
    OneVariable,
    one_variable,
    plane_regions,
    seen_from,
)
from symloss.symbolic.pieces.resolve import domain_ends, resolve
from symloss.symbolic.signs.one_sign_region import slope_sign
from symloss.symbolic.signs.sign_proof import prove_sign
from symloss.symbolic.undecided import OUT_OF_REACH, Deadline, UndecidedError

MOST_TRIED = 8
"""Sampled pairs that are looked at in many digits."""

_SCORES = {"pos": pos, "neg": neg}


def prove_pairwise(loss: LossSpec, seed: int, deadline: Deadline) -> tuple[RequirementProof, ...]:
    """Decide every requirement of a ranking loss.

    Args:
        loss: the loss, without a scale.
        seed: of the sampled pairs that witnesses are looked for at.
        deadline: when to stop with "undecided".
    """
    found = []
    known: dict[tuple[Expr, int], DirectionProof] = {}
    for requirement in loss.signature.requirements:
        try:
            found.append(_Slope(loss, requirement, seed, deadline, known).proof())
        except (UndecidedError, NumberLimitError, *OUT_OF_REACH):
            found.append(RequirementProof(requirement, DirectionProof(requirement.slope_of, "undecided")))
    return _all_not_real(found)


def _all_not_real(found: list[RequirementProof]) -> tuple[RequirementProof, ...]:
    """Refute every requirement where the loss itself is not a real number at some pair."""
    missing = next((one for one in found if one.witness and math.isnan(one.witness["slope"])), None)
    if missing is None:
        return tuple(found)
    return tuple(replace(missing, requirement=one.requirement) for one in found)


def prove_slope(loss: LossSpec, requirement: Requirement, seed: int, deadline: Deadline) -> RequirementProof:
    """Decide one requirement of a loss of two scores; see `prove_pairwise`.

    Raises:
        UndecidedError, NumberLimitError: it is out of reach.
    """
    return _Slope(loss, requirement, seed, deadline, {}).proof()


class _Slope:
    """One slope of a loss and the sign that it must have."""

    def __init__(
        self,
        loss: LossSpec,
        requirement: Requirement,
        seed: int,
        deadline: Deadline,
        known: dict[tuple[Expr, int], DirectionProof],
    ) -> None:
        self.known = known
        self.loss, self.requirement, self.seed, self.deadline = loss, requirement, seed, deadline
        self.name = requirement.slope_of
        self.symbol, self.other = _SCORES[self.name], OTHER[self.name]
        self.seen = seen_from(loss, self.name)
        self.tape = Tape.of(self.seen.expression)

    def proof(self) -> RequirementProof:
        """Return what is found, exact where the forms allow it."""
        terms = Add.make_args(self.loss.expression)
        own = [term for term in terms if self.symbol in term.free_symbols]
        if not own:
            return self._zero()
        whole = one_variable(self.loss.expression, self.deadline)
        found: RequirementProof | None
        if whole is not None:
            found = self._of_group(self.loss.expression, whole)
        else:
            missing = self._not_real([term for term in terms if term not in own])
            if missing is not None:
                return missing
            found = self._of_terms(own)
        if found is not None and found.proof.status != "undecided":
            return found
        return self._on_plane() or self._sampled()

    def _of_terms(self, own: list[Expr]) -> RequirementProof | None:
        """Decide by the terms that hold the score: those of one variable together, the others one by one."""
        alone = [term for term in own if self.other not in term.free_symbols]
        mixed = [term for term in own if self.other in term.free_symbols]
        if not mixed:
            return self._of_group(Add(*alone), None)
        form = one_variable(Add(*mixed), self.deadline)
        if form is not None and not alone:
            return self._of_group(Add(*mixed), form)
        parts: list[RequirementProof | None] = [self._of_group(Add(*alone), None)] if alone else []
        if form is not None:
            parts.append(self._of_group(Add(*mixed), form))
        else:
            parts += [self._of_mixed(term) for term in mixed]
        known = [
            part for part in parts if part is not None and (part.proof.status == "proved" or part.proof.zero)
        ]
        return self._joined(known) if len(known) == len(parts) else None

    def _of_mixed(self, term: Expr) -> RequirementProof | None:
        form = one_variable(term, self.deadline)
        return self._of_product(term) if form is None else self._of_group(term, form)

    def _of_product(self, term: Expr) -> RequirementProof | None:
        """Prove a product of a function of the score and one of the other score that is never negative."""
        factors = Mul.make_args(term)
        if any({self.symbol, self.other} <= factor.free_symbols for factor in factors):
            return None
        rest = Mul(*(factor for factor in factors if self.symbol not in factor.free_symbols))
        mine = Mul(*(factor for factor in factors if self.symbol in factor.free_symbols))
        function = substitute(rest, {self.other: yhat, eps: self.loss.eps_value})
        pieces = resolve(function, *domain_ends(PLANE), self.deadline)
        if not all(piece.is_real for piece in pieces):
            return None
        for side in (1, -1):
            signs = [prove_sign(piece.value, piece.low, piece.high, side, self.deadline) for piece in pieces]
            if not all(sign.status == "proved" for sign in signs):
                continue
            found = self._of_group(make(Mul, [Integer(side), mine]), None)
            proof = found.proof
            if not all(sign.strict for sign in signs):
                proof = replace(proof, strict=None)
            if eps in rest.free_symbols and self.loss.eps is None:
                proof = replace(proof, scope=f"eps = {DEFAULT_EPS:g}")
            return replace(found, proof=proof)
        return None

    def _of_group(self, terms: Expr, form: OneVariable | None) -> RequirementProof:
        """Decide a sum of terms that is a function of one variable; its witness is one of the whole loss."""
        if form is None:
            function, variable, factor = substitute(terms, {self.symbol: yhat}), self.name, Integer(1)
        else:
            function, variable = form.function, form.variable
            factor = Integer(1) if self.name == "pos" else form.ratio
        label = 0 if self.requirement.sign * factor > 0 else 1
        proof = self._label_proof(function, label)
        note, jump = (text.replace("yhat", variable) for text in (proof.note, proof.jump))
        proof = replace(proof, label=self.name, note=note, jump=jump)
        witness = proof.witness
        if witness is None:
            return RequirementProof(self.requirement, proof, variable=variable)
        place = witness.yhat
        # The form is that of neg = 0, so that pos is its variable; a score alone is its own.
        own, other = (place, 0.0) if form is None or self.name == "pos" else (0.0, place)
        if proof.zero or math.isnan(witness.gradient):
            if not proof.zero:
                proof = replace(proof, note=f"{proof.note} for {variable}")
            return self._refuted(proof, own, other, math.nan if not proof.zero else 0.0, variable)
        verified = self._verified(own, other)
        if verified is None:
            return RequirementProof(
                self.requirement, DirectionProof(self.name, "undecided"), variable=variable
            )
        return self._refuted(proof, own, other, verified, variable)

    def _label_proof(self, function: Expr, label: int) -> DirectionProof:
        """Decide a function of one score, read at a label, for every value of an open eps where that is proved."""
        if (function, label) not in self.known:
            self.known[function, label] = self._found_label_proof(function, label)
        return self.known[function, label]

    def _found_label_proof(self, function: Expr, label: int) -> DirectionProof:
        loss = LossSpec(function, eps=self.loss.eps, labels="binary", input="score")
        tape = Tape.of(loss.expression)
        sampled = sampled_direction(loss, self.seed, tape)
        # In the unit of a coefficient first: others may take all of the time.
        proof = prove_rescaled(loss, label, sampled, self.deadline)
        if proof is None:
            pieces = resolved_pieces(loss, self.deadline)
            proof = prove_label(loss, label, sampled, tape, pieces.get(label), self.deadline)
        if proof.status == "proved" and proof.scope not in ("", EVERY_EPS):
            want = loss.domain.wanted_sign({"yhat": 0, "y": label})
            if holds_for_every_eps(loss, label, want, self.deadline, exponentials=True):
                return replace(proof, scope=EVERY_EPS, note="")
        return proof

    def _joined(self, parts: list[RequirementProof]) -> RequirementProof:
        """Join proofs of several sums of terms: the slope is their sum."""
        proofs = [part.proof for part in parts]
        if all(proof.zero for proof in proofs):
            return self._zero()
        scopes = {proof.scope for proof in proofs if proof.scope}
        scope = scopes.pop() if len(scopes) == 1 else f"eps = {DEFAULT_EPS:g}" if scopes else ""
        strict = True if any(proof.strict for proof in proofs) else None
        jump = "; ".join(filter(None, (proof.jump for proof in proofs)))
        proof = DirectionProof(self.name, "proved", strict, scope=scope, jump=jump)
        return RequirementProof(self.requirement, proof, variable=self.name)

    def _on_plane(self) -> RequirementProof | None:
        """Prove the sign on the regions of both scores; nothing is refuted there."""
        signs = [
            slope_sign(self.seen.expression, region, self.deadline, exponentials=True)
            for region in plane_regions()
        ]
        if any(found not in (0, self.requirement.sign) for found in signs):
            return None
        if not any(signs):
            return self._zero()
        scope = "every eps > 0" if self.loss.has_eps and self.loss.eps is None else ""
        strict = True if all(signs) else None
        note = "" if all(signs) else "the slope is zero on a part of the scores"
        return RequirementProof(
            self.requirement,
            DirectionProof(self.name, "proved", strict, scope=scope, note=note),
            None,
            self.name,
        )

    def _sampled(self) -> RequirementProof:
        """Look for a wrong sign at sampled pairs; it counts where it is verified."""
        first, second = sampled_pairs(self.seed)
        with np.errstate(all="ignore"):
            value, slope = value_and_slope(
                self.tape, {yhat: first, y: second, eps: self.loss.eps_value}, yhat
            )
        toward = np.where(np.isfinite(value) & np.isfinite(slope), self.requirement.sign * slope, 0.0)
        missing = self._sampled_not_real(first, second, value)
        if missing is not None:
            return missing
        # witnesses of the usual size are easier to read
        order = [
            *np.argsort(toward[:N_PAIRS])[:MOST_TRIED],
            *(N_PAIRS + np.argsort(toward[N_PAIRS:])[:MOST_TRIED]),
        ]
        for index in order:
            if self.deadline.passed:
                break
            if toward[index] >= 0:
                continue
            place = _simple(float(first[index])), _simple(float(second[index]))
            for own, other in (place, (float(first[index]), float(second[index]))):
                size = self._verified(own, other)
                if size is not None:
                    scope = f"eps = {DEFAULT_EPS:g}" if self.loss.has_eps and self.loss.eps is None else ""
                    return self._refuted(
                        DirectionProof(self.name, "refuted", scope=scope), own, other, size, self.name
                    )
        note = "no sampled pair has the wrong sign, but the proofs do not reach this form"
        return RequirementProof(
            self.requirement, DirectionProof(self.name, "undecided", note=note), None, self.name
        )

    def _sampled_not_real(self, first: Array, second: Array, value: Array) -> RequirementProof | None:
        """Refute where the loss is not a real number at a sampled pair, also in many digits."""
        for index in np.flatnonzero(np.isnan(value))[:MOST_TRIED]:
            own, other = float(first[index]), float(second[index])
            values = {yhat: exact(own), y: exact(other), eps: exact_number(self.loss.eps_value)}
            if not is_real(precise(self.seen.expression, values, 60)[0]):
                proof = DirectionProof(self.name, "refuted", note="the loss is not a real number there")
                return self._refuted(proof, own, other, math.nan, self.name)
        return None

    def _verified(self, own: float, other: float) -> float | None:
        """Return the slope at a pair where its sign is proved to be wrong, in many digits, on the loss as written."""
        found = verified_witness(
            self.tape, own, other, self.loss.eps_value, self.loss.has_eps, self.requirement.sign
        )
        return None if found is None else found.gradient

    def _not_real(self, rest: list[Expr]) -> RequirementProof | None:
        """Refute where the terms without the score are not real numbers: then neither is the loss."""
        expression = Add(*rest)
        if not has_partial(expression):
            return None
        function = substitute(expression, {self.other: yhat, eps: self.loss.eps_value})
        for piece in resolve(function, *domain_ends(PLANE), self.deadline):
            if not piece.is_real:
                ends = [end.approximation for end in (piece.low, piece.high)]
                place = _between(*ends)
                note = f"the loss is not a real number for {self.other} on ({ends[0]:.6g}, {ends[1]:.6g})"
                proof = DirectionProof(self.name, "refuted", note=note)
                return self._refuted(proof, 0.0, place, math.nan, str(self.other))
        return None

    def _zero(self) -> RequirementProof:
        proof = DirectionProof(self.name, "refuted", False, note=ZERO_NOTE)
        return self._refuted(proof, 0.0, 0.0, 0.0, self.name)

    def _refuted(
        self, proof: DirectionProof, own: float, other: float, slope: float, variable: str
    ) -> RequirementProof:
        at = {self.name: own, str(self.other): other}
        witness = {"pos": at["pos"], "neg": at["neg"]}
        if self.loss.has_eps:
            witness["eps"] = self.loss.eps_value
        return RequirementProof(self.requirement, proof, witness | {"slope": slope}, variable)


def _simple(value: float) -> float:
    """Return a number near a sampled one that is easy to read."""
    return float(f"{value:.2g}")


def _between(low: float, high: float) -> float:
    if math.isinf(low) or math.isinf(high):
        return 0.0 if low < 0 < high else high - 1 if math.isinf(low) else low + 1
    return low + (high - low) / 2
