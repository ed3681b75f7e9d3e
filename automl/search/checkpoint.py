"""How far an evaluation has come, as plain data to go on from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from automl.core.state import State, nest, unnest
from automl.core.trail import Trail
from automl.core.trial import Rungs
from automl.search.rungs import Climb

NETWORK = "network"
"""Where a checkpoint keeps the folds in training; finished folds are kept by their index."""

RUNGS = "rungs"
"""Where a checkpoint keeps how the trial stood at the rungs."""


@dataclass(frozen=True, slots=True, eq=False)
class Done:
    """One trained fold: its predictions for its validation rows, in the data's units."""

    fitted: State | None
    """None where the fold's fit is not kept."""
    predictions: npt.NDArray[np.float64]
    value: float | None
    epochs: int
    parameters: int
    reported: int
    """Curve points so far, where the next fold's count goes on."""
    trail: Trail | None = None
    """What it said on its way, where the plan judges all folds at one end."""

    def state(self) -> State:
        """Return this as plain data."""
        header = {
            "value": self.value,
            "epochs": self.epochs,
            "parameters": self.parameters,
            "reported": self.reported,
        }
        kept = {} if self.fitted is None else {"fitted": self.fitted}
        if self.trail is not None:
            kept["trail"] = self.trail.state()
        return nest({**kept, "done": State(header, {"predictions": self.predictions})})


def write(
    done: Sequence[Done], climb: Climb, begun: int = 0, network: State | None = None
) -> State:
    """Return a checkpoint: folds that are done, rungs, and so many more folds in training."""
    parts = {str(index): fold.state() for index, fold in enumerate(done)}
    parts[RUNGS] = State({"rungs": list(climb.rungs), "best": climb.best, "begun": begun})
    if network is not None:
        parts[NETWORK] = network
    return nest(parts)


def read(
    checkpoint: State | None,
) -> tuple[list[Done], State | None, int, tuple[Rungs, float | None]]:
    """Return folds done, those in training and how many, and rungs with the best epoch."""
    if checkpoint is None:
        return [], None, 0, ((), None)
    parts = unnest(checkpoint)
    network = parts.pop(NETWORK, None)
    climbed = parts.pop(RUNGS).header
    done = []
    for index in range(len(parts)):
        fold = unnest(parts[str(index)])
        done.append(
            Done(
                fitted=fold.get("fitted"),
                predictions=np.asarray(fold["done"].arrays["predictions"], dtype=np.float64),
                trail=Trail.load(fold["trail"]) if "trail" in fold else None,
                **fold["done"].header,
            )
        )
    begun = climbed.get("begun", 0)  # checkpoints of old do not say
    return done, network, begun, (tuple(climbed["rungs"]), climbed["best"])
