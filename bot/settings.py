"""Settings from the environment or a `.env` file, checked before anything starts."""

import io
import os
import re
import secrets
from collections.abc import Callable, Iterable, Mapping, Set
from datetime import time
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dotenv import dotenv_values
from dotenv.parser import parse_stream
from msgspec import Meta, Struct, convert
from msgspec.structs import FieldInfo, fields, force_setattr
from rapidfuzz import fuzz
from rapidfuzz.distance import OSA
from sqlalchemy import make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError

from flows.domain.quiet_hours import QuietHours

ASYNC_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
PROXIES = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")
CURES = {
    "database_url": "sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME",
    "port": "a number from 1 to 65535",
    "secret_key": "a long random text, 16 characters at least",
    "public_url": "the https:// address people reach this server at",
    "telegram_token": "the token @BotFather gave, like 123456:ABC…",
    "telegram_tokens": "codes of units with the tokens of their bots, like 12345=123456:ABC… 67890=234567:DEF…",
    "telegram_api_url": "the address of a Bot API server",
    "telegram_proxy": "a proxy like http://HOST:PORT or socks5://USER:WORD@HOST:PORT",
    "telegram_webhook_secret": "1 to 256 characters of A-Z a-z 0-9 _ -",
    "zalo_bot_token": "the token that Zalo gave for the bot, like 123456:ABC…",
    "zalo_bot_api_url": "the address of a Bot Platform server",
    "zalo_bot_webhook_secret": "8 to 256 characters of A-Z a-z 0-9 _ -",
    "zalo_oa_app_id": "the digits that developers.zalo.me shows as the application's ID",
    "zalo_oa_id": "the digits after zalo.me/ in the link of the Official Account",
    "zalo_oa_secret": "the secret key that developers.zalo.me shows for the application",
    "zalo_oa_refresh_token": "the refresh token that developers.zalo.me gives for the Official Account",
    "zalo_oa_api_url": "the address of a Zalo OpenAPI server",
    "zalo_oa_oauth_url": "the address of a Zalo OAuth server",
    "zalo_oa_webhook_secret": "the OA secret key shown beside the webhook; several with commas between them",
    "zalo_oa_template": "the number of a template that Zalo has approved, with one parameter called noi_dung",
    "zalo_oa_price": "đồng a message costs that goes two to seven days after somebody's last word, 55 by Zalo's list",
    "zalo_oa_template_price": "đồng a message by template costs, 200 to 300 by Zalo's list",
    "evidence_url": "file:///FOLDER",
    "log_level": "debug, info, warning or error",
    "quiet_hours": "two times of day like 21:00-06:00, between which no notice goes out",
    "telegram_rate": "messages a second, 30 unless Telegram allows this bot more",
    "telegram_chat_burst": "replies one chat may get at once, 1 to 20",
    "time_zone": "a name like Asia/Ho_Chi_Minh",
}
ENV_FILE = Path(".env")
SHORTEST_KEY = 16
# A name in `.env` is meant for us, one in the environment may be another program's: there, only one letter may be off.
_TOKEN = re.compile(r"[0-9]+:[A-Za-z0-9_-]+")
_ALIKE_IN_FILE = 85
_SHORTEST_IN_ENVIRONMENT = 8


class SettingsWrong(Exception):
    """A setting is wrong or missing; the message is one line with the cure."""


LogLevel = Literal["debug", "info", "warning", "error"]


