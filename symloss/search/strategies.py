"""The strategies by name."""

from __future__ import annotations

from symloss.errors import OptionError, unknown_name
from symloss.search.grammar import LossGrammar
from symloss.search.strategy import Strategy

STRATEGIES: dict[str, str] = {
    "reinforce": "a recurrent controller trained by policy gradients (AutoLossGen, section 3.2)",
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


def make_strategy(name: str, grammar: LossGrammar, seed: int) -> Strategy:
    """Return a new strategy for `grammar`.

    Raises:
        OptionError: no strategy has that name.
    """
    check_strategy(name)
    if name == "random":
        from symloss.search.random_strategy import RandomStrategy

        return RandomStrategy(grammar, seed)
    # torch takes seconds to import, so only the strategy that needs it pays for it
    from symloss.search.reinforce import ReinforceStrategy

    return ReinforceStrategy(grammar, seed)
