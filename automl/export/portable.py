"""The gate every model file passes: what it computes is compared with what was trained."""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from automl import __version__
from automl.core.decision import PLAIN, Decision
from automl.core.errors import ExportFailed
from automl.core.frame import Floats, Frame
from automl.core.lean import give_back
from automl.core.model import Exclusion, Input, ModelCard
from automl.core.study import Plan
from automl.export import metadata, onnx, parity
from automl.export.ensemble import TrainedMember, trace
from automl.export.scoring import Session

PROBE_CELLS = 8_000
"""So many predicted numbers are compared between file and trained model, on real rows of which
some cells are made missing or unseen: 4,000 rows of two classes, 307 of 26."""

PROBE_ROWS = 400
"""And no more rows than this."""

PROBE_TEXTS = 150
"""And no more cells of free text: they take longest by far."""

PROBE_NUMBERS = 300_000
"""And no more numbers of images, series or volumes: 380 images of 28 × 28, 97 of 32 × 32 in colour,
but never fewer rows than `PROBE_LEAST`."""

PROBE_LEAST = 16

PROBE_MANY, PROBE_FEW = 128, 16
"""Rows of tables that are at least compared together, in two blocks, and those among few."""


@dataclass(frozen=True, slots=True, eq=False)
class Portable:
    """A checked program, ready to be written as a file once its card is known."""

    content: bytes
    """The file without its card."""
    session: Session
    inputs: tuple[Input, ...]
    members: tuple[TrainedMember, ...]
    parameters: int
    """Of all folds of the members."""
    parity: float
    excluded: tuple[Exclusion, ...]
    decision: Decision
    geometric: bool

    def predict(self, frame: Frame) -> Floats:
        """Return the file's own predictions: ``(rows, outputs)``."""
        parts = [self.session.run(parity.feeds(part, self.inputs)) for part in frame.parts()]
        return np.concatenate(parts)

    def write(self, card: ModelCard, *, seed: int, dataset_sha256: str, spec_sha256: str) -> bytes:
        """Return the model file's bytes: a function of data, spec and software alone."""
        facts = metadata.write(
            card,
            seed=seed,
            dataset_sha256=dataset_sha256,
            spec_sha256=spec_sha256,
            version=__version__,
        )
        return onnx.describe(self.content, facts)


