"""``automl models``: what the searches of a service ended with."""

import json
from pathlib import Path
from typing import Annotated

import typer

from automl.cli.remote import Id, Json, Key, Limit, Url, say, service, show, show_deleted, show_list

app = typer.Typer(no_args_is_help=True, help="Look at, download and delete models.")

FIELDS = ("id", "study_id", "dataset_id", "task", "metric", "value", "classes", "created_at")
DOWNLOAD_PATIENCE_SECONDS = 60.0


@app.command("list")
def list_models(limit: Limit = 50, url: Url = None, key: Key = None, as_json: Json = False) -> None:
    """List models, the newest first."""
    columns = {
        "id": lambda m: m["id"],
        "study": lambda m: m["study_id"],
        "target": lambda m: m["task"].get("target"),
        "metric": lambda m: m["metric"]["name"],
        "value": lambda m: m["value"],
        "created_at": lambda m: m["created_at"],
    }
    with service(url, key) as client:
        show_list(client.items("/v1/models"), as_json=as_json, limit=limit, columns=columns)


@app.command("show")
def show_model(model_id: Id, url: Url = None, key: Key = None, as_json: Json = False) -> None:
    """Show one model: how good it is, who is in it, what it takes."""
    with service(url, key) as client:
        model = client.get(f"/v1/models/{model_id}")
    show(model, as_json=as_json, fields=FIELDS)
    if as_json:
        return
    say(f"On {'the test rows' if model['test']['source'] == 'test' else 'out-of-fold rows'}:")
    for name, seen in model["test"]["metrics"].items():
        say(f"  {name}: {seen['value']:.5g} ({seen['low']:.5g} to {seen['high']:.5g})")
    shares = [f"{m['weight']:.0%} {m['family']} (trial {m['trial']})" for m in model["members"]]
    say(f"Members: {', '.join(shares)}")
    say(f"Inputs: {', '.join(item['name'] + ' ' + item['kind'] for item in model['inputs'])}")
    formats = [f"{item['format']} ({item['bytes']} bytes)" for item in model["formats"]]
    say(f"Formats: {', '.join(formats)}")


@app.command("download")
def download(
    model_id: Annotated[str, typer.Argument(metavar="ID", help="A model's id, or its study's.")],
    out: Annotated[Path | None, typer.Option(help="Where the file goes.")] = None,
    file_format: Annotated[str, typer.Option("--format", help="onnx or bundle.")] = "onnx",
    url: Url = None,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Download a model's file, checked to its SHA-256."""
    suffix = {"bundle": "zip"}.get(file_format, file_format)
    file = out or Path(f"model.{suffix}")
    with service(url, key, patience=DOWNLOAD_PATIENCE_SECONDS) as client:
        client.download(model_id, file, format=file_format)
    size = file.stat().st_size
    if as_json:
        print(json.dumps({"file": str(file), "format": file_format, "bytes": size}))
    else:
        say(f"{file}: {size / 1e6:.2f} MB")


@app.command("delete")
def delete(model_id: Id, url: Url = None, key: Key = None, as_json: Json = False) -> None:
    """Delete a model and its files."""
    with service(url, key) as client:
        client.delete(f"/v1/models/{model_id}")
    show_deleted(model_id, as_json=as_json)
