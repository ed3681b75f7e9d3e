"""The estimators beyond scikit-learn's checks: frames, labels, the file, a service, refusals."""

import copy
import pickle  # noqa: TID251 -- what users do with estimators
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from automl import AutoMLClassifier, AutoMLRegressor, machine, pipeline
from automl.client import ServiceError
from automl.core.errors import NothingTrained
from automl.core.key import Scope
from automl.estimators import labels
from automl.export.scoring import Scorer
from automl.service import keys
from tests.api.harness import Service, serving
from tests.cli.terminal import running
from tests.client.working import working

QUICK: dict[str, Any] = {"families": "linear", "budget": {"trials": 1}}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with working(tmp_path_factory.mktemp("service")) as running:
        yield running


def people(rows: int = 80) -> tuple[pd.DataFrame, pd.Series]:
    """Return a frame of numbers, categories, dates and gaps, and what depends on it."""
    random = np.random.default_rng(0)
    age = random.normal(40, 10, rows)
    job = random.choice(["sales", "law", "art"], rows)
    since = pd.Timestamp("2024-01-01") + pd.to_timedelta(random.integers(0, 900, rows), "D")
    rich = np.where(age + 20 * (job == "law") > 45, "yes", "no")
    frame = pd.DataFrame({"age": age, "job": pd.Categorical(job), "since": since})
    frame.loc[::9, "age"] = np.nan
    frame.loc[1::9, "job"] = None
    return frame, pd.Series(rich, name="rich")


@pytest.fixture(scope="module")
def fitted() -> AutoMLClassifier:
    return AutoMLClassifier(**QUICK).fit(*people())


def test_a_frame_keeps_its_columns_kinds(fitted: AutoMLClassifier) -> None:
    kinds = {item.name: item.kind.value for item in Scorer(fitted.onnx_).inputs}
    assert kinds == {"age": "numeric", "job": "categorical", "since": "datetime"}
    assert fitted.feature_names_in_.tolist() == ["age", "job", "since"]
    assert fitted.classes_.tolist() == ["no", "yes"]
    assert fitted.score(*people()) > 0.85
    rows = people()[0].head(3)
    rows["job"] = ["unheard of", None, "law"]
    assert fitted.predict_proba(rows).shape == (3, 2)


def test_what_was_found_is_at_hand(fitted: AutoMLClassifier, tmp_path: Path) -> None:
    assert [trial["family"] for trial in fitted.leaderboard_] == ["linear"]
    assert fitted.leaderboard_.metric == "roc_auc"
    assert fitted.report_["task"]["target"] == "target"
    assert fitted.study_id_ is None
    path = fitted.save(tmp_path / "model.onnx")
    assert path.read_bytes() == fitted.onnx_


def test_it_says_how_it_goes_where_it_is_asked_to(
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked = AutoMLClassifier(**QUICK)
    asked.fit(*people())
    assert capsys.readouterr() == ("", "")
    asked.set_params(verbose=1).fit(*people())
    said = capsys.readouterr()
    assert said.out == ""
    better, ended = said.err.splitlines()
    assert ": trial 0 (linear): roc_auc 0.9" in better
    assert ended.startswith("succeeded 100% · ")
    assert "1 complete · best roc_auc 0.9" in ended


def test_on_a_terminal_it_is_drawn(tmp_path: Path) -> None:
    (tmp_path / "fit.py").write_text(
        "from sklearn.datasets import load_iris\n"
        "from automl import AutoMLClassifier\n"
        "asked = AutoMLClassifier(families='linear', budget={'trials': 2}, verbose=1)\n"
        "asked.fit(*load_iris(return_X_y=True))\n"
    )
    with running(folder=tmp_path, program=("fit.py",)) as terminal:
        assert terminal.end() == 0, terminal.text
    assert "hyperparameters" in terminal.text
    assert "succeeded 100%" in terminal.text


def test_a_copy_holds_the_file_and_predicts_alike(fitted: AutoMLClassifier) -> None:
    packed = pickle.dumps(fitted)
    assert fitted.onnx_ in packed
    assert b"automl.families" not in packed
    assert b"InferenceSession" not in packed
    rows = people()[0]
    for twin in (pickle.loads(packed), copy.deepcopy(fitted)):  # noqa: S301 -- made above
        assert (twin.predict_proba(rows) == fitted.predict_proba(rows)).all()


@pytest.mark.parametrize(
    "names", [["10", "9", "b"], ["10", "9", "2"], [10.0, 9.0, 2.0], [-1, 0, 7], [False, True]]
)
def test_labels_come_back_as_they_were(names: list[Any]) -> None:
    """Numbers are classes in order of value, strings in order of characters, whichever is asked."""
    random = np.random.default_rng(1)
    codes = np.arange(60) % len(names)
    y = np.array(names)[codes]
    x = np.eye(len(names))[codes] + random.normal(0, 0.01, (60, len(names)))
    model = AutoMLClassifier(**QUICK).fit(x, y)
    assert model.classes_.tolist() == sorted(names)
    assert (model.predict(x) == y).all()
    assert model.predict(x).dtype == y.dtype
    assert (model.classes_[model.predict_proba(x).argmax(axis=1)] == y).all()


@pytest.mark.parametrize(
    ("names", "message"),
    [(["1", "1.0"], "one class"), (["a", " a"], "one class"), (["a", ""], "empty label")],
)
def test_labels_that_a_file_cannot_hold_are_refused(names: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AutoMLClassifier(**QUICK).fit(np.zeros((20, 1)), names * 10)
    with pytest.raises(ValueError, match="'c' is not among"):
        labels.places(["c"], ["a", "b"])


def test_the_numbers_of_an_array_are_numbers() -> None:
    """A service would take 0 … 59 for an id, and 20240101 … for dates."""
    x = np.column_stack([np.arange(60), 20240101 + np.arange(60) % 28, np.ones(60)])
    model = AutoMLRegressor(**QUICK).fit(x, x[:, 0] * 2.0)
    assert {item.kind.value for item in Scorer(model.onnx_).inputs} == {"numeric"}
    assert model.score(x, x[:, 0] * 2.0) > 0.9


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"families": ["forest"]}, "no 'forest'; known are linear"),
        ({"metric": "auc"}, "no 'auc'; known are roc_auc"),
        ({"metric": "accuracy"}, "accuracy does not fit regression"),
        ({"budget": {}}, "budget needs seconds, trials or both"),
        ({"budget": {"trials": 0}}, "more than nothing"),
        ({"budget": {"hours": 1}}, "budget has no 'hours'; it takes seconds, trials"),
        ({"budget": "soon"}, "no length of time"),
        ({"validation": {"strategy": "loo"}}, "no 'loo'; known are auto"),
        ({"validation": {"test_fraction": 0.9}}, "from 0 to 0.5"),
        ({"positive": 1}, "positive names one of two classes; regression has none"),
        ({"columns": {"x9": {"use": False}}}, "no column 'x9'"),
        ({"search_space": {"linear": {"depth": 3}}}, "depth"),
    ],
)
def test_a_wrong_parameter_is_told_so(given: dict[str, Any], message: str) -> None:
    model = AutoMLRegressor(**(QUICK | given))
    x = np.random.default_rng(0).normal(size=(30, 2))
    with pytest.raises(ValueError, match=message):
        model.fit(x, x[:, 0])


