"""Calls of the Bot Platform: a method and fields out, a result or an error in. Addresses hold the token, so errors that
are told do not."""

from collections.abc import Mapping
from typing import Any

import aiohttp
import msgspec
from msgspec import Struct

CONNECT_SECONDS = 10.0


class Answer(Struct):
    """What every call is answered with, whatever its HTTP status says."""

    ok: bool
    result: Any = None
    error_code: int = 0
    description: str = ""


class Refused(Exception):
    """The platform says no, with its own number."""

    def __init__(self, code: int, description: str) -> None:
        super().__init__(f"{code}: {description}")
        self.code = code


class Unreachable(Exception):
    """The platform was not reached: nothing was sent."""


class Unclear(Exception):
    """The call was cut off or answered by something else: nobody knows whether it was taken."""


class Client:
    """One bot's calls, in one session that is made when first needed."""

    def __init__(self, api_url: str, token: str, answer_seconds: float = 15.0) -> None:
        self._base = f"{api_url.rstrip('/')}/bot{token}"
        self._token = token
        self._answer_seconds = answer_seconds
        self._session: aiohttp.ClientSession | None = None

    async def call(self, method: str, fields: Mapping[str, Any], seconds: float | None = None) -> Any:
        """Make a call and return its result. Raises Refused, Unreachable, Unclear."""
        timeout = aiohttp.ClientTimeout(sock_connect=CONNECT_SECONDS, sock_read=seconds or self._answer_seconds)
        try:
            async with self._opened().post(
                f"{self._base}/{method}", json=dict(fields), timeout=timeout, allow_redirects=False
            ) as response:
                body = await response.read()
        except aiohttp.ClientConnectorError as error:
            raise Unreachable(self._told(error)) from None
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise Unclear(self._told(error)) from None
        try:
            answer = msgspec.json.decode(body, type=Answer)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            raise Unclear(f"HTTP {response.status}, and no answer of the platform") from None
        if not answer.ok:
            raise Refused(answer.error_code, answer.description.replace(self._token, "..."))
        return answer.result

    def _told(self, error: Exception) -> str:
        return f"{type(error).__name__}: {error}".replace(self._token, "...")

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        return self._session

    async def stop(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
