"""A client with a will: it uploads, starts, cancels and resumes, and takes down what it is told."""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

import httpx

from tests.torture.history import Intention, Outcome, Recorder, Verb
from tests.torture.invariants import ENDED
from tests.torture.pulse import Pulse
from tests.torture.tenants import Tenant

PATIENCE_SECONDS = 60.0
"""How long one intention is repeated under its key."""

STORY_SECONDS = 240.0
IMPATIENCE = 0.2
"""How often a client whose answer was lost never asks again."""

TWINS = 0.3
"""How often a client asks again for what it was acknowledged already."""

PAUSE_SECONDS = 20.0
"""How long who will pause a study waits for one of its trials to be given back."""

MORE_TRIALS = 2
TIMED_SECONDS = 20.0
SPACE: dict[str, Any] = {
    "mlp": {"layers": [1, 2], "width": [16, 32], "epochs": [30], "batch_size": [32]},
    "random_forest": {"trees": [10, 20]},
    "linear": {"penalty": ["l2"]},
}
SLOW: dict[str, Any] = {
    "mlp": {"layers": [2], "width": [128], "epochs": [200], "patience": [50], "batch_size": [32]},
    "linear": {"penalty": ["l2"]},
}
"""Of what will be cancelled: a network must be training when it is told to stop."""

LONG: dict[str, Any] = {
    "mlp": {
        "layers": [3],
        "width": [128],
        "batch_size": [32],
        "epochs": [40],
        "patience": [40],
        "learning_rate": [1e-4],
    },
    "linear": {"penalty": ["l2"]},
}
"""Of networks that train for seconds, and so leave checkpoints where these are made each second."""

LONGER: dict[str, Any] = {
    "mlp": {**LONG["mlp"], "width": [256], "epochs": [200], "patience": [50]},
    "linear": {"penalty": ["l2"]},
}
"""Of networks that train longer than a worker keeps its place where other studies wait."""

Json = dict[str, Any]
View = list[Json]


class Plot(StrEnum):
    """What a client does with its study."""

    PLAIN = "plain"
    CANCEL = "cancel"
    RESUME = "resume"
    TIMED = "timed"
    """Its budget is in seconds."""
    PAUSE = "pause"
    """It is paused while a trial waits at its checkpoint, or else trains, and resumed."""


@dataclass
class Stage:
    """What all clients share: where the service is, its tables, and what they saw."""

    url: str
    tables: Sequence[Path]
    tenants: Sequence[Tenant]
    recorder: Recorder
    readers: ThreadPoolExecutor
    space: Mapping[str, Any] = field(default_factory=lambda: SPACE)
    """The search space of studies that are not to be cancelled."""
    pulse: Pulse = field(default_factory=Pulse)
    views: dict[str, list["Future[View]"]] = field(default_factory=dict)
    leaks: list[str] = field(default_factory=list)
    """What clients saw that is another tenant's."""


