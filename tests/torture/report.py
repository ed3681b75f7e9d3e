"""What a run found, as Markdown."""

from collections import Counter
from collections.abc import Sequence

from tests.torture.case import Result
from tests.torture.checker import Verdict
from tests.torture.equality import compared, differences
from tests.torture.figure import Figure
from tests.torture.recovery import Recovery, percentile
from tests.torture.schedule import HALTS

_HEADINGS = (
    "case", "seed", "strikes", "deaths", "studies", "attempted", "acknowledged", "refused",
    "unknown", "lost", "duplicated", "recovered", "unexpected", "breaches", "recovery p50", "p95",
    "seconds",
)  # fmt: skip

_RECOVERY = (
    "Seconds from kill -9 until a trial was given back, and until a worker had it again. Trials "
    "that nobody could take up meanwhile, because the service was killed whole or its database was "
    "away, are under what halted them, and not under 'every part'."
)


def report(results: Sequence[Result], figures: Sequence[Figure], command: str) -> str:
    """Return the page: figures of each case and of all, then every breach in words."""
    lines = ["# Torture", "", f"`{command}`", ""]
    lines += [_row(_HEADINGS), _row(["---"] * len(_HEADINGS))]
    lines += [_row(_cells(result)) for result in results]
    lines += ["", *_totals(results), "", "## Recovery", "", _RECOVERY, ""]
    lines += [*_recovery([each for result in results for each in result.recoveries])]
    lines += ["", "## Figures", "", *_figures(figures), "", "## Breaches", ""]
    lines += [f"- {breach}" for breach in breaches(results, figures)] or ["None."]
    return "\n".join(lines) + "\n"


def breaches(results: Sequence[Result], figures: Sequence[Figure] = ()) -> list[str]:
    """Return everything that was broken, in words: of each case, and between any two of them."""
    return [
        *(
            f"{result.name}, seed {result.seed}: {breach}"
            for result in results
            for breach in [*result.verdict.breaches, *result.breaches]
        ),
        *differences([answer for result in results for answer in result.answers]),
        *(f"{figure.promise}: {figure.measured}" for figure in figures if not figure.kept),
    ]


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
        *_shares([each.running for each in result.recoveries if each.strike not in HALTS]),
        f"{result.seconds:.0f}",
    ]


def _totals(results: Sequence[Result]) -> list[str]:
    verdict = sum((result.verdict for result in results), Verdict())
    strikes = sum((Counter(result.strikes) for result in results), Counter())
    kills = sum(count for name, count in strikes.items() if name.startswith("kill"))
    trials, repeated = sum(r.trials for r in results), sum(r.repeated for r in results)
    released = sum(result.released for result in results)
    missed = sum(result.missed for result in results)
    deaths = sum(result.deaths for result in results)
    answers = [answer for result in results for answer in result.answers]
    overruns = [late for result in results for late in result.overruns]
    return [
        f"- Strikes: {sum(strikes.values())}, of them {kills} kill -9; {missed} found no target; "
        f"{deaths} deaths noticed, those at fault points among them. "
        + ", ".join(f"{name} {count}" for name, count in sorted(strikes.items())),
        f"- Intentions: {verdict.attempted} attempted, {len(verdict.acknowledged)} acknowledged, "
        f"{len(verdict.lost)} lost, {len(verdict.duplicated)} duplicated, "
        f"{len(verdict.recovered)} unknown that turned up, {len(verdict.unexpected)} unexpected.",
        f"- Trials: {trials}, with {repeated} further attempts, {released} after they "
        "were given back unharmed. Studies compared with an equal "
        f"request's leaderboard and model bytes: {compared(answers)}, of which "
        f"{len(differences(answers))} differ.",
        f"- Studies with a budget in seconds: {len(overruns)}, ended at most "
        f"{_seconds(max(overruns, default=None))} after it.",
    ]


def _recovery(found: Sequence[Recovery]) -> list[str]:
    """Return the table of how long trials stood still, by what was struck."""
    headings = ("struck", "trials", "noticed p50", "p95", "running p50", "p95")
    groups = {name: [r for r in found if r.strike == name] for name in {r.strike for r in found}}
    parts = [recovery for recovery in found if recovery.strike not in HALTS]
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


def _figures(figures: Sequence[Figure]) -> list[str]:
    headings = ("promise", "wanted", "measured")
    rows = [_row([figure.promise, figure.wanted, figure.measured]) for figure in figures]
    return [_row(headings), _row(["---"] * len(headings)), *rows]


def _shares(values: Sequence[float]) -> list[str]:
    return [_seconds(percentile(values, share)) for share in (0.5, 0.95)]


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f} s"
