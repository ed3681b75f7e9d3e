"""``automl datasets``: the datasets of a service."""

from operator import itemgetter
from pathlib import Path
from typing import Annotated, Any

import typer

from automl.cli.options import DatasetId, Holds, Json, Key, Limit, Url
from automl.cli.remote import (
    BODY_PATIENCE_SECONDS,
    first,
    service,
    show,
    show_deleted,
    show_file,
    show_list,
)

app = typer.Typer(no_args_is_help=True, help="Upload, look at, download and delete datasets.")

FIELDS = (
    "id", "name", "modality", "format", "rows", "shape", "classes", "bytes", "sha256", "created_at",
)  # fmt: skip


@app.command("upload")
def upload(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The data.")],
    name: Annotated[str | None, typer.Option(help="What to call it; else the file's name.")] = None,
    modality: Holds = None,
    url: Url = None,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Upload FILE and show what it was understood as."""
    with service(url, key, patience=BODY_PATIENCE_SECONDS) as client:
        dataset = client.upload(file, name=name, modality=modality)
    _show(dataset, as_json=as_json)


@app.command("list")
def list_datasets(
    limit: Limit = 50, url: Url = None, key: Key = None, as_json: Json = False
) -> None:
    """List datasets, the newest first."""
    names = ("id", "name", "rows", "modality", "bytes", "created_at")
    columns = {name: itemgetter(name) for name in names}
    with service(url, key) as client:
        page = first(client, "/v1/datasets", limit)
    show_list(page, as_json=as_json, columns=columns)


@app.command("show")
def show_dataset(
    dataset_id: DatasetId, url: Url = None, key: Key = None, as_json: Json = False
) -> None:
    """Show one dataset with its columns and warnings."""
    with service(url, key) as client:
        dataset = client.get(f"/v1/datasets/{dataset_id}")
    _show(dataset, as_json=as_json)


@app.command("download")
def download(
    dataset_id: DatasetId,
    out: Annotated[
        Path | None, typer.Option(help="Where the file goes; else here, under its name.")
    ] = None,
    url: Url = None,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Download a dataset's file as it was uploaded, checked to its SHA-256."""
    with service(url, key, patience=BODY_PATIENCE_SECONDS) as client:
        dataset = client.get(f"/v1/datasets/{dataset_id}")
        file = client.download(dataset_id, out or Path(_file_name(dataset)))
    show_file(file, dataset["format"], as_json=as_json)


@app.command("delete")
def delete(dataset_id: DatasetId, url: Url = None, key: Key = None, as_json: Json = False) -> None:
    """Delete a dataset that no study is running on."""
    with service(url, key) as client:
        client.delete(f"/v1/datasets/{dataset_id}")
    show_deleted(dataset_id, as_json=as_json)


def _file_name(dataset: dict[str, Any]) -> str:
    """Return a name for a file here; what others called it leads to no other folder.

    >>> _file_name({"name": "../adult", "format": "csv", "id": "ds_1"})
    'adult.csv'
    """
    from automl.client.text import plain

    name = plain(str(dataset["name"])).replace("\\", "/").rpartition("/")[2].strip(" .")
    name = name or str(dataset["id"])
    suffix = f".{dataset['format']}"
    return name if name.endswith((suffix, f"{suffix}.gz")) else name + suffix


def _show(dataset: dict[str, Any], *, as_json: bool) -> None:
    show(dataset, as_json=as_json, fields=FIELDS)
    if as_json:
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from automl.client.tables import shown
    from automl.client.text import plain

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("column", overflow="fold", min_width=8)
    for heading, side in (("kind", "left"), ("missing", "right"), ("unique", "right")):
        table.add_column(heading, no_wrap=True, justify="right" if side == "right" else "left")
    table.add_column("range or most frequent", overflow="fold", min_width=8)
    for column in dataset["columns"] or ():
        top = ", ".join(str(label) for label, _ in column["top"][:3])
        low, high = column["min"], column["max"]
        said = top if low is None else f"{shown(low)} to {shown(high)}"
        cells = (column["name"], column["kind"], column["missing"], column["unique"], said)
        table.add_row(*(Text(shown(cell)) for cell in cells))
    console = Console()
    if table.row_count:
        console.print(table)
    for warning in dataset["warnings"] or ():
        console.print(Text(plain(f"{warning['code']}: {warning['message']}"), style="yellow"))
