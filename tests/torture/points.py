"""A case for every fault point: processes die right there, again and again, and nothing is lost."""

from tests.torture.actor import LONG, SPACE, Plot
from tests.torture.case import Case

PASSAGES = {
    "ask.done": 3,
    "cancel.seen": 1,
    "checkpoint.done": 3,
    "checkpoint.tmp": 3,
    "epoch.end": 100,
    "event.sent": 8,
    "trial.claimed": 4,
    "upload.synced": 2,
}
"""At which passage a process dies, where that is not the second: often, but not before it gets on.

A new process counts from zero. Trials have 30 epochs a fold and two or three events.
"""


def case(point: str, seed: int) -> Case:
    """Return the case of a point: one worker, so that one process passes it often enough.

    Where a checkpoint is struck, one is made each second: with ten, the deaths take minutes.
    """
    strikes_checkpoint = point.startswith("checkpoint.")
    environment = {"AUTOML_FAULT": f"{point}:kill@{PASSAGES.get(point, 2)}"}
    if strikes_checkpoint:
        environment["AUTOML_CHECKPOINT_SECONDS"] = "1"
    return Case(
        name=f"kill at {point}",
        seed=seed,
        workers=1,
        actors=len(Plot),  # a study dealt with in every way
        space=LONG if strikes_checkpoint else SPACE,
        deadly=True,
        environment=environment,
    )
