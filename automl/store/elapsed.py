"""A study's time: what has passed, pauses left out."""


def elapsed(*, started_at: float | None, until: float, paused_seconds: float) -> float:
    """Return the seconds from the start until then, pauses left out; 0 before the start."""
    return 0.0 if started_at is None else max(0.0, until - started_at - paused_seconds)
