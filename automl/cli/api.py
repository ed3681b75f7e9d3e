"""``automl api``: the REST API alone."""

import gc
import socket
from typing import Annotated

import typer

from automl.settings import Settings

GRACEFUL_SECONDS = 1
"""Event streams never end by themselves; their clients come back with the last id they saw."""


def api(
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="The port to listen on.")] = None,
    fd: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Run the API; it brings the database's schema to its own version first."""
    from automl.core.lean import with_few_arenas, without, without_pandas, without_pools

    with_few_arenas()
    without_pandas()
    without_pools()
    with without("rich", "yaml"):  # structlog and Celery would load them for nothing
        import uvicorn

        from api.app import create_app
        from api.protocol import Protocol
        from automl.bootstrap import log_to_stderr, start
        from automl.core.fault import configure
        from automl.service import keys
        from workers import process
        from workers.process import StartError
        from workers.queue import CeleryDoorbell, broker_url

    settings = Settings.from_environment(host=host, port=port)
    configure(settings.fault)
    log_to_stderr(settings.log_level)
    process.take_descriptors()
    with start(settings) as application:
        process.apart(application.store.migrate)  # of which Alembic would stay
        application.store.migrate()  # nothing is left to do, or it says why it cannot be done
        if not settings.is_local and not keys.exist(application.store):
            raise StartError(process.needs_key(settings.host))
        doorbell = CeleryDoorbell(broker_url(settings))
        server = uvicorn.Server(
            uvicorn.Config(
                create_app(settings, application.store, doorbell),
                host=settings.host,
                port=settings.port,
                http=Protocol,
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=GRACEFUL_SECONDS,
            )
        )
        # What was loaded stays: looking through it for garbage held all answers up, 0.3 s at once.
        gc.freeze()
        # A listening socket that the supervisor holds outlives this process and its successors.
        server.run(sockets=None if fd is None else [socket.socket(fileno=fd)])
