"""The product's training child: its first trials train three together, until that kills it.

It dies at the 20th epoch of a group, as if struck from outside; trials that train alone end.
"""

import os
import signal
import sys
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any
from unittest import mock

from automl.core.trial import CurvePoint
from automl.runner import companions, together
from automl.search import group
from automl.search.group import Member, evaluate_together
from automl.search.prepare import Prepared
from workers import child

FATAL = 20


def fatal(prepared: Prepared, members: Sequence[Member], **how: Any) -> None:
    passed = count(1)

    def counted(report: Callable[[CurvePoint], None]) -> Callable[[CurvePoint], None]:
        def counting(point: CurvePoint) -> None:
            report(point)
            if next(passed) == FATAL:
                os.kill(os.getpid(), signal.SIGKILL)

        return counting

    for member in members:
        member.control.report = counted(member.control.report)  # type: ignore[assignment]
    evaluate_together(prepared, members, **how)


if __name__ == "__main__":
    with (
        mock.patch.object(group, "companions", return_value=3),
        mock.patch.object(companions, "portfolio", return_value=()),
        mock.patch.object(together, "evaluate_together", fatal),
    ):
        child.main(sys.argv[1], 1, int(sys.argv[2]))
