"""Logs for tests: plain tracebacks, for those with every local value take minutes when a bug breaks each turn."""

import structlog


def use_plain_logs() -> None:
    """Log plainly from now on."""
    plain = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.reset_defaults()
    structlog.configure(processors=[structlog.processors.add_log_level, plain])
