"""Files of ratings and presplit folders that no reader expects, each by its own number."""

from __future__ import annotations

import gzip
import os
import random
from collections.abc import Callable
from pathlib import Path

from symloss.data import LoadOptions, load
from symloss.errors import SymlossError

SEPARATORS = ("\t", ",", "::", ";", "|", " ", "  ")
ODD = (
    "", " ", "NaN", "nan", "inf", "-inf", "1e400", "1e39", "-1", "0", "4.5", "007", "9223372036854775807",
    "9223372036854775808", "18446744073709551616", "1" * 400, "١٢", "½", "None", "NULL", "\u200b", "\u202e7",
    '"', '"7"', "'", "a,b", "1_000", "0x10", "True", "\ufeff", "é", "😀", "=1+1", "x" * 5000,
)  # fmt: skip
HEADERS = (
    "user,item,rating,time", "user_id,item_id,score,timestamp", "uid,iid,label", "item,user,time,rating", "a,b,c,d",
    "user,user,rating,time", "user,item",
    "User Id,Item Id,Stars,TS", "user:token,item:token,rating:float,time:float", "",
)  # fmt: skip


def rows(generator: random.Random, count: int) -> list[list[str]]:
    """Return plausible rows."""
    return [
        [
            str(generator.randrange(12)),
            str(generator.randrange(20)),
            str(generator.choice([1, 2, 3, 4, 5, 3.5])),
            str(1_600_000_000 + generator.randrange(10**6)),
        ]
        for _ in range(count)
    ]


def content(generator: random.Random) -> bytes:
    """Return a text of ratings with a fault or several."""
    made = rows(generator, generator.choice([0, 1, 5, 60, 200]))
    for _ in range(generator.choice([0, 1, 5, len(made)])):
        if made:
            row = generator.choice(made)
            action = generator.random()
            if action < 0.6 and row:
                row[generator.randrange(len(row))] = generator.choice(ODD)
            elif action < 0.8:
                row.append(generator.choice(ODD))
            elif row:
                row.pop()
    separator = generator.choice(SEPARATORS)
    header = generator.choice(HEADERS)
    lines = ([header.replace(",", separator)] if header else []) + [separator.join(row) for row in made]
    end = generator.choice(["\n", "\r\n", "\r", "\n\n", "\n \n"])
    text = end.join(lines) + generator.choice(["", end, end * 3])
    encoding = generator.choice(
        ["utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "latin-1", "utf-32", "cp1252"]
    )
    data = bytearray(text.encode(encoding, "replace"))
    action = generator.random()
    if data and action < 0.15:
        data[generator.randrange(len(data))] = generator.choice([0, 255, 13, 10, 34, 9])
    elif data and action < 0.2:
        del data[generator.randrange(len(data)) :]
    elif action < 0.25:
        data = bytearray(gzip.compress(bytes(data) + b"0" * 10**6))
    elif action < 0.28:
        data = bytearray(generator.randbytes(3000))
    return bytes(data)


def _file(folder: Path, generator: random.Random) -> Path:
    path = folder / generator.choice(["ratings.csv", "u.data", "ml-100k.inter", "x", "ratings.txt"])
    path.write_bytes(content(generator))
    return path


def _presplit(folder: Path, generator: random.Random) -> Path:
    for part in ("train", "validation", "test"):
        if generator.random() < 0.95:
            (folder / f"d.{part}.csv").write_bytes(content(generator))
    if generator.random() < 0.2:
        (folder / "e.train.csv").write_bytes(b"1,1,1\n")
    return folder


def _valid_presplit(folder: Path, generator: random.Random) -> Path:
    """Write a presplit folder of which one file has odd values."""
    for part in ("train", "validation", "test"):
        lines = [f"{k % 7}\t{generator.randrange(9)}\t{k % 2}" for k in range(40)]
        if generator.random() < 0.5:
            lines[generator.randrange(40)] = "\t".join(generator.choice(ODD) for _ in range(3))
        (folder / f"d.{part}.csv").write_text("uid\tiid\tlabel\n" + "\n".join(lines), "utf-8")
    return folder


def _special(folder: Path, generator: random.Random) -> Path:
    path = folder / generator.choice(["ratings.csv", "d.train.csv", "u.data"])
    what = generator.choice(["pipe", "folder", "link to nothing", "loop", "proc", "zero", "null"])
    if what == "pipe":
        os.mkfifo(path)
    elif what == "folder":
        path.mkdir()
    elif what == "link to nothing":
        path.symlink_to("nowhere")
    elif what == "loop":
        path.symlink_to(path.name)
    else:
        target = {"proc": "/proc/self/environ", "zero": "/dev/zero", "null": "/dev/null"}[what]
        path.symlink_to(target)
    return generator.choice([path, folder])


def _long_fields(folder: Path, generator: random.Random) -> Path:
    made = rows(generator, 200)
    for row in generator.sample(made, 3):
        row[generator.randrange(4)] = generator.choice("1x ") * generator.choice([10**5, 10**6])
    path = folder / "ratings.csv"
    path.write_text("\n".join(",".join(row) for row in made))
    return path


WAYS: tuple[Callable[[Path, random.Random], Path], ...] = (
    _file, _file, _file, _file, _presplit, _valid_presplit, _special, _long_fields
)  # fmt: skip


def tampered_data(folder: Path, number: int) -> tuple[str, Path, LoadOptions]:
    """Write the data of `number` into an empty folder; return the way, the path to load, and how to load it."""
    generator = random.Random(number)
    way = WAYS[number % len(WAYS)]
    folder.mkdir()
    path = way(folder, generator)
    split = generator.choice([None, None, None, "random", "by-user", "leave-one-out", "time"])
    labels = generator.choice(["binary", "binary", "unit", "real"])
    separator = generator.choice([None, None, None, None, "tab", "blank", "::", ","])
    options = LoadOptions(
        labels=labels, split=split, separator=separator, seed=number, cache=folder / "cache", progress=False
    )
    return way.__name__, path, options


def load_tampered(folder: Path, number: int) -> tuple[str, str, BaseException | None]:
    """Load the data of `number`; return the way, "loaded" or the sentence that refuses it, and any other error."""
    way, path, options = tampered_data(folder, number)
    try:
        dataset = load(None, path, options)
    except SymlossError as error:
        return way, str(error), None
    except Exception as error:
        return way, repr(error), error
    assert len(dataset.train)
    return way, "loaded", None
