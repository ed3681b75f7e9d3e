"""What a full disk is called here."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from automl.core.errors import DiskFull


@contextmanager
def room() -> Iterator[None]:
    """Turn the system's error about a full disk inside the block into `DiskFull`."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull from error
        raise
