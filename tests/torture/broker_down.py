"""What a broker that is away costs: equal studies with it and without it, in turn."""

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from automl.client import Client
from tests import tables
from tests.torture.apart import Apart
from tests.torture.figure import Figure
from tests.torture.fold import seconds
from tests.torture.proxy import Fault
from tests.torture.tenants import admit

TRIALS = 30
WANTED = 0.2
SPACE: dict[str, Any] = {
    "mlp": {"layers": [1, 2], "width": [8, 32], "epochs": [10], "batch_size": [64]},
    "lightgbm": {"max_rounds": {"low": 20, "high": 60}},
    "random_forest": {"trees": [10, 20]},
}


def measure(folder: Path) -> Figure:
    """Return how much throughput is lost without a broker: killed, or silent behind its port."""
    with Apart(folder, workers=2, environment={}) as arena:
        tenant, *_ = admit(arena.database_url)
        with tenant.client(arena.url) as client:
            dataset = client.upload(tables.mixed(folder / "data.csv", rows=500))["id"]
            _took(client, dataset)  # the children are warm from here on
            ways: tuple[Callable[[], AbstractContextManager[object]], ...] = (
                nullcontext,
                lambda: _killed(arena),
                lambda: arena.broker.under(Fault.BLACK_HOLE),
                nullcontext,
            )
            first, killed, silent, last = (_during(way, client, dataset) for way in ways)
    there = (first + last) / 2
    losses = {"killed": 1 - there / killed, "silent": 1 - there / silent}
    told = " and ".join(f"{loss:.0%} with the broker {way}" for way, loss in losses.items())
    return Figure(
        promise="works with the broker down",
        wanted=f"throughput loss ≤ {WANTED:.0%}, no errors",
        measured=f"a loss of {told}; {TRIALS} trials took {there:.1f} s with it "
        f"({first:.1f} and {last:.1f}), {killed:.1f} and {silent:.1f} s without; no errors",
        kept=max(losses.values()) <= WANTED,
    )


def _during(
    way: Callable[[], AbstractContextManager[object]], client: Client, dataset: str
) -> float:
    with way():
        return _took(client, dataset)


@contextmanager
def _killed(arena: Apart) -> Iterator[None]:
    arena.valkey.stop(signal.SIGKILL)
    yield
    arena.valkey.start()


def _took(client: Client, dataset: str) -> float:
    """Return the seconds of a study from its creation to its end; every trial must have gone well.

    Equal requests in replay order are equal work.
    """
    body = {
        "dataset_id": dataset,
        "task": {"type": "classification", "target": "y"},
        "budget": {"trials": TRIALS},
        "families": list(SPACE),
        "search_space": SPACE,
    }
    started = client.start(body)["id"]
    for _ in client.events(started):
        pass
    study = client.study(started)
    counts = study["progress"]["trials"]
    assert study["status"] == "succeeded", study["error"]
    assert counts["complete"] + counts["pruned"] == TRIALS, counts
    return seconds(study["finished_at"]) - seconds(study["created_at"])
