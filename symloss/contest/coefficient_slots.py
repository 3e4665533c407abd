"""Places inside a loss where a factor changes its shape and not only its scale."""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Add, Expr, Max, Min, Mul

from symloss.formula.text import formula_text
from symloss.loss import Loss
from symloss.ops.construct import exact_number, make
from symloss.signature import y

MOST_SLOTS = 24
"""Slots of one loss that are tried; the outermost come first."""


@dataclass(frozen=True)
class Slot:
    """A place for a factor.

    Attributes:
        path: numbers of arguments from the root of the expression down to the operand.
        operand: the operand, as text.
        inside: what it is an operand of: "sum", "max" or "min".
    """

    path: tuple[int, ...]
    operand: str
    inside: str


def with_coefficients(loss: Loss) -> list[Slot]:
    """Return the places of a loss where a factor may enter, outermost first, at most `MOST_SLOTS`.

    A number added at the top of the loss has no gradient and is no slot; factors of a product
    are none, since they only scale it. Sums of numbers and labels, such as 1 - y, choose the label
    that a term is for, and have no slots.
    """
    found: list[Slot] = []
    level: list[tuple[tuple[int, ...], Expr]] = [((), loss.expression)]
    while level:
        deeper: list[tuple[tuple[int, ...], Expr]] = []
        for path, node in level:
            inside = {Add: "sum", Max: "max", Min: "min"}.get(node.func)
            if node.free_symbols <= {y}:
                continue
            for place, argument in enumerate(node.args):
                below = (*path, place)
                constant_at_top = argument.is_number and inside == "sum" and not path
                zero = argument.is_number and argument == 0
                if inside is not None and not constant_at_top and not zero:
                    found.append(Slot(below, formula_text(argument), inside))
                deeper.append((below, argument))
        level = deeper
    return found[:MOST_SLOTS]


def put_coefficient(loss: Loss, slot: Slot, factor: float) -> Loss:
    """Return the loss with the operand of a slot times a factor, without a name.

    Raises:
        NumberLimitError: the numbers of the formula leave the range of formulas.
    """
    expression = _replaced(loss.expression, slot.path, exact_number(factor))
    return Loss(expression, eps=loss.eps, labels=loss.domain.labels, input=loss.domain.input)


def _replaced(node: Expr, path: tuple[int, ...], factor: Expr) -> Expr:
    if not path:
        return make(Mul, [factor, node])
    arguments = list(node.args)
    arguments[path[0]] = _replaced(arguments[path[0]], path[1:], factor)
    return make(node.func, arguments)
