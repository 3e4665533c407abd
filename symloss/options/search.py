"""What a search looks at, rewards and compares, and for how long: the sections of its options.

The defaults are the paper's settings (AutoLossGen, section 4.1). `symloss.search.options.SearchOptions` is all of
them side by side.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from symloss.constants import DEFAULT_EPS, LARGEST_EPS, PAPER_EPS_GRID, XI
from symloss.errors import OptionError
from symloss.options.kinds import Duration, Epochs, File, Grid, Kind, Names, Number, Pairs, Switch, Whole
from symloss.options.option import check_values, option

EFFECTIVENESS = ("paper", "contest")
"""How phase III works; see `Effectiveness.effectiveness`."""

REWARDS = ("epoch", "fresh")
"""What a loss is rewarded for; see `Rewards.reward`."""

DUPLICATES = ("exact", "sampled")
"""How known gradients are told; see `Candidates.duplicates`."""

EPS_GRID = Grid(of="eps", least=XI, most=LARGEST_EPS)
SCALE_GRID = Grid(of="scale")


class Section:
    """A part of the options of a search that can stand for itself."""

    SECTION: ClassVar[str]
    __dataclass_fields__: ClassVar[dict[str, Any]]

    def __post_init__(self) -> None:
        """Check every value.

        Raises:
            OptionError: a value is not allowed; the message names it and what is.
        """
        check_values(self)


@dataclass(frozen=True)
class Candidates(Section):
    """Which losses are proposed, and which of them are trained.

    Attributes:
        strategy: name of what proposes losses.
        strategy_options: further arguments of the strategy, by name.
        operators: names of operators; "paper" and "extended" stand for sets.
        n_variables: most variables of a loss, with yhat, y and 1 among them.
        batch: losses a loop.
        max_complexity: losses with more operators are not trained; None for no limit.
        warm_start: losses that the strategy begins from: names or formulas.
        check_first: do not train losses whose gradient points the wrong way at a sampled prediction.
        proxy_test: drop losses with a zero or a known gradient; without, every sampled loss is trained.
        duplicates: "exact" (a gradient counts as known once the symbolic test confirms it) or "sampled".
        delta: gradients closer than this are the same (absolute up to size 1, relative above).
    """

    SECTION: ClassVar[str] = "Candidates"

    # fmt: off
    strategy: str = option("reinforce",
        "What proposes losses: reinforce, risk-seeking, genetic or random. Default: by preset.", Kind(),
        metavar="NAME")
    strategy_options: dict[str, Any] = option(dict, "An argument of the strategy; may be repeated.", Pairs(),
        flag="--strategy-option", parameter="strategy_options", metavar="NAME=VALUE")
    operators: tuple[str, ...] = option(("paper",), "paper, extended, or names by commas.", Names(), metavar="LIST",
        shown=True)
    n_variables: int = option(10, "Most variables of a loss, yhat, y and 1 among them.", Whole(), flag="--variables",
        shown=True)
    max_complexity: int | None = option(None, "Most operators of a loss.", Whole(least=1))
    warm_start: tuple[str, ...] = option((), "Losses to begin from: names or formulas, separated by semicolons.",
        Names(separator=";"), metavar="LIST", left_open=True)
    batch: int = option(100, "Losses a loop.", Whole(least=1), shown=True)
    check_first: bool = option(False,
        "Whether losses whose gradient is seen to point the wrong way are left untrained. Default: by preset.",
        Switch(), off="--train-all")
    proxy_test: bool = option(True, "Ablation: train every sampled loss.", Switch(), flag="--no-proxy-test",
        inverted=True)
    duplicates: str = option("exact", "Known gradients: confirmed by the symbolic test, or by sampled points only.",
        Kind(choices=DUPLICATES), metavar="exact|sampled", left_open=True)
    delta: float = option(1e-4, "Gradients closer than this are the same.", Number(above=0.0, most=1.0), shown=True)
    # fmt: on

    def __post_init__(self) -> None:
        """Check every value, and that the tests of a candidate go together."""
        super().__post_init__()
        if self.check_first and not self.proxy_test:
            raise OptionError(
                "check_first drops losses before training, and without the proxy test every loss is trained; "
                "choose one of the two"
            )


@dataclass(frozen=True)
class Rewards(Section):
    """What a loss is rewarded for.

    Attributes:
        reward: "epoch" (how much one epoch improves the current recommender, as in the paper) or "fresh" (what
            training a fresh recommender for `reward_epochs` reaches).
        reward_epochs: epochs of a fresh reward.
        reward_learning_rate: of a fresh reward; None for 30 times that of `training`, at most 0.3.
        search_eps, search_scale: the eps and scales that phase I tries for each loss; the best one counts.
        unit_scale: whether `search_scale` is relative to a gradient on the logit of 1 in the mean (`unit_gradient`).
        eta: a reward below -eta counts as -1, and no such loss changes the recommender.
        reward_filter: whether gains below -eta count as -1 and change no recommender.
    """

    SECTION: ClassVar[str] = "Rewards"

    # fmt: off
    reward: str = option("epoch",
        "One epoch on the current recommender, or a short training from scratch. Default: by preset.",
        Kind(choices=REWARDS), metavar="epoch|fresh")
    reward_epochs: int = option(25, "Epochs of a fresh reward. Default: by preset, data.", Whole(least=1))
    reward_learning_rate: float | None = option(None, "Of a fresh reward. Default: by preset and model.",
        Number(above=0.0))
    search_eps: tuple[float, ...] = option((DEFAULT_EPS,),
        "Values of eps that phase I tries for each loss. Default: by preset (0.1, or 1e-6).", EPS_GRID,
        metavar="GRID", left_open=True)
    search_scale: tuple[float, ...] = option((1.0,), "Factors that phase I tries for each loss. Default: by preset.",
        SCALE_GRID, metavar="GRID", left_open=True)
    unit_scale: bool = option(False,
        "Whether those factors are relative to a gradient of 1 in the mean. Default: by preset.", Switch(),
        off="--plain-scale")
    eta: float = option(1e-5, "A reward below -eta is rejected.", Number(most=1.0), shown=True)
    reward_filter: bool = option(True, "Ablation: the best copy of each loop replaces the recommender, however bad.",
        Switch(), flag="--no-reward-filter", inverted=True)


@dataclass(frozen=True)
class Budget(Section):
    """What ends the phases; a run that goes on may have another.

    Attributes:
        time_limit: seconds of phase I at most; None for no limit, but 600 where there is no other budget.
        loops: loops of phase I at most; None for no limit.
        max_trained: losses trained in phase I, after which it ends with its loop; None for no limit.
        evaluation_time: seconds of phase III at most; None for no limit.
    """

    SECTION: ClassVar[str] = "Budget"

    # fmt: off
    time_limit: float | None = option(None, "Longest phase I: 90s, 10m, 2h. Default: 10m.", Duration(), flag="--time",
        parameter="time_text", metavar="10m", with_resume=True)
    loops: int | None = option(None, "Most loops of phase I.", Whole(least=1), with_resume=True)
    max_trained: int | None = option(None, "Phase I ends when so many losses were trained.", Whole(least=1),
        with_resume=True)
    evaluation_time: float | None = option(None, "Longest phase III. Default: no limit.", Duration(), metavar="10m",
        with_resume=True)


@dataclass(frozen=True)
class Effectiveness(Section):
    """How phases II and III check and compare the losses that were found.

    Attributes:
        survivors: losses that phase III trains to convergence at most.
        effectiveness: "paper" (each survivor and baseline is trained at each eps and scale, with one seed) or
            "contest" (scale-fair: all losses get the same grid of scales and eps, halving leaves the best, several
            seeds choose the winner, and a paired test compares it with the best handcrafted loss).
        finalists, ranking_seeds, final_seeds: of the contest; see `ContestOptions`.
        coefficients: for so many of the best survivors, numbers inside the loss are fitted before the contest.
        rungs: epochs of the contest's rungs; losses are judged from the second one on.
        rung_learning_rate: of the rungs; None for what `ContestOptions` takes.
        max_checks: losses that phase II checks at most.
        screen_epochs: epochs of training that finds the survivors; None (the paper's way) takes them in the order of
            their reward.
        screen: losses that phase III trains for `screen_epochs` at most.
        eps_grid, scale_grid: what phase III tries for each loss.
    """

    SECTION: ClassVar[str] = "Effectiveness"

    # fmt: off
    survivors: int = option(10, "Most losses that go to phase III.", Whole(least=1), shown=True)
    effectiveness: str = option("paper",
        "Phase III: all losses at the same scales with a paired test at the end, or each at its eps grid with one "
        "seed. Default: by preset.", Kind(choices=EFFECTIVENESS), metavar="contest|paper")
    finalists: int = option(3, "Losses that a contest trains to convergence.", Whole(least=1), shown=True)
    ranking_seeds: int = option(2, "Seeds that choose the winner of a contest.", Whole(least=1), flag=None)
    final_seeds: int = option(8, "Seeds of the last comparison; 8 is the least with which it can reach p < 0.01.",
        Whole(least=1), shown=True)
    coefficients: int = option(0, "Fit numbers inside the N best losses before the contest.", Whole(), metavar="N",
        shown=True)
    rungs: tuple[int, ...] = option((25, 50, 100), "Epochs of the rungs of a contest.", Epochs(), flag=None)
    rung_learning_rate: float | None = option(None, "Of the rungs.", Number(above=0.0), flag=None)
    max_checks: int = option(500, "Losses that phase II checks.", Whole(least=1), flag=None)
    screen_epochs: int | None = option(None,
        "Find the survivors by training more losses for so many epochs. Default: by reward, as in the paper.",
        Whole(least=1))
    screen: int = option(60, "How many losses that is, at most.", Whole(least=1), shown=True)
    eps_grid: tuple[float, ...] = option(PAPER_EPS_GRID, "Values of eps in phase III. Default: the paper's seven.",
        EPS_GRID, flag="--eps", metavar="GRID", left_open=True)
    scale_grid: tuple[float, ...] = option((1.0,),
        "Factors on each loss in phase III. Default: 1; in a contest 1/4 to 4 times a unit gradient.", SCALE_GRID,
        flag="--scale", metavar="GRID", left_open=True)
    # fmt: on

    def __post_init__(self) -> None:
        """Check every value, and that coefficients are fitted for a contest."""
        super().__post_init__()
        if self.coefficients and self.effectiveness != "contest":
            raise OptionError(
                "coefficients are fitted before a contest; choose effectiveness 'contest' as well"
            )


@dataclass(frozen=True)
class Running:
    """What belongs to one call of `symloss search`, not to the search.

    Attributes:
        preset: where options that were not given come from.
        warm_start_run: a run whose best losses are begun from.
    """

    SECTION: ClassVar[str] = "Run"

    # fmt: off
    preset: str = option("best",
        "best: genetic search, rewards from short trainings, a scale-fair contest. paper: the search of "
        "AutoLossGen. Options given one by one win over it.", Kind(), metavar="best|paper", shown=True)
    warm_start_run: Path | None = option(None, "Begin from the best losses of another run.", File(), metavar="RUN")
    engine: str = option("local", "Where losses are trained.", Kind(), metavar="local|ray", shown=True,
        with_resume=True)
    ray_address: str | None = option(None, "Of the Ray cluster. Default: a local one.", Kind(), metavar="ADDR",
        with_resume=True)
    out: Path | None = option(None, "Run folder. Default: runs/DATE-SEED.", File(), metavar="RUN")
    fail_without_gain: bool = option(False,
        "Exit with code 4 where no found loss beats the handcrafted ones and the means.", Switch(), with_resume=True)
    resume: Path | None = option(None, "Go on with a run; only budgets, --threads and --engine may be given with it.",
        File(), metavar="RUN", with_resume=True)
