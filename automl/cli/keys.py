"""``automl keys``: API keys, on the database of the settings directly; no service needs to run."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from automl.core.duration import seconds
from automl.core.key import Key, Scope
from automl.settings import Settings

if TYPE_CHECKING:
    from automl.core.ports import Store

MAX_LIFETIME = 36_500 * 86_400.0
"""Seconds; a moment that no calendar can name would stand in the way of `keys list` for ever."""

app = typer.Typer(
    no_args_is_help=True,
    help="API keys. Once there was one, nothing of /v1 opens without, and the service may"
    " listen on any address.",
)

DataDir = Annotated[Path | None, typer.Option(help="The service's data dir. [AUTOML_DATA_DIR]")]
DatabaseUrl = Annotated[
    str | None, typer.Option(help="The service's database. [AUTOML_DATABASE_URL]")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("create")
def create(
    tenant: Annotated[str, typer.Option(help="Whose data the key opens.")],
    scope: Annotated[
        Scope, typer.Option(help="read: look and predict; write: also create; admin: also keys.")
    ] = Scope.WRITE,
    expires: Annotated[
        str | None, typer.Option(help="After so long, as in 30d or 12h; never if left out.")
    ] = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Create a key and print it, this once."""
    from rich.console import Console

    from automl.service import keys

    lifetime = None if expires is None else _seconds(expires)
    with _store(data_dir, database_url) as store:
        key, text = keys.create(store, tenant=tenant, scope=scope, expires_seconds=lifetime)
    if as_json:
        print(json.dumps({"id": key.id, "key": text, "tenant": key.tenant, **_facts(key)}))
        return
    until = "for good" if key.expires_at is None else f"until {_moment(key.expires_at)}"
    print(text)
    Console(stderr=True).print(
        f"A key to {key.scope.value} for tenant {key.tenant!r}, valid {until}. It is shown this"
        f" once; 'automl keys revoke {key.id}' ends it.",
        markup=False,
        highlight=False,
    )


@app.command("list")
def list_keys(
    data_dir: DataDir = None, database_url: DatabaseUrl = None, as_json: Json = False
) -> None:
    """List every key ever created, without what only its owner knows."""
    from rich import box
    from rich.console import Console
    from rich.table import Column, Table

    from automl.service import keys

    with _store(data_dir, database_url) as store:
        found = keys.page(store)
    if as_json:
        items = [{"id": key.id, "tenant": key.tenant, **_facts(key)} for key in found]
        print(json.dumps({"items": items, "next_cursor": None}))
        return
    headings = (Column("id", no_wrap=True), "tenant", "scope", "state", "last used")
    table = Table(*headings, box=box.SIMPLE_HEAD, pad_edge=False)
    for key in found:
        used = "never" if key.last_used_at is None else _moment(key.last_used_at)
        table.add_row(key.id, key.tenant, key.scope.value, _state(key), used)
    Console().print(table)


@app.command("revoke")
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID")],
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Make a key useless within a second, wherever the service runs."""
    from automl.service import keys

    with _store(data_dir, database_url) as store:
        keys.revoke(store, key_id)
    print(f"{key_id} is revoked")


@contextmanager
def _store(data_dir: Path | None, database_url: str | None) -> "Iterator[Store]":
    from automl.bootstrap import start

    settings = Settings.from_environment(data_dir=data_dir, database_url=database_url)
    with start(settings) as application:
        application.store.migrate()
        yield application.store


def _seconds(text: str) -> float:
    try:
        lifetime = seconds(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--expires") from None
    if lifetime > MAX_LIFETIME:
        message = f"{text!r} is longer than 36500d; leave it out for a key that never expires"
        raise typer.BadParameter(message, param_hint="--expires")
    return lifetime


def _facts(key: Key) -> dict[str, str | None]:
    times = {
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "last_used_at": key.last_used_at,
    }
    shown = {name: None if at is None else _moment(at) for name, at in times.items()}
    return {"scope": key.scope.value, **shown}


def _state(key: Key) -> str:
    if key.revoked_at is not None:
        return "revoked"
    if not key.valid(time.time()):
        return "expired"
    return "valid" if key.expires_at is None else f"valid until {_moment(key.expires_at)}"


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")[:-6] + "Z"
