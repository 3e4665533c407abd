"""Ranking losses of whole rows as torch modules, against plain torch, finite differences and many digits."""

from __future__ import annotations

import mpmath
import pytest

from symloss import Loss
from symloss.errors import OptionError

torch = pytest.importorskip("torch")

F = torch.nn.functional


@pytest.fixture
def scores():
    generator = torch.Generator().manual_seed(7)
    pos, neg = (torch.rand(shape, generator=generator, dtype=torch.float64) for shape in ((6,), (6, 5)))
    return (2 * pos - 1).requires_grad_(), (2 * neg - 1).requires_grad_()


PLAIN = {
    "lse_neg((neg - pos)/0.2)": lambda p, n: torch.logsumexp((n - p) / 0.2, 1),
    "mean_neg(log(1 + exp((neg - pos)/0.5)))": lambda p, n: F.softplus((n - p) / 0.5).mean(1),
    "max(0, 1 - pos) + 150*mean_neg(max(0, neg - 0.4))": lambda p, n: (
        torch.relu(1 - p[:, 0]) + 150 * torch.relu(n - 0.4).mean(1)
    ),
    "max(0, 5 - pos + max_neg(neg))": lambda p, n: torch.relu(5 - p[:, 0] + n.amax(1)),
    "topmean_neg(log(1 + exp(neg - pos)), 0.4)": lambda p, n: F.softplus(n - p).topk(2, 1).values.mean(1),
    "topmean_neg(log(1 + exp(neg - pos)), 0.41)": lambda p, n: F.softplus(n - p).topk(3, 1).values.mean(1),
    "pnorm_neg(log(1 + exp(neg)), 3) - pos": lambda p, n: (F.softplus(n) ** 3).mean(1) ** (1 / 3) - p[:, 0],
    "wmean_neg(exp(neg), sigmoid(neg - pos))": lambda p, n: (torch.softmax(n, 1) * torch.sigmoid(n - p)).sum(
        1
    ),
    "stop(sigmoid(pos))*lse_neg(neg - pos)": lambda p, n: (
        torch.sigmoid(p[:, 0]).detach() * torch.logsumexp(n - p, 1)
    ),
    "lse_neg(neg) - lse_neg(neg - log(1 + exp(neg - pos)))": lambda p, n: (
        torch.logsumexp(n, 1) - torch.logsumexp(n - F.softplus(n - p), 1)
    ),
    "-1/(1 + sum_neg(sigmoid((neg - pos)/0.1)))": lambda p, n: -1 / (1 + torch.sigmoid((n - p) / 0.1).sum(1)),
}


@pytest.mark.parametrize("text", PLAIN)
def test_value_and_gradient_of_plain_torch(text: str, scores) -> None:
    pos, neg = scores
    ours = Loss(text, input="cosine", scale=2.0).torch(reduction="none")
    plain = 2 * PLAIN[text](pos[:, None], neg)
    torch.testing.assert_close(ours(pos, neg), plain)
    for mine, other in zip(
        torch.autograd.grad(ours(pos, neg).sum(), (pos, neg)),
        torch.autograd.grad(plain.sum(), (pos, neg)),
        strict=True,
    ):
        torch.testing.assert_close(mine, other)
    if "stop" not in text:
        assert torch.autograd.gradcheck(ours, (pos, neg))
    torch.testing.assert_close(Loss(text, input="cosine").torch()(pos, neg), plain.mean() / 2)


@pytest.mark.parametrize("text", PLAIN)
def test_mask_is_as_if_the_items_were_not_there(text: str, scores) -> None:
    pos, neg = scores
    mask = torch.tensor([[1, 0, 1, 1, 0]] * 5 + [[0] * 5]).bool()
    hidden = torch.where(mask, neg, torch.full_like(neg, float("nan")))
    criterion = Loss(text, input="cosine").torch(reduction="none")
    found = criterion(pos, hidden, mask)
    torch.testing.assert_close(found[:5], criterion(pos[:5], neg[:5][:, [0, 2, 3]]))
    assert found[5] == 0
    for gradient in torch.autograd.grad(found.sum(), (pos, neg)):
        assert bool(gradient.isfinite().all())
        assert bool((gradient[5] == 0).all())


