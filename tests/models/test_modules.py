"""The built-in models as modules: what the kernels compute, from the same start."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from symloss.models import registry
from symloss.models.generic.making import make
from symloss.training.settings import TrainingSettings
from tests.models.pairs import SmallTask


@pytest.mark.parametrize("name", ["mf", "mlp"])
def test_a_module_scores_as_the_kernel_does(name):
    task = SmallTask()
    model = registry.get(name)
    trainer = registry.trainer_for(model, task, TrainingSettings())
    for seed in (0, 3):
        module = make(model, task, seed).eval()
        users, items = (torch.tensor(column).long() for column in task.test.inputs)
        with torch.no_grad():
            scores = module(users, items).numpy()
        found = trainer.scores([trainer.start(seed)], task.test)[0]
        np.testing.assert_allclose(found, scores, rtol=1e-4, atol=1e-5)
