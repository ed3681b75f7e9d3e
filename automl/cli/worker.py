"""``automl worker``: one worker alone."""

import os
from typing import Annotated

import typer

from automl.settings import Settings

NICENESS = 10
"""The API answers while every core trains."""


def worker(
    device: Annotated[str | None, typer.Option(help="cpu, cuda:0, …")] = None,
) -> None:
    """Run one worker: a light process that keeps a training child while there is work."""
    os.nice(NICENESS)  # before anything heavy is loaded: the API starts first, and answers first

    from automl.bootstrap import log_to_stderr
    from workers import worker as process

    settings = Settings.from_environment(device=device)
    log_to_stderr(settings.log_level)
    process.run(settings)