def build(
    plan: Plan,
    inputs: Sequence[Input],
    members: Sequence[TrainedMember],
    frame: Frame,
    *,
    seed: int,
    decision: Decision = PLAIN,
    geometric: bool = False,
) -> Portable:
    """Return the ensemble as a program whose outputs were compared on rows of ``frame``.

    A member whose own outputs differ is left out and named; the others share its weight. Where only
    the decision makes them differ, that is left out.

    Args:
        plan: the study's.
        inputs: of the file.
        members: what is inside.
        frame: rows to compare on.
        seed: says which.
        decision: what becomes of what the members say together.
        geometric: whether their weights are of logarithms. Such small differences as these make
            large have no single member to blame: none is left out then.

    Raises:
        ExportFailed: no member is left, or together they differ.
    """
    probe = _probe(plan, frame, seed)
    kept: tuple[TrainedMember, ...] = tuple(members)
    excluded: tuple[Exclusion, ...] = ()
    checked = _check(plan, inputs, kept, probe, decision, geometric=geometric)
    if checked is None and decision != PLAIN:  # a low temperature raises differences too
        decision = PLAIN
        checked = _check(plan, inputs, kept, probe, decision, geometric=geometric)
    if checked is None and not geometric:
        kept, excluded = _sift(plan, inputs, members, probe)
        checked = _check(plan, inputs, kept, probe, decision) if kept else None
    if checked is None:
        raise ExportFailed("; ".join(item.detail for item in excluded) or None)
    return Portable(
        content=checked.content,
        session=checked.session,
        inputs=tuple(inputs),
        members=kept,
        parameters=checked.parameters,
        parity=checked.difference,
        excluded=excluded,
        decision=decision,
        geometric=geometric,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Loaded:
    """A program that ONNX Runtime has loaded, and how far its answers are from the trained."""

    content: bytes
    session: Session
    parameters: int
    difference: float


def _check(
    plan: Plan,
    inputs: Sequence[Input],
    members: Sequence[TrainedMember],
    probe: Frame,
    decision: Decision,
    *,
    geometric: bool = False,
) -> _Loaded | None:
    loaded = _load(plan, inputs, members, probe, decision, geometric=geometric)
    return loaded if loaded.difference <= parity.TOLERANCE else None


def _load(
    plan: Plan,
    inputs: Sequence[Input],
    members: Sequence[TrainedMember],
    probe: Frame,
    decision: Decision = PLAIN,
    *,
    geometric: bool = False,
) -> _Loaded:
    content, trained, parameters = _written(
        plan, inputs, members, probe, decision, geometric=geometric
    )
    give_back()  # loading takes as much for a moment as writing did
    # Test rows that are arrays take long, and by now this study's other slots have nothing to do.
    session = Session(content, threads=(os.cpu_count() or 1) if plan.shape else 1)
    give_back()
    difference = _apart(plan, session, inputs, probe, trained)
    return _Loaded(content, session, parameters, difference)


def _written(
    plan: Plan,
    inputs: Sequence[Input],
    members: Sequence[TrainedMember],
    probe: Frame,
    decision: Decision,
    *,
    geometric: bool,
) -> tuple[bytes, Floats, int]:
    """Return the file, what was trained says of the probe, and its parameters; no more is left."""
    traced = trace(plan, inputs, members, probe, decision, geometric=geometric)
    return onnx.serialize(traced.graph, metadata={}), traced.answers, traced.parameters


def _sift(
    plan: Plan, inputs: Sequence[Input], members: Sequence[TrainedMember], probe: Frame
) -> tuple[tuple[TrainedMember, ...], tuple[Exclusion, ...]]:
    """Return the members that pass alone, their weights summing to one again, and the others."""
    kept: list[TrainedMember] = []
    excluded: list[Exclusion] = []
    for member in members:
        difference = _load(plan, inputs, [replace(member, weight=1.0)], probe).difference
        if difference <= parity.TOLERANCE:
            kept.append(member)
        else:
            detail = (
                f"trial {member.trial} ({member.family.value}) differs by {difference:.1e} as a "
                f"file, more than {parity.TOLERANCE:.0e}"
            )
            excluded.append(Exclusion(member.trial, difference, detail))
    total = sum(member.weight for member in kept)
    return tuple(replace(m, weight=m.weight / total) for m in kept), tuple(excluded)


def _apart(
    plan: Plan, session: Session, inputs: Sequence[Input], probe: Frame, trained: Floats
) -> float:
    """Return how far the file is from what was trained.

    A program over tables may go one way for many rows and another for few (`Graph.either`), so it
    is asked for both; rows that are not many are given again.
    """
    rows = np.arange(probe.rows)
    ways = [rows]
    if rows.size and not plan.shape:
        ways = [np.resize(rows, max(rows.size, PROBE_MANY)), rows[:PROBE_FEW]]
    return max(
        parity.difference(session.run(parity.feeds(probe.take(way), inputs)), trained[way])
        for way in ways
    )


def probed(plan: Plan) -> int:
    """Return how many rows file and trained model are compared on, where there are as many."""
    count = max(100, min(PROBE_ROWS, PROBE_CELLS // plan.outputs))
    if plan.texts:
        count = max(100, min(count, PROBE_TEXTS // plan.texts))
    if plan.shape:
        count = max(PROBE_LEAST, min(count, PROBE_NUMBERS // math.prod(plan.shape)))
    return count


def _probe(plan: Plan, frame: Frame, seed: int) -> Frame:
    rows = np.random.default_rng(seed).permutation(frame.rows)[: probed(plan)]
    return parity.inject(frame.take(np.sort(rows)), seed)
