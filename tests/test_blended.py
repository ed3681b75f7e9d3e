"""A finish whose members are blended: the same file, card, report and estimate as ever."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from automl import pipeline
from automl.core.catalog import ExportFormat, FamilyName, MetricName, Modality, TaskType
from automl.core.frame import Floats
from automl.core.mixture import Mixture
from automl.core.model import Member
from automl.core.study import Budget, Objective, StudySpec, TaskSpec
from automl.export import parity, portable
from automl.export.ensemble import Traced, trace
from automl.export.scoring import Scorer
from automl.finish import Entry, best_entries, choose, finish
from automl.finish.estimate import crossed
from automl.finish.weights import Chosen
from automl.search.plan import make_plan
from automl.search.prepare import Prepared, prepare
from tests import tables

Searched = tuple[Prepared, Sequence[Entry]]


@pytest.fixture(scope="module", params=list(TaskType))
def searched(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Searched:
    folder = tmp_path_factory.mktemp("data")
    classes = 2 if request.param is TaskType.CLASSIFICATION else 0
    csv = tables.mixed(folder / "data.csv", classes=classes)
    dataset, table = tables.dataset(csv, folder / "data.parquet")
    spec = StudySpec(
        dataset.id,
        TaskSpec(request.param, "y"),
        Budget(trials=6),
        families=(FamilyName.LINEAR, FamilyName.LIGHTGBM),
        search_space={"lightgbm": {"max_rounds": [40]}},
    )
    prepared = prepare(make_plan(spec, dataset, table), spec, dataset, table)
    results = pipeline.search(prepared, slots=1, deadline=None, watch=lambda _p, _t: None)
    return prepared, [pipeline.entry(result) for result in results]


def _classes(prepared: Prepared) -> bool:
    return prepared.plan.task is TaskType.CLASSIFICATION


def _signed(searched: Searched, monkeypatch: pytest.MonkeyPatch) -> Mixture:
    """Make the finish take these weights of the first two entries."""
    prepared, entries = searched
    pool = best_entries(prepared.plan, entries)[:2]
    mixture = Mixture((1.4, -0.4), geometric=_classes(prepared))
    monkeypatch.setattr("automl.finish.best_entries", lambda *_, **__: pool)
    monkeypatch.setattr("automl.finish.choose", lambda *_: Chosen(mixture))
    return mixture


def test_file_card_bundle_and_report_tell_of_signed_weights(
    searched: Searched, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared, _ = searched
    mixture = _signed(searched, monkeypatch)
    finished = finish(*searched)
    card = finished.card
    assert tuple(member.weight for member in card.members) == mixture.weights
    assert card.geometric == mixture.geometric
    assert card.parity <= 1e-5
    scorer = Scorer(finished.files[ExportFormat.ONNX])
    told = scorer.metadata.card
    assert (told.members, told.geometric) == (card.members, card.geometric)
    report = json.loads(finished.files[ExportFormat.REPORT])
    assert report["geometric"] == mixture.geometric
    assert [member["weight"] for member in report["members"]] == [1.4, -0.4]
    scores = scorer.predict(parity.feeds(prepared.frame, prepared.inputs))
    if scores.probabilities is not None:
        assert scores.probabilities.sum(axis=1) == pytest.approx(1.0)
        assert scores.probabilities.min() >= 0.0


@pytest.mark.parametrize("searched", [TaskType.CLASSIFICATION], indirect=True)
def test_what_logarithms_make_differ_is_handed_out_with_greedy_weights(
    searched: Searched, monkeypatch: pytest.MonkeyPatch
) -> None:
    _signed(searched, monkeypatch)

    def off(*given: Any, geometric: bool) -> Traced:
        traced = trace(*given, geometric=geometric)
        return replace(traced, answers=traced.answers + geometric)

    monkeypatch.setattr(portable, "trace", off)
    card = finish(*searched).card
    assert not card.geometric
    assert min(member.weight for member in card.members) > 0
    assert sum(member.weight for member in card.members) == pytest.approx(1.0)


def _crossing(prepared: Prepared, seed: int = 0) -> list[Floats]:
    """Return what three say of the judged rows, of which the third errs as the first, twice as far.

    Of classes these are the odds.
    """
    truth = prepared.y[prepared.judged].astype(float)
    random = np.random.default_rng(seed)
    truth = (truth - truth.mean()) / truth.std()
    shared, *noise = random.normal(size=(4, len(truth)))
    said = [truth + far * shared + 0.2 * own for far, own in zip((1, 1, 2), noise, strict=True)]
    if not _classes(prepared):
        values = prepared.y[prepared.judged]
        return [(each * values.std() + values.mean())[:, None] for each in said]
    chances = [1 / (1 + np.exp(-each)) for each in said]
    return [np.stack([1 - chance, chance], axis=1) for chance in chances]


def test_a_blend_is_chosen_where_greedy_weights_cannot_take_back(
    searched: Searched, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared, entries = searched
    monkeypatch.setattr("automl.finish.weights.LEAST_BLENDED", 100)
    pool, said, truth = entries[:3], _crossing(prepared), prepared.y[prepared.judged]
    chosen = choose(prepared, pool, said)
    assert chosen.blend is not None
    assert chosen.mixture.weights[2] < 0
    assert sum(chosen.mixture.weights) == pytest.approx(1.0)
    assert chosen.mixture.geometric == _classes(prepared)
    greedy = choose(_bounded(prepared), pool, said)
    assert greedy.blend is None
    assert min(greedy.mixture.weights) >= 0
    judged = crossed(replace(prepared, test=None), pool, said, chosen)
    plain = crossed(replace(prepared, test=None), pool, said, greedy)
    values = [prepared.score(truth, each.predictions) for each in (judged, plain)]
    name = prepared.plan.metric
    assert name in (MetricName.ROC_AUC, MetricName.RMSE)
    assert values[0] > values[1] if _classes(prepared) else values[0] < 0.8 * values[1]


def _bounded(prepared: Prepared) -> Prepared:
    objective, budget = Objective(max_model_bytes=10**9), Budget(seconds=1000.0)
    return replace(prepared, spec=replace(prepared.spec, objective=objective, budget=budget))


def test_few_rows_arrays_and_very_many_classes_keep_greedy_weights(
    searched: Searched, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared, entries = searched
    pool, said = entries[:3], _crossing(prepared)
    assert choose(prepared, pool, said).blend is None  # 400 rows
    monkeypatch.setattr("automl.finish.weights.LEAST_BLENDED", 100)
    series = replace(prepared, plan=replace(prepared.plan, modality=Modality.SERIES))
    assert choose(series, pool, said).blend is None
    monkeypatch.setattr("automl.finish.weights.BLENDED_CELLS", 50)
    assert choose(prepared, pool, said).blend is None or not _classes(prepared)


def test_a_blend_of_before_stays_unless_another_is_better(
    searched: Searched, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared, entries = searched
    monkeypatch.setattr("automl.finish.weights.LEAST_BLENDED", 100)
    pool, said = entries[:3], _crossing(prepared)
    found = choose(prepared, pool, said)
    card = finish(prepared, entries).card

    def past(weights: Sequence[float]) -> Any:
        members = tuple(
            Member(entry.trial.number, entry.trial.candidate.family, weight)
            for entry, weight in zip(pool, weights, strict=True)
            if weight
        )
        return replace(card, members=members, geometric=found.mixture.geometric)

    assert choose(prepared, pool, said, past(found.mixture.weights)).mixture == found.mixture
    assert choose(prepared, pool, said, past((0.0, 0.0, 1.0))).mixture == found.mixture
    alone = replace(prepared, spec=replace(prepared.spec, ensemble=False))
    assert choose(alone, pool, said).mixture == Mixture((1.0, 0.0, 0.0))


def test_guesses_are_not_flattered_by_a_blend(
    searched: Searched, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared, entries = searched
    monkeypatch.setattr("automl.finish.weights.LEAST_BLENDED", 100)
    random, truth = np.random.default_rng(0), prepared.y[prepared.judged]
    guesses: list[Floats] = [
        random.dirichlet(np.ones(2), len(truth))
        if _classes(prepared)
        else random.permutation(truth)[:, None]
        for _ in range(15)
    ]
    pool = [entries[0]] * len(guesses)
    judged = crossed(replace(prepared, test=None), pool, guesses, choose(prepared, pool, guesses))
    value = prepared.score(truth, judged.predictions)
    assert abs(value - 0.5) < 0.07 if _classes(prepared) else value > 0.98 * truth.std()
