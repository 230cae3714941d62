"""Settings from the environment or a `.env` file, checked before anything starts."""

import io
import os
import re
import secrets
from collections.abc import Iterable, Set
from datetime import time
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dotenv.parser import parse_stream
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from rapidfuzz import fuzz
from rapidfuzz.distance import OSA
from sqlalchemy import make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError

from flows.domain.quiet_hours import QuietHours

ASYNC_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
CURES = {
    "database_url": "sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME",
    "port": "a number from 1 to 65535",
    "public_url": "the https:// address people reach this server at",
    "telegram_token": "the token @BotFather gave, like 123456:ABC…",
    "telegram_api_url": "the address of a Bot API server",
    "telegram_webhook_secret": "1 to 256 characters of A-Z a-z 0-9 _ -",
    "evidence_url": "file:///FOLDER",
    "log_level": "debug, info, warning or error",
    "quiet_hours": "two times of day like 21:00-06:00, between which no notice goes out",
    "telegram_rate": "messages a second, 30 unless Telegram allows this bot more",
    "telegram_chat_burst": "replies one chat may get at once, 1 to 20",
    "time_zone": "a name like Asia/Ho_Chi_Minh",
}
ENV_FILE = Path(".env")
_TOKEN = re.compile(r"[0-9]+:[A-Za-z0-9_-]+")
# A name in `.env` is meant for us, one in the environment may be another program's: there, only one letter may be off.
_ALIKE_IN_FILE = 85
_SHORTEST_IN_ENVIRONMENT = 8


class SettingsWrong(Exception):
    """A setting is wrong or missing; the message is one line with the cure."""


