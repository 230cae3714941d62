"""Logs: what happened and where, never what somebody said, is called or was given."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]
PRELUDE = """
import asyncio, logging, structlog
from bot import logs
logs.set_up("info")
log = structlog.get_logger()

def fails(secret):
    name = f"Nguyễn Thị {secret}"
    try:
        int(name)
    except ValueError as error:
        raise RuntimeError(f"{name} has answered {secret}") from error
"""


def logged(program: str) -> list[str]:
    """Return the lines that a program logs, as `hoctap serve` would."""
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + program], capture_output=True, text=True, cwd=CHECKOUT, check=True, timeout=60
    )
    assert done.stdout == ""
    return done.stderr.splitlines()


CASES: dict[str, str] = {
    "log.exception": "log.exception('turn_broken', inbox_id=7)",
    "log.warning": "log.warning('turn_broken', exc_info=True, inbox_id=7)",
    "log.error": "log.error('turn_broken', exc_info=error, inbox_id=7)",
}


@pytest.mark.parametrize("case", CASES)
def test_an_exception_is_logged_by_its_type_and_place_in_one_line(case: str) -> None:
    program = f"try:\n    fails('geheim')\nexcept RuntimeError as error:\n    {CASES[case]}\n"
    (line,) = logged(program)
    entry = json.loads(line)
    assert (entry["event"], entry["inbox_id"], entry["error"]) == ("turn_broken", 7, "RuntimeError")
    assert [place.split()[-1] for place in entry["at"]] == ["<module>", "fails"]
    assert "geheim" not in line
    assert "Nguyễn" not in line


def test_an_exception_of_several_has_no_more_to_say() -> None:
    program = """
try:
    try:
        fails("geheim")
    except RuntimeError as error:
        raise ExceptionGroup("geheim", [error])
except ExceptionGroup as group:
    group.add_note("geheim")
    log.exception("turn_broken")
"""
    (line,) = logged(program)
    assert json.loads(line)["error"] == "ExceptionGroup"
    assert "geheim" not in line


def test_what_a_database_refuses_does_not_show() -> None:
    program = """
import sqlalchemy as sa
engine = sa.create_engine("sqlite://", hide_parameters=True)
try:
    with engine.begin() as connection:
        connection.execute(sa.text("SELECT geheim FROM people WHERE name = :name"), {"name": "Nguyễn geheim"})
except sa.exc.SQLAlchemyError:
    log.exception("batch_failed")
"""
    (line,) = logged(program)
    assert json.loads(line)["error"] == "OperationalError"
    assert "geheim" not in line


def test_addresses_that_hold_a_token_are_not_logged_by_libraries() -> None:
    program = """
for name in ("httpx", "httpcore", "httpcore.http11", "telegram.ext", "aiohttp.access", "uvicorn.access"):
    logging.getLogger(name).info("POST https://api.telegram.org/bot123456:geheim/getMe")
    logging.getLogger(name).debug("geheim")
"""
    assert logged(program) == []


def test_what_libraries_log_has_no_message_of_an_exception_either() -> None:
    program = """
async def main():
    async def task():
        fails("geheim")
    lost = asyncio.create_task(task())
    await asyncio.sleep(0.01)
try:
    fails("geheim")
except RuntimeError as error:
    logging.getLogger("uvicorn.error").error("Exception in ASGI application\\n", exc_info=error)
asyncio.run(main())
logging.getLogger("asyncio").warning("Something %s", "happened")
"""
    lines = logged(program)
    entries = [json.loads(line) for line in lines]
    assert [(entry["logger"], entry["event"], entry.get("error")) for entry in entries] == [
        ("uvicorn.error", "Exception in ASGI application", "RuntimeError"),
        ("asyncio", "Task exception was never retrieved", "RuntimeError"),
        ("asyncio", "Something happened", None),
    ]
    assert not any("geheim" in line for line in lines)


def test_less_than_the_level_asked_for_is_not_logged() -> None:
    assert [json.loads(line)["event"] for line in logged("log.debug('a'); log.info('b'); log.warning('c')")] == [
        "b",
        "c",
    ]


def test_every_line_has_a_time_in_utc_and_a_level() -> None:
    (line,) = logged("log.info('letter_delayed', outbox_id=3)")
    entry = json.loads(line)
    assert (entry["level"], entry["outbox_id"]) == ("info", 3)
    assert entry["timestamp"].endswith("Z")
