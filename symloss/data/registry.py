"""The data sets by name, and whatever a path leads to: what `--dataset` and `--data-dir` call."""

from __future__ import annotations

import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from symloss.constants import RATING_THRESHOLD
from symloss.data.columns import Columns
from symloss.data.dataset import Dataset
from symloss.data.movielens import LOCAL_FILES, cached_file, find_local, is_cached, is_copy, load_ml100k
from symloss.data.movielens import NAME as ML100K
from symloss.data.presplit import load_presplit, presplit_names
from symloss.data.ratings import load_ratings, split_options
from symloss.data.synthetic import SyntheticOptions, load_synthetic
from symloss.data.table import MAX_BYTES
from symloss.data.ties import Ties
from symloss.errors import DataError, OptionError, unknown_name
from symloss.signature import Labels

DEFAULT = ML100K
"""The data set where none is named."""


@dataclass(frozen=True)
class LoadOptions:
    """How to load a data set.

    Args:
        columns: names or positions of the columns of a file; found by themselves where not given.
        separator: of a file; found by itself where not given.
        threshold: ratings above it are positive.
        labels: what the labels can be: "binary", "unit" or "real".
        ties: the order of equal time stamps in ml-100k, "stable" (the default) or "published" (that of
            the paper's files); other data sets are always stable.
        seed: of synthetic data, and of a split that draws at random.
        synthetic: size and nature of synthetic data; its own seed counts.
        max_bytes: the largest file that is read.
        cache: the cache folder; found by itself where not given.
        progress: whether fetching draws a progress bar on standard error.
        split: how a file of ratings is split: "time" (where not given), "random", "by-user" or "leave-one-out".
        validation, test: shares of the rows, of a random split or one by user; 0.1 where not given.

    Raises:
        OptionError: a name is unknown, or a share is not allowed.
    """

    columns: Columns = field(default_factory=Columns)
    separator: str | None = None
    threshold: float = RATING_THRESHOLD
    labels: str = Labels.BINARY
    ties: str | None = None
    seed: int = 0
    synthetic: SyntheticOptions | None = None
    max_bytes: int = MAX_BYTES
    cache: Path | None = None
    progress: bool = True
    split: str | None = None
    validation: float | None = None
    test: float | None = None

    def __post_init__(self) -> None:
        """Check the names."""
        if self.labels == Labels.POSITIVE:
            raise OptionError(
                "data sets are read with binary, unit or real labels; positive labels are for check, compare, plot "
                "and export. Counts and amounts are read with --labels real"
            )
        split_options(self.split, self.validation, self.test)
        if self.labels not in list(Labels):
            raise OptionError(
                unknown_name("label domain", self.labels, map(str, Labels), "--labels takes one of these")
            )
        if self.ties is not None and self.ties not in list(Ties):
            raise OptionError(
                unknown_name("order of ties", self.ties, map(str, Ties), "ties takes one of these")
            )


@dataclass(frozen=True)
class Entry:
    """A data set that has a name.

    Args:
        description: one line.
        load: loads it.
        file: where a fetched copy is kept, given the cache folder; None where nothing is fetched.
        cached: whether an undamaged copy is there.
    """

    description: str
    load: Callable[[LoadOptions], Dataset]
    file: Callable[[Path | None], Path] | None = None
    cached: Callable[[Path | None], bool] | None = None


def _ml100k(options: LoadOptions, local: Path | None = None) -> Dataset:
    return load_ml100k(
        local,
        ties=Ties(options.ties or Ties.STABLE),
        threshold=options.threshold,
        labels=Labels(options.labels),
        cache=options.cache,
        progress=options.progress,
    )


def _synthetic(options: LoadOptions) -> Dataset:
    return load_synthetic(options.synthetic or SyntheticOptions(seed=options.seed), Labels(options.labels))


DATASETS: dict[str, Entry] = {
    ML100K: Entry(
        "MovieLens 100K: 100,000 ratings by 943 users of 1,682 films; the AutoLossGen paper's split",
        _ml100k,
        cached_file,
        is_cached,
    ),
    "synthetic": Entry(
        "made up from a latent-factor model, by default as large as ml-100k; nothing is fetched", _synthetic
    ),
}
"""The data sets by name; to add one, add a line."""


