"""The grammar of a search: which operators it may use, and what tokens mean.

Tokens have two readings that must agree: a SymPy expression (to print, check
and export) and a program (to test and train). The expression is made by the
operators themselves; the program never passes through SymPy.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sympy import Expr, Integer

from symloss.compile.program import EPS, ProgramBatch
from symloss.errors import DomainError, OptionError
from symloss.loss import Loss
from symloss.ops.bounded import Bounded
from symloss.ops.interval import Interval, interval_of
from symloss.ops.opcode import Opcode
from symloss.ops.operator import Operator
from symloss.ops.registry import operator_set
from symloss.search.candidates.complexity import complexity
from symloss.search.candidates.composites import Composites
from symloss.search.candidates.tokens import Tokens
from symloss.search.candidates.tokens_to_programs import pack_instructions
from symloss.signature import ALL_SYMBOLS, DEFAULT_EPS, Domain, Link, Role, Signature

LARGEST_VARIABLES = 40


class LossGrammar:
    """Which losses a search can reach, and how tokens become losses.

    Attributes:
        operators: the operators, in the order of their token numbers.
        n_variables: most variables in the set, with the leaves among them.
        signature: what losses are functions of.
        leaves: what every loss starts with: predictions and labels, then the number 1, with their ranges.
        binary: bool[n_operators], whether an operator takes two operands.
        identity: bool[n_operators], whether an operator is the identity.
    """

    def __init__(
        self,
        operators: Sequence[str | Operator] = ("paper",),
        n_variables: int = 10,
        signature: Signature | None = None,
    ) -> None:
        """Build a grammar.

        Args:
            operators: operators, or names of them; "paper" and "extended" stand for sets.
            n_variables: size of the set of variables, 4 to 40; the paper uses 10.
            signature: what losses are functions of; a probability with binary labels by default.

        Raises:
            OptionError: an operator is unknown or missing, or n_variables is out of range.
        """
        self.signature = signature or Domain()
        arguments = [one for one in self.signature.arguments if one.role in (Role.PREDICTION, Role.LABEL)]
        self.leaves = (
            *(Bounded(ALL_SYMBOLS[one.name], interval_of(one.values)) for one in arguments),
            Bounded(Integer(1), Interval(1.0, 1.0)),
        )
        if not self.n_leaves + 1 <= n_variables <= LARGEST_VARIABLES:
            listed = ", ".join(one.name for one in arguments)
            raise OptionError(
                f"n_variables is {n_variables}; it counts {listed}, 1 and the results and must lie in "
                f"{self.n_leaves + 1}..{LARGEST_VARIABLES} (the paper uses 10)"
            )
        self.operators = operator_set(operators)
        if not self.operators:
            raise OptionError("a search needs at least one operator; symloss ops lists all")
        self.n_variables = n_variables
        self.binary = np.array([operator.arity == 2 for operator in self.operators], np.bool_)
        self.identity = np.array([op.opcode is Opcode.IDENTITY for op in self.operators], np.bool_)
        self._smoothed = np.array([operator.smoothed for operator in self.operators], np.bool_)
        self._may_exceed = np.array([operator.may_exceed for operator in self.operators], np.bool_)
        inputs = self.signature.inputs
        # the number 1 is the first constant; those of composite operators follow
        slots = [*(inputs.index(one.name) for one in arguments), len(inputs)]
        self._leaf_slots, self._eps_slot = np.array(slots, np.int32), inputs.index(EPS)
        self._composites = Composites.of(self.operators, len(inputs) + 1, self._eps_slot)
        self._constants = np.concatenate([[1.0], self._composites.constants])

    @property
    def n_operators(self) -> int:
        """Number of operators."""
        return len(self.operators)

    @property
    def domain(self) -> Domain:
        """What y and yhat can be: the signature of a grammar of pointwise losses.

        Raises:
            DomainError: its losses are of another kind.
        """
        if not isinstance(self.signature, Domain):
            raise DomainError(
                f"this takes losses in yhat and y, and those of this grammar are {self.signature.name}"
            )
        return self.signature

    @property
    def n_leaves(self) -> int:
        """Number of variables that every loss starts with."""
        return len(self.leaves)

    @property
    def n_steps(self) -> int:
        """Number of variables that a loss makes."""
        return self.n_variables - self.n_leaves

    def complexity(self, tokens: Tokens) -> NDArray[np.intp]:
        """Return how many operators each loss needs, the identity not counted, int[K]."""
        return complexity(tokens, self.identity, self.n_leaves)

    def expression(self, tokens: Tokens, k: int = 0) -> Expr:
        """Return loss k of `tokens` as an expression in the arguments of the signature.

        Raises:
            NumberLimitError: a constant of the loss gets too large (see `symloss.ops.construct`).
        """
        made: dict[int, Bounded] = dict(enumerate(self.leaves))

        def variable(number: int) -> Bounded:
            if number not in made:
                step = number - self.n_leaves
                operator = self.operators[int(tokens.operators[k, step])]
                operands = [variable(int(tokens.left[k, step]))]
                if operator.arity == 2:
                    operands.append(variable(int(tokens.right[k, step])))
                made[number] = operator.apply(*operands)
            return made[number]

        return variable(self.n_leaves + tokens.n_steps - 1).expression

    def loss(self, tokens: Tokens, k: int = 0, eps: float | None = None) -> Loss:
        """Return loss k of `tokens` with the grammar's signature; errors as for `expression`."""
        expression = self.expression(tokens, k)
        if not isinstance(self.signature, Domain):
            return Loss(expression, eps=eps)
        return Loss(expression, eps=eps, labels=self.signature.labels, input=self.signature.input)

    def programs(self, tokens: Tokens, eps: float = DEFAULT_EPS) -> ProgramBatch:
        """Return all losses of `tokens` (K >= 1) as programs, each with smoothing `eps` and scale 1."""
        count = len(tokens)
        opcodes, left, right, lengths = pack_instructions(
            tokens.operators,
            tokens.left,
            tokens.right,
            self._composites.codes,
            self.binary,
            self._smoothed,
            self._may_exceed,
            self._leaf_slots,
            self._eps_slot,
        )
        if len(self._composites):
            opcodes, left, right, lengths = self._composites.written_out(
                opcodes, left, right, lengths, first_result=len(self.signature.inputs) + 1
            )
        constants = self._constants
        longest = int(lengths.max(initial=1))
        return ProgramBatch(
            opcodes=np.ascontiguousarray(opcodes[:, :longest]),
            left=np.ascontiguousarray(left[:, :longest]),
            right=np.ascontiguousarray(right[:, :longest]),
            lengths=lengths,
            constants=np.full((count, len(constants)), constants),
            n_constants=np.full(count, len(constants), np.int32),
            eps=np.full(count, eps, np.float64),
            scale=np.ones(count),
            takes_score=np.full(count, self.signature.link is Link.IDENTITY, np.bool_),
            inputs=self.signature.inputs,
            by=self.signature.predictions,
        )
