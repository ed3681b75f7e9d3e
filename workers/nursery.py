"""The nursery of a worker: ``python -m workers.nursery FD PID``. It has loaded what training needs.

Its children are forks of it. So the libraries are in memory once, and a child is there at once. A
fork has of all threads only the one that forked, and locks that the others held stay held for ever:
so nothing here may start a thread, and a nursery that finds one says so and ends.
"""

import contextlib
import errno
import gc
import json
import os
import signal
import socket
import sys
import traceback
from dataclasses import dataclass, replace
from multiprocessing.connection import wait
from pathlib import Path
from typing import NoReturn

from automl.core.lean import for_pandas, give_back, let_go_of_files, without

with without("rich"):  # structlog would load it for nothing
    import structlog

    from automl.core.catalog import FamilyName
    from automl.settings import Settings
    from workers.child import attend, warm_up, work
    from workers.forks import UNFIT, receive
    from workers.process import call_itself, end_with_parent

IDLE_SECONDS = 30.0
"""A nursery without children that nobody asks for one goes after so long."""

PATIENCE_SECONDS = 2.0
"""A fork without work goes after so long: another is there at once."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Request:
    """A child that a worker's parent asks for."""

    worker: str
    asked_at: float
    """Monotonic seconds."""
    line: int
    """The child's end of the line to the parent."""
    channel: int
    """Where the parent is told of its birth and its end."""
    pid: int = 0
    """Of the child, once it is there."""


def main(descriptor: int, parent: int) -> None:
    """Fork children until the worker is gone or wants none; in each of them, be that child."""
    end_with_parent(signal.SIGKILL)
    if os.getppid() != parent:  # it ended before that was known
        os._exit(1)
    # Ctrl-C and a TERM to all are the worker's to interpret: its children give back their work.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # where that is ignored no child leaves a status
    call_itself("nursery")
    with socket.socket(fileno=descriptor) as control:
        if why := _load() or _unfit():
            log.warning("nursery.unfit", why=why, instead="fresh interpreters")
            refuse(control)
            return
        nursery = os.getpid()
        request = tend(control)
    if request is None:
        os._exit(0)  # there is nothing to tidy up, and torch takes its time for that
    be(request, nursery)


def _load() -> str:
    """Load all that children need; return why that failed, empty: it did not."""
    try:
        load()
    except Exception as error:  # noqa: BLE001 -- a fresh interpreter may need less
        return f"it cannot load: {error!r}"
    return ""


def load() -> None:
    """Load all that children need, and leave it where they need not copy it."""
    gc.disable()
    warm_up()
    let_go_of_files()  # halfway: the next ones take as much for a moment
    with for_pandas():
        import catboost  # noqa: F401 -- loaded for its own sake, as the runner

    from automl import families, runner  # noqa: F401
    from automl.bootstrap import log_to_stderr

    for name in FamilyName:
        families.model(name)
    log_to_stderr(Settings.from_environment().log_level)
    gc.enable()
    gc.collect()
    gc.freeze()  # who looks for garbage writes to all that it looks at
    give_back()
    let_go_of_files()


def tend(control: socket.socket) -> Request | None:
    """Fork a child for each request.

    Returns the request in the child that is for it; None in the nursery, when it is to end.
    """
    children: dict[int, Request] = {}  # by a descriptor of the process
    asked = True
    while asked or children:
        sources: list[socket.socket | int] = [*children, *([control] if asked else [])]
        ready = wait(sources, None if children else IDLE_SECONDS)
        if not ready:
            control.shutdown(socket.SHUT_RD)  # what was asked before is still in the socket
        for process in [each for each in ready if isinstance(each, int)]:
            _report(process, children.pop(process))
        if control in ready:
            try:
                request = _next(control)
            except OSError:
                log.exception("child.unborn")
                continue
            asked = request is not None
            if request is not None:
                try:
                    pid = os.fork()
                except OSError:
                    log.exception("child.unborn")
                    _tell(request.channel, {"status": 1})
                else:
                    if pid == 0:
                        return request
                    children[os.pidfd_open(pid)] = replace(request, pid=pid)
                os.close(request.line)
    return None


def refuse(control: socket.socket) -> None:
    """Have no child, and say so to all that asked and that will."""
    control.send(UNFIT)
    control.shutdown(socket.SHUT_RD)
    while (request := _next(control)) is not None:
        _tell(request.channel, {"status": 0})
        os.close(request.line)


def be(request: Request, nursery: int) -> NoReturn:
    """Be the child that was asked for, and end with it: what is the nursery's is not tidied up."""
    end_with_parent(signal.SIGKILL)
    if os.getppid() != nursery:  # it ended before that was known
        os._exit(1)
    call_itself("child")
    _keep_only(0, 1, 2, request.line, request.channel)
    line = attend(request.line)
    if not _announce(request.channel):  # nobody waits for it any more
        os._exit(0)
    status = 1
    try:
        work(request.worker, 1, line, started=request.asked_at, patience=PATIENCE_SECONDS)
        status = 0
    except BaseException:  # noqa: BLE001 -- nothing above this is the child's
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _next(control: socket.socket) -> Request | None:
    """Return the next request; None when there will be no more.

    Raises:
        OSError: no descriptor is free for it. Who asked finds the channel closed.
    """
    message, descriptors = receive(control, 2)
    if not message:
        return None
    if len(descriptors) < 2:
        for each in descriptors:
            os.close(each)
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
    line, channel = descriptors
    return Request(**json.loads(message), line=line, channel=channel)


def _report(process: int, child: Request) -> None:
    """Tell how a child ended."""
    _, status = os.waitpid(child.pid, 0)
    os.close(process)
    _tell(child.channel, {"status": os.waitstatus_to_exitcode(status)})


def _announce(channel: int) -> bool:
    """Tell the parent of this process; False when it does not listen."""
    pid = os.getpid()
    process = os.pidfd_open(pid)
    told = _tell(channel, {"pid": pid}, process)
    os.close(process)
    return told


def _tell(channel: int, word: dict[str, int], *descriptors: int) -> bool:
    """Say a last word over a channel."""
    with socket.socket(fileno=channel) as way:
        try:
            socket.send_fds(way, [json.dumps(word).encode()], descriptors)
        except ConnectionError:
            return False
    return True


def _keep_only(*kept: int) -> None:
    """Close all descriptors but these: an end of another child's line would hide its death."""
    for link in [*Path("/proc/self/fd").iterdir()]:
        if int(link.name) not in kept:
            with contextlib.suppress(OSError):  # it was that of the look itself
                os.close(int(link.name))


def _unfit() -> str:
    """Return why this process cannot be forked, or its forks not be told apart; empty: it can."""
    threads = len([*Path("/proc/self/task").iterdir()])
    if threads > 1:
        return f"it has {threads} threads"
    try:
        process = os.pidfd_open(os.getpid())
        signal.pidfd_send_signal(process, 0)
        os.close(process)
    except OSError as error:
        return f"no descriptors of processes: {error}"
    return ""


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
