"""How many trials of one study a worker may hold at once, to train them together.

A group keeps its worker busy for longer than one trial would, and its trials are nobody else's. So
a worker takes one more only while it holds less than a fair share of

- the lanes of all workers, divided among the studies that want trials: with as many studies as
  lanes nobody groups, and no study waits longer for its first trial than without groups;
- the trials that a budget has left, and the running trials that its tenant may still have, divided
  among the workers alive: an idle worker is worth more than a further lane of a busy one, and a
  tenant's other studies keep their part.

The share does not depend on who asks first, so nobody need wait to be fair.
"""

from sqlalchemy import Connection, RowMapping, func, select

from automl.core.catalog import StudyStatus
from automl.core.trial import Attempt
from automl.store import quota
from automl.store.claim import ASKS, SEARCHING
from automl.store.clock import now
from automl.store.tables import studies, workers

_c = studies.c


def look(reader: Connection, attempt: Attempt, lease_seconds: float) -> RowMapping | None:
    """Return how the attempt's study stands, None when it wants no further trial.

    Nor does it while one waits: what was begun comes before what is new.

    Beside what `claim.turn` reads, ``left`` counts the trials of its budget that nobody began, None
    without such a budget; ``running`` the tenant's running trials, ``workers`` those alive and
    ``studies`` those that want trials.
    """
    alive = select(func.count()).select_from(workers)
    mine = (_c.id == attempt.study_id, _c.status == StudyStatus.RUNNING.value)
    query = select(
        _c.id,
        _c.tenant,
        _c.version,
        _c.next_number,
        _c.search_ends_at,
        (_c.trials - _c.next_number).label("left"),
        quota.running(attempt.tenant).scalar_subquery().label("running"),
        alive.where(workers.c.last_heartbeat_at >= now() - lease_seconds)
        .scalar_subquery()
        .label("workers"),
        select(func.count())
        .select_from(studies)
        .where(SEARCHING, ASKS)
        .correlate(None)
        .scalar_subquery()
        .label("studies"),
        now().label("now"),
    ).where(*mine, ASKS, _c.waiting == 0)
    return reader.execute(query).mappings().first()


def fair(standing: RowMapping, held: int, most: int, trials: int) -> bool:
    """Return whether a worker that holds ``held`` trials of a study may hold one more.

    Args:
        standing: what `look` returned.
        held: trials that it holds.
        most: lanes of a worker.
        trials: of the tenant that may run at the same time, 0 for no limit.
    """
    workers = max(1, standing["workers"])
    if held >= most or held * standing["studies"] >= most * workers:
        return False
    if trials and held * workers >= trials - standing["running"] + held:
        return False
    left = standing["left"]
    return left is None or held * workers < left + held
