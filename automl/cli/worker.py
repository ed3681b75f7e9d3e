"""``automl worker``: one worker alone."""

from typing import Annotated

import typer

from automl.settings import Settings


def worker(
    device: Annotated[str | None, typer.Option(help="cpu, cuda:0, …")] = None,
) -> None:
    """Run one worker: a light process that keeps a training child while there is work."""
    from automl.bootstrap import log_to_stderr
    from workers import worker as process

    settings = Settings.from_environment(device=device)
    log_to_stderr(settings.log_level)
    process.run(settings)
