"""Every named loss trains the models along the path of a plain PyTorch loop, to float32 rounding, over 3 epochs."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from symloss import zoo
from symloss.data.dataset import Interactions
from symloss.models.dropout import masks
from symloss.training.member import Member, pack
from symloss.training.orders import epoch_order
from symloss.training.settings import TrainingSettings
from tests.models.by_hand import ByHand
from tests.models.plain import PlainMF, PlainMLP, train

USERS, ITEMS, ROWS = 30, 40, 450
EPS = 0.1


@pytest.fixture(scope="module")
def data() -> Interactions:
    generator = np.random.default_rng(3)
    users, items, labels = (generator.integers(0, size, ROWS) for size in (USERS, ITEMS, 2))
    return Interactions.of(users, items, labels)


@pytest.mark.parametrize("name", zoo.names())
@pytest.mark.parametrize(("model_name", "device"), [("mf", "cpu"), ("mlp", "cpu"), ("mlp", "torch-cpu")])
def test_follows_a_plain_loop(name: str, model_name: str, device: str, data: Interactions) -> None:
    loss = zoo.get(name).with_eps(EPS)
    criterion = loss.torch("none")
    model = ByHand(model_name)
    settings = TrainingSettings()
    state = model.initial_state(USERS, ITEMS, 5, device)
    if model_name == "mf":
        # Scores of N(0, 64) would leave nothing of an exponential loss but overflow.
        state.user_embedding[:] *= 0.2
    plain = PlainMF(state) if model_name == "mf" else PlainMLP(model.to_host(state))
    member = Member(loss.program(), eps=EPS, takes_score=loss.takes_score)
    for epoch in (1, 2, 3):
        order = epoch_order(0, epoch, ROWS)
        (mean,) = model.train_epoch([state], pack([member]), [order], [epoch], data, settings)
        if model_name == "mlp":
            plain.kept, plain.row = masks(np.array([epoch], np.uint64), 0, ROWS, 80, 0.8)[0], 0
        plain.train()
        expected = train(
            plain, lambda yhat, y, eps: criterion(yhat, y), EPS, 1.0, loss.takes_score, data, order,
            lr=settings.learning_rate, l2=settings.l2,
        )  # fmt: skip
        assert mean == pytest.approx(expected, rel=2e-5 if model_name == "mf" else 2e-4)
    plain.eval()
    with torch.no_grad():
        pair = data.users[:60], data.items[:60]
        scores = plain(*(torch.tensor(ids.astype(np.int64)) for ids in pair)).numpy()
    close = {"rtol": 1e-4, "atol": 2e-5} if model_name == "mf" else {"rtol": 2e-3, "atol": 2e-4}
    np.testing.assert_allclose(model.predict(state, *pair), scores, **close)
