"""The result in sentences without machine learning: what was asked, of what, how good it is."""

from collections.abc import Iterator, Sequence

from automl.core.report import ClassificationReport, ClassReport, Interval, RegressionReport, Report
from automl.core.study_report import StudyReport
from automl.export.markup import figure
from automl.export.prose import Name, Part, Prose, Strong, listed
from automl.export.words import sources, title

MOST_NAMES = 4
"""Up to so many classes are called by their names."""
FEW = 100
"""Fewer rows are counted one by one rather than told as so many of a hundred."""
RARE = 0.9
"""Where always giving one answer is right so often, being right says little."""
_BASES = (100, 1_000, 10_000)


def asked(report: Report) -> Prose:
    """Return what was asked."""
    task, found = report["task"], report["classification"]
    column = () if report["data"].get("shape") else ("the column ",)
    what: Prose = (*column, Name(task["target"]))
    if found is None:
        what = ("the number in ", *what) if column else ("the number ", *what)
    elif len(found["classes"]) <= MOST_NAMES:
        what += (" (", *listed(_names(found["classes"]), last=" or "), ")")
    else:
        some = listed(_names(found["classes"][:3]), last=", ")
        what += (f" (one of {len(found['classes']):,} classes: ", *some, ", …)")
    return ("To predict ", *what, f" from {sources(report)}.")


def data(report: StudyReport) -> Iterator[Prose]:
    """Yield what the data are and which rows the figures come from."""
    facts, study = report["data"], report.get("study")
    dropped = ""
    if facts["dropped_rows"]:
        dropped = f" ({facts['dropped_rows']:,} more lack the answer and were left out)"
    if study is not None and study["dataset"]:
        yield (Name(study["dataset"]), f" has {facts['rows']:,} rows{dropped}.")
    else:
        yield (f"There are {facts['rows']:,} rows{dropped}.",)
    yield from _target(report)
    if facts["test_rows"]:
        yield (
            f"{facts['test_rows']:,} rows, drawn before the search began, were kept from it: on"
            " them the model was judged.",
        )
    elif report["source"] == "test":
        yield (f"The model was judged on a test set of its own, {report['judged_rows']:,} rows.",)
    else:
        yield (
            "No rows were kept from the search: each was judged by models that had not learned"
            " from it.",
        )


def good(report: Report) -> Iterator[Prose]:
    """Yield how good the model is; the first sentence is the one to remember."""
    if report["classification"] is not None:
        yield from _of_classes(report, report["classification"])
    elif report["regression"] is not None:
        yield from _of_numbers(report, report["regression"])


def sure(report: Report) -> Iterator[Prose]:
    """Yield how sure that is."""
    rows, found, sought = report["judged_rows"], report["classification"], looked_for(report)
    few = sought["support"] if sought is not None and rare(report) else rows
    only = "Only " if few < 2 * FEW else ""
    judged: Prose = (f"{only}{rows:,} rows judged it.",)
    name = "accuracy" if found is not None else report["task"]["metric"]
    if sought is not None and rare(report):
        name = "recall" if sought == _positive(report) else "balanced_accuracy"
    estimate = report["metrics"].get(name)
    low, high = (None, None) if estimate is None else (estimate["low"], estimate["high"])
    if low is None or high is None:
        return
    as_long = " with 95 % confidence, as long as new rows are like these."
    if found is None:
        between = f"between {figure(low, digits=3)} and {figure(high, digits=3)}"
        yield (*judged, f" Its {title(name)} lies ", Strong(between), as_long)
        return
    base = _base(low, high, rows=max(_BASES))
    between = f"between {_times(low, base)} and {_times(high, base)} of {base:,}"
    if name == "recall" and sought is not None:
        what: Prose = (" It finds ", Strong(between), " rows of ", Name(sought["label"]))
        so = f"{only}{sought['support']:,} of the {rows:,} rows that judged it are so."
        yield (so, *what, as_long)
    elif name == "balanced_accuracy" and sought is not None:
        so = f"{only}{sought['support']:,} of the {rows:,} rows that judged it are "
        between = f"between {figure(low, digits=3)} and {figure(high, digits=3)}"
        what = (f". Its {title(name)} lies ", Strong(between))
        yield (so, Name(sought["label"]), *what, as_long)
    else:
        yield (*judged, " It is right about ", Strong(between), " rows,", as_long)


