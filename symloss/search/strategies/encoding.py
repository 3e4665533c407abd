"""Loss -> tokens: the way back from a formula to what strategies work on.

The tokens are a loss with the same gradient everywhere on the domain. A grammar
knows logarithms, quotients and roots only in their protected form, smoothed by
eps, so log(a + eps) is written where a is positive, as sign(a) log(|a| + eps) is
the same there, and log(a) is not, unless `exact` is switched off. The same holds
for numbers beyond 1/xi, which the grammar cuts off. Whole numbers are made of
ones, and operators that are missing are replaced where others can do the same:
a square by a product, |a| by max(a, -a), relu(a) by max(a, 0).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import sympy
from sympy import Abs, Add, Expr, Integer, Max, Min, Mul, Pow, Rational, sign

from symloss.errors import OptionError
from symloss.formula.text import formula_text
from symloss.loss import Loss
from symloss.ops.protected import SmoothedFunction, aq, guard, pexp, plog, psqrt, recip, sigmoid
from symloss.search.candidates.grammar import LARGEST_VARIABLES, LossGrammar
from symloss.search.candidates.tokens import Tokens
from symloss.search.strategies.token_writer import CannotWrite, TokenWriter
from symloss.search.strategies.trees import Tree, TreeRules
from symloss.signature import Domain, eps

_SMOOTHED: dict[Any, str] = {plog: "log", recip: "reciprocal", psqrt: "sqrt"}
_UNARY: dict[Any, str] = {pexp: "exp", sympy.tanh: "tanh", sigmoid: "sigmoid", sign: "sign"}


def encode(loss: Loss | Expr, grammar: LossGrammar, *, exact: bool = True) -> Tokens:
    """Return a loss as tokens of one row.

    Args:
        loss: a loss, or an expression in the symbols of `symloss.signature`; a value of eps that the loss has
            is dropped, as tokens leave eps open.
        grammar: its operators, number of variables and domain.
        exact: refuse losses that the grammar can write only with smoothing by eps, or cut off at 1/xi, where
            the loss has neither. If False, log(yhat) becomes log(yhat + eps), and so on.

    Raises:
        OptionError: the grammar lacks an operator or steps, or `exact` rules the loss out; the message says which.
    """
    expression = loss.expression if isinstance(loss, Loss) else loss
    title = loss.title if isinstance(loss, Loss) else formula_text(expression)
    if isinstance(loss, Loss):
        _check_kind(loss, grammar)
    writer = TokenWriter(grammar, exact=exact)
    try:
        root = _Encoder(writer).write(expression)
    except CannotWrite as problem:
        raise OptionError(f"the grammar of this search can't write {title}: {problem}") from None
    rules = TreeRules(grammar)
    tree = rules.normal(writer.steps, root)
    needed = 1 if tree is None else len(tree.steps) + rules.copies(tree)
    lacks_identity = not writer.has("identity") and (tree is None or rules.copies(tree) > 0)
    if lacks_identity:
        raise OptionError(
            f"the grammar of this search can't write {title}: it has no operator 'identity', which it takes to "
            f"use a variable twice in one operator, or alone"
        )
    if needed > grammar.n_steps:
        raise OptionError(
            f"{title} takes {needed} steps and the grammar of this search has {grammar.n_steps}; "
            + (
                f"n_variables of at least {needed + grammar.n_leaves} makes room for it"
                if needed + grammar.n_leaves <= LARGEST_VARIABLES
                else f"that is more than any grammar can have ({LARGEST_VARIABLES - grammar.n_leaves})"
            )
        )
    return rules.tokens([tree]) if tree is not None else _of_leaf(root, rules, grammar)


def _check_kind(loss: Loss, grammar: LossGrammar) -> None:
    """Raise where a loss is a function of something else than the grammar's."""
    own, wanted = loss.signature, grammar.signature
    if own.name != wanted.name:
        raise OptionError(
            f"{loss.title} is a {own.name} loss and this search writes {wanted.name} ones; rewrite the formula in "
            f"{' and '.join(str(leaf.expression) for leaf in grammar.leaves[:-1])}"
        )
    if isinstance(own, Domain) and isinstance(wanted, Domain) and own.input is not wanted.input:
        raise OptionError(
            f"{loss.title} takes a {own.input} and this search gives a {wanted.input}; rewrite the "
            f"formula for a {wanted.input}"
        )


