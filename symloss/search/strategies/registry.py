"""The strategies by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from symloss.errors import OptionError, unknown_name
from symloss.search.candidates.grammar import LossGrammar
from symloss.search.strategies.strategy import Strategy

STRATEGIES: dict[str, str] = {
    "reinforce": "a recurrent controller trained by policy gradients (AutoLossGen, section 3.2)",
    "risk-seeking": "the controller, trained on the best losses of a batch and the best ever (Petersen et al., 2021)",
    "genetic": "typed crossover and mutation of a population of losses, one for each gradient",
    "random": "uniform random losses, the baseline",
}
"""Every strategy with one line about it."""


def check_strategy(name: str) -> None:
    """Accept the name of a strategy.

    Raises:
        OptionError: no strategy has that name.
    """
    if name not in STRATEGIES:
        raise OptionError(unknown_name("strategy", name, STRATEGIES, "--strategy takes one of these"))


def make_strategy(name: str, grammar: LossGrammar, seed: int, **options: Any) -> Strategy:
    """Return a new strategy for `grammar`.

    Args:
        name: one of `STRATEGIES`.
        grammar: what losses are made of.
        seed: of all draws.
        options: keyword arguments of the strategy; each takes `max_complexity`, the most operators in a loss.

    Raises:
        OptionError: no strategy has that name, or it has no such option, or the option's value is not allowed.
    """
    make = _maker(name)
    allowed = [
        key
        for key, parameter in inspect.signature(make).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    ]
    for option in options:
        if option not in allowed:
            raise OptionError(unknown_name(f"option of {name}", option, allowed, "it takes these"))
    return make(grammar, seed, **options)


def _maker(name: str) -> Callable[..., Strategy]:
    check_strategy(name)
    # torch takes seconds to import, so only the strategies that need it pay for it
    if name == "random":
        from symloss.search.strategies.random_strategy import RandomStrategy

        return RandomStrategy
    if name == "genetic":
        from symloss.search.strategies.genetic import GeneticStrategy

        return GeneticStrategy
    if name == "risk-seeking":
        from symloss.search.strategies.risk_seeking import RiskSeekingStrategy

        return RiskSeekingStrategy
    from symloss.search.strategies.reinforce import ReinforceStrategy

    return ReinforceStrategy
