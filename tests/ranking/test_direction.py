"""The direction of ranking losses: verdicts against slopes that torch finds, and witnesses checked again."""

from __future__ import annotations

import json

import numpy as np
import pytest

from symloss import Loss, zoo

pytest.importorskip("torch")

from tests.ranking.rows import random_rows, slopes, statistics_of

INVALID = {"rank-als", "ials", "top1", "top1-max", "bpr-max", "lrml"}
"""Facts of the literature: these push the wrong way somewhere."""


def witness_slopes(loss: Loss, witness):
    """Return the slopes by pos and by the first negative item at a witness, by autograd."""
    counts = witness.get("counts", [1] * len(witness["neg"]))
    row = [score for score, count in zip(witness["neg"], counts, strict=True) for _ in range(count)]
    given = {name: [witness[name]] for name in ("beta", "n_pos", "logq") if name in witness}
    _, by_pos, by_neg = slopes(loss, [witness["pos"]], [row], **given)
    return {"pos": by_pos[0], "neg": by_neg[0, 0]}


def confirm(loss: Loss, seed: int = 0) -> None:
    """Hold a report against slopes at random rows: no proof is contradicted, every witness is one."""
    report = loss.check(time_limit=10)
    wanted = {"pos": -1, "neg": 1}
    for one in report.requirements:
        name = one.requirement.slope_of
        if one.witness is not None and not one.proof.zero and np.isfinite(one.witness["slope"]):
            assert sum(one.witness.get("counts", [])) <= 1e4 or loss.signature.negatives is None
            if sum(one.witness.get("counts", [])) <= 1e4:
                found = witness_slopes(loss, one.witness)[name]
                assert found * wanted[name] < 0, (loss.formula, one.witness)
                assert found == pytest.approx(one.witness["slope"], rel=1e-6)
    generator = np.random.default_rng(seed)
    for items in (1, 3, 40):
        if loss.signature.negatives is not None and items > loss.signature.negatives:
            continue
        pos, neg = random_rows(loss, generator, 200, items)
        values, by_pos, by_neg = slopes(loss, pos, neg, **statistics_of(loss, generator, 200, items))
        for one in report.requirements:
            if one.proof.status == "proved":
                slope = by_pos if one.requirement.slope_of == "pos" else by_neg
                slope = slope[np.isfinite(values) & np.isfinite(by_pos)]
                size = np.abs(slope).max(initial=1.0)
                assert (slope * one.requirement.sign >= -1e-11 * size).all(), (loss.formula, one.requirement)


@pytest.mark.parametrize("name", zoo.ranking_names())
def test_zoo(name: str) -> None:
    loss = zoo.get(name)
    report = loss.check(time_limit=10)
    assert report.verdict == ("invalid" if name in INVALID else "valid"), report.sentence
    assert report.kind == "ranking"
    json.dumps(report.to_json())
    assert report.page()
    confirm(loss)


def test_slk_needs_a_wide_weight() -> None:
    slk = zoo.slk.with_negatives(1_199)
    narrow = slk.with_params(tau_w=0.5).check()
    assert narrow.verdict == "invalid"
    found = narrow.requirements[0]
    assert witness_slopes(slk.with_params(tau_w=0.5), found.witness)["pos"] > 0
    assert slk.with_params(tau_w=2.5).check().verdict == "valid"
    # with any number of items the sum is as large as one likes, and the slope turns again
    assert slk.with_params(tau_w=2.5).with_negatives(None).check().verdict == "invalid"


def test_bounds_decide() -> None:
    squares = "lse_neg((neg - pos)/0.2) + 1.5*pos**2"
    assert Loss(squares).check().verdict == "invalid"
    assert Loss(squares, input="cosine").check().verdict == "valid"
    psl = "lse_neg(log(1 + neg - pos)/0.2)"
    assert Loss(psl, input="half-cosine").check().verdict == "valid"
    wide = Loss(psl, input="cosine").check()
    assert wide.verdict == "invalid"
    assert "not a real number" in wide.sentence
    plain = "log(1 + exp(neg - pos))"
    assert Loss(plain, input="cosine").check().verdict == "valid"
    assert "up to 7 negative items" in Loss(plain, negatives=7).check().sentence


