"""How to run a model, and how to get the same one again: for the page and the card."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from automl.core.report import InputReport, Report
from automl.core.study_report import StudyReport
from automl.export.words import axes

MOST_CHARACTERS = 4_000
"""A longer request stands in ``report.json`` alone."""


@dataclass(frozen=True, slots=True)
class Way:
    """A way to run the model: what it takes, then the lines to type."""

    told: str
    lines: str


def ways(report: StudyReport) -> Iterator[Way]:
    """Yield every way to run the model, the simplest first."""
    array = _array(report)
    name = "npz" if array else "csv"
    rows = (
        f"an .npz file, the rows in its array {_first(report)['name']}" if array else "a CSV file"
    )
    order = "" if array else "; columns may come in any order"
    yield Way(
        f"With the bundle, numpy and onnxruntime alone, predict.py scores {rows}{order}:",
        f"python predict.py rows.{name} > predictions.csv",
    )
    if not array:
        yield Way("With the model file and this software:", "automl predict model.onnx rows.csv")
    yield Way("In Python, with the bundle and this software:", _loaded(report))
    if lines := program(report):
        yield Way("In Python, with the model file and onnxruntime alone:", lines)
    study = report.get("study")
    model = "MODEL" if study is None else study["model_id"]
    asked = "" if study is not None else " (MODEL is its id there)"
    yield Way(f"Where the service runs{asked}:", _curl(name, model))


def program(report: Report) -> str:
    """Return lines of Python that run the file; empty for a table, which has many inputs."""
    if len(report["inputs"]) != 1:
        return ""
    (item,) = report["inputs"]
    if "shape" in item:
        rows = f"numpy.zeros({(1, *item['shape'])}, {item['dtype']!r})  # rows of {axes(item)}"
    elif item["kind"] == "text":
        rows = 'numpy.array([["a text"], ["another"]], dtype=object)'
    else:
        return ""
    outputs = "prediction, probabilities" if report["classification"] else "(prediction,)"
    return "\n".join(
        [
            "import numpy, onnxruntime",
            'session = onnxruntime.InferenceSession("model.onnx")',
            f"rows = {rows}",
            f"{outputs} = session.run(None, {{session.get_inputs()[0].name: rows}})",
        ]
    )


def again(report: StudyReport) -> str:
    """Return the request that asks for the same study, as JSON; empty where it is not known."""
    request, study = report.get("request"), report.get("study")
    if request is None:
        return ""
    dataset = "DATASET" if study is None else study["dataset_id"]
    settled = json.loads(json.dumps(request, sort_keys=True))
    body = {"dataset_id": dataset, "task": settled["task"], **settled}
    written = json.dumps(body, indent=1, ensure_ascii=False)
    text = "".join(char if _harmless(char) else json.dumps(char)[1:-1] for char in written)
    text = text.replace("<", "\\u003c")
    return text if len(text) <= MOST_CHARACTERS else ""


def repeats(report: Report) -> str:
    """Return whether asking again gives the very same model."""
    budget = (report.get("request") or {}).get("budget")
    if isinstance(budget, dict) and budget.get("seconds") is None:
        return (
            "Its budget counts trials alone: equal data, an equal request and equal versions give"
            " the same model, byte for byte."
        )
    return (
        "Its budget counts seconds: a faster or a busier machine tries more or fewer candidates and"
        " may end with another model. With a budget of trials alone, equal data and an equal"
        " request give equal bytes."
    )


def digests(report: Report) -> Iterator[tuple[str, str]]:
    """Yield what the study was made of and what came out, each with its SHA-256."""
    facts = report["provenance"]
    yield "data", facts["dataset_sha256"]
    yield "request", facts["spec_sha256"]
    if "model_sha256" in facts:
        yield f"model.onnx, {facts['model_bytes']:,} bytes", facts["model_sha256"]


def versions(report: Report) -> str:
    """Return the software that made the model."""
    facts = report["provenance"]
    others = [f"{name} {number}" for name, number in sorted(facts.get("versions", {}).items())]
    return ", ".join([f"automl {facts['software_version']}", *others])


def _harmless(char: str) -> bool:
    return char == "\n" or char.isprintable()


def _first(report: Report) -> InputReport:
    return report["inputs"][0] if report["inputs"] else InputReport(name="", kind="")


def _array(report: Report) -> bool:
    return "shape" in _first(report)


def _loaded(report: Report) -> str:
    rows = 'pandas.read_csv("rows.csv")'
    libraries = "import automl, pandas"
    if _array(report):
        rows = f'numpy.load("rows.npz")[{_first(report)["name"]!r}]'
        libraries = "import automl, numpy"
    answers = "answers.predictions"
    if report["classification"] is not None:
        answers += ", answers.probabilities"
    return "\n".join(
        [
            libraries,
            f'answers = automl.load("bundle.zip").predict({rows})',
            f"print({answers})",
        ]
    )


def _curl(name: str, model: str) -> str:
    kind = "application/x-npz" if name == "npz" else "text/csv"
    return "\n".join(
        [
            f'curl "$AUTOML_URL/v1/models/{model}/predict" \\',
            f"  -H 'Content-Type: {kind}' -H 'Accept: text/csv' \\",
            f'  --data-binary @rows.{name}  # -H "Authorization: Bearer $AUTOML_KEY" for a key',
        ]
    )
