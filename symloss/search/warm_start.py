"""Losses that a search begins from: names of the zoo and formulas, as tokens of its grammar."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from symloss import zoo
from symloss.compile.realness import refuse_unreal
from symloss.errors import OptionError
from symloss.loss import Loss
from symloss.search.archive.run import Run
from symloss.search.candidates.grammar import LossGrammar
from symloss.search.candidates.tokens import Tokens
from symloss.search.found_losses import loss_of
from symloss.search.run_argument import run_and_rank


def warm_start_tokens(losses: Sequence[str], grammar: LossGrammar) -> Tokens:
    """Return named losses or formulas as tokens.

    Args:
        losses: at least one; RUN or RUN:3 is a loss that a search found (its scale is left out, a search has its own).
        grammar: the operators that tokens may use, and the domain of the losses.

    Raises:
        OptionError: a loss can't be written with the operators of the grammar.
        FormulaError: a formula can't be read.
        DomainError: a named loss is none for the labels of the grammar.
    """
    from symloss.search.strategies.encoding import encode

    domain = grammar.domain
    rows = []
    for text in losses:
        if zoo.is_name(text):
            loss = zoo.get(text).with_domain(domain.labels, domain.input)
            refuse_unreal(loss)
        else:
            loss = Loss(formula_of(text), labels=domain.labels, input=domain.input)
        try:
            # a start is an idea, not a promise: the logarithm of a zoo loss may come back smoothed
            rows.append(encode(loss, grammar, exact=False))
        except OptionError as error:
            raise OptionError(f"the search can't begin from {text!r}: {error}") from error
    return Tokens(*(np.concatenate(parts) for parts in zip(*(row.parts() for row in rows), strict=True)))


def formula_of(text: str) -> str:
    """Return the formula of RUN or RUN:3, a loss that a search found; any other text as it is.

    Raises:
        RunError, OptionError: as for `loss_of`.
    """
    run = None if zoo.is_name(text) else run_and_rank(text)
    return text if run is None else loss_of(*run).formula


def best_of_run(folder: Path, count: int) -> tuple[str, ...]:
    """Return the formulas of the losses with the best rewards in a run folder.

    Raises:
        RunError: it is no run folder, it can't be read, or it has no loss with a reward.
        OptionError: the run has no such loss.
    """
    with Run.open(folder) as run:
        found = [row["formula"] for row in run.archive.best(count) if row["formula"]]
    if not found:
        raise OptionError(f"the run {folder} has no loss with a reward to begin from")
    return tuple(dict.fromkeys(found))
