from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from symloss.data.columns import Columns, Role
from symloss.data.ids import IdColumn, contiguous
from symloss.data.rejected import Reason
from symloss.data.table import read_table
from symloss.errors import DataError, OptionError

RATINGS = (Role.USER, Role.ITEM, Role.RATING, Role.TIME)


def names(column: IdColumn) -> list[str]:
    return [column.names[code] for code in column.codes]


def rows(table):
    numbers = [values.tolist() for values in table.numbers.values()]
    return list(zip(names(table.users), names(table.items), *numbers, strict=True))


@pytest.mark.parametrize("separator", ["\t", ",", "::"])
@pytest.mark.parametrize("header", ["", "user_id:token|item_id:token|rating:float|timestamp:float\n"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separators_headers_and_line_ends(write, separator, header, end):
    if header and separator == "::":
        header = "UserID|MovieID|Rating|Timestamp\n"
    text = (
        (header + "196|242|3|881250949\n186|302|4.5|891717742\n").replace("|", separator).replace("\n", end)
    )
    table = read_table(write("r.dat", text), RATINGS)
    assert rows(table) == [("196", "242", 3, 881250949), ("186", "302", 4.5, 891717742)]
    assert table.lines.tolist() == ([2, 3] if header else [1, 2])
    assert not table.rejected


def test_columns_by_name_by_position_and_in_any_order(write):
    path = write("r.csv", "when,who,what,why,stars\n5,a,x,because,4\n6,b,y,,2\n")
    expected = [("a", "x", 4, 5), ("b", "y", 2, 6)]
    assert rows(read_table(path, RATINGS, Columns(user="who", item="What", time="when"))) == expected
    assert rows(read_table(path, RATINGS, Columns(user="2", item="3", rating="5", time="1"))) == expected
    path = write("n.csv", "5,a,x,4\n6,b,y,2\n")
    assert rows(read_table(path, RATINGS, Columns(user="2", item="3", rating="4", time="1"))) == expected


def test_bad_rows_are_counted_and_named(write):
    text = "user,item,rating,time\n" + "".join(f"{k},{k},3,{k}\n" for k in range(20))
    text += ",1,3,4\n1,nan,3,4\n1,1,good,4\n\n1,1,3,\n1,1,3,4,5\n1,1\n1,1,inf,2\n1,1,4e38,2\n   \n9,9,1,9\n"
    table = read_table(write("r.csv", text), RATINGS)
    assert len(table) == 21
    assert table.lines.tolist() == [*range(2, 22), 32]
    found = {one.reason: (one.count, one.examples) for one in table.rejected.rejections}
    assert found == {
        Reason.FIELDS: (1, ("r.csv, line 27",)),
        Reason.USER: (1, ("r.csv, line 22: user ''",)),
        Reason.ITEM: (1, ("r.csv, line 23: item 'nan'",)),
        Reason.RATING: (
            4,
            (
                "r.csv, line 24: rating 'good'",
                "r.csv, line 28: rating ''",
                "r.csv, line 29: rating 'inf'",
                "r.csv, line 30: rating '4e38'",
            ),
        ),
        Reason.TIME: (1, ("r.csv, line 26: time ''",)),
    }


FIELD = st.sampled_from(["1", "2", "17", "x", "", " ", "nan", '"3"', "4.5", "-1", "é"])


@given(st.lists(st.lists(FIELD, min_size=1, max_size=6), max_size=30))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
def test_reading_is_that_of_the_obvious_implementation(write, lines):
    good = [["u", "i", "1", "1"]] * (len(lines) + 1)
    text = "user,item,rating,time\n" + "".join(",".join(line) + "\n" for line in lines + good)
    expected, rejected = [], 0
    for line in lines + good:
        cells = [cell.strip().strip('"') for cell in (line + [""] * 4)]
        if not any(line):
            continue
        try:
            numbers = [float(cell) for cell in cells[2:4]]
        except ValueError:
            numbers = [np.nan]
        bad_ids = {"", "nan"} & set(cells[:2])
        overlong = len(line) > 4 and any(line[4:5])
        if not any(cells[:4]) and not overlong:
            continue
        if bad_ids or overlong or not np.isfinite(numbers).all():
            rejected += 1
        else:
            expected.append((*cells[:2], *numbers))
    table = read_table(write("r.csv", text), RATINGS)
    assert rows(table) == expected
    assert table.rejected.total == rejected


def test_quotation_marks_are_stripped_and_a_stray_one_harms_one_line_only(write):
    text = 'user,item,rating,time\n"a","x",3,1\na,"y,4,2\n"b,z,"5",3\n'
    assert rows(read_table(write("q.csv", text), RATINGS)) == [
        ("a", "x", 3, 1),
        ("a", "y", 4, 2),
        ("b", "z", 5, 3),
    ]


def test_other_encodings_keep_ids_apart(write):
    text = "user\titem\trating\ttime\né\tx\t1\t1\nè\ty\t2\t2\n"
    assert names(read_table(write("u.tsv", text.encode("utf-8-sig")), RATINGS).users) == ["é", "è"]
    assert names(read_table(write("l.tsv", text.encode("latin-1")), RATINGS).users) == ["é", "è"]
    late = text + "a\tb\t1\t1\n" * 10_000
    assert set(names(read_table(write("m.tsv", late.encode() + b"\xe9\tx\t1\t1\n"), RATINGS).users)) >= {
        "a",
        "é",
    }


def test_large_times_are_exact(write):
    path = write("t.tsv", "".join(f"u\ti\t1\t{1700000000000000000 + k}\n" for k in range(3)))
    assert read_table(path, RATINGS).numbers[Role.TIME].tolist() == [
        1700000000000000000 + k for k in range(3)
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n \n\n", "is empty; it should hold the columns user, item, rating, time"),
        (b"user,item,rating,time\n", "has a header but no rows"),
        (b"1234\n", "no tab, comma, blank or '::' in the first line '1234'.*--separator"),
        (b"1,2,3\n", "no header and only 3 columns"),
        (b"\x00\x01\x02,", "is not a text file"),
        (b"\x1f\x8b\x08,1,2", "is not a text file; unpack it"),
        (b"x" * 70_000, "first line is 65,536 bytes or longer"),
        (b"1," * 2_000, "2001 columns in the first line; at most 1000"),
        (b"user,item,stars,rating,rating,time\n1,1,1,1,1,1\n", "2 columns are named 'rating'"),
        (
            b"user,item,ratng,time\n1,1,1,1\n",
            "no column for the rating; did you mean 'ratng'\\? Present are 'user', 'item', 'ratng', 'time'; "
            "name it with --rating-column NAME",
        ),
        (b"u,i,r,t\n1,1,1,1\n", "no column for the user.*Present are 'u', 'i', 'r', 't'.*--user-column"),
        (
            b"user,item,rating,time\n1,1,5,2020-01-01\n1,1,5,2020-01-02\n1,2,5,7\n",
            "(?s)2 of 3 rows can't be used, more than half:.*line 2: time '2020-01-01'.*column 4 as time",
        ),
    ],
)
def test_files_that_can_not_be_used(write, content, message):
    path = write("f.csv", content)
    with pytest.raises(DataError, match=message) as caught:
        read_table(path, RATINGS)
    assert str(path) in str(caught.value)


def test_missing_files_folders_and_large_files(tmp_path, write):
    with pytest.raises(DataError, match="can't read .*none.csv: No such file"):
        read_table(tmp_path / "none.csv", RATINGS)
    with pytest.raises(DataError, match="can't read"):
        read_table(tmp_path, RATINGS)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match="pipe is not a regular file"):
        read_table(tmp_path / "pipe", RATINGS)
    with pytest.raises(DataError, match="has 8 bytes, above the limit of 7"):
        read_table(write("f.csv", "1,2,3,4\n"), RATINGS, max_bytes=7)


