"""What a shell offers for an id: those of the service, and nothing while that is away.

Each press of the key starts a program, so this one does without the client, which takes longer to
load than all else together.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

import typer

SECONDS = 1.0
"""Somebody has pressed a key: what is not there by then is left out."""

OFFERED = 50
"""The newest ones."""


def datasets(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Return ids of datasets with their names."""
    return _offers(ctx, incomplete, "datasets", lambda item: str(item["name"]))


def studies(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Return ids of studies with their names and statuses."""
    return _offers(
        ctx, incomplete, "studies", lambda item: f"{item['name'] or 'study'}, {item['status']}"
    )


def models(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Return ids of models with what they reach."""
    return _offers(
        ctx, incomplete, "models", lambda item: f"{item['metric']['name']} {item['value']:.4g}"
    )


def models_and_studies(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Return the ids that lead to a model: its own, or its study's."""
    return models(ctx, incomplete) + studies(ctx, incomplete)


def _offers(
    ctx: typer.Context,
    incomplete: str,
    resource: str,
    describe: Callable[[Mapping[str, Any]], str],
) -> list[tuple[str, str]]:
    try:
        offers = [(str(item["id"]), _plain(describe(item))) for item in _newest(ctx, resource)]
    except (OSError, ValueError, LookupError, TypeError):  # no service there, or not one of ours
        return []
    return [offer for offer in offers if offer[0].startswith(incomplete)]


def _newest(ctx: typer.Context, resource: str) -> list[dict[str, Any]]:
    from http.client import HTTPConnection, HTTPException, HTTPSConnection
    from urllib.parse import urlsplit

    from automl.settings import Settings

    settings = Settings.from_environment(url=ctx.params.get("url"), key=ctx.params.get("key"))
    parts = urlsplit(settings.url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    headers = {"Authorization": f"Bearer {settings.key}"} if settings.key else {}
    connection = kind(parts.hostname or "", parts.port, timeout=SECONDS)
    try:
        path = f"{parts.path.rstrip('/')}/v1/{resource}?limit={OFFERED}"
        connection.request("GET", path, headers=headers)
        items: list[dict[str, Any]] = json.load(connection.getresponse())["items"]
    except HTTPException as error:
        raise ValueError(str(error)) from None
    finally:
        connection.close()
    return items


def _plain(text: str) -> str:
    """Return a name that others chose without what moves a terminal."""
    return "".join(c if c.isprintable() else " " for c in text)
