"""Metrics by name: those built in, those of other packages, and what a run keeps of them."""

from __future__ import annotations

import importlib.metadata
from types import SimpleNamespace
from typing import Any

import pytest

from symloss.errors import OptionError
from symloss.tasks.metrics import AUC, RMSE, get, registry
from symloss.tasks.metrics.described import Described, describe, described
from symloss.training.settings import TrainingSettings
from tests.testing.test_metrics_and_tasks import MeanMargin


def test_names() -> None:
    assert get("auc") == AUC() and get(RMSE()) == RMSE() and get("margin", [MeanMargin()]) == MeanMargin()
    with pytest.raises(OptionError, match="did you mean 'accuracy'"):
        get("acuracy")


def entry(monkeypatch: pytest.MonkeyPatch, load: Any) -> list[int]:
    asked: list[int] = []

    def points(*, group: str) -> list[Any]:
        assert group == "symloss.metrics"
        asked.append(1)
        return [SimpleNamespace(name="margin", value="package:Margin", load=load)]

    monkeypatch.setattr(registry, "entry_points", points)
    return asked


def test_other_packages_name_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = entry(monkeypatch, lambda: MeanMargin)
    assert get("auc").name == "auc" and not asked
    assert get("margin") == MeanMargin() and asked
    assert TrainingSettings(metric="margin").validation_metric == MeanMargin()
    with pytest.raises(OptionError, match="did you mean 'margin'"):
        get("margins")


def test_a_package_that_fails_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Any:
        raise ImportError("no module named soap")

    entry(monkeypatch, broken)
    with pytest.raises(OptionError, match="package:Margin can't be loaded .*no module named soap"):
        get("margin")
    entry(monkeypatch, lambda: lambda: 5)
    with pytest.raises(OptionError, match="gives int; it must be"):
        get("margin")


def test_a_real_entry_point_is_found(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "soapy.py").write_text(
        "from tests.testing.test_metrics_and_tasks import MeanMargin\nclass Soap(MeanMargin):\n    name = 'soap'\n"
    )
    info = tmp_path / "soapy-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: soapy\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[symloss.metrics]\nsoap = soapy:Soap\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert "soap" in {one.name for one in importlib.metadata.entry_points(group="symloss.metrics")}
    assert get("soap").name == "soap"


def test_what_a_run_keeps() -> None:
    kept = describe([AUC(), MeanMargin()])
    auc, margin = described(kept)
    assert auc == AUC() and isinstance(margin, Described)
    assert (margin.title, margin.higher_is_better) == ("margin", True)
    with pytest.raises(OptionError, match="only known by name"):
        margin.measure(None, None, None)  # type: ignore[arg-type]
    assert described([{"name": 3}, "x", *kept[:1]]) == (AUC(),) and described(None) == ()


def test_the_old_name_works_and_warns() -> None:
    import symloss.training

    for module in (symloss.training, symloss.training.settings):
        with pytest.warns(DeprecationWarning, match="now symloss.tasks.metrics"):
            old = module.Metric
        assert AUC() == old.AUC and old("rmse") == RMSE() and list(old) == [AUC(), RMSE()]
        assert TrainingSettings(metric=old.RMSE).validation_metric == RMSE()


def test_settings_keep_a_metric_of_ones_own() -> None:
    from dataclasses import replace

    settings = TrainingSettings(metric=MeanMargin())
    again = replace(settings, max_epochs=3)
    assert again.validation_metric == MeanMargin() and settings.to_json()["metric"] == "margin"
    assert TrainingSettings(metric=AUC()).metric == "auc" == TrainingSettings().to_json()["metric"]
