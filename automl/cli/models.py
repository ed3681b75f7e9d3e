"""``automl models``: what the searches of a service ended with."""

from pathlib import Path
from typing import Annotated

import typer

from automl.cli import complete
from automl.cli.options import Format, Json, Key, Limit, ModelId, Url
from automl.cli.remote import (
    BODY_PATIENCE_SECONDS,
    first,
    say,
    service,
    show,
    show_deleted,
    show_file,
    show_list,
)
from automl.core.catalog import ExportFormat

app = typer.Typer(no_args_is_help=True, help="Look at, download and delete models.")

FIELDS = ("id", "study_id", "dataset_id", "task", "metric", "value", "classes", "created_at")

SUFFIXES = {ExportFormat.ONNX: "onnx", ExportFormat.BUNDLE: "zip", ExportFormat.REPORT: "json"}

Out = Annotated[
    Path | None, typer.Option(help="Where the file goes; else model.onnx or model.zip, here.")
]


@app.command("list")
def list_models(limit: Limit = 50, url: Url = None, key: Key = None, as_json: Json = False) -> None:
    """List models, the newest first."""
    columns = {
        "id": lambda m: m["id"],
        "value": lambda m: m["value"],
        "metric": lambda m: m["metric"]["name"],
        "target": lambda m: m["task"].get("target"),
        "study": lambda m: m["study_id"],
        "created_at": lambda m: m["created_at"],
    }
    with service(url, key) as client:
        page = first(client, "/v1/models", limit)
    show_list(page, as_json=as_json, columns=columns)


@app.command("show")
def show_model(model_id: ModelId, url: Url = None, key: Key = None, as_json: Json = False) -> None:
    """Show one model: how good it is, who is in it, what it takes."""
    with service(url, key) as client:
        model = client.get(f"/v1/models/{model_id}")
    show(model, as_json=as_json, fields=FIELDS)
    if as_json:
        return
    from automl.cli.tables import figure

    say(f"On {'the test rows' if model['test']['source'] == 'test' else 'out-of-fold rows'}:")
    for name, seen in model["test"]["metrics"].items():
        low, high = figure(seen["low"]), figure(seen["high"])
        say(f"  {name}: {figure(seen['value'])} ({low} to {high})")
    shares = [f"{m['weight']:.0%} {m['family']} (trial {m['trial']})" for m in model["members"]]
    say(f"Members: {', '.join(shares)}")
    say(f"Inputs: {', '.join(item['name'] + ' ' + item['kind'] for item in model['inputs'])}")
    formats = [f"{item['format']} ({item['bytes']} bytes)" for item in model["formats"]]
    say(f"Formats: {', '.join(formats)}")


@app.command("download")
def download(
    model_id: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="A model's id, or its study's.",
            autocompletion=complete.models_and_studies,
        ),
    ],
    out: Out = None,
    file_format: Format = ExportFormat.ONNX,
    url: Url = None,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Download a model's file, checked to its SHA-256."""
    fetch(model_id, out, file_format, url, key, as_json=as_json)


@app.command("delete")
def delete(model_id: ModelId, url: Url = None, key: Key = None, as_json: Json = False) -> None:
    """Delete a model and its files."""
    with service(url, key) as client:
        client.delete(f"/v1/models/{model_id}")
    show_deleted(model_id, as_json=as_json)


def fetch(
    study_or_model_id: str,
    out: Path | None,
    file_format: ExportFormat,
    url: str | None,
    key: str | None,
    *,
    as_json: bool,
) -> None:
    """Download a model, or a study's, and say where it is."""
    file = out or Path(f"model.{SUFFIXES[file_format]}")
    with service(url, key, patience=BODY_PATIENCE_SECONDS) as client:
        client.download(study_or_model_id, file, format=file_format.value)
    show_file(file, file_format.value, as_json=as_json)
