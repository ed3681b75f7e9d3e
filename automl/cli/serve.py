"""``automl serve``: API, dashboard, broker and workers, all embedded, one command."""

import contextlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from automl.settings import Settings


def serve(
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="0: any free one.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Where everything is kept.")] = None,
    workers: Annotated[
        int | None, typer.Option(min=0, help="0: one a GPU, else one a core.")
    ] = None,
) -> None:
    """Run the whole service on this machine."""
    from workers import embedded, process
    from workers.process import StartError

    settings = Settings.from_environment(host=host, port=port, data_dir=data_dir, workers=workers)
    if not settings.is_local and not _has_keys(settings):
        raise StartError(process.needs_key(settings.host))
    embedded.serve(settings, ready=_announce)


def _has_keys(settings: Settings) -> bool:
    """Return whether a key was ever created; another process looks, to keep this one light."""
    look = subprocess.run(
        [sys.executable, "-m", "automl.cli", "keys", "list", "--json"],
        env=settings.child_environment(),
        stdout=subprocess.PIPE,
        check=False,
    )
    if look.returncode:  # it has said why
        raise typer.Exit(1)
    return bool(json.loads(look.stdout)["items"])


def _announce(url: str) -> None:
    with contextlib.suppress(BrokenPipeError):  # nobody reads on: no reason to end
        print(f"automl is ready: {url}", flush=True)
