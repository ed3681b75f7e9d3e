"""What can go wrong between a program and the service.

Exception
├── ServiceError         the service refused
├── Unreachable          it did not answer for as long as the client's patience lasts
├── StudyFailed          a study ended without a model
└── DownloadCorrupt      the bytes that came are not those that were announced
"""

from collections.abc import Mapping, Sequence
from typing import Any


class ServiceError(Exception):
    """The service refused: ``reason`` is its stable code, the message says what would be right.

    Attributes:
        status: the HTTP status.
        reason: the stable code, such as ``NOT_FOUND``.
        errors: places at fault, as ``{"field" | "line", "message"}``.
    """

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.reason = str(problem.get("reason", "UNKNOWN"))
        self.errors: Sequence[Mapping[str, Any]] = problem.get("errors", ())
        super().__init__(str(problem.get("detail") or problem.get("title") or f"HTTP {status}"))


class Unreachable(Exception):
    """The service could not be reached."""

    def __init__(self, url: str, why: object) -> None:
        self.url = url
        super().__init__(
            f"cannot reach {url} ({why}); is it running there? 'automl serve' starts one"
        )


class StudyFailed(Exception):
    """The study ended without a model."""

    def __init__(self, study_id: str, reason: str, detail: str) -> None:
        self.study_id = study_id
        self.reason = reason
        super().__init__(f"study {study_id} failed: {detail} ({reason})")


class DownloadCorrupt(Exception):
    """The bytes received do not have the announced SHA-256; nothing was kept of them."""
