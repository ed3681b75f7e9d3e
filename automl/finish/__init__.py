"""The third verb: from complete trials to one checked model file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from automl.core.catalog import ExportFormat
from automl.core.model import ModelCard
from automl.export import bundle, report
from automl.finish.entries import Entry, best_entries
from automl.finish.estimate import intervals, judge
from automl.finish.files import draft, train_member, write
from automl.finish.findings import findings
from automl.finish.rivals import rivals
from automl.finish.weights import choose
from automl.finish.within import within
from automl.search.prepare import Prepared

__all__ = [
    "Entry",
    "Finished",
    "best_entries",
    "choose",
    "finish",
    "train_member",
]


@dataclass(frozen=True, slots=True, eq=False)
class Finished:
    """What a study ends with."""

    card: ModelCard
    files: Mapping[ExportFormat, bytes]


def finish(
    prepared: Prepared, entries: Sequence[Entry], *, previous: ModelCard | None = None
) -> Finished:
    """Return the best weighted set of the entries as a model file that was checked.

    The test rows are predicted here, when the model is made. Without test rows the estimate comes
    from out-of-fold rows, with weights, temperature and levels cross-fitted so that choosing them
    does not flatter it.

    Args:
        prepared: the study's rows.
        entries: its complete trials, at least one.
        previous: the card of the model that the study had when it ended before; its members are
            weighed as they were, and win unless new ones are better out of fold.

    Raises:
        ExportFailed: no member gave equal outputs as a file, or none is within the bounds.
    """
    prepared.forget()  # no fold is trained from here on, and a file takes room for a moment
    pool = best_entries(prepared.plan, entries, keep=_trials(previous))
    predictions = [entry.out_of_fold() for entry in pool]
    file, chosen, kept = within(
        prepared, pool, predictions, choose(prepared, pool, predictions, previous)
    )
    members, said = [pool[index] for index in kept], [predictions[index] for index in kept]
    judged = judge(prepared, file, members, said, chosen)
    metrics = intervals(prepared, judged)
    card = replace(
        draft(prepared, file),
        value=metrics[prepared.plan.metric].value,
        source=judged.source,
        metrics=metrics,
    )
    content = write(prepared, file, card)
    trials = [entry.trial for entry in entries]
    written = report.build(
        findings(
            prepared, file, card, judged,
            content=content, trials=trials, rivals=rivals(prepared, pool, predictions),
        )
    )  # fmt: skip
    whole = bundle.write(bundle.Contents(content, written, file.members, trials))
    return Finished(
        card,
        {
            ExportFormat.ONNX: content,
            ExportFormat.REPORT: report.write(written),
            ExportFormat.BUNDLE: whole,
        },
    )


def _trials(previous: ModelCard | None) -> list[int]:
    return [member.trial for member in previous.members] if previous else []
