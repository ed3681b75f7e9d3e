"""``python -m tests.torture``: the whole, with a report.

Seeds make it replayable: what is struck, how and when, and what clients will, are functions of
them; only what the machine makes of it is not.
"""

import argparse
import shlex
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from automl.core.fault import POINTS
from tests.torture import broker_down, points, repeated, store_down
from tests.torture.actor import LONGER, Plot
from tests.torture.apart import Apart
from tests.torture.case import Case, Result, attempt
from tests.torture.figure import Figure
from tests.torture.report import breaches, report
from tests.torture.schedule import DECK, DECK_APART, rolling, schedule
from tests.torture.whole import Whole

BESIDE = 4
PATIENCE_SECONDS = 12.0
WORKERS = (2, 1, 4, 2, 2)
"""Of the runs: as many as there are cores, and fewer, and more, in both arenas."""

WAY_KILLS = 12
WAY_EVERY = 8.0
"""Mean seconds before a strike: a training gives way after seconds, and is to come that far."""

ROLLING_SECONDS = 180.0
ROLLING_EVERY = 5.0

MEASURES: tuple[Callable[[Path], Figure], ...] = (
    broker_down.measure,
    store_down.measure,
    repeated.measure,
)


def main() -> int:
    """Run the cases one after the other; returns the exit code."""
    given = _arguments()
    results: list[Result] = []
    figures: list[Figure] = []
    with (
        tempfile.TemporaryDirectory(prefix="automl-torture-") as name,
        ThreadPoolExecutor(BESIDE) as pool,
    ):
        folder = Path(given.keep or name)
        for cases in _rounds(given):
            places = [folder / _slug(case) for case in cases]
            for result in pool.map(attempt, cases, places):
                results.append(result)
                _say(f"{result.name}, seed {result.seed}: {len(breaches([result]))} breaches")
            _write(given, results, figures)
        for measure in MEASURES if given.figures else ():
            figures.append(_figure(measure, folder))
            _say(f"{figures[-1].promise}: {figures[-1].measured}")
            _write(given, results, figures)
    found = breaches(results, figures)
    for breach in found:
        _say(f"  {breach}")
    _say(f"see {given.report}")
    return 1 if found else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of the first run")
    parser.add_argument("--seeds", type=int, default=5, help="how many runs, a seed each")
    parser.add_argument("--kills", type=int, default=42, help="kill -9 of a run, among others")
    parser.add_argument("--minutes", type=float, default=4.5, help="longest time for its strikes")
    parser.add_argument("--every", type=float, default=0.5, help="mean seconds before a strike")
    parser.add_argument(
        "--arena", choices=["both", "whole", "apart"], default="both", help="both: in turn"
    )
    parser.add_argument(
        "--points", nargs="*", default=sorted(POINTS), help="fault points to die at"
    )
    parser.add_argument(
        "--ways", type=int, default=2, help="how many runs of one worker and long trainings"
    )
    parser.add_argument("--rolling", type=float, default=ROLLING_SECONDS, help="0: without")
    parser.add_argument(
        "--figures", action=argparse.BooleanOptionalAction, default=True, help="measure the rest"
    )
    parser.add_argument("--report", type=Path, default=Path("torture.md"))
    parser.add_argument("--keep", type=Path, help="folder for data dirs, logs and histories")
    return parser.parse_args()


def _rounds(given: argparse.Namespace) -> Iterator[Sequence[Case]]:
    """Yield the cases that run beside each other: only those in which nothing is timed do."""
    yield [Case("quiet", given.seed, workers=1, actors=len(Plot))]
    yield from ([_struck(given, number)] for number in range(given.seeds))
    yield from ([_way(given, number)] for number in range(given.ways))
    yield [*_rolling(given), *(points.case(point, given.seed) for point in given.points)]


def _rolling(given: argparse.Namespace) -> Iterator[Case]:
    """Yield the case that lasts longest, so that it begins first; none with ``--rolling 0``."""
    if given.rolling:
        strikes = rolling(given.rolling, ROLLING_EVERY)
        yield Case("rolling restart", given.seed, strikes, arena=Apart, workers=2)


def _way(given: argparse.Namespace, number: int) -> Case:
    """Return the case in which trainings give way to each other while strikes fall."""
    seed = given.seed + number
    apart = given.arena == "apart" or (given.arena == "both" and number % 2 == 0)
    return Case(
        name="giving way apart" if apart else "giving way",
        seed=seed,
        strikes=schedule(seed, WAY_KILLS, every=WAY_EVERY, deck=DECK_APART if apart else DECK),
        arena=Apart if apart else Whole,
        workers=1,
        actors=len(Plot),
        space=LONGER,
        environment={"AUTOML_CHECKPOINT_SECONDS": "1"},
        giving=True,
        patience=PATIENCE_SECONDS,
        longest=60.0 * given.minutes,
    )


def _struck(given: argparse.Namespace, number: int) -> Case:
    seed = given.seed + number
    apart = given.arena == "apart" or (given.arena == "both" and number % 2 == 0)
    return Case(
        name="strikes apart" if apart else "strikes",
        seed=seed,
        strikes=schedule(seed, given.kills, every=given.every, deck=DECK_APART if apart else DECK),
        arena=Apart if apart else Whole,
        workers=WORKERS[number % len(WORKERS)],
        actors=3,
        patience=PATIENCE_SECONDS,
        longest=60.0 * given.minutes,
    )


def _figure(measure: Callable[[Path], Figure], folder: Path) -> Figure:
    """Return what was measured; what breaks is a promise not kept, and no end of the others."""
    name = measure.__module__.rpartition(".")[2]
    place = folder / name
    place.mkdir(parents=True, exist_ok=True)
    try:
        return measure(place)
    except Exception as error:  # noqa: BLE001 -- whatever it is, the report names it
        traceback.print_exc()
        return Figure(name, wanted="to be measured", measured=f"it broke: {error!r}", kept=False)


def _slug(case: Case) -> str:
    return f"{case.name} {case.seed}".replace(" ", "-")


def _write(given: argparse.Namespace, results: list[Result], figures: list[Figure]) -> None:
    """Write the report so far: a run that is cut has one too."""
    command = shlex.join(["python", "-m", "tests.torture", *sys.argv[1:]])
    given.report.write_text(report(results, figures, command))


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
