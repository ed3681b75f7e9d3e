"""What an API process does beside answering."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import anyio
from anyio import CapacityLimiter, to_thread

from api.access import USE_SECONDS, Access
from api.context import Context
from automl.core.errors import Unavailable
from automl.core.ports import Doorbell, Store

REAP_SECONDS = 1.0
BACK_OFF_SECONDS = 5.0

log = logging.getLogger(__name__)


@asynccontextmanager
async def running(context: Context) -> AsyncIterator[None]:
    """Tail the logs and reap lapsed leases while the block runs."""
    context.inbox.open()
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(context.tailer.run)
            group.start_soon(reap, context.store, context.doorbell)
            group.start_soon(note_use, context.access)
            yield
            group.cancel_scope.cancel()
    finally:
        context.inbox.close()


async def note_use(access: Access) -> None:
    """Write down which keys are in use, now and then."""
    thread = CapacityLimiter(1)
    while True:
        await anyio.sleep(USE_SECONDS)
        with suppress(Unavailable):
            await to_thread.run_sync(access.note_use, limiter=thread)


async def reap(store: Store, doorbell: Doorbell) -> None:
    """Release what dead workers held, again and again, one call at a time."""
    thread = CapacityLimiter(1)  # of its own: busy routes must not delay recovery
    while True:
        try:
            changed = await to_thread.run_sync(store.leases.reap, limiter=thread)
            if changed:
                await to_thread.run_sync(doorbell.ring, limiter=thread)
            await anyio.sleep(REAP_SECONDS)
        except Unavailable:
            await anyio.sleep(BACK_OFF_SECONDS)
        except Exception:  # a bug here must not take recovery away for good
            log.exception("reaping failed; it goes on")
            await anyio.sleep(BACK_OFF_SECONDS)