@dataclass(frozen=True)
class Listing:
    """A line of the list of data sets; `cached` and `path` are None where nothing is ever fetched."""

    name: str
    description: str
    cached: bool | None
    path: Path | None


def listing(cache: Path | None = None) -> list[Listing]:
    """List the data sets and whether their files are in `cache`, the cache folder (found where not given)."""
    return [
        Listing(
            name,
            entry.description,
            entry.cached(cache) if entry.cached else None,
            entry.file(cache) if entry.file else None,
        )
        for name, entry in DATASETS.items()
    ]


def load(
    name: str | None = None, data_dir: Path | str | None = None, options: LoadOptions | None = None
) -> Dataset:
    """Load a data set by name, or what a path leads to.

    Args:
        name: one of `DATASETS` (`DEFAULT` where neither name nor path is given); with a folder, which of
            the data sets in it.
        data_dir: a folder of NAME.train.csv, NAME.validation.csv and NAME.test.csv; a folder with u.data or
            ml-100k.inter, a local copy of ml-100k; or a file of ratings.
        options: how to load it.

    Raises:
        DataError: the name is unknown, the path leads to nothing that is known, or the data can't be used.
        FetchError: the data has to be fetched and can't be.
        OptionError: an option is not allowed.
    """
    options = options or LoadOptions()
    if data_dir is not None:
        path = Path(data_dir)
        try:
            folder = stat.S_ISDIR(path.stat().st_mode)
        except (FileNotFoundError, NotADirectoryError):
            raise DataError(
                f"no file or folder {path}; --data-dir takes a folder of NAME.train.csv, NAME.validation.csv "
                f"and NAME.test.csv, a folder with u.data of ml-100k, or a file of ratings"
            ) from None
        except (OSError, ValueError) as error:
            raise DataError(f"can't read {path}: {error}") from None
        return _in_folder(path, name, options) if folder else _from_file(path, name, options)
    name = DEFAULT if name is None else name
    _refuse_split(options, "a known data set")
    if name not in DATASETS:
        raise DataError(unknown_name("dataset", name, DATASETS, "symloss data lists all"))
    return DATASETS[name].load(options)


def _from_file(path: Path, name: str | None, options: LoadOptions) -> Dataset:
    if name == ML100K:
        _refuse_split(options, ML100K)
        return _ml100k(options, path)
    plain = options.columns == Columns() and options.split is None and options.separator is None
    if name is None and path.name in LOCAL_FILES and plain and is_copy(path):
        return _ml100k(options, path)
    if name is not None:
        raise OptionError(
            f"--dataset {name} and --data-dir {path}, a file, exclude each other; leave --dataset out"
        )
    return load_ratings(
        path,
        options.columns,
        threshold=options.threshold,
        labels=Labels(options.labels),
        separator=options.separator,
        max_bytes=options.max_bytes,
        split=options.split,
        validation=options.validation,
        test=options.test,
        seed=options.seed,
    )


def _refuse_split(options: LoadOptions, what: str) -> None:
    """Refuse a split of data that is split already."""
    if options.split is not None:
        raise OptionError(
            f"--split {options.split} is for a file of ratings, --data-dir FILE; {what} has a split of its own"
        )


def _in_folder(folder: Path, name: str | None, options: LoadOptions) -> Dataset:
    try:
        names = presplit_names(folder)
        local = find_local(folder)
        entries = sorted(path.name for path in folder.iterdir())
    except OSError as error:
        raise DataError(f"can't read the folder {folder}: {error.strerror or error}") from None
    _refuse_split(options, "a folder")
    if local is not None and (name == ML100K or (name is None and not names)) and name not in names:
        return _ml100k(options, local)
    if names:
        return load_presplit(
            folder,
            name,
            options.columns,
            labels=Labels(options.labels),
            separator=options.separator,
            max_bytes=options.max_bytes,
        )
    if local is not None and name is not None:
        raise DataError(unknown_name("dataset", name, [ML100K], f"the one in {folder}"))
    found = ", ".join(entries[:8]) + (", ..." if len(entries) > 8 else "") if entries else "nothing"
    raise DataError(
        f"{folder} holds {found}; expected were NAME.train.csv, NAME.validation.csv and NAME.test.csv, or "
        f"{' or '.join(LOCAL_FILES)}. To read a file of ratings, pass the file itself: --data-dir FILE"
    )
