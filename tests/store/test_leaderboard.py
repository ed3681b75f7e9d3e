"""Ten thousand trials: a page of the leaderboard is one query that an index answers in order."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import sqlalchemy as sa

from automl.core.ports import TrialPlace
from automl.core.study import Study
from automl.core.trial import Trial
from automl.store import SqlStore, ends
from automl.store.trials import ordered
from tests.store import values
from tests.store.plans import explained

TRIALS = 10_000
EVERY = 10
"""So many trials a failed one, without a value."""

_FILL = sa.text("""
    INSERT INTO trials
        (study_id, number, state, family, params, fold_values, token, attempts, value)
    WITH RECURSIVE numbers(n) AS (
        SELECT CAST(:first AS INTEGER) UNION ALL SELECT n + 1 FROM numbers WHERE n < :last
    )
    SELECT :study, n, CASE WHEN n % :every = 0 THEN 'failed' ELSE 'complete' END, 'linear',
           '{}', '[]', 1, 1, CASE WHEN n % :every = 0 THEN NULL ELSE (n * 7919 % 1000) / 1000.0 END
    FROM numbers
""")
_STEP = 1000
"""Rows a statement: the database is given few seconds for each."""


def fill(store: SqlStore, study: Study, trials: int) -> None:
    """Give the study so many ended trials."""
    for first in range(0, trials, _STEP):
        rows = {"study": study.id, "first": first, "last": first + _STEP - 1, "every": EVERY}
        with store.database.write(lasting=False) as tx:
            tx.writer.execute(_FILL, rows)


@contextmanager
def statements(store: SqlStore) -> Iterator[list[str]]:
    """Give the list of what is asked of the database while the block runs."""
    said: list[str] = []

    def note(*call: object) -> None:
        said.append(str(call[2]))

    sa.event.listen(store.database.engine, "before_cursor_execute", note)
    yield said
    sa.event.remove(store.database.engine, "before_cursor_execute", note)


def best_of(
    store: SqlStore, study: Study, *, maximize: bool, after: TrialPlace | None = None
) -> Sequence[Trial]:
    with store.unit() as unit:
        return unit.trials.list(
            study.id, sort="value", maximize=maximize, state=None, after=after, limit=50
        )


def test_a_page_is_one_query_in_the_order_of_an_index(store: SqlStore) -> None:
    dataset = values.add_dataset(store)
    study, other = (values.add_study(store, trials=2 * TRIALS, dataset=dataset) for _ in range(2))
    fill(store, study, TRIALS)
    fill(store, other, _STEP)
    with store.database.write() as tx:
        tx.writer.execute(sa.text("ANALYZE trials"))
    for maximize, index in (
        (True, "ix_trials_highest_first"),
        (False, "ix_trials_study_id_value_number"),
    ):
        for after in (None, (0.5, 4000), (None, 100)):
            query = ordered(study.id, sort="value", maximize=maximize, after=after)
            plan = explained(store, query.limit(50))
            assert index in plan, plan
            assert "TEMP B-TREE" not in plan, plan  # how SQLite says that it sorts
            assert "Sort" not in plan, plan
        with statements(store) as said:
            page = best_of(store, study, maximize=maximize)
        assert len([one for one in said if "FROM trials" in one]) == 1
        assert [trial.value for trial in page[:9]] == [0.999 if maximize else 0.001] * 9
        older = [trial.number for trial in page[:9]]
        assert older == sorted(older)
        worst = 0.001 if maximize else 0.999
        equal = [n for n in range(TRIALS) if n % EVERY and n * 7919 % 1000 == 1000 * worst]
        last = best_of(store, study, maximize=maximize, after=(worst, equal[-2]))
        assert [trial.number for trial in last[:4]] == [equal[-1], 0, EVERY, 2 * EVERY]
        rest = best_of(store, study, maximize=maximize, after=(None, TRIALS - 2 * EVERY))
        assert [trial.number for trial in rest] == [TRIALS - EVERY]
    plan = explained(store, ends.WITH_ARRAYS.params(study=study.id))
    assert "ix_trials_with_arrays" in plan, plan
