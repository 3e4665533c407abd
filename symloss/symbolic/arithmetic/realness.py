"""Which parts of a loss must be real numbers although they vanish for a label.

The rule is that of floating point numbers: 0**0 is 1, and whatever is made from a part
that is not a real number is not a real number, 0 times it included. A loss is thus a
real number where each of its parts is one. When a label is put in, parts drop out:
log(yhat - 2) out of y*log(yhat - 2) at y = 0. They are named here.
"""

from __future__ import annotations

from collections.abc import Mapping

import sympy
from sympy import Expr, Pow, S

from symloss.signature import Domain, Input, eps, yhat
from symloss.symbolic.arithmetic.float_box import FloatBoxes
from symloss.symbolic.arithmetic.tape import Tape, UnsupportedFunctionError


def is_partial(node: Expr) -> bool:
    """Whether a node may be no real number where its arguments are: a logarithm, a reciprocal, most powers."""
    if node.func is sympy.log:
        return True
    return node.func is Pow and node.base is not sympy.E and not (node.exp.is_Integer and node.exp > 0)


def has_partial(expression: Expr) -> bool:
    """Whether a loss holds a node that may be no real number."""
    return any(is_partial(node) for node in _nodes(expression))


def vanished_parts(
    expression: Expr, at_label: Expr, images: Mapping[Expr, Expr], domain: Domain
) -> tuple[Expr, ...]:
    """Return what is in a loss, not in its form at a label, and may not be a real number.

    Args:
        expression: the loss.
        at_label: its form at a label.
        images: for each part of the loss its form at the label.
        domain: where yhat lives.
    """
    found: dict[Expr, None] = {}
    for node in _nodes(expression):
        if is_partial(node):
            image = images.get(node)
            if image is not None and is_partial(image) and not image.is_number:
                found[image] = None
    if not found or at_label is S.NaN:
        return ()
    left = [image for image in found if image != at_label]
    if left:
        kept = _nodes(at_label)
        left = [image for image in left if image not in kept]
    return tuple(image for image in left if not _is_surely_real(image, domain))


def _nodes(expression: Expr) -> dict[Expr, None]:
    """Return the distinct nodes of an expression, in a fixed order."""
    found: dict[Expr, None] = {}
    waiting = [expression]
    while waiting:
        node = waiting.pop()
        if node not in found:
            found[node] = None
            waiting.extend(node.args)
    return found


def _is_surely_real(part: Expr, domain: Domain) -> bool:
    """Return whether intervals show at once that a part is a real number wherever its arguments are."""
    argument = part.args[0]
    if argument == yhat or argument == 1 - yhat:
        return domain.input is Input.PROBABILITY
    box = (*domain.yhat_range, 1.0, 1.0)
    try:
        low = Tape.of(argument).run(FloatBoxes(), {yhat: box, eps: (0.0, float("inf"), 0.0, 0.0)})[0][0]
    except (UnsupportedFunctionError, KeyError):
        return False
    return bool(low > 0)
