"""What a run found, as Markdown."""

from collections import Counter
from collections.abc import Sequence

from tests.torture.case import Result
from tests.torture.checker import Verdict
from tests.torture.recovery import Recovery, percentile
from tests.torture.schedule import WHOLE

_HEADINGS = (
    "case", "seed", "strikes", "deaths", "studies", "attempted", "acknowledged", "refused",
    "unknown", "lost", "duplicated", "recovered", "unexpected", "breaches", "recovery p50", "p95",
    "seconds",
)  # fmt: skip

_RECOVERY = (
    "Seconds from kill -9 until a trial was given back, and until a worker had it again. A service "
    f"killed whole is started again by the harness: trials that this befell are in '{WHOLE}' alone."
)


def report(results: Sequence[Result], command: str) -> str:
    """Return the page: figures of each case and of all, then every breach in words."""
    lines = ["# Torture", "", f"`{command}`", ""]
    lines += [_row(_HEADINGS), _row(["---"] * len(_HEADINGS))]
    lines += [_row(_cells(result)) for result in results]
    lines += ["", *_totals(results), "", "## Recovery", "", _RECOVERY, ""]
    lines += [*_recovery([each for result in results for each in result.recoveries])]
    lines += ["", "## Breaches", ""]
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
        str(result.deaths),
        str(result.studies),
        str(verdict.attempted),
        *(str(len(marks)) for marks in sets),
        *_shares([each.running for each in result.recoveries if each.strike != WHOLE]),
        f"{result.seconds:.0f}",
    ]


def _totals(results: Sequence[Result]) -> list[str]:
    verdict = sum((result.verdict for result in results), Verdict())
    strikes = sum((Counter(result.strikes) for result in results), Counter())
    kills = sum(count for name, count in strikes.items() if name.startswith("kill"))
    trials, repeated = sum(r.trials for r in results), sum(r.repeated for r in results)
    missed = sum(result.missed for result in results)
    return [
        f"- Strikes: {sum(strikes.values())}, of them {kills} kill -9; {missed} found no target. "
        + ", ".join(f"{name} {count}" for name, count in sorted(strikes.items())),
        f"- Intentions: {verdict.attempted} attempted, {len(verdict.acknowledged)} acknowledged, "
        f"{len(verdict.lost)} lost, {len(verdict.duplicated)} duplicated, "
        f"{len(verdict.recovered)} unknown that turned up, {len(verdict.unexpected)} unexpected.",
        f"- Trials: {trials}, with {repeated} further attempts. Studies compared with an equal "
        f"request's leaderboard and model bytes: {sum(r.compared for r in results)}.",
    ]


def _recovery(found: Sequence[Recovery]) -> list[str]:
    """Return the table of how long trials stood still, by what was struck."""
    headings = ("struck", "trials", "noticed p50", "p95", "running p50", "p95")
    groups = {name: [r for r in found if r.strike == name] for name in {r.strike for r in found}}
    parts = [recovery for recovery in found if recovery.strike != WHOLE]
    rows = [*sorted(groups.items()), ("every part", parts)]
    return [
        _row(headings),
        _row(["---"] * len(headings)),
        *(
            _row(
                [
                    name,
                    str(len(group)),
                    *_shares([recovery.noticed for recovery in group]),
                    *_shares([recovery.running for recovery in group]),
                ]
            )
            for name, group in rows
        ),
    ]


def _shares(values: Sequence[float]) -> list[str]:
    return [_seconds(percentile(values, share)) for share in (0.5, 0.95)]


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f} s"
