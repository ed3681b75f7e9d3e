"""What a run found, as Markdown."""

from collections import Counter
from collections.abc import Sequence

from tests.torture.case import Result
from tests.torture.checker import Verdict
from tests.torture.recovery import percentile

_HEADINGS = (
    "case", "seed", "strikes", "studies", "attempted", "acknowledged", "refused", "unknown", "lost",
    "duplicated", "recovered", "unexpected", "breaches", "recovery p50", "p95", "seconds",
)  # fmt: skip


def report(results: Sequence[Result], command: str) -> str:
    """Return the page: figures of each case and of all, then every breach in words."""
    lines = ["# Torture", "", f"`{command}`", ""]
    lines += [_row(_HEADINGS), _row(["---"] * len(_HEADINGS))]
    lines += [_row(_cells(result)) for result in results]
    lines += ["", *_totals(results), "", "## Breaches", ""]
    lines += [
        f"- {result.name}, seed {result.seed}: {breach}"
        for result in results
        for breach in [*result.verdict.breaches, *result.breaches]
    ] or ["None."]
    return "\n".join(lines) + "\n"


def failed(results: Sequence[Result]) -> bool:
    """Return whether anything was broken."""
    return any(result.breaches or result.verdict.breaches for result in results)


def _cells(result: Result) -> list[str]:
    verdict = result.verdict
    sets = (
        verdict.acknowledged,
        verdict.refused,
        verdict.unknown,
        verdict.lost,
        verdict.duplicated,
        verdict.recovered,
        verdict.unexpected,
        result.breaches,
    )
    return [
        result.name,
        str(result.seed),
        str(sum(result.strikes.values())),
        str(result.studies),
        str(verdict.attempted),
        *(str(len(marks)) for marks in sets),
        _seconds(percentile(result.recoveries, 0.5)),
        _seconds(percentile(result.recoveries, 0.95)),
        f"{result.seconds:.0f}",
    ]


def _totals(results: Sequence[Result]) -> list[str]:
    verdict = sum((result.verdict for result in results), Verdict())
    strikes = sum((Counter(result.strikes) for result in results), Counter())
    recoveries = [seconds for result in results for seconds in result.recoveries]
    kills = sum(count for name, count in strikes.items() if name.startswith("kill"))
    trials, repeated = sum(r.trials for r in results), sum(r.repeated for r in results)
    missed = sum(result.missed for result in results)
    p50, p95 = (_seconds(percentile(recoveries, share)) for share in (0.5, 0.95))
    return [
        f"- Strikes: {sum(strikes.values())}, of them {kills} kill -9; {missed} found no target. "
        + ", ".join(f"{name} {count}" for name, count in sorted(strikes.items())),
        f"- Intentions: {verdict.attempted} attempted, {len(verdict.acknowledged)} acknowledged, "
        f"{len(verdict.lost)} lost, {len(verdict.duplicated)} duplicated, "
        f"{len(verdict.recovered)} unknown that turned up, {len(verdict.unexpected)} unexpected.",
        f"- Recovery from kill -9 to the trial running again: {len(recoveries)} measured, "
        f"p50 {p50}, p95 {p95}, longest {_seconds(max(recoveries, default=None))}.",
        f"- Trials: {trials}, with {repeated} further attempts. Studies compared with an equal "
        f"request's leaderboard and model bytes: {sum(r.compared for r in results)}.",
    ]


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f} s"
