"""The sentences: right for every metric and task, for few rows, rare classes and estimates."""

from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pytest

from automl.core import metric
from automl.core.catalog import FamilyName, MetricName, TaskType, TrialState, ValidationStrategy
from automl.core.formula import most_probable
from automl.core.model import Member, ModelCard
from automl.core.report import Report
from automl.core.study import Budget, Plan, StudySpec, TaskSpec
from automl.core.study_report import StudyReport
from automl.core.trial import Candidate, Trial
from automl.export import measures, report, verdict
from automl.export.compare import compare
from automl.export.importance import Importance
from automl.export.markup import figure
from automl.export.prose import Name, Prose, html, markdown

Rows = npt.NDArray[Any]


def _report(
    classes: tuple[str, ...],
    truth: Rows,
    judged: Rows,
    *,
    y: Rows | None = None,
    source: str = "test",
    chosen: MetricName = MetricName.ACCURACY,
) -> Report:
    """Return the report on what a model says of rows; of two classes the second is looked for."""
    task = TaskType.CLASSIFICATION if classes else TaskType.REGRESSION
    positive = 1 if len(classes) == 2 else None
    rows = len(truth)
    plan = Plan(
        task=task,
        target="t",
        metric=chosen,
        positive=positive,
        classes=classes,
        features=("a", "b"),
        families=(FamilyName.LINEAR,),
        strategy=ValidationStrategy.HOLDOUT,
        folds=1,
        rows=2 * rows,
        test_rows=rows if source == "test" else 0,
        dropped_rows=0,
        baseline=0.5,
    )
    labels = most_probable(judged)
    values = {
        name: metric.bootstrap(
            name, truth, judged, positive=positive, seed=0, rounds=100, labels=labels
        )
        for name in metric.allowed(task, len(classes))
    }
    card = ModelCard(
        task=task,
        target="t",
        metric=chosen,
        value=values[chosen].value,
        source=source,  # type: ignore[arg-type]
        metrics=values,
        members=(Member(0, FamilyName.LINEAR, 1.0),),
        inputs=(),
        classes=classes,
        parity=0.0,
    )
    trial = Trial("st", 0, TrialState.COMPLETE, Candidate(FamilyName.LINEAR), 0.5)
    return report.build(
        report.Findings(
            plan=plan,
            card=card,
            truth=truth,
            judged=judged,
            labels=labels,
            y=truth if y is None else y,
            trials=[trial],
            importance=Importance(rows, (), 0),
            rivals=[],
            warnings=[],
            spec=StudySpec("ds", TaskSpec(task, "t"), Budget(trials=1)),
            dataset_sha256="d",
            spec_sha256="s",
            content=b"",
        )
    )


def _binary(right: tuple[int, int], wrong: tuple[int, int], **more: Any) -> Report:
    """Return the report on so many rows of "no" and of "yes", taken for what they are or not."""
    truth = np.repeat([0, 1], [right[0] + wrong[0], right[1] + wrong[1]])
    said = np.repeat([0, 1, 1, 0], [right[0], wrong[0], right[1], wrong[1]])
    sure = np.where(said == 1, 0.9, 0.1)
    return _report(("no", "yes"), truth, np.column_stack([1 - sure, sure]), **more)


def _told(sentences: Any) -> str:
    return " ".join(markdown(sentence) for sentence in sentences)


def test_a_model_is_compared_with_the_most_frequent_answer() -> None:
    found = _binary((700, 230), (60, 10))
    assert _told(verdict.good(found)) == (
        "It is right about **93 of 100** rows it had never seen; always saying “no”, the most"
        " frequent answer, is right about **76**. It finds **96 of 100** rows that are “yes”; when"
        " it says “yes”, it is right **79 of 100** times."
    )
    found["metrics"]["accuracy"].update({"low": 0.9133, "high": 0.9442})
    assert _told(verdict.sure(found)) == (
        "1,000 rows judged it. It is right about **between 91 and 94 of 100** rows, with"
        " 95 % confidence, as long as new rows are like these."
    )