def usual(report: Report) -> tuple[str | float, float]:
    """Return the most frequent answer, and in what part of the rows it is right."""
    guess, found = report.get("guess"), report["classification"]
    accuracy = guess["metrics"].get("accuracy") if guess is not None else None
    if guess is not None and accuracy is not None:
        return guess["answer"], accuracy
    classes = found["per_class"] if found is not None else []
    most = max(classes, key=lambda item: item["support"])
    return most["label"], most["support"] / max(1, sum(item["support"] for item in classes))


def rare(report: Report) -> bool:
    """Return whether one of two classes is so rare that being right says little."""
    return _positive(report) is not None and usual(report)[1] >= RARE


def looked_for(report: Report) -> ClassReport | None:
    """Return the class of two that counts: the rare one where one is, else the positive one.

    Nearly all rows of the common class are found by always saying it.
    """
    found, positive = report["classification"], _positive(report)
    if found is None or positive is None or not rare(report):
        return positive
    return min(found["per_class"], key=lambda item: item["support"])


def of(part: float, whole: int) -> str:
    """Return how many of how many, in numbers that can be pictured.

    >>> of(0.93 * 4_000, 4_000), of(9, 12), of(5, 5), of(9_960, 10_000)
    ('93 of 100', '9 of 12', 'all 5', '996 of 1,000')
    """
    if whole < FEW:
        return f"all {whole}" if part == whole else f"{part:.0f} of {whole}"
    share = part / whole
    base = _base(share, rows=whole)
    return "all" if share == 1 else f"{_times(share, base)} of {base:,}"


def percent(share: float) -> str:
    """Return a share as people read it.

    >>> percent(0.761), percent(0.996), percent(0.0042), percent(0), percent(-0.0042)
    ('76 %', '99.6 %', '0.42 %', '0 %', '−0.42 %')
    """
    if share < 0:
        return f"\N{MINUS SIGN}{percent(-share)}"
    near = min(share, 1 - share)
    if near >= 0.05 or near <= 0 or (share >= 0.5 and near >= 0.02):
        return f"{100 * share:.0f} %"
    if share > 0.5:
        return f"{100 * share:.1f} %" if near >= 0.0005 else "over 99.9 %"
    return f"{100 * share:.1f} %" if near >= 0.01 else f"{100 * share:.2g} %"


def _of_classes(report: Report, found: ClassificationReport) -> Iterator[Prose]:
    accuracy = report["metrics"].get("accuracy")
    sought = looked_for(report)
    few = rare(report)
    if few and sought is not None:
        yield _found_of(found, sought)
    if accuracy is not None and accuracy["value"] is not None:
        yield from _right(report, accuracy, lead=not few)
    if sought is not None and not few:
        yield _found_of(found, sought)
    if len(found["classes"]) > 2:
        yield from _hardest(found)


def _right(report: Report, accuracy: Interval, *, lead: bool) -> Iterator[Prose]:
    """Yield how often it is right, beside always giving the most frequent answer."""
    share, (answer, alike) = accuracy["value"] or 0.0, usual(report)
    rows = report["judged_rows"]
    if rows < FEW:
        told, beside = of(round(share * rows), rows), f"{alike * rows:.0f}"
    else:
        base = _base(share, alike, rows=rows)
        told, beside = f"{_times(share, base)} of {base:,}", _times(alike, base)
    seen = "it had never seen" if report["source"] == "test" else "it had not learned from"
    low, high = accuracy["low"], accuracy["high"]
    yield (
        "It is right about ", Strong(told) if lead else told, f" rows {seen}; always saying ",
        Name(answer), ", the most frequent answer, is right about ",
        Strong(beside) if lead else beside, ".",
    )  # fmt: skip
    if high is not None and high < alike:
        name = title(report["task"]["metric"])
        yield (
            f"It was chosen by its {name}, for which being right most often is not what counts.",
        )
    elif low is not None and low <= alike:
        yield ("That is no sure difference.",)


