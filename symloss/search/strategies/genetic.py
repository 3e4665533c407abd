"""Genetic programming: a population of losses, improved by crossover and mutation.

An individual is a loss with its own gradient: its identity is the number of the
gradient in the proxy test. A loss whose gradient the strategy has been told of
before does not enter again, so neutral copies can't fill the population; it only
takes the place of its copy if it is simpler.

Fitness is the reward where the loss was trained and is not among the worst
(reward -1). All others come below, in the order of the share of sampled
predictions that they push towards their label: valid losses are rare, and this
leads to them. Of two equally fit losses the one with fewer operators is better.

Parents are drawn by tournaments; the population keeps the best of the old and
the new. A share of each batch are immigrants, all of it as long as there is no
population: uniform random losses, or samples of a REINFORCE controller that
learns from the same rewards (neural-guided genetic programming: Mundhenk et
al., 2021). The operators are those of Koza (1992): subtree crossover, subtree,
point and hoist mutation, and an exchange of leaves.
"""

from __future__ import annotations

from typing import Any

from symloss.errors import OptionError, unknown_name
from symloss.search.candidates.grammar import LossGrammar
from symloss.search.candidates.tokens import Tokens
from symloss.search.strategies.genetic_operators import Dice, crossover, mutate
from symloss.search.strategies.genetic_population import Population
from symloss.search.strategies.random_strategy import RandomStrategy
from symloss.search.strategies.shaping import shaped
from symloss.search.strategies.strategy import Feedback, Strategy
from symloss.search.strategies.trees import Tree, TreeRules
from symloss.search.strategies.waiting import Waiting

POPULATION = 100
TOURNAMENT = 4
IMMIGRANTS = 0.1
"""Share of each batch, once the population is full."""
CROSSOVER = 0.5
"""Share of offspring that have two parents."""
AGAIN = 0.3
"""Probability of each further mutation of an offspring."""
TRIES = 20
"""Draws for one offspring; after that an immigrant takes its place."""
IMMIGRANT_DRAWS = 10
"""How often random losses are drawn to find enough that depend on all arguments."""
SOURCES = {"random": "uniform random losses", "controller": "samples of a REINFORCE controller"}
"""What `population_from` can be."""


class GeneticStrategy:
    """Typed genetic programming over the grammar's operators."""

    name = "genetic"

    def __init__(
        self,
        grammar: LossGrammar,
        seed: int,
        *,
        max_complexity: int | None = None,
        population: int = POPULATION,
        tournament: int = TOURNAMENT,
        population_from: str = "random",
    ) -> None:
        """Start without a population.

        Args:
            grammar: what losses are made of.
            seed: of all draws.
            max_complexity: most operators in a loss; None for no limit but the grammar's.
            population: losses that are kept, at least 2.
            tournament: how many are drawn for each parent, at least 1; more follow the best more closely.
            population_from: "random" or "controller", where first losses and immigrants come from.

        Raises:
            OptionError: an option is not allowed.
        """
        for option, value, least in (("population", population, 2), ("tournament", tournament, 1)):
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise OptionError(f"{option} is {value!r}; it must be a whole number of at least {least}")
        if population_from not in SOURCES:
            raise OptionError(
                unknown_name("source", population_from, SOURCES, "population_from takes one of these")
            )
        self._rules = TreeRules(grammar, max_complexity)
        self._dice = Dice(seed)
        self._power = 1.0 / tournament
        self._waiting = Waiting(grammar)
        self._guided = population_from == "controller"
        self._source: Strategy
        if self._guided:
            from symloss.search.strategies.reinforce import ReinforceStrategy

            self._source = ReinforceStrategy(grammar, seed, max_complexity=max_complexity, needed_only=True)
        else:
            self._source = RandomStrategy(grammar, seed, max_complexity=max_complexity)
        self.population = Population(self._rules, population)

    def ask(self, n: int) -> Tokens:
        """Return n losses (n >= 1): waiting ones first, then offspring and immigrants."""
        return self._waiting.first(n, self._propose)

    def _propose(self, n: int) -> Tokens:
        full = len(self.population) / self.population.size
        offspring = self._offspring(round(n * min(full, 1.0 - IMMIGRANTS)))
        batches = [self._rules.tokens(offspring)] if offspring else []
        if n > len(offspring):
            batches.append(self._immigrants(n - len(offspring)))
        return Tokens.joined(batches)

    def _offspring(self, n: int) -> list[Tree]:
        """Return up to n trees that differ from each other and from the population."""
        found: list[Tree] = []
        taken = {member.tree.steps for member in self.population.members}
        if not taken:
            return found
        for _ in range(n):
            for _ in range(TRIES):
                tree = self._child()
                if tree is not None and tree.steps not in taken:
                    taken.add(tree.steps)
                    found.append(tree)
                    break
        return found

    def _child(self) -> Tree | None:
        rules, dice = self._rules, self._dice
        parent = self._parent()
        two = dice.uniform() < CROSSOVER
        tree = crossover(rules, dice, parent, self._parent()) if two else mutate(rules, dice, parent)
        while tree is not None and dice.uniform() < AGAIN:
            tree = mutate(rules, dice, tree)
        return tree

    def _parent(self) -> Tree:
        """Return the best of a tournament: members are sorted, so it is that with the least of uniform numbers."""
        least = 1.0 - (1.0 - self._dice.uniform()) ** self._power
        return self.population.members[int(least * len(self.population))].tree

    def _immigrants(self, n: int) -> Tokens:
        """Return n losses from the source; random ones that can't be valid are drawn again."""
        if self._guided:
            return self._source.ask(n)
        found: list[Tree] = []
        drawn = self._source.ask(n)
        for _ in range(IMMIGRANT_DRAWS):
            found += [tree for tree in self._rules.trees(drawn) if tree is not None]
            if len(found) >= n:
                return self._rules.tokens(found[:n])
            drawn = self._source.ask(n)
        rest = drawn.take(slice(0, n - len(found)))
        return Tokens.joined([self._rules.tokens(found), rest]) if found else rest

    def tell(self, tokens: Tokens, feedback: Feedback) -> None:
        """Let new losses compete for a place in the population."""
        self.population.add(tokens, shaped(feedback), feedback.identities)
        if self._guided:
            self._source.tell(tokens, feedback)

    def warm_start(self, tokens: Tokens) -> None:
        """Ask for these losses first, so that they become parents."""
        self._waiting.add(tokens)

    def state(self) -> dict[str, Any]:
        """Return population, archive and generators as arrays and numbers."""
        return {
            "population": self.population.state(),
            "dice": self._dice.state(),
            "source": self._source.state(),
            "waiting": self._waiting.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from what `state` gave."""
        self.population.restore(state["population"])
        self._dice.restore(state["dice"])
        self._source.restore(state["source"])
        self._waiting.restore(state["waiting"])
