"""Data sets: fetched, read, made up, and split into what is trained, validated and tested on."""

from __future__ import annotations

from symloss.data.cache import cache_folder
from symloss.data.columns import Columns
from symloss.data.dataset import PARTS, Dataset, Interactions
from symloss.data.movielens import fetch_ml100k, load_ml100k
from symloss.data.presplit import load_presplit
from symloss.data.ratings import load_ratings
from symloss.data.registry import DATASETS, DEFAULT, Listing, LoadOptions, listing, load
from symloss.data.rejected import Reason, RejectedRows, Rejection
from symloss.data.split import Split, split_last_positives, time_order
from symloss.data.synthetic import SyntheticOptions, load_synthetic
from symloss.data.ties import Ties

__all__ = [
    "DATASETS",
    "DEFAULT",
    "PARTS",
    "Columns",
    "Dataset",
    "Interactions",
    "Listing",
    "LoadOptions",
    "Reason",
    "RejectedRows",
    "Rejection",
    "Split",
    "SyntheticOptions",
    "Ties",
    "cache_folder",
    "fetch_ml100k",
    "listing",
    "load",
    "load_ml100k",
    "load_presplit",
    "load_ratings",
    "load_synthetic",
    "split_last_positives",
    "time_order",
]
