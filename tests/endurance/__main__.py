"""``python -m tests.endurance PROMISE``: run a service, put one promise to the test."""

import argparse
import os
import sys
import tempfile
from importlib import import_module
from pathlib import Path

from tests.endurance.screen import say

PROMISES = {
    "studies": "no leak over COUNT tiny studies",
    "upload": "a file of COUNT MB goes in at constant memory",
    "downloads": "COUNT cut and resumed downloads of a large file: the same bytes, constant memory",
    "events": "clients that reconnect COUNT times each see every event once",
    "crowd": "COUNT event streams at once, also where descriptors are few",
    "bombs": "what unpacks without end is refused at once, COUNT times each",
    "answers": "the API answers while every core trains, for COUNT seconds",
    "races": "a cancel that races a completion, COUNT times; a key used many times at once",
    "crashes": "a study of COUNT trials half of which kill their process",
}


def main() -> int:
    """Measure one promise; returns 1 where it is broken."""
    listed = "\n".join(f"  {name:10} {meaning}" for name, meaning in PROMISES.items())
    parser = argparse.ArgumentParser(
        prog="python -m tests.endurance",
        description=listed,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("promise", choices=PROMISES)
    parser.add_argument("--count", type=int, help="default: what the promise says")
    given = parser.parse_args()
    module = import_module(f"tests.endurance.{given.promise}")
    _load("before")
    with tempfile.TemporaryDirectory(prefix="automl-endurance-") as name:
        broken = module.run(Path(name), given.count or module.COUNT)
    _load("after")
    for breach in broken:
        say(f"BROKEN: {breach}")
    return 1 if broken else 0


def _load(when: str) -> None:
    say(f"load {when}: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    sys.exit(main())
