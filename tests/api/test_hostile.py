"""Files that mean harm or have come to it: refused with the place and the remedy, or told of."""

import io
import tarfile
import zipfile
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.api.harness import Service
from tests.api.problems import problem

ROWS = 60
MARKUP = '<img src=x onerror=alert(1)>&"'
FORMULA = '=HYPERLINK("http://x","y")'
ANSI = "\x1b[31mred\x1b[0m"


def table(header: str, row: Callable[[int], str], rows: int = ROWS) -> bytes:
    """Return a CSV file whose row ``n`` is ``row(n)``."""
    return "\n".join([header, *map(row, range(rows)), ""]).encode()


def upload(service: Service, content: bytes, media_type: str = "text/csv") -> Any:
    return service.post("/v1/datasets", content=content, headers={"Content-Type": media_type})


def plan(service: Service, dataset: dict[str, Any], target: str = "y", kind: str = "") -> Any:
    kind = kind or "classification"
    spec = {"dataset_id": dataset["id"], "task": {"type": kind, "target": target}}
    return service.post("/v1/studies?dry_run=true", json=spec)


REFUSED = {
    "an empty file": (b"", "file is empty", None),
    "blank lines alone": (b"\n\n\n", "empty", None),
    "a header alone": (b"x,y\n", "no rows", None),
    "NUL bytes in a cell": (table("x,y", lambda n: f"{n}\0,a"), "NUL", 2),
    "too few and too many cells": (b"x,y\n1,2\n3\n4,5,6\n", "cells", 3),
    "a quote that never closes": (b'x,y\n1,a\n2,"b\n3,c\n', "quote", 3),
    "the same name twice": (table("x,y,x", lambda n: f"{n},a,{n}"), "'x'", None),
}
"""What is sent, a word of the refusal, and the line that it names."""


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_refused_where_it_stands(service: Service, name: str) -> None:
    content, word, line = REFUSED[name]
    body = problem(upload(service, content), 422, "DATASET_UNREADABLE")
    assert word in body["detail"]
    if line is not None:
        assert body["errors"][0]["line"] == line


def test_a_line_of_ten_megabytes_is_refused(own: Service) -> None:
    content = b"x,y\n1,a\n" + b"9" * 10_000_000 + b",b\n"
    body = problem(upload(own, content), 422, "DATASET_UNREADABLE")
    assert body["errors"][0]["line"] == 3


TOLD = {
    "bytes of some encoding": (
        b"x,y\n" + b"1,\xe9t\xe9\n2,\xe0\n" * 30, "ENCODING_GUESSED"),
    "one row": (table("x,y", lambda _: "1,a", 1), "FEW_ROWS"),
    "a constant": (table("x,z,y", lambda n: f"{n % 7},5,{'ab'[n % 2]}"), "CONSTANT_COLUMN"),
    "an empty name": (table("x,,y", lambda n: f"{n % 7},{n % 5},a"), "UNNAMED_COLUMN"),
    "names that look alike": (
        table("Age,age,y", lambda n: f"{n % 7},{n % 5},a"), "LOOKALIKE_NAMES"),
    "integers beyond 2^63": (
        table("x,y", lambda n: f"{2**63 + n % 9},{'ab'[n % 2]}"), "NUMBERS_AS_TEXT"),
    "both decimal marks": (
        table("x;y", lambda n: f"{n}{',.'[n % 2]}5;{'ab'[n % 2]}"), "MIXED_DECIMAL_MARKS"),
    "thousands, perhaps": (
        table("x;y", lambda n: f"1,{n + 100};{'ab'[n % 2]}"), "THOUSANDS_SEPARATORS"),
    "numbers, mostly": (
        table("x,y", lambda n: f"{n if n % 20 else 'unknown'},{'ab'[n % 2]}"), "MOSTLY_NUMERIC"),
    "day or month": (
        table("x,y", lambda n: f"0{n % 9 + 1}/0{n % 8 + 1}/2024,{'ab'[n % 2]}"), "AMBIGUOUS_DATES"),
    "the infinite": (table("x,y", lambda n: f"{n if n % 9 else 'inf'},a"), "INFINITE_VALUES"),
    "100,000 categories": (
        table("x,y", lambda n: f"c{n * 7919 % 100_003},{'ab'[n % 2]}", 120_000),
        "HIGH_CARDINALITY"),
    "rows twice": (table("x,y", lambda n: f"{n % 3},a"), "DUPLICATE_ROWS"),
    "a column twice": (table("x,z,y", lambda n: f"{n},{n},{'ab'[n % 2]}"), "DUPLICATE_COLUMNS"),
}  # fmt: skip
"""What is sent, and the warning it is taken with."""


