"""``automl datasets``: the datasets of a service."""

from operator import itemgetter
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from automl.cli.remote import Id, Json, Key, Limit, Url, service, show, show_deleted, show_list
from automl.client.tables import shown
from automl.client.text import plain
from automl.core.catalog import Modality

app = typer.Typer(no_args_is_help=True, help="Upload, look at and delete datasets.")

FIELDS = (
    "id", "name", "modality", "format", "rows", "shape", "classes", "bytes", "sha256", "created_at",
)  # fmt: skip
UPLOAD_PATIENCE_SECONDS = 60.0


@app.command("upload")
def upload(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The data.")],
    name: Annotated[str | None, typer.Option(help="What to call it; else the file's name.")] = None,
    modality: Annotated[
        Modality | None, typer.Option(help="What it holds; told by its content if left out.")
    ] = None,
    url: Url = None,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Upload FILE and show what it was understood as."""
    with service(url, key, patience=UPLOAD_PATIENCE_SECONDS) as client:
        dataset = client.upload(file, name=name, modality=modality)
    _show(dataset, as_json=as_json)


@app.command("list")
def list_datasets(
    limit: Limit = 50, url: Url = None, key: Key = None, as_json: Json = False
) -> None:
    """List datasets, the newest first."""
    names = ("id", "name", "modality", "rows", "bytes", "created_at")
    columns = {name: itemgetter(name) for name in names}
    with service(url, key) as client:
        show_list(client.items("/v1/datasets"), as_json=as_json, limit=limit, columns=columns)


@app.command("show")
def show_dataset(dataset_id: Id, url: Url = None, key: Key = None, as_json: Json = False) -> None:
    """Show one dataset with its columns and warnings."""
    with service(url, key) as client:
        dataset = client.get(f"/v1/datasets/{dataset_id}")
    _show(dataset, as_json=as_json)


@app.command("delete")
def delete(dataset_id: Id, url: Url = None, key: Key = None, as_json: Json = False) -> None:
    """Delete a dataset that no study is running on."""
    with service(url, key) as client:
        client.delete(f"/v1/datasets/{dataset_id}")
    show_deleted(dataset_id, as_json=as_json)


def _show(dataset: dict[str, object], *, as_json: bool) -> None:
    show(dataset, as_json=as_json, fields=FIELDS)
    if as_json:
        return
    columns, warnings = dataset["columns"] or [], dataset["warnings"]
    table = Table("column", "kind", "missing", "unique", "range or most frequent")
    for column in columns if isinstance(columns, list) else ():
        top = ", ".join(str(label) for label, _ in column["top"][:3])
        low, high = column["min"], column["max"]
        said = top if low is None else f"{shown(low)} to {shown(high)}"
        cells = (column["name"], column["kind"], column["missing"], column["unique"], said)
        table.add_row(*(Text(shown(cell)) for cell in cells))
    console = Console()
    if columns:
        console.print(table)
    for warning in warnings if isinstance(warnings, list) else ():
        console.print(Text(plain(f"{warning['code']}: {warning['message']}"), style="yellow"))
