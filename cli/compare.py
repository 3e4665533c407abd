"""`symloss compare`: which losses are the same to gradient descent, and up to what factor."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from symloss.errors import OptionError

from .counter import Counter
from .group import LossCommand
from .options import (
    eps_option,
    input_option,
    json_option,
    loss_labels_option,
    negatives_option,
    negatives_value,
    number,
    positive_seconds,
    protect_option,
    resolve_losses,
    time_limit_option,
)
from .output import print_json, standard_output, table
from .params import one_value_each, param_option

if TYPE_CHECKING:
    from symloss.loss import Loss
    from symloss.symbolic.same.loss_classes import LossClass

MOST_QUIET = 10
"""Up to so many losses, no progress is shown."""

MOST_WITNESSES = 10
"""Pairs of classes for which the point where they differ is shown."""


@click.command("compare", cls=LossCommand)
@click.argument("losses", nargs=-1, required=True, metavar="LOSS LOSS...")
@time_limit_option
@eps_option
@param_option
@loss_labels_option
@input_option
@negatives_option
@protect_option
@json_option
def command(
    losses: tuple[str, ...],
    time_limit: str,
    eps: str | None,
    params: tuple[str, ...],
    labels: str | None,
    input_kind: str | None,
    negatives: str | None,
    protect: bool,
    as_json: bool,
) -> None:
    """Group the LOSSes by their gradient: equal, proportional (with the factor), or different (with a point).

    eps stays open, any positive number, unless --eps gives one.
    """
    from symloss.symbolic.same.loss_classes import classes

    if len(losses) < 2:
        raise OptionError("there is nothing to compare with; give at least two losses")
    seconds = positive_seconds(time_limit)
    eps_value = None if eps is None else number(eps, "--eps")
    resolved = resolve_losses(
        losses,
        labels=labels,
        input_kind=input_kind,
        eps=eps_value,
        protect=protect,
        params=one_value_each(params, losses),
        negatives=negatives_value(negatives),
    )
    labels = next((str(one.domain.labels) for one in resolved if one.kind == "pointwise"), None)
    with Counter("compared", len(resolved), shown=len(resolved) > MOST_QUIET) as counter:
        found = classes(resolved, seconds, lambda done: counter.step())
        witnesses = _witnesses(found, resolved, seconds)
    if as_json:
        document = {
            "classes": [entry.to_json() for entry in found],
            "labels": labels,
            "differences": witnesses,
        }
        print_json({"relation": _overall(found), **document})
        return
    console = standard_output()
    rows = [
        [str(n), ", ".join(entry.titles), entry.relation, entry.sentence]
        for n, entry in enumerate(found, start=1)
    ]
    console.print(
        table(
            f"Classes of the same gradient, {'pairs of scores' if labels is None else f'{labels} labels'}",
            ["class", "losses", "relation", "which says"],
            rows,
        )
    )
    for entry in witnesses:
        console.print(entry["sentence"], highlight=False, markup=False)


def _overall(found: Sequence[LossClass]) -> str:
    """Say in one word how all losses relate."""
    if len(found) == 1:
        return found[0].relation
    return "undecided" if any(entry.relation == "undecided" for entry in found) else "different"


def _witnesses(found: Sequence[LossClass], losses: Sequence[Loss], seconds: float) -> list[dict[str, Any]]:
    """For pairs of classes, a point where their gradients differ."""
    from symloss.symbolic.same.same_gradient import compare

    shown = []
    for first, second in itertools.islice(itertools.combinations(found, 2), MOST_WITNESSES):
        comparison = compare(losses[first.members[0]], losses[second.members[0]], seconds)
        titles = [first.titles[0], second.titles[0]]
        witness = None if comparison.witness is None else comparison.witness.to_json()
        sentence = f"{titles[0]} and {titles[1]}: {comparison.relation}; {comparison.reason}"
        shown.append(
            {"losses": titles, "relation": comparison.relation, "witness": witness, "sentence": sentence}
        )
    return shown