def test_columns_that_are_not_there(write):
    path = write("f.csv", "user,item,rating,time\n1,1,1,1\n")
    with pytest.raises(DataError, match="no column 'usr'; did you mean 'user'"):
        read_table(path, RATINGS, Columns(user="usr"))
    path = write("g.csv", "1,1,1,1\n")
    with pytest.raises(DataError, match="no column '9': the file has no header and 4 columns; --item-column"):
        read_table(path, RATINGS, Columns(item="9"))
    with pytest.raises(OptionError, match=r"column 1 can't be both the (user|item) and the (user|item)"):
        read_table(path, RATINGS, Columns(user="1", item="1"))


@pytest.mark.parametrize("separator", ["", "ab", "\n", '"'])
def test_separators_that_are_not_allowed(write, separator):
    with pytest.raises(OptionError, match=r"separator .* is not allowed"):
        read_table(write("f.csv", "1,2,3,4\n"), RATINGS, separator=separator)


def test_a_separator_can_be_given(write):
    table = read_table(write("f.csv", "a,b;c;3;4\n"), RATINGS, separator=";")
    assert rows(table) == [("a,b", "c", 3, 4)]


def test_integers_are_numbered_by_value_and_texts_by_text():
    first, second = IdColumn(np.array([0, 1]), ("10", "9")), IdColumn(np.array([1, 1]), ("never", "7"))
    (a, b), count = contiguous([first, second])
    assert (a.tolist(), b.tolist(), count) == ([2, 1], [0, 0], 3)
    (a,), count = contiguous([IdColumn(np.array([0, 1, 2]), ("10", "9", "09"))])
    assert (a.tolist(), count) == ([1, 2, 0], 3)


@given(st.lists(st.text(st.characters(codec="ascii"), max_size=3), min_size=1, unique=True), st.randoms())
def test_indices_are_contiguous_and_depend_on_the_set_of_ids_alone(texts, random):
    shuffled = random.sample(texts, len(texts))
    (one,), count = contiguous([IdColumn(np.arange(len(texts)), tuple(texts))])
    (two,), _ = contiguous([IdColumn(np.arange(len(texts)), tuple(shuffled))])
    assert sorted(one.tolist()) == list(range(count)) == list(range(len(texts)))
    assert dict(zip(texts, one.tolist(), strict=True)) == dict(zip(shuffled, two.tolist(), strict=True))
