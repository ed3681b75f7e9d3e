"""Fault points: tests strike where it hurts; nothing happens unless a spec is configured.

``AUTOML_FAULT="trial.claimed:kill@2,checkpoint.tmp:raise,epoch.end:sleep5@3"`` kills the process
at the second passage of ``trial.claimed``, raises at every passage of ``checkpoint.tmp`` and sleeps
five seconds at the third ``epoch.end``. Only ``runner.py`` and the store call ``fault``.
"""

import os
import re
import signal
import time
from collections import Counter
from dataclasses import dataclass

from automl.core.errors import InjectedFault

POINTS = frozenset(
    {
        "upload.synced",
        "dataset.committed",
        "study.committed",
        "doorbell.before",
        "trial.claimed",
        "ask.done",
        "epoch.end",
        "checkpoint.tmp",
        "checkpoint.done",
        "result.before_commit",
        "result.after_commit",
        "event.sent",
        "model.tmp",
        "model.before_row",
        "study.finalizing",
        "cancel.seen",
    }
)

_RULE = re.compile(
    r"(?P<point>[a-z_.]+):(?P<action>kill|raise|sleep(?P<seconds>[\d.]+)?)(@(?P<nth>\d+))?"
)


@dataclass(frozen=True, slots=True)
class Rule:
    """What happens at a point; ``nth`` None means at every passage."""

    point: str
    action: str
    seconds: float
    nth: int | None


_rules: tuple[Rule, ...] = ()
_passages: Counter[str] = Counter()


def configure(spec: str) -> None:
    """Arm the points that ``spec`` names; the empty string disarms all.

    Raises:
        ValueError: a rule cannot be read or names no known point.
    """
    global _rules  # noqa: PLW0603 -- the one switch of a process, set once at its start
    rules = []
    for text in filter(None, spec.split(",")):
        match = _RULE.fullmatch(text.strip())
        if match is None or match["point"] not in POINTS:
            raise ValueError(
                f"AUTOML_FAULT: cannot read {text!r}; expected POINT:kill|raise|sleepN[@NTH]"
            )
        action = "sleep" if match["action"].startswith("sleep") else match["action"]
        nth = int(match["nth"]) if match["nth"] else None
        rules.append(Rule(match["point"], action, float(match["seconds"] or 1.0), nth))
    _rules = tuple(rules)
    _passages.clear()


def fault(point: str) -> None:
    """Pass ``point``: nothing, unless a configured rule strikes here."""
    if not _rules:
        return
    _passages[point] += 1
    for rule in _rules:
        if rule.point == point and rule.nth in (None, _passages[point]):
            _strike(rule)


def _strike(rule: Rule) -> None:
    match rule.action:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "raise":
            raise InjectedFault(rule.point)
        case _:
            time.sleep(rule.seconds)
