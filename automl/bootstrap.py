"""The composition root: from settings to a running application.

The doorbell comes in as an argument, so that this module need not know any queue.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from automl.core.ports import Store
from automl.service.cache import Cache
from automl.settings import Settings
from automl.store import open_store


@dataclass(frozen=True, slots=True)
class Application:
    """What every process with a store has."""

    settings: Settings
    store: Store
    cache: Cache


@contextmanager
def start(settings: Settings) -> Iterator[Application]:
    """Give an application on the configured store; nothing is connected before it is used."""
    if not settings.database_url:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    store = open_store(settings)
    try:
        yield Application(settings, store, Cache(settings.cache_dir, store.artifacts))
    finally:
        store.close()


def log_to_stderr(level: str) -> None:
    """Send every log line to stderr: for a person on a terminal, as JSON anywhere else."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,  # most requests are told at DEBUG, and cost nothing
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    terminal = sys.stderr.isatty()
    last: list[structlog.typing.Processor] = (
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if terminal
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for chatty in ("alembic", "uvicorn"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    for alarmist in ("celery", "kombu"):  # a broker that is away is told of in one line
        logging.getLogger(alarmist).setLevel(logging.ERROR)
