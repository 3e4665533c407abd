"""The contract of trainers, as a test class: subclass it, say what is trained, and run pytest.

    class TestMyTrainer(TrainerContract):
        model, task, settings = MY_MODEL, MY_TASK, TrainingSettings(optimizer="adam")
        trainer = MyTrainer

`symloss.models.generic_torch.GenericTorch` is the semantics: a trainer has to give its losses, from the same start, by
the same orders, and draw the same dropout. Sums are taken in another order there, so numbers agree up to the roundings
of float32: 1e-6 relative for the first epoch's mean loss. Later ones drift apart as far as training amplifies a
rounding, so they are compared at `drift`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from symloss import zoo
from symloss.compile.program import Program, ProgramBatch
from symloss.errors import RunError
from symloss.models.generic_torch import GenericTorch
from symloss.models.model import Model
from symloss.models.trainer import StepSettings, Trainer
from symloss.ops.opcode import Opcode
from symloss.tasks.task import Task


class TrainerContract:
    """What every trainer holds; a subclass sets the attributes.

    Attributes:
        model, task, settings: what is trained, on what, and how. The task needs at least three batches of rows.
        trainer: the class under test.
        losses: names of the zoo, at least two different ones; they are the members.
        first, drift: relative tolerance of the mean loss of the first epoch and of later ones.
        grouped: relative tolerance between a member alone and among others; 0 for bit for bit.
    """

    model: ClassVar[Model]
    task: ClassVar[Task]
    settings: ClassVar[StepSettings]
    trainer: ClassVar[type[Trainer]]
    losses: ClassVar[Sequence[str]] = ("bce", "mse", "hinge")
    first: ClassVar[float] = 1e-6
    drift: ClassVar[float] = 1e-4
    grouped: ClassVar[float] = 1e-4

    @pytest.fixture
    def bound(self) -> Trainer:
        """Return a fresh trainer."""
        return self.trainer(self.model, self.task, self.settings)

    def test_it_does_not_refuse(self) -> None:
        """It takes the model, the task and the settings that it is tested with, and says so without a sentence."""
        assert self.trainer.refuses(self.model, self.task, self.settings) is None

    def test_a_refusal_is_a_sentence(self) -> None:
        """A model that nobody knows is taken, or refused in words; it is never an error."""
        unknown = Model("unknown", _no_module)
        why = self.trainer.refuses(unknown, self.task, self.settings)
        assert why is None or len(why.split()) >= 4

    def test_the_start_is_a_function_of_the_seed(self, bound: Trainer) -> None:
        """Equal seeds start alike, in any trainer; others start otherwise."""
        again = self.trainer(self.model, self.task, self.settings)
        one, same, other = bound.start(3), again.start(3), bound.start(4)
        assert _equal(bound.save(one), again.save(same))
        assert not _equal(bound.save(one), bound.save(other))

    def test_it_gives_the_losses_of_the_generic_trainer(self, bound: Trainer) -> None:
        """Mean losses of three epochs, and the scores after them, are those of the module itself."""
        generic = GenericTorch(self.model, self.task, self.settings)
        here = [bound.start(k) for k in range(len(self.losses))]
        there = [generic.start(k) for k in range(len(self.losses))]
        for epoch in range(3):
            found = self._epoch(bound, here, epoch)
            expected = [self._epoch(generic, [state], epoch, [k])[0] for k, state in enumerate(there)]
            np.testing.assert_allclose(found, expected, rtol=self.first if epoch == 0 else self.drift)
        part = self.task.validation
        scores, wanted = (
            _host(one.scores(states, part)) for one, states in ((bound, here), (generic, there))
        )
        np.testing.assert_allclose(scores, wanted, rtol=100 * self.drift, atol=100 * self.drift)

    def test_numbers_do_not_depend_on_the_group(self, bound: Trainer) -> None:
        """A member trains alone as it does among others."""
        together = [bound.start(k) for k in range(len(self.losses))]
        losses = self._epoch(bound, together, 0)
        for k, state in enumerate(together):
            alone = bound.start(k)
            (loss,) = self._epoch(bound, [alone], 0, [k])
            _close(loss, losses[k], min(self.grouped, 1e-6))
            one, other = (_host(bound.scores([found], self.task.validation)) for found in (alone, state))
            np.testing.assert_allclose(one, other, rtol=self.grouped, atol=10 * self.grouped)

    def test_members_with_one_order_share_nothing(self, bound: Trainer) -> None:
        """The same order array for all members is one order, and nothing more."""
        order = self._order(0, 0)
        states = [bound.start(0), bound.start(0)]
        losses = _epoch(bound, states, self._batch([0, 0]), [order, order], [5, 5])
        _close(losses[0], losses[1], min(self.grouped, 1e-6))
        one, other = _host(bound.scores(states, self.task.validation))
        np.testing.assert_allclose(one, other, rtol=self.grouped, atol=10 * self.grouped)

    def test_a_copy_is_independent(self, bound: Trainer) -> None:
        """Training a copy leaves the state as it was, and both go on alike."""
        state = bound.start(0)
        self._epoch(bound, [state], 0, [0])
        before = bound.save(state)
        copy = bound.copy(state)
        (first,) = self._epoch(bound, [copy], 1, [0])
        assert _equal(bound.save(state), before)
        (second,) = self._epoch(bound, [state], 1, [0])
        assert first == second
        assert _equal(bound.save(state), bound.save(copy))

    def test_a_saved_state_goes_on_where_it_was(self, bound: Trainer) -> None:
        """What `save` gives is plain data, and another trainer goes on with it bit for bit."""
        state = bound.start(0)
        self._epoch(bound, [state], 0, [0])
        saved = bound.save(state)
        _check_plain(saved)
        other = self.trainer(self.model, self.task, self.settings)
        again = other.load(saved)
        assert _equal(other.save(again), saved)
        one, two = self._epoch(bound, [state], 1, [0]), self._epoch(other, [again], 1, [0])
        assert one == two
        assert _equal(bound.save(state), other.save(again))

    def test_a_state_of_something_else_is_refused(self, bound: Trainer) -> None:
        """What was not saved by this kind of trainer is an error with a sentence."""
        for saved in ({"kind": "something else"}, {}):
            with pytest.raises(RunError):
                bound.load(saved)

    def test_a_diverging_member_leaves_the_others_alone(self, bound: Trainer) -> None:
        """NaN in one member is reported as its loss, and the other trains as it does alone."""
        opcodes, left = np.array([Opcode.SUBTRACT, Opcode.DIVIDE], np.int32), np.array([0, 3], np.int32)
        bad = Program(opcodes, left, left, np.empty(0))
        good = zoo.get(self.losses[0])
        batch = ProgramBatch.pack([good.program(), bad], [1e-6, 1e-6], takes_score=[good.takes_score, False])
        states = [bound.start(0), bound.start(0)]
        orders = [self._order(0, 0)] * 2
        found = _epoch(bound, states, batch, orders, [0, 0])
        assert not math.isfinite(found[1])
        alone = bound.start(0)
        (loss,) = _epoch(bound, [alone], self._batch([0]), orders[:1], [0])
        _close(found[0], loss, min(self.grouped, 1e-6))
        assert np.isfinite(_host(bound.scores(states[:1], self.task.validation))).all()

    def test_each_member_has_its_own_rate(self, bound: Trainer) -> None:
        """A member of rate 0 stands still beside one that moves."""
        states = [bound.start(0), bound.start(0)]
        start = _host(bound.scores(states[:1], self.task.validation))
        losses, order = self._batch([0, 0]), self._order(0, 0)
        rates = np.array([0.0, self.settings.learning_rate])
        bound.epoch(states, losses, [order] * 2, [0, 0], rates, np.zeros(2))
        parameters = [bound.parameters(bound.to_host(state)) for state in (bound.start(0), *states)]
        for name, before in parameters[0].items():
            np.testing.assert_array_equal(parameters[1][name], before, err_msg=name)
        moved = _host(bound.scores(states[1:], self.task.validation))
        assert not np.array_equal(start, moved)

    def test_scores_come_from_any_place(self, bound: Trainer) -> None:
        """A state scores on the host as it does on its device, in any company."""
        states = [bound.start(k) for k in range(2)]
        self._epoch(bound, states, 0, [0, 1])
        part = self.task.validation
        scores = _host(bound.scores(states, part))
        assert scores.shape == (2, len(part))
        assert scores.dtype == np.float32
        for k, state in enumerate(states):
            for one in (state, bound.to_host(state)):
                np.testing.assert_allclose(
                    _host(bound.scores([one], part))[0], scores[k], rtol=1e-5, atol=1e-5
                )

    def test_it_says_what_it_takes(self, bound: Trainer) -> None:
        """Groups have at least one member, and memory counts what is trained."""
        assert 1 <= bound.group_size(8, 2) <= 8
        need = bound.memory(20)
        size = sum(array.nbytes for array in bound.parameters(bound.to_host(bound.start(0))).values())
        assert need.entities * need.by_entity + need.by_member >= size
        assert need.rows == len(self.task.train)

    def test_what_is_compiled_stays_so(self, bound: Trainer) -> None:
        """After `compile` there is nothing left to compile."""
        bound.compile()
        assert bound.compiled
        assert bound.compile() is False

    def _batch(self, which: Sequence[int]) -> ProgramBatch:
        chosen = [zoo.get(self.losses[k]) for k in which]
        return ProgramBatch.pack(
            [loss.program() for loss in chosen],
            [0.1 if loss.eps is None else float(loss.eps) for loss in chosen],
            takes_score=[loss.takes_score for loss in chosen],
        )

    def _order(self, member: int, epoch: int) -> NDArray[np.int32]:
        generator = np.random.default_rng([member, epoch])
        return generator.permutation(len(self.task.train)).astype(np.int32)

    def _epoch(
        self, trainer: Trainer, states: Sequence[Any], epoch: int, which: Sequence[int] | None = None
    ) -> list[float]:
        which = range(len(states)) if which is None else which
        orders = [self._order(k, epoch) for k in which]
        return _epoch(trainer, states, self._batch(which), orders, [100 * epoch + k for k in which])


def _epoch(
    trainer: Trainer,
    states: Sequence[Any],
    losses: ProgramBatch,
    orders: Sequence[NDArray[np.int32]],
    noise: Sequence[int],
) -> list[float]:
    rates = np.full(len(states), trainer.settings.learning_rate, np.float64)
    return trainer.epoch(states, losses, orders, noise, rates, np.full(len(states), trainer.settings.l2))


def _no_module(task: Task, seed: int) -> Any:
    raise AssertionError("a refusal must not make the module")


def _host(scores: Any) -> NDArray[np.float32]:
    found: NDArray[np.float32] = scores if isinstance(scores, np.ndarray) else scores.cpu().numpy()
    return found


def _close(one: float, other: float, tolerance: float) -> None:
    assert one == other if tolerance == 0 else math.isclose(one, other, rel_tol=tolerance)


def _equal(one: Any, other: Any) -> bool:
    """Return whether saved states are equal bit for bit."""
    if isinstance(one, dict):
        return (
            isinstance(other, dict)
            and one.keys() == other.keys()
            and all(_equal(one[k], other[k]) for k in one)
        )
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(_equal, one, other))
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other)
    return bool(one == other)


def _check_plain(value: Any) -> None:
    """Check that a saved state holds nothing but numbers, text and arrays in lists and dictionaries."""
    if isinstance(value, dict):
        assert all(isinstance(key, str) for key in value)
        for inner in value.values():
            _check_plain(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _check_plain(inner)
    elif isinstance(value, np.ndarray):
        assert value.dtype.kind in "biuf"
    else:
        assert value is None or isinstance(value, str | bool | int | float)
