"""Metrics by name: those built in, those of other packages, and what a run keeps of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from symloss.errors import OptionError
from symloss.tasks.metrics import AUC, RMSE, get
from symloss.tasks.metrics.described import Described, describe, described
from symloss.training.settings import TrainingSettings
from tests.installed import install
from tests.testing.test_metrics_and_tasks import MeanMargin


def test_names() -> None:
    assert get("auc") == AUC() and get(RMSE()) == RMSE() and get("margin", [MeanMargin()]) == MeanMargin()
    with pytest.raises(OptionError, match="did you mean 'accuracy'"):
        get("acuracy")


SOAP = """
from tests.testing.test_metrics_and_tasks import MeanMargin


class Soap(MeanMargin):
    name = "soap"


def five():
    return 5


def broken():
    raise RuntimeError("no water")
"""


@pytest.fixture
def soapy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package with one good metric and several that are none."""
    (tmp_path / "soapy.py").write_text(SOAP)
    (tmp_path / "soapless.py").write_text("import soap_that_is_nowhere\n")
    places = ["soap = soapy:Soap", "other = soapy:Soap", "five = soapy:five", "broken = soapy:broken",
              "gone = soapless:Soap", "text = soapy:__name__", "auc = soapless:AUC"]  # fmt: skip
    install(tmp_path, "soapy", "\n".join(["[symloss.metrics]", *places]))
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.usefixtures("soapy")
def test_other_packages_name_theirs() -> None:
    assert get("soap").name == "soap" and get("soap") == get("soap")
    assert TrainingSettings(metric="soap").validation_metric == get("soap")
    # a built-in name is not looked for elsewhere
    assert get("auc") == AUC()
    with pytest.raises(OptionError, match="did you mean 'soap'"):
        get("soaps")


@pytest.mark.usefixtures("soapy")
@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("gone", "can't be loaded from soapless:Soap .*soap_that_is_nowhere.* uninstall the package soapy"),
        ("broken", r"soapy:broken, which can't be made \(RuntimeError: no water\)"),
        ("five", "soapy:five, which gives int; it must be"),
        ("text", "soapy:__name__, which is str; it must be"),
        ("other", "has the name 'soap'; it must be that of its entry point"),
    ],
)
def test_a_package_that_fails_is_named(name: str, says: str) -> None:
    with pytest.raises(OptionError, match=says):
        get(name)


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
