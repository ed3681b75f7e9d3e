"""Ingest in a child process, so that neither a bomb nor two gigabytes stall the program.

The parent imports nothing heavy; the child limits its own memory, answers one JSON object and
ends. `python -m automl.data.ingest` is the child.
"""

import errno
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from threading import Event, Thread, Timer
from typing import Any

from automl.core.catalog import Modality
from automl.core.errors import AutoMLError, DatasetUnreadable, Detail, DiskFull
from automl.core.lean import with_pools, without_pandas
from automl.core.schema import DataWarning, Profile, column_from_json
from automl.data.bomb import refuse_bomb

MEMORY_BYTES = 2 << 30
TIMEOUT_SECONDS = 900.0


def run(
    source: Path,
    *,
    name: str,
    media_type: str | None,
    out: Path,
    unpacked_limit: int,
    modality: Modality | None = None,
    memory_bytes: int = MEMORY_BYTES,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> Profile:
    """Do what `automl.data.read.ingest` does, in a process of its own.

    Args:
        source: see there, as for all that is not named below.
        name: see there.
        media_type: see there.
        out: see there.
        unpacked_limit: see there.
        modality: see there.
        memory_bytes: address space that the child may use.
        timeout_seconds: after which it is killed.

    Raises:
        DatasetUnreadable: with the first bad lines; or it takes too much memory or time.
        DiskFull: there is no room for ``out``.
    """
    request = {
        "source": str(source.absolute()),
        "name": name,
        "media_type": media_type,
        "out": str(out.absolute()),
        "unpacked_limit": unpacked_limit,
        "modality": modality,
        "memory_bytes": memory_bytes,
    }
    try:
        answer = _ask_child(request, timeout_seconds)
        if error := answer.get("error"):
            raise _error(error)  # noqa: TRY301 -- what it wrote goes away like after any other
    except BaseException:
        out.unlink(missing_ok=True)
        raise
    return _profile(answer["profile"])


def main() -> None:
    """Be the child: a request on the standard input, an answer on the standard output."""
    # Each thread of a numerical library reserves address space, which is what is limited.
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.putenv(variable, "1")
    without_pandas()
    with_pools()  # address space is limited, and thousands of columns would not fit into it
    request = json.loads(sys.stdin.buffer.readline())
    Thread(target=_end_with_parent, daemon=True).start()
    answer = json.dumps(_answer(request)).encode()
    sys.stdout.buffer.write(answer)
    sys.stdout.buffer.flush()
    os._exit(0)  # without the time that Arrow takes to clean up


def _ask_child(request: Mapping[str, Any], timeout_seconds: float) -> dict[str, Any]:
    command = [sys.executable, "-m", "automl.data.ingest"]
    late = Event()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:

        def kill() -> None:
            late.set()
            child.kill()

        timer = Timer(timeout_seconds, kill)
        timer.daemon = True
        timer.start()
        try:
            output = _talk(child, json.dumps(request).encode())
        except BaseException:
            child.kill()
            raise
        finally:
            timer.cancel()
    if late.is_set():
        raise DatasetUnreadable(
            f"Reading the file took longer than {timeout_seconds:,.0f} s; upload a smaller one."
        )
    if child.returncode < 0:  # killed by the system, or by a library that got no memory
        raise _too_large(request["memory_bytes"])
    if child.returncode > 0:
        raise RuntimeError("the ingest child failed; its traceback is in the log")
    answer: dict[str, Any] = json.loads(output)
    return answer


def _talk(child: subprocess.Popen[bytes], request: bytes) -> bytes:
    """Return the child's answer. Its input stays open: its end tells that the parent is gone."""
    if child.stdin is None or child.stdout is None:
        raise RuntimeError("the child has no pipes")
    try:
        child.stdin.write(request + b"\n")
        child.stdin.flush()
    except BrokenPipeError:
        return b""  # the exit status tells more
    return child.stdout.read()


def _answer(request: Mapping[str, Any]) -> dict[str, Any]:
    source, limit = Path(request["source"]), request["unpacked_limit"]
    given = request.get("modality")
    try:
        survey = refuse_bomb(source, unpacked_limit=limit)
        ingest = _reader(request["memory_bytes"])
        profile = ingest(
            source,
            name=request["name"],
            media_type=request["media_type"],
            out=Path(request["out"]),
            unpacked_limit=limit,
            modality=Modality(given) if given else None,
            survey=survey,
        )
    except DatasetUnreadable as error:
        return _refusal(error)
    except MemoryError:  # Arrow's too
        return _refusal(_too_large(request["memory_bytes"]))
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            return _refusal(DiskFull())
        raise
    return {"profile": asdict(profile)}


def _reader(memory_bytes: int) -> Callable[..., Profile]:
    """Return what reads files, and limit memory.

    In this order: a library that finds no memory while it loads says anything.
    """
    from automl.data.read import ingest

    _limit_memory(memory_bytes)
    return ingest


def _refusal(error: AutoMLError) -> dict[str, Any]:
    details = [asdict(detail) for detail in error.errors]
    return {"error": {"reason": error.reason, "message": str(error), "details": details}}


def _error(data: Mapping[str, Any]) -> AutoMLError:
    kind = DiskFull if data["reason"] == DiskFull.reason else DatasetUnreadable
    return kind(data["message"], errors=tuple(Detail(**detail) for detail in data["details"]))


def _too_large(memory_bytes: int) -> DatasetUnreadable:
    return DatasetUnreadable(
        f"Reading the file took more than {memory_bytes >> 20:,} MiB of memory; it has too many "
        "columns or too long cells."
    )


def _profile(data: Mapping[str, Any]) -> Profile:
    return Profile(
        modality=Modality(data["modality"]),
        format=data["format"],
        rows=data["rows"],
        columns=tuple(column_from_json(column) for column in data["columns"]),
        warnings=tuple(DataWarning(**warning) for warning in data["warnings"]),
    )


def _limit_memory(size: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = size if hard == resource.RLIM_INFINITY else min(size, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _end_with_parent() -> None:
    while os.read(0, 1):  # unbuffered: Python cannot end while a thread holds a buffer
        pass
    os._exit(1)


if __name__ == "__main__":
    main()
