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

from symloss.compile.program import Program, ProgramBatch
from symloss.errors import OptionError
from symloss.loss import Loss
from symloss.ops.bounded import Bounded
from symloss.ops.interval import Interval, variable_interval
from symloss.ops.opcode import Opcode
from symloss.ops.operator import Operator
from symloss.ops.registry import operator_set
from symloss.search.candidates.complexity import complexity
from symloss.search.candidates.composites import Composites
from symloss.search.candidates.tokens import N_LEAVES, Tokens
from symloss.search.candidates.tokens_to_programs import SLOT_ONE, pack_instructions
from symloss.signature import DEFAULT_EPS, Domain, Input, y, yhat

LARGEST_VARIABLES = 40


class LossGrammar:
    """Which losses a search can reach, and how tokens become losses.

    Attributes:
        operators: the operators, in the order of their token numbers.
        n_variables: most variables in the set, with yhat, y and 1 among them.
        domain: what y and yhat can be.
        binary: bool[n_operators], whether an operator takes two operands.
        identity: bool[n_operators], whether an operator is the identity.
    """

    def __init__(
        self,
        operators: Sequence[str | Operator] = ("paper",),
        n_variables: int = 10,
        domain: Domain | None = None,
    ) -> None:
        """Build a grammar.

        Args:
            operators: operators, or names of them; "paper" and "extended" stand for sets.
            n_variables: size of the set of variables, 4 to 40; the paper uses 10.
            domain: what y and yhat can be; a probability with binary labels by default.

        Raises:
            OptionError: an operator is unknown or missing, or n_variables is out of range.
        """
        if not N_LEAVES + 1 <= n_variables <= LARGEST_VARIABLES:
            raise OptionError(
                f"n_variables is {n_variables}; it counts yhat, y, 1 and the results and must lie in "
                f"{N_LEAVES + 1}..{LARGEST_VARIABLES} (the paper uses 10)"
            )
        self.operators = operator_set(operators)
        if not self.operators:
            raise OptionError("a search needs at least one operator; symloss ops lists all")
        self.n_variables = n_variables
        self.domain = domain or Domain()
        self.binary = np.array([operator.arity == 2 for operator in self.operators], np.bool_)
        self.identity = np.array([op.opcode is Opcode.IDENTITY for op in self.operators], np.bool_)
        self._composites = Composites.of(self.operators, first_constant=SLOT_ONE + 1)
        self._constants = np.concatenate([[1.0], self._composites.constants])
        self._smoothed = np.array([operator.smoothed for operator in self.operators], np.bool_)
        self._may_exceed = np.array([operator.may_exceed for operator in self.operators], np.bool_)
        self._leaves = [
            Bounded(yhat, variable_interval("yhat", self.domain)),
            Bounded(y, variable_interval("y", self.domain)),
            Bounded(Integer(1), Interval(1.0, 1.0)),
        ]

    @property
    def n_operators(self) -> int:
        """Number of operators."""
        return len(self.operators)

    @property
    def n_steps(self) -> int:
        """Number of variables that a loss makes."""
        return self.n_variables - N_LEAVES

    def complexity(self, tokens: Tokens) -> NDArray[np.intp]:
        """Return how many operators each loss needs, the identity not counted, int[K]."""
        return complexity(tokens, self.identity)

    def expression(self, tokens: Tokens, k: int = 0) -> Expr:
        """Return loss k of `tokens` as an expression in yhat, y and eps.

        Raises:
            NumberLimitError: a constant of the loss gets too large (see `symloss.ops.construct`).
        """
        made: dict[int, Bounded] = dict(enumerate(self._leaves))

        def variable(number: int) -> Bounded:
            if number not in made:
                step = number - N_LEAVES
                operator = self.operators[int(tokens.operators[k, step])]
                operands = [variable(int(tokens.left[k, step]))]
                if operator.arity == 2:
                    operands.append(variable(int(tokens.right[k, step])))
                made[number] = operator.apply(*operands)
            return made[number]

        return variable(N_LEAVES + tokens.n_steps - 1).expression

    def loss(self, tokens: Tokens, k: int = 0, eps: float | None = None) -> Loss:
        """Return loss k of `tokens` on the grammar's domain; errors as for `expression`."""
        return Loss(self.expression(tokens, k), eps=eps, labels=self.domain.labels, input=self.domain.input)

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
        )
        if len(self._composites):
            opcodes, left, right, lengths = self._composites.written_out(
                opcodes, left, right, lengths, first_result=SLOT_ONE + 1
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
            takes_score=np.full(count, self.domain.input is Input.SCORE, np.bool_),
        )


def program_of(batch: ProgramBatch, k: int) -> Program:
    """Return member k of a batch without its padding."""
    length, constants = int(batch.lengths[k]), int(batch.n_constants[k])
    return Program(
        opcodes=batch.opcodes[k, :length].copy(),
        left=batch.left[k, :length].copy(),
        right=batch.right[k, :length].copy(),
        constants=batch.constants[k, :constants].copy(),
    )
