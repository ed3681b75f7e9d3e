"""What the commands that speak to a service share: how to reach it, how to print, how to fail."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from automl.client import Client, DownloadCorrupt, ServiceError, StudyFailed, Unreachable
from automl.client.tables import shown
from automl.client.text import plain
from automl.settings import Settings

PATIENCE_SECONDS = 10.0
"""Somebody waits at the terminal."""

Url = Annotated[str | None, typer.Option(help="Where the service is. [AUTOML_URL]")]
Key = Annotated[str | None, typer.Option(help="An API key. [AUTOML_KEY]")]
Json = Annotated[bool, typer.Option("--json", help="Print the service's answer as it is.")]
Limit = Annotated[int, typer.Option(min=1, help="Show so many at most.")]
Id = Annotated[str, typer.Argument(metavar="ID")]

Row = dict[str, Any]


@contextmanager
def service(
    url: str | None, key: str | None, *, patience: float = PATIENCE_SECONDS
) -> Iterator[Client]:
    """Give a connection; whatever the service refuses is told in a line, with exit code 1."""
    settings = Settings.from_environment(url=url, key=key)
    try:
        with Client(settings.url, key=settings.key, patience=patience) as client:
            yield client
    except ServiceError as error:
        _fail(str(error))
        for place in error.errors:
            where = place.get("field") or place.get("line") or ""
            typer.echo(plain(f"  {where}: {place.get('message', '')}"), err=True)
        if error.status == 401:
            typer.echo("  give --key, or set AUTOML_KEY", err=True)
        raise typer.Exit(1) from None
    except (Unreachable, StudyFailed, DownloadCorrupt, OSError) as error:
        _fail(str(error))
        raise typer.Exit(1) from None


def show(answer: Row, *, as_json: bool, fields: Sequence[str]) -> None:
    """Print one resource: as it is, or some of its fields in lines."""
    if as_json:
        print(json.dumps(answer))
        return
    table = Table(show_header=False, box=None, pad_edge=False)
    for name in fields:
        if answer.get(name) is not None:
            table.add_row(Text(name, style="bold"), Text(_cell(answer[name])))
    Console().print(table)


def show_list(
    items: Iterable[Row],
    *,
    as_json: bool,
    limit: int,
    columns: Mapping[str, Callable[[Row], object]],
) -> None:
    """Print a list: as JSON, or as a table of some columns."""
    some = list(islice(items, limit))
    if as_json:
        print(json.dumps({"items": some, "next_cursor": None}))
        return
    table = Table()
    for name in columns:
        table.add_column(name, no_wrap=name == "id")  # an id cut short leads nowhere
    for item in some:
        table.add_row(*(Text(shown(read(item))) for read in columns.values()))
    Console().print(table)


def show_deleted(name: str, *, as_json: bool) -> None:
    """Say that a resource is gone; the service answers nothing then."""
    if as_json:
        print(json.dumps({"id": name, "deleted": True}))
    else:
        say(f"{name} is deleted")


def say(line: str) -> None:
    """Print a line that names of others may be part of."""
    Console(soft_wrap=True).print(Text(plain(line)))


def _fail(message: str) -> None:
    typer.echo(f"automl: {plain(message)}", err=True)


def _cell(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{plain(str(k))} {_cell(v)}" for k, v in value.items() if v is not None)
    if isinstance(value, list):
        return ", ".join(_cell(item) for item in value)
    return shown(value)
