"""How much `symloss evaluate` tries."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from symloss.options.kinds import File, Grid, Switch, Whole
from symloss.options.option import option

SCALE_GRID = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""What --scale auto stands for."""


@dataclass(frozen=True)
class Effort:
    """At which values each loss is trained, and how often.

    Attributes:
        eps_grid, scale_grid: None for the usual ones.
        seeds: trainings of each configuration, from --seed on.
        fast: whether a learning rate that was not given is the fast one.
    """

    SECTION: ClassVar[str] = "Effort"

    # fmt: off
    eps_grid: tuple[float, ...] | None = option(None,
        "Values of eps, such as 1,0.1,0.01. Default: the paper's seven.", Grid(of="eps"), flag="--eps",
        metavar="GRID")
    scale_grid: tuple[float, ...] | None = option(None,
        "Factors on the loss (of a run: on its own scale), such as 0.5,1,2; auto is 0.25 to 16 by powers of 2. "
        "Default: 1.", Grid(of="scale", words_for=(("auto", SCALE_GRID),)), flag="--scale", metavar="GRID|auto")
    seeds: int = option(1,
        "Train with so many seeds, from --seed on. Two or more losses are then compared; 8 reach the level 0.01.",
        Whole(least=1), shown=True)
    fast: bool = option(False,
        "Approximate: SGD at rate 0.3 (Adam at 0.01), with as many times fewer epochs. What is given stays.",
        Switch())


@dataclass(frozen=True)
class EvaluationRun:
    """Where finished trainings are kept."""

    SECTION: ClassVar[str] = "Run"

    # fmt: off
    out: Path | None = option(None,
        "Folder for finished trainings and results, so that --resume can go on. Default: none.", File())
    resume: Path | None = option(None, "Go on with the evaluation in DIR, with the losses and options it has.",
        File(), metavar="DIR", with_resume=True)
