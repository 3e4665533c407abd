"""Which data is loaded, and how a file is read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from symloss.constants import RATING_THRESHOLD
from symloss.options.kinds import File, Kind, Number, Whole
from symloss.options.option import option

TEXT, COUNT, SHARE, ANY_NUMBER = Kind(), Whole(), Number(), Number(least=-math.inf)


@dataclass(frozen=True)
class DataSource:
    """A data set by name or place; a run keeps this, so that it can go on.

    Attributes:
        labels: what the labels can be.
        seed: of synthetic data, and of a split that draws at random.
    """

    SECTION: ClassVar[str] = "Data"

    # fmt: off
    dataset: str | None = option(None, "A known data set; symloss data lists them. Default: ml-100k.", TEXT,
        metavar="NAME")
    data_dir: Path | None = option(None,
        "A presplit folder, a folder with u.data, or a ratings file; instead of --dataset.", File())
    user_column: str | None = option(None, "Name or number of the column of a ratings file.", TEXT, metavar="COLUMN")
    item_column: str | None = option(None, "Likewise.", TEXT, metavar="COLUMN")
    rating_column: str | None = option(None, "Likewise.", TEXT, metavar="COLUMN")
    label_column: str | None = option(None, "Likewise, where the file holds labels, not ratings.", TEXT,
        metavar="COLUMN")
    time_column: str | None = option(None, "Likewise.", TEXT, metavar="COLUMN")
    separator: str | None = option(None,
        "What separates the columns: tab, comma, semicolon, bar, blank, '::' or a character. Default: found.", TEXT,
        metavar="TEXT")
    split: str | None = option(None, "What of a ratings file is held out. Default: by time.", TEXT,
        metavar="time|random|by-user|leave-one-out")
    validation: float | None = option(None, "Share of the rows, of --split random or by-user. Default: 0.1.", SHARE)
    test: float | None = option(None, "Likewise.", SHARE)
    threshold: float = option(RATING_THRESHOLD, "Ratings above it are positive.", ANY_NUMBER, shown=True)
    ties: str | None = option(None, "Order of equal times in ml-100k. Default: stable.", TEXT,
        metavar="stable|published")
    users: int | None = option(None, "Size of --dataset synthetic.", COUNT)
    items: int | None = option(None, "Likewise.", COUNT)
    interactions: int | None = option(None, "Likewise.", COUNT)
    labels: str = option("binary", "What the label y can be.", TEXT, metavar="binary|unit|real|positive", shown=True)
    seed: int = option(42, "Drives everything random.", COUNT, shown=True)
