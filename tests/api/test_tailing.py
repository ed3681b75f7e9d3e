"""One tailer for all who watch: what the store is asked does not depend on how many they are."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from typing import cast

import pytest

from api.events import Tailer
from automl.core.catalog import EventType
from automl.core.ports import Event, Store

WATCHERS = 300
GROWTH = 5


class Log:
    """A store that has one log and counts what it is asked."""

    def __init__(self) -> None:
        self.kinds = [EventType.STUDY_QUEUED]
        self.asked: Counter[str] = Counter()
        self.events = self

    @contextmanager
    def unit(self) -> Iterator["Log"]:
        yield self

    def last_seqs(self, study_ids: tuple[str, ...]) -> dict[str, int]:
        self.asked["last_seqs"] += 1
        return dict.fromkeys(study_ids, len(self.kinds))

    def after(self, study_id: str, seq: int, limit: int) -> list[Event]:
        self.asked["after"] += 1
        numbered = enumerate(self.kinds[seq : seq + limit], start=seq + 1)
        return [Event(number, kind, 0.0, {}) for number, kind in numbered]


async def _follow(stream: AsyncGenerator[bytes, None]) -> list[bytes]:
    return [part async for part in stream]


async def _grow(log: Log, tailer: Tailer, *kinds: EventType) -> None:
    """Let the log grow by an event a poll."""
    for kind in kinds:
        log.kinds.append(kind)
        await tailer._poll()
        await asyncio.sleep(0)


@pytest.mark.parametrize("ahead", [0, 100])
def test_a_poll_is_two_queries_for_three_hundred(ahead: int) -> None:
    async def watch() -> tuple[list[list[bytes]], Counter[str]]:
        log = Log()
        tailer = Tailer(cast("Store", log))
        # Those who are ahead of the log wait for what comes next, as those at its end do.
        streams = [tailer.stream("st", after=1 + ahead, last_seq=1) for _ in range(WATCHERS)]
        followers = [asyncio.create_task(_follow(stream)) for stream in streams]
        while log.asked["after"] < WATCHERS:  # noqa: ASYNC110 -- each asks once, in a thread
            await asyncio.sleep(0.001)
        log.asked.clear()
        await _grow(log, tailer, *[EventType.TRIAL_EPOCH] * GROWTH)
        during = Counter(log.asked)
        await _grow(log, tailer, EventType.STUDY_SUCCEEDED)
        return await asyncio.wait_for(asyncio.gather(*followers), 20), during

    seen, asked = asyncio.run(watch())
    assert asked == {"last_seqs": GROWTH, "after": GROWTH}
    assert all(b"".join(parts).count(b"id: ") == GROWTH + 1 for parts in seen)
