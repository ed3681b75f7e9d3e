"""Classes on the page: what is taken for what, class by class, curves and thresholds."""

from collections.abc import Iterator

from automl.core.report import Bin, ClassificationReport, Curves, Cut, Report
from automl.export import charts
from automl.export.markup import Child, Markup, figure, join, tag, user
from automl.export.tables import confusion, folded, table
from automl.export.verdict import percent

MOST_NUMBERS = 12
"""Up to so many classes the confusion matrix shows its counts."""
MOST_CLASSES = 30
MOST_MISTAKES = 10
FOUND = (0.5, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
"""The parts of the class for which the thresholds that find them are told."""
_Z = 1.96


def classes(report: Report, found: ClassificationReport) -> Iterator[Markup]:
    """Yield what backs the verdict on a model of classes."""
    yield tag("h3", "What is taken for what")
    if found["confusion"] is not None:
        yield from _matrix(found, found["confusion"])
    yield from _mistakes(found)
    yield from _per_class(found)
    yield from _curves(found)
    if len(found["curves"]) == 1:
        yield from _thresholds(report, found["curves"][0])


def _matrix(found: ClassificationReport, counts: list[list[int]]) -> Iterator[Markup]:
    if len(counts) <= MOST_NUMBERS:
        yield confusion([user(label, most=24) for label in found["classes"]], counts)
        yield tag("p", "Rows by their true class (down) and the predicted one (across): on the"
                  " diagonal it is right.", class_="note")  # fmt: skip
        return
    drawn = charts.matrix(counts)
    told = "True classes down, predicted ones across, in the order of the list below; the diagonal"
    yield tag("figure", drawn, tag("figcaption", f"{told} is right."), class_="narrow")


def _mistakes(found: ClassificationReport) -> Iterator[Markup]:
    if len(found["classes"]) < 3 or not found["confused"]:
        return
    support = {item["label"]: item["support"] for item in found["per_class"]}
    rows = [
        (
            user(item["actual"]), user(item["predicted"]), f"{item['rows']:,}",
            percent(item["rows"] / max(1, support.get(item["actual"], 0))),
        )
        for item in found["confused"][:MOST_MISTAKES]
    ]  # fmt: skip
    yield tag("h3", "The most frequent mistakes")
    yield table(("actually", "taken for", "rows", "of the class"), rows, text={0, 1})


def _per_class(found: ClassificationReport) -> Iterator[Markup]:
    rows: list[tuple[Child, ...]] = [
        (
            user(item["label"]), f"{item['support']:,}", f"{item['recall']:.3f}",
            f"{item['precision']:.3f}", f"{item['f1']:.3f}",
        )
        for item in found["per_class"][:MOST_CLASSES]
    ]  # fmt: skip
    head = ("class", "rows", "found (recall)", "right when said (precision)", "F1")
    listed = table(head, rows)
    if len(rows) <= MOST_NUMBERS:
        yield tag("h3", "Class by class")
        yield listed
    else:
        yield folded("Class by class", listed)
    if len(found["per_class"]) > MOST_CLASSES:
        rest = len(found["per_class"]) - MOST_CLASSES
        yield tag("p", f"{rest:,} more classes stand in report.json.", class_="note")


def _curves(found: ClassificationReport) -> Iterator[Markup]:
    shown = [item for item in found["curves"] if item["roc"]]
    if not shown:
        return
    yield tag("h3", "How well it ranks, and whether its probabilities can be believed")
    if len(shown) > 1:
        few = len(shown) < len(found["classes"])
        some = "The most frequent classes" if few else "The classes"
        yield tag("p", f"{some}, each against all others:", class_="note")
        yield tag("ul", [_key(place, item) for place, item in enumerate(shown)],
                  class_="legend")  # fmt: skip
    else:
        yield tag("p", "For the class ", user(shown[0]["label"]), ":", class_="note")
    single = shown[0] if len(shown) == 1 else None
    area = "" if single is None else f" Area {figure(single['roc_auc'])}."
    mean = "" if single is None else f" Average precision {figure(single['average_precision'])}."
    roc = charts.lines(
        [item["roc"] for item in shown],
        labels=("false alarms (false positive rate)", "found (true positive rate)"),
        title="ROC curve",
        diagonal=True,
    )
    ranked = charts.lines(
        [item["precision_recall"] for item in shown],
        labels=("found (recall)", "right when said (precision)"),
        title="Precision–recall curve",
        diagonal=False,
    )
    believed = charts.lines(
        [[(bin_["predicted"], bin_["observed"]) for bin_ in item["calibration"]] for item in shown],
        labels=("predicted probability", "how often it was so"),
        title="Calibration",
        diagonal=True,
        dots=True,
        spreads=[] if single is None else [_wilson(bin_) for bin_ in single["calibration"]],
    )
    yield tag(
        "div",
        tag("figure", roc, tag("figcaption", f"ROC: far above the diagonal is good.{area}")),
        tag("figure", ranked, tag("figcaption", f"Precision–recall: high is good.{mean}")),
        tag("figure", believed, tag("figcaption", "Calibration: near the diagonal is honest.")),
        class_="charts",
    )
    yield folded(
        "The curves in numbers", *(_numbers(item) for item in shown), printed=single is not None
    )


def _key(place: int, item: Curves) -> Markup:
    line = tag("line", x1=0, y1=6, x2=22, y2=6, class_=f"curve c{place}")
    sample = tag("svg", line, viewBox="0 0 22 12", aria_hidden="true")
    return tag("li", sample, user(item["label"], most=30))


def _numbers(item: Curves) -> Markup:
    rows = [
        (f"{bin_['predicted']:.3f}", f"{bin_['observed']:.3f}", f"{bin_['rows']:,}")
        for bin_ in item["calibration"]
    ]
    areas = (
        f": area under the ROC curve {figure(item['roc_auc'])}, average precision"
        f" {figure(item['average_precision'])}"
    )
    head = ("mean predicted probability", "how often it was so", "rows")
    return join(tag("p", user(item["label"]), areas), table(head, rows, text=()))


def _wilson(bin_: Bin) -> tuple[float, float, float]:
    """Return where a bin is, and between which shares its true one lies.

    Reference:
        Wilson, Probable Inference, the Law of Succession, and Statistical Inference, 1927.
    """
    share, rows = bin_["observed"], bin_["rows"]
    middle = (share + _Z**2 / (2 * rows)) / (1 + _Z**2 / rows)
    half = _Z * (share * (1 - share) / rows + (_Z / (2 * rows)) ** 2) ** 0.5 / (1 + _Z**2 / rows)
    return bin_["predicted"], max(0.0, middle - half), min(1.0, middle + half)


def _thresholds(report: Report, item: Curves) -> Iterator[Markup]:
    """Yield what finding more of the class, or less, would cost."""
    cuts = [(at, true, false) for at, true, false in item.get("cuts", [])]  # of JSON they are lists
    positives = item.get("positives", 0)
    if not cuts or not positives:
        return
    decision = report.get("decision")
    own = None if decision is None else decision["threshold"]
    wanted = [next(cut for cut in cuts if cut[1] >= part * positives) for part in FOUND]
    wanted += [cut for cut in cuts if cut[0] == own]
    kept = sorted(set(wanted), reverse=True)
    main = next((place for place, cut in enumerate(kept) if cut[0] == own), None)
    yield tag("h3", "What other thresholds would do")
    yield tag("p", "It says ", user(item["label"]), " from a probability on. A lower one finds more"
              " and is wrong more often:")  # fmt: skip
    head = (
        "threshold", "says so of", "found", "right when said", "F1", "false alarms", "missed",
    )  # fmt: skip
    rows = [_cut(cut, positives) for cut in kept]
    yield table(head, rows, text=(), main=main)
    if main is not None:
        yield tag("p", "The marked one is the model's own.", class_="note")


def _cut(cut: Cut, positives: int) -> tuple[str, ...]:
    threshold, true, false = cut
    said = true + false
    return (
        f"{threshold:.3g}",
        f"{said:,} rows",
        percent(true / positives),
        percent(true / said) if said else "–",
        f"{2 * true / (said + positives):.3f}",
        f"{false:,}",
        f"{positives - true:,}",
    )
