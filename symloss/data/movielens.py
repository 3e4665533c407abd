"""ml-100k: 100,000 ratings of 943 users for 1,682 films, with the AutoLossGen paper's preparation.

The ratings come from GroupLens, whose terms forbid passing them on, so they are fetched on first use; or
out of a wheel of RecBole, which holds the same rows in the same order under a header. Both are brought
to one form, the bytes of GroupLens's `u.data` (user, item, rating, time; tab separated; a line feed after
each row), and that form is checked against one SHA-256 and kept in the cache.

Source: Harper, Konstan: The MovieLens Datasets, ACM TiiS 5 (4), 2015; https://grouplens.org/datasets/movielens/100k/.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from symloss.constants import RATING_THRESHOLD
from symloss.data.cache import cache_folder, writable, write_whole
from symloss.data.dataset import Dataset
from symloss.data.fetch import PipSource, Source, UrlSource, fetch_first
from symloss.data.ratings import prepare
from symloss.data.split import time_order
from symloss.data.ties import Ties, published_order
from symloss.errors import DataError, FetchError
from symloss.files import open_regular
from symloss.signature import Labels

NAME = "ml-100k"
LOCAL_FILES = ("u.data", "ml-100k.inter")
"""Files that a local copy can be: of GroupLens, of RecBole."""

SHA256 = "06416e597f82b7342361e41163890c81036900f418ad91315590814211dca490"
_SIZE = 1_979_173
_USERS, _ITEMS = 943, 1_682

SOURCES: tuple[Source, ...] = (
    UrlSource("https://files.grouplens.org/datasets/movielens/ml-100k.zip", "ml-100k/u.data"),
    PipSource("recbole==1.2.1", "recbole/dataset_example/ml-100k/ml-100k.inter"),
)
"""Where it is fetched from, in this order."""

ADVICE = (
    "To use a local copy, put u.data (from ml-100k.zip of GroupLens) or ml-100k.inter (of RecBole) into a "
    "folder and pass --data-dir FOLDER"
)


def canonical(content: bytes) -> bytes:
    """Bring a copy of the ratings to the form of `u.data` and verify it.

    Args:
        content: the bytes of u.data or of RecBole's ml-100k.inter, with any kind of line ends.

    Raises:
        FetchError: these are not the ratings of ml-100k.
    """
    if len(content) > 2 * _SIZE:
        raise FetchError(f"not the ratings of {NAME}: {len(content):,} bytes where {_SIZE:,} were expected")
    lines = content.replace(b"\r\n", b"\n").rstrip(b"\n").split(b"\n")
    if lines[0].startswith(b"user_id:"):
        lines = lines[1:]
    rows = b"\n".join(lines) + b"\n"
    found = hashlib.sha256(rows).hexdigest()
    if found != SHA256:
        raise FetchError(
            f"not the ratings of {NAME}: {len(lines):,} rows with the checksum (SHA-256) {found[:16]}..., "
            f"expected were 100,000 with {SHA256[:16]}..."
        )
    return rows


def cached_file(cache: Path | None = None) -> Path:
    """Return where the ratings are kept, there or not; `cache` is the cache folder, found where not given."""
    return (cache or cache_folder()) / NAME / "u.data"


def is_cached(cache: Path | None = None) -> bool:
    """Tell whether the ratings are in the cache, undamaged."""
    return is_copy(cached_file(cache))


def is_copy(path: Path) -> bool:
    """Tell whether a file holds the ratings of ml-100k, as GroupLens or as RecBole has them."""
    try:
        _read(path)
    except DataError:
        return False
    return True


def fetch_ml100k(
    cache: Path | None = None, *, sources: Sequence[Source] = SOURCES, progress: bool = True
) -> Path:
    """Make sure that the ratings are in the cache, and return the file.

    Args:
        cache: the cache folder; `cache_folder()` where not given.
        sources: where to fetch from, in this order, if the cache has no undamaged copy.
        progress: whether to draw a progress bar on standard error.

    Raises:
        FetchError: no source gives them.
        DataError: the cache can't be written.
    """
    path = cached_file(cache)
    if not is_cached(cache):
        writable(path.parent)
        content, _ = fetch_first(NAME, sources, canonical, ADVICE, progress=progress)
        write_whole(path, content)
    return path


def find_local(folder: Path) -> Path | None:
    """Return the ratings of a local copy in a folder or in its ml-100k, or None."""
    places = (place / name for place in (folder, folder / NAME) for name in LOCAL_FILES)
    return next((path for path in places if path.is_file()), None)


def load_ml100k(
    local: Path | None = None,
    *,
    ties: Ties = Ties.STABLE,
    threshold: float = RATING_THRESHOLD,
    labels: Labels = Labels.BINARY,
    cache: Path | None = None,
    sources: Sequence[Source] = SOURCES,
    progress: bool = True,
) -> Dataset:
    """Load ml-100k with the paper's preparation.

    Args:
        local: u.data or ml-100k.inter; fetched or out of the cache where not given.
        ties: the order of equal time stamps; "stable" is that of the file, "published" gives row for row the files
            that the paper's authors published.
        threshold: ratings above it are positive.
        labels: what becomes of a rating.
        cache: the cache folder; `cache_folder()` where not given.
        sources: where to fetch from.
        progress: whether to draw a progress bar on standard error.

    Raises:
        FetchError: the ratings are neither here nor can they be fetched.
        DataError: the local copy or the cache can't be used.
    """
    path = local or fetch_ml100k(cache, sources=sources, progress=progress)
    rows = np.array(_read(path).split(), dtype=np.int64).reshape(-1, 4)
    users, items, ratings, times = np.ascontiguousarray(rows.T)
    return prepare(
        NAME,
        (users - 1).astype(np.int32),
        (items - 1).astype(np.int32),
        ratings,
        order=published_order(times) if ties is Ties.PUBLISHED else time_order(times),
        sizes=(_USERS, _ITEMS),
        threshold=threshold,
        labels=labels,
        source=f"MovieLens 100K of GroupLens, {path}, split by time, ties {ties}",
    )


def _read(path: Path) -> bytes:
    """Read and verify a copy of the ratings."""
    try:
        with open_regular(path) as file:
            content = file.read(2 * _SIZE + 1)
    except OSError as error:
        raise DataError(f"can't read {path}: {error.strerror or error}") from None
    try:
        return canonical(content)
    except FetchError as error:
        raise DataError(
            f"{path}: {error}. To read it as any file of ratings, pass the file itself: --data-dir {path}"
        ) from None