def test_nothing_is_learned() -> None:
    assert "The slope of pos is zero" in Loss("mean_neg(neg)").check().sentence
    assert Loss("stop(lse_neg(neg - pos))").check().verdict == "invalid"
    assert Loss("stop(pos)*mean_neg(neg)").check().verdict == "invalid"


INNER = [
    "neg - pos", "neg", "log(1 + exp(neg - pos))", "max(0, 0.3 + neg - pos)", "exp(neg - pos)", "neg**2", "neg*pos",
    "sigmoid(3*(neg - pos))", "tanh(neg) - pos", "(neg - pos)**2", "neg/0.2 - pos/0.2", "-neg", "abs(neg)",
]  # fmt: skip
AGGREGATES = [
    "mean_neg({})", "sum_neg({})", "lse_neg({})", "max_neg({})", "topmean_neg({}, 0.3)",
    "pnorm_neg(max(0, {}), 2)", "wmean_neg(exp(neg), {})",
]  # fmt: skip
OUTER = [
    "{}", "{} - pos", "log(1 + exp({}))", "sigmoid(pos)*{}", "-exp(-{})", "{}**2", "tanh({}) - 0.5*pos",
    "max(0, 1 + {})", "sigmoid({})*(1 - pos)", "stop(sigmoid(pos))*{}", "log(1 + exp(-pos)) + {}",
    "{} + 0.2*pos**2 - pos",
]  # fmt: skip


def _filled(generator, templates, part: str) -> str:
    return str(generator.choice(templates)).format(part)


@pytest.mark.parametrize("seed", range(12))
def test_no_verdict_is_contradicted_at_random_rows(seed: int) -> None:
    generator = np.random.default_rng(seed)
    for _ in range(8):
        text = _filled(generator, OUTER, _filled(generator, AGGREGATES, generator.choice(INNER)))
        if generator.random() < 0.2:
            text += " + 0.1*" + _filled(generator, AGGREGATES, generator.choice(INNER))
        loss = Loss(
            text, input=generator.choice(["score", "cosine"]), negatives=int(generator.choice([40, 1000]))
        )
        confirm(loss, seed)


def test_a_range_of_a_constant() -> None:
    from symloss.symbolic.param_range import check_range

    slk = zoo.slk.with_negatives(1_199)

    def decided(loss: Loss, name: str, low: float, high: float):
        values = (low, (low + high) / 2, high)
        reports = [loss.with_params(**{name: value}).check(time_limit=10) for value in values]
        return check_range(loss, name, low, high, reports, 20)

    assert decided(slk, "tau_w", 2.5, 4).verdict == "valid"
    assert decided(zoo.sl, "tau", 0.05, 1).verdict == "valid"
    found = decided(slk, "tau_w", 0.3, 4)
    assert found.verdict == "invalid"
    assert found.proved is not None
    assert found.outside is not None
    low, high = found.proved
    assert high == 4
    # the slope by pos is w ((1 - w) SL/tau_w - 1/tau); SL is at most log 1199 + 2/tau, at pos = -1 and beta = 1
    worst = max(np.log(1_199) + 10, 0.0)
    limit = next(t for t in np.arange(0.3, 4, 1e-3) if worst / (1 + np.exp(-2 / t)) <= t / 0.2)
    assert limit - 1e-3 <= low <= limit + 0.2
    assert found.outside[0] < low
    assert slk.with_params(tau_w=found.outside[0]).check().verdict == "invalid"


def test_the_docs_name_all_of_the_zoo_with_its_verdict() -> None:
    from pathlib import Path

    page = (Path(__file__).resolve().parents[2] / "docs" / "ranking.md").read_text(encoding="utf-8")
    for name in zoo.ranking_names():
        verdict = "invalid" if name in INVALID else "valid"
        assert f"| `{name}` | {verdict}" in page
