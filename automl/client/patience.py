"""How long to go on trying, and how long to wait in between."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

FIRST_SECONDS = 0.2
LONGEST_SECONDS = 5.0

STEADY_SECONDS = 5.0
"""What stood for so long was there: whoever loses it then has waited for nothing yet."""


class Patience:
    """Waits that double, with jitter, so that many clients do not come back all at once.

    >>> patience = Patience(60.0, sleep=lambda _: None)
    >>> patience.wait(), patience.wait(hint=3600.0)
    (True, False)
    """

    def __init__(self, seconds: float, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._seconds = seconds
        self._sleep = sleep
        self.renew()

    def renew(self) -> None:
        """Start anew: something was achieved."""
        self._pause = FIRST_SECONDS
        self._deadline = time.monotonic() + self._seconds

    @contextmanager
    def there(self) -> Iterator[None]:
        """Start anew at the end of a block in which what is waited for was there for a while."""
        since = time.monotonic()
        try:
            yield
        finally:
            if time.monotonic() - since >= STEADY_SECONDS:
                self.renew()

    def wait(self, hint: float | None = None) -> bool:
        """Sleep, and return whether to try again.

        Args:
            hint: seconds that the service asked to wait (``Retry-After``).
        """
        pause = self._pause * random.uniform(0.5, 1.0) if hint is None else hint
        self._pause = min(2 * self._pause, LONGEST_SECONDS)
        if time.monotonic() + pause > self._deadline:
            return False
        self._sleep(pause)
        return True
