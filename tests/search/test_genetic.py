"""Trees, crossover and mutation, the population, and what genetic programming finds."""

from __future__ import annotations

import numpy as np
import pytest

from symloss.compile.reference import evaluate_batch
from symloss.search.candidates.grammar import LossGrammar
from symloss.search.candidates.tokens import Tokens
from symloss.search.strategies.encoding import encode
from symloss.search.strategies.genetic import GeneticStrategy
from symloss.search.strategies.genetic_operators import (
    Dice,
    crossover,
    hoist,
    insert,
    leaf,
    mutate,
    point,
    subtree,
)
from symloss.search.strategies.genetic_population import Population
from symloss.search.strategies.registry import make_strategy
from symloss.search.strategies.shaping import shaped
from symloss.search.strategies.strategy import Feedback
from symloss.search.strategies.trees import Tree, TreeRules
from symloss.signature import y, yhat
from tests.search.toy import ToySearch


def random_trees(rules: TreeRules, grammar: LossGrammar, seed: int, count: int) -> list[Tree]:
    trees = rules.trees(make_strategy("random", grammar, seed).ask(count))
    return [tree for tree in trees if tree is not None]


@pytest.mark.parametrize("operators", ["paper", "extended"])
def test_trees_keep_the_function(operators: str) -> None:
    grammar = LossGrammar([operators])
    rules = TreeRules(grammar)
    tokens = make_strategy("random", grammar, 4).ask(400)
    pairs = [(k, tree) for k, tree in enumerate(rules.trees(tokens)) if tree is not None]
    assert len(pairs) > 40
    generator = np.random.default_rng(0)
    points = generator.uniform(0.01, 0.99, 30), generator.integers(2, size=30).astype(float)
    again = rules.tokens([tree for _, tree in pairs])
    with np.errstate(all="ignore"):
        before = evaluate_batch(grammar.programs(tokens.take([k for k, _ in pairs])), *points)
        after = evaluate_batch(grammar.programs(again), *points)
    for one, other in zip(before, after, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)
    assert list(rules.trees(again)) == [tree for _, tree in pairs]
    assert (grammar.complexity(again) <= grammar.complexity(tokens.take([k for k, _ in pairs]))).all()
    assert [len(tree.steps) for _, tree in pairs] == grammar.complexity(again).tolist()


def test_only_losses_of_both_prediction_and_label_are_trees() -> None:
    grammar = LossGrammar()
    rules = TreeRules(grammar)
    tokens = make_strategy("random", grammar, 6).ask(300)
    # the tree does not fold constants: what SymPy cancels still counts as used
    for k, tree in enumerate(rules.trees(tokens)):
        symbols = grammar.expression(tokens, k).free_symbols
        if {yhat, y} <= symbols:
            assert tree is not None
        if tree is None:
            assert not {yhat, y} <= symbols


@pytest.mark.parametrize("limit", [None, 3])
@pytest.mark.parametrize("vary", [crossover, subtree, insert, hoist, point, leaf, mutate])
def test_offspring_are_losses(vary: object, limit: int | None) -> None:
    grammar = LossGrammar(["extended"])
    rules, dice = TreeRules(grammar, limit), Dice(1)
    parents = random_trees(rules, grammar, 2, 1200)
    made = []
    for number, parent in enumerate(parents):
        donor = [parents[number - 1]] if vary is crossover else []
        child = vary(rules, dice, parent, *donor)  # type: ignore[operator]
        if child is not None:
            assert len(child.steps) <= (limit or grammar.n_steps)
            assert child.kinds[-1] == 3
            made.append((parent, child))
    assert len(made) > 10
    tokens = rules.tokens([child for _, child in made])
    assert list(rules.trees(tokens)) == [child for _, child in made]
    if vary is hoist:
        assert all(len(child.steps) <= len(parent.steps) for parent, child in made)
    if vary is point:
        shapes = [[step[1:] for step in tree.steps] for pair in made for tree in pair]
        assert np.mean([a == b for a, b in zip(shapes[::2], shapes[1::2], strict=True)]) > 0.8


