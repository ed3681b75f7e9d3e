"""The end of a study: within its bounds, and never worse than before."""

import json
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import automl
from automl import pipeline
from automl.core.catalog import ExportFormat, FamilyName, MetricName, Modality, TaskType
from automl.core.decision import PLAIN, Decision
from automl.core.errors import ExportFailed, InvalidSpec
from automl.core.frame import Frame
from automl.core.graph import Graph
from automl.core.kin import Bond, Kin
from automl.core.learner import Fitted
from automl.core.mixture import Mixture
from automl.core.model import Input, Member
from automl.core.state import State
from automl.core.study import Budget, Objective, Plan, StudySpec, TaskSpec
from automl.core.trial import Candidate
from automl.ensembling.crossfit import Rows, crossfit
from automl.export import parity, portable
from automl.export.ensemble import Traced, TrainedMember, trace
from automl.export.scoring import Scorer, Session
from automl.families.forest import Trees
from automl.families.lightgbm import exits, trees
from automl.finish import Entry, best_entries, choose, estimate, files, finish
from automl.finish.estimate import Judged, crossed, intervals
from automl.finish.rivals import rivals
from automl.finish.weights import Chosen
from automl.finish.within import within
from automl.search.evaluate import load_fit
from automl.search.plan import make_plan
from automl.search.prepare import Prepared, prepare
from tests import tables

SECONDS = Budget(seconds=1000.0)


@pytest.fixture(scope="module")
def searched(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Prepared, Sequence[Entry]]:
    folder = tmp_path_factory.mktemp("data")
    dataset, table = tables.dataset(tables.mixed(folder / "data.csv"), folder / "data.parquet")
    spec = StudySpec(
        dataset.id,
        TaskSpec(TaskType.CLASSIFICATION, "y"),
        Budget(trials=6),
        families=(FamilyName.LINEAR, FamilyName.LIGHTGBM),
        search_space={"lightgbm": {"max_rounds": [40]}},
    )
    plan = make_plan(spec, dataset, table)
    prepared = prepare(plan, spec, dataset, table)
    results = pipeline.search(prepared, slots=1, deadline=None, watch=lambda _p, _t: None)
    return prepared, [pipeline.entry(result) for result in results]


def _bounded(prepared: Prepared, objective: Objective) -> Prepared:
    return replace(prepared, spec=replace(prepared.spec, objective=objective, budget=SECONDS))


def _size(prepared: Prepared, entries: Sequence[Entry]) -> int:
    return len(finish(prepared, entries).files[ExportFormat.ONNX])


def test_members_go_until_the_file_is_small_enough(
    searched: tuple[Prepared, Sequence[Entry]],
) -> None:
    prepared, entries = searched
    whole = finish(prepared, entries)
    size = len(whole.files[ExportFormat.ONNX])
    assert len(whole.card.members) > 1
    for share in (0.9, 0.4):
        bounded = _bounded(prepared, Objective(max_model_bytes=int(share * size)))
        finished = finish(bounded, entries)
        assert len(finished.files[ExportFormat.ONNX]) <= share * size
        assert sum(member.weight for member in finished.card.members) == pytest.approx(1.0)
        assert finished.card.value > 0.8
    loose = _bounded(prepared, Objective(max_model_bytes=2 * size))
    assert finish(loose, entries).card.members == whole.card.members


