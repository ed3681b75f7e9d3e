"""When the strikes are over: every study's end is awaited, and what is there is gathered."""

import json
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.torture.actor import Stage
from tests.torture.checker import Found
from tests.torture.evidence import Evidence, gather
from tests.torture.fold import fold
from tests.torture.invariants import ENDED
from tests.torture.tenants import Tenant, leaks

END_SECONDS = 180.0
"""A study whose client has gone must end within this after the last strike."""

_DEATHS = frozenset({"part.ended", "child.ended", "child.died_early"})


def reckon(stage: Stage) -> tuple[list[Evidence], Found, list[str]]:
    """Wait for every study's end; return what there is, and what went wrong in words."""
    wrong = [late for tenant in stage.tenants for late in _await_ends(stage.url, tenant)]
    views, broken = _views(stage)
    seen: list[Evidence] = []
    datasets: list[Mapping[str, Any]] = []
    for tenant in stage.tenants:
        with tenant.client(stage.url) as client:
            datasets += client.items("/v1/datasets")
            studies = [study["id"] for study in client.items("/v1/studies")]
        seen += [gather(stage.url, tenant, study, views.get(study, ())) for study in studies]
    wrong += [*broken, *stage.leaks, *leaks(stage.url, stage.tenants)]
    return seen, _found(datasets, seen), wrong


def _await_ends(url: str, tenant: Tenant) -> list[str]:
    deadline = time.monotonic() + END_SECONDS
    with tenant.client(url) as client:
        while True:
            running = [s["id"] for s in client.items("/v1/studies") if not _ended(s)]
            if not running or time.monotonic() > deadline:
                return [f"{study} did not end within {END_SECONDS:g} s" for study in running]
            time.sleep(0.25)


def _ended(study: Mapping[str, Any]) -> bool:
    return study["status"] in ENDED


def _views(stage: Stage) -> tuple[dict[str, list[Any]], list[str]]:
    views: dict[str, list[Any]] = {}
    wrong: list[str] = []
    for study, readers in stage.views.items():
        for reader in readers:
            try:
                views.setdefault(study, []).append(reader.result(timeout=60.0))
            except Exception as error:  # noqa: BLE001 -- whatever ended a reader is a finding
                wrong.append(f"{study}: a reader ended with {error!r}")
    return views, wrong


def _found(datasets: Sequence[Mapping[str, Any]], seen: Sequence[Evidence]) -> Found:
    made: dict[str, list[str]] = {}
    for thing in [*datasets, *(each.study for each in seen)]:
        made.setdefault(thing["name"], []).append(thing["id"])
    states = {each.study["id"]: fold(each.events) for each in seen}
    return Found(
        made=made,
        resumes={study: state.resumes for study, state in states.items()},
        pauses={study: state.pauses for study, state in states.items()},
        cancelled=frozenset(
            each.study["id"] for each in seen if each.study["status"] == "cancelled"
        ),
    )


def deaths_in(log: Path) -> int:
    """Return how many processes the service's log says were killed."""
    return sum(
        line.get("event") in _DEATHS and line["status"] in {-signal.SIGKILL, "SIGKILL"}
        for line in map(_entry, log.read_text(errors="replace").splitlines())
    )


def _entry(line: str) -> dict[str, Any]:
    """Return a log line's fields; none of what is no JSON, such as a line cut by a kill."""
    try:
        entry = json.loads(line)
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) else {}
