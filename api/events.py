"""A study's log as server-sent events: one tailer for all clients, the table the only truth."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field

import anyio
from anyio import CapacityLimiter, to_thread
from starlette.responses import StreamingResponse
from starlette.types import Send
from typing_extensions import override

from api.views.trials import EventView
from automl.core.catalog import EventType
from automl.core.errors import Unavailable
from automl.core.ports import Event, Store

POLL_SECONDS = 0.25
PING_SECONDS = 15.0
WELCOME_SECONDS = 0.4
RETRY = b"retry: 2000\n\n"
PING = b": ping\n\n"
TERMINAL = (EventType.STUDY_SUCCEEDED, EventType.STUDY_FAILED, EventType.STUDY_CANCELLED)
_BATCH = 500
_RECENT = 1000
_THREADS = 4

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Frame:
    """An event as it goes over the wire."""

    seq: int
    content: bytes
    terminal: bool


def frame(event: Event) -> Frame:
    """Return an event's frame; its ``id`` is what a client comes back with."""
    data = EventView.of(event).model_dump_json()
    content = f"id: {event.seq}\nevent: {event.type.value}\ndata: {data}\n\n".encode()
    return Frame(event.seq, content, event.type in TERMINAL)


@dataclass(eq=False, slots=True)
class Channel:
    """One watched study: its newest frames, shared by all who watch it."""

    last_seq: int
    gone: bool = False
    watchers: int = 0
    recent: deque[Frame] = field(default_factory=lambda: deque(maxlen=_RECENT))
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def since(self, seq: int) -> list[Frame] | None:
        """Return the frames behind ``seq``, or None where they reach further back than we do."""
        if seq >= self.last_seq:
            return []
        if not self.recent or self.recent[0].seq > seq + 1:
            return None
        return [item for item in self.recent if item.seq > seq]

    def wake(self) -> None:
        """Wake everyone who waits for a change."""
        self.changed.set()
        self.changed = asyncio.Event()


class Tailer:
    """Polls the logs that someone watches, and hands what is new to everyone at once.

    However many clients there are, a poll is one query for all logs and one for each that grew.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._channels: dict[str, Channel] = {}
        self._limiter = CapacityLimiter(_THREADS)

    @property
    def watchers(self) -> int:
        """How many clients are being streamed to."""
        return sum(channel.watchers for channel in self._channels.values())

    async def run(self) -> None:
        """Poll until cancelled; while the store is away clients wait and are pinged."""
        while True:
            await anyio.sleep(POLL_SECONDS)
            try:
                await self._poll()
            except Unavailable:
                await anyio.sleep(4 * POLL_SECONDS)
            except Exception:  # one bad row must not end the streams of all others
                log.exception("the event tailer failed; it goes on")
                await anyio.sleep(4 * POLL_SECONDS)

    async def stream(
        self, study_id: str, *, after: int, last_seq: int
    ) -> AsyncGenerator[bytes, None]:
        """Yield the frames behind ``after``, then new ones, until the log ends.

        Args:
            study_id: a study that exists.
            after: the number of the last event that the client has.
            last_seq: the number of the log's last event at this moment.
        """
        yield RETRY
        seq = min(after, last_seq)  # a power cut may have taken the newest events back
        with self._watching(study_id, last_seq) as channel:
            over = await self._is_end(study_id, seq)
            while not over and not channel.gone:
                changed = channel.changed
                frames = channel.since(seq)
                if frames is None:
                    frames = await self._read(study_id, seq)
                if frames:
                    seq = frames[-1].seq
                    yield b"".join(item.content for item in frames)
                    over = frames[-1].terminal and await self._is_end(study_id, seq)
                elif not await _comes(changed):
                    yield PING

    @contextmanager
    def _watching(self, study_id: str, last_seq: int) -> Iterator[Channel]:
        channel = self._channels.setdefault(study_id, Channel(last_seq))
        channel.watchers += 1
        try:
            yield channel
        finally:
            channel.watchers -= 1
            if not channel.watchers and self._channels.get(study_id) is channel:
                del self._channels[study_id]

    async def _poll(self) -> None:
        watched = dict(self._channels)
        if not watched:
            return
        seqs = await to_thread.run_sync(self._last_seqs, tuple(watched), limiter=self._limiter)
        for study_id, channel in watched.items():
            seq = seqs.get(study_id)
            channel.gone = seq is None
            if seq is not None and seq > channel.last_seq:
                await self._extend(study_id, channel, seq)
            elif channel.gone:
                channel.wake()

    async def _extend(self, study_id: str, channel: Channel, seq: int) -> None:
        """Append what is new; a burst beyond a batch is left for the clients to read."""
        fresh = await self._read(study_id, channel.last_seq)
        if fresh and fresh[-1].seq >= seq:
            channel.recent.extend(fresh)
            channel.last_seq = fresh[-1].seq
        else:
            channel.recent.clear()
            channel.last_seq = seq
        channel.wake()

    async def _read(self, study_id: str, seq: int) -> list[Frame]:
        while True:
            try:
                return await to_thread.run_sync(self._after, study_id, seq, limiter=self._limiter)
            except Unavailable:  # clients wait with us
                await anyio.sleep(4 * POLL_SECONDS)

    async def _is_end(self, study_id: str, seq: int) -> bool:
        """Return whether event ``seq`` is a study's end and nothing came after it."""
        tail = await self._read(study_id, seq - 1)
        return len(tail) == 1 and tail[0].terminal

    def _last_seqs(self, study_ids: Sequence[str]) -> dict[str, int]:
        with self._store.unit() as unit:
            return dict(unit.events.last_seqs(study_ids))

    def _after(self, study_id: str, seq: int) -> list[Frame]:
        with self._store.unit() as unit:
            return [frame(event) for event in unit.events.after(study_id, seq, _BATCH)]


class EventStream(StreamingResponse):
    """A response whose generator is closed at once when the client goes.

    Args:
        frames: what is sent.
        welcome: asked again and again; the stream ends when the client no longer is.
    """

    media_type = "text/event-stream"

    def __init__(
        self, frames: AsyncGenerator[bytes, None], *, welcome: Callable[[], Awaitable[bool]]
    ) -> None:
        super().__init__(frames, headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"})
        self._frames = frames
        self._welcome = welcome

    @override
    async def stream_response(self, send: Send) -> None:
        whole = False
        async with aclosing(self._frames), anyio.create_task_group() as group:
            group.start_soon(self._watch, group.cancel_scope)
            await super().stream_response(send)
            whole = True
            group.cancel_scope.cancel()
        if not whole:
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _watch(self, streaming: anyio.CancelScope) -> None:
        welcome = True
        while welcome:
            await anyio.sleep(WELCOME_SECONDS)
            welcome = await self._welcome()
        streaming.cancel()


async def _comes(changed: asyncio.Event) -> bool:
    with anyio.move_on_after(PING_SECONDS):
        await changed.wait()
    return changed.is_set()
