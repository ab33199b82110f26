"""The Celery app and its configuration, nothing else. `celery -A worker.task_queue.app …` finds it here too.

Every value that is not Celery's default is there because something was lost, blocked or slow without it.
"""

from functools import cache

from celery import Celery
from kombu import Queue

from worker.settings import Settings, load_settings
from worker.task_queue.messages import ATTRIBUTION, EMBEDDING, QUEUES


def make_app(settings: Settings, *, publisher_only: bool = False) -> Celery:
    """`publisher_only`: without a result backend, which a publisher would subscribe to for every header result."""
    app = Celery("groove", include=[] if publisher_only else ["worker.tasks"])
    app.conf.update(
        broker_url=settings.broker_url,
        result_backend=None if publisher_only else settings.broker_url,
        # JSON only: nothing that comes from a queue is ever executed
        accept_content=["json"],
        task_serializer="json",
        result_serializer="json",
        task_default_queue=ATTRIBUTION,
        task_queues=[Queue(name) for name in QUEUES],
        task_routes={"groove.prepare_session": {"queue": EMBEDDING}},
        task_create_missing_queues=False,
        # the ledger redelivers; late acknowledgement would loop a task that kills its process
        task_acks_late=False,
        task_reject_on_worker_lost=False,
        task_soft_time_limit=settings.worker.soft_time_limit,
        task_time_limit=settings.worker.soft_time_limit + settings.worker.hard_limit_grace,
        task_annotations={
            "groove.prepare_session": {
                "soft_time_limit": settings.worker.prepare_soft_time_limit,
                "time_limit": settings.worker.prepare_soft_time_limit + settings.worker.hard_limit_grace,
            }
        },
        task_publish_retry=False,
        # nobody reads results from the broker: a chord counts without them, Flower shows them from the workers' events, and keeping
        # them takes two round trips a task
        task_ignore_result=True,
        task_track_started=False,
        task_send_sent_event=False,
        # a child that loads the model first needs longer than Celery's 4 seconds
        worker_proc_alive_timeout=180.0,
        worker_prefetch_multiplier=settings.worker.prefetch,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        broker_connection_retry_on_startup=True,
        broker_connection_timeout=3,
        broker_transport_options={
            "visibility_timeout": 3600,
            "socket_timeout": 5,
            "socket_connect_timeout": 3,
            "socket_keepalive": True,
            # in the order of `task_queues`
            "queue_order_strategy": "priority",
        },
        result_backend_transport_options={"socket_timeout": 5, "socket_connect_timeout": 3, "socket_keepalive": True},
        redis_socket_timeout=5,
        redis_socket_connect_timeout=3,
        result_expires=24 * 3600,
        # expired chord data would hang silently
        result_chord_expires=7 * 24 * 3600,
        broker_heartbeat=0,
        enable_utc=True,
    )
    return app


@cache
def _default_app() -> Celery:
    return make_app(load_settings())


def __getattr__(name: str) -> Celery:
    if name == "app":
        return _default_app()
    raise AttributeError(name)
