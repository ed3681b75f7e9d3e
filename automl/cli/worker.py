"""``automl worker``: one worker alone, or one a GPU."""

import os
from typing import Annotated

import typer

from automl.settings import Settings

NICENESS = 10
"""The API answers while every core trains."""


def worker(
    device: Annotated[
        str | None, typer.Option(help="cpu, cuda:0, …; else one worker a GPU, or one.")
    ] = None,
) -> None:
    """Run a worker: a light process that keeps a training child while there is work."""
    from workers import embedded, process

    settings = Settings.from_environment(device=device)
    gpus = process.gpus()
    if gpus > 1 and not settings.device:
        embedded.work(settings, [process.device(index) for index in range(gpus)])
        return
    os.nice(NICENESS)  # before anything heavy is loaded: the API starts first, and answers first

    from automl.bootstrap import log_to_stderr
    from workers import worker

    log_to_stderr(settings.log_level)
    worker.run(settings)
