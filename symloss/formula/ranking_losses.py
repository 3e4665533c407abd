"""The table of named ranking losses: each with its formula, its usual constants, and where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from symloss.errors import OptionError, unknown_name


@dataclass(frozen=True)
class RankingEntry:
    """One named ranking loss.

    Attributes:
        name: lower case, words joined by "-".
        formula: text in the grammar of `symloss.formula.parse`, in pos and neg.
        source: where it comes from.
        params: the usual value of each constant that it names.
        grids: values that its constants are usually tuned over.
        input: where scores live: "score", "cosine" or "half-cosine".
        negatives: the usual number of negative items, where the loss depends on there being a largest one.
        note: settings and remarks.
    """

    name: str
    formula: str
    source: str
    params: Mapping[str, float] = field(default_factory=dict)
    grids: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    input: str = "score"
    negatives: int | None = None
    note: str = ""


_TAUS = {"tau": (0.05, 0.1, 0.2, 0.3)}
_SL = "lse_neg((neg - pos)/tau)"
_SOFTPLUS = "log(1 + exp(neg - pos))"

RANKING_ENTRIES: tuple[RankingEntry, ...] = (
    RankingEntry(
        "bpr", f"mean_neg({_SOFTPLUS})", "Rendle et al., UAI 2009", note="one negative item is usual"
    ),
    RankingEntry(
        "bpr-eps",
        "mean_neg(-log(gamma + sigmoid(pos - neg)))",
        "RecBole, model/loss.py (BPRLoss)",
        {"gamma": 1e-10},
        {"gamma": (1e-10, 1e-5)},
        note="bpr with a number inside of the logarithm: bounded, its slope vanishes where neg is far above pos",
    ),
    RankingEntry(
        "cml",
        "mean_neg(max(0, m + neg - pos))",
        "Hsieh et al., Collaborative Metric Learning, WWW 2017",
        {"m": 0.5},
        {"m": (0.5, 1.0, 2.0)},
        note="the pairwise hinge",
    ),
    RankingEntry(
        "rank-als",
        "mean_neg((1 + neg - pos)**2)",
        "Takacs and Tikk, RankALS, RecSys 2012",
        note="squared pairwise: turns back where pos is more than 1 above neg",
    ),
    RankingEntry("rankboost", "mean_neg(exp(neg - pos))", "Freund et al., RankBoost, JMLR 2003"),
    RankingEntry(
        "bce-neg",
        "log(1 + exp(-pos)) + sum_neg(log(1 + exp(neg)))",
        "He et al., Neural Collaborative Filtering, WWW 2017",
        note="binary cross entropy with sampled negative items",
    ),
    RankingEntry(
        "gbce",
        "b*log(1 + exp(-pos)) + sum_neg(log(1 + exp(neg)))",
        "Petrov and Macdonald, gSASRec, RecSys 2023",
        {"b": 0.3},
        {"b": (0.1, 0.3, 0.6, 1.0)},
        note="b follows from the share of items that is sampled and t",
    ),
    RankingEntry(
        "ials",
        "(1 - pos)**2 + a*sum_neg(neg**2)",
        "Hu, Koren and Volinsky, ICDM 2008; Rendle et al., RecSys 2022",
        {"a": 0.1},
        {"a": (0.03, 0.1, 0.3)},
        note="pulls negative scores to 0 from below, on purpose",
    ),
    RankingEntry(
        "climf",
        f"log(1 + exp(-pos)) + sum_neg({_SOFTPLUS})",
        "after Shi et al., CLiMF, RecSys 2012",
        note="smooth reciprocal rank, with negative items for the other positive ones of the paper",
    ),
    RankingEntry(
        "top1", "mean_neg(sigmoid(neg - pos) + sigmoid(neg**2))", "Hidasi et al., GRU4Rec, ICLR 2016"
    ),
    RankingEntry(
        "top1-max",
        "wmean_neg(exp(neg), sigmoid(neg - pos) + sigmoid(neg**2))",
        "Hidasi and Karatzoglou, CIKM 2018",
    ),
    RankingEntry(
        "bpr-max",
        "r*wmean_neg(exp(neg), neg**2) - log(wmean_neg(exp(neg), sigmoid(pos - neg)))",
        "Hidasi and Karatzoglou, CIKM 2018",
        {"r": 1},
        {"r": (0.9, 1.0, 1.9)},
    ),
    RankingEntry(
        "sl",
        _SL,
        "Wu et al., On the Effectiveness of Sampled Softmax Loss, TOIS 2024",
        {"tau": 0.2},
        _TAUS,
        "cosine",
        note="the softmax loss, without the positive item in its sum",
    ),
    RankingEntry(
        "infonce",
        f"log(1 + exp({_SL}))",
        "van den Oord et al., 2018",
        {"tau": 0.2},
        _TAUS,
        "cosine",
        note="the softmax loss, with the positive item in its sum",
    ),
    RankingEntry(
        "xe",
        "log(1 + exp(lse_neg(neg - pos)))",
        "Klenitskiy and Vasilev, RecSys 2023",
        note="cross entropy over items",
    ),
    RankingEntry(
        "in-batch",
        "lse_neg(neg/tau - logq) - (pos/tau - logq)",
        "Yi et al., RecSys 2019",
        {"tau": 0.05},
        _TAUS,
        "cosine",
        note="items of the batch as negative ones, corrected for how often each is sampled",
    ),
    RankingEntry(
        "ccl",
        "1 - pos + w*mean_neg(max(0, neg - m))",
        "Mao et al., SimpleX, CIKM 2021",
        {"m": 0.4, "w": 150},
        {"m": (0.4, 0.6, 0.8, 0.9), "w": (150, 300, 1000)},
        "cosine",
    ),
    RankingEntry(
        "simce",
        "max(0, m - pos + max_neg(neg))",
        "Yang et al., SimCE, 2024",
        {"m": 5},
        {"m": (1, 5)},
        note="only the highest negative item counts",
    ),
    RankingEntry(
        "bsl",
        "tau2*lse_neg(neg/tau2) - pos",
        "Wu et al., BSL, ICDE 2024",
        {"tau2": 0.2},
        {"tau2": (0.1, 0.2)},
        "cosine",
        note="as in the paper, with one positive item a row: tau1 drops out",
    ),
    RankingEntry(
        "bsl-2024",
        "tau2/tau1*lse_neg(neg/tau2) - pos/tau1",
        "IR-Benchmark, optim_BSL.py",
        {"tau1": 0.22, "tau2": 0.2},
        {"tau1": (0.2, 0.22), "tau2": (0.1, 0.2)},
        "cosine",
        note="as four benchmarks compute it: sl at tau2 times tau2/tau1",
    ),
    RankingEntry(
        "bsl-reweight",
        "w*lse_neg(neg/tau) - pos/tau",
        "Wu et al., BSL, official code",
        {"tau": 0.2, "w": 1.1},
        {"w": (0.8, 1.1, 1.32)},
        "cosine",
    ),
    RankingEntry(
        "psl",
        "lse_neg(log(1 + neg - pos)/tau)",
        "Yang et al., PSL, NeurIPS 2024",
        {"tau": 0.1},
        _TAUS,
        "half-cosine",
        note="with relu; scores are half cosines",
    ),
    RankingEntry(
        "psl-tanh",
        "lse_neg(log(1 + tanh(neg - pos))/tau)",
        "Yang et al., PSL, NeurIPS 2024",
        {"tau": 0.1},
        _TAUS,
        "half-cosine",
    ),
    RankingEntry(
        "psl-atan",
        "lse_neg(log(1 + atan(neg - pos))/tau)",
        "Yang et al., PSL, NeurIPS 2024",
        {"tau": 0.1},
        _TAUS,
        "half-cosine",
    ),
    RankingEntry(
        "slk",
        f"sigmoid((pos - beta)/tau_w)*{_SL}",
        "Yang et al., SL@K, KDD 2025",
        {"tau": 0.2, "tau_w": 2.5},
        {"tau": (0.05, 0.1, 0.2), "tau_w": (0.5, 0.75, 1, 1.5, 2, 2.5, 3)},
        "cosine",
        1_000,
        note="SL@K; beta is the score of the user's K-th item. The slope through the weight turns where tau_w is small",
    ),
    RankingEntry(
        "talos",
        "log(1 + exp(beta - pos))/tau + lse_neg(-log(1 + exp(beta - neg))/tau)",
        "Zhang et al., Talos, WWW 2026",
        {"tau": 0.2},
        _TAUS,
        "cosine",
    ),
    RankingEntry(
        "cro-sigmoid",
        "log(1 + sum_neg(sigmoid((neg - pos)/tau)))",
        "Tang et al., CROLoss, CIKM 2022",
        {"tau": 0.2},
        _TAUS,
        "cosine",
    ),
    RankingEntry(
        "cro-hinge",
        "log(1 + sum_neg(max(0, 1 + neg - pos)))",
        "Tang et al., CROLoss, CIKM 2022",
    ),
    RankingEntry(
        "approx-ndcg",
        "-log(2)/log(2 + sum_neg(sigmoid((neg - pos)/tau)))",
        "Qin, Liu and Li, 2010",
        {"tau": 0.1},
        {"tau": (0.1, 0.3, 1.0)},
        "cosine",
    ),
    RankingEntry(
        "approx-mrr",
        "-1/(1 + sum_neg(sigmoid((neg - pos)/tau)))",
        "Qin, Liu and Li, 2010",
        {"tau": 0.1},
        {"tau": (0.1, 0.3, 1.0)},
        "cosine",
    ),
    RankingEntry(
        "lrml",
        f"mean_neg({_SOFTPLUS}*sigmoid((neg - pos)/tau) + exp(neg - pos)*sigmoid((pos - neg)/tau))",
        "Lu et al., DiscoPOP, NeurIPS 2024",
        {"tau": 0.05},
        {"tau": (0.05, 1.0)},
        note="found by a language model for preferences; wrong way around pos = neg",
    ),
    RankingEntry(
        "focal-softmax",
        f"sigmoid({_SL})**gamma*log(1 + exp({_SL}))",
        "after Lin et al., focal loss, 2017",
        {"gamma": 2, "tau": 0.2},
        {"gamma": (0.5, 1, 2)},
        "cosine",
    ),
    RankingEntry(
        "gce-softmax",
        f"(1 - sigmoid(-{_SL})**q)/q",
        "after Zhang and Sabuncu, generalized cross entropy, 2018",
        {"q": 0.7, "tau": 0.2},
        {"q": (0.1, 0.3, 0.7)},
        "cosine",
    ),
    RankingEntry(
        "poly-softmax",
        f"log(1 + exp({_SL})) + c*sigmoid({_SL})",
        "after Leng et al., PolyLoss, ICLR 2022",
        {"c": 1, "tau": 0.2},
        {"c": (0.5, 1, 2)},
        "cosine",
    ),
    RankingEntry(
        "drrl",
        "max(0, 1 - pos) + pnorm_neg(w*max(0, neg - m), p)",
        "Zhang et al., DrRL, AAAI 2025",
        {"m": 0.2, "p": 2, "w": 10},
        {"p": (1.5, 2, 4)},
        "cosine",
        note="m, which the paper learns for each user, is given",
    ),
    RankingEntry(
        "warp",
        "stop(log(1 + sum_neg(max(0, sign(1 + neg - pos)))))*mean_neg(max(0, 1 + neg - pos))",
        "after Weston, Bengio and Usunier, IJCAI 2011",
        note="the logarithm of the rank as a weight; sampling until a violation is found is not part of a formula",
    ),
    RankingEntry(
        "top-bpr",
        f"topmean_neg({_SOFTPLUS}, share)",
        "Shi et al., On the Theories Behind Hard Negative Sampling, WWW 2023",
        {"share": 0.05},
        {"share": (0.01, 0.05, 0.2)},
        note="bpr over the highest negative items: a one-way partial AUC",
    ),
)
"""Every named ranking loss."""

NOT_CONTAINED: tuple[tuple[str, str], ...] = (
    ("lambdarank, lambdaloss", "weights by the change of NDCG need the rank of every item: sorting"),
    ("listmle, neuralsort, softrank", "sorting, or order statistics"),
    ("advinfonce, llpauc, adap-tau", "a minimum over a maximum, or scalars learnt beside the model"),
    ("mawu, uib, drrl's own m_u", "learnt parameters of each user or item"),
    ("directau", "scores of users with users and of items with items"),
    ("ease", "a closed form, not a loss of scores"),
)
"""Published losses that no formula of one row can hold, with the reason."""


def _key(name: str) -> str:
    return name.strip().lower().replace("-", "").replace("_", "")


@cache
def _by_key() -> dict[str, RankingEntry]:
    return {_key(entry.name): entry for entry in RANKING_ENTRIES}


def names() -> list[str]:
    """Return the names of all ranking losses."""
    return [entry.name for entry in RANKING_ENTRIES]


def is_name(text: str) -> bool:
    """Return whether `text` names a ranking loss; case, "-" and "_" do not matter."""
    return _key(text) in _by_key()


def entry(name: str) -> RankingEntry:
    """Return the entry of a name.

    Raises:
        OptionError: no ranking loss has that name.
    """
    found = _by_key().get(_key(name))
    if found is None:
        raise OptionError(unknown_name("ranking loss", name, names(), "symloss zoo lists all"))
    return found
