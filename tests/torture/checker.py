"""Whether the service kept its word: what clients were told against what is there in the end."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields

from tests.torture.history import Attempt, Intention, Outcome, Verb

MAKING = (Verb.UPLOAD, Verb.STUDY)
HONEST = frozenset({503, 507})
"""Server errors that say what is the matter; no other may be seen."""
NONSENSE = frozenset({400, 422})
"""What no client here may be told: none asks for nonsense, and a case of which all is refused shows
nothing."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is there in the end.

    ``made`` are the ids of datasets and studies by the mark they carry as their name; ``resumes``
    and ``pauses`` count those in each study's log; ``cancelled`` are the studies that ended so.
    """

    made: Mapping[str, Sequence[str]] = field(default_factory=dict)
    resumes: Mapping[str, int] = field(default_factory=dict)
    pauses: Mapping[str, int] = field(default_factory=dict)
    cancelled: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Marks of intentions, each in exactly one of acknowledged, refused and unknown."""

    acknowledged: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    """Every attempt surely failed."""
    unknown: tuple[str, ...] = ()
    """No attempt was acknowledged, and one may have happened."""
    lost: tuple[str, ...] = ()
    """Acknowledged, and not there."""
    duplicated: tuple[str, ...] = ()
    """There more than once, or acknowledged under two ids."""
    recovered: tuple[str, ...] = ()
    """Unknown to its client, and there once."""
    unexpected: tuple[str, ...] = ()
    """Never asked for, refused and yet there, there under another id than was told, or answered
    with a server error that says nothing."""

    @property
    def attempted(self) -> int:
        """How many intentions there were."""
        return len(self.acknowledged) + len(self.refused) + len(self.unknown)

    @property
    def breaches(self) -> tuple[str, ...]:
        """What must not be, in words."""
        return tuple(
            f"{name}: {mark}"
            for name in ("lost", "duplicated", "unexpected")
            for mark in getattr(self, name)
        )

    def __add__(self, other: "Verdict") -> "Verdict":
        return Verdict(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


def judge(history: Iterable[Attempt], found: Found) -> Verdict:
    """Return what became of every intention."""
    grouped: dict[Intention, list[Attempt]] = defaultdict(list)
    for attempt in history:
        grouped[attempt.intention].append(attempt)
    told = {intention: _told(attempts) for intention, attempts in grouped.items()}
    verdict = _standing(told) + _answers(grouped)
    for intention, outcome in told.items():
        if intention.verb in MAKING:
            verdict += _made(intention, outcome, grouped[intention], found)
    verdict += _numbered(Verb.RESUME, told, found.resumes)
    verdict += _numbered(Verb.PAUSE, told, found.pauses)
    return verdict + _strangers(told, found) + _cancels(told, found)


def _told(attempts: Sequence[Attempt]) -> Outcome:
    """Return what a client knows after all attempts at one intention."""
    outcomes = {attempt.outcome for attempt in attempts}
    if Outcome.OK in outcomes:
        return Outcome.OK
    return Outcome.UNKNOWN if Outcome.UNKNOWN in outcomes else Outcome.FAIL


def _standing(told: Mapping[Intention, Outcome]) -> Verdict:
    def marks(wanted: Outcome) -> tuple[str, ...]:
        return tuple(i.mark for i, outcome in told.items() if outcome is wanted)

    return Verdict(marks(Outcome.OK), marks(Outcome.FAIL), marks(Outcome.UNKNOWN))


def _answers(grouped: Mapping[Intention, Sequence[Attempt]]) -> Verdict:
    dumb = [
        f"{intention.mark} (HTTP {attempt.status})"
        for intention, attempts in grouped.items()
        for attempt in attempts
        if attempt.status is not None
        and (attempt.status in NONSENSE or attempt.status >= 500)
        and attempt.status not in HONEST
    ]
    return Verdict(unexpected=tuple(dumb))


def _made(
    intention: Intention, outcome: Outcome, attempts: Sequence[Attempt], found: Found
) -> Verdict:
    """Judge one that makes something."""
    mark, ids = (intention.mark,), found.made.get(intention.mark, ())
    acknowledged = {a.resource for a in attempts if a.outcome is Outcome.OK}
    if len(ids) > 1 or len(acknowledged) > 1:
        return Verdict(duplicated=mark)
    if outcome is Outcome.OK and not ids:
        return Verdict(lost=mark)
    if outcome is Outcome.OK and acknowledged != set(ids):
        return Verdict(unexpected=(f"{intention.mark} (told {acknowledged}, found {ids})",))
    if outcome is Outcome.FAIL and ids:
        return Verdict(unexpected=(f"{intention.mark} (refused, found {ids})",))
    if outcome is Outcome.UNKNOWN and ids:
        return Verdict(recovered=mark)
    return Verdict()


def _strangers(told: Mapping[Intention, Outcome], found: Found) -> Verdict:
    asked = {intention.mark for intention in told if intention.verb in MAKING}
    return Verdict(unexpected=tuple(f"{m} (never asked)" for m in found.made if m not in asked))


def _numbered(verb: Verb, told: Mapping[Intention, Outcome], found: Mapping[str, int]) -> Verdict:
    """Judge what was done to studies by number: a study's log does not say whose it was."""
    wanted: dict[str, Counter[Outcome]] = defaultdict(Counter)
    for intention, outcome in told.items():
        if intention.verb is verb:
            wanted[intention.subject][outcome] += 1
    verdict = Verdict()
    for study in wanted.keys() | found.keys():
        seen, counts = found.get(study, 0), wanted[study]
        missing = counts[Outcome.OK] - seen
        turned_up = max(0, min(-missing, counts[Outcome.UNKNOWN]))
        surplus = max(0, -missing - turned_up)
        mark = (f"{verb} of {study}",)
        verdict += Verdict(
            lost=mark * max(0, missing), duplicated=mark * surplus, recovered=mark * turned_up
        )
    return verdict


def _cancels(told: Mapping[Intention, Outcome], found: Found) -> Verdict:
    """Judge cancels by how the study ended; those of a study that was also resumed say nothing."""
    resumed = {i.subject for i in told if i.verb is Verb.RESUME}
    asked = {i.subject: (i, told[i]) for i in told if i.verb is Verb.CANCEL}
    verdict = Verdict()
    for study, (intention, outcome) in asked.items():
        ended_so = study in found.cancelled
        if study not in resumed and outcome is Outcome.OK and not ended_so:
            verdict += Verdict(lost=(intention.mark,))
        elif outcome is Outcome.UNKNOWN and ended_so:
            verdict += Verdict(recovered=(intention.mark,))
        elif outcome is Outcome.FAIL and ended_so:
            verdict += Verdict(unexpected=(f"{intention.mark} (refused, and cancelled)",))
    strangers = found.cancelled - asked.keys()
    return verdict + Verdict(unexpected=tuple(f"cancel of {study}" for study in strangers))
