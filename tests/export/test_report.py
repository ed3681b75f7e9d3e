"""The report's numbers against scikit-learn's, on one study's own test rows."""

import hashlib
import json
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pytest
from sklearn import metrics
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import calibration_curve
from sklearn.inspection import permutation_importance

from api.schemas import StudyBody
from automl.core.catalog import (
    ColumnKind,
    ExportFormat,
    FamilyName,
    MetricName,
    TaskType,
    TrialState,
    ValidationStrategy,
)
from automl.core.frame import Frame
from automl.core.hyperparameter import Value
from automl.core.report import Report
from automl.core.study import (
    Budget,
    ColumnOverride,
    Objective,
    StudySpec,
    TaskSpec,
    Validation,
)
from automl.core.trial import Candidate, Trial
from automl.export import curves, parity, tuning
from automl.export.request import request
from automl.export.scoring import Scorer
from tests.studies import Ended, ended

ROUNDED = 1e-6


@pytest.fixture(scope="module")
def binary(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    return ended(tmp_path_factory.mktemp("binary"), classes=2)


@pytest.fixture(scope="module")
def number(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    return ended(tmp_path_factory.mktemp("number"), classes=0)


def _report(study: Ended) -> Report:
    return cast("Report", json.loads(study.result.finished.files[ExportFormat.REPORT]))


def _judged(study: Ended) -> tuple[npt.NDArray[Any], npt.NDArray[np.float64]]:
    """Return the test rows' targets and what the model file says of them."""
    assert study.prepared.test is not None
    frame, truth = study.prepared.test
    scorer = Scorer(study.result.finished.files[ExportFormat.ONNX])
    scores = scorer.predict(parity.feeds(frame, scorer.inputs))
    answers = scores.predictions if scores.probabilities is None else scores.probabilities
    return truth, np.asarray(answers, dtype=np.float64)


def test_metrics_and_classes_are_those_of_scikit_learn(binary: Ended) -> None:
    report, (y, p) = _report(binary), _judged(binary)
    assert report["source"] == "test"
    assert report["judged_rows"] == len(y)
    label = p.argmax(axis=1)
    for name, value in {
        "roc_auc": metrics.roc_auc_score(y, p[:, 1]),
        "log_loss": metrics.log_loss(y, p),
        "accuracy": metrics.accuracy_score(y, label),
        "balanced_accuracy": metrics.balanced_accuracy_score(y, label),
        "f1": metrics.f1_score(y, label),
        "average_precision": metrics.average_precision_score(y, p[:, 1]),
    }.items():
        assert report["metrics"][name]["value"] == pytest.approx(value), name
    found = report["classification"]
    assert found is not None
    assert found["confusion"] == metrics.confusion_matrix(y, label).tolist()
    table = metrics.precision_recall_fscore_support(y, label)
    for index, row in enumerate(found["per_class"]):
        expected = [column[index] for column in table]
        shown = [row["precision"], row["recall"], row["f1"], row["support"]]
        assert shown == pytest.approx(expected)
    assert sum(item["rows"] for item in found["confused"]) == (label != y).sum()


def test_intervals_are_those_of_a_plain_bootstrap(binary: Ended) -> None:
    report, (y, p) = _report(binary), _judged(binary)
    random = np.random.default_rng(5)
    drawn = []
    for _ in range(1000):
        rows = np.concatenate(
            [random.choice(np.flatnonzero(y == k), (y == k).sum()) for k in (0, 1)]
        )
        drawn.append(metrics.roc_auc_score(y[rows], p[rows, 1]))
    low, high = np.percentile(drawn, [2.5, 97.5])
    interval = report["metrics"]["roc_auc"]
    width = high - low
    assert interval["low"] == pytest.approx(low, abs=0.2 * width)
    assert interval["high"] == pytest.approx(high, abs=0.2 * width)


def test_curves_are_those_of_scikit_learn(binary: Ended) -> None:
    report, (y, p) = _report(binary), _judged(binary)
    assert report["classification"] is not None
    (curve,) = report["classification"]["curves"]
    assert curve["label"] == "class 1"
    assert curve["roc_auc"] == pytest.approx(metrics.roc_auc_score(y, p[:, 1]))
    assert curve["average_precision"] == pytest.approx(metrics.average_precision_score(y, p[:, 1]))
    false, true, _ = metrics.roc_curve(y, p[:, 1], drop_intermediate=False)
    precision, recall, _ = metrics.precision_recall_curve(y, p[:, 1])
    _lie_on(curve["roc"], false, true)
    _lie_on(curve["precision_recall"], recall, precision)
    observed, predicted = calibration_curve(y, p[:, 1], n_bins=10, strategy="quantile")
    assert [bin_["observed"] for bin_ in curve["calibration"]] == pytest.approx(observed)
    assert [bin_["predicted"] for bin_ in curve["calibration"]] == pytest.approx(predicted)
    assert sum(bin_["rows"] for bin_ in curve["calibration"]) == len(y)


def _lie_on(points: Any, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> None:
    """Check that the points are some of the curve's, its ends among them."""
    assert len(points) <= curves.MOST_POINTS
    whole = np.column_stack([x, y])
    for point in points:
        assert np.abs(whole - point).max(axis=1).min() < ROUNDED
    for end in (whole[0], whole[-1]):
        assert min(np.abs(np.array(points) - end).max(axis=1)) < ROUNDED


def test_cuts_count_what_every_threshold_follows_from(binary: Ended) -> None:
    report, (y, p) = _report(binary), _judged(binary)
    assert report["classification"] is not None
    (curve,) = report["classification"]["curves"]
    assert (curve["rows"], curve["positives"]) == (len(y), y.sum())
    thresholds = [threshold for threshold, _, _ in curve["cuts"]]
    assert thresholds == sorted(thresholds, reverse=True)
    for threshold, true, false in curve["cuts"]:
        said = p[:, 1] >= threshold
        assert (true, false) == ((said & (y == 1)).sum(), (said & (y == 0)).sum())
    decision = report["decision"]
    assert decision is not None
    ((_, true, false),) = [cut for cut in curve["cuts"] if cut[0] == decision["threshold"]]
    confusion = report["classification"]["confusion"]
    assert confusion is not None
    assert [true, false] == [confusion[1][1], confusion[0][1]]


def test_cuts_of_many_rows_are_few_and_span_all_thresholds() -> None:
    random = np.random.default_rng(0)
    hit = random.random(20_000) < 0.01
    scores = random.beta(1 + 3 * hit, 60)
    found = curves.cuts(hit, scores, threshold=0.5)
    assert len(found) <= curves.MOST_POINTS
    assert found[-1] == (scores.min(), hit.sum(), (~hit).sum())
    assert (0.5, 0, 0) in found
    recalls = np.array([true for _, true, _ in found]) / hit.sum()
    assert np.diff(recalls).max() < 0.03
    assert curves.cuts(hit[:0], scores[:0], threshold=0.5) == []


def test_a_guess_is_judged_on_the_same_rows(binary: Ended, number: Ended) -> None:
    report, (y, _) = _report(binary), _judged(binary)
    guess, seen = report["guess"], binary.prepared.y
    assert guess is not None
    most = np.bincount(seen).argmax()
    assert guess["answer"] == binary.prepared.plan.classes[most]
    assert guess["metrics"]["accuracy"] == pytest.approx((y == most).mean())
    shares = np.tile(np.bincount(seen) / len(seen), (len(y), 1))
    assert guess["metrics"]["log_loss"] == pytest.approx(metrics.log_loss(y, shares))
    assert guess["metrics"]["roc_auc"] == 0.5
    assert set(guess["metrics"]) == set(report["metrics"])

    report, (y, _) = _report(number), _judged(number)
    guess, mean = report["guess"], number.prepared.y.mean()
    assert guess is not None
    assert guess["answer"] == pytest.approx(mean)
    assert guess["metrics"]["mae"] == pytest.approx(np.abs(y - mean).mean())
    assert guess["within"]["0.9"] == pytest.approx(np.quantile(np.abs(y - mean), 0.9))


def test_the_target_is_told_of_the_rows_that_the_search_saw(binary: Ended, number: Ended) -> None:
    target, seen = _report(binary)["data"]["target"], binary.prepared.y
    counted = {item["label"]: item["rows"] for item in target["counts"]}
    assert counted == {f"class {index}": (seen == index).sum() for index in (0, 1)}
    assert target["rows"] == len(seen)
    target, seen = _report(number)["data"]["target"], number.prepared.y
    assert target["counts"] == []
    assert list(target["quantiles"].values()) == pytest.approx(
        np.quantile(seen, (0, 0.25, 0.5, 0.75, 1), method="nearest")
    )


def test_a_report_says_how_to_get_the_same_again(binary: Ended) -> None:
    report, content = _report(binary), binary.result.finished.files[ExportFormat.ONNX]
    facts = report["provenance"]
    assert facts["model_sha256"] == hashlib.sha256(content).hexdigest()
    assert facts["model_bytes"] == len(content)
    assert facts["versions"]["numpy"] == np.__version__
    asked = StudyBody.model_validate({"dataset_id": binary.dataset.id, **report["request"]})
    assert asked.to_spec() == binary.prepared.spec


@pytest.mark.parametrize(
    "spec",
    [
        StudySpec("ds", TaskSpec(TaskType.CLASSIFICATION, "y"), Budget(seconds=60.0)),
        StudySpec(
            "ds",
            TaskSpec(TaskType.REGRESSION, "y", MetricName.MAE),
            Budget(seconds=60.0, trials=5),
            columns={"a": ColumnOverride(use=False), "b": ColumnOverride(ColumnKind.CATEGORICAL)},
            families=(FamilyName.LINEAR,),
            search_space={"linear": {"penalty": ["l2"]}},
            validation=Validation(ValidationStrategy.TIME, "when", 0.0),
            objective=Objective(max_row_ms=0.5),
            ensemble=False,
            seed=7,
        ),
        StudySpec(
            "ds",
            TaskSpec(TaskType.CLASSIFICATION, "y", MetricName.F1, positive="1"),
            Budget(trials=5),
            columns={"a": ColumnOverride()},
        ),
    ],
)
def test_a_request_sent_again_asks_for_the_same(spec: StudySpec) -> None:
    sent = json.loads(json.dumps(request(spec)))
    assert StudyBody.model_validate({"dataset_id": "ds", **sent}).to_spec() == spec


def test_the_bests_are_the_trials_that_led(binary: Ended) -> None:
    bests = _report(binary)["bests"]
    values = [trial.value or 0.0 for trial in binary.result.trials]
    leading = [place for place in range(len(values)) if values[place] > max([0, *values[:place]])]
    assert [item["trial"] for item in bests] == leading


def test_a_long_curve_is_thinned_and_keeps_its_shape() -> None:
    random = np.random.default_rng(0)
    hit = random.random(20_000) < 0.1
    scores = np.round(random.normal(size=20_000) + hit, 4)
    points = curves.roc(hit, scores)
    false, true, _ = metrics.roc_curve(hit, scores, drop_intermediate=False)
    _lie_on(points, false, true)
    area = metrics.auc(*np.array(points).T)
    assert area == pytest.approx(metrics.roc_auc_score(hit, scores), abs=2e-3)


def test_curves_of_nothing_are_empty() -> None:
    none, scores = np.zeros(3, dtype=bool), np.array([0.1, 0.2, 0.2])
    assert curves.roc(none, scores) == []
    assert curves.roc(~none, scores) == []
    assert curves.precision_recall(none, scores) == []
    assert curves.calibration(none[:0], scores[:0]) == []
    assert curves.roc(np.array([True, False]), np.array([0.5, 0.5])) == [(0.0, 0.0), (1.0, 1.0)]


class _File(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """The model file as scikit-learn knows models: rows are indices, a matrix per column."""

    def __init__(self, scorer: Scorer, frame: Frame) -> None:
        self.scorer, self.frame = scorer, frame
        self.classes_ = np.array([0, 1])

    def fit(self, *_: object) -> "_File":
        return self

    def predict_proba(self, x: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
        feeds = parity.feeds(self.frame, self.scorer.inputs)
        names = [item.name for item in self.scorer.inputs]
        taken = {name: feeds[name][x[:, place]] for place, name in enumerate(names)}
        probabilities = self.scorer.predict(taken).probabilities
        assert probabilities is not None
        return probabilities


def test_importances_are_those_of_scikit_learn(binary: Ended) -> None:
    report = _report(binary)["importance"]
    assert binary.prepared.test is not None
    frame, y = binary.prepared.test
    scorer = Scorer(binary.result.finished.files[ExportFormat.ONNX])
    names = [item.name for item in scorer.inputs]
    x = np.tile(np.arange(frame.rows)[:, None], (1, len(names)))
    judge = metrics.make_scorer(metrics.roc_auc_score, response_method="predict_proba")
    theirs = permutation_importance(
        _File(scorer, frame), x, y, scoring=judge, n_repeats=20, random_state=0
    )
    assert (report["rows_from"], report["left_out"]) == ("test", 0)
    assert report["rows"] == frame.rows
    ours = {item["column"]: item for item in report["columns"]}
    assert set(ours) == set(names)
    for place, name in enumerate(names):
        mean, std = theirs.importances_mean[place], theirs.importances_std[place]
        assert ours[name]["mean"] == pytest.approx(mean, abs=3.5 * std + 1e-6)
    order = [item["mean"] for item in report["columns"]]
    assert order == sorted(order, reverse=True)


def test_a_regression_shows_its_residuals(number: Ended) -> None:
    report, (y, p) = _report(number), _judged(number)
    found = report["regression"]
    assert found is not None
    assert report["classification"] is None
    off = p - y
    assert report["metrics"]["rmse"]["value"] == pytest.approx(
        metrics.root_mean_squared_error(y, p)
    )
    assert found["residual_mean"] == pytest.approx(off.mean())
    assert found["residual_quantiles"]["0.5"] == pytest.approx(np.median(off))
    assert found["within"]["0.9"] == pytest.approx(np.quantile(np.abs(off), 0.9))
    assert sum(found["residuals"]["counts"]) >= 0.98 * len(y)
    pairs = set(zip(y.tolist(), p.tolist(), strict=True))
    assert {(actual, predicted) for actual, predicted in found["points"]} <= pairs
    assert len(found["points"]) <= 500


def test_what_was_found_out_about_the_search(binary: Ended) -> None:
    report = _report(binary)
    trials = binary.result.trials
    best = max(trial.value for trial in trials if trial.value is not None)
    assert report["optimism"]["search"] == best
    assert report["optimism"]["gap"] == pytest.approx(best - (report["value"] or 0))
    for family in report["families"]:
        own = [t for t in trials if t.candidate.family.value == family["family"]]
        assert family["complete"] == sum(t.state is TrialState.COMPLETE for t in own)
    for member in report["members"]:
        assert member["params"] == dict(trials[member["trial"]].candidate.params)
        assert member["learned"] == "folds"
    assert sum(member["weight"] for member in report["members"]) == pytest.approx(1)


def test_a_hyperparameter_that_decides_has_the_largest_share() -> None:
    random = np.random.default_rng(0)
    trials = []
    for number_ in range(30):
        depth, rate = int(random.integers(1, 9)), float(random.random())
        kind = ("a", "b")[number_ % 2]
        value = (depth > 4) + 0.1 * random.random()
        params: dict[str, Value] = {"depth": depth, "rate": rate, "kind": kind, "fixed": 1}
        candidate = Candidate(FamilyName.MLP, params)
        trials.append(Trial("st", number_, TrialState.COMPLETE, candidate, value=value))
    found = {item["name"]: item["share"] for item in tuning.shares(trials)}
    assert set(found) == {"depth", "rate", "kind"}
    assert found["depth"] > 0.6
    assert found["rate"] < 0.2
    assert found["kind"] < 0.2
    assert tuning.shares(trials[:4]) == []


def test_a_report_says_what_to_distrust(binary: Ended) -> None:
    codes = {item["code"] for item in _report(binary)["warnings"]}
    assert "NO_TEST_ROWS" not in codes
    assert "NOT_BETTER_THAN_GUESSING" not in codes
