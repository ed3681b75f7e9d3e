"""The command line. Each command is a module of its name, loaded only when it is asked for.

So the supervisor, which runs as long as the service does, stays as light as it can be. A module
holds either a function of its name or, where the command has verbs, a typer ``app``.
"""

import sys
from importlib import import_module
from io import TextIOWrapper

import typer

from automl.cli.usage import Commands, TargetError
from automl.core.duration import DurationError
from automl.core.errors import AutoMLError
from automl.settings import SettingError

PANELS = {
    "On this machine, without a service": ("fit", "predict", "demo"),
    "Run a service": ("serve", "api", "worker", "migrate", "keys"),
    "Use a service": ("datasets", "studies", "models"),
}
COMMANDS = tuple(name for names in PANELS.values() for name in names)

LASTING = ("serve", "worker")
"""Run as long as a service does: typer loads pydantic to read options, which would stay, 5 MB."""


def build(commands: tuple[str, ...] = COMMANDS) -> typer.Typer:
    """Return the command line with these commands."""
    app = typer.Typer(
        cls=Commands,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        help="AutoML as a service: a dataset and a task in, one portable model file out.",
    )
    app.callback()(_root)  # else a single command would be taken for the program itself
    for panel, names in PANELS.items():
        for name in names:
            if name in commands:
                _add(app, name, panel)
    return app


def main() -> None:
    """Run the command line: exit code 0 done, 1 failed, 2 wrong usage."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal of few characters shows a "?" more
    asked = sys.argv[1:2]
    try:
        if len(sys.argv) == 2 and asked[0] in LASTING:
            getattr(import_module(f"automl.cli.{asked[0]}"), asked[0])()
        else:
            build((asked[0],) if asked and asked[0] in COMMANDS else COMMANDS)()
    except AutoMLError as error:
        typer.echo(f"automl: {error}", err=True)
        for detail in error.errors:
            typer.echo(f"  {detail.field or detail.line or ''}: {detail.message}", err=True)
        sys.exit(1)
    except (SettingError, DurationError, TargetError) as error:
        typer.echo(f"automl: {error}", err=True)
        sys.exit(2)
    except OSError as error:  # a file, a folder or an address that the user named, or a full disk
        typer.echo(f"automl: {_told(error)}", err=True)
        sys.exit(1)
    except typer.Exit as end:  # here and below: of a command that typer has not called
        sys.exit(end.exit_code)
    except KeyboardInterrupt:
        sys.exit(1)


def _add(app: typer.Typer, name: str, panel: str) -> None:
    module = import_module(f"automl.cli.{name}")
    group = getattr(module, "app", None)
    if group is None:
        app.command(name, rich_help_panel=panel)(getattr(module, name))
    else:
        app.add_typer(group, name=name, rich_help_panel=panel)


def _told(error: OSError) -> str:
    """Return what the system would not do, and with what."""
    said = error.strerror or str(error) or type(error).__name__
    return said if error.filename is None else f"{error.filename}: {said}"


def _root() -> None:
    """AutoML as a service: a dataset and a task in, one portable model file out."""