def _found_of(found: ClassificationReport, positive: ClassReport) -> Prose:
    """Return how many rows of the class looked for are found, and how many said to be are."""
    label, support = Name(positive["label"]), positive["support"]
    hits = round(positive["recall"] * support)
    said = round(hits / positive["precision"]) if positive["precision"] else _said(found, positive)
    if not support:
        return ("None of the rows that judged it is ", label, ".")
    share = of(hits, support) if hits else f"none of {support:,}"
    told: Prose = ("It finds ", Strong(share), " rows that are ", label)
    if not said:
        return (*told, "; it never says ", label, ".")
    return (*told, "; when it says ", label, ", it is right ", Strong(of(hits, said)), " times.")


def _said(found: ClassificationReport, positive: ClassReport) -> int:
    place = [str(label) for label in found["classes"]].index(str(positive["label"]))
    return sum(line[place] for line in found["confusion"] or [])


def _hardest(found: ClassificationReport) -> Iterator[Prose]:
    known = [item for item in found["per_class"] if item["support"]]
    if len(known) < 2:
        return
    best = max(known, key=lambda item: item["recall"])
    worst = min(known, key=lambda item: item["recall"])
    if best["recall"] - worst["recall"] < 0.01:
        return
    yield (
        "It does best with ", Name(best["label"]), f", of which it finds {_part(best)}, and worst"
        " with ", Name(worst["label"]), f", of which it finds {_part(worst)}.",
    )  # fmt: skip


def _part(item: ClassReport) -> str:
    hits = round(item["recall"] * item["support"])
    return of(hits, item["support"]) if hits else f"none of {item['support']:,}"


def _of_numbers(report: Report, found: RegressionReport) -> Iterator[Prose]:
    half, most = (figure(found["within"][part], digits=3) for part in ("0.5", "0.9"))
    seen = "it had never seen" if report["source"] == "test" else "it had not learned from"
    yield (
        f"On rows {seen}, half of its predictions are off by less than ", Strong(half),
        f", nine of ten by less than {most}.",
    )  # fmt: skip
    guess = report.get("guess")
    if guess is not None and guess["within"]:
        half, most = (figure(guess["within"][part], digits=3) for part in ("0.5", "0.9"))
        yield (
            "Always saying the mean, ", Name(guess["answer"]), ", half would be off by less than ",
            Strong(half), f", nine of ten by less than {most}.",
        )  # fmt: skip


def _target(report: Report) -> Iterator[Prose]:
    target = report["data"].get("target")
    if target is None:
        return
    counts, parts = target["counts"], target["quantiles"]
    if parts:
        low, first, third, high = (figure(parts[key], digits=3) for key in _QUARTERS)
        yield (f"The number lies between {low} and {high}, half of the time between {first} and"
               f" {third}.",)  # fmt: skip
        return
    rows = max(1, target["rows"])
    if len(counts) <= MOST_NAMES:
        each = [(f"{percent(item['rows'] / rows)} are ", Name(item["label"])) for item in counts]
        spoken: list[Part] = []
        for place, part in enumerate(each):
            spoken += [*((", ",) if place else ()), *part]
        yield (*spoken, ".")
    elif counts:
        most = percent(counts[0]["rows"] / rows)
        yield ("The most frequent class, ", Name(counts[0]["label"]), f", has {most} of them.")


_QUARTERS = ("0", "0.25", "0.75", "1")


def _positive(report: Report) -> ClassReport | None:
    """Return the class looked for, of two."""
    found, label = report["classification"], report["task"]["positive"]
    if found is None or label is None:
        return None
    return next((item for item in found["per_class"] if item["label"] == label), None)


def _names(labels: Sequence[str | int]) -> list[Part]:
    return [Name(label) for label in labels]


def _base(*shares: float, rows: int) -> int:
    """Return of how many to tell the shares: 100, or as many as keep them from all, none, alike."""
    for base in _BASES:
        if base > max(rows, FEW):
            break
        told = [round(share * base) for share in shares]
        ends = [
            count in (0, base) and share not in (0, 1)
            for count, share in zip(told, shares, strict=True)
        ]
        if not any(ends) and len(set(told)) == len(set(shares)):
            return base
    return rows


def _times(share: float, base: int) -> str:
    return f"{share * base:,.0f}"
