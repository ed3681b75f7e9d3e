"""The proxy does each fault, to old connections and new ones, and lets pass again."""

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.torture.proxy import Fault, Proxy, proxy


@pytest.fixture
def echo() -> Iterator[int]:
    """A server that says back what it is told; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_echo, args=(listener,))
        thread.start()
        yield int(listener.getsockname()[1])
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def _echo(listener: socket.socket) -> None:
    with suppress(OSError):
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_answer, args=(connection,), daemon=True).start()


def _answer(connection: socket.socket) -> None:
    with connection, suppress(OSError):
        while data := connection.recv(65536):
            connection.sendall(data)


def _connect(through: Proxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", through.port), timeout=5.0)


def _say(connection: socket.socket, words: bytes = b"hello") -> bytes:
    connection.sendall(words)
    heard = b""
    while len(heard) < len(words) and (data := connection.recv(65536)):
        heard += data
    return heard


def test_in_fair_weather_everything_passes_both_ways(echo: int) -> None:
    with proxy(echo) as through, _connect(through) as connection:
        big = bytes(range(256)) * 8192
        sender = threading.Thread(target=connection.sendall, args=(big,))
        sender.start()
        heard = b""
        while len(heard) < len(big):
            heard += connection.recv(65536)
        sender.join()
        assert heard == big
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1) == b""
        assert through.connections == 1


def test_a_delay_keeps_data_back_so_long(echo: int) -> None:
    with proxy(echo) as through, _connect(through) as connection:
        with through.under(Fault.DELAY, 0.2):
            started = time.monotonic()
            assert _say(connection) == b"hello"
            assert time.monotonic() - started >= 0.4  # there and back
        assert _say(connection) == b"hello"


def test_a_cut_ends_old_and_new_connections_in_order(echo: int) -> None:
    with proxy(echo) as through, _connect(through) as connection:
        assert _say(connection) == b"hello"
        with through.under(Fault.CUT):
            assert connection.recv(1) == b""
            with _connect(through) as other:
                assert other.recv(1) == b""
        with _connect(through) as other:
            assert _say(other) == b"hello"


def test_a_reset_breaks_old_and_new_connections(echo: int) -> None:
    with proxy(echo) as through, _connect(through) as connection:
        assert _say(connection) == b"hello"
        with through.under(Fault.RESET):
            with pytest.raises(ConnectionResetError):
                connection.recv(1)
            with pytest.raises(ConnectionResetError), _connect(through) as other:
                other.recv(1)
        with _connect(through) as other:
            assert _say(other) == b"hello"


@pytest.mark.parametrize("fault", [Fault.CUT, Fault.RESET])
def test_an_ending_of_an_instant_ends_what_was_there(fault: Fault, echo: int) -> None:
    with proxy(echo) as through, _connect(through) as connection:
        assert _say(connection) == b"hello"
        with through.under(fault):
            pass
        with suppress(ConnectionResetError):
            assert connection.recv(1) == b""
        with _connect(through) as other:
            assert _say(other) == b"hello"


def test_a_black_hole_swallows_and_gives_back_when_it_ends(echo: int) -> None:
    with proxy(echo) as through, _connect(through) as connection:
        assert _say(connection) == b"hello"
        with through.under(Fault.BLACK_HOLE), _connect(through) as other:
            for each in (connection, other):
                each.sendall(b"anyone?")
                each.settimeout(0.2)
                with pytest.raises(TimeoutError):
                    each.recv(1)
            connection.settimeout(5.0)
        assert connection.recv(65536) == b"anyone?"


def test_with_nobody_behind_it_connections_are_reset() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = int(closed.getsockname()[1])
    with (
        proxy(port) as through,
        pytest.raises(ConnectionResetError),
        _connect(through) as connection,
    ):
        connection.recv(1)


def test_a_client_that_resets_ends_the_connection_behind_the_proxy() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        proxy(int(server.getsockname()[1])) as through,
    ):
        client = _connect(through)
        behind, _ = server.accept()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        with behind, suppress(ConnectionResetError):
            behind.settimeout(5.0)
            assert behind.recv(1) == b""


def test_closing_ends_connections_that_hang(echo: int) -> None:
    with proxy(echo) as through:
        connection = _connect(through)
        assert _say(connection) == b"hello"
        through.set(Fault.BLACK_HOLE)
    with connection, suppress(ConnectionResetError):
        assert connection.recv(1) == b""
