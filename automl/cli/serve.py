"""``automl serve``: API, dashboard, broker and workers, all embedded, one command."""

import contextlib
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
    from workers import embedded

    settings = Settings.from_environment(host=host, port=port, data_dir=data_dir, workers=workers)
    embedded.serve(settings, ready=_announce)


def _announce(url: str) -> None:
    with contextlib.suppress(BrokenPipeError):  # nobody reads on: no reason to end
        print(f"automl is ready: {url}", flush=True)
