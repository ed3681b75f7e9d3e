"""Cells of dates: every spelling, every calendar's trap, and the graph equal to the bit."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl.core import moments
from automl.core.graph import Graph
from automl.core.schema import DateFormat
from automl.export.onnx import serialize

FORMATS: tuple[DateFormat, ...] = (
    "iso", "day_first", "month_first", "month_name", "yyyymmdd", "epoch_seconds",
    "epoch_milliseconds",
)  # fmt: skip
NAN = float("nan")


def in_graph(cells: Sequence[str], format_: DateFormat) -> dict[str, npt.NDArray[np.float64]]:
    """Return the parts as the graph gives them."""
    graph = Graph()
    for name, value in moments.emit(graph, graph.input("c", "string"), format_).items():
        graph.output(name, value)
    session = onnxruntime.InferenceSession(serialize(graph, metadata={}))
    names = [output.name for output in session.get_outputs()]
    found = session.run(names, {"c": np.array(cells, dtype=object)[:, None]})
    return {name: np.asarray(part)[:, 0] for name, part in zip(names, found, strict=True)}


def parts(cell: str, format_: DateFormat) -> list[float]:
    """Return year, month, day, weekday and hour of one cell."""
    found = moments.parse([cell], format_)
    return [float(found[name][0]) for name in ("year", "month", "day", "weekday", "hour")]


START = datetime(1970, 1, 1, tzinfo=UTC)
moment = st.integers(-2_208_988_800, 4_133_980_799).map(lambda s: START + timedelta(seconds=s))
layout = st.sampled_from(
    [
        "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S.%fZ",
        "%Y-%m-%dT%H:%M+02:00", "%Y/%m/%d", "%Y-%m", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y",
        "%d.%m.%y %H:%M", "%m/%d/%Y %I:%M %p", "%d-%m-%Y", "%Y%m%d", "%Y%m%d.0", "%d %b %Y",
        "%d-%b-%y", "%B %d, %Y", "%a, %d %b %Y %H:%M:%S GMT", "%b %dth, %Y %I:%M %p",
    ]
)  # fmt: skip
written = st.builds(lambda when, form: when.strftime(form), moment, layout)
odd = st.sampled_from(["", " ", "n/a", "2023-02-29", "1900-02-29", "2024-13-01", "31/02/2024", "0"])
digits = st.text("0123456789-/.: TZ", max_size=20)
count = st.integers(-(10**15), 10**15).map(str)
cell = written | odd | digits | count | st.text(max_size=12)


@settings(max_examples=60)
@given(cells=st.lists(cell, min_size=1, max_size=8), format_=st.sampled_from(FORMATS))
def test_any_cell_is_parsed_alike(cells: list[str], format_: DateFormat) -> None:
    here, there = moments.parse(cells, format_), in_graph(cells, format_)
    assert here.keys() == there.keys()
    for name, values in here.items():
        np.testing.assert_array_equal(values, there[name], err_msg=name)


@settings(max_examples=200)
@given(when=moment)
def test_the_calendar_is_python_s(when: datetime) -> None:
    expected = [when.year, when.month, when.day, when.weekday(), when.hour]
    for form, format_ in (
        ("%Y-%m-%dT%H:%M:%S", "iso"),
        ("%d/%m/%Y %H:%M:%S", "day_first"),
        ("%m/%d/%Y %I:%M:%S %p", "month_first"),
    ):
        text = when.strftime(form)
        assert parts(text, format_) == expected  # type: ignore[arg-type]
    seconds = (when - START) // timedelta(seconds=1)
    assert parts(str(seconds), "epoch_seconds") == expected
    assert parts(str(seconds * 1_000), "epoch_milliseconds") == expected
    assert moments.parse([str(seconds)], "epoch_seconds")["age"][0] == seconds
    assert parts(when.strftime("%Y%m%d"), "yyyymmdd") == [*expected[:4], 0]


@pytest.mark.parametrize("text", ["2023-02-29", "1900-02-29", "2024-00-10", "2024-01-32", "x", ""])
@pytest.mark.parametrize("format_", FORMATS)
def test_what_is_no_date_is_missing(text: str, format_: DateFormat) -> None:
    assert np.isnan(parts(text, format_)).all()


def test_years_of_two_digits_and_months_alone() -> None:
    assert parts("1.2.24", "day_first")[:3] == [2024, 2, 1]
    assert parts("1.2.69", "day_first")[:3] == [1969, 2, 1]
    assert np.isnan(parts("0001-01-01", "iso")).all()  # what some programs write for none
    assert parts("2024-07", "iso")[:3] == [2024, 7, 1]


def test_december_is_beside_january() -> None:
    found = moments.parse([f"2024-{month:02}-01" for month in range(1, 13)], "iso")
    points = np.stack([found["month sine"], found["month cosine"]], axis=1)
    gaps = np.linalg.norm(points - np.roll(points, 1, axis=0), axis=1)
    np.testing.assert_allclose(gaps, gaps[0])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("31 Jan 2024", [2024, 1, 31, 2, 0]),
        ("31-JAN-24", [2024, 1, 31, 2, 0]),
        ("January 31st, 2024", [2024, 1, 31, 2, 0]),
        ("Wed, 31 Jan 2024 12:30:00 GMT", [2024, 1, 31, 2, 12]),
        ("Sept. 3, 2024 5:30 pm", [2024, 9, 3, 1, 17]),
        ("31 Feb 2024", [NAN] * 5),
        ("31 Foo 2024", [NAN] * 5),
    ],
)
@pytest.mark.parametrize("format_", FORMATS)
def test_months_by_name(text: str, expected: list[float], format_: DateFormat) -> None:
    np.testing.assert_array_equal(parts(text, format_), expected)
