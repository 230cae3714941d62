"""How python-telegram-bot reaches a Bot API server: over aiohttp, at a fraction of the CPU that httpx takes.

Addresses of the Bot API hold the bot's token. So errors are told anew, without their cause, and without the token.
"""

import json
import re
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.request import getproxies, proxy_bypass

import aiohttp
import msgspec
from telegram.error import NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData
from yarl import URL

from bot.services.safe_fetch import received
from bot.services.sending import FileGone

CONNECT_SECONDS = 10.0
UPLOAD_SECONDS = 30.0
CONNECTIONS = 64
GATEWAY_ERRORS = frozenset({502, 504})

# What is raised before anything was sent.
NOT_CONNECTED = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError)

_PLAINLY_DONE = re.compile(rb'\s*\{\s*"ok"\s*:\s*true\s*,\s*"result"')


class Unreachable(NetworkError):
    """The server was not reached: nothing was sent."""


class ServerFailed(NetworkError):
    """The Bot API server itself failed and said so: nothing was sent. A gateway's 502 or 504 says no such thing."""


@dataclass(frozen=True, slots=True)
class JsonBody:
    """A call as it is sent, in the place of python-telegram-bot's RequestData, which is made of its own objects."""

    content: bytes
    multipart_data: Mapping[str, Any] = field(default_factory=dict)


