"""What members cost: enough to tell the dear ones from the cheap."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from typing_extensions import override

from automl import families
from automl.core.catalog import FamilyName, Modality, TaskType, TrialState
from automl.core.graph import Graph
from automl.core.hyperparameter import Params, defaults, serving
from automl.core.learner import Layout
from automl.core.state import State
from automl.core.study import Budget, StudySpec, TaskSpec
from automl.core.trial import Candidate, Trial
from automl.finish.entries import Entry
from automl.finish.prices import Price, most, prices, row_micros, tax
from automl.search.plan import make_plan
from automl.search.prepare import prepare
from automl.training import work
from tests import arrays
from tests.tables import dataset


def trial(family: FamilyName, parameters: int, epochs: int, trees: int | None = None) -> Trial:
    params = {} if trees is None else {"trees": trees}
    candidate = Candidate(family, params)
    state = TrialState.COMPLETE
    return Trial("s", 0, state, candidate, 0.5, epochs=epochs, parameters=parameters)


@pytest.mark.parametrize(
    ("ended", "outputs", "measured"),
    [
        (trial(FamilyName.LIGHTGBM, 33_170, 1_070), 2, 17),
        (trial(FamilyName.LIGHTGBM, 20_000, 200), 1, 9),
        (trial(FamilyName.LIGHTGBM, 83_462, 774), 7, 39),
        (trial(FamilyName.CATBOOST, 414_432, 6_492), 1, 19),
        (trial(FamilyName.EXTRA_TREES, 82_016, 800, trees=100), 2, 8),
        (trial(FamilyName.EXTRA_TREES, 285_200, 800, trees=100), 1, 16),
        (trial(FamilyName.EXTRA_TREES, 600_240, 60, trees=100), 2, 15),
        (trial(FamilyName.MLP, 1_180_424, 71), 2, 14),
        (trial(FamilyName.LINEAR, 500, 89), 2, 1),
    ],
    ids=lambda value: value.candidate.family.value if isinstance(value, Trial) else str(value),
)
def test_a_row_takes_about_what_was_measured(ended: Trial, outputs: int, measured: float) -> None:
    assert abs(row_micros(ended, outputs) - measured) <= max(3.0, 0.4 * measured)


def test_more_classes_take_longer() -> None:
    for family in FamilyName:
        ended = trial(family, 20_000, 500, trees=100)
        assert row_micros(ended, 3) >= row_micros(ended, 2) > 0


def test_a_trial_that_tells_nothing_costs_next_to_nothing() -> None:
    bare = Trial("s", 0, TrialState.COMPLETE, Candidate(FamilyName.LIGHTGBM), 0.5)
    assert 0 < row_micros(bare, 2) < 1


def test_what_must_be_slow_owes_less_for_it(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("a,y\n" + "".join(f"{n % 7},{n % 3}\n" for n in range(60)))
    data, table = dataset(tmp_path / "d.csv", tmp_path / "d.parquet")
    task = TaskSpec(TaskType.CLASSIFICATION, "y")
    plan = make_plan(StudySpec(data.id, task, Budget(trials=1)), data, table)
    owed = tax(plan, Price(seconds=0.0, row_micros=100.0))
    assert owed == pytest.approx(0.003)
    assert tax(replace(plan, modality=Modality.IMAGE), Price(0.0, 100.0)) < owed / 2


class _Convolved:
    """Two layers, of which the first is used at every place."""

    def build(self, params: Params, layout: Layout, outputs: int) -> nn.Module:
        del params
        first = nn.Conv2d(layout.shape[0], 4, 3, padding=1, bias=False)
        return nn.Sequential(first, nn.Flatten(), nn.Linear(4 * 8 * 9, outputs, bias=False))

    def emit(self, graph: Graph, x: str, network: nn.Module) -> str:
        raise NotImplementedError


class _Recurrent(_Convolved):
    @override
    def build(self, params: Params, layout: Layout, outputs: int) -> nn.Module:
        table = nn.Embedding(layout.vocabulary, 6)
        return nn.Sequential(table, nn.GRU(6, 5, bias=False, batch_first=True))


def test_a_weight_counts_for_every_place_that_it_is_used_at() -> None:
    image = Layout(3 * 8 * 9, shape=(3, 8, 9))
    counted = work.multiplications(_Convolved(), {}, image, 7)
    assert counted == 3 * 4 * 9 * (8 * 9) + 4 * 8 * 9 * 7
    text = Layout(20, vocabulary=100)
    assert work.multiplications(_Recurrent(), {}, text, 7) == 3 * 5 * (6 + 5) * 20


LAYOUTS = {
    Modality.IMAGE: Layout(64, shape=(1, 8, 8)),
    Modality.SERIES: Layout(24, shape=(2, 12)),
    Modality.VOLUME: Layout(216, shape=(1, 6, 6, 6)),
    Modality.TEXT: Layout(12, vocabulary=30),
}


@pytest.mark.parametrize("modality", LAYOUTS)
def test_every_network_can_be_counted(modality: Modality) -> None:
    for spec in families.specs():
        module = families.model(spec.name)
        if modality not in spec.modalities or not families.is_network(module):
            continue
        params = {
            item.name: item.default
            for item in serving(spec.space, TaskType.CLASSIFICATION, modality)
        }
        counted = work.multiplications(module, params, LAYOUTS[modality], 3)
        assert counted > 0, spec.name


def test_counting_leaves_the_random_state_as_it_was() -> None:
    before = torch.random.get_rng_state()
    work.multiplications(_Convolved(), {}, Layout(72, shape=(1, 8, 9)), 2)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_what_networks_make_of_arrays_is_counted_and_their_scoring_paid(tmp_path: Path) -> None:
    x, y = arrays.digits(300)
    dataset, table = arrays.dataset(
        tmp_path / "d.parquet", x, y, modality=Modality.IMAGE, test=np.arange(300) >= 200
    )
    task = TaskSpec(TaskType.CLASSIFICATION, "y")
    spec = StudySpec(dataset.id, task, Budget(trials=1), families=(FamilyName.CNN,))
    prepared = prepare(make_plan(spec, dataset, table), spec, dataset, table)
    space = serving(families.spec(FamilyName.CNN).space, task.type, Modality.IMAGE)
    few, many = (
        Entry(
            Trial("s", 0, TrialState.COMPLETE, Candidate(FamilyName.CNN, given), 0.5, parameters=9),
            lambda: np.zeros(0, np.float32),
            lambda: State({}),
        )
        for given in ({**defaults(space), "width": width} for width in (8, 32))
    )
    cheap, dear = prices(prepared, [few, many])
    assert dear.row_micros > 8 * cheap.row_micros > 0
    assert dear.seconds > dear.row_micros * 1e-6 * 100
    assert prices(prepared, [many]) == [dear]
    assert most(prepared) > most(replace(prepared, plan=replace(prepared.plan, shape=())))


def test_a_weight_counts_for_every_member_inside_a_network(tmp_path: Path) -> None:
    rows = "".join(f"{n % 7},{n % 11},{n % 5}\n" for n in range(60))
    (tmp_path / "d.csv").write_text(f"a,b,y\n{rows}")
    data, table = dataset(tmp_path / "d.csv", tmp_path / "d.parquet")
    task = TaskSpec(TaskType.REGRESSION, "y")
    spec = StudySpec(data.id, task, Budget(trials=1), families=(FamilyName.TABM,))
    prepared = prepare(make_plan(spec, data, table), spec, data, table)
    space = serving(families.spec(FamilyName.TABM).space, task.type, Modality.TABLE)
    few, many = (
        Entry(
            Trial("s", 0, TrialState.COMPLETE, Candidate(FamilyName.TABM, given), 0.5),
            lambda: np.zeros(0, np.float32),
            lambda: State({}),
        )
        for given in ({**defaults(space), "members": members} for members in (4, 32))
    )
    cheap, dear = prices(prepared, [few, many])
    assert dear.row_micros > 6 * cheap.row_micros > 0
