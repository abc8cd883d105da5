"""One way to log: a line of JSON per event, without local variables, which may hold secrets."""

import logging

import structlog


def configure(level: str = "INFO") -> None:
    """Make structlog print JSON lines of at least `level`, tracebacks without variables."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        cache_logger_on_first_use=True,
    )
