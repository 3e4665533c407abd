from __future__ import annotations

import math
from dataclasses import replace

import pytest

from symloss.errors import OptionError
from symloss.ops.opcode import Opcode
from symloss.tasks.metrics import AUC, RMSE
from symloss.training.member import Member
from symloss.training.settings import Optimizer, TrainingSettings
from tests.compile.programs import MSE, program


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"learning_rate": 0}, "learning_rate is 0; it must be a positive number"),
        ({"learning_rate": math.nan}, "learning_rate is nan"),
        ({"l2": -1e-4}, "l2 is -0.0001"),
        ({"learning_rate": 2.0, "l2": 0.5}, "below 1 / learning_rate"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"batch_size": 1.5}, "batch_size is 1.5"),
        ({"gradient_clip": 0.0}, "gradient_clip is 0.0"),
        ({"max_epochs": 0}, "max_epochs is 0"),
        ({"patience": True}, "patience is True"),
        ({"metric": "rsme"}, "unknown metric 'rsme'; did you mean 'rmse'"),
        ({"optimizer": "adan"}, "unknown optimizer 'adan'; did you mean 'adam'"),
        ({"seed": -1}, "seed is -1"),
        ({"threads": 0}, "threads is 0"),
        ({"device": ""}, "device is ''"),
    ],
)
def test_values_that_are_not_allowed(options, message):
    with pytest.raises(OptionError, match=message):
        TrainingSettings(**options)


def test_defaults_are_the_papers():
    settings = TrainingSettings()
    assert (settings.learning_rate, settings.l2, settings.batch_size, settings.gradient_clip) == (
        0.01,
        3e-4,
        128,
        50,
    )
    assert (settings.max_epochs, settings.patience, settings.seed) == (3000, 100, 42)
    assert settings.validation_metric == AUC()
    assert settings.optimizer is Optimizer.SGD
    assert settings.n_threads >= 1
    assert TrainingSettings(threads=3).n_threads == 3


def test_improvement():
    assert AUC().improves(0.6, 0.5)
    assert RMSE().improves(0.5, 0.6)
    for metric in (AUC(), RMSE()):
        assert not metric.improves(0.5, 0.5)
        assert not metric.improves(math.nan, metric.worst)
        assert metric.improves(0.5, metric.worst)


@pytest.mark.parametrize(
    "options", [{"eps": 0.0}, {"eps": math.nan}, {"scale": -1.0}, {"scale": math.inf}, {"seed": -1}]
)
def test_member_ranges(options):
    with pytest.raises(OptionError, match="it must be"):
        Member(MSE, **options)


@pytest.mark.parametrize(
    "broken",
    [
        program((99, 0, 0)),
        program((-1, 0, 0)),
        program((Opcode.ADD, 0, 3)),
        program((Opcode.ADD, 0, -1)),
        program((Opcode.ADD, 0, 1), (Opcode.SQUARE, 5, 5), constants=(1.0,)),
        replace(MSE, opcodes=MSE.opcodes[:1]),
        replace(MSE, opcodes=MSE.opcodes[:0], left=MSE.left[:0], right=MSE.right[:0]),
    ],
)
def test_programs_that_would_read_elsewhere_are_refused(broken):
    with pytest.raises(OptionError, match="compile the loss again"):
        Member(broken)
