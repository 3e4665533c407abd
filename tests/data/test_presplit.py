from __future__ import annotations

import numpy as np
import pytest

from symloss.data import LoadOptions, load, load_presplit
from symloss.errors import DataError
from symloss.signature import Labels

HEADER = "uid\tiid\tlabel\n"
TRAIN = "7\t10\t1\n3\t9\t0\n7\t9\t1\n3\t10\t1\n"


@pytest.fixture
def folder(tmp_path, write):
    write("d/toy.train.csv", HEADER + TRAIN)
    write("d/toy.validation.csv", HEADER + "12\t9\t1\n")
    write("d/toy.test.csv", HEADER + "3\t100\t0\n")
    return tmp_path / "d"


def test_order_is_kept_and_ids_of_any_part_get_an_index(folder):
    dataset = load_presplit(folder)
    assert (dataset.name, dataset.n_users, dataset.n_items) == ("toy", 3, 3)
    assert dataset.train.users.tolist() == [1, 0, 1, 0]
    assert dataset.train.items.tolist() == [1, 0, 0, 1]
    assert dataset.train.labels.tolist() == [1, 0, 1, 1]
    assert (dataset.validation.users.tolist(), dataset.test.items.tolist()) == ([2], [2])
    assert str(folder) in dataset.source


def test_a_label_of_7_names_file_line_value_and_what_to_do(folder, write):
    path = write("d/toy.train.csv", HEADER + TRAIN + "1\t1\t7\n1\t2\t8\n")
    with pytest.raises(DataError) as caught:
        load(data_dir=folder)
    message = str(caught.value)
    assert f"{path}, line 6: label 7 is not allowed (2 such rows)" in message
    assert "binary labels are in {0, 1}" in message
    assert "--labels unit" in message
    assert "--labels real" in message
    assert "--threshold" in message
    assert load(data_dir=folder, options=LoadOptions(labels="real")).train.labels.max() == 8
    with pytest.raises(DataError, match=r"unit labels are in \[0, 1\]\. --labels real"):
        load_presplit(folder, labels=Labels.UNIT)


def test_unit_labels(folder, write):
    write("d/toy.train.csv", HEADER + TRAIN + "1\t1\t0.25\n")
    with pytest.raises(DataError, match=r"line 6: label 0.25 is not allowed"):
        load_presplit(folder)
    assert load_presplit(folder, labels=Labels.UNIT).train.labels[-1] == np.float32(0.25)


def test_unreadable_rows_are_counted_over_the_files(folder, write):
    write("d/toy.train.csv", HEADER + TRAIN + "\t1\t1\n")
    write("d/toy.validation.csv", HEADER + "12\t9\t1\n12\t9\tyes\n")
    rejected = load_presplit(folder).rejected
    assert rejected.total == 2
    assert "toy.train.csv, line 6: user ''" in rejected.describe()
    assert "toy.validation.csv, line 3: label 'yes'" in rejected.describe()


def test_a_missing_file_is_named(folder):
    (folder / "toy.test.csv").unlink()
    with pytest.raises(DataError, match=r"toy\.test\.csv is missing; a presplit folder holds"):
        load_presplit(folder)


def test_several_data_sets_are_listed_and_one_can_be_chosen(folder, write):
    write("d/other.train.csv", HEADER + TRAIN)
    with pytest.raises(DataError, match="holds 2 data sets: other, toy; choose one with --dataset NAME"):
        load(data_dir=folder)
    assert load("toy", folder).name == "toy"
    with pytest.raises(DataError, match="unknown dataset 'toi'; did you mean 'toy'"):
        load("toi", folder)


def test_the_published_split_has_the_published_numbers(published):
    dataset = load(data_dir=published)
    assert (dataset.n_users, dataset.n_items) == (943, 1682)
    assert [len(part) for part in dataset.parts().values()] == [94_638, 2_334, 3_028]
    assert not dataset.rejected
