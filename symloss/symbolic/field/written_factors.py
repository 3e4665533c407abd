"""The factors that an expression shows as it is written, without multiplying anything out."""

from __future__ import annotations

from sympy import Add, Expr, Mul, Pow, S

Factors = dict[Expr, int]


def written_factors(expression: Expr) -> list[tuple[Expr, int]]:
    """Return (factor, whole exponent) for each factor of an expression, also for those that all terms of a sum share.

    The derivative of a product of powers is a sum of such products: what they share is what would be found
    again, at great cost, by factoring the sum multiplied out.
    """
    return list(_of(expression).items())


def _of(expression: Expr) -> Factors:
    if isinstance(expression, Mul):
        found: Factors = {}
        for part in expression.args:
            _multiply(found, _of(part))
        return found
    if isinstance(expression, Pow) and expression.exp.is_Integer and expression.base is not S.Exp1:
        power = int(expression.exp)
        return {base: exponent * power for base, exponent in _of(expression.base).items()}
    if isinstance(expression, Add):
        return _of_sum(expression)
    return {expression: 1}


def _of_sum(expression: Expr) -> Factors:
    terms = [_shown(term) for term in expression.args]
    shared = {
        base: min(term[base] for term in terms)
        for base in terms[0]
        if not base.is_Rational and all(base in term for term in terms)
    }
    shared = {base: power for base, power in shared.items() if power}
    if not shared:
        return {expression: 1}
    rest = Add(*(_without(term, shared) for term in terms))
    found = dict(shared)
    _multiply(found, _of(rest))
    return found


def _shown(term: Expr) -> Factors:
    """Return the factors of a term of a sum; its own sums are left as they are."""
    found: Factors = {}
    for part in Mul.make_args(term):
        whole = isinstance(part, Pow) and part.exp.is_Integer and part.base is not S.Exp1
        _multiply(found, {part.base: int(part.exp)} if whole else {part: 1})
    return found


def _without(term: Factors, shared: Factors) -> Expr:
    return Mul(*(Pow(base, power - shared.get(base, 0)) for base, power in term.items()))


def _multiply(found: Factors, more: Factors) -> None:
    for base, power in more.items():
        found[base] = found.get(base, 0) + power
