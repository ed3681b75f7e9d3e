"""What the page and the card tell of the search as it went."""

from typing import cast

import pytest

from automl.core.study_report import Moment, StudyFacts, StudyReport, Tried
from automl.export import tried


def _report(*families: Tried, timeline: tuple[tuple[float, float], ...] = ()) -> StudyReport:
    """Return what these sentences need of a report."""
    facts = StudyFacts(
        id="st",
        name=None,
        status="succeeded",
        dataset_id="ds",
        dataset=None,
        model_id="mdl",
        budget={},
        elapsed_seconds=61.4,
        created_at="",
        finished_at=None,
    )
    moments = [
        Moment(seconds=seconds, trial=place, family="mlp", value=value)
        for place, (seconds, value) in enumerate(timeline)
    ]
    report = {
        "task": {"metric": "roc_auc", "direction": "maximize"},
        "baseline": 0.5,
        "families": [],
        "rivals": [],
        "study": facts,
        "tried": list(families),
        "timeline": moments,
    }
    return cast("StudyReport", report)


def _tried(family: str, *counts: int, reasons: dict[str, int] | None = None) -> Tried:
    trials, complete, pruned, failed = counts
    return Tried(
        family=family,
        trials=trials,
        complete=complete,
        pruned=pruned,
        failed=failed,
        best=0.9 if complete else None,
        seconds=10.0 * trials,
        reasons=reasons or {},
    )


def test_every_candidate_is_accounted_for() -> None:
    report = _report(
        _tried("linear", 3, 3, 0, 0),
        _tried("mlp", 9, 2, 4, 2, reasons={"OUT_OF_MEMORY": 1, "TIME_LIMIT": 1}),
    )
    assert list(tried.summary(report)) == [
        "In 1 min 1 s the search tried 12 candidates of 2 kinds of models: 5 complete, 4 stopped"
        " early, since others were ahead, 2 failed (out of memory, time limit) and 1 given up when"
        " the time was over."
    ]
    alone = _report(_tried("linear", 1, 1, 0, 0))
    assert list(tried.summary(alone)) == [
        "In 1 min 1 s the search tried 1 candidate of one kind of model: 1 complete."
    ]


def test_kinds_of_models_are_listed_with_their_work() -> None:
    head, rows = tried.rows(_report(_tried("mlp", 9, 0, 9, 0)))
    assert head[-2:] == ("best ROC AUC", "work")
    assert rows == [("Multilayer perceptron", "9", "0", "9", "0", "–", "1 min 30 s")]
    assert tried.name("a_family_of_another_version") == "a_family_of_another_version"


@pytest.mark.parametrize(
    ("timeline", "drawn", "dashed"),
    [
        (((1.0, 0.6), (5.0, 0.8), (20.0, 0.81)), True, True),
        (((1.0, 0.9), (5.0, 0.901)), True, False),  # the guess would flatten the picture
        (((1.0, 0.9),), False, False),
        ((), False, False),
    ],
)
def test_a_staircase_shows_the_best_so_far(
    timeline: tuple[tuple[float, float], ...], drawn: bool, dashed: bool
) -> None:
    text = "".join(tried.sections(_report(_tried("mlp", 3, 3, 0, 0), timeline=timeline)))
    assert ("<title>The best value so far</title>" in text) == drawn
    assert ("Dashed: always guessing alike." in text) == dashed
    assert ('class="reference"' in text) == dashed
    assert ("<summary>In numbers</summary>" in text) == drawn


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.04, "0.0 s"), (59.7, "1 min"), (60.0, "1 min"), (3_599.8, "1 h"), (90_000.0, "25 h")],
)
def test_times_are_told_as_people_say_them(seconds: float, told: str) -> None:
    assert tried.duration(seconds) == told