def _of_leaf(leaf: int, rules: TreeRules, grammar: LossGrammar) -> Tokens:
    """Return a loss that is a leaf alone."""
    identity = int(grammar.identity.argmax())
    return rules.tokens([Tree(((identity, leaf, leaf),), ())])


class _Encoder:
    """Writes an expression from its leaves to its root."""

    def __init__(self, writer: TokenWriter) -> None:
        self._writer = writer
        self._known: dict[Expr, int] = dict(writer.leaves)

    def write(self, node: Expr, *, guarded: bool = False) -> int:
        """Return the variable of an expression; `guarded`: a guard around it is part of the loss."""
        found = self._known.get(node)
        if found is None:
            found = self._write(node, guarded)
            if not guarded:
                self._known[node] = found
        return found

    def _write(self, node: Expr, guarded: bool) -> int:
        writer, function = self._writer, node.func
        if node.is_Rational:
            return self._rational(node)
        if function is guard:
            return self.write(node.args[0], guarded=True)
        if function is Add:
            return self._sum(node, guarded)
        if function is Mul or (function is Pow and node.exp.is_Rational):
            return self._product(node, guarded)
        if function in (Max, Min):
            return self._extremum(function, node.args)
        if function is Abs:
            inner = self.write(node.args[0])
            return writer.apply("abs", inner) if writer.has("abs") else self._absolute(inner)
        if function is sympy.exp or node == sympy.E:
            return self._exponential(node.args[0] if node.args else Integer(1))
        if function is sympy.log:
            return self._smoothed("log", node.args[0])
        if isinstance(node, SmoothedFunction):
            if node.smoothing != eps and writer.exact:
                raise CannotWrite(f"{formula_text(node)} is smoothed by {node.smoothing}, not by eps")
            return writer.apply(_SMOOTHED[function], self.write(node.args[0]))
        if function is aq:
            return writer.apply("analytic-quotient", *(self.write(part) for part in node.args))
        if function in _UNARY:
            return writer.apply(_UNARY[function], self.write(node.args[0]))
        raise CannotWrite(
            "it has eps only inside log, reciprocal and sqrt"
            if node == eps
            else f"it has no operator for {formula_text(node)}"
        )

    def _rational(self, value: Rational) -> int:
        writer = self._writer
        if value.q == 1:
            return writer.number(int(value.p))
        if writer.exact:
            raise CannotWrite(f"it makes whole numbers only, and the loss has {value}")
        below = writer.apply("reciprocal", writer.number(int(value.q)))
        return below if value.p == 1 else self._fold("multiply", [below, writer.number(int(value.p))], False)

    def _sum(self, node: Add, guarded: bool) -> int:
        """Write the terms with one sign, then the others together: a - b - c is a + -(b + c)."""
        if eps in node.args and self._writer.has("sqrt"):
            rest = self.write(node - eps)
            if self._writer.interval(rest).positive:
                return self._writer.apply("square", self._writer.apply("sqrt", rest), guarded=guarded)
        added = [term for term in node.args if not term.could_extract_minus_sign() or term.is_Add]
        taken = [-term for term in node.args if term not in added]
        terms = [self.write(term) for term in added]
        if taken:
            lone = not terms
            subtracted = self._fold("add", [self.write(term) for term in taken], guarded and lone)
            terms.append(self._writer.apply("neg", subtracted))
        return self._fold("add", terms, guarded)

    def _product(self, node: Expr, guarded: bool) -> int:
        """Write factors of the same power together, as (a b)^2, and the sign last."""
        coefficient, factors = node.as_coeff_mul()
        powers: dict[int, list[int]] = defaultdict(list)
        for factor in factors:
            for variable, exponent in self._powers(factor):
                powers[exponent].append(variable)
        size = abs(coefficient)
        single = guarded and len(powers) == 1 and size == 1
        parts = [self._power(bases, exponent, single) for exponent, bases in sorted(powers.items())]
        if size == 2 and len(parts) >= 1:
            product = self._fold("multiply", parts, False)
            result = self._writer.apply("add", product, product, guarded=guarded)
        else:
            if size != 1 or not parts:
                parts.append(self.write(size))
            result = self._fold("multiply", parts, guarded)
        return self._writer.apply("neg", result) if coefficient.is_negative else result

    def _powers(self, factor: Expr) -> list[tuple[int, int]]:
        """Return variables and whole exponents whose powers make a factor."""
        base, exponent = factor.as_base_exp() if factor.is_Pow else (factor, Integer(1))
        if not exponent.is_Rational or exponent.q > 2 or base == sympy.E:
            return [(self.write(factor), 1)] if not factor.is_Pow or base == sympy.E else self._refuse(factor)
        if exponent.q == 1 and exponent > 0:
            return [(self.write(base), int(exponent))]
        if exponent.q == 1:
            logistic = base - 1
            if logistic.is_number and logistic.func is sympy.exp:
                # a sigmoid of a number is evaluated when it is built
                return [(self._writer.apply("sigmoid", self.write(-logistic.args[0])), -int(exponent))]
            return [(self._smoothed("reciprocal", base), -int(exponent))]
        root = self._smoothed("sqrt", base)
        if exponent > 0:
            return [(root, int(exponent.p))]
        # (a + eps)^(-p/2) = sqrt(a + eps) / (a + eps)^((p + 1)/2)
        return [(root, 1), (self._smoothed("reciprocal", base), (1 - int(exponent.p)) // 2)]

    def _refuse(self, node: Expr) -> list[tuple[int, int]]:
        raise CannotWrite(f"it has no power with the exponent of {formula_text(node)}")

    def _power(self, bases: Sequence[int], exponent: int, guarded: bool) -> int:
        writer = self._writer
        if exponent == 1:
            return self._fold("multiply", bases, guarded)
        if exponent % 2:
            base = self._fold("multiply", bases, False)
            return self._fold("multiply", [base, self._power([base], exponent - 1, False)], guarded)
        half = self._power(bases, exponent // 2, False)
        if writer.has("square"):
            return writer.apply("square", half, guarded=guarded)
        return writer.apply("multiply", half, half, guarded=guarded)

    def _fold(self, name: str, parts: Sequence[int], guarded: bool) -> int:
        """Apply a commutative operator to all parts, the smallest first, so that no guard acts early."""
        first, *others = sorted(parts, key=lambda part: self._writer.interval(part).largest)
        for number, part in enumerate(others):
            last = number == len(others) - 1
            first = self._writer.apply(name, first, part, guarded=guarded and last)
        return first

    def _smoothed(self, name: str, node: Expr) -> int:
        """Write log, reciprocal or sqrt of a + eps where a is positive."""
        writer = self._writer
        inner = node - eps if eps in Add.make_args(node) else node
        if writer.exact and inner is node:
            raise CannotWrite(
                f"it smooths {name} by eps, and the loss has {formula_text(node)} without; add eps to that, or "
                f"encode with exact=False"
            )
        variable = self.write(inner)
        if not writer.interval(variable).positive and (writer.exact or writer.interval(variable).low < 0):
            raise CannotWrite(f"it needs a positive value in {name}, and {formula_text(inner)} may not be")
        return writer.apply(name, variable)

    def _exponential(self, node: Expr) -> int:
        writer = self._writer
        variable = self.write(node)
        # log(1/xi) is 13.8155
        if writer.exact and writer.interval(variable).high > 13.8:
            raise CannotWrite(f"it cuts off exp at 1e6, which exp({formula_text(node)}) can exceed")
        return writer.apply("exp", variable)

    def _extremum(self, function: Any, arguments: Sequence[Expr]) -> int:
        writer = self._writer
        if function is Max and Integer(0) in arguments and writer.has("relu"):
            rest = [argument for argument in arguments if argument != 0]
            return writer.apply("relu", self._extreme("max", [self.write(argument) for argument in rest]))
        return self._extreme(
            "max" if function is Max else "min", [self.write(argument) for argument in arguments]
        )

    def _extreme(self, name: str, parts: Sequence[int]) -> int:
        """Fold max or min, or write it by the other one with all signs changed."""
        other = "min" if name == "max" else "max"
        if self._writer.has(name) or not self._writer.has(other) or len(parts) == 1:
            return self._fold(name, parts, False)
        turned = [self._writer.apply("neg", part) for part in parts]
        return self._writer.apply("neg", self._fold(other, turned, False))

    def _absolute(self, inner: int) -> int:
        return self._extreme("max", [inner, self._writer.apply("neg", inner)])
