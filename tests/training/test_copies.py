"""Rows on their way to a device: what is told to CUDA, and in which order."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch

from automl.training.copies import Copies


class Told:
    """A CUDA that only takes notes, and a tensor whose memory is its own."""

    def __init__(self) -> None:
        self.notes: list[Any] = []
        self.on: object = "computing"

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(torch.cuda, "Stream", lambda device: f"copying on {device}")
        monkeypatch.setattr(torch.cuda, "stream", self._within)
        monkeypatch.setattr(torch.cuda, "current_stream", lambda _: self)

    @contextmanager
    def _within(self, stream: object) -> Iterator[None]:
        self.on, before = stream, self.on
        yield
        self.on = before

    def pin_memory(self) -> "Told":
        self.notes.append("pinned")
        return self

    def to(self, device: torch.device, *, non_blocking: bool) -> "Told":
        self.notes.append((self.on, str(device), non_blocking))
        return self

    def wait_stream(self, stream: object) -> None:
        self.notes.append((self.on, "waits for", stream))

    def record_stream(self, stream: object) -> None:
        self.notes.append("kept till used" if stream is self else "lost")


def test_a_batch_travels_on_a_stream_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told()
    told.install(monkeypatch)
    rows: Any = told
    assert Copies("cuda:1")(rows) is rows
    assert told.notes == [
        "pinned",
        ("copying on cuda:1", "cuda:1", True),
        ("computing", "waits for", "copying on cuda:1"),
        "kept till used",
    ]


def test_on_a_processor_rows_are_where_they_are() -> None:
    rows = torch.arange(6.0).view(3, 2)
    assert torch.equal(Copies("cpu")(rows), rows)
