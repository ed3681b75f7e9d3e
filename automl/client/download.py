"""Files from the service: whole and as announced, or not at all."""

import hashlib
import re
import uuid
from collections.abc import Mapping
from pathlib import Path

import httpx

from automl.client.problems import DownloadCorrupt, Unreachable
from automl.client.transport import Transport

_DIGEST = re.compile(r'"([0-9a-f]{64})"')


def download(transport: Transport, path: str, file: Path, params: Mapping[str, str]) -> Path:
    """Write what ``path`` offers to ``file`` and return that.

    A cut connection is taken up where it was cut. The file appears under its name only when its
    SHA-256 is the one announced; until then it is a hidden one beside it.

    Raises:
        ServiceError: the service refused.
        Unreachable: it stayed away.
        DownloadCorrupt: other bytes came than announced, twice.
    """
    part = file.with_name(f".{file.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        fetch = _Fetch(transport, path, part, params)
        if not fetch.run() and not fetch.run():
            raise DownloadCorrupt(f"what came for {file.name} does not have the announced SHA-256")
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    return file


class _Fetch:
    """One download: what has come so far."""

    def __init__(
        self, transport: Transport, path: str, part: Path, params: Mapping[str, str]
    ) -> None:
        self._transport = transport
        self._path = path
        self._part = part
        self._params = params
        self._size = 0
        self._etag = ""
        self._hash = hashlib.sha256()

    def run(self) -> bool:
        """Receive everything; return whether it is what was announced, else forget it."""
        patience = self._transport.patience()
        whole = False
        while not whole:
            before, why = self._size, "the service is busy"
            try:
                whole = self._receive()
            except httpx.TransportError as error:
                why = str(error) or type(error).__name__
            if self._size > before:
                patience.renew()
            if not whole and not patience.wait():
                raise Unreachable(self._transport.url, why)
        digest = _DIGEST.fullmatch(self._etag)
        right = digest is None or digest[1] == self._hash.hexdigest()
        if not right:
            self._restart("")
        return right

    def _receive(self) -> bool:
        """Return whether everything has come; False: the service is busy."""
        headers = {"Accept-Encoding": "identity"}
        if self._size and self._etag:
            headers |= {"Range": f"bytes={self._size}-", "If-Range": self._etag}
        with self._transport.stream(self._path, params=self._params, headers=headers) as response:
            if response is None:
                return False
            if response.status_code != 206:
                self._restart(response.headers.get("ETag", ""))
            with self._part.open("ab") as out:
                for chunk in response.iter_bytes():
                    out.write(chunk)
                    self._hash.update(chunk)
                    self._size += len(chunk)
        return True  # httpx raises where less came than was announced

    def _restart(self, etag: str) -> None:
        self._part.write_bytes(b"")
        self._size = 0
        self._etag = etag
        self._hash = hashlib.sha256()
