"""Forms of a ranking loss that reduce it to one variable: a function of pos - neg, or a sum of functions of each.

A loss f(pos, neg) = g(pos + r neg) has the slopes g' and r g', and g is a score loss of one variable that the
provers for labels decide. That f is of this form is an identity: along pos + r neg it does not change. It is
settled by putting u - r t for pos and t for neg: either t cancels, or the derivative by t is zero in the
differential field, which counts for expressions without jumps and poles only.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import sympy
from sympy import Add, Expr, Mul, Pow, Rational

from symloss.formula.spec import LossSpec
from symloss.formula.text import formula_text
from symloss.ops.construct import NumberLimitError, make, substitute
from symloss.ops.protected import SmoothedFunction, guard
from symloss.signature import DEFAULT_EPS, Domain, Input, Labels, eps, neg, pos, y, yhat
from symloss.symbolic.arithmetic.float_dual import value_and_slope
from symloss.symbolic.arithmetic.tape import Tape
from symloss.symbolic.field.convert import Converter
from symloss.symbolic.signs.one_sign_region import Region, finer_sides_of
from symloss.symbolic.signs.positive import is_positive
from symloss.symbolic.undecided import Deadline, UndecidedError

PLANE = Domain(Labels.REAL, Input.SCORE)
"""Two scores as yhat and y: any real numbers."""

OTHER = {"pos": neg, "neg": pos}
_SYMBOL = {"pos": pos, "neg": neg}
LARGEST_DENOMINATOR = 12


@dataclass(frozen=True)
class OneVariable:
    """A loss g of one variable u = pos + r neg.

    Attributes:
        function: g in yhat, which stands for u.
        ratio: r.
        as_written: whether the form was had without changing how it is computed.
    """

    function: Expr
    ratio: Rational
    as_written: bool

    @property
    def variable(self) -> str:
        """The variable as text: "pos - neg"."""
        times = formula_text(Mul(abs(self.ratio), neg))
        return f"pos {'-' if self.ratio < 0 else '+'} {times}"


def seen_from(loss: LossSpec, slope_of: str, expression: Expr | None = None) -> LossSpec:
    """Return a loss of pairs as one of yhat and y, real numbers, where yhat is one score and y the other."""
    values = {_SYMBOL[slope_of]: yhat, OTHER[slope_of]: y}
    changed = substitute(loss.expression if expression is None else expression, values)
    return LossSpec(changed, eps=loss.eps, labels="real", input="score")


def plane_regions() -> tuple[Region, ...]:
    """Return the regions that cover all pairs of scores but for the lines between them."""
    return tuple(region for region, _ in finer_sides_of(PLANE))


def one_variable(expression: Expr, deadline: Deadline) -> OneVariable | None:
    """Return an expression in pos and neg as a function of pos + r neg, None where it is not seen to be one.

    Args:
        expression: it holds both of them.
        deadline: when to stop looking.
    """
    for ratio in (Rational(-1), _guessed(expression)):
        if ratio is None:
            continue
        try:
            found = _along(expression, ratio, deadline)
        except NumberLimitError:
            continue
        if found is not None:
            return found
    return None


def _along(expression: Expr, ratio: Rational, deadline: Deadline) -> OneVariable | None:
    moved = substitute(expression, {pos: make(Add, [y, make(Mul, [-ratio, yhat])]), neg: yhat})
    if yhat not in moved.free_symbols:
        return OneVariable(substitute(moved, {y: yhat}), ratio, True)
    if not _unbroken(expression):
        return None
    if not all(_is_constant(moved, region, deadline) for region in plane_regions()):
        return None
    return OneVariable(substitute(expression, {pos: yhat, neg: 0}), ratio, False)


def _is_constant(expression: Expr, region: Region, deadline: Deadline) -> bool:
    """Return whether the derivative by yhat of an expression that is real everywhere is zero on a region."""
    converter = Converter(
        deadline, region.inside, lambda part: region.sign(part) or (1 if is_positive(part) else None)
    )
    try:
        return converter.tower.slope(converter.element(expression)).is_zero
    except UndecidedError:
        return False


def _guessed(expression: Expr) -> Rational | None:
    """Return the quotient of both slopes at a point as a small fraction, None where it is none."""
    tape = Tape.of(expression)
    point = {pos: np.array([0.37]), neg: np.array([-0.21]), eps: DEFAULT_EPS}
    by_pos, by_neg = (float(value_and_slope(tape, point, symbol)[1][0]) for symbol in (pos, neg))
    if not (np.isfinite(by_pos) and np.isfinite(by_neg)) or by_pos == 0 or by_neg == 0:
        return None
    near = Fraction(by_neg / by_pos).limit_denominator(LARGEST_DENOMINATOR)
    if near in (0, -1) or abs(float(near) - by_neg / by_pos) > 1e-9 * abs(by_neg / by_pos):
        return None
    return Rational(near.numerator, near.denominator)


def _unbroken(expression: Expr) -> bool:
    """Return whether an expression has, by its build, neither jumps nor poles, and is a real number everywhere."""
    for node in sympy.preorder_traversal(expression):
        if isinstance(node, sympy.sign | SmoothedFunction | guard):
            return False
        if isinstance(node, sympy.log) and not is_positive(node.args[0]):
            return False
        if isinstance(node, Pow) and node.base is not sympy.E:
            whole = node.exp.is_Integer and node.exp > 0
            if not whole and not is_positive(node.base):
                return False
    return True
