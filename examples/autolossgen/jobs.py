"""A job: one training to convergence, with everything that its outcome depends on."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

from autolossgen.reference import GENERATED, TITLES
from symloss import zoo
from symloss.constants import PAPER_EPS_GRID
from symloss.loss import Loss
from symloss.training.member import Member
from symloss.training.settings import TrainingSettings

FORMAT = 1
"""Part of every key; raised when stored results no longer mean what they did."""


@dataclass(frozen=True)
class Job:
    """One loss, trained with one model from one seed.

    Attributes:
        model: name of the recommender.
        loss: a name of the zoo, or a formula.
        eps: its smoothing; None where it has none.
        scale: a factor on it.
        seed: of the initial state and of the order of interactions.
        metric: "auc" or "rmse": which validation metric stops the training and chooses the epoch.
        max_epochs, patience, learning_rate, l2: as in `TrainingSettings`.
        variant: what is unlike the paper, see `autolossgen.variants`; "" where nothing is.
        trace: whether all metrics of every epoch are kept.
    """

    model: str
    loss: str
    eps: float | None = None
    scale: float = 1.0
    seed: int = 42
    metric: str = "auc"
    max_epochs: int = 3000
    patience: int = 100
    learning_rate: float = 0.01
    l2: float = 3e-4
    variant: str = ""
    trace: bool = False

    def description(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return asdict(self)

    def key(self, fingerprint: str) -> str:
        """Return the key of this job on the data with that fingerprint."""
        text = json.dumps([FORMAT, fingerprint, self.description()], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def resolved(self) -> Loss:
        """Return the loss."""
        return zoo.get(self.loss) if zoo.is_name(self.loss) else Loss(self.loss)

    def member(self) -> Member:
        """Return the member of a population that trains it."""
        loss = self.resolved()
        return Member(
            loss.program(),
            eps=loss.eps_value if self.eps is None else self.eps,
            scale=self.scale,
            seed=self.seed,
            takes_score=loss.takes_score,
            label=self.title,
        )

    def settings(self) -> TrainingSettings:
        """Return how to train."""
        return TrainingSettings(
            learning_rate=self.learning_rate,
            l2=self.l2,
            max_epochs=self.max_epochs,
            patience=self.patience,
            metric=self.metric,
            seed=self.seed,
            threads=1,
        )

    @property
    def title(self) -> str:
        """The job in a few words."""
        parts = [self.model, TITLES.get(self.loss, self.loss)]
        parts += [] if self.eps is None else [f"eps {self.eps:g}"]
        parts += [] if self.scale == 1 else [f"times {self.scale:g}"]
        parts += [f"seed {self.seed}"] if not self.variant else [f"seed {self.seed}", self.variant]
        return " ".join(parts)


@dataclass(frozen=True)
class Plan:
    """What a reproduction trains.

    Attributes:
        models: names of recommenders.
        seeds: each figure is a mean over them.
        max_epochs, patience, learning_rate: of every training.
        eps_grid: tried for each loss with an eps.
        scale_grid: tried for each loss by the scale-fair comparison.
        finalists: so many points of each loss's grid are trained with all seeds by the scale-fair comparison.
        search_seconds: of each search of the ablations; `found_seconds` of those for the transfer.
        short: whether this is the quick look.
    """

    models: tuple[str, ...] = ("mf", "mlp")
    seeds: tuple[int, ...] = (42, 43, 44, 45, 46)
    max_epochs: int = 3000
    patience: int = 100
    learning_rate: float = 0.01
    eps_grid: tuple[float, ...] = PAPER_EPS_GRID
    scale_grid: tuple[float, ...] = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
    finalists: int = 3
    search_seconds: float = 60.0
    found_seconds: float = 120.0
    short: bool = False

    @classmethod
    def quick(cls, max_epochs: int = 60) -> Plan:
        """Return the quick look: one seed, MF, and 30 times the rate, which needs a thirtieth of the epochs."""
        return cls(
            models=("mf",),
            seeds=(42,),
            max_epochs=max_epochs,
            patience=max_epochs,
            learning_rate=0.3,
            eps_grid=(0.1, 1e-6),
            scale_grid=(1.0, 4.0),
            finalists=1,
            search_seconds=3.0,
            found_seconds=3.0,
            short=True,
        )

    def job(self, model: str, loss: str, **others: Any) -> Job:
        """Return a job with this plan's settings."""
        common = {
            "max_epochs": self.max_epochs,
            "patience": self.patience,
            "learning_rate": self.learning_rate,
            "seed": self.seeds[0],
        }
        return Job(model, loss, **{**common, **others})

    def eps_values(self, loss: str) -> tuple[float | None, ...]:
        """Return the values of eps that are tried for a loss of the paper."""
        return self.eps_grid if loss in GENERATED else (None,)
