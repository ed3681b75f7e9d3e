"""Series: kernels first, and networks only where rows are many enough to judge them."""

from dataclasses import replace

import pytest

from automl import families
from automl.core.catalog import ColumnKind, FamilyName, Modality
from automl.core.schema import Column
from automl.core.study import Budget, Plan
from automl.search import cost
from automl.search.afford import FEWEST_SERIES, affordable
from automl.search.portfolio import portfolio
from automl.search.portfolios import series
from tests.search.test_ask import PLAN, REPLAY

SERVING = tuple(spec.name for spec in families.specs() if Modality.SERIES in spec.modalities)
SERIES = replace(PLAN, modality=Modality.SERIES, shape=(2, 50), families=SERVING)


@pytest.mark.parametrize("rows", [40, series.FEW - 1, series.FEW, 5_000])
def test_kernels_come_first_and_differ(rows: int) -> None:
    plan = replace(SERIES, rows=rows)
    found = portfolio(REPLAY, plan)
    for candidate in found:
        families.validate(candidate.family, candidate.params, plan.task, Modality.SERIES)
    kernels = [c.params for c in found if c.family is FamilyName.ROCKET]
    assert [c.family for c in found[:2]] == [FamilyName.ROCKET] * 2
    assert kernels[0]["differences"] is not kernels[1]["differences"]
    assert {params["draw"] for params in kernels} == {0, 1}
    assert (len(kernels) < len(found)) == (rows >= series.FEW)


def test_few_series_have_no_networks_unless_there_is_nothing_else() -> None:
    few, many = replace(SERIES, rows=100), replace(SERIES, rows=1_000)
    assert series.late(few) == set(SERVING) - {FamilyName.ROCKET}
    assert not series.late(many)
    assert not series.late(replace(few, families=(FamilyName.RNN, FamilyName.CNN)))


def _series(rows: int, steps: int = 200) -> Plan:
    return replace(SERIES, rows=rows, shape=(1, steps), folds=1)


def test_kernels_of_many_series_are_fewer_and_their_ridge_no_dearer() -> None:
    few, many = (cost.seconds(_series(rows), FamilyName.ROCKET) for rows in (2_520, 3_000))
    assert many < few
    assert cost.seconds(_series(12_000), FamilyName.ROCKET) < 4 * many


@pytest.mark.parametrize("name", [FamilyName.RESNET, FamilyName.DENSENET, FamilyName.INCEPTION])
def test_a_row_costs_networks_more_than_its_steps(name: FamilyName) -> None:
    short, twice, long, longer = (
        cost.seconds(_series(5_000, steps), name) for steps in (25, 50, 1_000, 2_000)
    )
    assert twice < 1.5 * short
    assert longer > 1.8 * long


def _afforded(rows: int, seconds: float | None) -> Plan:
    column = Column("X", ColumnKind.SERIES, "array", 0, rows, shape=(1, 200), dtype="float32")
    budget = Budget(trials=5) if seconds is None else Budget(seconds=seconds)
    return affordable(_series(rows), replace(REPLAY, budget=budget), [column])


def test_no_more_series_are_taken_than_kernels_learn_from_in_time() -> None:
    assert _afforded(10_000, seconds=120.0).rows == 10_000
    short = _afforded(100_000, seconds=120.0)
    assert series.FEW < short.rows < 50_000
    assert short.warnings[-1][0] == "ROWS_SAMPLED"
    once = cost.seconds(replace(short, folds=1), FamilyName.ROCKET)
    assert once < 120.0
    assert _afforded(100_000, seconds=None).rows == 100_000
    assert _afforded(2_000, seconds=1.0).rows == FEWEST_SERIES
