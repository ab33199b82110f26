"""Celery and the broker, as this system uses them.

app           the Celery app and its configuration; `celery -A worker.task_queue.app …`
messages      what stands in our messages: queues, a header, versions
workflow      the tasks of one session, by name: what is enqueued, in which order
queues        how long the queues are, and how old their oldest message
broker        a connection to the broker beside Celery's own
bundle_cache  prepared sessions, kept on the broker for the tasks of their learnings
give_up       ends a session that could not be prepared
"""
