"""What a study found out, as JSON: the part that is a function of data and spec alone.

The finish writes it once; the page, the bundle and the API only read it. Numbers that do not exist
(a metric of too few rows) are null. ``core/study_report.py`` adds what only the store knows.
"""

from collections.abc import Mapping
from typing import NotRequired

from typing_extensions import TypedDict

Number = float | None
Point = tuple[Number, Number]
Cut = tuple[float, int, int]
"""A threshold, and how many rows of the class and of others have at least that probability."""


class Interval(TypedDict):
    """A metric with its 95 % bootstrap interval."""

    value: Number
    low: Number
    high: Number


class Warned(TypedDict):
    """Something to know before trusting the model."""

    code: str
    message: str


class TaskReport(TypedDict):
    """What was asked."""

    type: str
    target: str
    positive: str | int | None
    metric: str
    direction: str


class LabelCount(TypedDict):
    """A class, and how many rows have it."""

    label: str | int
    rows: int


class TargetReport(TypedDict):
    """The target in the ``rows`` that the search saw.

    Of classes the ``counts`` of the most frequent (at most 50); of numbers ``quantiles`` from 0 to
    1 by their share. The other one is empty.
    """

    rows: int
    counts: list[LabelCount]
    quantiles: Mapping[str, float]


class DataReport(TypedDict):
    """The rows and how they were divided; ``folds`` is 1 for a holdout.

    ``shape`` is that of a row that is an array. Earlier reports lack it, ``modality`` and
    ``target``.
    """

    rows: int
    test_rows: int
    dropped_rows: int
    features: int
    strategy: str
    folds: int
    modality: NotRequired[str]
    shape: NotRequired[list[int]]
    target: NotRequired[TargetReport]


class ClassReport(TypedDict):
    """One class against the rest, at the predicted labels; ``support`` counts its rows."""

    label: str | int
    precision: float
    recall: float
    f1: float
    support: int


class Bin(TypedDict):
    """Rows of like probability: the mean predicted one, and how often the class was there."""

    predicted: float
    observed: float
    rows: int


class Curves(TypedDict):
    """One class against the rest, at every threshold (thinned to at most 200 points).

    ``roc`` are (false positive rate, true positive rate), ``precision_recall`` (recall, precision),
    both from the highest threshold to the lowest. ``cuts`` count, from the highest threshold to
    the lowest, of ``rows`` with ``positives`` among them: all that a threshold's precision, recall
    and confusion follow from. Of very many rows some are counted. Earlier reports lack these three.
    """

    label: str | int
    roc_auc: Number
    average_precision: Number
    roc: list[Point]
    precision_recall: list[Point]
    calibration: list[Bin]
    cuts: NotRequired[list[Cut]]
    rows: NotRequired[int]
    positives: NotRequired[int]


class Confused(TypedDict):
    """A frequent mistake."""

    actual: str | int
    predicted: str | int
    rows: int


class ClassificationReport(TypedDict):
    """Labels and probabilities; ``confusion`` (true down, predicted across) is null for many."""

    classes: list[str] | list[int]
    confusion: list[list[int]] | None
    confused: list[Confused]
    per_class: list[ClassReport]
    curves: list[Curves]


class Histogram(TypedDict):
    """Counts between neighbouring edges."""

    edges: list[float]
    counts: list[int]


class RegressionReport(TypedDict):
    """Residuals are predicted − actual; ``points`` are (actual, predicted) of some rows."""

    residual_quantiles: Mapping[str, float]
    residual_mean: float
    within: Mapping[str, float]
    residuals: Histogram
    points: list[tuple[float, float]]


class Guess(TypedDict):
    """What always giving one ``answer`` would reach on the rows that judged the model.

    The answer is the most frequent class of the rows that the search saw, with the classes'
    frequencies as probabilities, or their mean; ``within`` are quantiles of how far off that is.
    """

    answer: str | int | float
    metrics: Mapping[str, Number]
    within: Mapping[str, float]


class ColumnImportance(TypedDict):
    """By how much the metric gets worse when the column's cells are shuffled."""

    column: str
    mean: float
    std: float


class ImportanceReport(TypedDict):
    """Permutation importance; ``rows_from`` says whether the model had learned from the rows.

    ``left_out`` counts columns that were not shuffled, those least related to the predictions.
    """

    metric: str
    rows_from: str
    rows: int
    repeats: int
    left_out: int
    columns: list[ColumnImportance]


class Share(TypedDict):
    """The part of the differences between a family's trials that goes with a hyperparameter."""

    name: str
    share: float


class FamilyReport(TypedDict):
    """What a family's complete trials came to."""

    family: str
    complete: int
    best: Number
    hyperparameters: list[Share]


