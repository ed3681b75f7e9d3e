"""What a metric's value means, in a sentence with its number: for every metric and task."""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

from automl.core.report import Report
from automl.export.markup import figure
from automl.export.prose import Name, Prose
from automl.export.verdict import percent
from automl.export.words import meaning


def told(report: Report, name: str) -> Prose:
    """Return what the metric's value says of the model, beside always guessing alike."""
    estimate = report["metrics"].get(name)
    value = None if estimate is None else estimate["value"]
    if value is None:
        return ("It could not be computed of these rows.",)
    guess = report.get("guess")
    alike = None if guess is None else guess["metrics"].get(name)
    say = _SENTENCES.get(name)
    return (f"{meaning(name)}.",) if say is None else say(report, value, alike)


def _roc_auc(report: Report, value: float, _: float | None) -> Prose:
    label, times = _positive(report), _of_100(value)
    if label is None:
        return (
            "Shown a row of a class and a row of another, it gives the first the higher"
            f" probability of its class {times} times, averaged over the classes; a coin would 50"
            " times.",
        )
    return (
        "Shown a row that is ", Name(label), " and a row that is not, it gives the first the"
        f" higher probability {times} times; a coin would 50 times.",
    )  # fmt: skip


def _log_loss(_: Report, value: float, alike: float | None) -> Prose:
    said = f"To the true answer it gives a probability of {percent(math.exp(-value))}"
    if alike is None:
        return (f"{said}, as a geometric mean.",)
    return (
        f"{said}, as a geometric mean; how often each class occurs would give it"
        f" {percent(math.exp(-alike))}.",
    )


def _accuracy(_: Report, value: float, alike: float | None) -> Prose:
    return (f"It is right about {percent(value)} of the rows{_guessing(alike)}.",)


def _balanced_accuracy(_: Report, value: float, alike: float | None) -> Prose:
    return (
        f"Of the rows of a class it finds {percent(value)}, averaged over the classes as if all"
        f" were equally frequent{_guessing(alike)}.",
    )


def _f1(report: Report, value: float, _: float | None) -> Prose:
    label = _positive(report)
    both = "Precision and recall in one number (their harmonic mean; 1 is perfect)"
    if label is None:
        return (f"{both}, averaged over the classes: {figure(value, digits=3)}.",)
    return (f"{both} for the class ", Name(label), f": {figure(value, digits=3)}.")


def _f1_macro(_: Report, value: float, alike: float | None) -> Prose:
    beside = "" if alike is None else f"; always guessing alike has {figure(alike, digits=2)}"
    return (
        "Precision and recall in one number (their harmonic mean; 1 is perfect), averaged over the"
        f" classes, rare ones counting alike: {figure(value, digits=3)}{beside}.",
    )


def _precision(report: Report, value: float, _: float | None) -> Prose:
    label = _positive(report)
    if label is None:
        return (
            f"When it says a class, it is right {_of_100(value)} times, averaged over the classes.",
        )
    return ("When it says ", Name(label), f", it is right {_of_100(value)} times.")


def _recall(report: Report, value: float, _: float | None) -> Prose:
    label = _positive(report)
    if label is None:
        return (f"Of the rows of a class it finds {percent(value)}, averaged over the classes.",)
    return ("Of the rows that are ", Name(label), f" it finds {percent(value)}.")


def _average_precision(report: Report, value: float, alike: float | None) -> Prose:
    label = _positive(report)
    beside = "" if alike is None else f"; in a random order it would be {percent(alike)}"
    return (
        "Going from the most probable row down, the part of rows that are ",
        Name("" if label is None else label),
        f" is {percent(value)} on average whenever one more is found{beside}.",
    )


def _rmse(_: Report, value: float, alike: float | None) -> Prose:
    return (
        f"The typical error is {figure(value, digits=3)} in the target's own unit, large errors"
        f" weighing more{_mean(alike)}.",
    )


def _mae(_: Report, value: float, alike: float | None) -> Prose:
    return (
        f"On average it is off by {figure(value, digits=3)} in the target's own"
        f" unit{_mean(alike)}.",
    )


def _r2(_: Report, value: float, __: float | None) -> Prose:
    if value <= 0:
        return ("It explains nothing: always saying the mean would be as near, or nearer.",)
    return (f"It explains {percent(value)} of the differences between the rows' numbers.",)


def _mape(_: Report, value: float, alike: float | None) -> Prose:
    beside = "" if alike is None else f"; always saying the mean, by {_huge(alike)}"
    return (f"On average it is off by {_huge(value)} of the true value{beside}.",)


def _rmsle(_: Report, value: float, alike: float | None) -> Prose:
    if value > _LARGEST:
        return ("It is off by factors beyond all measure.",)
    beside = ""
    if alike is not None and alike <= _LARGEST:
        beside = f"; always saying the mean, by a factor of {_factor(alike)}"
    return (
        f"Typically it is too high or too low by a factor of {_factor(value)} (of the value plus"
        f" one){beside}.",
    )


_SENTENCES: Mapping[str, Callable[[Report, float, float | None], Prose]] = MappingProxyType(
    {
        "roc_auc": _roc_auc,
        "log_loss": _log_loss,
        "accuracy": _accuracy,
        "balanced_accuracy": _balanced_accuracy,
        "f1": _f1,
        "f1_macro": _f1_macro,
        "precision": _precision,
        "recall": _recall,
        "average_precision": _average_precision,
        "rmse": _rmse,
        "mae": _mae,
        "r2": _r2,
        "mape": _mape,
        "rmsle": _rmsle,
    }
)

_LARGEST = 20.0
"""Factors beyond e to this are no longer told."""


def _positive(report: Report) -> str | int | None:
    return report["task"]["positive"]


def _of_100(share: float) -> str:
    if 0.999 < share < 1:
        return "more than 99.9 of 100"
    return f"{100 * share:.3g} of 100" if 0.99 < share < 1 else f"{100 * share:.0f} of 100"


def _guessing(alike: float | None) -> str:
    return "" if alike is None else f"; always saying the most frequent class, {percent(alike)}"


def _mean(alike: float | None) -> str:
    return "" if alike is None else f"; always saying the mean, {figure(alike, digits=3)}"


def _huge(share: float) -> str:
    return percent(share) if share <= 1 else f"{figure(round(100 * share))} %"


def _factor(logarithm: float) -> str:
    return figure(math.exp(logarithm), digits=3)
