"""What a database plans to do for a query."""

from typing import Any

import sqlalchemy as sa

from automl.store import SqlStore


def explained(store: SqlStore, query: sa.Select[Any]) -> str:
    """Return how the database goes about a query."""
    with store.database.transaction() as tx:
        text = str(query.compile(tx.reader, compile_kwargs={"literal_binds": True}))
        how = "EXPLAIN QUERY PLAN" if tx.sqlite else "EXPLAIN"
        steps = tx.reader.exec_driver_sql(f"{how} {text}").all()
    return "\n".join(str(step[-1]) for step in steps)
