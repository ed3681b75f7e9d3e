"""Made-up studies for the tests of what judges real ones."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tests.torture.evidence import Evidence

Json = dict[str, Any]
FIRST, SECOND = "host-100-aa", "host-200-bb"


def log(*entries: tuple[str, Mapping[str, Any]]) -> list[Json]:
    """Return a log of these types and data, an event a second."""
    return [
        {"seq": n, "type": kind, "at": f"2026-01-01T00:00:{n:02}.000000Z", "data": dict(data)}
        for n, (kind, data) in enumerate(entries, 1)
    ]


def held(kind: str, trial: int, attempt: int, worker: str, **more: Any) -> tuple[str, Json]:
    """Return a trial's event as its holder causes it."""
    return kind, {"trial": trial, "attempt": attempt, "worker": worker, **more}


LOG = log(
    ("study.queued", {}),
    ("study.plan", {}),
    ("study.started", {}),
    held("trial.started", 0, 1, FIRST),
    held("trial.started", 1, 1, SECOND),
    ("trial.epoch", {"trial": 0, "epoch": 1}),
    ("worker.lost", {"worker": FIRST, "trial": 0}),
    held("trial.retried", 0, 1, FIRST, reason="WORKER_LOST"),
    held("trial.completed", 1, 1, SECOND, value=0.7),
    ("study.best", {"trial": 1, "family": "mlp", "value": 0.7}),
    held("trial.started", 0, 2, SECOND),
    held("trial.pruned", 0, 2, SECOND),
    ("study.finalizing", {}),
    ("study.succeeded", {"model_id": "mdl_1"}),
)
"""Two trials: the first loses its worker (10 s in, at 07 s) and is pruned elsewhere."""


def trial(number: int, state: str, attempts: int, value: float | None = None) -> Json:
    """Return a trial as the service shows it, in short."""
    return {
        "number": number,
        "state": state,
        "attempts": attempts,
        "worker": SECOND,
        "value": value,
        "reason": None,
    }


def ended(events: Sequence[Json] = LOG, **changed: Any) -> Evidence:
    """Return the evidence of the study that `LOG` tells of, with changes to its resource."""
    study: Json = {
        "id": "st_1",
        "status": "succeeded",
        "error": None,
        "metric": {"name": "roc_auc", "direction": "maximize"},
        "budget": {"seconds": None, "trials": 2},
        "spec": {"search_space": {"linear": {"penalty": ["l2"]}}},
        "started_at": "2026-01-01T00:00:03.000000Z",
        "finished_at": "2026-01-01T00:00:14.000000Z",
        "progress": {"trials": {"waiting": 0, "complete": 1, "pruned": 1}},
        "best": {"trial": 1, "family": "mlp", "value": 0.7},
        "last_seq": len(events),
        "model_id": "mdl_1",
        **changed,
    }
    trials = [trial(0, "pruned", 2), trial(1, "complete", 1, 0.7)]
    return Evidence(study, trials, list(events), views=[list(events)])


def without(seen: Evidence, seq: int) -> Evidence:
    """Return the evidence with one event missing."""
    kept = [event for event in seen.events if event["seq"] != seq]
    return replace(seen, events=kept)
