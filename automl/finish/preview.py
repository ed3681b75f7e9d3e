"""What training rows looked like to the network: a few of them before and after augmentation."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from automl.core.catalog import ColumnKind
from automl.core.frame import Arrays, Cells
from automl.core.report import PreviewReport, Seen
from automl.core.trial import Candidate, Trial
from automl.export.ensemble import TrainedMember
from automl.export.sight import seen
from automl.search.prepare import Prepared
from automl.training import device
from automl.training.augment import Augmentation, augment, sizes

ROWS = 4
"""So many are shown."""

SIZED = 1_000
"""Training rows whose numbers tell how large noise and brightness are."""

SIZED_NUMBERS = 1 << 22
"""And no more numbers of theirs: each row may have to be found in a file."""


def preview(
    prepared: Prepared, members: Sequence[TrainedMember], trials: Sequence[Trial]
) -> PreviewReport | None:
    """Return rows before and after, as the heaviest member that augments had them; else None.

    A function of the rows, the members and the study's seed alone.
    """
    candidates = {trial.number: trial.candidate for trial in trials}
    for member in sorted(members, key=lambda item: (-item.weight, item.trial)):
        how = Augmentation.read(candidates[member.trial].params)
        if how is not None and prepared.inputs[0].kind.array:
            before, after = _augmented(prepared, candidates[member.trial], how)
            return PreviewReport(trial=member.trial, before=before, after=after)
    return None


def _augmented(
    prepared: Prepared, candidate: Candidate, how: Augmentation
) -> tuple[list[Seen], list[Seen]]:
    fold = prepared.fits(candidate)[0]
    encoder = prepared.fitted(fold, candidate)[0]
    count = max(ROWS, min(SIZED, SIZED_NUMBERS // math.prod(prepared.inputs[0].shape)))
    count = min(count, prepared.frame.rows)
    spread = np.linspace(0, prepared.frame.rows - 1, count).round().astype(np.intp)
    shown = np.linspace(0, count - 1, min(ROWS, count)).round().astype(np.intp)
    x = encoder.transform(prepared.frame.take(spread))[:]  # read, where it was not
    with device.session("cpu", threads=1):
        rows, draws = torch.from_numpy(x), device.seed("cpu", prepared.spec.seed)
        made = augment(rows[shown], how, sizes(rows), draws).x.numpy()
    kind = prepared.inputs[0].kind
    both = np.concatenate([x[shown].astype(np.float32), made.astype(np.float32)])
    pairs = seen(_cells(both, kind), kind)  # together, since all pictures share a scale
    return pairs[: len(shown)], pairs[len(shown) :]


def _cells(x: npt.NDArray[np.float32], kind: ColumnKind) -> Cells:
    """Return encoded rows, channels first, as the data had them."""
    if kind is ColumnKind.SERIES:
        return Arrays(x)
    return Arrays(x[:, 0] if x.shape[1] == 1 else np.moveaxis(x, 1, -1))
