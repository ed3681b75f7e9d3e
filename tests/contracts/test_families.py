"""What every family promises, for every task it serves: a new member is tested before its author
writes a test."""

import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pytest

from automl import families
from automl.core.catalog import FamilyName, TaskType, TrialFailure
from automl.core.errors import TrialError, TrialStopped
from automl.core.hyperparameter import Value, defaults
from automl.core.learner import Estimator, Fitted, Fold
from automl.families.catboost import model as catboost_model
from automl.families.decision_tree import model as decision_tree_model
from automl.families.extra_trees import model as extra_trees_model
from automl.families.lightgbm import model as lightgbm_model
from automl.families.linear import model as linear_model
from automl.families.pairs import pairs_of
from automl.families.random_forest import model as random_forest_model
from automl.families.reading import reading_of
from automl.families.rocket import model as rocket_model
from automl.training.archive import pack, unpack
from tests.families import cases, written
from tests.families.cases import Case
from tests.families.watcher import Watcher

ESTIMATORS: tuple[Estimator, ...] = (  # mypy proves the modules right
    linear_model,
    decision_tree_model,
    random_forest_model,
    extra_trees_model,
    lightgbm_model,
    catboost_model,
    rocket_model,
)

every_family = pytest.mark.parametrize("name", list(FamilyName))
every_case = pytest.mark.parametrize("case", cases.cases(), ids=str)


@dataclass(frozen=True, eq=False)
class Trained:
    """A family's default candidate, if a network's then briefly trained, on a fold of 600 rows."""

    case: Case
    fold: Fold
    fitted: Fitted
    watcher: Watcher


@pytest.fixture(scope="module", params=cases.cases(), ids=str)
def trained(request: pytest.FixtureRequest) -> Trained:
    case: Case = request.param
    fold, watcher = cases.fold(case), Watcher()
    return Trained(case, fold, cases.train(case, cases.short(case), fold, watcher), watcher)


def test_each_member_has_a_folder_and_each_folder_a_member() -> None:
    folder = Path(families.__file__).parent
    found = {path.parent.name for path in folder.glob("*/space.py")}
    assert found == {name.value for name in FamilyName}
    assert {path.parent.name for path in folder.glob("*/model.py")} == found


