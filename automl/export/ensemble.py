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
from automl.core.mixture import FLOOR, linked, unlinked
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
    *,
    geometric: bool = False,
) -> Traced:
    """Return the ensemble as a program, every member inside, and what it says of ``frame``.

    ``geometric`` says what the members' weights are of, see `Mixture`. Each fold is loaded once,
    for both, and let go of before the next.
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
        weight = 1.0 if geometric else member.weight
        total, shares = np.zeros_like(mean), list[str]()
        for part in member.parts():
            total += task.decode(part.fitted.predict(part.encoder.transform(frame)), part.scale)
            if part.encoder not in matrices:
                matrices[part.encoder] = part.encoder.emit(graph, named)
            raw = part.fitted.emit(graph, matrices[part.encoder])
            value = task.emit_decode(graph, raw, part.scale)
            share = graph.constant([weight / member.folds], "float64")
            shares.append(graph.node("Mul", value, share))
            parameters += part.fitted.parameters
            del part  # it would be there still while the next is loaded
        mean += member.weight * linked(total / member.folds, geometric=geometric)
        terms += [_emit_linked(graph, shares, member.weight)] if geometric else shares
    whole = _sum(graph, terms)
    if geometric:
        whole = graph.node("Softmax", whole, axis=1)
    task.emit_outputs(graph, whole, plan.classes, decision)
    answers = unlinked(mean, geometric=geometric)
    return Traced(graph, decision.probabilities(answers), parameters)


def _emit_linked(graph: Graph, shares: Sequence[str], weight: float) -> str:
    """Write a member's weighted logarithms, as `linked` gives them."""
    least = graph.node("Max", _sum(graph, shares), graph.constant([FLOOR], "float64"))
    return graph.node("Mul", graph.node("Log", least), graph.constant([weight], "float64"))


def _sum(graph: Graph, terms: Sequence[str]) -> str:
    return terms[0] if len(terms) == 1 else graph.node("Sum", *terms)
