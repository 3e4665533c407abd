"""The strategies by name.

Other packages add strategies by entry points of the group "symloss.strategies" (see `symloss.plugins`): a name,
and a class that is made from a grammar, a seed and options, as the built-in ones are. They are read only when a name
is not one of the built-in ones.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from symloss import plugins
from symloss.errors import OptionError, unknown_name
from symloss.search.candidates.grammar import LossGrammar
from symloss.search.strategies.strategy import Strategy

STRATEGIES: dict[str, str] = {
    "reinforce": "a recurrent controller trained by policy gradients (AutoLossGen, section 3.2)",
    "risk-seeking": "the controller, trained on the best losses of a batch and the best ever (Petersen et al., 2021)",
    "genetic": "typed crossover and mutation of a population of losses, one for each gradient",
    "random": "uniform random losses, the baseline",
}
"""Every built-in strategy with one line about it."""


def check_strategy(name: str) -> None:
    """Accept the name of a strategy.

    Raises:
        OptionError: no strategy has that name, or what another package adds under it can't be used.
    """
    if name not in STRATEGIES:
        _added(name)


def make_strategy(name: str, grammar: LossGrammar, seed: int, **options: Any) -> Strategy:
    """Return a new strategy for `grammar`.

    Args:
        name: one of `STRATEGIES`, or of those that other packages add.
        grammar: what losses are made of.
        seed: of all draws.
        options: keyword arguments of the strategy; each takes `max_complexity`, the most operators in a loss.

    Raises:
        OptionError: no strategy has that name, or it can't be used, or it has no such option, or the option's value
            is not allowed.
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
    if name not in STRATEGIES:
        return _added(name)
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


def _added(name: str) -> Callable[..., Strategy]:
    """Return what another package adds under a name; errors as for `check_strategy`."""
    make = plugins.load("strategies", name)
    if make is None:
        known = [*STRATEGIES, *plugins.names("strategies")]
        raise OptionError(unknown_name("strategy", name, known, "--strategy takes one of these"))
    wanted = ("ask", "tell", "warm_start", "state", "restore")
    missing = [one for one in wanted if not hasattr(make, one)]
    if not isinstance(make, type) or missing:
        lacks = f"; it lacks {', '.join(missing)}" if isinstance(make, type) else ""
        raise plugins.unfit("strategies", name, f"must be a class with {', '.join(wanted)}{lacks}")
    return make