def mse_and_others(grammar: LossGrammar) -> tuple[Tokens, Tokens]:
    """Return squared error, and the same with a needless double negation of the difference."""
    numbers = {operator.name: number for number, operator in enumerate(grammar.operators)}
    neg, add, square, maximum = (numbers[name] for name in ("neg", "add", "square", "max"))
    fill = [[neg, 0, 0]] * (grammar.n_steps - 4)
    longer = [*fill, [neg, 1, 1], [add, 0, 0], [maximum, 0, 0], [square, 0, 0]]
    base = grammar.n_steps - 4 + grammar.n_leaves
    longer[-3] = [add, 0, base]
    longer[-2] = [maximum, base + 1, base + 1 - 1]
    longer[-1] = [square, base + 2, base + 2]
    return encode((yhat - y) ** 2, grammar), Tokens.from_rows([longer])


def test_copies_do_not_enter_but_simpler_ones_replace() -> None:
    grammar = LossGrammar()
    rules = TreeRules(grammar)
    population = Population(rules, 5)
    simple, longer = mse_and_others(grammar)
    population.add(longer, np.array([0.1]), np.array([7]))
    population.add(longer, np.array([0.3]), np.array([7]))
    assert [(len(m.tree.steps), m.fitness) for m in population.members] == [(4, 0.3)]
    population.add(simple, np.array([0.2]), np.array([7]))
    assert [(len(m.tree.steps), m.fitness) for m in population.members] == [(3, 0.2)]


def test_gradients_that_left_do_not_come_back() -> None:
    grammar = LossGrammar()
    population = Population(TreeRules(grammar), 3)
    trees = random_trees(TreeRules(grammar), grammar, 3, 200)[:5]
    tokens = TreeRules(grammar).tokens(trees)
    population.add(tokens, np.array([0.0, 0.1, 0.2, 0.3, 0.4]), np.arange(5))
    assert [member.identity for member in population.members] == [4, 3, 2]
    population.add(tokens.take([0]), np.array([0.9]), np.array([0]))
    assert [member.identity for member in population.members] == [4, 3, 2]


def test_the_simpler_of_equals_comes_first() -> None:
    grammar = LossGrammar()
    population = Population(TreeRules(grammar), 9)
    trees = sorted(random_trees(TreeRules(grammar), grammar, 3, 300), key=lambda tree: -len(tree.steps))[::25]
    population.add(TreeRules(grammar).tokens(trees), np.full(len(trees), 0.5), np.arange(len(trees)))
    sizes = [len(member.tree.steps) for member in population.members]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1]


def test_shaped_rewards_order_all_losses() -> None:
    told = Feedback(
        rewards=np.array([0.2, -1e-6, -1.0, -1.0, -1.0, -1.0]),
        identities=np.array([3, 4, 5, 6, 7, -1]),
        right_way=np.array([1.0, 1.0, 1.0, 0.9, 0.1, 1.0]),
    )
    np.testing.assert_allclose(shaped(told), [0.2, -1e-6, -1.0, -1.1, -1.9, -3.0])


def test_offspring_of_the_population_differ_from_it() -> None:
    grammar = LossGrammar()
    strategy = GeneticStrategy(grammar, 5, population=20)
    ToySearch(grammar).run(strategy, 10)
    rules = TreeRules(grammar)
    members = {member.tree.steps for member in strategy.population.members}
    assert len(strategy.population) == len(members) == 20
    trees = [tree.steps for tree in rules.trees(strategy.ask(90)) if tree is not None]
    assert len(trees) >= 80
    assert not members & set(trees[:80])
    assert len(set(trees[:80])) == 80


def test_genetic_search_beats_random_search_by_far() -> None:
    grammar = LossGrammar()
    found = []
    for seed in (0, 1):
        genetic, random = ToySearch(grammar), ToySearch(grammar)
        genetic.run(make_strategy("genetic", grammar, seed), 30)
        random.run(make_strategy("random", grammar, seed), 30)
        assert genetic.valid > 50
        assert genetic.valid > 10 * random.valid
        assert genetic.distinct > 3 * random.distinct
        found.append((genetic.best, random.best))
    assert np.mean([one for one, _ in found]) > np.mean([other for _, other in found]) + 0.05


def test_warm_start_makes_parents() -> None:
    grammar = LossGrammar()
    strategy = GeneticStrategy(grammar, 0)
    strategy.warm_start(encode((yhat - y) ** 2, grammar))
    search = ToySearch(grammar)
    search.run(strategy, 1)
    assert search.best > 0.5
    best = strategy.population.members[0].tree
    assert grammar.loss(TreeRules(grammar).tokens([best])).formula == "(-y + yhat)**2"