def test_out_of_fold_rows_were_seen_by_the_search() -> None:
    found = _binary((700, 230), (60, 10), source="out_of_fold")
    assert "93 of 100** rows it had not learned from; " in _told(verdict.good(found))
    data = _told(verdict.data(cast("StudyReport", found)))
    assert "No rows were kept from the search" in data
    kept = _told(verdict.data(cast("StudyReport", _binary((700, 230), (60, 10)))))
    assert "1,000 rows, drawn before the search began, were kept from it" in kept


def test_few_rows_are_counted_one_by_one() -> None:
    found = _binary((16, 9), (4, 1))
    assert _told(verdict.good(found)).startswith(
        "It is right about **25 of 30** rows it had never seen; always saying “no”, the most"
        " frequent answer, is right about **20**. That is no sure difference. It finds **9 of 10**"
        " rows that are “yes”; when it says “yes”, it is right **9 of 13** times."
    )
    assert _told(verdict.sure(found)).startswith("Only 30 rows judged it.")
    perfect = _told(verdict.good(_binary((20, 10), (0, 0))))
    assert "right about **all 30** rows" in perfect
    assert "It finds **all 10** rows that are “yes”" in perfect


def test_of_a_rare_class_it_is_told_how_much_of_it_is_found() -> None:
    found = _binary((930, 46), (10, 14))
    first, second, *_ = (markdown(sentence) for sentence in verdict.good(found))
    assert first == (
        "It finds **46 of 60** rows that are “yes”; when it says “yes”, it is right **46 of 56**"
        " times."
    )
    assert second.startswith("It is right about 98 of 100 rows")
    assert second.endswith("always saying “no”, the most frequent answer, is right about 94.")
    sure = _told(verdict.sure(found))
    assert sure.startswith("Only 60 of the 1,000 rows that judged it are so. It finds **between ")
    assert "rows of “yes” with 95 % confidence" in sure


def test_the_rare_class_counts_even_where_the_common_one_is_the_positive() -> None:
    found = _binary((14, 976), (6, 4))
    first, second, *_ = (markdown(sentence) for sentence in verdict.good(found))
    assert first == (
        "It finds **14 of 20** rows that are “no”; when it says “no”, it is right **14 of 18**"
        " times."
    )
    assert "always saying “yes”" in second
    sure = _told(verdict.sure(found))
    assert sure.startswith(
        "Only 20 of the 1,000 rows that judged it are “no”. Its balanced accuracy"
    )
    bars = str(compare(found))
    assert "70 %" in bars
    assert "99.6 %" not in bars


def test_a_class_that_is_never_said_or_never_there_is_told_so() -> None:
    never = _told(verdict.good(_binary((150, 0), (0, 50))))
    assert "It finds **none of 50** rows that are “yes”; it never says “yes”." in never
    assert "That is no sure difference." in never
    absent = _told(verdict.good(_binary((150, 0), (0, 0))))
    assert "None of the rows that judged it is “yes”." in absent


def test_being_right_less_often_than_the_most_frequent_answer_is_no_secret() -> None:
    found = _binary((500, 190), (300, 10), chosen=MetricName.RECALL)
    assert (
        "It was chosen by its recall, for which being right most often is not what counts."
        in _told(verdict.good(found))
    )


def test_very_good_models_are_told_in_thousands() -> None:
    told = _told(verdict.good(_binary((5_970, 3_990), (30, 10))))
    assert "right about **996 of 1,000** rows" in told
    assert "is right about **600**" in told
    assert "right about **498 of 500** rows" in _told(verdict.good(_binary((299, 199), (1, 1))))


def test_of_many_classes_the_best_and_the_hardest_are_named() -> None:
    truth = np.repeat([0, 1, 2], [500, 300, 5])
    said = truth.copy()
    said[:100], said[500:590], said[-5:] = 1, 0, 0
    found = _report(("a", "b", "c"), truth, np.eye(3)[said] * 0.8 + 0.2 / 3)
    told = _told(verdict.good(found))
    assert told.endswith(
        "It does best with “a”, of which it finds 80 of 100, and worst with “c”, of which it finds"
        " none of 5."
    )
    warned = {item["code"]: item["message"] for item in found["warnings"]}
    assert warned["FEW_ROWS_OF_A_CLASS"].endswith("say little: 'c' (5).")


