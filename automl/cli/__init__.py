"""The command line. Each command is a module of its name, loaded only when it is asked for.

So the supervisor, which runs as long as the service does, stays as light as it can be.
"""

import sys
from importlib import import_module

import typer

from automl.core.errors import AutoMLError

COMMANDS = ("fit", "predict", "serve", "api", "worker", "demo")


def build(commands: tuple[str, ...] = COMMANDS) -> typer.Typer:
    """Return the command line with these commands: each is a function of its module's name."""
    app = typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help="AutoML as a service: a dataset and a task in, one portable model file out.",
    )
    app.callback()(_root)  # else a single command would be taken for the program itself
    for name in commands:
        app.command(name)(getattr(import_module(f"automl.cli.{name}"), name))
    return app


def main() -> None:
    """Run the command line: exit code 0 done, 1 failed, 2 wrong usage."""
    asked = sys.argv[1:2]
    app = build((asked[0],) if asked and asked[0] in COMMANDS else COMMANDS)
    try:
        app()
    except AutoMLError as error:
        typer.echo(f"automl: {error}", err=True)
        for detail in error.errors:
            typer.echo(f"  {detail.field or detail.line or ''}: {detail.message}", err=True)
        sys.exit(1)


def _root() -> None:
    """AutoML as a service: a dataset and a task in, one portable model file out."""
