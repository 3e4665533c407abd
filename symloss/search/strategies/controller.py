"""The controller: a recurrent network that writes losses, one variable a step.

A two-layer LSTM reads the token of the step before (operator and operands) and
its state h gives the next one:

    operator:  softmax(c tanh(W_o h))
    operands:  softmax over the variables made so far of c tanh(v . tanh(W_q h' + W_k a_j))

with h' = h + embedding of the chosen operator, a_j the anchor of variable j (a
parameter for leaves: yhat, y and 1; the state right after variable j was read for the
others) and c = 1.5 unless said otherwise, which keeps the controller from becoming certain. Both
operands of a binary operator come from the same softmax, the second without the
first. (AutoLossGen, section 3.2 and 4.1; the additive attention and the tanh
constant as in ENAS, Pham et al., 2018.)
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from symloss.search.candidates.grammar import LossGrammar
from symloss.search.candidates.tokens import Tokens

HIDDEN = 32
LAYERS = 2
INITIAL_RANGE = 0.1
TANH_CONSTANT = 1.5
IMPOSSIBLE = -1e9
"""The logit of a choice that there is not: probability 0, and unlike minus infinity it gives no NaN."""


class Controller(nn.Module):
    """Samples losses in batches, and gives the log-probability of losses."""

    def __init__(
        self, grammar: LossGrammar, generator: torch.Generator, tanh_constant: float = TANH_CONSTANT
    ) -> None:
        """Draw all weights from U(-0.1, 0.1) with `generator`; logits lie within +-tanh_constant."""
        super().__init__()
        self._tanh_constant = tanh_constant
        self.n_leaves, self.n_steps = grammar.n_leaves, grammar.n_steps
        self._binary = torch.from_numpy(grammar.binary)
        n_operators, n_variables = grammar.n_operators, grammar.n_variables
        self.operator_embedding = nn.Parameter(torch.empty(n_operators, HIDDEN))
        self.left_embedding = nn.Parameter(torch.empty(n_variables, HIDDEN))
        self.right_embedding = nn.Parameter(torch.empty(n_variables, HIDDEN))
        self.start = nn.Parameter(torch.empty(1, HIDDEN))
        self.leaf_anchors = nn.Parameter(torch.empty(self.n_leaves, HIDDEN))
        self.lstm = nn.LSTM(HIDDEN, HIDDEN, LAYERS)
        self.operator_head = nn.Linear(HIDDEN, n_operators)
        self.query = nn.Linear(HIDDEN, HIDDEN, bias=False)
        self.key = nn.Linear(HIDDEN, HIDDEN, bias=False)
        self.score = nn.Parameter(torch.empty(HIDDEN))
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.uniform_(-INITIAL_RANGE, INITIAL_RANGE, generator=generator)

    @torch.no_grad()
    def sample(self, n: int, generator: torch.Generator) -> Tokens:
        """Return n losses (n >= 1), drawn with `generator`."""
        steps = self.n_steps
        operators = torch.empty(n, steps, dtype=torch.int64)
        left = torch.empty_like(operators)
        right = torch.empty_like(operators)
        keys = torch.empty(n, self.n_leaves + steps, HIDDEN)
        keys[:, : self.n_leaves] = self.key(self.leaf_anchors)
        inputs = self.start.expand(n, HIDDEN)
        state = None
        for step in range(steps):
            hidden, state = self.lstm(inputs.unsqueeze(0), state)
            hidden = hidden[0]
            made = self.n_leaves + step
            if step:
                keys[:, made - 1] = self.key(hidden)
            operator = _draw(self._operator_logits(hidden), generator)
            logits = self._operand_logits(hidden + self.operator_embedding[operator], keys[:, :made])
            first = _draw(logits, generator)
            second = _draw(logits.scatter(1, first.unsqueeze(1), -torch.inf), generator)
            second = torch.where(self._binary[operator], second, first)
            operators[:, step], left[:, step], right[:, step] = operator, first, second
            inputs = self._token_embedding(operator, first, second)
        arrays = [part.to(torch.int32).numpy() for part in (operators, left, right)]
        return Tokens(arrays[0], arrays[1], arrays[2])

    def log_prob_entropy(self, tokens: Tokens, needed: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return the log-probability (K,) of `tokens`, and the entropy (K,) of all decisions on the way.

        Args:
            tokens: K losses.
            needed: bool (K, S), the steps that count; None for all.
        """
        operators, left, right = (
            torch.from_numpy(part).to(torch.int64).T for part in (tokens.operators, tokens.left, tokens.right)
        )
        steps, count = operators.shape
        start = self.start.expand(1, count, HIDDEN)
        read = self._token_embedding(operators[:-1], left[:-1], right[:-1])
        hidden, _ = self.lstm(torch.cat([start, read]))
        leaves = self.key(self.leaf_anchors).unsqueeze(1).expand(self.n_leaves, count, HIDDEN)
        keys = torch.cat([leaves, self.key(hidden[1:])]).transpose(0, 1).unsqueeze(0)
        operand = self._operand_logits(hidden + self.operator_embedding[operators], keys)
        variables = operand.shape[-1]
        absent = torch.arange(variables) >= torch.arange(self.n_leaves, self.n_leaves + steps).view(
            steps, 1, 1
        )
        first = operand.masked_fill(absent, IMPOSSIBLE)
        second = first.scatter(2, left.unsqueeze(2), IMPOSSIBLE)
        # All decisions of all steps in one tensor (3, S, K, most choices): an update is many small operations,
        # and what it costs is their number.
        width = max(variables, self.operator_head.out_features)
        operator = _widened(self._operator_logits(hidden), width)
        log_probabilities = torch.log_softmax(
            torch.stack([operator, _widened(first, width), _widened(second, width)]), -1
        )
        counted = torch.stack(
            [torch.ones_like(operators), torch.ones_like(operators), self._binary[operators]]
        )
        if needed is not None:
            counted = counted * needed.T
        chosen = torch.stack([operators, left, right])
        log_prob = log_probabilities.gather(-1, chosen.unsqueeze(-1)).squeeze(-1) * counted
        entropy = -(log_probabilities.exp() * log_probabilities).sum(-1) * counted
        return log_prob.sum((0, 1)), entropy.sum((0, 1))

    def _operator_logits(self, hidden: Tensor) -> Tensor:
        return self._tanh_constant * torch.tanh(self.operator_head(hidden))

    def _operand_logits(self, hidden: Tensor, keys: Tensor) -> Tensor:
        return self._tanh_constant * torch.tanh(
            torch.tanh(self.query(hidden).unsqueeze(-2) + keys) @ self.score
        )

    def _token_embedding(self, operator: Tensor, left: Tensor, right: Tensor) -> Tensor:
        return self.operator_embedding[operator] + self.left_embedding[left] + self.right_embedding[right]


def _draw(logits: Tensor, generator: torch.Generator) -> Tensor:
    """Draw one index a row by the Gumbel trick, which needs one uniform number an entry and no cumulative sums."""
    uniform = torch.rand(logits.shape, generator=generator, dtype=torch.float64)
    return (logits.double() - torch.log(-torch.log(uniform))).argmax(-1)


def _widened(logits: Tensor, width: int) -> Tensor:
    return nn.functional.pad(logits, (0, width - logits.shape[-1]), value=IMPOSSIBLE)
