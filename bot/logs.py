"""Logs: one line an event, ids only; never a name, number, answer or token."""

import logging
import sys

import structlog


def set_up(level: str) -> None:
    """Log to standard error, as JSON unless somebody is watching."""
    renderer: structlog.types.Processor = (
        structlog.dev.ConsoleRenderer()
        if sys.stderr.isatty()
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _without_locals,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, handlers=[_Libraries()])
    # At INFO these name addresses that hold the bot's token.
    for chatty in ("httpx", "httpcore", "telegram", "aiohttp.access", "uvicorn.access"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


class _Libraries(logging.Handler):
    """Logs what libraries say as we do: their first line, and an exception by its type and place."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log a record."""
        error = record.exc_info[1] if record.exc_info else None
        first_line = record.getMessage().partition("\n")[0]
        structlog.get_logger().log(record.levelno, first_line, logger=record.name, exc_info=error)


def _without_locals(_logger: object, _method: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    """Reduce an exception to its type and where it happened: messages and statements may hold what people wrote."""
    raised = event.pop("exc_info", None)
    error = sys.exc_info()[1] if raised is True else raised
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        event["at"] = _places(error)
    return event


def _places(error: BaseException) -> list[str]:
    places = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return places[-8:]