@pytest.mark.parametrize("name", TOLD)
def test_what_is_odd_is_said_in_the_profile(service: Service, name: str) -> None:
    content, code = TOLD[name]
    response = upload(service, content)
    assert response.status_code == 201, response.text
    warnings = {item["code"]: item["message"] for item in response.json()["warnings"]}
    assert code in warnings
    assert warnings[code]


@pytest.mark.parametrize("cells", [("1,5", "2,25"), ("$1,000", "$7"), ("1.000,5", "2.345,25")])
def test_numbers_are_read_as_people_write_them(service: Service, cells: tuple[str, str]) -> None:
    content = table("x;y", lambda n: f"{cells[n % 2]};{'ab'[n % 3 % 2]}")
    assert upload(service, content).json()["columns"][0]["kind"] == "numeric"


@pytest.mark.parametrize(
    "form", ["%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y%m%d", "%Y-%m-%dT%H:%M:%SZ"]
)
def test_dates_are_read_as_people_write_them(service: Service, form: str) -> None:
    first = datetime(2024, 1, 25, 10, 11, 12, tzinfo=UTC)
    content = table("x,y", lambda n: f"{first + timedelta(days=n):{form}},{'ab'[n % 3 % 2]}")
    assert upload(service, content).json()["columns"][0]["kind"] == "datetime"


UNFIT = {
    "one column": (table("y", lambda n: "ab"[n % 2]), "", "columns"),
    "a constant target": (table("x,y", lambda n: f"{n % 7},a"), "", "task.target"),
    "a constant number": (table("x,y", lambda n: f"{n % 7},5"), "regression", "task.target"),
    "a target without values": (table("x,z,y", lambda n: f"{n % 7},{n % 5},"), "", "task.target"),
    "a different class in each row": (table("x,y", lambda n: f"{n % 7},k{n}"), "", "task.target"),
    "text for numbers": (
        table("x,y", lambda n: f"{n % 7},{'ab'[n % 2]}"), "regression", "task.target"),
}  # fmt: skip


@pytest.mark.parametrize("name", UNFIT)
def test_what_cannot_be_learnt_is_refused_with_the_field(service: Service, name: str) -> None:
    content, kind, field = UNFIT[name]
    dataset = upload(service, content).json()
    body = problem(plan(service, dataset, kind=kind), 422)
    assert body["errors"][0]["field"] == field


def test_a_class_of_one_member_and_a_copied_target_are_told(service: Service) -> None:
    content = table("x,copy,y", lambda n: f"{n % 7},{_label(n)},{_label(n)}")
    dataset = upload(service, content).json()
    assert "DUPLICATE_COLUMNS" in {item["code"] for item in dataset["warnings"]}
    response = plan(service, dataset)
    assert response.status_code == 200, response.text
    codes = {item["code"] for item in response.json()["plan"]["warnings"]}
    assert {"LEAKAGE", "RARE_CLASSES"} <= codes


def _label(n: int) -> str:
    return "rare" if n == 0 else "ab"[n % 2]


def test_markup_formulas_and_control_sequences_stay_text(service: Service) -> None:
    names = [f'"{name.replace(chr(34), chr(34) * 2)}"' for name in (MARKUP, FORMULA, ANSI)]
    content = table(",".join([*names, "y"]), lambda n: ",".join([*names, "ab"[n % 2]]))
    dataset = upload(service, content).json()
    assert [column["name"] for column in dataset["columns"]] == [MARKUP, FORMULA, ANSI, "y"]
    response = service.get(f"/v1/datasets/{dataset['id']}/preview?rows=1")
    assert response.headers["content-type"] == "application/json"
    assert response.json()["rows"][0][MARKUP] == MARKUP
    assert "\x1b" not in response.text


def _zip(members: Iterable[tuple[str, bytes]]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members:
            file.writestr(name, data)
    return content.getvalue()


def _tar(member: tarfile.TarInfo) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as file:
        file.addfile(member)
    return content.getvalue()


def _link(name: str, to: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.SYMTYPE, to
    return member


PLAIN = table("x,y", lambda n: f"{n},a")
ARCHIVES = {
    "a way out": _zip([("../../evil.csv", PLAIN)]),
    "an absolute name": _zip([("/etc/cron.d/evil", PLAIN)]),
    "a zip in a zip": _zip([("a.zip", _zip([("a.csv", PLAIN)]))]),
    "a bomb": _zip([("a.csv", b"0" * 20_000_000)]),
    "a bomb in a workbook": _zip([("xl/workbook.xml", b" " * 20_000_000)]),
    "a link": _tar(_link("a.csv", "/etc/passwd")),
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_archives_are_refused_unopened(service: Service, name: str) -> None:
    body = problem(upload(service, ARCHIVES[name], "application/zip"), 422)
    assert "/etc" not in body["detail"]
    assert not list(service.settings.data_dir.rglob("evil*"))
