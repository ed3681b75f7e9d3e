"""The command line. Each command is a module; what it needs is loaded when it runs."""

import sys

import typer

from automl.cli import api, serve, worker
from automl.core.errors import AutoMLError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="AutoML as a service: a dataset and a task in, one portable model file out.",
)

app.command("serve")(serve.serve)
app.command("api")(api.api)
app.command("worker")(worker.worker)


def main() -> None:
    """Run the command line: exit code 0 done, 1 failed, 2 wrong usage."""
    try:
        app()
    except AutoMLError as error:
        typer.echo(f"automl: {error}", err=True)
        for detail in error.errors:
            typer.echo(f"  {detail.field or detail.line or ''}: {detail.message}", err=True)
        sys.exit(1)
