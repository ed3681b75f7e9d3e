"""The weighted set a study ends with: its predictions in Python, and the same as a graph."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from automl import tasks
from automl.core.catalog import FamilyName
from automl.core.decision import PLAIN, Decision
from automl.core.frame import Floats, Frame
from automl.core.graph import Graph
from automl.core.learner import Fitted
from automl.core.model import Input, Member
from automl.core.study import Plan
from automl.features.base import Encoder
from automl.tasks.base import TargetScale


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One fold of a member; ``encoder`` is shared by all members that see the fold alike."""

    encoder: Encoder
    scale: TargetScale
    fitted: Fitted


@dataclass(frozen=True, slots=True, eq=False)
class TrainedMember:
    """A member with its trained folds, whose predictions are averaged."""

    trial: int
    family: FamilyName
    weight: float
    folds: int
    """How many it has."""
    parts: Callable[[], Iterator[Part]]
    """Gives them one after the other, each loaded when it is asked for: all would fill a process.
    """

    @property
    def share(self) -> Member:
        """This as the plain value that is stored and shown."""
        return Member(self.trial, self.family, self.weight, self.folds)


@dataclass(frozen=True, slots=True, eq=False)
class Traced:
    """The ensemble as a program from raw columns to labels and probabilities, and what it was."""

    graph: Graph
    answers: Floats
    """What the trained members say of some rows, ``(rows, outputs)``."""
    parameters: int
    """Of all of their folds."""


def trace(
    plan: Plan,
    inputs: Sequence[Input],
    members: Sequence[TrainedMember],
    frame: Frame,
    decision: Decision = PLAIN,
) -> Traced:
    """Return the ensemble as a program, every member inside, and what it says of ``frame``.

    Each fold is loaded once, for both, and let go of before the next.
    """
    graph, task = Graph(), tasks.load(plan.task)
    named = {
        column.name: graph.input(column.name, column.cells, dtype=column.dtype, shape=column.shape)
        for column in inputs
    }
    matrices: dict[Encoder, str] = {}
    terms: list[str] = []
    parameters, mean = 0, np.zeros((frame.rows, plan.outputs))
    for member in members:
        total = np.zeros_like(mean)
        for part in member.parts():
            total += task.decode(part.fitted.predict(part.encoder.transform(frame)), part.scale)
            if part.encoder not in matrices:
                matrices[part.encoder] = part.encoder.emit(graph, named)
            raw = part.fitted.emit(graph, matrices[part.encoder])
            value = task.emit_decode(graph, raw, part.scale)
            share = graph.constant([member.weight / member.folds], "float64")
            terms.append(graph.node("Mul", value, share))
            parameters += part.fitted.parameters
            del part  # it would be there still while the next is loaded
        mean += member.weight * (total / member.folds)
    whole = terms[0] if len(terms) == 1 else graph.node("Sum", *terms)
    task.emit_outputs(graph, whole, plan.classes, decision)
    return Traced(graph, decision.probabilities(mean), parameters)
