from __future__ import annotations

import pytest

from symloss.data import DATASETS, LoadOptions, listing, load
from symloss.errors import DataError, OptionError


def test_every_data_set_is_listed_with_one_line(cache):
    lines = {line.name: line for line in listing()}
    assert list(lines) == list(DATASETS) == ["ml-100k", "synthetic"]
    assert all(line.description and "\n" not in line.description for line in lines.values())
    assert (lines["ml-100k"].cached, lines["ml-100k"].path) == (False, cache / "ml-100k" / "u.data")
    assert (lines["synthetic"].cached, lines["synthetic"].path) == (None, None)


def test_an_unknown_name_says_what_to_do():
    with pytest.raises(DataError) as caught:
        load("ml100k")
    assert str(caught.value) == "unknown dataset 'ml100k'; did you mean 'ml-100k'? (symloss data lists all)"


def test_paths_that_lead_nowhere(tmp_path, write):
    with pytest.raises(
        DataError, match="no file or folder .*nowhere; --data-dir takes a folder of NAME.train.csv"
    ):
        load(data_dir=tmp_path / "nowhere")
    with pytest.raises(DataError, match="can't read .*too long"):
        load(data_dir="x" * 5000)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="empty holds nothing; expected were NAME.train.csv"):
        load(data_dir=tmp_path / "empty")
    write("some/ratings.csv", "1,2,3,4\n")
    with pytest.raises(
        DataError, match=r"some holds ratings.csv; expected .* pass the file itself: --data-dir FILE"
    ):
        load(data_dir=tmp_path / "some")
    with pytest.raises(OptionError, match="--dataset synthetic and --data-dir .* exclude each other"):
        load("synthetic", tmp_path / "some" / "ratings.csv")
    write("copy/u.data", "1\t2\t3\t4\n")
    with pytest.raises(DataError, match="unknown dataset 'ml-1m'; did you mean 'ml-100k'"):
        load("ml-1m", tmp_path / "copy")


def test_names_of_options_are_checked():
    with pytest.raises(OptionError, match="unknown label domain 'binry'; did you mean 'binary'"):
        LoadOptions(labels="binry")
    with pytest.raises(OptionError, match="unknown order of ties 'random'; allowed are stable, published"):
        LoadOptions(ties="random")


def test_labels_and_seed_reach_the_generator():
    dataset = load("synthetic", options=LoadOptions(labels="unit", seed=3))
    assert dataset.labels == "unit"
    assert "seed=3" in dataset.source