def test_spaces_are_read_without_the_libraries_that_train() -> None:
    program = (
        "import sys; from automl import families; families.specs(); "
        "print(*sorted({'torch', 'sklearn', 'lightgbm', 'catboost', 'scipy', 'optuna'}"
        " & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.split() == []


@every_family
def test_the_spec_is_its_members(name: FamilyName) -> None:
    spec = families.spec(name)
    assert spec.name is name
    assert spec.title
    assert spec.modalities
    assert spec.tasks


@every_family
def test_the_space_is_sound(name: FamilyName) -> None:
    known: dict[str, tuple[Value, ...]] = {}
    for item in families.spec(name).space:
        assert item.name not in known
        assert item.description
        assert item.allows(item.default)
        if item.type == "categorical":
            assert item.choices
        else:
            assert item.low is not None
            assert item.high is not None
            assert item.low < item.high
            assert item.low > 0 or not item.log
        if item.when is not None:
            governor, values = item.when
            assert set(values) <= set(known[governor])  # drawn before, and able to be so
        known[item.name] = item.choices or ()


@every_family
def test_spec_and_candidates_survive_json(name: FamilyName) -> None:
    spec = families.spec(name)
    again = json.loads(json.dumps(asdict(spec), allow_nan=False))
    assert [item["name"] for item in again["space"]] == [item.name for item in spec.space]
    for params in [defaults(spec.space), *(cases.draw(spec.space, seed) for seed in range(20))]:
        read = json.loads(json.dumps(params))
        assert read == params
        families.validate(name, read)


@every_family
def test_what_is_outside_the_space_is_refused(name: FamilyName) -> None:
    params = defaults(families.spec(name).space)
    first = families.spec(name).space[0].name
    for wrong in (
        {**params, "no_such": 1},
        {**params, first: "no such value"},
        {key: value for key, value in params.items() if key != first},
    ):
        with pytest.raises(TrialError) as caught:
            families.validate(name, wrong)
        assert caught.value.failure is TrialFailure.INVALID_CANDIDATE


@pytest.mark.parametrize(
    "case",
    [c for c in cases.cases() if c.outputs != 2 and any(d.absent is not None for d in c.space)],
    ids=str,
)
def test_a_candidate_older_than_a_dimension_trains_as_it_would_have(case: Case) -> None:
    absent = {item.name: item.absent for item in case.space if item.absent is not None}
    now: dict[str, Value] = {**cases.drawn(case, seed=1), **absent}
    before = {name: value for name, value in now.items() if name not in absent}
    assert reading_of(before) == reading_of(now)
    assert pairs_of(before) == pairs_of(now)
    fold = cases.fold(case, rows=60)
    first, second = (cases.train(case, each, fold, Watcher()) for each in (before, now))
    assert np.array_equal(first.predict(fold.valid.x), second.predict(fold.valid.x))


def test_predictions_have_the_tasks_form(trained: Trained) -> None:
    for x in (trained.fold.valid.x, cases.probe(trained.case), trained.fold.valid.x[:0]):
        predictions = trained.fitted.predict(x)
        assert predictions.shape == (len(x), trained.case.outputs)
        assert predictions.dtype == np.float64
        assert np.isfinite(predictions).all()
        if trained.case.task is TaskType.CLASSIFICATION:
            assert (predictions >= 0).all()
            assert np.allclose(predictions.sum(axis=1), 1.0, atol=1e-6)


def test_it_beats_the_constant_prediction(trained: Trained) -> None:
    reached = trained.fold.score(trained.fitted.predict(trained.fold.valid.x))
    assert reached < 0.8 * cases.constant_loss(trained.case, trained.fold)


def test_it_counts_what_it_trained(trained: Trained) -> None:
    assert trained.fitted.parameters > 0
    assert 0 < trained.fitted.epochs <= trained.watcher.points[-1].epoch


def test_reports_tell_of_ever_later_epochs(trained: Trained) -> None:
    points = trained.watcher.points
    epochs = [point.epoch for point in points]
    assert epochs[0] >= 1
    assert epochs == sorted(set(epochs))
    for point in points:
        assert point.train_loss is not None
        assert point.valid_loss is not None
        assert point.value is not None
        assert np.isfinite([point.train_loss, point.valid_loss, point.value]).all()
    assert trained.watcher.checks >= len(points)


def test_the_reported_value_is_the_score_of_the_kept_epoch(trained: Trained) -> None:
    reached = trained.fold.score(trained.fitted.predict(trained.fold.valid.x))
    reported = [p.value for p in trained.watcher.points if p.epoch == trained.fitted.epochs]
    assert not reported or reported[0] == pytest.approx(reached, rel=1e-4)


def test_a_row_is_predicted_alone_as_among_others(trained: Trained) -> None:
    x = np.concatenate([trained.fold.valid.x[:20], cases.probe(trained.case)[::20]])
    together = trained.fitted.predict(x)
    alone = np.concatenate([trained.fitted.predict(row[None]) for row in x])
    assert written.difference(alone, together) <= 1e-5


def test_it_is_rebuilt_from_its_state(trained: Trained) -> None:
    content = pack(trained.fitted.state())
    again = cases.load(trained.case, unpack(content))
    x = np.concatenate([trained.fold.valid.x, cases.probe(trained.case)])
    assert np.array_equal(again.predict(x), trained.fitted.predict(x))
    assert (again.parameters, again.epochs) == (trained.fitted.parameters, trained.fitted.epochs)
    assert pack(again.state()) == content


def test_its_file_predicts_the_same(trained: Trained) -> None:
    x = np.concatenate([trained.fold.train.x, trained.fold.valid.x, cases.probe(trained.case)])
    assert written.parity(trained.fitted, x) <= 1e-5
    assert written.parity(trained.fitted, x[:1]) <= 1e-5


@every_case
def test_equal_seeds_give_equal_bytes(case: Case) -> None:
    params = cases.drawn(case, seed=4)
    fold = cases.fold(case, rows=200)
    first, second = (cases.train(case, params, fold, Watcher()) for _ in range(2))
    assert np.array_equal(first.predict(fold.valid.x), second.predict(fold.valid.x))
    assert pack(first.state()) == pack(second.state())


@every_case
def test_it_learns_64_easy_rows(case: Case) -> None:
    fold = cases.fold(case, rows=64, easy=True)
    fitted = cases.train(case, cases.plain(case), fold, Watcher())
    reached = cases.loss(case, fold.train.y, fitted.predict(fold.train.x))
    constant = cases.constant_loss(case, fold)
    assert reached < 0.5 * constant


@every_case
@pytest.mark.parametrize("seed", range(3))
def test_random_candidates_train_and_travel(case: Case, seed: int) -> None:
    params = cases.drawn(case, seed)
    fold = cases.fold(case, rows=150)
    try:
        fitted = cases.train(case, params, fold, Watcher())
    except TrialError as error:
        if error.failure is not TrialFailure.NON_FINITE_LOSS:
            raise
        return
    x = np.concatenate([fold.valid.x, cases.probe(case)])
    predictions = fitted.predict(x)
    assert np.isfinite(predictions).all()
    assert written.difference(written.run_as_file(fitted, x), predictions) <= 1e-5
    assert np.array_equal(cases.load(case, fitted.state()).predict(x), predictions)


@every_case
@pytest.mark.parametrize("stop_at", [1, 5])
def test_it_stops_when_told(case: Case, stop_at: int) -> None:
    watcher = Watcher(stop_at=stop_at)
    with pytest.raises(TrialStopped):
        cases.train(case, cases.plain(case), cases.fold(case), watcher)
    assert watcher.checks == stop_at


@pytest.mark.parametrize(
    "case",
    [case for case in cases.cases() if families.scheduled(case.family)],
    ids=str,
)
def test_a_network_goes_on_from_a_checkpoint_to_the_same_bytes(case: Case) -> None:
    params = cases.plain(case)
    fold, watcher = cases.fold(case, rows=100), Watcher()
    varied: dict[str, Value] = {"flip": True, "noise": 0.1, "cutout": 0.3, "mixing": "cutmix"}
    params |= {"epochs": 5, **{name: to for name, to in varied.items() if name in params}}
    whole = pack(cases.train(case, params, fold, watcher).state())
    stored = unpack(pack(watcher.states[2]))
    assert pack(cases.train(case, params, fold, Watcher(), resume=stored).state()) == whole
