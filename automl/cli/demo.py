"""``automl demo``: the whole service at work."""

from typing import Annotated

import typer

from automl.core.duration import seconds


def demo(
    budget: Annotated[str, typer.Option(help="The study's wall-clock time.")] = "60s",
) -> None:
    """Show the whole service at work on a real dataset, and leave nothing behind."""
    from automl.cli import remote, tour
    from automl.cli.service import ServiceNotReadyError

    try:
        tour.run(seconds(budget))
    except ServiceNotReadyError as error:
        remote.fail(f"the service did not start: {error}")
