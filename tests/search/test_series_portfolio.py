"""Series: kernels first, and networks only where rows are many enough to judge them."""

from dataclasses import replace

import pytest

from automl import families
from automl.core.catalog import FamilyName, Modality
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
