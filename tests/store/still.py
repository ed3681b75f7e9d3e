"""A database's clock that stands still but for a tick a statement: tests let time pass themselves.

So a machine that stalls in the middle of a test changes nothing of what the test sees.
"""

import time
from itertools import count
from typing import Any

from sqlalchemy import event

from automl.store import SqlStore
from automl.store.clock import now

_BEGAN = time.time()
_TICK_SECONDS = 1e-6
"""So that what comes later is later. A statement has its moment as it is sent, also where it waits
for a lock then, and on a busy machine hundreds of others may be sent meanwhile: they are to be less
apart than any test that looks at moments allows."""
_ticks = count(1)


def stand(store: SqlStore) -> SqlStore:
    """Return the store, whose statements read this process' still clock from now on."""
    engine = store.database.engine
    clock = str(now().compile(dialect=engine.dialect))

    @event.listens_for(engine, "before_cursor_execute", retval=True)
    def _read(
        _connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any
    ) -> tuple[str, Any]:
        moment = _BEGAN + next(_ticks) * _TICK_SECONDS
        return statement.replace(clock, f"cast({moment!r} as double precision)"), parameters

    return store
