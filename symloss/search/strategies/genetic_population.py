"""The population of a genetic search: its best losses, one for each gradient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symloss.search.candidates.tokens import Tokens
from symloss.search.strategies.seen import SeenGradients
from symloss.search.strategies.shaping import USELESS
from symloss.search.strategies.trees import Tree, TreeRules


@dataclass(eq=False, slots=True)
class Member:
    """A loss with its fitness and the number of its gradient (-1: not known)."""

    tree: Tree
    fitness: float
    identity: int

    @property
    def rank(self) -> tuple[float, int]:
        """Sorts the fitter first, and of the equally fit the simpler."""
        return (-self.fitness, len(self.tree.steps))


class Population:
    """The fittest of all losses that were told, and an archive of all gradients seen.

    Attributes:
        size: most members.
        members: best first.
    """

    def __init__(self, rules: TreeRules, size: int) -> None:
        """Start empty."""
        self.size = size
        self.members: list[Member] = []
        self._rules = rules
        self._seen = SeenGradients()

    def __len__(self) -> int:
        """Return the number of members."""
        return len(self.members)

    def add(self, tokens: Tokens, fitness: NDArray[np.float64], identities: NDArray[np.intp]) -> None:
        """Let losses in that are new and fit enough; note a new fitness of members.

        Args:
            tokens: K losses.
            fitness: float64[K].
            identities: int[K], numbers of their gradients; -1 where it is not known.
        """
        known = {member.identity: member for member in self.members if member.identity >= 0}
        shapes = {member.tree.steps for member in self.members}
        worst = self.members[-1].fitness if len(self.members) >= self.size else -np.inf
        candidates = [
            k
            for k, identity in enumerate(identities.tolist())
            if identity in known or (fitness[k] > USELESS and identity not in self._seen)
        ]
        changed = False
        trees = self._rules.trees(tokens.take(candidates)) if candidates else iter(())
        for k, tree in zip(candidates, trees, strict=True):
            identity, value = int(identities[k]), float(fitness[k])
            member = known.get(identity)
            if member is not None:
                changed |= self._again(member, tree, value)
                continue
            if identity in self._seen:
                continue
            self._seen.add(identity)
            if value < worst or tree is None or tree.steps in shapes:
                continue
            member = Member(tree, value, identity)
            self.members.append(member)
            shapes.add(tree.steps)
            if identity >= 0:
                known[identity] = member
            changed = True
        if changed:
            self.members.sort(key=lambda member: member.rank)
            del self.members[self.size :]

    def _again(self, member: Member, tree: Tree | None, fitness: float) -> bool:
        """Note that a member's gradient was seen again; return whether its rank changed."""
        simpler = tree is not None and len(tree.steps) < len(member.tree.steps)
        if tree is not None and simpler:
            member.tree = tree
        changed = simpler or fitness != member.fitness
        member.fitness = fitness
        return changed

    def state(self) -> dict[str, Any]:
        """Return members and archive as arrays and numbers."""
        members = self.members
        rows = [self._rules.rows(member.tree) for member in members]
        return {
            "steps": np.array(rows, np.int32).reshape(len(members), self._rules.n_steps, 3),
            "fitness": np.array([member.fitness for member in members], np.float64),
            "identities": np.array([member.identity for member in members], np.int64),
            "seen": self._seen.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from what `state` gave."""
        steps = np.asarray(state["steps"], np.int32).reshape(-1, self._rules.n_steps, 3)
        tokens = Tokens(steps[:, :, 0], steps[:, :, 1], steps[:, :, 2])
        facts = zip(state["fitness"].tolist(), state["identities"].tolist(), strict=True)
        self.members = [
            Member(tree, fitness, identity)
            for tree, (fitness, identity) in zip(self._rules.trees(tokens), facts, strict=True)
            if tree is not None
        ]
        self._seen.restore(state["seen"])
