"""Columns of dates as features, and that ingest, training, requests and file read them alike."""

from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl import features
from automl.core.catalog import ColumnKind
from automl.core.learner import View
from automl.core.schema import Column
from automl.data import rows, table
from tests.data.files import only, put, take
from tests.features.frames import MOMENTS, frame, strings
from tests.features.test_encoder import DENSE, assert_same, in_graph


@pytest.mark.parametrize("view", [*DENSE, View.SPARSE])
def test_features_of_dates(view: View) -> None:
    cells = strings([*MOMENTS * 5, None, "soon"])
    schema = [Column("d", ColumnKind.DATETIME, "string", 1, 6, date="iso")]
    encoder = features.fit(frame(d=cells), schema, view)
    later = frame(d=strings(["2025-06-01T07:00", None, "", "soon", "20240229", "29/02/2024"]))
    x = encoder.transform(later)
    assert_same(encoder, later)
    if view is View.ORDINAL:
        assert encoder.names == tuple(
            f"d {part}" for part in ("year", "month", "day", "weekday", "hour", "age")
        )
        assert np.isnan(x[1:4]).all()
    else:
        assert encoder.names[-1] == "d age is missing"
        assert not x[1:4, :-1].any()
        assert x[:, -1].tolist() == [0, 1, 1, 1, 0, 0]
    assert (x[4] == x[5]).all()


# How a file writes dates, and what Python writes them with.
LAYOUTS = (
    "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y/%m/%d %H:%M", "%d/%m/%Y", "%m/%d/%Y %I:%M %p", "%d.%m.%y",
    "%d %b %Y", "%B %d, %Y", "%a, %d %b %Y %H:%M:%S GMT", "%Y%m%d",
)  # fmt: skip
START = datetime(1970, 1, 1)  # noqa: DTZ001 -- as written
days = st.lists(st.integers(0, 20_000), min_size=15, max_size=25, unique=True)


@settings(max_examples=30)
@given(days=days, hour=st.integers(0, 23), layout=st.sampled_from(LAYOUTS))
def test_all_who_read_a_cell_read_the_same(days: list[int], hour: int, layout: str) -> None:
    whens = [
        START + timedelta(days=day, hours=hour) for day in (*days, 31)
    ]  # the first of February
    whens += [START + timedelta(days=12)]  # the thirteenth: no month
    cells = [when.strftime(layout) for when in whens]
    with TemporaryDirectory() as name:
        folder = Path(name)
        lines = (f'"{cell}",{row % 3}\n' for row, cell in enumerate(cells))
        profile, stored = take(folder, "when,x\n" + "".join(lines))
        column = only(profile, "when")
        assert (column.kind, column.cells) == (ColumnKind.DATETIME, "string")
        assert column.earliest == min(whens).date().isoformat()
        assert column.latest == max(whens).date().isoformat()

        trained = table.load(stored, [column])
        encoder = features.fit(trained, [column], View.ORDINAL)
        expected = encoder.transform(trained)
        assert not np.isnan(expected).any()

        inputs = [rows.input_of(column)]
        pq.write_table(pa.table({"when": cells}), folder / "rows.parquet")
        csv = put(folder, "when\n" + "".join(f'"{cell}"\n' for cell in cells), "rows.csv")
        for feeds in (
            rows.from_json([{"when": cell} for cell in cells], inputs),
            rows.from_file(csv, inputs),
            rows.from_file(folder / "rows.parquet", inputs),
        ):
            sent = frame(when=strings([cell or None for cell in feeds["when"][:, 0]]))
            np.testing.assert_array_equal(in_graph(encoder, sent), expected)
            np.testing.assert_array_equal(encoder.transform(sent), expected)


@pytest.mark.parametrize("kind", [pa.int64(), pa.float64(), pa.string()])
def test_eight_digits_are_one_date_however_a_program_keeps_them(kind: pa.DataType) -> None:
    cells = [f"2024{month:02}{day:02}" for month in range(1, 13) for day in (1, 15, 28)]
    expected: list[object] = [int(cell) if kind != pa.string() else cell for cell in cells]
    with TemporaryDirectory() as name:
        folder = Path(name)
        column = only(take(folder, "when,x\n" + "".join(f"{c},1\n" for c in cells))[0], "when")
        assert (column.kind, column.date) == (ColumnKind.DATETIME, "yyyymmdd")
        inputs = [rows.input_of(column)]
        pq.write_table(pa.table({"when": pa.array(expected, kind)}), folder / "rows.parquet")
        read = rows.from_file(folder / "rows.parquet", inputs)["when"][:, 0].tolist()
    encoder = features.fit(frame(when=strings(cells)), [column], View.ORDINAL)
    x = encoder.transform(frame(when=strings(cells)))
    np.testing.assert_array_equal(in_graph(encoder, frame(when=strings(read))), x)
