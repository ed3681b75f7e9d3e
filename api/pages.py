"""The live page's files, out of the installed package, with what a browser is told of them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
"""Of the files that are served; licences and notes beside them are not."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
"""Nothing inline but pictures, and no other host: a string that became markup could not run."""


@dataclass(frozen=True, slots=True)
class Page:
    """A file as it is answered."""

    content: bytes
    media_type: str

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers beside the media type: a new version of the service shows at once."""
        return {
            "ETag": f'"{hashlib.sha256(self.content).hexdigest()}"',
            "Cache-Control": "no-cache",
            "Content-Security-Policy": POLICY,
        }


def load() -> Mapping[str, Page]:
    """Return every file of ``api/web`` by its path, such as ``vendor/preact.js``."""
    folder = Path(__file__).with_name("web")
    return {
        path.relative_to(folder).as_posix(): Page(path.read_bytes(), MEDIA_TYPES[path.suffix])
        for path in sorted(folder.rglob("*"))
        if path.suffix in MEDIA_TYPES
    }
