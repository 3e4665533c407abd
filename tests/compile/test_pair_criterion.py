"""Ranking losses as torch modules, against plain torch and finite differences."""

from __future__ import annotations

import pytest

from symloss import Loss
from symloss.errors import OptionError

torch = pytest.importorskip("torch")


@pytest.fixture
def scores():
    generator = torch.Generator().manual_seed(5)
    pos, neg = (torch.randn(shape, generator=generator, dtype=torch.float64) for shape in ((6,), (6, 4)))
    return pos.requires_grad_(), neg.requires_grad_()


def test_value_and_gradient_of_plain_torch(scores) -> None:
    pos, neg = scores
    ours = Loss("log(1 + exp((neg - pos)/tau))", params={"tau": 0.5}, scale=3.0).torch()
    plain = 3 * torch.nn.functional.softplus((neg - pos[:, None]) / 0.5).mean(1).mean()
    torch.testing.assert_close(ours(pos, neg), plain)
    for mine, other in zip(
        torch.autograd.grad(ours(pos, neg), (pos, neg)), torch.autograd.grad(plain, (pos, neg)), strict=True
    ):
        torch.testing.assert_close(mine, other)
    single = Loss("max(0, 1 - pos + neg)").torch(reduction="none")(pos, neg[:, 0])
    torch.testing.assert_close(single, torch.relu(1 - pos + neg[:, 0]))
    assert torch.autograd.gradcheck(ours, (pos, neg))
    assert torch.autograd.gradcheck(Loss("-sigmoid(pos)*(1 - sigmoid(neg))").torch(), (pos, neg))


def test_mask(scores) -> None:
    pos, neg = scores
    mask = torch.tensor([[1, 1, 0, 0]] * 5 + [[0, 0, 0, 0]]).bool()
    hidden = torch.where(mask, neg, torch.full_like(neg, float("nan")))
    criterion = Loss("log(1 + exp(neg - pos))").torch(reduction="none")
    found = criterion(pos, hidden, mask)
    expected = torch.nn.functional.softplus(neg[:, :2] - pos[:, None]).mean(1)
    torch.testing.assert_close(found[:5], expected[:5])
    assert found[5] == 0
    gradient = torch.autograd.grad(found.sum(), pos)[0]
    assert bool(gradient.isfinite().all())
    assert gradient[5] == 0


def test_reductions_dtype_and_constants(scores) -> None:
    pos, neg = (one.detach().float() for one in scores)
    rows = Loss("exp(neg - pos)").torch(reduction="none")(pos, neg)
    assert rows.shape == (6,)
    assert rows.dtype == torch.float32
    torch.testing.assert_close(Loss("exp(neg - pos)").torch(reduction="sum")(pos, neg), rows.sum())
    assert Loss("neg").torch(reduction="none")(pos, neg).shape == (6,)


def test_refused(scores) -> None:
    pos, neg = scores
    criterion = Loss("neg - pos").torch()
    for wrong in ((neg, neg), (pos, neg[:3]), (pos, neg.int()), (pos, neg, torch.ones(6, 3))):
        with pytest.raises(OptionError):
            criterion(*wrong)
    with pytest.raises(OptionError, match="reduction"):
        Loss("neg - pos").torch(reduction="median")
    with pytest.raises(OptionError, match="from_logits"):
        Loss("neg - pos").torch(from_logits=True)
    with pytest.raises(OptionError, match="no weight"):
        Loss("neg - pos").torch(weight=pos)
