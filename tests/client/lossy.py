"""A proxy on loopback that cuts connections, refuses them, or flips bytes, as told."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Lossy:
    """What befalls the next connections: each takes a number of answer bytes, then is cut."""

    port: int
    cuts: list[int] = field(default_factory=list)
    flip: bool = False
    connections: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def lossy(target: int) -> Iterator[Lossy]:
    """Run a proxy to a loopback port."""
    listener = socket.create_server(("127.0.0.1", 0))
    state = Lossy(listener.getsockname()[1])
    stop = threading.Event()

    def serve() -> None:
        while True:
            client, _ = listener.accept()
            if stop.is_set():
                client.close()
                return
            state.connections += 1
            cut = state.cuts.pop(0) if state.cuts else None
            threading.Thread(
                target=_pass_on, args=(client, target, cut, state), daemon=True
            ).start()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield state
    finally:
        stop.set()
        socket.create_connection(("127.0.0.1", state.port)).close()
        thread.join()
        listener.close()


def _pass_on(client: socket.socket, target: int, cut: int | None, state: Lossy) -> None:
    with client, suppress(OSError):
        if cut == 0:
            return
        with socket.create_connection(("127.0.0.1", target)) as server:
            upward = threading.Thread(target=_pump, args=(client, server), daemon=True)
            upward.start()
            left = cut
            while data := server.recv(65536):
                if state.flip and len(data) > 2000:
                    data = data[:-1] + bytes([data[-1] ^ 1])
                client.sendall(data if left is None else data[:left])
                if left is not None:
                    left -= len(data)
                    if left <= 0:
                        break
            for side in (client, server):
                with suppress(OSError):
                    side.shutdown(socket.SHUT_RDWR)
            upward.join()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
