"""Constants by name: values, grids and ranges; the loss with a value is the loss with the number typed in."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner
from sympy import Rational

import symloss.cli
from symloss import Loss
from symloss.contest.evaluation import evaluate
from symloss.data import SyntheticOptions, load
from symloss.data.registry import LoadOptions
from symloss.errors import FormulaError, OptionError
from symloss.export import export
from symloss.export import load as load_loss
from symloss.formula.param_grid import ParamGrid, expand
from symloss.formula.params import Params
from symloss.models import registry
from symloss.symbolic.param_range import check_range
from symloss.symbolic.worker.wire import pack, unpack
from symloss.training.settings import TrainingSettings

FOCAL = "-alpha*(1 - yhat)**gamma*y*log(yhat) - (1 - alpha)*yhat**gamma*(1 - y)*log(1 - yhat)"


def focal(alpha: float, gamma: float) -> Loss:
    return Loss(FOCAL, params={"alpha": alpha, "gamma": gamma})


@pytest.mark.parametrize(("alpha", "gamma"), [(0.25, 2), (0.75, 1.5), (0.5, 0), (0.3, 3.25)])
def test_a_value_is_the_number_typed_in(alpha: float, gamma: float) -> None:
    typed = Loss(FOCAL.replace("alpha", f"{alpha}").replace("gamma", f"{gamma}"))
    loss = focal(alpha, gamma)
    assert loss.expression == typed.expression
    for name in typed.program().__dataclass_fields__:
        np.testing.assert_array_equal(getattr(loss.program(), name), getattr(typed.program(), name))
    assert loss.numeric_expression == typed.numeric_expression
    assert loss.check(time_limit=10).verdict == "valid"


def test_the_gradient_is_that_of_plain_torch() -> None:
    torch = pytest.importorskip("torch")
    yhat = torch.linspace(0.05, 0.95, 19, dtype=torch.float64, requires_grad=True)
    y = (torch.arange(19) % 2).double()
    ours = focal(0.25, 1.5).torch(reduction="sum")(yhat, y)
    plain = -(0.25 * (1 - yhat) ** 1.5 * y * yhat.log() + 0.75 * yhat**1.5 * (1 - y) * (1 - yhat).log()).sum()
    torch.testing.assert_close(ours, plain)
    torch.testing.assert_close(*(torch.autograd.grad(one, yhat)[0] for one in (ours, plain)))


def test_values_are_exact_decimals() -> None:
    assert Loss("tau*yhat", params={"tau": 0.1}).expression.coeff(Loss("yhat").expression) == Rational(1, 10)
    assert Loss("tau*yhat", params={"tau": "0.3"}) == Loss("tau*yhat", params={"tau": 0.3})
    assert Loss("yhat/tau", params={"tau": np.float64(0.5)}).params == {"tau": 0.5}


def test_equality_hash_and_change() -> None:
    loss = focal(0.25, 2)
    assert loss == focal(0.25, 2)
    assert hash(loss) == hash(focal(0.25, 2))
    assert loss != focal(0.25, 3)
    assert loss != Loss(loss.plain_formula)
    assert loss.with_params(gamma=3) == focal(0.25, 3)
    assert loss.with_scale(2).with_params(gamma=3).scale == 2
    assert loss.with_name("f").params == loss.params
    assert Loss(loss.formula, params=loss.params) == loss
    assert Loss(loss.text).expression == loss.expression
    with pytest.raises(TypeError):
        loss.params["gamma"] = 3  # type: ignore[index]
    assert Params.of({"b": 1, "a": 2}) == {"a": 2, "b": 1}
    with pytest.raises(OptionError, match="no constant tau"):
        loss.with_params(tau=1)


def test_shown_with_names() -> None:
    loss = focal(0.25, 2)
    assert str(loss).endswith("(alpha = 0.25, gamma = 2)")
    assert r"\alpha" in loss.latex()
    assert r"{\gamma}" in loss.latex()
    assert r"\tau_{w}" in Loss("tau_w*yhat", params={"tau_w": 1}).latex()
    report = loss.check(time_limit=10).to_json()
    assert report["params"] == {"alpha": 0.25, "gamma": 2}
    assert Loss(report["formula"], params=report["params"]) == loss


def test_travels_to_the_worker() -> None:
    assert unpack(pack(focal(0.25, 2))) == focal(0.25, 2)


@pytest.mark.parametrize(
    ("formula", "params", "message"),
    [
        ("yhat*tau", None, r"unknown name 'tau'.*--param tau="),
        ("yhat*tau", {"tua": 1}, "unknown name 'tau'"),
        ("yhat*tau", {"tau": 1, "gamma": 2}, "no constant gamma; its constants are tau"),
        ("yhat", {"tau": 1}, "no constant tau; it has none"),
        ("yhat*eps", {"eps": 1}, "--eps"),
        ("yhat*pos", {"pos": 1}, "argument of every loss"),
        ("yhat*log", {"log": 1}, "is a function"),
        ("yhat*t", {"t": "x"}, "must be a number"),
        ("yhat*t", {"t": float("nan")}, "must be a number"),
        ("yhat*t", {"t": 1e40}, "must be a number"),
        ("yhat*t", {"t": True}, "must be a number"),
        ("yhat*t", {"a b": 1}, "no name"),
        ("yhat*t", {"lambda": 1}, "word of Python"),
        ("yhat*t", [("t", 1)], "must map names to numbers"),
        ("yhat/t", {"t": 0}, "divides by zero"),
    ],
)
def test_refused(formula: str, params: dict | None, message: str) -> None:
    with pytest.raises((OptionError, FormulaError), match=f"(?s){message}"):
        Loss(formula, params=params)


def test_grids() -> None:
    grid = ParamGrid.read(["tau=0.2", "gamma=0,1,2", "m=0.5..1"])
    assert grid.names == ("tau", "gamma", "m")
    assert grid.used_by("yhat*gamma").settings() == [{"gamma": 0}, {"gamma": 1}, {"gamma": 2}]
    assert [row["m"] for row in grid.used_by("yhat*m").settings(ends=True)] == [0.5, 0.75, 1]
    assert [loss.params["gamma"] for loss in expand(focal(0.25, 2), {"gamma": (0, 1)})] == [0, 1]
    for text in ("tau", "tau=", "=1", "tau=1,", "tau=1..", "tau=2..1", "tau=1,x", "yhat=1"):
        with pytest.raises(OptionError):
            ParamGrid.read([text])
    with pytest.raises(OptionError, match="twice"):
        ParamGrid.read(["tau=1", "tau=2"])
    with pytest.raises(OptionError, match="only symloss check"):
        grid.settings()


def test_range() -> None:
    def decided(formula: str, name: str, low: float, high: float, **more: str) -> str:
        losses = [Loss(formula, params={name: value}, **more) for value in (low, (low + high) / 2, high)]
        reports = [loss.check(time_limit=10) for loss in losses]
        return check_range(losses[0], name, low, high, reports, 10).verdict

    assert decided("log(1 + exp((neg - pos)/tau))", "tau", 0.05, 1) == "valid"
    assert decided("-a*y*log(yhat) - (1 - y)*log(1 - yhat)", "a", 0.5, 3) == "valid"
    assert decided("(yhat - y)**2 + a*yhat", "a", -1, 1) == "invalid"
    # right at both ends and in the middle, wrong between them: no proof may be claimed
    between = "(1 - 2*y)*yhat*(1 - 20*((a - 1)**2*a**2*(a - 2)**2))"
    assert decided(between, "a", 0, 2) != "valid"
    # no loss at a = 0, a loss without slopes at a = 1: neither is one of the values that were looked at
    for formula in ("exp((neg - pos)/a**2)", "(neg - pos)*(a - 1)**2", "neg - pos + log((a - 1)**2)"):
        assert decided(formula, "a", -1, 4) != "valid", formula
        assert decided(formula, "a", 2, 4) == "valid", formula


def test_range_with_values_where_there_is_no_loss() -> None:
    for values in ("0..1", "-1..1", "-1..0"):
        code, output = run("check", "log(1 + exp((neg - pos)/tau))", "--param", f"tau={values}")
        assert code == 2
        assert "The loss is not valid for every tau" in output
    assert "is valid for every" not in output
    code, output = run("check", "log(1 + exp((neg - pos)/0))*tau", "--param", "tau=1..2")
    assert code == 2
    assert "for every tau" not in output


def test_every_eps_is_not_claimed_over_a_pole_or_a_flat_loss() -> None:
    for formula in ("exp((neg - pos)/(eps - 1)**2)", "(neg - pos)*(eps - 1)**2", "neg - pos + 1/(eps - 1)"):
        report = Loss(formula).check(time_limit=10)
        assert report.verdict_at_eps["1"] == "invalid"
        assert report.verdict_at_eps["0.1"] == "valid"
        assert not any(one.scope == "every eps > 0" for one in report.requirements)
    (_, right) = Loss("-y*log(yhat)/(eps - 1)**2 - (1 - y)*log(1 - yhat)").check(time_limit=10).direction
    assert right.scope != "every eps > 0"
    kept = Loss("(neg - pos)/(eps + 1)**2").check(time_limit=10)
    assert {one.scope for one in kept.requirements} == {"every eps > 0"}


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(symloss.cli.main, list(arguments))
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


def test_check_takes_values_grids_and_ranges() -> None:
    code, output = run("check", FOCAL, "--param", "alpha=0.25", "--param", "gamma=2", "--json")
    assert (code, json.loads(output)["verdict"]) == (0, "valid")
    code, output = run("check", FOCAL, "mse", "--param", "alpha=0.25", "--param", "gamma=0,1.5", "--json")
    documents = json.loads(output)
    assert [one["params"].get("gamma") for one in documents] == [0, 1.5, None]
    assert code == 0
    code, output = run("check", "log(1 + exp((neg - pos)/tau))", "--param", "tau=0.05..1", "--json")
    assert (code, json.loads(output)[-1]["verdict"]) == (0, "valid")
    code, output = run("check", "a*(yhat - y)**2", "--param", "a=1,-1")
    assert code == 1
    code, output = run("check", "a*(yhat - y)**2", "--param", "b=1")
    assert code == 2
    assert "sets b" in output
    code, output = run("check", "a*(yhat - y)**2")
    assert code == 2
    assert "--param a=" in output


def test_other_commands_take_values(tmp_path) -> None:
    code, output = run("compare", "a*(yhat - y)**2", "(yhat - y)**2", "--param", "a=3", "--json")
    assert json.loads(output)["relation"] == "proportional"
    code, output = run("export", FOCAL, "--to", "json", "--param", "alpha=0.25", "--param", "gamma=2")
    assert load_loss(output) == focal(0.25, 2)
    assert load_loss(export(focal(0.25, 1.5), "json")) == focal(0.25, 1.5)
    assert "alpha = 0.25" in export(focal(0.25, 1.5), "numpy")
    code, output = run("export", FOCAL, "--to", "json", "--param", "alpha=0.25", "--param", "gamma=1,2")
    assert code == 2
    assert "takes one" in output
    picture = tmp_path / "loss.svg"
    code, output = run("plot", "a*(yhat - y)**2", "--param", "a=3", "--kind", "curves", "--out", str(picture))
    assert code == 0
    assert picture.exists()


def test_a_grid_is_tuned_by_validation() -> None:
    data = load(
        "synthetic",
        None,
        LoadOptions(seed=1, synthetic=SyntheticOptions(seed=1, users=40, items=30, interactions=900)),
    )
    settings = TrainingSettings(max_epochs=4, patience=4, learning_rate=0.3, seed=1, threads=1)
    loss = focal(0.5, 2)
    values = (0.0, 1.0, 3.0)
    tuned = evaluate([loss], data, registry.get("mf"), settings, param_grid={"gamma": values}, seeds=[1])[0]
    alone = [evaluate([focal(0.5, one)], data, registry.get("mf"), settings, seeds=[1])[0] for one in values]
    best = max(alone, key=lambda one: one.valid_metric)
    assert tuned.trials == 3
    assert tuned.params == best.params
    assert tuned.valid_metric == best.valid_metric
    assert tuned.fitted.expression == focal(0.5, tuned.params["gamma"]).expression
    assert tuned.to_json()["params"] == tuned.params
