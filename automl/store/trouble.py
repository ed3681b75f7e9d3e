"""The one place that turns a database's complaints into the domain's errors."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

from automl.core.errors import DiskFull, StoreUnavailable

_FULL = ("database or disk is full", "no space left", "could not extend file", "disk full")


@contextmanager
def translated() -> Iterator[None]:
    """Raise the domain's error for what the database says inside the block.

    Raises:
        StoreUnavailable: it is away, locked or too slow.
        DiskFull: there is no room for what was to be stored.
    """
    try:
        yield
    except exc.OperationalError as error:
        if any(words in str(error.orig).lower() for words in _FULL):
            raise DiskFull from error
        raise StoreUnavailable from error
    except (exc.TimeoutError, exc.InterfaceError) as error:
        raise StoreUnavailable from error
    except exc.DBAPIError as error:
        if error.connection_invalidated:
            raise StoreUnavailable from error
        raise