def test_numbers_are_compared_with_the_mean() -> None:
    truth = np.arange(400.0)
    found = _report((), truth, (truth + np.tile([3.0, -5.0], 200))[:, None], chosen=MetricName.MAE)
    assert _told(verdict.good(found)) == (
        "On rows it had never seen, half of its predictions are off by less than **4**, nine of"
        " ten by less than 5. Always saying the mean, “199.5”, half would be off by less than"
        " **100**, nine of ten by less than 180."
    )
    assert "Its mean absolute error lies **between " in _told(verdict.sure(found))


def test_what_was_asked_names_few_classes_and_counts_many() -> None:
    assert markdown(verdict.asked(_binary((9, 9), (1, 1)))) == (
        "To predict the column “t” (“no” or “yes”) from 2 other columns."
    )
    names = tuple("abcdefg")
    many = _report(names, np.arange(70) % 7, np.full((70, 7), 1 / 7))
    assert markdown(verdict.asked(many)) == (
        "To predict the column “t” (one of 7 classes: “a”, “b”, “c”, …) from 2 other columns."
    )
    number = _report((), np.arange(9.0), np.zeros((9, 1)), chosen=MetricName.RMSE)
    assert markdown(verdict.asked(number)) == (
        "To predict the number in the column “t” from 2 other columns."
    )


TWO, MANY, NUMBER = ("no", "yes"), ("a", "b", "c"), ()

SENTENCES: dict[tuple[tuple[str, ...], str, float, float | None], str] = {
    (TWO, "roc_auc", 0.94, 0.5): "Shown a row that is “yes” and a row that is not, it gives the"
    " first the higher probability 94 of 100 times; a coin would 50 times.",
    (MANY, "roc_auc", 0.998, 0.5): "Shown a row of a class and a row of another, it gives the first"
    " the higher probability of its class 99.8 of 100 times, averaged over the classes; a coin"
    " would 50 times.",
    (TWO, "log_loss", 0.2231, 0.5621): "To the true answer it gives a probability of 80 %, as a"
    " geometric mean; how often each class occurs would give it 57 %.",
    (MANY, "log_loss", 0.2231, None): "To the true answer it gives a probability of 80 %, as a"
    " geometric mean.",
    (TWO, "accuracy", 0.87, 0.76): "It is right about 87 % of the rows; always saying the most"
    " frequent class, 76 %.",
    (MANY, "balanced_accuracy", 0.87, 1 / 3): "Of the rows of a class it finds 87 %, averaged over"
    " the classes as if all were equally frequent; always saying the most frequent class, 33 %.",
    (TWO, "f1", 0.713, 0.0): "Precision and recall in one number (their harmonic mean; 1 is"
    " perfect) for the class “yes”: 0.713.",
    (MANY, "f1", 0.713, 0.0): "Precision and recall in one number (their harmonic mean; 1 is"
    " perfect), averaged over the classes: 0.713.",
    (TWO, "f1_macro", 0.713, 0.43): "Precision and recall in one number (their harmonic mean; 1 is"
    " perfect), averaged over the classes, rare ones counting alike: 0.713; always guessing alike"
    " has 0.43.",
    (TWO, "precision", 0.85, 0.0): "When it says “yes”, it is right 85 of 100 times.",
    (MANY, "precision", 0.85, 0.0): "When it says a class, it is right 85 of 100 times, averaged"
    " over the classes.",
    (TWO, "recall", 0.61, 0.0): "Of the rows that are “yes” it finds 61 %.",
    (MANY, "recall", 0.61, 1 / 3): "Of the rows of a class it finds 61 %, averaged over the"
    " classes.",
    (TWO, "average_precision", 0.83, 0.24): "Going from the most probable row down, the part of"
    " rows that are “yes” is 83 % on average whenever one more is found; in a random order it would"
    " be 24 %.",
    (NUMBER, "rmse", 4.216, 16.7): "The typical error is 4.22 in the target's own unit, large"
    " errors weighing more; always saying the mean, 16.7.",
    (NUMBER, "mae", 3.1, None): "On average it is off by 3.1 in the target's own unit.",
    (NUMBER, "r2", 0.784, 0.0): "It explains 78 % of the differences between the rows' numbers.",
    (NUMBER, "r2", -0.2, 0.0): "It explains nothing: always saying the mean would be as near, or"
    " nearer.",
    (NUMBER, "mape", 0.123, 12.5): "On average it is off by 12 % of the true value; always saying"
    " the mean, by 1250 %.",
    (NUMBER, "rmsle", 0.2231, 0.6931): "Typically it is too high or too low by a factor of 1.25 (of"
    " the value plus one); always saying the mean, by a factor of 2.",
    (NUMBER, "rmsle", 300.0, 900.0): "It is off by factors beyond all measure.",
}  # fmt: skip


