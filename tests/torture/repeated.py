"""How much of a killed trial is trained again: it goes on from its last checkpoint."""

import itertools
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from automl.client import Client
from tests import tables
from tests.torture.figure import Figure
from tests.torture.recovery import moment
from tests.torture.schedule import Blow, Part, Strike
from tests.torture.tenants import admit
from tests.torture.whole import Whole

KILLS = 4
WANTED_SECONDS = 15.0
RECORD_SECONDS = 0.5
"""Epochs are told so often at most: by that and an epoch the log lags, before a kill and after."""

LONG = {
    "mlp": {"layers": [3], "width": [256], "epochs": [200], "patience": [50], "batch_size": [32]}
}
CHILD = Strike(0.0, Part.CHILD, Blow.KILL, 0)

Log = Sequence[Mapping[str, Any]]


def measure(folder: Path) -> Figure:
    """Kill the training child of one long trial again and again, at drawn moments."""
    rng = random.Random(1)
    waits = [rng.uniform(5.0, 25.0) for _ in range(KILLS)]
    with Whole(folder, workers=1, environment={}) as arena:
        tenant, *_ = admit(arena.database_url)
        with tenant.client(arena.url) as client:
            study = _begin(client, tables.mixed(folder / "data.csv", rows=12000))
            log = _struck(client.events(study), waits, lambda: arena.strike(CHILD, ()))
            client.post(f"/v1/studies/{study}/cancel", {})
    lost = list(repeats(log))
    worst = max(lost)
    return Figure(
        promise="little work repeated",
        wanted=f"≤ max(10 %, {WANTED_SECONDS:g} s or one fold) of a killed trial",
        measured=f"at most {worst:.1f} s over {len(lost)} kills of one trial, "
        f"{', '.join(f'{wait:.0f}' for wait in waits)} s after it had begun or gone on "
        f"({', '.join(f'{each:.1f}' for each in lost)})",
        kept=len(lost) == KILLS and worst <= WANTED_SECONDS,
    )


def _struck(
    events: Iterable[Mapping[str, Any]], waits: Sequence[float], strike: Callable[[], object]
) -> Log:
    """Strike so long after each attempt's first epoch; return the log until the last goes on."""
    log: list[Mapping[str, Any]] = []
    struck = 0
    for event in events:
        log.append(event)
        told = list(_attempts(log))
        if len(told) <= struck:
            continue
        if struck == len(waits):
            return log
        if moment(told[-1][-1]) - moment(told[-1][0]) >= waits[struck]:
            strike()
            struck += 1
    raise AssertionError(f"the trial ended after {struck} of {len(waits)} kills")


def repeats(log: Log) -> Iterator[float]:
    """Yield, for each further attempt at trial 0, the seconds trained again: at most so many.

    From the last epoch told of the attempt before to the first of this one, at the pace of the
    former.
    """
    attempts = list(_attempts(log))
    for before, after in itertools.pairwise(attempts):
        first, last = before[0], before[-1]
        epochs = last["data"]["epoch"] - first["data"]["epoch"]
        pace = (moment(last) - moment(first)) / max(epochs, 1)
        again = last["data"]["epoch"] - after[0]["data"]["epoch"]
        yield max(0.0, again * pace) + 2 * (RECORD_SECONDS + pace)


def _attempts(log: Log) -> Iterator[Log]:
    """Yield the epochs told of each attempt that told any."""
    told: list[Mapping[str, Any]] = []
    for event in log:
        if event["type"] == "trial.started" and told:
            yield told
            told = []
        if event["type"] == "trial.epoch":
            told.append(event)
    if told:
        yield told


def _begin(client: Client, table: Path) -> str:
    body = {
        "dataset_id": client.upload(table)["id"],
        "task": {"type": "classification", "target": "y"},
        "budget": {"trials": 1},
        "families": ["mlp"],
        "search_space": LONG,
    }
    return str(client.start(body)["id"])
