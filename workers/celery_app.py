"""The Celery application: it carries doorbells and nothing else.

A bell is the task ``drain``. It is acknowledged on arrival, expires after half a minute and has no
arguments and no result: a lost, doubled or late one changes nothing, because SQL is the only truth.
"""

from collections.abc import Mapping

from celery import Celery

DRAIN = "automl.drain"
BELL_EXPIRES_SECONDS = 30.0

# The sender must never wait: no retries, and a broker that does not answer is given a moment only.
IMPATIENT = {"socket_connect_timeout": 0.2, "socket_timeout": 0.2, "max_retries": 0}

# The listener waits for ever, but notices a connection that died silently.
PATIENT = {"socket_connect_timeout": 2.0, "socket_keepalive": True, "health_check_interval": 10}


def create(broker_url: str, transport: Mapping[str, object]) -> Celery:
    """Return the application for a broker, with ``IMPATIENT`` or ``PATIENT`` transport options."""
    url = broker_url.replace("unix://", "redis+socket://", 1)  # as Celery calls a unix socket
    app = Celery("automl", broker=url, set_as_current=False)
    app.conf.update(
        accept_content=["json"],
        broker_connection_max_retries=None,
        broker_connection_retry_on_startup=True,
        broker_pool_limit=1,
        broker_transport_options=dict(transport),
        task_create_missing_queues=True,
        task_default_queue="automl.doorbell",
        task_ignore_result=True,
        task_store_errors_even_if_ignored=False,
        worker_cancel_long_running_tasks_on_connection_loss=True,  # there are none to cancel
        worker_enable_remote_control=False,
        worker_hijack_root_logger=False,
        worker_prefetch_multiplier=1,
        worker_redirect_stdouts=False,
        worker_send_task_events=False,
    )
    return app