def test_statistics(scores) -> None:
    pos, neg = scores
    beta, logq, logq_neg = torch.full((6,), 0.3).double(), torch.randn(6).double(), torch.randn(6, 5).double()
    slk = Loss("sigmoid((pos - beta)/2.5)*lse_neg((neg - pos)/0.2)", input="cosine").torch(reduction="none")
    plain = torch.sigmoid((pos - beta) / 2.5) * torch.logsumexp((neg - pos[:, None]) / 0.2, 1)
    torch.testing.assert_close(slk(pos, neg, beta=beta), plain)
    batch = Loss("lse_neg(neg - logq) - (pos - logq)").torch(reduction="none")
    plain = torch.logsumexp(neg - logq_neg, 1) - (pos - logq)
    torch.testing.assert_close(batch(pos, neg, logq=logq, logq_neg=logq_neg), plain)
    inside = Loss("lse_neg(neg - logq) - pos").torch(reduction="none")
    torch.testing.assert_close(inside(pos, neg, logq_neg=logq_neg), torch.logsumexp(neg - logq_neg, 1) - pos)
    with pytest.raises(OptionError, match="takes beta"):
        slk(pos, neg)
    with pytest.raises(OptionError, match="logq_neg has shape"):
        batch(pos, neg, logq=logq, logq_neg=logq)
    with pytest.raises(OptionError, match="unknown statistic 'gamma'"):
        slk(pos, neg, beta=beta, gamma=beta)


@pytest.mark.parametrize(
    "text",
    [
        "lse_neg((neg - pos)/0.01)",
        "mean_neg(log(1 + exp((neg - pos)/0.01)))",
        "log(1 + exp((neg - pos)/0.01))",
    ],
)
def test_float32_at_a_small_temperature_against_many_digits(text: str) -> None:
    generator = torch.Generator().manual_seed(1)
    pos = (2 * torch.rand(50, generator=generator) - 1).requires_grad_()
    neg = 2 * torch.rand(50, 3, generator=generator) - 1
    found = Loss(text, input="cosine").torch(reduction="none")(pos, neg)
    assert bool(found.isfinite().all())
    assert bool(torch.autograd.grad(found.sum(), pos)[0].isfinite().all())
    with mpmath.workdps(40):
        for row in range(50):
            d = [(mpmath.mpf(n.item()) - mpmath.mpf(pos[row].item())) / mpmath.mpf("0.01") for n in neg[row]]
            if text.startswith("lse"):
                exact = mpmath.log(sum(mpmath.exp(one) for one in d))
            else:
                exact = sum(mpmath.log(1 + mpmath.exp(one)) for one in d) / 3
            assert abs(found[row].item() - float(exact)) <= 1e-4 + 1e-5 * abs(float(exact))


def test_refused(scores) -> None:
    pos, neg = scores
    criterion = Loss("lse_neg(neg - pos)").torch()
    with pytest.raises(OptionError, match=r"they must be \(B,\) and \(B, N\)"):
        criterion(pos, neg[:3])
    with pytest.raises(OptionError, match="no scores"):
        criterion(pos, neg[:, :0])
    with pytest.raises(OptionError, match="floating point"):
        criterion(pos.long(), neg)
    with pytest.raises(OptionError, match="takes no weight"):
        Loss("lse_neg(neg - pos)").torch(weight=pos)
    assert Loss("pnorm_neg(neg, 2) - pos").torch(reduction="none")(pos, neg).isnan().any()
    zero = Loss("pnorm_neg(max(0, neg), 2) - pos").torch()
    negative = -neg.abs()
    gradient = torch.autograd.grad(zero(pos, negative), neg, allow_unused=True)[0]
    assert bool((gradient == 0).all())
