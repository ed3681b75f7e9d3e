"""The database's clock as an expression: workers' own clocks may be an hour off."""

from typing import Any

from sqlalchemy import Double
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class now(FunctionElement[float]):  # noqa: N801 -- reads as the SQL function it is
    """Seconds since the epoch, at the moment it is asked."""

    type = Double()
    inherit_cache = True


@compiles(now, "sqlite")
def _sqlite(element: now, compiler: SQLCompiler, **_: Any) -> str:  # noqa: ARG001
    # unixepoch('subsec') came with SQLite 3.42; the bundled one may be older.
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(now, "postgresql")
def _postgresql(element: now, compiler: SQLCompiler, **_: Any) -> str:  # noqa: ARG001
    # now() would stand still within a transaction.
    return "cast(extract(epoch from clock_timestamp()) as double precision)"