class SecretStr:
    """A text that does not show when what holds it is printed."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def get_secret_value(self) -> str:
        """Return the text."""
        return self._value

    def __repr__(self) -> str:
        return "SecretStr('**********')"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SecretStr) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)


class Settings(Struct, frozen=True, kw_only=True):
    """What can be set from outside. Names in capitals are the environment's."""

    database_url: str = "sqlite:///hoctap.db"
    port: Annotated[int, Meta(ge=1, le=65535)] = 8080
    public_url: Annotated[str, Meta(pattern=r"^https?://[^\s]+\Z")] | None = None
    secret_key: SecretStr | None = None
    telegram_token: SecretStr | None = None
    telegram_tokens: tuple[tuple[str, SecretStr], ...] = ()
    telegram_api_url: Annotated[str, Meta(pattern=r"^https?://[^\s]+\Z")] = "https://api.telegram.org"
    telegram_webhook_secret: SecretStr | None = None
    telegram_proxy: SecretStr | None = None
    zalo_bot_token: SecretStr | None = None
    zalo_bot_api_url: Annotated[str, Meta(pattern=r"^https?://[^\s]+\Z")] = "https://bot-api.zaloplatforms.com"
    zalo_bot_webhook_secret: SecretStr | None = None
    zalo_oa_app_id: Annotated[str, Meta(pattern=r"^[0-9]{1,32}\Z")] | None = None
    zalo_oa_id: Annotated[str, Meta(pattern=r"^[0-9]{1,32}\Z")] | None = None
    zalo_oa_secret: SecretStr | None = None
    zalo_oa_refresh_token: SecretStr | None = None
    zalo_oa_api_url: Annotated[str, Meta(pattern=r"^https?://[^\s]+\Z")] = "https://openapi.zalo.me"
    zalo_oa_oauth_url: Annotated[str, Meta(pattern=r"^https?://[^\s]+\Z")] = "https://oauth.zaloapp.com"
    zalo_oa_webhook_secret: SecretStr | None = None
    zalo_oa_template: Annotated[str, Meta(pattern=r"^[0-9]{1,32}\Z")] | None = None
    zalo_oa_price: Annotated[int, Meta(ge=0, le=100_000)] = 55
    zalo_oa_template_price: Annotated[int, Meta(ge=0, le=100_000)] = 200
    evidence_url: Annotated[str, Meta(pattern=r"^file:")] | None = None
    log_level: LogLevel = "info"
    time_zone: str = "Asia/Ho_Chi_Minh"
    quiet_hours: Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d\Z")] = "21:00-06:00"
    telegram_rate: Annotated[float, Meta(gt=0, le=1000)] = 30.0
    telegram_chat_burst: Annotated[int, Meta(ge=1, le=20)] = 5

    def __post_init__(self) -> None:
        """Name the driver that we bring, whatever driver is named."""
        force_setattr(self, "database_url", _database(self.database_url))

    @property
    def zone(self) -> ZoneInfo:
        """Return the time zone that days and hours are told in."""
        return ZoneInfo(self.time_zone)

    @property
    def telegram_bots(self) -> tuple[tuple[str, SecretStr], ...]:
        """Return the code of the unit that each bot on Telegram is for, in lower case, with the bot's token. The bot
        for everybody comes first, its code is empty."""
        general = (("", self.telegram_token),) if self.telegram_token is not None else ()
        return (*general, *self.telegram_tokens)

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


def read_settings(log_level: LogLevel = "info") -> Settings:
    """Read the settings; `log_level` is for where none is set. Raises SettingsWrong naming the first one that is off,
    never its value."""
    text = _env_file()
    _refuse_misspelt(_names_in(text), os.environ)
    sources = ({"log_level": log_level}, _set_in(text), os.environ)
    given = {name.lower(): value for source in sources for name, value in source.items()}
    read = Settings(**{one.name: _value(one, given[one.name]) for one in fields(Settings) if one.name in given})
    _refuse_one_bot_twice(read)
    if read.telegram_bots and read.public_url and read.telegram_webhook_secret is None:
        raise SettingsWrong(
            "TELEGRAM_WEBHOOK_SECRET is missing: with PUBLIC_URL, Telegram proves itself by it; set it to"
            " a long random text of A-Z a-z 0-9 _ -"
        )
    if read.zalo_oa_app_id is not None:
        for name in ("zalo_oa_secret", "zalo_oa_refresh_token", "zalo_oa_webhook_secret"):
            if getattr(read, name) is None:
                raise SettingsWrong(f"{name.upper()} is missing: ZALO_OA_APP_ID needs it; set it to {CURES[name]}")
    return read


