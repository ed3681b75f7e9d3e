"""What the commands that speak to a service share: how to reach it, how to print, how to fail."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from automl.settings import Settings

if TYPE_CHECKING:
    from automl.client import Client, ServiceError

PATIENCE_SECONDS = 10.0
"""Somebody waits at the terminal."""

BODY_PATIENCE_SECONDS = 60.0
"""Files take longer."""

MOST_OF_PAGE = 500
"""Items that the service gives at once."""

SHORT, GAP = 12, 3
"""Characters that a name keeps at least, and those between two columns."""

MOST_PLACES = 3
"""Of what is wrong with a file, so many places are told: an error is a line."""

REMEDIES = {
    401: "Give --key, or set AUTOML_KEY.",
    403: "Another key may: 'automl keys create' on the service's machine makes one.",
}
"""What would be right where the service cannot know it."""

_LISTED = "The verb 'list' shows which ids there are."

Row = dict[str, Any]


@contextmanager
def service(
    url: str | None, key: str | None, *, patience: float | None = None
) -> "Iterator[Client]":
    """Give a connection; whatever the service refuses is told in a line, with exit code 1."""
    from automl.client import Client, DownloadCorrupt, ServiceError, StudyFailed, Unreachable

    settings = Settings.from_environment(url=url, key=key)
    seconds = PATIENCE_SECONDS if patience is None else patience
    try:
        with Client(settings.url, key=settings.key, patience=seconds) as client:
            yield client
    except ServiceError as error:
        fail(_refusal(error))
    except BrokenPipeError:  # nobody reads on
        raise
    except (Unreachable, StudyFailed, DownloadCorrupt, OSError) as error:
        fail(str(error))


def fail(message: str) -> NoReturn:
    """End the program with exit code 1 and one line of why. Raises `typer.Exit`."""
    from automl.client.text import plain

    typer.echo(f"automl: {plain(message)}", err=True)
    raise typer.Exit(1) from None


def show(answer: Row, *, as_json: bool, fields: Sequence[str]) -> None:
    """Print one resource: as it is, or some of its fields in lines."""
    if as_json:
        print(json.dumps(answer))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name in fields:
        if answer.get(name) is not None:
            table.add_row(Text(name, style="bold"), Text(_cell(answer[name])))
    Console().print(table)


def first(client: "Client", path: str, limit: int, **params: str) -> Row:
    """Return the first ``limit`` items of a list as one page, with the cursor to what follows."""
    items: list[Row] = []
    following: dict[str, str] = {}
    while True:
        size = {"limit": str(min(limit - len(items), MOST_OF_PAGE))}
        page = client.get(path, **params, **size, **following)
        items += page["items"]
        if page["next_cursor"] is None or len(items) >= limit:
            return {"items": items, "next_cursor": page["next_cursor"]}
        following = {"cursor": page["next_cursor"]}


def show_list(page: Row, *, as_json: bool, columns: Mapping[str, Callable[[Row], object]]) -> None:
    """Print a list: as JSON, or as a table of as many columns as the terminal has room for.

    Args:
        page: of the service, with its items.
        as_json: whether to print it as it is.
        columns: what to read of each item, the ones to keep first; the first is never cut.
    """
    if as_json:
        print(json.dumps(page))
        return
    some = page["items"]
    if not some:
        say("There is none.")
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from automl.client.tables import shown

    cells = {name: [shown(read(item)) for item in some] for name, read in columns.items()}
    console = Console()
    widths = fitting(cells, console.width)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name, width in widths.items():
        table.add_column(name, no_wrap=True, width=width)
    for row in zip(*(cells[name] for name in widths), strict=True):
        table.add_row(*map(Text, row))
    console.print(table)


def fitting(cells: Mapping[str, Sequence[str]], width: int) -> dict[str, int]:
    """Return the widths of those columns, the first ones first, that a terminal has room for.

    Only names are cut short: half an id, a number or a time would be wrong.

    >>> fitting({"id": ["ds_1"], "name": ["a" * 40], "rows": ["150"], "bytes": ["1234567"]}, 35)
    {'id': 4, 'name': 18, 'rows': 4}
    """
    from rich.cells import cell_len

    needed = {name: max(map(cell_len, (name, *column))) for name, column in cells.items()}
    least = {name: min(need, SHORT) if name == "name" else need for name, need in needed.items()}
    kept: dict[str, int] = {}
    left = width
    for name, need in least.items():
        if not kept or need + GAP <= left:
            kept[name] = need
            left -= need + GAP
    if "name" in kept:
        kept["name"] = min(needed["name"], kept["name"] + max(0, left))
    return kept


def show_deleted(name: str, *, as_json: bool) -> None:
    """Say that a resource is gone; the service answers nothing then."""
    if as_json:
        print(json.dumps({"id": name, "deleted": True}))
    else:
        say(f"{name} is deleted")


def show_file(file: Path, file_format: str, *, as_json: bool) -> None:
    """Say what was written where."""
    size = file.stat().st_size
    if as_json:
        print(json.dumps({"file": str(file), "format": file_format, "bytes": size}))
    else:
        say(f"{file}: {size / 1e6:.2f} MB")


def say(line: str) -> None:
    """Print a line that names of others may be part of."""
    from rich.console import Console
    from rich.text import Text

    from automl.client.text import plain

    Console(soft_wrap=True).print(Text(plain(line)))


def _refusal(error: "ServiceError") -> str:
    """Return a line with what was wrong, where, and what would be right."""
    places = [
        f"{place.get('field') or place.get('line') or ''}: {place.get('message', '')}"
        for place in error.errors[:MOST_PLACES]
    ]
    said = " ".join([str(error), *(f"({place})" for place in places)])
    remedy = _LISTED if error.reason == "NOT_FOUND" else REMEDIES.get(error.status)
    return said if remedy is None else f"{said.rstrip('.')}. {remedy}"


def _cell(value: object) -> str:
    from automl.client.tables import shown
    from automl.client.text import plain

    if isinstance(value, dict):
        return ", ".join(f"{plain(str(k))} {_cell(v)}" for k, v in value.items() if v is not None)
    if isinstance(value, list):
        return ", ".join(_cell(item) for item in value)
    return shown(value)
