"""A study of the service, read back by Optuna."""

import json
from datetime import datetime
from pathlib import Path

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState
from typer.testing import CliRunner, Result

from automl import cli
from automl.client.optuna import distributions, frozen
from automl.core.catalog import FamilyName, TrialFailure
from automl.core.study import Study
from automl.core.trial import Candidate, Turn
from tests.api.harness import Hand, Service, add_dataset, add_study


@pytest.fixture(scope="module")
def ended(service: Service) -> Study:
    study = add_study(service.store, add_dataset(service.store), trials=3)
    Hand(service.store, values=[0.5, 0.3, 0.4]).run(study.id)
    with service.store.unit() as unit:
        return unit.studies.get("default", study.id)


def export(service: Service, *arguments: str) -> Result:
    environment = {"AUTOML_URL": f"http://127.0.0.1:{service.port}", "COLUMNS": "200"}
    line = ["studies", "export", *arguments]
    return CliRunner().invoke(cli.build(("studies",)), line, env=environment)


def test_a_study_is_read_back_by_optuna(service: Service, ended: Study, tmp_path: Path) -> None:
    storage = f"sqlite:///{tmp_path}/studies.db"
    done = export(service, ended.id, "--optuna", storage, "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {"storage": storage, "name": ended.id, "trials": 3}
    study = optuna.load_study(study_name=ended.id, storage=storage)
    assert study.direction is optuna.study.StudyDirection.MINIMIZE
    assert study.user_attrs["metric"] == "log_loss"
    assert study.user_attrs["baseline"] == 0.69
    assert [trial.value for trial in study.trials] == [0.5, 0.3, 0.4]
    assert study.best_trial.number == 1
    best = study.best_trial
    assert best.params == {"family": "mlp", "mlp.layers": 2, "mlp.lr": 0.01}
    layers = best.distributions["mlp.layers"]
    assert isinstance(layers, IntDistribution)
    assert (layers.low, layers.high) == (1, 5)
    assert best.distributions["family"] == CategoricalDistribution(("linear", "mlp"))
    assert best.intermediate_values == {1: 0.5, 2: 0.5, 3: 0.5}
    assert best.user_attrs["family"] == "mlp"
    assert best.user_attrs["seconds"] == 0.1
    assert best.datetime_start is not None
    assert best.duration is not None
    assert abs((datetime.now() - best.datetime_start).total_seconds()) < 3600  # noqa: DTZ005 -- as Optuna


def test_a_name_is_not_taken_twice(service: Service, ended: Study, tmp_path: Path) -> None:
    storage = f"sqlite:///{tmp_path}/studies.db"
    assert "optuna-dashboard" in export(service, ended.id, "--optuna", storage).stdout
    again = export(service, ended.id, "--optuna", storage)
    assert (again.exit_code, again.stdout) == (1, "")
    assert again.stderr == (
        f"automl: {storage} has a study '{ended.id}' already; --name gives this one another.\n"
    )
    assert export(service, ended.id, "--optuna", storage, "--name", "b").exit_code == 0
    assert sorted(optuna.get_all_study_names(storage)) == ["b", ended.id]
    assert len(optuna.load_study(study_name=ended.id, storage=storage).trials) == 3


@pytest.mark.parametrize(
    "storage", ["nonsense", "sqlite:////no/such/folder/a.db", "redis://localhost"]
)
def test_a_storage_that_cannot_be_written_is_told_in_a_line(
    service: Service, ended: Study, storage: str
) -> None:
    done = export(service, ended.id, "--optuna", storage)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(f"automl: '{storage}' cannot be written")
    assert done.stderr.count("\n") == 1


def test_what_breaks_half_way_leaves_nothing(
    service: Service, ended: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("no room")

    monkeypatch.setattr(optuna.Study, "add_trials", full)
    storage = f"sqlite:///{tmp_path}/studies.db"
    assert "no room" in export(service, ended.id, "--optuna", storage).stderr
    assert optuna.get_all_study_names(storage) == []


def test_a_study_that_runs_is_written_as_it_stands(service: Service, tmp_path: Path) -> None:
    study = add_study(service.store, add_dataset(service.store), trials=9)
    hand = Hand(service.store, values=[0.5])
    hand.step()
    leases = service.store.leases
    for _ in range(2):
        work = leases.claim("other")
        assert isinstance(work, Turn)
        attempt = leases.begin("other", work, Candidate(FamilyName.LINEAR, {"penalty": "l2"}))
        assert attempt is not None
        if attempt.number == 1:
            leases.fail(attempt, TrialFailure.OUT_OF_MEMORY, "too much", 1.5)
    storage = f"sqlite:///{tmp_path}/studies.db"
    assert export(service, study.id, "--optuna", storage).exit_code == 0
    trials = optuna.load_study(study_name=study.id, storage=storage).trials
    assert [trial.state for trial in trials] == [
        TrialState.COMPLETE,
        TrialState.FAIL,
        TrialState.RUNNING,
    ]
    assert trials[1].user_attrs["reason"] == "OUT_OF_MEMORY"


def test_ranges_are_those_of_the_families_and_hold_every_value() -> None:
    space = [
        {"name": "rate", "type": "float", "low": 0.01, "high": 0.1, "log": True, "choices": None},
        {"name": "kind", "type": "categorical", "low": None, "high": None, "log": False,
         "choices": ["a", "b"]},
    ]  # fmt: skip
    trials = [
        {"family": "x", "params": {"rate": 0.5, "kind": "c", "new": True}},
        {"family": "y", "params": {"depth": 3}},
    ]
    known = distributions([{"name": "x", "hyperparameters": space}], ["x"], trials)
    assert known == {
        "family": CategoricalDistribution(("x", "y")),
        "x.rate": FloatDistribution(0.01, 0.5, log=True),
        "x.kind": CategoricalDistribution(("a", "b", "c")),
        "x.new": CategoricalDistribution((True,)),
        "y.depth": FloatDistribution(3.0, 3.0),
    }


@pytest.mark.parametrize(
    ("state", "there"),
    [
        ("pruned", TrialState.PRUNED),
        ("cancelled", TrialState.FAIL),
        ("waiting", TrialState.WAITING),
    ],
)
def test_states_without_a_value(state: str, there: TrialState) -> None:
    trial = {
        "number": 4, "family": "x", "params": {}, "state": state, "value": None, "seconds": 2.0,
        "epochs": None, "parameters": None, "reason": None, "message": None, "worker": "w",
        "attempts": 1, "started_at": None, "finished_at": None,
        "curve": [{"epoch": 1, "value": 0.5}, {"epoch": 2, "value": None}],
    }  # fmt: skip
    known = {"family": CategoricalDistribution(("x",))}
    made = frozen(trial, known, created_at="2026-01-01T00:00:00.000Z")
    assert made.state is there
    assert made.intermediate_values == {1: 0.5}
    assert made.user_attrs["state"] == state
