"""Loss: the central, immutable type. A formula, its eps, its domain and a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symloss.errors import OptionError
from symloss.formula.spec import LossSpec
from symloss.signature import Domain, Ranking

if TYPE_CHECKING:
    from torch import Tensor

    from symloss.compile.program import Program
    from symloss.compile.torch.criterion import TorchLoss
    from symloss.compile.torch.pair_criterion import PairLoss
    from symloss.compile.torch.ranking_criterion import RankingLoss
    from symloss.symbolic.direction.report import CheckReport
    from symloss.symbolic.pieces.gradient import GradientForm


class Loss(LossSpec):
    """A loss f(yhat, y; eps) of one prediction and its label, or of the scores of a positive and of negative items.

    What it is lies in `LossSpec`; what can be done with it are methods here, which import what they need when they
    are called.
    """

    def program(self) -> Program:
        """Compile the formula to the program form that the batched back ends run; they take eps and scale beside it."""
        from symloss.compile.assemble import assemble

        return assemble(self.expression, self.signature)

    def torch(
        self,
        reduction: str = "mean",
        *,
        from_logits: bool = False,
        weight: Tensor | None = None,
        validate: bool = True,
    ) -> TorchLoss | PairLoss | RankingLoss:
        """Compile to a `torch.nn.Module`: criterion(yhat, y, weight=None), scale included.

        A ranking loss becomes criterion(pos, neg, mask=None): scores of shape (B,), and (B,) or (B, N), of which the
        mean over the N is taken where the formula has no aggregate; it has a reduction, and none of the other
        arguments.

        Args:
            reduction: "mean", "sum" or "none".
            from_logits: whether yhat is a raw score that the sigmoid is yet to be taken of.
            weight: of each row, for every call.
            validate: refuse predictions and labels outside of the loss's domain, as `torch.nn.BCELoss` does.

        Raises:
            OptionError: the reduction is unknown, or from_logits is set for a loss that takes a score.
        """
        from symloss.compile.torch.criterion import NO_SIGMOID, TorchLoss
        from symloss.compile.torch.pair_criterion import PairLoss
        from symloss.compile.torch.ranking_criterion import RankingLoss

        if not isinstance(self.signature, Domain):
            if from_logits:
                raise OptionError(NO_SIGMOID)
            if weight is not None:
                raise OptionError("a ranking loss takes no weight; multiply what reduction='none' returns")
            kind = RankingLoss if isinstance(self.signature, Ranking) else PairLoss
            return kind(self, reduction=reduction)

        return TorchLoss(self, reduction=reduction, from_logits=from_logits, weight=weight, validate=validate)

    def check(self, *, time_limit: float = 2.0, seed: int = 0) -> CheckReport:
        """Check the loss: verdict, direction for each label, positive rate, duplicates, properties.

        Args:
            time_limit: seconds; what is not settled by then is "undecided".
            seed: of the sampled pairs behind the positive rate.
        """
        from symloss.symbolic.check import check

        return check(self, time_limit=time_limit, seed=seed)

    def gradient(self, *, time_limit: float = 2.0) -> GradientForm:
        """Return the gradient by yhat in normal form, with `.text` and `.latex` for each label.

        Raises:
            OptionError: it can't be settled within the time limit (seconds).
        """
        from symloss.symbolic.pieces.gradient import gradient_form
        from symloss.symbolic.undecided import UndecidedError

        try:
            return gradient_form(self, time_limit=time_limit)
        except UndecidedError as error:
            raise OptionError(
                f"the gradient of {self} is undecided: {error}; a larger time_limit may help"
            ) from None

    def same_gradient(self, other: Loss, *, time_limit: float = 2.0) -> str:
        """Return "equal", "proportional", "different" or "undecided": what the other loss is to gradient descent.

        `symloss.symbolic.same.same_gradient.compare` gives the factors or a point where they differ as well.
        """
        from symloss.symbolic.same.same_gradient import compare

        return compare(self, other, time_limit).relation
