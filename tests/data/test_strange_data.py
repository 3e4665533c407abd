"""Files that no reader expects are refused by a sentence: no traceback, no wait, no order of times that is lost."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from symloss.data import LoadOptions, load, load_presplit, load_ratings
from symloss.data.columns import Role
from symloss.data.split import split_by_user, split_leave_one_out, split_random
from symloss.data.table import read_table
from symloss.errors import DataError, OptionError
from tests.tamper_data import load_tampered

RATINGS = (Role.USER, Role.ITEM, Role.RATING, Role.TIME)
BLANKS = "".join(f"{user} {item}  {1 + (user + item) % 5}\n" for user in range(30) for item in range(8))


@pytest.mark.parametrize("block", range(8))
def test_no_strange_file_crashes(tmp_path: Path, block: int) -> None:
    for number in range(block * 12, block * 12 + 12):
        way, said, crash = load_tampered(tmp_path / str(number), number)
        assert crash is None, f"number {number}, {way}: {said}"


def test_a_pipe_and_a_device_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    for name in ("pipe", "zero"):
        with pytest.raises(DataError, match="not a regular file"):
            load_ratings(tmp_path / name)


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="there is no /proc")
def test_files_of_the_system_have_no_size(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no size|can't read"):
        load_ratings("/proc/self/status")


def test_blanks_separate_columns(write) -> None:
    dataset = load_ratings(write("r.txt", BLANKS), split="random", seed=1)
    assert dataset.n_users == 30 and dataset.n_items == 8
    assert {name: len(part) for name, part in dataset.parts().items()} == {
        "train": 192,
        "validation": 24,
        "test": 24,
    }
    same = load_ratings(write("s.txt", BLANKS), split="random", seed=1, separator="blank")
    assert np.array_equal(dataset.test.users, same.test.users)
    assert not np.array_equal(
        dataset.test.users, load_ratings(write("t.txt", BLANKS), split="random").test.users
    )


@pytest.mark.parametrize(
    ("separator", "name"), [(";", "semicolon"), ("|", "bar"), ("\t", "tab"), (",", "comma")]
)
def test_separators_have_names(write, separator: str, name: str) -> None:
    text = BLANKS.replace("  ", separator).replace(" ", separator)
    found = load_ratings(write("r.txt", text), split="by-user", separator=name)
    assert len(load_ratings(write("q.txt", text), split="by-user").train) == len(found.train)


def test_without_times_the_error_names_the_way_out(write) -> None:
    for split in (None, "time"):
        with pytest.raises(DataError, match="no column for the time.*--split random"):
            load_ratings(
                write("r.csv", "user,item,rating\n" + BLANKS.replace("  ", ",").replace(" ", ",")),
                split=split,
            )


def test_options_of_a_split(write) -> None:
    path = write("r.txt", BLANKS)
    with pytest.raises(OptionError, match="did you mean 'random'"):
        load_ratings(path, split="radnom")
    with pytest.raises(OptionError, match="shares of --split random"):
        load_ratings(path, split="leave-one-out", test=0.2)
    for validation, test in ((0.5, 0.5), (0.0, 0.1), (-1, 0.1), (float("nan"), 0.1)):
        with pytest.raises(OptionError, match="not allowed"):
            load_ratings(path, split="random", validation=validation, test=test)
    with pytest.raises(OptionError, match="has a split of its own"):
        load("synthetic", None, LoadOptions(split="random"))


def test_splits_hold_every_row_once() -> None:
    users = np.repeat(np.arange(50), np.random.default_rng(0).integers(1, 30, 50)).astype(np.int32)
    users = np.random.default_rng(1).permutation(users)
    n = len(users)
    order = np.random.default_rng(2).permutation(n)
    for split in (
        split_random(n, 0.1, 0.2, 3),
        split_by_user(users, 0.1, 0.2, 3),
        split_leave_one_out(users, order),
    ):
        rows = np.concatenate([split.train, split.validation, split.test])
        assert np.array_equal(np.sort(rows), np.arange(n))
        counts = np.bincount(users[split.train], minlength=50)
        if len(split.test) < 51:
            # the last row of a user by time is tested on, the one before it is validated on
            place = np.argsort(order)
            for user in range(50):
                mine = sorted(np.flatnonzero(users == user), key=lambda row: place[row])
                assert list(split.test[users[split.test] == user]) == (mine[-1:] if len(mine) > 1 else [])
                assert list(split.validation[users[split.validation] == user]) == (
                    mine[-2:-1] if len(mine) > 2 else []
                )
        elif split is not None and len(split.test) != round(0.2 * n):
            assert counts.min() >= 1
    by_user = split_by_user(users, 0.1, 0.2, 3)
    assert abs(len(by_user.test) - 0.2 * n) < 0.05 * n and abs(len(by_user.validation) - 0.1 * n) < 0.05 * n
    assert np.bincount(users[by_user.train], minlength=50).min() >= 1


@pytest.mark.parametrize("base", [2**53, 2**63, 2**64 - 40, 10**30])
def test_large_times_keep_their_order(write, base: int) -> None:
    offsets = np.random.default_rng(0).permutation(40)
    lines = "".join(f"u,i{k},3,{base + int(offset)}\n" for k, offset in enumerate(offsets))
    table = read_table(write("r.csv", "user,item,rating,time\n" + lines), RATINGS)
    times = table.numbers[Role.TIME]
    assert np.array_equal(np.argsort(times, kind="stable"), np.argsort(offsets))


def test_paths_may_be_texts(tmp_path: Path) -> None:
    for part in ("train", "validation", "test"):
        (tmp_path / f"d.{part}.csv").write_text("uid,iid,label\n1,1,1\n2,1,0\n")
    assert len(load_presplit(str(tmp_path)).train) == len(load(None, str(tmp_path)).train) == 2
