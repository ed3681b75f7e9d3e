"""What a study looks like in a terminal."""

from collections.abc import Mapping, Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from automl.core import metric
from automl.core.catalog import MetricName, TrialState
from automl.core.model import ModelCard
from automl.core.trial import Trial


def leaderboard(trials: Sequence[Trial], name: MetricName, *, limit: int = 20) -> Table:
    """Return the best trials, best first, those without a value last."""
    sign = -1.0 if metric.maximize(name) else 1.0
    ranked = sorted(trials, key=lambda t: (t.value is None, sign * (t.value or 0.0), t.number))
    table = Table(title=f"Leaderboard ({len(trials)} trials)", title_justify="left", expand=True)
    widths = {"#": 4, name.value: max(9, len(name.value)), "family": 13, "state": 9, "seconds": 7}
    for heading, width in widths.items():
        table.add_column(heading, width=width, no_wrap=True)
    table.add_column("hyperparameters", overflow="ellipsis", no_wrap=True, ratio=1)
    for trial in ranked[:limit]:
        table.add_row(
            str(trial.number),
            "" if trial.value is None else f"{trial.value:.5g}",
            trial.candidate.family.value,
            _state(trial),
            "" if trial.seconds is None else f"{trial.seconds:.1f}",
            Text(_params(trial.candidate.params)),
        )
    return table


def outcome(card: ModelCard) -> Group:
    """Return the model's metrics with their intervals, and who is in it."""
    source = "the test rows" if card.source == "test" else "out-of-fold rows (cross-fitted)"
    table = Table(title=f"The model on {source}", title_justify="left")
    for heading in ("metric", "value", "95 % interval"):
        table.add_column(heading)
    for name, estimate in card.metrics.items():
        chosen = "bold" if name is card.metric else ""
        interval = f"{estimate.low:.5g} to {estimate.high:.5g}"
        table.add_row(name.value, f"{estimate.value:.5g}", interval, style=chosen)
    members = ", ".join(f"{m.weight:.0%} {m.family.value} (trial {m.trial})" for m in card.members)
    lines = [Text(f"Members: {members}")]
    lines += [Text(f"Left out: {item.detail}", style="yellow") for item in card.excluded]
    lines.append(Text(f"File against trained model: largest difference {card.parity:.1e}"))
    return Group(table, *lines)


def _state(trial: Trial) -> str:
    if trial.state is TrialState.FAILED and trial.reason is not None:
        return f"failed: {trial.reason.value}"
    return trial.state.value


def _params(params: Mapping[str, object]) -> str:
    shown = [
        f"{name}={value:.3g}" if isinstance(value, float) else f"{name}={value}"
        for name, value in params.items()
    ]
    return " ".join(shown)
