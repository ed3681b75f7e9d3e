"""The metrics in words, for people who do not know machine learning."""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from automl.core.report import InputReport, MemberReport, Report

MOST_TRIALS = 10

METRICS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "roc_auc": (
            "ROC AUC",
            "how often the model gives a row of the class a higher probability than a row without"
            " it: 1 is always, 0.5 is by chance",
        ),
        "log_loss": ("log loss", "how surprised the model is by the truth: 0 is never"),
        "accuracy": ("accuracy", "the part of the rows that is predicted right"),
        "balanced_accuracy": (
            "balanced accuracy",
            "the part predicted right, every class counting alike",
        ),
        "f1": ("F1", "precision and recall in one number: 1 is perfect"),
        "f1_macro": ("macro F1", "F1 averaged over the classes, every class counting alike"),
        "precision": ("precision", "of the rows said to be of the class, the part that is"),
        "recall": ("recall", "of the rows of the class, the part that is found"),
        "average_precision": (
            "average precision",
            "precision over all thresholds: 1 is perfect, the share of the class is by chance",
        ),
        "rmse": ("RMSE", "the typical error in the target's unit, large errors weighing more"),
        "mae": ("mean absolute error", "the mean error in the target's unit"),
        "r2": ("R²", "the part of the target's differences that is explained: 1 is all"),
        "mape": ("MAPE", "the mean error as a part of the true value"),
        "rmsle": ("RMSLE", "the typical error of the logarithm: errors by a factor"),
    }
)


def ordered(names: Iterable[str], first: str) -> list[str]:
    """Return metrics in the order in which people look at them, the ``first`` before all others."""
    known = list(METRICS)
    return sorted(names, key=lambda name: (name != first, known.index(name), name))


def title(metric: str) -> str:
    """Return what the metric is called."""
    return METRICS.get(metric, (metric, ""))[0]


def meaning(metric: str) -> str:
    """Return what the metric says."""
    return METRICS.get(metric, ("", metric))[1]


def sources(report: Report) -> str:
    """Return what a prediction is made from."""
    data = report["data"]
    shape = " × ".join(map(str, data.get("shape", [])))
    match data.get("modality"):
        case "image":
            return f"images of {shape}"
        case "volume":
            return f"volumes of {shape}"
        case "series":
            return f"series of {shape} (channels × steps)"
        case "text":
            return "a column of text"
        case _:
            return f"{data['features']:,} other column{'' if data['features'] == 1 else 's'}"


def axes(item: InputReport) -> str:
    """Return the shape of an input of arrays, with its dtype; empty for others."""
    if "shape" not in item:
        return ""
    return f"{' × '.join(['n', *map(str, item['shape'])])}, {item.get('dtype', '')}"


def decided(report: Report) -> Iterator[str]:
    """Yield how members become one answer, and what becomes of their probabilities."""
    yield from _mixed(report)
    decision = report.get("decision")
    if decision is None:
        return
    degree = decision["temperature"]
    if degree != 1:
        how = "surer" if degree < 1 else "less sure"
        yield (
            f"Its probabilities are {how} than the members' mean, by a temperature of {degree:.3g}:"
            " rows that neither members nor temperature had seen were judged better so."
        )
    if decision.get("factors"):
        yield (
            "One class was said too seldom: its probabilities are raised, by as much as rows that"
            " were not fitted on called for."
        )
    name = title(report["task"]["metric"])
    if decision["levels"] and decision["threshold"] is not None:
        yield (
            f"The class looked for is predicted from a probability of {decision['threshold']:.3g}"
            f" on, which serves the {name} better than a half."
        )
    elif decision["levels"]:
        yield (
            "The class predicted is not the most probable one but the one whose probability is"
            f" most above what is usual for it, which serves the {name} better."
        )


def _mixed(report: Report) -> Iterator[str]:
    if report.get("geometric"):
        yield "What is averaged is the logarithms of the members' probabilities."
    if any(member["weight"] < 0 for member in report["members"]):
        yield "A weight below zero takes back what the other members say too much."


def learned(report: Report, member: MemberReport) -> str:
    """Return what a member learned from."""
    times = _times(member.get("fits"), report["data"]["folds"])
    return {
        "all": "all rows",
        "folds": f"all rows but a fold, {times}",
        "holdout": "the rows that did not judge it",
    }.get(member.get("learned", ""), "–")


def _times(fits: int | None, folds: int) -> str:
    """Return how many of its folds' fits a member holds, as far as the report says so."""
    if fits == folds:
        return f"{folds} times"
    return f"{fits} of {folds} times" if fits else f"up to {folds} times"


def compared(report: Report) -> Iterator[str]:
    """Yield how sure it is which trial is best."""
    rivals = report.get("rivals", [])
    same = [str(item["trial"]) for item in rivals[1:] if item["alike"]]
    if len(rivals) < 2:
        return
    best = f"trial {rivals[0]['trial']}"
    if not same:
        yield f"On the rows that judged them {best} is better than all others, beyond chance."
        return
    more = f" and {len(same) - MOST_TRIALS} more" if len(same) > MOST_TRIALS else ""
    named = f"{'trial' if len(same) == 1 else 'trials'} {', '.join(same[:MOST_TRIALS])}{more}"
    yield (
        f"Of the {len(rivals)} best trials {len(same)} cannot be told apart from the best,"
        f" {best}, by the rows that judged them (at 95 %): {named}."
    )


def gap(report: Report) -> Iterator[str]:
    """Yield how far the search's own best value is from the final one."""
    optimism = report["optimism"]
    search, final = optimism["search"], optimism["final"]
    if search is not None and final is not None:
        yield (
            f"The search's own best {title(report['task']['metric'])} was {search:.4g}; the final"
            f" rows say {final:.4g}."
        )
