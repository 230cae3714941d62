"""Calls of Zalo's OpenAPI: a path and fields out, data or an error in. HTTP is always 200; the body tells."""

from collections.abc import Callable, Mapping
from typing import Any

import aiohttp
import msgspec
from msgspec import Struct
from yarl import URL

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 15.0


class Refused(Exception):
    """Zalo says no, with its own number."""

    def __init__(self, code: int, message: str = "") -> None:
        super().__init__(f"{code}: {message}" if message else str(code))
        self.code = code


class Unreachable(Exception):
    """Zalo was not reached: nothing was sent."""


class Unclear(Exception):
    """The call was cut off or answered by something else: nobody knows whether it was taken."""


Failure = Refused | Unreachable | Unclear


class Answer(Struct):
    """What every call is answered with."""

    error: int = 0
    message: str = ""
    data: Any = None


class Http:
    """Requests to Zalo, in one session that is made when first needed. What it tells of errors holds no secret."""

    def __init__(self, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._timeout = aiohttp.ClientTimeout(sock_connect=CONNECT_SECONDS, sock_read=answer_seconds)
        self._session: aiohttp.ClientSession | None = None

    async def ask(self, method: str, url: URL, headers: Mapping[str, str], **body: Any) -> bytes:
        """Make a request and return the body of its answer. Raises Unreachable, Unclear."""
        try:
            async with self._opened().request(
                method, url, headers=headers, timeout=self._timeout, allow_redirects=False, **body
            ) as response:
                content = await response.read()
        except aiohttp.ClientConnectorError as error:
            raise Unreachable(type(error).__name__) from None
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise Unclear(type(error).__name__) from None
        if response.status >= 500:
            raise Unclear(f"HTTP {response.status}")
        return content

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        return self._session

    async def stop(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()


class Api:
    """The OpenAPI's calls, each with the access token that it is given."""

    def __init__(self, http: Http, api_url: str) -> None:
        self._http = http
        self._base = URL(api_url.rstrip("/"))

    async def post(self, path: str, token: str, fields: Mapping[str, Any]) -> Any:
        """Make a call and return its data. Raises Refused, Unreachable, Unclear."""
        return await self._call("POST", path, token, json=dict(fields))

    async def upload(self, path: str, token: str, name: str, content: bytes) -> Any:
        """Hand a file over and return its data. Raises Refused, Unreachable, Unclear."""
        form = aiohttp.FormData()
        form.add_field("file", content, filename=name)
        return await self._call("POST", path, token, data=form)

    async def get(self, path: str, token: str) -> Any:
        """Ask for something. Raises Refused, Unreachable, Unclear."""
        return await self._call("GET", path, token)

    async def _call(self, method: str, path: str, token: str, **body: Any) -> Any:
        content = await self._http.ask(method, self._base / path, {"access_token": token}, **body)
        answer = decoded(content, Answer)
        if answer.error != 0:
            raise Refused(answer.error, _without(answer.message, token))
        return answer.data


def decoded(content: bytes, into: Callable[..., Any]) -> Any:
    """Read an answer. Raises Unclear for one that is none of Zalo's."""
    try:
        return msgspec.json.decode(content, type=into, strict=False)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise Unclear("no answer of Zalo") from None


def _without(message: str, secret: str) -> str:
    return message.replace(secret, "...")[:200] if secret else message[:200]