class Actor:
    """One client of many, the ``place``-th: tenants take turns, and its seed draws its will."""

    def __init__(self, place: int, stage: Stage, seed: int) -> None:
        self._tenant, self._rival, *_ = (*stage.tenants[place % 2 :], *stage.tenants)
        self._name = f"{self._tenant.name}-{seed}-{place}"
        self._stage = stage
        self._rng = random.Random(self._name)
        self._http = httpx.Client(base_url=stage.url, headers=self._tenant.headers, timeout=15.0)
        self._client = self._tenant.client(stage.url)
        self._stories = 0
        self._plots = [list(Plot)[place % len(Plot)]]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *why: object) -> None:
        self._http.close()
        self._client.close()

    def story(self) -> None:
        """Upload a table and see one study through to its end."""
        self._stories += 1
        mark = f"{self._name}-{self._stories}"
        self._plots = self._plots or self._rng.sample(list(Plot), len(Plot))
        plot = self._plots.pop()
        seed = self._rng.randrange(len(self._stage.tables))
        budget: Json = {"trials": self._rng.choice([4, 4 + MORE_TRIALS])}
        if plot is Plot.TIMED:
            budget = {"seconds": TIMED_SECONDS}
        space = dict(SLOW if plot is Plot.CANCEL else self._stage.space)
        dataset = self._upload(f"{mark}-data", self._stage.tables[seed])
        study = dataset and self._start(mark, dataset, seed=seed, budget=budget, space=space)
        if study:
            self._spy(f"/v1/studies/{study}/events")
            self._follow(mark, study, plot)

    def _upload(self, mark: str, table: Path) -> str | None:
        content = table.read_bytes()
        return self._ask(
            Intention(mark, self._name, Verb.UPLOAD),
            "/v1/datasets",
            params={"name": mark},
            content=content,
        )

    def _start(
        self, mark: str, dataset: str, *, seed: int, budget: Json, space: Json
    ) -> str | None:
        """Start a study; its seed says which table it is about, so equal ones can be compared."""
        intention = Intention(mark, self._name, Verb.STUDY)
        body = {
            "name": mark,
            "dataset_id": dataset,
            "task": {"type": "classification", "target": "y"},
            "budget": budget,
            "families": list(space),
            "search_space": space,
            "seed": seed,
        }
        study = self._ask(intention, "/v1/studies", json=body)
        if study and self._rng.random() < TWINS:
            self._ask(intention, "/v1/studies", json=body)
        return study

    def _follow(self, mark: str, study: str, plot: Plot) -> None:
        self._watch(study)
        path = f"/v1/studies/{study}"
        if plot is Plot.CANCEL:
            self._until(study, lambda seen: _outcomes(seen) >= 1 and self._trains(study))
            self._ask(Intention(f"{mark}-cancel", self._name, Verb.CANCEL, study), f"{path}/cancel")
        if plot is Plot.PAUSE:
            self._pause(mark, study)
        self._until(study, lambda _: False)
        if plot is Plot.RESUME:
            body = {"budget": {"trials": MORE_TRIALS}}
            intention = Intention(f"{mark}-resume", self._name, Verb.RESUME, study)
            self._ask(intention, f"{path}/resume", json=body)
            self._watch(study)
            self._until(study, lambda _: False)

    def _pause(self, mark: str, study: str) -> None:
        """Pause the study once a trial has been given back or trains, and have it go on."""
        path = f"/v1/studies/{study}"
        self._until(study, _given_back, PAUSE_SECONDS)
        self._ask(Intention(f"{mark}-pause", self._name, Verb.PAUSE, study), f"{path}/pause")
        if self._client.study(study)["status"] == "paused":
            intention = Intention(f"{mark}-go-on", self._name, Verb.RESUME, study)
            self._ask(intention, f"{path}/resume", insists=True, json={})

    def _spy(self, path: str) -> None:
        """Ask for what is ours with another tenant's key."""
        answer = self._send("GET", path, headers=self._rival.headers)
        if isinstance(answer, httpx.Response) and answer.is_success:
            self._stage.leaks.append(f"{self._rival.name} was shown {path}")

    def _watch(self, study: str) -> None:
        """Have the study's log read, live, to its end."""
        reader = self._stage.readers.submit(_read, self._tenant, self._stage, study)
        self._stage.views.setdefault(study, []).append(reader)

    def _trains(self, study: str) -> bool:
        """Return whether one of the study's networks is being trained."""
        trials = self._client.trials(study, sort="number")
        return any(t["state"] == "running" and t["family"] == "mlp" for t in trials)

    def _until(
        self, study: str, holds: Callable[[Json], bool], longest: float = STORY_SECONDS
    ) -> None:
        """Wait until something holds of the study or it has ended; not for ever."""
        deadline = time.monotonic() + longest
        while time.monotonic() < deadline:
            seen = self._client.study(study)
            if seen["status"] in ENDED or holds(seen):
                return
            time.sleep(0.25)

    def _ask(
        self, intention: Intention, path: str, *, insists: bool = False, **given: Any
    ) -> str | None:
        """Ask until there is a definite answer; returns the acknowledged id.

        Only who ``insists`` always asks again when an answer was lost.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        headers = {"Idempotency-Key": intention.mark}
        while time.monotonic() < deadline:
            number = self._stage.recorder.invoke(intention)
            answer = self._send("POST", path, headers=headers, **given)
            outcome, again = judged(answer)
            status = answer.status_code if isinstance(answer, httpx.Response) else None
            resource = None
            if outcome is Outcome.OK and isinstance(answer, httpx.Response):
                resource = str(answer.json()["id"])
            self._stage.recorder.returned(number, outcome, status=status, resource=resource)
            if outcome is Outcome.OK or not again:
                return resource
            if outcome is Outcome.UNKNOWN and not insists and self._rng.random() < IMPATIENCE:
                return None
            time.sleep(0.3)
        return None

    def _send(self, method: str, path: str, **given: Any) -> httpx.Response | httpx.TransportError:
        try:
            return self._http.request(method, path, **given)
        except httpx.TransportError as error:
            return error


def judged(answer: httpx.Response | httpx.TransportError) -> tuple[Outcome, bool]:
    """Return what a client may conclude from an answer, and whether to ask again."""
    if isinstance(answer, (httpx.ConnectError, httpx.ConnectTimeout)):
        return Outcome.FAIL, True  # it was never sent
    if isinstance(answer, httpx.TransportError) or answer.status_code >= 500:
        return Outcome.UNKNOWN, True
    if answer.is_success:
        return Outcome.OK, False
    return Outcome.FAIL, "Retry-After" in answer.headers


def _outcomes(study: Json) -> int:
    counts = study["progress"]["trials"]
    return int(sum(counts.values()) - counts["running"] - counts["waiting"])


def _given_back(study: Json) -> bool:
    """Return whether a trial waits for a worker."""
    return bool(study["progress"]["trials"]["waiting"])


def _read(tenant: Tenant, stage: Stage, study: str) -> View:
    seen: View = []
    with tenant.client(stage.url) as client:
        for event in client.events(study):
            stage.pulse.note(study, event)
            seen.append(event)
    return seen
