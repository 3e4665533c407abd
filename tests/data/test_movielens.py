from __future__ import annotations

import hashlib

import numpy as np
import pytest

from symloss.data import LoadOptions, fetch_ml100k, load, load_ml100k, movielens
from symloss.data.fetch import UrlSource
from symloss.data.movielens import canonical, is_cached
from symloss.errors import DataError, FetchError

# A small stand-in: 3 users with 8 ratings each, in no order of time.
ROWS = [(u, i, (u * i) % 5 + 1, (i * 7) % 5 + 100 * u) for i in range(1, 9) for u in (1, 2, 3)]
U_DATA = "".join(f"{u}\t{i}\t{r}\t{t}\n" for u, i, r, t in ROWS).encode()
INTER = b"user_id:token\titem_id:token\trating:float\ttimestamp:float\n" + U_DATA


class Fixed:
    name = "a test"

    def __init__(self, content):
        self.content, self.asked = content, 0

    def get(self, report):
        self.asked += 1
        return self.content


@pytest.fixture
def small(monkeypatch):
    """Make the stand-in pass for the real one."""
    monkeypatch.setattr(movielens, "SHA256", hashlib.sha256(U_DATA).hexdigest())


def expected_test_items(ties="stable"):
    items = []
    for user in (1, 2, 3):
        mine = sorted((t, k, i, r) for k, (u, i, r, t) in enumerate(ROWS) if u == user)
        last = max(k for k, row in enumerate(mine) if row[3] > 3)
        items += [row[2] - 1 for row in mine[last:]]
    return items


@pytest.mark.parametrize("content", [U_DATA, INTER, INTER.replace(b"\n", b"\r\n"), U_DATA.rstrip()])
def test_both_sources_come_to_the_same_bytes(small, content):
    assert canonical(content) == U_DATA


@pytest.mark.parametrize(
    "content", [b"", U_DATA[:-20], U_DATA.replace(b"\t3\t", b"\t4\t", 1), bytes(10_000_000)]
)
def test_other_content_is_refused(small, content):
    with pytest.raises(FetchError, match="not the ratings of ml-100k"):
        canonical(content)


def test_it_is_fetched_once_checked_and_cached(small, cache):
    source = Fixed(INTER)
    assert not is_cached()
    first = load_ml100k(sources=[source], progress=False, ties="stable")
    assert first.test.items.tolist() == expected_test_items()
    assert (cache / "ml-100k" / "u.data").read_bytes() == U_DATA
    assert [path.name for path in (cache / "ml-100k").iterdir()] == ["u.data"]
    assert is_cached()
    second = load_ml100k(sources=[], progress=False, ties="stable")
    assert source.asked == 1
    np.testing.assert_array_equal(first.train.items, second.train.items)
    # The cache is a local copy like any other.
    assert load(data_dir=cache / "ml-100k", options=LoadOptions(ties="stable")).name == "ml-100k"


def test_a_wrong_checksum_leaves_nothing_in_the_cache(small, cache):
    with pytest.raises(
        FetchError, match="(?s)a test: not the ratings of ml-100k: 24 rows.*--data-dir FOLDER"
    ):
        fetch_ml100k(sources=[Fixed(U_DATA.replace(b"\t3\t", b"\t4\t", 1))], progress=False)
    assert list((cache / "ml-100k").iterdir()) == []


def test_a_damaged_cache_is_fetched_again(small, cache, write):
    path = write("cache/ml-100k/u.data", U_DATA[:100])
    assert not is_cached()
    assert fetch_ml100k(sources=[Fixed(U_DATA)], progress=False) == path
    assert path.read_bytes() == U_DATA


def test_a_cache_that_can_not_be_written_is_found_out_before_the_download(small, cache, write):
    write("cache", b"a file where the folder should be")
    source = Fixed(U_DATA)
    with pytest.raises(DataError, match="can't write to the cache folder.*SYMLOSS_CACHE"):
        load_ml100k(sources=[source], progress=False)
    assert source.asked == 0


def test_without_a_network_the_error_says_how_to_use_a_local_copy(cache):
    unreachable = UrlSource("http://127.0.0.1:9/ml-100k.zip", "ml-100k/u.data", timeout=1)
    with pytest.raises(FetchError) as caught:
        load_ml100k(sources=[unreachable], progress=False)
    assert "http://127.0.0.1:9/ml-100k.zip: can't connect" in str(caught.value)
    assert "u.data" in str(caught.value)
    assert "--data-dir FOLDER" in str(caught.value)


@pytest.mark.parametrize("name", ["u.data", "ml-100k.inter", "ml-100k/u.data"])
def test_a_local_copy_in_a_folder(small, write, tmp_path, name):
    write(f"copy/{name}", INTER if name.endswith("inter") else U_DATA)
    for asked in (None, "ml-100k"):
        dataset = load(asked, tmp_path / "copy", LoadOptions(ties="stable"))
        assert (dataset.name, dataset.n_users, dataset.n_items) == ("ml-100k", 943, 1682)
        assert dataset.test.items.tolist() == expected_test_items()
        assert str(tmp_path / "copy" / name) in dataset.source


def test_a_local_copy_as_a_file(small, write):
    path = write("u.data", U_DATA)
    assert load(data_dir=path).name == load("ml-100k", path).name == "ml-100k"
    # Changed, it is a file of ratings like any other.
    path = write("u.data", U_DATA.replace(b"\t3\t", b"\t4\t", 1))
    assert load(data_dir=path).name == "u"


def test_a_local_copy_that_is_something_else(small, write, tmp_path):
    path = write("copy/u.data", U_DATA[:-10])
    with pytest.raises(
        DataError, match=r"u\.data: not the ratings of ml-100k: .*pass the file itself: --data-dir"
    ):
        load(data_dir=tmp_path / "copy")
    with pytest.raises(DataError, match="not the ratings"):
        load("ml-100k", path)


def test_the_checksum_is_that_of_the_real_rows(real_cache):
    rows = np.loadtxt(real_cache / "ml-100k" / "u.data", dtype=np.int64)
    assert rows.shape == (100_000, 4)
    assert rows[:3].tolist() == [[196, 242, 3, 881250949], [186, 302, 3, 891717742], [22, 377, 1, 878887116]]
    text = "".join("\t".join(map(str, row)) + "\n" for row in rows.tolist())
    assert hashlib.sha256(text.encode()).hexdigest() == movielens.SHA256


@pytest.mark.slow
def test_the_real_one_can_be_fetched_and_gives_the_published_split(published):
    dataset = load("ml-100k", options=LoadOptions(ties="published"))
    expected = load(data_dir=published)
    for name, part in expected.parts().items():
        np.testing.assert_array_equal(dataset.parts()[name].users, part.users)
        np.testing.assert_array_equal(dataset.parts()[name].items, part.items)
        np.testing.assert_array_equal(dataset.parts()[name].labels, part.labels)
