"""Rows of a file are predicted alike, however the file is written."""

import io

import pyarrow as pa
import pytest
from pyarrow import parquet

from automl.core.study import Study
from tests.api.harness import Service

SIZES = [1.0, -1.0, 0.25, 1e-7, None, 12345.678]
CELLS = ["" if size is None else repr(size) for size in SIZES]
CSV = "extra,size\n" + "".join(f"x,{cell}\n" for cell in CELLS)


@pytest.mark.parametrize("accept", ["application/json", "text/csv"])
@pytest.mark.parametrize("kind", [pa.float64(), pa.string()])
def test_parquet_is_answered_as_csv_is(
    service: Service, ended: Study, accept: str, kind: pa.DataType
) -> None:
    cells = SIZES if kind == pa.float64() else CELLS
    file = io.BytesIO()
    parquet.write_table(pa.table({"extra": ["x"] * 6, "size": pa.array(cells, kind)}), file)
    answers = [
        service.post(
            f"/v1/models/{ended.model_id}/predict",
            content=content,
            headers={"Content-Type": media_type, "Accept": accept},
        )
        for content, media_type in (
            (CSV.encode(), "text/csv"),
            (file.getvalue(), "application/vnd.apache.parquet"),
        )
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    assert answers[0].headers["content-type"] == answers[1].headers["content-type"]


def test_parquet_without_a_column_names_it(service: Service, ended: Study) -> None:
    file = io.BytesIO()
    parquet.write_table(pa.table({"colour": ["red"]}), file)
    answer = service.post(
        f"/v1/models/{ended.model_id}/predict",
        content=file.getvalue(),
        headers={"Content-Type": "application/vnd.apache.parquet"},
    )
    assert (answer.status_code, answer.json()["reason"]) == (422, "INVALID_ROWS")
    assert answer.json()["errors"][0]["field"] == "size"
