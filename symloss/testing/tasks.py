"""What a task has to hold."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod

import numpy as np

from symloss import zoo
from symloss.data.dataset import outside
from symloss.tasks.fingerprint import facts, trained_digest
from symloss.tasks.metric import Metric
from symloss.tasks.rating_task import of
from symloss.tasks.task import Task, contest_baselines_of, parts_of, references_of, warnings_of


class TaskContract(ABC):
    """Tests of a task: subclass it, and give `make`."""

    @abstractmethod
    def make(self) -> Task:
        """Return the task, the same with every call."""

    def test_it_is_a_task(self) -> None:
        """It has what a task needs, and stays what it is."""
        task = self.make()
        assert of(task) is task and task.name and isinstance(task.name, str)

    def test_parts_are_rows(self) -> None:
        """Each part has rows, and one input of each kind and one label a row."""
        task = self.make()
        kinds = [
            [(array.dtype, array.shape[1:]) for array in part.inputs] for part in parts_of(task).values()
        ]
        assert kinds[0] and all(other == kinds[0] for other in kinds[1:])
        for part in parts_of(task).values():
            assert len(part) and part.inputs
            assert part.labels.dtype == np.float32 and part.labels.shape == (len(part),)
            assert all(len(array) == len(part) for array in part.inputs)

    def test_labels_are_those_of_the_signature(self) -> None:
        """No label lies outside of what a loss of this task is made for."""
        task = self.make()
        for part in parts_of(task).values():
            assert not outside(part.labels, task.signature.labels).any()

    def test_metrics_can_be_measured(self) -> None:
        """Names are unique, and what is watched is defined on validation and test part."""
        task = self.make()
        names = [one.name for one in task.metrics]
        assert names and len(set(names)) == len(names)
        assert all(isinstance(one, Metric) for one in task.metrics)
        assert task.metrics[0].refuses(task.validation) is None and task.metrics[0].refuses(task.test) is None

    def test_sizes_are_counts(self) -> None:
        """A factory of modules makes tables of them."""
        sizes = self.make().sizes
        assert sizes and all(isinstance(count, int) and count > 0 for count in sizes.values())

    def test_baselines_are_named_losses(self) -> None:
        """They are in the zoo, and losses on these labels."""
        task = self.make()
        assert task.baselines
        for name in (*task.baselines, *contest_baselines_of(task)):
            domain = task.signature
            assert zoo.is_name(name) and zoo.get(name).with_domain(domain.labels, domain.input)

    def test_the_summary_is_plain(self) -> None:
        """It is written as JSON."""
        assert json.loads(json.dumps(self.make().summary(), allow_nan=False))

    def test_the_fingerprint_is_that_of_the_data(self) -> None:
        """Runs are told apart by it."""
        one, other = self.make(), self.make()
        assert isinstance(one.fingerprint(), str) and one.fingerprint() == other.fingerprint()
        assert facts(one) == facts(other) and trained_digest(one) == trained_digest(other)
        assert json.loads(json.dumps(facts(one)))["rows"] == {k: len(v) for k, v in parts_of(one).items()}

    def test_references_are_measured_as_models_are(self) -> None:
        """Each has the test metrics of the task; the first one is the same for all rows."""
        task = self.make()
        for one in references_of(task, task.metrics[0]):
            assert set(one.metrics) == {metric.name for metric in task.metrics}
            assert np.isfinite(one.valid_metric)

    def test_warnings_are_sentences(self) -> None:
        """They are printed as they are."""
        assert all(isinstance(one, str) and one for one in warnings_of(self.make()))
