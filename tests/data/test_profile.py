"""What a profile says of each column, compared with numpy over all cells."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl.core.schema import BINS, QUANTILES, Summary, column_to_json
from automl.data.sketch import Digest
from tests.data.files import codes, only, take


def digest(*parts: np.ndarray) -> Summary:
    made = Digest()
    for part in parts:
        values, counts = np.unique(part, return_counts=True)
        made.add(values, counts)
    summary = made.summary()
    assert summary is not None
    return summary


NUMBERS = st.lists(st.floats(-1e300, 1e300, allow_subnormal=False), min_size=1, max_size=30)


@given(values=NUMBERS, cut=st.integers(0, 30))
def test_summaries_are_exact_where_few_numbers_differ(values: list[float], cut: int) -> None:
    cells = np.array(values)
    found = digest(cells[:cut], cells[cut:])
    assert found.quantiles == tuple(np.quantile(cells, QUANTILES, method="inverted_cdf").tolist())
    assert len(found.histogram) == BINS
    assert sum(found.histogram) == len(cells)
    assert found.mean == pytest.approx(cells.mean(), rel=1e-9, abs=1e-9 * np.abs(cells).max())


def test_moments_and_bars_are_those_of_numpy() -> None:
    cells = np.random.default_rng(0).normal(5, 3, 50_000)
    found = digest(*np.array_split(cells, 7))
    assert found.mean == pytest.approx(cells.mean())
    assert found.std == pytest.approx(cells.std())
    assert list(found.histogram) == np.histogram(cells, BINS)[0].tolist()


@pytest.mark.parametrize("order", ["mixed", "ascending"])
def test_many_numbers_are_summed_up_within_half_a_per_cent(order: str) -> None:
    cells = np.random.default_rng(1).lognormal(size=1_500_000)
    if order == "ascending":
        cells.sort()
    found = digest(*np.array_split(cells, 30))
    ranks = np.searchsorted(np.sort(cells), found.quantiles) / len(cells)
    assert np.abs(ranks - QUANTILES).max() < 0.005
    assert found.std == pytest.approx(cells.std())
    assert abs(sum(found.histogram) - len(cells)) <= BINS


def test_numbers_strings_and_dates_are_described(tmp_path: Path) -> None:
    rows = "".join(
        f"{n},{'ab' * (n % 3 + 1)} c,{n % 28 + 1:02}/0{n % 9 + 1}/2024,2020-0{n % 9 + 1}\n"
        for n in range(90)
    )
    profile, _ = take(tmp_path, "x,s,d,m\n" + rows)
    x, s, d, m = (only(profile, name) for name in "xsdm")
    assert x.summary is None  # it counts the rows
    assert s.lengths is not None
    assert (s.lengths.shortest, s.lengths.longest, s.lengths.words) == (4, 8, 2.0)
    assert s.lengths.mean == pytest.approx(6.0)
    assert (d.earliest, d.latest) == ("2024-01-01", "2024-09-27")
    assert (m.earliest, m.latest) == ("2020-01-01", "2020-09-01")


WARNED = {
    "MOSTLY_MISSING": "".join(f"{n % 7 if n % 3 == 0 else ''},x{n % 2}\n" for n in range(60)),
    "HIGH_CARDINALITY": "".join(f"word{n * 7 % 190},x{n % 2}\n" for n in range(200)),
    "MIXED_TYPES": "".join(f"{n % 7 if n % 2 else 'word'},x{n % 2}\n" for n in range(60)),
    "CONSTANT_COLUMN": "".join(f"c,x{n % 2}\n" for n in range(60)),
    "EMPTY_COLUMN": "".join(f",x{n % 2}\n" for n in range(60)),
    "ID_COLUMN": "".join(f"u{n:04},x{n % 2}\n" for n in range(60)),
    "DUPLICATE_ROWS": "".join(f"{n % 5},x{n % 2}\n" for n in range(60)),
}


@pytest.mark.parametrize("code", WARNED)
def test_columns_are_written_as_asdict_would(code: str, tmp_path: Path) -> None:
    profile, _ = take(tmp_path, "a,b\n" + WARNED[code])
    for column in profile.columns:
        assert column_to_json(column) == asdict(column)


@pytest.mark.parametrize("code", WARNED)
def test_what_is_odd_has_a_code(code: str, tmp_path: Path) -> None:
    profile, _ = take(tmp_path, "a,b\n" + WARNED[code])
    column_codes = codes(profile) - {"DUPLICATE_ROWS"}
    assert column_codes == {code} - {"DUPLICATE_ROWS"}
    assert code in codes(profile)
