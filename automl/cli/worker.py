"""``automl worker``: one worker alone, several in one process, or one a GPU."""

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
    slots: Annotated[
        int | None, typer.Option(min=1, help="Workers in this process, on each device; else one.")
    ] = None,
) -> None:
    """Run a worker: a light process that keeps a training child while there is work."""
    from automl import machine
    from workers import embedded

    settings = Settings.from_environment(device=device, slots=slots)
    gpus = machine.gpus()
    if gpus > 1 and not settings.device:
        embedded.work(settings, [machine.device(index) for index in range(gpus * settings.slots)])
        return
    os.nice(NICENESS)  # before anything heavy is loaded: the API starts first, and answers first

    from automl.core.lean import without

    with without("rich", "yaml"):  # structlog and Celery would load them for nothing
        from workers import process
        from workers.start import Starts

        process.take_descriptors()  # a slot takes five
        starts = Starts(settings)
        starts.warm()  # beside what this process loads next, so that the first study finds it so

        from automl.bootstrap import log_to_stderr
        from workers import worker

    log_to_stderr(settings.log_level)
    worker.run(settings, starts)
