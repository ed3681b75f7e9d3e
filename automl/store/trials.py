"""The leaderboard in SQL."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select, true

from automl.core.catalog import TrialState
from automl.core.errors import NotFound
from automl.core.ports import TrialPlace, TrialSort
from automl.core.trial import CurvePoint, Trial
from automl.store import rows
from automl.store.database import Transaction
from automl.store.tables import points, trials


class SqlTrials:
    """The trials of studies; whose a study is was settled by whoever looked it up."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def list(
        self,
        study_id: str,
        *,
        sort: TrialSort,
        maximize: bool,
        state: TrialState | None,
        after: TrialPlace | None,
        limit: int,
    ) -> Sequence[Trial]:
        """Return a page behind a place; by ``value`` the best come first, trials without one last.

        A place stays where it is when trials come and go, so no trial is on two pages.
        """
        query = ordered(study_id, sort=sort, maximize=maximize, after=after)
        if state is not None:
            query = query.where(trials.c.state == state.value)
        found = self._tx.reader.execute(query.limit(limit)).mappings()
        return [rows.trial(row) for row in found]

    def get(self, study_id: str, number: int) -> Trial:
        """Return one trial.

        Raises:
            NotFound: the study has no trial of that number.
        """
        query = select(trials).where(trials.c.study_id == study_id, trials.c.number == number)
        row = self._tx.reader.execute(query).mappings().first()
        if row is None:
            raise NotFound(f"study {study_id!r} has no trial {number}")
        return rows.trial(row)

    def history(self, study_id: str) -> Sequence[Trial]:
        """Return every trial by number."""
        query = select(trials).where(trials.c.study_id == study_id).order_by(trials.c.number)
        return [rows.trial(row) for row in self._tx.reader.execute(query).mappings()]

    def curve(self, study_id: str, number: int) -> Sequence[CurvePoint]:
        """Return the curve of a trial by epoch; empty for one that is not there."""
        query = (
            select(points)
            .where(points.c.study_id == study_id, points.c.trial == number)
            .order_by(points.c.epoch)
        )
        return [rows.point(row) for row in self._tx.reader.execute(query).mappings()]

    def arrays(self, study_id: str) -> Mapping[int, tuple[str, str]]:
        """Return (out-of-fold, fitted) artifact ids of the complete trials that still have them."""
        query = (
            select(trials.c.number, trials.c.out_of_fold, trials.c.fitted)
            .where(trials.c.study_id == study_id, trials.c.out_of_fold.is_not(None))
            .order_by(trials.c.number)
        )
        found = self._tx.reader.execute(query).all()
        return {number: (out_of_fold, fitted) for number, out_of_fold, fitted in found}


def ordered(
    study_id: str, *, sort: TrialSort, maximize: bool, after: TrialPlace | None = None
) -> Select[Any]:
    """Return the query of a study's trials in that order, read from an index for ``value``."""
    query = select(trials).where(trials.c.study_id == study_id)
    column, number = trials.c[sort], trials.c.number
    if sort == "number":
        return (query if after is None else query.where(number > after[1])).order_by(number)
    falls = sort == "value" and maximize
    if after is not None:
        # Of what is denied SQLite makes no sort: it goes along the index, as over an offset.
        query = query.where(_until(column, after, falls=falls).is_not(true()))
    return query.order_by((column.desc() if falls else column.asc()).nulls_last(), number)


def _until(column: ColumnElement[Any], place: TrialPlace, *, falls: bool) -> ColumnElement[bool]:
    """Return what holds of the trials up to the place; null, too, is that it does not."""
    value, number = place
    if value is None:
        return or_(column.is_not(None), trials.c.number <= number)
    before = column > value if falls else column < value
    return or_(before, and_(column == value, trials.c.number <= number))
