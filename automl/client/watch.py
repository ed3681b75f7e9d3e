"""A study followed to its end, drawn live where somebody looks."""

import sys
import time
from itertools import islice
from typing import TYPE_CHECKING

from automl.client.connection import Connection
from automl.client.course import Course
from automl.client.transport import Json

if TYPE_CHECKING:
    from automl.client.screen import Screen

LOOK_SECONDS = 0.5
"""How often the screen asks anew at most, when all that came are epochs."""

LOOKED_BACK = 2_000
"""Complete trials that are read at the start, for how the best value rose before."""


def watch(client: Connection, study_id: str, *, progress: bool | None = None) -> Json:
    """Return the study when it has ended.

    Args:
        client: the connection.
        study_id: which study.
        progress: whether to draw; None: where stderr is a terminal or a notebook.
    """
    if progress is None:
        progress = sys.stderr.isatty() or "ipykernel" in sys.modules
    if not progress:
        for _ in client.events(study_id):
            pass
        return client.study(study_id)
    from automl.client.screen import Screen  # loads rich

    with Screen() as screen:
        draw(client, study_id, screen)
    return client.study(study_id)


def draw(client: Connection, study_id: str, screen: "Screen") -> None:
    """Show a study on a screen until it ends; only epochs may go by unseen."""
    study = client.study(study_id)
    course = _course(client, study)
    screen.show(study, top(client, study_id), course)
    looked = time.monotonic()
    for event in client.events(study_id, after=study["last_seq"]):
        course.note(event)
        if event["type"] != "trial.epoch" or time.monotonic() - looked >= LOOK_SECONDS:
            screen.show(client.study(study_id), top(client, study_id), course)
            looked = time.monotonic()


def top(client: Connection, study_id: str, *, limit: int = 10) -> list[Json]:
    """Return the best trials."""
    params = {"sort": "value", "limit": str(limit)}
    items: list[Json] = client.get(f"/v1/studies/{study_id}/trials", **params)["items"]
    return items


def _course(client: Connection, study: Json) -> Course:
    """Return what happened so far; whatever happens meanwhile is told again by its events."""
    course, path = Course(), f"/v1/studies/{study['id']}/trials"
    course.begin(
        client.get(path, state="running", limit="100")["items"],
        islice(client.items(path, state="complete", sort="number"), LOOKED_BACK),
        maximize=study["metric"]["direction"] == "maximize",
    )
    return course
