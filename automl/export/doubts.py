"""What to distrust about a model, in sentences for people who do not know machine learning."""

from collections.abc import Iterator, Sequence

from automl.core.report import Report, Warned

FEW_ROWS = 200
"""An estimate from fewer rows says little."""
ONE_COLUMN = 0.9
"""A column with so much of all importance may give the answer away."""


def all_of(report: Report, warnings: Sequence[tuple[str, str]]) -> list[Warned]:
    """Return the data's warnings and those that the results themselves give rise to."""
    seen = dict.fromkeys([*warnings, *_doubts(report)])
    return [Warned(code=code, message=message) for code, message in seen]


def _doubts(report: Report) -> Iterator[tuple[str, str]]:
    yield from _of_the_estimate(report)
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