class AiohttpRequest(BaseRequest):
    """Requests to one server in one session, made when first needed, by a proxy (http, https or socks): the one that
    is given, or else the one the environment names for the server."""

    def __init__(self, server: URL, token: str, answer_seconds: float, proxy: str | None = None) -> None:
        self._proxy = URL(proxy) if proxy else _proxy_for(server)
        self._proxy_headers = _who_asks(self._proxy)
        self._secret = token.partition(":")[2] or token
        self._answer_seconds = answer_seconds
        self._session: aiohttp.ClientSession | None = None
        self._not_connected: tuple[type[Exception], ...] = NOT_CONNECTED

    @property
    def _failures(self) -> tuple[type[Exception], ...]:
        return (aiohttp.ClientError, OSError, *self._not_connected)

    @property
    def read_timeout(self) -> float:
        """Return the seconds that an answer may take."""
        return self._answer_seconds

    async def initialize(self) -> None:
        """Do nothing: the session is made when it is needed."""

    async def shutdown(self) -> None:
        """Close the session."""
        if self._session is not None:
            await self._session.close()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: object = BaseRequest.DEFAULT_NONE,
        write_timeout: object = BaseRequest.DEFAULT_NONE,
        connect_timeout: object = BaseRequest.DEFAULT_NONE,
        pool_timeout: object = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Return the status and body of an answer of the Bot API. What a gateway says instead is a NetworkError."""
        try:
            async with self._open(method, url, read_timeout, _body(request_data)) as response:
                status, body = response.status, await response.read()
        except self._failures as error:
            failure = self._told(error)
        else:
            meant = _meant(status, body)
            if meant != 200:
                body = body.replace(self._secret.encode(), b"...")
            if meant >= 500 and meant not in GATEWAY_ERRORS:
                raise ServerFailed(str(self.parse_json_payload(body).get("description", f"HTTP {meant}")))
            return meant, body
        raise failure

    async def call(self, url: str, body: bytes) -> dict[str, Any]:
        """Make a call with fields in JSON and return its result as it came. Raises TelegramError."""
        result = await self.post(url, cast("RequestData", JsonBody(body)))
        return cast("dict[str, Any]", result)

    async def download(self, url: str, most: int) -> bytes:
        """Return a file. Raises FileTooLarge as soon as there is more than `most`, FileGone, NetworkError."""
        try:
            async with self._open("GET", url) as response:
                if response.status in (400, 404, 410):
                    raise FileGone(f"HTTP {response.status}")
                if response.status == 200:
                    return await received(response, most)
                failure: TelegramError = NetworkError(f"HTTP {response.status}")
        except self._failures as error:
            failure = self._told(error)
        raise failure

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """Return an answer of the Bot API. Raises NetworkError for anything else, the page of a gateway for example."""
        answer = _json(payload)
        if isinstance(answer, dict) and ("result" in answer or "description" in answer):
            return answer
        raise NetworkError("not answered by a Bot API server but by something before it")

    def _open(
        self,
        method: str,
        url: str,
        read_timeout: object = BaseRequest.DEFAULT_NONE,
        body: aiohttp.FormData | aiohttp.BytesPayload | None = None,
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        answer = self._seconds(read_timeout)
        timeout = aiohttp.ClientTimeout(
            total=None if answer is None else CONNECT_SECONDS + UPLOAD_SECONDS + answer,
            connect=CONNECT_SECONDS,
            sock_read=answer,
        )
        # A redirect would carry the token to another host.
        return self._opened().request(
            method, url, data=body, timeout=timeout, allow_redirects=False, proxy_headers=self._proxy_headers
        )

    def _seconds(self, wish: object) -> float | None:
        """Return how many seconds to wait for an answer: those wished for, or the usual ones where nothing is wished;
        None and 0 stand for no end."""
        if wish is None or isinstance(wish, int | float):
            return wish or None
        return self._answer_seconds

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                connector=self._connector(),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": self.USER_AGENT},
                proxy=self._proxy.with_user(None) if self._proxy and not _is_socks(self._proxy) else None,
            )
        return self._session

    def _connector(self) -> aiohttp.BaseConnector:
        if self._proxy is None or not _is_socks(self._proxy):
            return aiohttp.TCPConnector(limit=CONNECTIONS)
        from bot.channels.telegram import socks  # few need it

        self._not_connected = (*NOT_CONNECTED, *socks.FAILURES)
        return socks.connector(self._proxy, CONNECTIONS)

    def _told(self, error: Exception) -> TelegramError:
        told = f"{type(error).__name__}: {error}".replace(self._secret, "...")
        match error:
            case _ if isinstance(error, self._not_connected):
                return Unreachable(told)
            case TimeoutError():
                return TimedOut()
            case _:
                return NetworkError(told)


def _proxy_for(server: URL) -> URL | None:
    """Return the proxy that HTTPS_PROXY or HTTP_PROXY names, unless NO_PROXY spares the server.
    Looked up once: aiohttp would do so at every request, in a thread."""
    named = getproxies().get(server.scheme)
    return URL(named) if named and not proxy_bypass(server.authority) else None


def _is_socks(proxy: URL) -> bool:
    return proxy.scheme.startswith("socks")


def _who_asks(proxy: URL | None) -> dict[str, str] | None:
    if proxy is None or proxy.user is None or _is_socks(proxy):
        return None
    return {"Proxy-Authorization": aiohttp.encode_basic_auth(proxy.user, proxy.password or "")}


def _body(data: RequestData | JsonBody | None) -> aiohttp.FormData | aiohttp.BytesPayload | None:
    """Return fields and files. File names go as they are: Telegram reads no encoded ones."""
    if data is None:
        return None
    if isinstance(data, JsonBody):
        return aiohttp.BytesPayload(data.content, content_type="application/json")
    form = aiohttp.FormData(data.json_parameters, quote_fields=False)
    for name_of_field, (name, content, media_type) in data.multipart_data.items():
        form.add_field(name_of_field, content, filename=name, content_type=media_type)
    return form


def _meant(status: int, body: bytes) -> int:
    """Return the status an answer stands for: some servers refuse in the body alone. Raises NetworkError for a body
    that no Bot API server wrote, so that a gateway's 403 is not taken for a person who blocks the bot."""
    if status == 200 and _PLAINLY_DONE.match(body):
        return status
    try:
        answer = AiohttpRequest.parse_json_payload(body)
    except NetworkError as error:
        # A firm's proxy or a hotspot's page answers instead of Telegram; a gateway that failed may have asked it first.
        raise (error if status >= 500 else Unreachable(str(error))) from None
    return status if status != 200 or "result" in answer else int(answer.get("error_code", 500))


def _json(payload: bytes) -> object:
    """Return what JSON says, None where it is none. Halves of letters, which msgspec refuses, are read all the same."""
    try:
        return msgspec.json.decode(payload)
    except ValueError:
        pass
    try:
        return json.loads(payload.decode("utf-8", "replace"))
    except ValueError:
        return None
