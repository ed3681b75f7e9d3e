"""A TCP proxy on loopback that does to a connection what networks do.

Put between the parts and a store, it delays, cuts, swallows or resets what passes, from the moment
it is told until it is told otherwise; connections that exist already are struck too.
"""

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum

LOOK_SECONDS = 0.05
CONNECT_SECONDS = 5.0
_CHUNK = 65536


class Fault(StrEnum):
    """What befalls connections."""

    NONE = "none"
    DELAY = "delay"
    """Every piece of data arrives late."""
    CUT = "cut"
    """Connections end in order (FIN), also new ones."""
    BLACK_HOLE = "black hole"
    """Connections stay open, new ones are accepted, and nothing passes."""
    RESET = "reset"
    """Connections end with RST, also new ones."""


ENDINGS = frozenset({Fault.CUT, Fault.RESET})


@dataclass(frozen=True, slots=True)
class Weather:
    """The fault of the moment.

    ``seconds`` is how late data arrives under ``DELAY``. ``endings`` counts the cuts and resets so
    far, ``ending`` is the last: a connection older than that is over, however short the fault was.
    """

    fault: Fault = Fault.NONE
    seconds: float = 0.0
    endings: int = 0
    ending: Fault = Fault.NONE


class Proxy:
    """A proxy from a port of its own to a port on loopback; see `proxy`."""

    def __init__(self, listener: socket.socket, target: int) -> None:
        self._listener = listener
        self._target = target
        self._weather = Weather()
        self._changed = threading.Condition()
        self._over = False
        self._threads: list[threading.Thread] = []
        self.port = int(listener.getsockname()[1])
        self.connections = 0

    def set(self, fault: Fault, seconds: float = 0.0) -> None:
        """Let this befall every connection from now on."""
        with self._changed:
            before, ends = self._weather, fault in ENDINGS
            self._weather = Weather(
                fault, seconds, before.endings + ends, fault if ends else before.ending
            )
            self._changed.notify_all()

    @contextmanager
    def under(self, fault: Fault, seconds: float = 0.0) -> Iterator[None]:
        """Let this befall every connection until the block ends."""
        self.set(fault, seconds)
        try:
            yield
        finally:
            self.set(Fault.NONE)

    def serve(self) -> None:
        """Accept connections until closed."""
        while not self._over:
            with suppress(TimeoutError):
                client, _ = self._listener.accept()
                self.connections += 1
                thread = threading.Thread(target=self._connect, args=(client,), daemon=True)
                self._threads = [t for t in self._threads if t.is_alive()] + [thread]
                thread.start()

    def close(self) -> None:
        """End all connections and wait for their threads."""
        with self._changed:
            self._over = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _connect(self, client: socket.socket) -> None:
        born = self._weather
        with client:
            if born.fault in ENDINGS:
                _end(born.fault, client)
                return
            if not self._passes(born, client):
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._target), CONNECT_SECONDS)
            except OSError:
                _end(Fault.RESET, client)
                return
            with server:
                up = threading.Thread(target=self._pump, args=(born, client, server), daemon=True)
                up.start()
                self._pump(born, server, client)
                up.join()

    def _pump(self, born: Weather, source: socket.socket, sink: socket.socket) -> None:
        """Pass on what comes, until either side or the weather ends it."""
        for side in (source, sink):
            side.settimeout(LOOK_SECONDS)
        try:
            data: bytes | None = None
            while data != b"":
                data = _received(source)
                if not self._passes(born, source, sink, late=bool(data)):
                    return
                if data:
                    self._deliver(born, data, source, sink)
            sink.shutdown(socket.SHUT_WR)
        except OSError:  # who was killed with data unread resets: the other side must learn of it
            _end(Fault.CUT, source, sink)

    def _deliver(
        self, born: Weather, data: bytes, source: socket.socket, sink: socket.socket
    ) -> None:
        """Send all of it to a sink that may be slow to read."""
        rest = memoryview(data)
        while rest:
            with suppress(TimeoutError):
                rest = rest[sink.send(rest) :]
            if rest and not self._passes(born, source, sink):
                return

    def _passes(self, born: Weather, *sides: socket.socket, late: bool = False) -> bool:
        """Wait out a black hole and a delay; False: the connection is over."""
        with self._changed:
            while self._weather.fault is Fault.BLACK_HOLE and not self._over:
                self._changed.wait()
            weather = self._weather
        if late and weather.fault is Fault.DELAY:
            time.sleep(weather.seconds)
        if weather.endings != born.endings:
            _end(weather.ending, *sides)
            return False
        return not self._over


@contextmanager
def proxy(target: int) -> Iterator[Proxy]:
    """Run a proxy to a port on loopback until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(LOOK_SECONDS)
        running = Proxy(listener, target)
        thread = threading.Thread(target=running.serve, daemon=True)
        thread.start()
        try:
            yield running
        finally:
            running.close()
            thread.join()


def _received(source: socket.socket) -> bytes | None:
    """Return what has come, nothing at its end, None when it is silent."""
    try:
        return source.recv(_CHUNK)
    except TimeoutError:
        return None


def _end(how: Fault, *sides: socket.socket) -> None:
    """End connections: with FIN now, or so that their close sends RST."""
    for side in sides:
        with suppress(OSError):
            if how is Fault.RESET:
                side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            else:
                side.shutdown(socket.SHUT_RDWR)
