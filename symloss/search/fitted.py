"""A search for the data at hand: epochs of trainings, rewards and rungs that nobody gave follow from the clock."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from symloss.contest.options import ContestOptions
from symloss.search.loop.fresh_recommender import reward_rate
from symloss.search.options import SearchOptions
from symloss.search.presets import preset
from symloss.training.clock import WORN_IN, Size, fitted, rescaled, rung_epochs, short_epochs

EVALUATION_SHARE, LEAST_EVALUATION = 2.0, 60.0
"""Phase III of a model that nothing is known of ends after so many times the seconds of phase I, and at least so many:
how long its contest would take can't be told beforehand."""


def fitted_search(
    options: SearchOptions, size: Size, given: Collection[str] = (), *, name: str = "best"
) -> SearchOptions:
    """Return the options of a search for a data set.

    On data of the size of MovieLens-100K these are the options as they are, and so they are with
    the preset "paper" on any data: its settings are those of the paper.

    Args:
        options: counted for MovieLens-100K.
        size: of the data set.
        given: names of options and of training settings that somebody chose; they stay.
        name: of the preset that the options came from.

    Raises:
        OptionError: there is no such preset, or a value leaves its range.
    """
    chosen = preset(name, options.model)
    training = fitted(options.training, size, given, model=options.model)
    if options.model not in WORN_IN:
        limit = options.evaluation_time
        if limit is None and options.time_limit is not None and "evaluation_time" not in given:
            limit = max(LEAST_EVALUATION, EVALUATION_SHARE * options.time_limit)
        return replace(options, training=training, evaluation_time=limit)
    if not chosen:
        return options
    reward_epochs, rungs = options.reward_epochs, options.rungs
    if "reward_epochs" not in given:
        rate = options.reward_learning_rate or reward_rate(training.learning_rate)
        usual = chosen.get("reward_learning_rate") or rate
        counted = rescaled(reward_epochs, usual / rate)
        # no reward goes further than training itself does, where that is cut short
        longest = rescaled(training.max_epochs, training.learning_rate / rate)
        stretched = short_epochs(counted, training, size)
        reward_epochs = min(stretched, max(counted, longest))
    if "rungs" not in given:
        contest = ContestOptions(rungs=rungs, screening_rate=options.rung_learning_rate)
        # where trainings are faster than rungs, rungs are as fast
        usual, rate = (contest.rung_settings(one)[0].learning_rate for one in (options.training, training))
        rungs = rung_epochs([rescaled(epochs, usual / rate) for epochs in rungs], training, size)
    return replace(options, training=training, reward_epochs=reward_epochs, rungs=rungs)