def _set_in(text: str) -> dict[str, str]:
    values = dotenv_values(stream=io.StringIO(text))
    return {name: value for name, value in values.items() if value is not None}


def _value(setting: FieldInfo, given: str) -> Any:
    try:
        return convert(_READ.get(setting.name, str)(given), setting.type, strict=False)
    except ValueError:  # msgspec's own among them
        raise SettingsWrong(f"{setting.name.upper()} is not usable: {CURES[setting.name]}") from None


def _database(given: str) -> str:
    try:
        url = make_url(given)
    except ArgumentError as error:
        raise ValueError("not a database address") from error
    if url.get_backend_name() not in ASYNC_DRIVERS:
        raise ValueError("not a database address")
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise ValueError("nothing would be kept")
    return url.set(drivername=ASYNC_DRIVERS[url.get_backend_name()]).render_as_string(hide_password=False)


def _key(given: str) -> SecretStr:
    if len(given) < SHORTEST_KEY:
        raise ValueError("too short")
    return SecretStr(given)


def _secret(pattern: str) -> Callable[[str], SecretStr | None]:
    """Return what reads a secret that looks so. An empty one is none."""
    looks = re.compile(pattern)

    def read(given: str) -> SecretStr | None:
        if given and not looks.fullmatch(given):
            raise ValueError("looks otherwise")
        return SecretStr(given) if given else None

    return read


def _tokens(given: str) -> tuple[tuple[str, SecretStr], ...]:
    pairs = [pair.partition("=") for pair in re.split(r"[\s,;]+", given.strip()) if pair]
    if not all(code and _TOKEN.fullmatch(token) for code, _equals, token in pairs):
        raise ValueError("not codes with tokens")
    if len({code.lower() for code, _equals, _token in pairs}) < len(pairs):
        raise ValueError("two bots for one unit")
    return tuple((code.lower(), SecretStr(token)) for code, _equals, token in pairs)


def _refuse_one_bot_twice(read: Settings) -> None:
    bots = [token.get_secret_value().partition(":")[0] for _unit, token in read.telegram_bots]
    if twice := next((bot for bot in bots if bots.count(bot) > 1), None):
        raise SettingsWrong(f"TELEGRAM_TOKENS names the bot {twice} twice, or TELEGRAM_TOKEN names it, too")


def _proxy(given: str) -> SecretStr | None:
    parts = urlsplit(given)
    if given and (parts.scheme not in PROXIES or not parts.hostname or parts.port == 0):  # a wrong port raises, too
        raise ValueError("not the address of a proxy")
    return SecretStr(given) if given else None


def _zone(given: str) -> str:
    try:
        ZoneInfo(given)
    except (ZoneInfoNotFoundError, OSError) as error:
        raise ValueError("not a time zone") from error
    return given


# What is looked at before its type is.
_READ: Mapping[str, Callable[[str], object]] = {
    "database_url": _database,
    "secret_key": _key,
    "telegram_token": _secret(_TOKEN.pattern),
    "telegram_tokens": _tokens,
    "telegram_proxy": _proxy,
    "telegram_webhook_secret": _secret(r"[A-Za-z0-9_-]{1,256}"),
    "zalo_bot_token": _secret(r"[A-Za-z0-9_.:~-]{8,}"),
    "zalo_bot_webhook_secret": _secret(r"[A-Za-z0-9_-]{8,256}"),
    "zalo_oa_secret": _secret(r"[!-~]{4,256}"),
    "zalo_oa_refresh_token": _secret(r"[!-~]{8,4096}"),
    "zalo_oa_webhook_secret": _secret(r"[!-+.-~-]{4,256}( *, *[!-+.-~-]{4,256})*"),
    "log_level": str.lower,
    "time_zone": _zone,
}


def _names_in(text: str) -> list[str]:
    """Return the names that `.env` sets."""
    names = []
    for binding in parse_stream(io.StringIO(text)):
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
    known = {one.name.upper() for one in fields(Settings)}
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
