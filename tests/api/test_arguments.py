"""engine=, params=, progress= of symloss.search, evaluate and train, and what they say to bad input."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import symloss as sl
from symloss.engine import LocalEngine
from symloss.models import registry
from symloss.tasks import RatingTask
from symloss.training.settings import TrainingSettings
from tests.api.test_functions import FAST, SEARCH
from tests.search.conftest import make_dataset

POLY = "(1 + gamma*(1 - y))*(yhat - y)**2"


@pytest.fixture(scope="module")
def task() -> RatingTask:
    return RatingTask.of(make_dataset())


def test_constants_by_name(task: RatingTask) -> None:
    found = sl.evaluate([POLY, "mse"], task=task, params={"gamma": (0, 2)}, **FAST)
    written = [sl.evaluate(POLY.replace("gamma", text), task=task, **FAST).results[0] for text in "02"]
    assert found.results[0].valid_metric == max(one.valid_metric for one in written)
    trained = sl.train(POLY, task=task, params={"gamma": 2}, **FAST)
    assert trained.metrics == written[1].metrics and trained.loss.params["gamma"] == 2
    other = sl.train(sl.Loss(POLY, params={"gamma": 1.0}), task=task, params={"gamma": 2}, **FAST)
    assert other.metrics == trained.metrics


def test_an_engine_of_ones_own(task: RatingTask) -> None:
    class Counting(LocalEngine):
        calls = 0
        closed = False

        def fit(self, *given: Any, **further: Any) -> Any:
            self.calls += 1
            return super().fit(*given, **further)

        def close(self) -> None:
            self.closed = True
            super().close()

    engine = Counting(registry.get("mf"), task, TrainingSettings(**FAST))
    by_engine = sl.evaluate("bce", task=task, engine=engine)
    by_name = sl.evaluate("bce", task=task, engine="local", **FAST)
    assert engine.calls and by_engine.results[0].metrics == by_name.results[0].metrics
    assert sl.train("bce", task=task, engine=engine).metrics == by_name.results[0].metrics
    # whoever made it closes it
    assert not engine.closed
    options = {name: value for name, value in SEARCH.items() if name not in FAST}
    before = engine.calls
    searched = sl.search(task=task, engine=engine, **options)
    plain = sl.search(task=task, **SEARCH)
    assert engine.calls > before and not engine.closed
    assert searched.result.best is not None and plain.result.best is not None
    assert searched.result.best.metrics == plain.result.best.metrics


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("function", [sl.evaluate, sl.train])
def test_progress_is_drawn_in_a_terminal_only(
    task: RatingTask, function: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for stream, progress, seen in (
        (Terminal(), None, True),
        (io.StringIO(), None, False),
        (Terminal(), False, False),
        (io.StringIO(), True, True),
    ):
        monkeypatch.setattr("sys.stderr", stream)
        function("bce", task=task, progress=progress, **FAST)
        assert bool(stream.getvalue()) == seen, (progress, stream.getvalue())


def frame(**columns: Any) -> pd.DataFrame:
    generator = np.random.default_rng(1)
    whole = {
        "user": generator.integers(0, 20, 300),
        "item": generator.integers(0, 10, 300),
        "label": generator.integers(0, 2, 300),
    }
    return pd.DataFrame({name: value for name, value in {**whole, **columns}.items() if value is not None})


def rows(**columns: Any) -> pd.DataFrame:
    generator = np.random.default_rng(1)
    whole = {"a": generator.normal(size=200), "label": generator.integers(0, 2, 200)}
    return pd.DataFrame({**whole, **columns})


class NoEngine:
    name = "mine"


def other_engine(task: RatingTask) -> LocalEngine:
    return LocalEngine(registry.get("mf"), RatingTask.of(make_dataset(120)), TrainingSettings(**FAST))


def narrow(task: Any, seed: int) -> Any:
    import torch

    class Narrow(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = torch.nn.Embedding(3, 2)

        def forward(self, users: Any, items: Any) -> Any:
            return self.table(users % 3)

    return Narrow()


BAD: dict[str, Callable[[RatingTask], object]] = {
    "no columns": lambda task: sl.tasks.ratings(train=pd.DataFrame()),
    "no rows": lambda task: sl.tasks.ratings(train=frame().iloc[:0]),
    "no user": lambda task: sl.tasks.ratings(train=frame(user=None)),
    "no label": lambda task: sl.tasks.ratings(train=frame(label=None)),
    "text labels": lambda task: sl.tasks.ratings(train=frame(label=["good"] * 300)),
    "a NaN label": lambda task: sl.tasks.ratings(train=frame(label=[np.nan] + [1.0] * 299)),
    "label 7": lambda task: sl.tasks.ratings(train=frame(label=[7] * 300), labels="binary"),
    "not a frame": lambda task: sl.tasks.ratings(train=3),
    "no file": lambda task: sl.tasks.ratings(train="no/such/file.csv"),
    "one class": lambda task: sl.train("bce", task=sl.tasks.ratings(train=frame(label=[1] * 300)), **FAST),
    "features without columns": lambda task: sl.tasks.features(train=pd.DataFrame(), label="label"),
    "features of text": lambda task: sl.tasks.features(train=rows(b=["x"] * 200), label="label"),
    "a feature that is NaN": lambda task: sl.tasks.features(train=rows(b=[np.nan] * 200), label="label"),
    "no such label": lambda task: sl.tasks.features(train=rows(), label="target"),
    "a metric that is none": lambda task: sl.tasks.ratings(train=frame(), metric="auk"),
    "mf on features": lambda task: sl.train(
        "bce", task=sl.tasks.features(train=rows(), label="label"), **FAST
    ),
    "task is a frame": lambda task: sl.train("bce", task=frame()),  # type: ignore[arg-type]
    "task is None": lambda task: sl.search(task=None),  # type: ignore[arg-type]
    "model is a number": lambda task: sl.train("bce", task=task, model=3),  # type: ignore[arg-type]
    "model without arguments": lambda task: sl.train("bce", task=task, model=lambda: None),  # type: ignore
    "model gives no module": lambda task: sl.train("bce", task=task, model=lambda task, seed: 3, **FAST),  # type: ignore
    "model of a wrong shape": lambda task: sl.train("bce", task=task, model=narrow, **FAST),
    "model that is unknown": lambda task: sl.evaluate("bce", task=task, model="mff"),
    "model that fails": lambda task: sl.train("bce", task=task, model=lambda task, seed: 1 / 0, **FAST),  # type: ignore
    "loss that is unknown": lambda task: sl.train("bcee", task=task),
    "loss that is None": lambda task: sl.evaluate(None, task=task),  # type: ignore[arg-type]
    "loss that is a number": lambda task: sl.evaluate([3], task=task),  # type: ignore[list-item]
    "two losses to train": lambda task: sl.train(["bce", "mse"], task=task),  # type: ignore[arg-type]
    "loss with an open constant": lambda task: sl.train(POLY, task=task),
    "a formula that is none": lambda task: sl.train("yhat +", task=task),
    "params that nobody has": lambda task: sl.evaluate("bce", task=task, params={"tau": 1}),
    "params of text": lambda task: sl.train(POLY, task=task, params={"gamma": "much"}),  # type: ignore[dict-item]
    "params that are a list": lambda task: sl.train(POLY, task=task, params=[1]),  # type: ignore[arg-type]
    "params without a value": lambda task: sl.evaluate(POLY, task=task, params={"gamma": ()}),
    "several params to train": lambda task: sl.train(POLY, task=task, params={"gamma": (1, 2)}),  # type: ignore
    "time abc": lambda task: sl.evaluate("bce", task=task, time="abc"),
    "time 0": lambda task: sl.search(task=task, time=0),
    "time of a list": lambda task: sl.train("bce", task=task, time=[1]),  # type: ignore[arg-type]
    "eps of text": lambda task: sl.evaluate("bce", task=task, eps="small"),
    "scale of text": lambda task: sl.evaluate("bce", task=task, scale="large"),
    "scale below 0": lambda task: sl.evaluate("bce", task=task, scale=[-1], **FAST),
    "no seeds": lambda task: sl.evaluate("bce", task=task, seeds=[]),
    "seed of text": lambda task: sl.train("bce", task=task, seed="one"),  # type: ignore[arg-type]
    "seed of a search": lambda task: sl.search(task=task, seed="one", loops=1),  # type: ignore[arg-type]
    "a rate of text": lambda task: sl.train("bce", task=task, learning_rate="high"),
    "an l2 of text": lambda task: sl.evaluate("bce", task=task, l2="none"),
    "a rate below 0": lambda task: sl.train("bce", task=task, learning_rate=-1.0),
    "epochs of half": lambda task: sl.train("bce", task=task, max_epochs=1.5),
    "optimizer that is unknown": lambda task: sl.train("bce", task=task, optimizer="lion"),
    "device that is unknown": lambda task: sl.train("bce", task=task, device="toaster"),
    "engine that is unknown": lambda task: sl.train("bce", task=task, engine="cloud"),
    "engine that is none": lambda task: sl.evaluate("bce", task=task, engine=NoEngine()),  # type: ignore
    "engine of another task": lambda task: sl.evaluate("bce", task=task, engine=other_engine(task)),
    "engine and settings": lambda task: sl.train(
        "bce", task=task, engine=LocalEngine(registry.get("mf"), task, TrainingSettings()), l2=1e-3
    ),
    "address without a cluster": lambda task: sl.train("bce", task=task, ray_address="here:1", **FAST),
    "progress that is none": lambda task: sl.evaluate("bce", task=task, progress="yes", **FAST),  # type: ignore
    "preset that is unknown": lambda task: sl.search(task=task, preset="finest"),
    "argument that is unknown": lambda task: sl.search(task=task, loopz=3),
    "loops of text": lambda task: sl.search(task=task, loops="many"),
    "operators of a number": lambda task: sl.search(task=task, operators=3, loops=1),
    "strategy that is unknown": lambda task: sl.search(task=task, strategy="luck", loops=1),
    "a run that is none": lambda task: sl.search(task=task, resume="no/such/run"),
    "out and resume": lambda task: sl.search(task=task, out="a", resume="b"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_a_sentence(task: RatingTask, name: str) -> None:
    with pytest.raises(sl.SymlossError) as raised:
        BAD[name](task)
    said = str(raised.value)
    assert len(said) > 20 and "Traceback" not in said, said
