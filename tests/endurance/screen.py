"""What a measurement says; nothing is read into what looks like markup."""

from rich.console import Console

_console = Console(highlight=False, markup=False, soft_wrap=True)


def say(line: str) -> None:
    """Print a line."""
    _console.print(line)
