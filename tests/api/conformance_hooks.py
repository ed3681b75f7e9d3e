"""What schemathesis cannot guess: files that are tables, and studies that can be planned."""

import io
import os
from collections.abc import Callable
from itertools import count
from typing import Any

import httpx
import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import schemathesis
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.generation.meta import TestPhase

from api.documents import MEDIA_TYPES
from tests.data.pictures import picture, zipped

KEPT = (os.environ["TRAINED_STUDY"], os.environ["TRAINED_MODEL"])  # noqa: TID251 -- our starter's
NUMBERS = count()
TABLES = tuple(
    [(size * n % 7, word) for n in range(1, rows) for word in words]
    for size, rows, words in ((1, 20, ("red", "blue")), (3, 9, ("red", "blue", "green")))
)
PLANNED: dict[str, Any] = {
    "task": {"type": "classification", "target": "colour"},
    "budget": {"trials": 2},
    "columns": None,
    "families": None,
    "search_space": None,
    "validation": {},
    "objective": {},
    "test_dataset_id": None,
}


def _csv(rows: list[tuple[int, str]], separator: str = ",") -> bytes:
    lines = [("size", "colour"), *rows]
    return "".join(f"{size}{separator}{colour}\n" for size, colour in lines).encode()


def _json_lines(rows: list[tuple[int, str]]) -> bytes:
    return "".join(f'{{"size": {n}, "colour": "{word}"}}\n' for n, word in rows).encode()


def _parquet(rows: list[tuple[int, str]]) -> bytes:
    content = io.BytesIO()
    size, colour = zip(*rows, strict=True)
    pq.write_table(pa.table({"size": list(size), "colour": list(colour)}), content)
    return content.getvalue()


def _excel(rows: list[tuple[int, str]]) -> bytes:
    book, content = openpyxl.Workbook(), io.BytesIO()
    for row in [("size", "colour"), *rows]:
        book.active.append(row)
    book.save(content)
    return content.getvalue()


def _npz(rows: list[tuple[int, str]]) -> bytes:
    content = io.BytesIO()
    size, colour = map(np.array, zip(*rows, strict=True))
    np.savez(content, X=np.repeat(size, 6).reshape(-1, 2, 3), y=colour)
    return content.getvalue()


def _images(rows: list[tuple[int, str]]) -> bytes:
    return zipped({f"{word}/{n}.png": picture((4, 4), (size, 0, 0))
                   for n, (size, word) in enumerate(rows)})  # fmt: skip


def _series(rows: list[tuple[int, str]]) -> bytes:
    lines = [f"{size},{size + 1}:{word}\n" for size, word in rows]
    return ("@problemName sizes\n@classLabel true\n@data\n" + "".join(lines)).encode()


FILES: dict[str, Callable[[list[tuple[int, str]]], bytes]] = {
    MEDIA_TYPES["csv"]: _csv,
    MEDIA_TYPES["tsv"]: lambda rows: _csv(rows, "\t"),
    MEDIA_TYPES["jsonl"]: _json_lines,
    MEDIA_TYPES["parquet"]: _parquet,
    MEDIA_TYPES["xlsx"]: _excel,
    MEDIA_TYPES["npz"]: _npz,
    MEDIA_TYPES["zip"]: _images,
    MEDIA_TYPES["ts"]: _series,
    "image/png": lambda _rows: picture(),
    "image/jpeg": lambda _rows: picture(form="JPEG"),
    "application/octet-stream": _csv,
}
for media_type, write in FILES.items():
    schemathesis.openapi.media_type(media_type, st.sampled_from([write(rows) for rows in TABLES]))
schemathesis.openapi.format("binary", st.sampled_from([_csv(rows).decode() for rows in TABLES]))


@schemathesis.hook
def before_call(_: Any, case: Any, kwargs: Any) -> None:
    """Change what only we can know to be wrong."""
    del kwargs
    if case.method == "DELETE":
        _keep_the_trained(case)
    if case.meta is None or case.meta.generation.mode is not GenerationMode.POSITIVE:
        return
    stateful = case.meta.phase.name is TestPhase.STATEFUL
    if stateful and "Idempotency-Key" in (case.headers or {}):
        case.headers["Idempotency-Key"] = (
            f"{next(NUMBERS)}"  # else: the answer of something deleted
        )
    operation = case.operation.definition.raw.get("operationId", "")
    if operation.startswith("create_study") and isinstance(case.body, dict):
        _plan(case)


def _keep_the_trained(case: Any) -> None:
    case.path_parameters = {
        name: "kept" if value in KEPT else value
        for name, value in (case.path_parameters or {}).items()
    }


def _plan(case: Any) -> None:
    """Let every second study be one of the tables."""
    url = str(case.operation.base_url).rstrip("/")
    newest = httpx.get(f"{url}/v1/datasets?limit=20").json()["items"]
    there = [dataset for dataset in newest if dataset["modality"] == "table"]
    if there and len(str(case.body)) % 2:
        case.body |= PLANNED | {"dataset_id": there[0]["id"]}
        (case.query or {}).pop("dry_run", None)
