"""``python -m tests.torture``: the whole, with a report.

Seeds make it replayable: what is struck, how and when, and what clients will, are functions of
them; only what the machine makes of it is not.
"""

import argparse
import shlex
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from automl.core.fault import POINTS
from tests.torture import points
from tests.torture.case import Case, Result, run
from tests.torture.report import failed, report
from tests.torture.schedule import DECK, schedule


def main() -> int:
    """Run the cases one after the other; returns the exit code."""
    given = _arguments()
    results: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="automl-torture-") as name:
        for number, case in enumerate(_cases(given)):
            folder = Path(given.keep or name) / f"{number:02}"
            results.append(run(case, folder))
            found = [*results[-1].verdict.breaches, *results[-1].breaches]
            _say(f"{case.name}, seed {case.seed}: {len(found)} breaches")
            for breach in found:
                _say(f"  {breach}")
            command = shlex.join(["python", "-m", "tests.torture", *sys.argv[1:]])
            given.report.write_text(report(results, command))  # so far; a cut run has one too
    _say(f"see {given.report}")
    return 1 if failed(results) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of the first run")
    parser.add_argument("--seeds", type=int, default=5, help="how many runs, a seed each")
    parser.add_argument("--kills", type=int, default=42, help="kill -9 of a run, among others")
    parser.add_argument("--minutes", type=float, default=5.5, help="longest time for its strikes")
    parser.add_argument("--every", type=float, default=2.5, help="mean seconds between two strikes")
    parser.add_argument(
        "--points", nargs="*", default=sorted(POINTS), help="fault points to die at"
    )
    parser.add_argument("--report", type=Path, default=Path("torture.md"))
    parser.add_argument("--keep", type=Path, help="folder for data dirs, logs and histories")
    return parser.parse_args()


def _cases(given: argparse.Namespace) -> Iterator[Case]:
    for seed in range(given.seed, given.seed + given.seeds):
        strikes = schedule(seed, given.kills, every=given.every, pause=8.0, deck=DECK)
        yield Case("strikes", seed, strikes, longest=60.0 * given.minutes)
    yield from (points.case(point, given.seed) for point in given.points)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
