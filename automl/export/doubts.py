"""What to distrust about a model, in sentences for people who do not know machine learning."""

from collections.abc import Iterator, Sequence

from automl.core.report import Report, Warned

FEW_ROWS = 200
"""An estimate from fewer rows says little."""
ONE_COLUMN = 0.9
"""A column with so much of all importance may give the answer away."""

FEW_OF_A_CLASS = 10
"""Fewer rows of a class say little about it."""
MOST_NAMED = 5

GRAVE = (
    "NOT_BETTER_THAN_GUESSING", "LEAKAGE", "TEST_ROWS_LEARNED", "ONE_COLUMN_DECIDES", "FEW_ROWS",
    "FEW_ROWS_JUDGED", "RARE_CLASSES", "FEW_ROWS_OF_A_CLASS", "IMBALANCE", "SEARCH_WAS_OPTIMISTIC",
    "NO_TEST_ROWS", "TEST_SERIES_FITTED", "TEST_CLASSES_UNKNOWN", "ROWS_SAMPLED", "MEMBER_EXCLUDED",
)  # fmt: skip
"""What may make the result worth less than it looks, the gravest first; other warnings only tell
how the data were read."""


def sorted_out(report: Report) -> tuple[list[Warned], list[Warned]]:
    """Return what makes the result doubtful, gravest first, and what else was noted of the data."""
    found = report["warnings"]
    grave = [item for item in found if item["code"] in GRAVE]
    grave.sort(key=lambda item: GRAVE.index(item["code"]))
    return grave, [item for item in found if item["code"] not in GRAVE]


def all_of(report: Report, warnings: Sequence[tuple[str, str]]) -> list[Warned]:
    """Return the data's warnings and those that the results themselves give rise to."""
    seen = dict.fromkeys([*warnings, *_doubts(report)])
    return [Warned(code=code, message=message) for code, message in seen]


def _doubts(report: Report) -> Iterator[tuple[str, str]]:
    yield from _of_the_estimate(report)
    yield from _of_classes(report)
    for item in report["excluded"]:
        yield "MEMBER_EXCLUDED", f"Left out of the model: {item['detail']}."
    columns = report["importance"]["columns"]
    total = sum(max(0.0, item["mean"]) for item in columns)
    if len(columns) > 1 and total > 0 and columns[0]["mean"] > ONE_COLUMN * total:
        yield (
            "ONE_COLUMN_DECIDES",
            f"The column {columns[0]['column']!r} decides almost alone. Make sure that it is known"
            " when you predict, and is no copy or consequence of the target.",
        )


def _of_the_estimate(report: Report) -> Iterator[tuple[str, str]]:
    rows, estimate = report["judged_rows"], report["metrics"].get(report["task"]["metric"])
    low, high = (None, None) if estimate is None else (estimate["low"], estimate["high"])
    baseline, search = report["baseline"], report["optimism"]["search"]
    higher = report["task"]["direction"] == "maximize"
    if rows < FEW_ROWS:
        yield (
            "FEW_ROWS_JUDGED",
            f"The result was measured on {rows} rows only; look at its interval, not at its value.",
        )
    if report["source"] != "test":
        yield (
            "NO_TEST_ROWS",
            "No rows were set aside: the result comes from the rows that the search learned from,"
            " each judged by a model that had not seen it. New data may come out a little worse.",
        )
    if low is None or high is None:
        return
    if baseline is not None and (low <= baseline if higher else high >= baseline):
        yield (
            "NOT_BETTER_THAN_GUESSING",
            "The result cannot be told apart from always guessing alike: the columns may say"
            " nothing about the target.",
        )
    if search is not None and (search > high if higher else search < low):
        yield (
            "SEARCH_WAS_OPTIMISTIC",
            "The search judged its best candidate better than the final rows show the model to be;"
            " trust the final rows.",
        )


def _of_classes(report: Report) -> Iterator[tuple[str, str]]:
    found = report["classification"]
    few = [] if found is None else [
        item for item in found["per_class"] if item["support"] < FEW_OF_A_CLASS
    ]  # fmt: skip
    if few:
        named = ", ".join(
            f"{str(item['label'])[:40]!r} ({item['support']})" for item in few[:MOST_NAMED]
        )
        more = f" and {len(few) - MOST_NAMED} more" if len(few) > MOST_NAMED else ""
        yield (
            "FEW_ROWS_OF_A_CLASS",
            f"So few rows judged these classes that their figures say little: {named}{more}.",
        )