@pytest.mark.parametrize("case", SENTENCES)
def test_a_metric_is_told_in_words(case: tuple[tuple[str, ...], str, float, float | None]) -> None:
    classes, name, value, alike = case
    found = _any(classes)
    found["metrics"] = {name: {"value": value, "low": value, "high": value}}
    assert found["guess"] is not None
    found["guess"]["metrics"] = {name: alike}
    assert markdown(measures.told(found, name)) == SENTENCES[case]


def _any(classes: tuple[str, ...]) -> Report:
    truth = np.arange(12) % max(1, len(classes)) if classes else np.arange(12.0)
    judged = np.full((12, max(1, len(classes))), 1 / max(1, len(classes)))
    name = MetricName.ACCURACY if classes else MetricName.RMSE
    return _report(classes, truth, judged, chosen=name)


@pytest.mark.parametrize("classes", [TWO, MANY, NUMBER])
def test_every_metric_of_every_task_has_its_sentence(classes: tuple[str, ...]) -> None:
    task = TaskType.CLASSIFICATION if classes else TaskType.REGRESSION
    assert {name for _, name, _, _ in SENTENCES} == {name.value for name in MetricName}
    found = _any(classes)
    for name in metric.allowed(task, len(classes)):
        told = markdown(measures.told(found, name.value))
        assert told.endswith(".")
        assert "{" not in told
    found["metrics"] = {"rmse": {"value": None, "low": None, "high": None}}
    assert markdown(measures.told(found, "rmse")) == "It could not be computed of these rows."


def test_estimates_that_do_not_exist_leave_sentences_out() -> None:
    found = _any(TWO)
    found["metrics"] = {"accuracy": {"value": None, "low": None, "high": None}}
    assert _told(verdict.sure(found)) == ""
    assert "right about" not in _told(verdict.good(found))


@pytest.mark.parametrize(
    ("part", "whole", "told"),
    [
        (0, 5, "0 of 5"),
        (9, 12, "9 of 12"),
        (500, 500, "all"),
        (4_999, 5_000, "4,999 of 5,000"),
        (19_998, 20_000, "9,999 of 10,000"),
        (4, 20_000, "2 of 10,000"),
    ],
)
def test_shares_are_told_so_that_they_can_be_pictured(part: int, whole: int, told: str) -> None:
    assert verdict.of(part, whole) == told


def test_words_of_users_stay_words() -> None:
    said: Prose = ("It says ", Name("*<b>|`x`"), ".")
    assert markdown(said) == "It says “\\*\\<b\\>\\|\\`x\\`”."
    assert html(said) == "It says <em><bdi>*&lt;b&gt;|`x`</bdi></em>."
    assert len(html((Name("x" * 1_000),))) < 100
    assert len(markdown((Name("x" * 1_000),))) < 100


@pytest.mark.parametrize(
    ("value", "digits", "shown"),
    [
        (1250.3, 3, "1,250"),
        (999.6, 3, "1,000"),
        (9_999.7, 4, "10,000"),
        (123.456, 4, "123.5"),
        (0.00012345, 3, "0.000123"),
        (-25_000.0, 4, "-25,000"),
        (1e15, 4, "1e+15"),
        (None, 4, "–"),
    ],
)
def test_numbers_are_written_as_people_read_them(
    value: float | None, digits: int, shown: str
) -> None:
    assert figure(value, digits=digits) == shown


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (0.99996, "over 99.9 %"),
        (0.9912, "99.1 %"),
        (0.96, "96 %"),
        (0.5, "50 %"),
        (0.034, "3.4 %"),
        (0.0042, "0.42 %"),
        (1.0, "100 %"),
        (0.0, "0 %"),
    ],
)
def test_percents_never_round_to_all_or_nothing(share: float, shown: str) -> None:
    assert verdict.percent(share) == shown
