"""Screening: a few epochs find the losses that are worth training to the end."""

from __future__ import annotations

import threading
from dataclasses import replace

from symloss.contest.evaluation import grid
from symloss.data.dataset import Dataset
from symloss.deadline import TimedStop
from symloss.engine.local import LocalEngine
from symloss.loss import Loss
from symloss.models import registry
from symloss.progress import PhaseStarted, SearchEvent, silent
from symloss.search.candidates.grammar import LossGrammar
from symloss.search.context import SearchContext, make_proxy
from symloss.search.phase3 import _screen
from symloss.search.search import search
from symloss.tasks.rating_task import of
from symloss.training.fit import fit
from tests.search.conftest import make_dataset
from tests.search.test_search import OPTIONS


def test_screening_keeps_the_best_after_a_few_epochs(tiny: Dataset) -> None:
    """What phase III keeps is what training each trial alone for as long says."""
    model = registry.get("mf")
    losses = [Loss(text) for text in ("(yhat - y)**2", "(y - yhat)**2/1000", "yhat - 2*y*yhat", "0*yhat + y")]
    groups = [grid(loss, [0.1], [1.0, 3.0, 9.0], [5]) for loss in losses]
    options = replace(OPTIONS, survivors=2)
    grammar = LossGrammar(options.operators, options.n_variables)
    engine = LocalEngine(model, tiny, options.training)
    stop = threading.Event()
    context = SearchContext(
        options, of(tiny), engine, grammar, make_proxy(options, grammar), None, stop, silent
    )
    kept = _screen(context, groups, 3, TimedStop(stop, None))
    short = replace(options.training, max_epochs=3)
    metrics = [
        [fit(model, [trial.member()], tiny, short)[0].valid_metric for trial in group] for group in groups
    ]
    order = sorted(range(4), key=lambda k: (-max(metrics[k]), k))
    assert len({round(max(one), 6) for one in metrics}) > 1, "the losses can't be told apart"
    assert [group[0].loss for group in kept] == [losses[k] for k in order[:2]]
    for group, k in zip(kept, order[:2], strict=True):
        better = sorted(zip(metrics[k], [1.0, 3.0, 9.0], strict=True), key=lambda pair: (-pair[0], pair[1]))
        assert [trial.scale for trial in group] == sorted(scale for _, scale in better[:2])


def test_search_with_screening() -> None:
    options = replace(OPTIONS, loops=60, survivors=1, screen=5, screen_epochs=2)
    events: list[SearchEvent] = []
    result = search(options, make_dataset(), None, events.append)
    phases = [(event.phase, event.screening) for event in events if isinstance(event, PhaseStarted)]
    assert phases == [(1, False), (2, False), (3, True), (3, False)]
    assert result.counts["passed"] > 1
    assert len(result.results) == 1
    assert result.results[0].epochs == 6