class Best(TypedDict):
    """A trial that was better than all complete ones before it, by number."""

    trial: int
    family: str
    value: Number


class MemberReport(TypedDict):
    """A trial in the ensemble, with its recipe.

    ``learned`` says of what: ``all`` rows in one fit, ``folds`` (all rows but one of them in each
    fit), or ``holdout`` (one fit, which never saw the rows that judged it). ``fits`` are how many
    the file holds, whose mean the member is: not always one of each fold. Reports of earlier
    versions do not say.
    """

    trial: int
    family: str
    weight: float
    value: Number
    params: Mapping[str, str | float | int | bool]
    learned: NotRequired[str]
    fits: NotRequired[int | None]


class ExcludedReport(TypedDict):
    """A member that was left out of the file because its outputs did not match."""

    trial: int
    difference: Number
    detail: str


class Rival(TypedDict):
    """One of the best trials: how far ``behind`` the best it is, and whether that may be chance.

    ``alike`` is the answer of a paired comparison on the rows that judged both, at 95 %.
    """

    trial: int
    family: str
    value: Number
    behind: Number
    alike: bool


class DecisionReport(TypedDict):
    """What becomes of the members' mean probabilities.

    ``temperature`` is 1 where they are as sure. ``factors`` are what classes are multiplied by
    behind it; empty where they are not. ``threshold`` is the probability from which on
    the positive of two classes is said. ``levels`` are what the probabilities of classes are
    divided by before the largest says the label; empty where they are not.
    """

    temperature: float
    threshold: Number
    levels: list[float]
    factors: list[float]


class Seen(TypedDict):
    """A row as people see it: one of these, or nothing.

    ``picture`` is a PNG file in base64. ``lines`` are channels of a series, None where a step is
    lacking. ``text`` may be the beginning of more.
    """

    picture: NotRequired[str]
    lines: NotRequired[list[list[Number]]]
    text: NotRequired[str]


class Example(TypedDict):
    """A judged row with what the model says of it.

    ``right`` of numbers says whether it is one of the nearest rather than of the farthest.
    ``probability`` is that of the class predicted, None for a number.
    """

    seen: Seen
    right: bool
    actual: str | int | float
    predicted: str | int | float
    probability: Number


class PreviewReport(TypedDict):
    """Training rows before and after augmentation, as a member's network had them."""

    trial: int
    before: list[Seen]
    after: list[Seen]


class Optimism(TypedDict):
    """How much better the search thought its best trial than the final rows show the model.

    ``gap`` is positive where the search was too hopeful, whatever the metric's direction.
    """

    search: Number
    final: Number
    gap: Number


class InputReport(TypedDict):
    """A column that the model takes; ``shape`` and ``dtype`` where its cells are arrays."""

    name: str
    kind: str
    shape: NotRequired[list[int]]
    dtype: NotRequired[str]


class Provenance(TypedDict):
    """What it takes to get the same model again.

    ``versions`` are those of Python and the libraries that trained and wrote it, by name;
    ``model_sha256`` and ``model_bytes`` are the model file's. Earlier reports lack these three.
    """

    seed: int
    dataset_sha256: str
    spec_sha256: str
    software_version: str
    parity: float
    versions: NotRequired[Mapping[str, str]]
    model_sha256: NotRequired[str]
    model_bytes: NotRequired[int]


class Report(TypedDict):
    """All that the finish found out; equal for equal searches."""

    task: TaskReport
    data: DataReport
    source: str
    judged_rows: int
    value: Number
    baseline: Number
    metrics: Mapping[str, Interval]
    classification: ClassificationReport | None
    regression: RegressionReport | None
    importance: ImportanceReport
    families: list[FamilyReport]
    members: list[MemberReport]
    excluded: list[ExcludedReport]
    optimism: Optimism
    decision: NotRequired[DecisionReport | None]
    """None for regression; absent, like the next, from reports of earlier versions."""
    geometric: NotRequired[bool]
    """Whether the members' weights are of the logarithms of probabilities."""
    rivals: NotRequired[list[Rival]]
    examples: NotRequired[list[Example]]
    """Where the rows are images, texts, series or volumes; else none."""
    preview: NotRequired[PreviewReport | None]
    """Where a member augments its rows."""
    guess: NotRequired[Guess | None]
    """None without judged rows; absent, like the next two, from reports of earlier versions."""
    bests: NotRequired[list[Best]]
    request: NotRequired[Mapping[str, object]]
    """The body of ``POST /v1/studies`` without the datasets' ids, what is default left out."""
    inputs: list[InputReport]
    warnings: list[Warned]
    provenance: Provenance
