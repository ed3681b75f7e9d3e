"""A reserve of room on SQLite's disk, so that what is full can still be emptied.

Deleting writes too. A disk that artifacts filled to the last page would take no row any more, not
even the one that says that something is deleted.
"""

import os
from pathlib import Path

from automl.core.errors import DiskFull
from automl.store.database import Transaction

RESERVE_BYTES = 16 * 1024 * 1024
"""For rows and for the log, which is written back into the database every four MiB or so."""


def check_room(tx: Transaction, size: int) -> None:
    """Return if ``size`` more bytes leave the reserve alone. PostgreSQL sees to its own disk.

    Raises:
        DiskFull: they do not.
    """
    file = tx.reader.engine.url.database
    if not tx.sqlite or not file:
        return
    disk = os.statvfs(Path(file).parent)
    unused = tx.reader.exec_driver_sql("PRAGMA freelist_count").scalar_one()
    page = tx.reader.exec_driver_sql("PRAGMA page_size").scalar_one()
    if disk.f_bavail * disk.f_frsize + unused * page < RESERVE_BYTES + size:
        raise DiskFull
