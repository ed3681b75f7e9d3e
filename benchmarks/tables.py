"""Ours over REST against others on tables: same rows, same cores, same budget, one run at a time.

    python -m benchmarks.tables FOLDER... --budget 60 --splits 0 1 2 --peers ENVIRONMENTS \
        --systems ours lightgbm catboost hgb autogluon flaml h2o mljar --out results.jsonl
    python -m benchmarks.tables --report results.jsonl

``FOLDER`` is described in `benchmarks.problem`. Each run appends a line to ``--out``; runs that it
has already (same system and version, set, split, budget and cores) are not made again, so a
benchmark that was ended goes on where it was. Systems without a budget run once for all budgets.
A report writes ``results.md`` and ``results.json`` beside its lines. Linux only.
"""

import argparse
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from benchmarks import report
from benchmarks.problem import NoProblem, Problem, load
from benchmarks.results import OK, Key, Result, append, read, remaining
from benchmarks.run import run
from benchmarks.split import Split, split
from benchmarks.systems import SYSTEMS, NoSystem, System, find


def main() -> None:
    """Make the runs that are missing, or a report."""
    parser = _parser()
    given = parser.parse_args()
    if given.report:
        report.write(given.report, systems=given.systems)
        return
    if not given.folders or not given.out:
        parser.error("give folders and --out, or --report with a file of results")
    try:
        problems = {problem.name: problem for problem in map(load, given.folders)}
        systems = {name: find(name, given.peers) for name in given.systems or SYSTEMS}
    except (NoProblem, NoSystem) as error:
        parser.error(str(error))
    every = keys(list(problems), list(systems.values()), given.budget, given.splits, given.cores)
    todo = remaining(every, read(given.out), retry=given.retry)
    print(f"{len(todo)} runs to make", flush=True)
    measure(todo, problems, systems, most=max(given.budget), out=given.out)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("folders", nargs="*", metavar="FOLDER", help="PATH with meta.json, or PATH:TARGET")
    add("--budget", nargs="+", type=float, default=[60.0], metavar="SECONDS")
    add("--splits", nargs="+", type=int, default=[0], help="which; 0 is the official one if any")
    add("--systems", nargs="+", help=f"of {', '.join(SYSTEMS)}, or NAME:VARIANT; default: all")
    add("--peers", type=Path, help="the folder of the peers' environments")
    add("--cores", type=int, default=2)
    add("--out", type=Path, help="the file of results, added to")
    add("--retry", action="store_true", help="make failed runs again")
    add("--report", type=Path, metavar="RESULTS", help="write a report of these results instead")
    return parser


def keys(
    sets: Sequence[str],
    systems: Sequence[System],
    budgets: Sequence[float],
    splits: Sequence[int],
    cores: int,
) -> Iterator[Key]:
    """Yield every run, so that what is comparable is made close together."""
    for number in splits:
        for budget in budgets:
            for name in sets:
                for system in systems:
                    yield Key(
                        system=system.name,
                        version=system.version,
                        set=name,
                        split=number,
                        budget=budget if system.adapter.budgeted else None,
                        cores=cores,
                    )


def measure(
    todo: Sequence[Key],
    problems: dict[str, Problem],
    systems: dict[str, System],
    *,
    most: float,
    out: Path,
) -> None:
    """Make the runs one after the other, and append each as it ends."""

    @cache
    def part(name: str, number: int) -> Split:
        return split(problems[name], number)

    for index, key in enumerate(todo, start=1):
        budget = most if key.budget is None else key.budget
        rows = part(key.set, key.split)
        result = run(systems[key.system], key, problems[key.set], rows, budget=budget)
        append(out, result)
        print(f"{index:4} of {len(todo)}  {_line(result)}", flush=True)


def _line(result: Result) -> str:
    key = result.key
    name = f"{key.set} {key.split}, {key.system}"
    if result.status != OK:
        return f"{name:44} {result.status}: {result.why}"
    return (
        f"{name:44} {result.metric} error {result.error:<10.5g} fit {result.fit_seconds:7.1f} s  "
        f"{result.model_megabytes:8.2f} MB  {result.rows_per_second:9.0f} rows/s  "
        f"{result.row_milliseconds:8.2f} ms/row  {result.peak_megabytes:6.0f} MB of memory"
    )


if __name__ == "__main__":
    main()