def test_weights_of_rows_are_not_taken() -> None:
    given: dict[str, Any] = {"sample_weight": [1, 2]}
    with pytest.raises(TypeError, match="sample_weight"):
        AutoMLRegressor(**QUICK).fit([[1.0], [2.0]], [1.0, 2.0], **given)


def test_it_stands_in_pipelines_and_searches() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(60, 2))
    model = make_pipeline(StandardScaler(), AutoMLRegressor(**QUICK))
    assert (cross_val_score(model, x, x @ [1.0, -2.0], cv=2) > 0.9).all()


def test_a_service_makes_the_same_model(fitted: AutoMLClassifier, service: Service) -> None:
    url = f"http://127.0.0.1:{service.port}"
    there = clone(fitted).set_params(url=url).fit(*people())
    assert there.onnx_ == fitted.onnx_
    assert there.study_id_.startswith("st_")
    alike = ("number", "value", "params", "fold_values")
    for mine, its in zip(fitted.leaderboard_, there.leaderboard_, strict=True):
        assert mine.keys() == its.keys()
        assert [mine[name] for name in alike] == [its[name] for name in alike]
    assert fitted.report_["metrics"] == there.report_["metrics"]
    rows = people()[0]
    assert (there.predict(rows) == fitted.predict(rows)).all()


def test_what_a_service_refuses_is_told(tmp_path: Path) -> None:
    with serving(tmp_path) as service:
        url = f"http://127.0.0.1:{service.port}"
        with pytest.raises(ValueError, match="no family 'forest'"):
            AutoMLClassifier(families=["forest"], url=url).fit(*people())
        keys.create(service.store, tenant="a", scope=Scope.WRITE)
        with pytest.raises(ServiceError, match="key") as refused:
            AutoMLClassifier(url=url, key="wrong").fit(*people())
    assert refused.value.status == 401


def test_here_it_trains_where_workers_would(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[object] = []

    def note(*_study: object, **more: object) -> None:
        given.append((more["slots"], more["devices"]))
        raise NothingTrained("Enough is known.")

    monkeypatch.setattr(pipeline, "fit", note)
    monkeypatch.setattr(machine, "gpus", lambda: 2)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.delenv("AUTOML_DEVICE", raising=False)
    with pytest.raises(NothingTrained):
        AutoMLClassifier(**QUICK).fit(*people())
    monkeypatch.setenv("AUTOML_DEVICE", "cuda:7")
    with pytest.raises(NothingTrained), pytest.warns(UserWarning, match="cuda:7 is no") as warned:
        AutoMLClassifier(**QUICK, slots=2).fit(*people())
    assert given == [(1, ("cuda:0", "cuda:1")), (2, ("cpu",))]
    assert warned[0].filename == __file__