@pytest.mark.parametrize(("tax", "members"), [(0.0, 2), (1.0, 1)])
def test_members_owe_for_their_time_once_another_went(
    tax: float,
    members: int,
    searched: tuple[Prepared, Sequence[Entry]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    prepared, entries = searched
    monkeypatch.setattr("automl.finish.prices.TAX", tax)
    pool = best_entries(prepared.plan, entries)
    predictions = [entry.out_of_fold() for entry in pool]
    equal = Mixture(tuple([1 / len(pool)] * len(pool)))
    whole = files.build(prepared, pool, predictions, equal)
    size = len(files.write(prepared, whole, files.draft(prepared, whole)))
    bounded = _bounded(prepared, Objective(max_model_bytes=size - 1))
    file, _, kept = within(bounded, pool, predictions, Chosen(equal))
    assert len(file.members) == len(kept) == members


def test_what_was_encoded_to_train_is_gone_when_the_file_is_made(
    searched: tuple[Prepared, Sequence[Entry]],
) -> None:
    prepared, entries = searched
    encoded = weakref.ref(prepared.encoded(0, entries[0].trial.candidate).train.x)
    assert encoded() is not None
    finish(prepared, entries)
    assert encoded() is None


def test_where_only_a_weaker_trial_fits_that_is_the_model(
    searched: tuple[Prepared, Sequence[Entry]],
) -> None:
    prepared, entries = searched
    linear = [e for e in entries if e.trial.candidate.family is FamilyName.LINEAR]
    boosted = [e for e in entries if e.trial.candidate.family is FamilyName.LIGHTGBM]
    limit = max(_size(prepared, [entry]) for entry in linear) + 500
    tight = _bounded(prepared, Objective(max_model_bytes=limit))
    finished = finish(tight, entries)
    assert {member.family for member in finished.card.members} == {FamilyName.LINEAR}
    with pytest.raises(ExportFailed, match=r"nearest takes \d+ bytes\."):
        finish(tight, boosted)


def test_the_time_of_a_row_is_measured(searched: tuple[Prepared, Sequence[Entry]]) -> None:
    prepared, entries = searched
    assert finish(_bounded(prepared, Objective(max_row_ms=1e6)), entries).files
    with pytest.raises(ExportFailed, match="ms for a row"):
        finish(_bounded(prepared, Objective(max_row_ms=1e-6)), entries)


def test_replay_order_refuses_a_measured_bound(tmp_path: Path) -> None:
    dataset, table = tables.dataset(tables.mixed(tmp_path / "a.csv"), tmp_path / "a.parquet")
    spec = StudySpec(
        dataset.id,
        TaskSpec(TaskType.CLASSIFICATION, "y"),
        Budget(trials=6),
        objective=Objective(max_row_ms=5.0),
    )
    with pytest.raises(InvalidSpec, match="max_row_ms") as refused:
        make_plan(spec, dataset, table)
    assert refused.value.errors[0].field == "objective.max_row_ms"
    assert make_plan(replace(spec, budget=SECONDS), dataset, table).rows == 400


def test_the_members_of_before_stay_unless_others_are_better(
    searched: tuple[Prepared, Sequence[Entry]],
) -> None:
    prepared, entries = searched
    pool = best_entries(prepared.plan, entries)
    predictions = [np.asarray(entry.out_of_fold(), np.float64) for entry in pool]
    found = choose(prepared, pool, predictions)
    card = finish(prepared, entries).card
    last = Member(pool[-1].trial.number, pool[-1].trial.candidate.family, 1.0)
    worst = replace(card, members=(last,), geometric=False)
    assert choose(prepared, pool, predictions, worst).mixture == found.mixture
    gone = replace(card, members=(Member(999, FamilyName.LINEAR, 1.0),))
    assert choose(prepared, pool, predictions, gone).mixture == found.mixture
    # An entry that no greedy search could have missed, but for the trial's rank.
    truth = prepared.y[prepared.judged]
    exact = np.stack([1.0 - truth, truth], axis=1).astype(np.float64)
    behind = [*predictions[:-1], 0.2 * exact + 0.4]
    assert choose(prepared, pool, behind, worst).mixture.weights[-1] == 1.0


def test_a_dear_member_of_a_table_keeps_few_folds(
    searched: tuple[Prepared, Sequence[Entry]], monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared, entries = searched
    pool = [*(e for e in entries if e.trial.candidate.family is FamilyName.LIGHTGBM)][:1]
    pool += [*(e for e in entries if e.trial.candidate.family is FamilyName.LINEAR)][:1]
    folds = len(prepared.folds)
    predictions = [np.asarray(entry.out_of_fold(), float) for entry in pool]
    for tax, kept in ((1e-9, folds), (1.0, 1)):
        monkeypatch.setattr("automl.finish.prices.TAX", tax)
        members = files.build(prepared, pool, predictions, Mixture((0.2, 0.8))).members
        assert [member.folds for member in members] == [kept, kept]
        assert [len(list(member.parts())) for member in members] == [kept, kept]
    monkeypatch.setattr("automl.finish.prices.TAX_OTHERWISE", 1.0)
    texts = replace(prepared, plan=replace(prepared.plan, modality=Modality.TEXT))
    members = files.build(texts, pool, predictions, Mixture((0.2, 0.8))).members
    assert [member.folds for member in members] == [folds, folds]
    assert folds > 1


def test_a_model_says_how_many_fits_of_a_member_it_holds(
    searched: tuple[Prepared, Sequence[Entry]], monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared, entries = searched
    folds = len(prepared.folds)
    for tax, kept in ((1e-9, folds), (1.0, 1)):
        monkeypatch.setattr("automl.finish.prices.TAX", tax)
        finished = finish(prepared, entries)
        assert {member.fits for member in finished.card.members} == {kept}
        scorer = Scorer(finished.files[ExportFormat.ONNX])
        assert scorer.metadata.card.members == finished.card.members
        report = json.loads(finished.files[ExportFormat.REPORT])
        assert {member["fits"] for member in report["members"]} == {kept}


def test_what_is_to_be_kept_stays_in_the_pool(
    searched: tuple[Prepared, Sequence[Entry]], monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared, entries = searched
    monkeypatch.setattr("automl.finish.entries.POOL", 1)
    narrow = best_entries(prepared.plan, entries)
    last = best_entries(prepared.plan, [e for e in entries if e not in narrow])[-1]
    assert last in best_entries(prepared.plan, entries, keep=[last.trial.number])


@pytest.fixture(scope="module")
def rare(tmp_path_factory: pytest.TempPathFactory) -> pipeline.Fit:
    """Return a study of a class of one row in ten, judged by F1, without test rows."""
    folder = tmp_path_factory.mktemp("rare")
    csv = tables.rare(folder / "data.csv", counts=(540, 60))
    dataset, table = tables.dataset(csv, folder / "data.parquet")
    spec = StudySpec(
        dataset.id,
        TaskSpec(TaskType.CLASSIFICATION, "y", MetricName.F1),
        Budget(trials=3),
        families=(FamilyName.LINEAR,),
        search_space={"linear": {"class_weight": ["none"]}},
    )
    return pipeline.fit(spec, dataset, table)


def test_the_file_the_bundle_and_the_report_decide_alike(
    rare: pipeline.Fit, tmp_path: Path
) -> None:
    files, card = rare.finished.files, rare.finished.card
    assert card.decision.threshold(1) < 0.4
    scorer = Scorer(files[ExportFormat.ONNX])
    assert scorer.metadata.card == card
    assert card.parity <= 1e-5
    path = tmp_path / "bundle.zip"
    path.write_bytes(files[ExportFormat.BUNDLE])
    rows = [{"a": a / 10, "b": b / 10} for a in range(-40, 41, 4) for b in range(-40, 41, 4)]
    scores = automl.load(path).predict(rows)
    assert scores.probabilities is not None
    said = card.decision.labels(scores.probabilities)
    assert scores.predictions.tolist() == [card.classes[label] for label in said]
    assert (said != scores.probabilities.argmax(axis=1)).any()
    report = json.loads(files[ExportFormat.REPORT])
    assert report["decision"]["threshold"] == card.decision.threshold(1)
    found = report["classification"]["per_class"][1]
    assert found["f1"] == report["metrics"]["f1"]["value"] == report["value"]
    assert report["value"] > max(trial.value for trial in rare.trials if trial.value)


def test_a_temperature_is_inside_the_file(searched: tuple[Prepared, Sequence[Entry]]) -> None:
    prepared, entries = searched
    sharp = Decision(0.2)

    def surer(entry: Entry) -> Entry:  # as if the trial had been far less sure on unseen rows
        judged = np.asarray(entry.out_of_fold(), np.float64)
        return replace(entry, out_of_fold=lambda: sharp.probabilities(judged).astype(np.float32))

    finished = finish(prepared, [surer(entry) for entry in entries])
    assert finished.card.decision.temperature > 1.5
    assert finished.card.parity <= 1e-5
    plain = finish(prepared, entries)
    one, other = (
        Scorer(item.files[ExportFormat.ONNX]).predict(parity.feeds(prepared.frame, prepared.inputs))
        for item in (finished, plain)
    )
    assert one.probabilities is not None
    assert other.probabilities is not None
    assert one.probabilities.max(axis=1).mean() < other.probabilities.max(axis=1).mean()
    assert json.loads(finished.files[ExportFormat.REPORT])["decision"]["temperature"] > 1.5
    assert finish(prepared, entries).files == plain.files


def test_choosing_among_many_guesses_does_not_flatter(
    searched: tuple[Prepared, Sequence[Entry]],
) -> None:
    prepared, entries = searched
    random = np.random.default_rng(0)
    guesses = [random.dirichlet(np.ones(2), len(prepared.judged)) for _ in range(25)]
    pool = [entries[0]] * len(guesses)
    truth = prepared.y[prepared.judged]
    chosen = choose(prepared, pool, guesses)
    flattered = prepared.score(truth, chosen.mixture.of(guesses))
    for folds in (prepared.folds, prepared.folds[:1]):
        some = replace(prepared, folds=folds, test=None)
        judged = crossed(some, pool, guesses, chosen)
        assert abs(prepared.score(truth, judged.predictions) - 0.5) < 0.06
    assert flattered > 0.58


@pytest.mark.parametrize("bond", ["copy", "group", "moment"])
def test_a_holdout_is_judged_by_parts_that_divide_no_kin(
    searched: tuple[Prepared, Sequence[Entry]], bond: Bond, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared, entries = searched
    numbers = np.random.default_rng(0).integers(0, 30, len(prepared.y)).astype(np.int32)
    train, valid = prepared.folds[0]
    assert len(valid) < len(train)
    held = replace(
        prepared, folds=((valid, train),), judged=train, test=None, kin=Kin(numbers, bond)
    )
    parts: list[list[Rows]] = []

    def noted(given: list[Rows], choose: Callable[[Rows], object]) -> Iterator[object]:
        parts.append(given)
        return crossfit(given, choose)

    monkeypatch.setattr(estimate, "crossfit", noted)
    some = np.asarray(entries[0].out_of_fold(), np.float64)[np.searchsorted(prepared.judged, train)]
    crossed(held, entries[:1], [some], Chosen(Mixture((1.0,))))
    shared = [set(numbers[train[part]]) for part in parts[0]]
    assert len(shared) == 5
    assert sum(map(len, shared)) == len(set(numbers[train]))
    if bond == "moment":
        assert all(max(one) < min(next_) for one, next_ in pairwise(shared))


def test_rivals_are_those_that_chance_may_have_put_behind(
    searched: tuple[Prepared, Sequence[Entry]],
) -> None:
    prepared, entries = searched
    pool = best_entries(prepared.plan, entries)[:3]
    best = np.asarray(pool[0].out_of_fold(), np.float64)
    guess = np.random.default_rng(0).dirichlet(np.ones(2), len(best))
    nudged = np.clip(best + 1e-3 * guess, 0, 1)
    found = rivals(prepared, pool, [best, nudged, guess])
    assert [item["alike"] for item in found] == [True, True, False]
    assert found[0]["behind"] == 0.0
    assert [item["trial"] for item in found] == [entry.trial.number for entry in pool]


def test_a_decision_that_makes_the_file_differ_is_left_out(
    searched: tuple[Prepared, Sequence[Entry]], monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared, entries = searched
    monkeypatch.setattr("automl.finish.files.decide", lambda *_: Decision(0.5))
    assert finish(prepared, entries).card.decision == Decision(0.5)

    def off(
        plan: Plan,
        inputs: Sequence[Input],
        members: Sequence[TrainedMember],
        frame: Frame,
        by: Decision,
        *,
        geometric: bool,
    ) -> Traced:
        traced = trace(plan, inputs, members, frame, by, geometric=geometric)
        return replace(traced, answers=traced.answers + (by != PLAIN))

    monkeypatch.setattr("automl.export.portable.trace", off)
    card = finish(prepared, entries).card
    assert card.decision == PLAIN
    assert card.excluded == ()
    assert card.parity <= 1e-5


class Watched:
    """A fitted fold of which one can ask whether it is there still."""

    def __init__(self, fitted: Fitted) -> None:
        self._fitted = fitted

    def __getattr__(self, name: str) -> Any:
        return getattr(self._fitted, name)


def test_a_finish_holds_one_fold_at_a_time_and_loads_one_program(
    searched: tuple[Prepared, Sequence[Entry]], monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared, entries = searched
    some = best_entries(prepared.plan, entries)[:2]
    monkeypatch.setattr("automl.finish.choose", lambda *_: Chosen(Mixture((0.5, 0.5))))
    monkeypatch.setattr("automl.finish.best_entries", lambda *_, **__: some)
    expected = finish(prepared, entries).files
    folds: list[weakref.ref[Watched]] = []
    beside: list[int] = []
    programs: list[bytes] = []

    def load(candidate: Candidate, state: State) -> Watched:
        beside.append(sum(fold() is not None for fold in folds))
        fold = Watched(load_fit(candidate, state))
        folds.append(weakref.ref(fold))
        return fold

    def session(content: bytes, *, threads: int = 1) -> Session:
        assert not any(fold() for fold in folds)
        programs.append(content)
        return Session(content, threads=threads)

    monkeypatch.setattr(files, "load_fit", load)
    monkeypatch.setattr(portable, "Session", session)
    assert finish(prepared, entries).files == expected
    assert len(folds) > 2
    assert not any(beside)
    assert len(programs) == 1


@pytest.mark.parametrize(
    ("module", "name"), [(trees, "write"), (exits, "emit")], ids=["few", "many"]
)
def test_both_ways_of_a_program_are_checked(
    searched: tuple[Prepared, Sequence[Entry]],
    monkeypatch: pytest.MonkeyPatch,
    module: ModuleType,
    name: str,
) -> None:
    """Of which one is for few rows, the other for many."""
    prepared, entries = searched
    boosted = [e for e in entries if e.trial.candidate.family is FamilyName.LIGHTGBM]
    assert finish(prepared, boosted).card.parity <= 1e-5
    right = getattr(module, name)

    def wrong(trees: Trees, graph: Graph, x: str, **given: Any) -> str:
        return graph.node("Neg", right(trees, graph, x, **given))

    monkeypatch.setattr(module, name, wrong)
    with pytest.raises(ExportFailed, match="differs by"):
        finish(prepared, boosted)


@pytest.mark.parametrize("off", [0.0, 0.3])
def test_intervals_of_rows_that_the_search_saw_are_wider_and_possible(
    searched: tuple[Prepared, Sequence[Entry]], off: float
) -> None:
    prepared, _ = searched
    truth = prepared.y[prepared.judged]
    wrong = np.random.default_rng(0).random(len(truth)) < off
    answers = np.eye(2)[np.where(wrong, 1 - truth, truth)] * 0.9 + 0.05
    test = Judged("test", truth, answers, PLAIN.labels(answers))
    for name, found in intervals(prepared, replace(test, source="out_of_fold")).items():
        plain = intervals(prepared, test)[name]
        assert found.low <= plain.low <= found.value == plain.value <= plain.high <= found.high
        assert found.low >= 0
        assert found.high <= 1 or name is MetricName.LOG_LOSS
        assert not off or found.high - found.low > 1.1 * (plain.high - plain.low)


@pytest.mark.parametrize(("least", "step"), [(1_700_000_000_000_000_000, 10**6), (0, 10**40)])
def test_numbers_that_float32_cannot_tell_are_judged_as_they_are(
    least: int, step: int, tmp_path: Path
) -> None:
    """Times in nanoseconds a second apart, and what is beyond its largest number."""
    a, b = [i * i % 101 for i in range(200)], [i * 7 % 13 for i in range(200)]
    lines = [(str(p), str(q), str(least + step * (p + q))) for p, q in zip(a, b, strict=True)]
    path = tables.write(tmp_path / "data.csv", ("a", "b", "y"), lines)
    dataset, table = tables.dataset(path, tmp_path / "data.parquet")
    task = TaskSpec(TaskType.REGRESSION, "y", MetricName.R2)
    spec = StudySpec(dataset.id, task, Budget(trials=1), families=(FamilyName.LINEAR,))
    fit = pipeline.fit(spec, dataset, table)
    (trial,) = fit.trials
    assert trial.value is not None
    assert trial.value > 0.99
    assert fit.finished.card.value == pytest.approx(trial.value, abs=0.01)
