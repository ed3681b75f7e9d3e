"""A study followed to its end, drawn live where somebody looks."""

import sys
import time
from typing import TYPE_CHECKING

from automl.client.transport import Json

if TYPE_CHECKING:
    from automl.client.client import Client

LOOK_SECONDS = 0.5
"""How often the screen asks anew at most."""


def watch(client: "Client", study_id: str, *, progress: bool | None = None) -> Json:
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
        looked = 0.0
        for _ in client.events(study_id):
            if time.monotonic() - looked >= LOOK_SECONDS:
                screen.show(client.study(study_id), top(client, study_id))
                looked = time.monotonic()
    return client.study(study_id)


def top(client: "Client", study_id: str, *, limit: int = 10) -> list[Json]:
    """Return the best trials."""
    params = {"sort": "value", "limit": str(limit)}
    items: list[Json] = client.get(f"/v1/studies/{study_id}/trials", **params)["items"]
    return items
