"""What a model looks like in a terminal."""

import math

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from automl.core.model import ModelCard


def outcome(card: ModelCard) -> Group:
    """Return the model's metrics with their intervals, and who is in it."""
    source = "the test rows" if card.source == "test" else "out-of-fold rows (cross-fitted)"
    title = f"The model on {source}"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("metric", no_wrap=True)
    table.add_column("value", no_wrap=True, justify="right")
    table.add_column("95 % interval", no_wrap=True)
    for name, estimate in card.metrics.items():
        chosen = "bold" if name is card.metric else ""
        interval = f"{figure(estimate.low)} to {figure(estimate.high)}"
        table.add_row(name.value, figure(estimate.value), interval, style=chosen)
    members = ", ".join(f"{m.weight:.0%} {m.family.value} (trial {m.trial})" for m in card.members)
    lines = [Text(f"Members: {members}")]
    lines += [Text(f"Left out: {item.detail}", style="yellow") for item in card.excluded]
    lines.append(Text(f"File against trained model: largest difference {card.parity:.1e}"))
    return Group(table, *lines)


def figure(value: float | None) -> str:
    """Return a metric's value as people read it; a dash for none, as rmsle of negative numbers.

    >>> figure(0.123456), figure(None), figure(math.nan)
    ('0.12346', '–', '–')
    """
    return "–" if value is None or math.isnan(value) else f"{value:.5g}"
