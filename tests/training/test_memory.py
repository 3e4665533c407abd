"""Planning with made-up budgets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from symloss.data.dataset import Interactions
from symloss.errors import OptionError
from symloss.models.memory_need import MemoryNeed
from symloss.training import memory
from symloss.training.member import Member
from symloss.training.memory import SHARE, free_memory, member_bytes, plan_population, population_limit
from symloss.training.settings import TrainingSettings
from tests.compile.programs import BCE, MSE
from tests.models.by_hand import ByHand

NEED = MemoryNeed(
    entities=2000,
    by_entity=1000,
    batch_size=100,
    by_batch_row=5000,
    rows=10_000,
    by_row=100,
    shared=3_000_000,
)
EACH = 2000 * 1000 + 100 * 5000


def _free(budget):
    """Return a little more free memory than makes this budget."""
    return int(budget / SHARE) + 2


def test_members_that_fit():
    shared = 3_000_000 + 10_000 * 100
    for count in (1, 2, 7):
        assert plan_population(100, NEED, _free(shared + count * EACH), "here") == count
        assert plan_population(100, NEED, _free(shared + (count + 1) * EACH) - 10, "here") == count
    assert plan_population(5, NEED, _free(shared + 50 * EACH), "here") == 5


def test_members_with_orders_of_their_own_take_more():
    assert member_bytes(NEED, True) == member_bytes(NEED, False) + 10_000 * 100
    free = _free(3_000_000 + 4 * (EACH + 10_000 * 100))
    assert plan_population(100, NEED, free, "here", orders=100) == 4


def test_error_says_what_is_needed_what_is_free_and_what_would_fit():
    # Without parameters 3 + 1 + 0.5 MB are needed: of 5.5 MB, 1 MB is left for 1,000 users and items.
    with pytest.raises(OptionError) as caught:
        plan_population(10, NEED, _free(5_500_000), "cuda:0")
    text = str(caught.value)
    assert (
        "one member needs 6.5 MB (parameters 2.0 MB, a step 500.0 kB, the rows 1.0 MB, the rest 3.0 MB)"
        in text
    )
    assert "cuda:0 has 6.5 MB free, of which 5.5 MB can be used" in text
    assert "1,000 users and items instead of 2,000" in text
    # Neither a smaller step nor no rows at all would be enough by itself.
    assert "rows a batch" not in text
    assert "training rows" not in text


def test_what_would_fit_does_fit():
    free = _free(6_200_000)
    with pytest.raises(
        OptionError, match=r"1,700 users and items .* or 40 rows a batch .* or 7,000 training rows"
    ):
        plan_population(1, NEED, free, "here")
    for smaller in (replace(NEED, entities=1700), replace(NEED, batch_size=40), replace(NEED, rows=7000)):
        assert plan_population(1, smaller, free, "here") == 1
    for larger in (replace(NEED, entities=1701), replace(NEED, batch_size=41), replace(NEED, rows=7001)):
        with pytest.raises(OptionError):
            plan_population(1, larger, free, "here")


def test_error_where_only_another_device_helps():
    with pytest.raises(OptionError, match="what would fit: a device with at least 7.6 MB free"):
        plan_population(1, NEED, 1000, "here")


def test_free_memory_of_the_host():
    assert 0 < free_memory("cpu") < 2**62
    assert free_memory("torch-cpu") > 0


def test_free_memory_keeps_to_the_control_group(tmp_path, monkeypatch):
    proc, group = tmp_path / "meminfo", tmp_path
    proc.write_text("MemTotal: 9000 kB\nMemAvailable:    5000 kB\n")
    monkeypatch.setattr(memory, "_PROC", proc)
    monkeypatch.setattr(memory, "_GROUP", group)
    assert free_memory() == 5000 * 1024
    (group / "memory.max").write_text("max\n")
    assert free_memory() == 5000 * 1024
    (group / "memory.max").write_text("3000000\n")
    (group / "memory.current").write_text("1000000\n")
    assert free_memory() == 2_000_000


def test_need_of_matrix_factorisation_covers_its_parameters():
    nothing = np.zeros(94_638, np.int32)
    train = Interactions(nothing, nothing, nothing.astype(np.float32))
    trainer = ByHand("mf", "torch-cpu").trainer(943, 1682, train)
    need = trainer.memory(20)
    parameters = (943 + 1682) * 65 * 4
    assert need.entities * need.by_entity >= 2 * parameters
    assert need.state >= parameters
    # An H100 of 80 GB holds a thousand members of this size.
    assert plan_population(10_000, need, 78 * 2**30, "cuda:0") > 1000


def test_limit_of_a_population(dataset, monkeypatch):
    members, settings = [Member(MSE), Member(BCE)] * 50, TrainingSettings(threads=2, device="torch-cpu")
    hand = ByHand("mf")
    trainer = hand.trainer(40, 30, dataset.train, settings, "torch-cpu")
    need = trainer.memory(len(BCE.opcodes))
    room = need.shared + need.rows * need.by_row + 20 * member_bytes(need, False)
    monkeypatch.setattr(memory, "free_memory", lambda device: _free(room))
    # Two threads share what is free.
    assert population_limit(trainer, members, settings) == 10
    assert population_limit(trainer, members[:5], settings) == 5
    monkeypatch.setattr(memory, "free_memory", lambda device: 1000)
    with pytest.raises(OptionError, match="the host's memory has 1.0 kB free"):
        population_limit(hand.trainer(40, 30, dataset.train), members, replace(settings, device="cpu"))


def test_what_would_fit_names_no_users_where_there_are_none() -> None:
    need = MemoryNeed(
        entities=0, by_entity=0, batch_size=128, by_batch_row=10**6, rows=1000, by_row=16, shared=10**6,
        by_member=10**8,
    )  # fmt: skip
    with pytest.raises(OptionError) as caught:
        plan_population(1, need, 2 * 10**8, "cuda:0")
    text = str(caught.value)
    assert "users" not in text
    assert "the model 100.0 MB" in text and "the data 1.0 MB" in text
    assert text.endswith("what would fit: 68 rows a batch instead of 128")
