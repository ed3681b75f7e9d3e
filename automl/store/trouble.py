"""The one place that turns a database's complaints into the domain's errors."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

from automl.core.errors import DiskFull, NotFound, SchemaMissing, StoreUnavailable

_NO_SCHEMA = ("42P01", "42703")
"""SQLSTATE of a table or column that is not there: nobody has brought the schema up to date yet."""

_NO_SCHEMA_LITE = ("no such table", "no such column", "has no column named")

_CUT_OFF = ("25P03", "25006")
"""SQLSTATE of a session that stood still for too long, and of a server that takes no writes (any
more). The driver counts both as the program's own mistakes, but both pass."""

_FULL = ("database or disk is full", "no space left", "could not extend file", "disk full")


@contextmanager
def translated() -> Iterator[None]:
    """Raise the domain's error for what the database says inside the block.

    Raises:
        StoreUnavailable: it is away, locked or too slow.
        SchemaMissing: its tables are not there yet.
        DiskFull: there is no room for what was to be stored.
        NotFound: what a row was to refer to is not there (any more).
    """
    try:
        yield
    except exc.OperationalError as error:
        said = str(error.orig).lower()
        if any(words in said for words in _FULL):
            raise DiskFull from error
        if any(words in said for words in _NO_SCHEMA_LITE):
            raise SchemaMissing from error
        raise StoreUnavailable from error
    except (exc.TimeoutError, exc.InterfaceError) as error:
        raise StoreUnavailable from error
    except exc.IntegrityError as error:
        if "foreign key" in str(error.orig).lower():
            raise NotFound("what this refers to is not stored (any more)") from error
        raise
    except exc.DBAPIError as error:
        state = getattr(error.orig, "sqlstate", "")
        if error.connection_invalidated or state in _CUT_OFF:
            raise StoreUnavailable from error
        if state in _NO_SCHEMA:
            raise SchemaMissing from error
        raise
