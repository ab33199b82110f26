"""Log lines are an event name and fields, for a console or as JSON; never a transcript, never a secret."""

import logging
import sys

import structlog

from worker.settings.groups import LogSettings

#: the level `debug` is theirs alone: other libraries write their requests and answers then, sessions' words among them
_DEBUGGED = ("worker", "bridge", "dashboard", "assessor", "celery", "kombu")


def configure_logs(settings: LogSettings, *, is_final: bool = True) -> None:
    """Send everything, Celery's own lines included, to standard error in one form.

    Once it is final a logger remembers it from its first line on, and another configuration reaches that one no more.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[settings.level.upper()]),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=is_final,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(settings)],
        )
    )
    logging.captureWarnings(True)
    root = logging.getLogger()
    root.handlers = [handler]
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    root.setLevel(max(level, logging.INFO))
    for name in _DEBUGGED:
        logging.getLogger(name).setLevel(level)
    for noisy in ("sentence_transformers", "httpx", "urllib3", "filelock", "LiteLLM"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    if level > logging.DEBUG:
        # two sentences a task, of what the ledger and Flower know in more detail
        for wordy in ("celery.worker.strategy", "celery.app.trace"):
            logging.getLogger(wordy).setLevel(max(level, logging.WARNING))


def _rendering(settings: LogSettings) -> list[structlog.typing.Processor]:
    """An exception is its plain traceback: the values of local variables are tokens and transcripts."""
    if settings.format == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    return [structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)]