class Settings(BaseSettings):
    """What can be set from outside. Names in capitals are the environment's."""

    model_config = SettingsConfigDict(
        env_file=ENV_FILE, env_file_encoding="utf-8-sig", extra="ignore", hide_input_in_errors=True
    )

    database_url: str = "sqlite:///hoctap.db"
    port: int = Field(default=8080, ge=1, le=65535)
    public_url: str | None = Field(default=None, pattern=r"^https?://[^\s]+$")
    secret_key: SecretStr | None = Field(default=None, min_length=16)
    telegram_token: SecretStr | None = None
    telegram_api_url: str = Field(default="https://api.telegram.org", pattern=r"^https?://[^\s]+$")
    telegram_webhook_secret: SecretStr | None = None
    evidence_url: str | None = Field(default=None, pattern=r"^file:")
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    time_zone: str = "Asia/Ho_Chi_Minh"
    quiet_hours: str = Field(default="21:00-06:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$")
    telegram_rate: float = Field(default=30.0, gt=0, le=1000)
    telegram_chat_burst: int = Field(default=5, ge=1, le=20)

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        try:
            url = make_url(value)
        except ArgumentError as error:
            raise ValueError("not a database address") from error
        if url.get_backend_name() not in ASYNC_DRIVERS:
            raise ValueError("not a database address")
        if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
            raise ValueError("nothing would be kept")
        driver = ASYNC_DRIVERS[url.get_backend_name()]
        return url.set(drivername=driver).render_as_string(hide_password=False)

    @field_validator("telegram_token")
    @classmethod
    def _telegram_token(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None or not value.get_secret_value():
            return None
        if not _TOKEN.fullmatch(value.get_secret_value()):
            raise ValueError("not a token")
        return value

    @field_validator("telegram_webhook_secret")
    @classmethod
    def _webhook_secret(cls, value: SecretStr | None) -> SecretStr | None:
        letters = value.get_secret_value() if value is not None else ""
        if not letters:
            return None
        if len(letters) > 256 or not all(c.isascii() and (c.isalnum() or c in "_-") for c in letters):
            raise ValueError("not a webhook secret")
        return value

    @field_validator("log_level", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, OSError) as error:
            raise ValueError("not a time zone") from error
        return value

    @model_validator(mode="after")
    def _webhook_has_a_secret(self) -> "Settings":
        if self.telegram_token and self.public_url and self.telegram_webhook_secret is None:
            raise SettingsWrong(
                "TELEGRAM_WEBHOOK_SECRET is missing: with PUBLIC_URL, Telegram proves itself by it; set it to"
                " a long random text of A-Z a-z 0-9 _ -"
            )
        return self

    @property
    def zone(self) -> ZoneInfo:
        """Return the time zone that days and hours are told in."""
        return ZoneInfo(self.time_zone)

    @property
    def quiet(self) -> QuietHours:
        """Return the hours in which nothing is sent automatically."""
        start, end = map(time.fromisoformat, self.quiet_hours.split("-"))
        return QuietHours(start, end)

    @property
    def folder(self) -> Path:
        """Return where files are kept: beside the SQLite file, or the working folder."""
        url: URL = make_url(self.database_url)
        return Path(url.database).parent if url.get_backend_name() == "sqlite" and url.database else Path()

    @property
    def evidence_folder(self) -> Path:
        """Return the folder of evidence files."""
        if self.evidence_url is None:
            return self.folder / "evidence"
        return Path(self.evidence_url.removeprefix("file:").removeprefix("//"))

    def signing_key(self) -> bytes:
        """Return SECRET_KEY, or a key made once and kept beside the database, readable by its owner only."""
        if self.secret_key is not None:
            return self.secret_key.get_secret_value().encode()
        path = self.folder / "hoctap.key"
        if not path.exists() or not path.read_text().strip():
            # Whole or not there: an empty key, left by a death in between, would sign for everybody.
            fresh = path.with_name(f"{path.name}.{os.getpid()}")
            fresh.touch(mode=0o600)
            fresh.write_text(secrets.token_urlsafe(32))
            fresh.replace(path)
        return path.read_text().strip().encode()


def read_settings() -> Settings:
    """Read the settings. Raises SettingsWrong naming the first one that is off, never its value."""
    _refuse_misspelt(_names_in_file(), os.environ)
    try:
        return Settings()
    except ValidationError as error:
        name = str(error.errors()[0]["loc"][0])
        raise SettingsWrong(f"{name.upper()} is not usable: {CURES.get(name, error.errors()[0]['msg'])}") from None


def _names_in_file() -> list[str]:
    """Return the names that `.env` sets."""
    names = []
    for binding in parse_stream(io.StringIO(_env_file())):
        if binding.error or (binding.key and binding.value is None):
            above = binding.original.string[: -len(binding.original.string.lstrip())]
            line = binding.original.line + above.count("\n")
            raise SettingsWrong(f"{ENV_FILE}, line {line}: is not understood; write NAME=VALUE")
        if binding.key:
            names.append(binding.key)
    return names


def _env_file() -> str:
    """Return what `.env` holds, if there is one."""
    try:
        data = ENV_FILE.read_bytes() if ENV_FILE.exists() else b""
    except OSError as error:
        raise SettingsWrong(f"{ENV_FILE} cannot be read: {error.strerror}") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:  # UTF-16 without a mark may pass for UTF-8
        raise SettingsWrong(f"{ENV_FILE} is not in UTF-8 (perhaps in UTF-16); save it as UTF-8")
    return text


def _refuse_misspelt(in_file: Iterable[str], in_environment: Iterable[str]) -> None:
    """Refuse a name that is nearly one of ours, when that one is not set: it would be silently nothing."""
    known = {name.upper() for name in Settings.model_fields}
    in_file, in_environment = set(map(str.upper, in_file)), set(map(str.upper, in_environment))
    missing = known - in_file - in_environment
    for name in sorted(in_file - known):
        if near := _nearest(name, missing):
            raise SettingsWrong(f"{ENV_FILE} sets {name}, which is no setting; {near} is")
    for name in sorted(in_environment - known - in_file):
        if len(name) >= _SHORTEST_IN_ENVIRONMENT and (near := _nearest(name, missing, only_slips=True)):
            raise SettingsWrong(f"the environment sets {name}, which is no setting; {near} is")


def _nearest(name: str, known: Set[str], *, only_slips: bool = False) -> str | None:
    """Return the name that one letter makes of this, or, unless only slips count, one that looks like it."""
    near = min(sorted(known), key=lambda candidate: OSA.distance(name, candidate), default="")
    if near and OSA.distance(name, near) <= 1:
        return near
    alike = max(sorted(known), key=lambda candidate: fuzz.ratio(name, candidate), default="")
    return alike if not only_slips and fuzz.ratio(name, alike) >= _ALIKE_IN_FILE else None
