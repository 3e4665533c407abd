"""What proposes losses: one class a strategy, each with ask and tell."""

from symloss.search.strategies.registry import STRATEGIES, check_strategy, make_strategy
from symloss.search.strategies.strategy import Strategy

__all__ = ["STRATEGIES", "Strategy", "check_strategy", "make_strategy"]
