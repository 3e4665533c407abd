"""The sign of a slope of a formula in several variables, each in an interval of its own.

Three ways, the first that settles it: the terms that hold the variable are a function of one variable, which exact
proofs decide on its interval; intervals of doubles over boxes, halved where they do not settle it; for two scores that
can be any number, the proofs for losses f(pos, neg).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import sympy
from sympy import Add, Expr, Integer, Max, Min, Mul, Pow, Rational, Symbol

from symloss.formula.spec import LossSpec
from symloss.ops.construct import NumberLimitError, make, substitute
from symloss.ops.protected import SmoothedFunction, sigmoid
from symloss.signature import PAIRWISE, neg, pos, yhat
from symloss.symbolic.arithmetic.float_dual import value_and_slope
from symloss.symbolic.arithmetic.interval_arithmetic import Box, BoxArithmetic
from symloss.symbolic.arithmetic.tape import Tape
from symloss.symbolic.direction.pairwise import prove_slope
from symloss.symbolic.pieces.breaks import change_at
from symloss.symbolic.pieces.pair_forms import one_variable
from symloss.symbolic.pieces.resolve import resolve
from symloss.symbolic.pieces.row_forms import Ranges, value_range
from symloss.symbolic.roots.endpoint import Endpoint
from symloss.symbolic.signs.positive import is_positive
from symloss.symbolic.signs.sign_proof import prove_sign
from symloss.symbolic.undecided import OUT_OF_REACH, Deadline, UndecidedError

MOST_BOXES = 6_000
ROUNDS = 24
N_TRIED = 60
_CUTS = (-1e3, -1e2, -10.0, -1.0, 0.0, 1.0, 10.0, 1e2, 1e3)


@dataclass(frozen=True)
class SlopeSign:
    """The sign of a slope everywhere: 1 for 0 or more, -1 for 0 or less, 0 for zero.

    Attributes:
        sign: the sign.
        strict: the slope is nowhere zero; None where unknown.
    """

    sign: int
    strict: bool | None = None


def slope_sign_on(expression: Expr, by: Symbol, ranges: Ranges, deadline: Deadline) -> SlopeSign | None:
    """Return the sign of a slope on a product of intervals, None where it is not settled or changes.

    Args:
        expression: a formula with kinks, in the variables of `ranges`.
        by: the variable that the slope is taken by.
        ranges: where the variables lie.
        deadline: when to stop.
    """
    terms = [term for term in Add.make_args(expression) if by in term.free_symbols]
    if not terms:
        return SlopeSign(0, False)
    moving = Add(*terms)
    try:
        want = _guess(moving, by, ranges)
        if want is None:
            return None
        for way in (_exactly, _by_boxes, _by_build, _as_pair):
            deadline.check()
            found = way(moving, by, ranges, want, deadline)
            if found is not None:
                return found
    except (UndecidedError, NumberLimitError, *OUT_OF_REACH):
        return None
    return None


def is_real_on(expression: Expr, ranges: Ranges, deadline: Deadline) -> bool:
    """Return whether all logarithms, roots and quotients of a formula are provably numbers on the intervals."""
    for node in sympy.preorder_traversal(expression):
        if isinstance(node, sympy.log):
            argument, wanted = node.args[0], [1]
        elif isinstance(node, Pow) and node.base is not sympy.E and not node.exp.is_Integer:
            argument, wanted = node.base, [1]
        elif isinstance(node, Pow) and node.exp.is_Integer and node.exp < 0:
            argument, wanted = node.base, [1, -1]
        else:
            continue
        if argument.is_number or is_positive(argument):
            continue
        try:
            if not any(_has_sign(argument, want, ranges, deadline) for want in wanted):
                return False
        except (UndecidedError, NumberLimitError, *OUT_OF_REACH):
            return False
    return True


def _has_sign(expression: Expr, want: int, ranges: Ranges, deadline: Deadline) -> bool:
    """Return whether a formula is provably above 0 (want 1) or below it (-1) on open intervals."""
    low, high = value_range(expression, ranges)
    if (want > 0 and low > 0) or (want < 0 and high < 0):
        return True
    if (
        want > 0
        and isinstance(expression, sympy.log)
        and is_positive(make(Add, [expression.args[0], Integer(-1)]))
    ):
        return True
    form = _of_one_variable(expression, ranges, deadline)
    if form is not None:
        function, ends, _ = form
        pieces = resolve(function, *_endpoints(ends), deadline)
        whole = all(piece.is_real for piece in pieces)
        signs = (
            [prove_sign(piece.value, piece.low, piece.high, want, deadline) for piece in pieces]
            if whole
            else []
        )
        # a breakpoint may be a zero of its own
        return (
            len(signs) == 1 and signs[0].status == "proved" and bool(signs[0].strict) and not signs[0].zeros
        )
    return False


def _guess(expression: Expr, by: Symbol, ranges: Ranges) -> int | None:
    """Return the sign of the slope at sampled points, None where it has both or the formula is no number."""
    generator = np.random.default_rng(0)
    points = {}
    for symbol, (low, high) in ranges.items():
        if math.isfinite(low) and math.isfinite(high):
            points[symbol] = low + (high - low) * generator.uniform(0.001, 0.999, N_TRIED)
        else:
            spread = 3 * generator.standard_normal(N_TRIED)
            points[symbol] = (
                np.clip(spread, low, high)
                if low == -math.inf == -high
                else (
                    low + np.abs(spread)
                    if math.isfinite(low)
                    else high - np.abs(spread)
                    if math.isfinite(high)
                    else spread
                )
            )
    value, slope = value_and_slope(Tape.of(expression), points, by)
    if np.isnan(value).any():
        return None
    slope = slope[np.isfinite(slope)]
    if (slope > 0).any() and (slope < 0).any():
        return None
    return -1 if (slope < 0).any() else 1


def _endpoints(ends: tuple[float, float]) -> tuple[Endpoint, Endpoint]:
    return tuple(  # type: ignore[return-value]
        Endpoint.infinite(1 if end > 0 else -1)
        if math.isinf(end)
        else Endpoint.rational(Rational(*float(end).as_integer_ratio()), "domain")
        for end in ends
    )


def _of_one_variable(
    expression: Expr, ranges: Ranges, deadline: Deadline
) -> tuple[Expr, tuple[float, float], dict[Symbol, Expr]] | None:
    """Return a formula as a function of yhat, the interval of that, and the slope of it by each variable."""
    variables = sorted(expression.free_symbols, key=str)
    if len(variables) == 1:
        only = variables[0]
        return substitute(expression, {only: yhat}), ranges[only], {only: Integer(1)}
    if len(variables) != 2:
        return None
    first, second = variables
    form = one_variable(substitute(expression, {first: pos, second: neg}), deadline)
    if form is None:
        return None
    ratio = float(form.ratio)
    ends = sorted(ratio * end if ratio else 0.0 for end in ranges[second])
    low, high = ranges[first][0] + ends[0], ranges[first][1] + ends[1]
    return form.function, (low, high), {first: Integer(1), second: form.ratio}


def _exactly(expression: Expr, by: Symbol, ranges: Ranges, want: int, deadline: Deadline) -> SlopeSign | None:
    form = _of_one_variable(expression, ranges, deadline)
    if form is None:
        return None
    function, ends, slopes = form
    side = want * (1 if slopes[by] > 0 else -1)
    pieces = resolve(function, *_endpoints(ends), deadline)
    if not all(piece.is_real for piece in pieces):
        return None
    for before, after in pairwise(pieces):
        if change_at(before.value, after.value, before.high) != 0.0:
            return None
    proofs = [prove_sign(piece.gradient, piece.low, piece.high, side, deadline) for piece in pieces]
    if not all(proof.status == "proved" for proof in proofs):
        return None
    if all(proof.zero for proof in proofs):
        return SlopeSign(0, False)
    return SlopeSign(want, True if all(proof.strict for proof in proofs) and len(proofs) == 1 else None)


_RISING = (sympy.exp, sympy.log, sympy.tanh, sympy.atan, sigmoid)


def _by_build(
    expression: Expr, by: Symbol, ranges: Ranges, want: int, deadline: Deadline
) -> SlopeSign | None:
    """Decide by how a formula is built: sums, positive factors, and functions that only rise."""
    if not is_real_on(expression, ranges, deadline):
        return None
    sign = _built(expression, by, ranges, deadline, top=True)
    return SlopeSign(want) if sign == want else None


def _built(expression: Expr, by: Symbol, ranges: Ranges, deadline: Deadline, top: bool = False) -> int | None:
    """Return the sign of a slope by the build of a formula that is real; None where it does not show."""
    deadline.check()
    if by not in expression.free_symbols:
        return 0
    if expression == by:
        return 1
    if isinstance(expression, _RISING) or (expression.is_Pow and expression.base == sympy.E):
        return _settled(expression.args[-1], by, ranges, deadline)
    if isinstance(expression, Max | Min | Add):
        if isinstance(expression, Add) and not top:
            found = slope_sign_on(expression, by, _own(expression, ranges), deadline)
            return None if found is None else found.sign
        signs = {_settled(part, by, ranges, deadline) for part in expression.args} - {0}
        return signs.pop() if len(signs) == 1 else 0 if not signs else None
    if expression.is_Pow and expression.exp.is_Rational:
        rises = expression.exp > 0
        odd = expression.exp.is_Integer and expression.exp > 0 and expression.exp % 2 == 1
        inner = _settled(expression.base, by, ranges, deadline)
        if inner is None or inner == 0:
            return inner
        low, high = value_range(expression.base, _own(expression.base, ranges))
        if odd or low >= 0 or not expression.exp.is_Integer or is_positive(expression.base):
            return inner if rises else -inner
        if high <= 0:
            even = expression.exp % 2 == 0
            return (-inner if rises else inner) if even else (inner if rises else -inner)
        return None
    if isinstance(expression, Mul):
        return _product(expression, by, ranges, deadline)
    return None


def _product(expression: Expr, by: Symbol, ranges: Ranges, deadline: Deadline) -> int | None:
    """Return the sign of the slope of a product whose factors keep their signs."""
    signs = []
    values = []
    for factor in expression.args:
        low, high = value_range(factor, _own(factor, ranges))
        value = 1 if low >= 0 or is_positive(factor) else -1 if high <= 0 else None
        signs.append(_settled(factor, by, ranges, deadline))
        values.append(value)
    total = set()
    for number, sign in enumerate(signs):
        if sign == 0:
            continue
        others = [value for other, value in enumerate(values) if other != number]
        if sign is None or None in others:
            return None
        total.add(sign * math.prod(value for value in others if value is not None))
    return total.pop() if len(total) == 1 else 0 if not total else None


def _settled(expression: Expr, by: Symbol, ranges: Ranges, deadline: Deadline) -> int | None:
    """Return the sign of the slope of a part: by its build, or by the other ways."""
    sign = _built(expression, by, ranges, deadline)
    if sign is not None or not expression.args:
        return sign
    if expression.is_Add:
        return None
    found = slope_sign_on(expression, by, _own(expression, ranges), deadline)
    return None if found is None else found.sign


def _own(expression: Expr, ranges: Ranges) -> Ranges:
    return {symbol: ranges[symbol] for symbol in ranges if symbol in expression.free_symbols}


def _by_boxes(
    expression: Expr, by: Symbol, ranges: Ranges, want: int, deadline: Deadline
) -> SlopeSign | None:
    if expression.has(sympy.sign, SmoothedFunction) or not is_real_on(expression, ranges, deadline):
        return None
    tape = Tape.of(expression)
    names = [symbol for symbol in ranges if symbol in expression.free_symbols]
    edges = []
    for symbol in names:
        low, high = ranges[symbol]
        inner = [cut for cut in _CUTS if low < cut < high] if math.isinf(low) or math.isinf(high) else []
        edges.append(list(pairwise([low, *inner, high])))
    grid = np.array(np.meshgrid(*(range(len(one)) for one in edges), indexing="ij")).reshape(len(names), -1)
    lows = np.array([[edges[k][i][0] for i in grid[k]] for k in range(len(names))], np.float64)
    highs = np.array([[edges[k][i][1] for i in grid[k]] for k in range(len(names))], np.float64)
    strict, count = True, 0
    one, zero = np.float64(1.0), np.float64(0.0)
    for _ in range(ROUNDS):
        count += lows.shape[1]
        if count > MOST_BOXES or deadline.passed:
            return None
        boxes = {
            symbol: Box(lows[k], highs[k], one if symbol == by else zero, one if symbol == by else zero)
            for k, symbol in enumerate(names)
        }
        with np.errstate(all="ignore"):
            found = tape.run(BoxArithmetic(), boxes)[0]
        shape = lows.shape[1:]
        slope_low = np.broadcast_to(0.0 if found.slope_low is None else found.slope_low, shape)
        slope_high = np.broadcast_to(0.0 if found.slope_high is None else found.slope_high, shape)
        right = slope_low >= 0 if want > 0 else slope_high <= 0
        strict = strict and bool(((slope_low > 0) if want > 0 else (slope_high < 0))[right].all())
        left = np.flatnonzero(~right)
        if not len(left):
            return SlopeSign(want, True if strict else None)
        lows, highs = lows[:, left], highs[:, left]
        width = np.where(np.isfinite(highs - lows), highs - lows, 0.0)
        if (width.max(axis=0) <= 0).any():
            return None
        # halved along what is widest in units of the whole
        whole = np.array(
            [h - low if math.isfinite(h - low) else 1.0 for low, h in (ranges[s] for s in names)]
        )
        axis = np.argmax(width / whole[:, None], axis=0)
        column = np.arange(len(left))
        middle = (lows[axis, column] + highs[axis, column]) / 2
        upper_lows, lower_highs = lows.copy(), highs.copy()
        upper_lows[axis, column], lower_highs[axis, column] = middle, middle
        lows, highs = np.concatenate([lows, upper_lows], 1), np.concatenate([lower_highs, highs], 1)
    return None


def _as_pair(expression: Expr, by: Symbol, ranges: Ranges, want: int, deadline: Deadline) -> SlopeSign | None:
    """Decide a formula of two variables that can be any numbers, or numbers above an end, as a loss of pos and neg."""
    variables = sorted(expression.free_symbols, key=str)
    if len(variables) != 2:
        return None
    requirement = next(one for one in PAIRWISE.requirements if one.sign == want)
    own = pos if requirement.slope_of == "pos" else neg
    other = neg if own == pos else pos
    values: dict[Symbol, Expr] = {}
    for symbol in variables:
        low, high = ranges[symbol]
        target = own if symbol == by else other
        if math.isinf(low) and math.isinf(high):
            values[symbol] = target
        elif math.isfinite(low) and math.isinf(high):
            values[symbol] = make(Add, [Rational(*low.as_integer_ratio()), make(sympy.exp, [target])])
        else:
            return None
    loss = LossSpec(substitute(expression, values))
    proof = prove_slope(loss, requirement, 0, deadline).proof
    if proof.zero:
        return SlopeSign(0, False)
    return SlopeSign(want, True if proof.strict else None) if proof.status == "proved" else None
