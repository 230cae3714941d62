"""Bodies of HTTP requests, read without ever holding more than is allowed."""

import asyncio
from collections.abc import Awaitable, Callable

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

SLOWEST_BODY = 120.0


class BodyTooLarge(Exception):
    """The body has more bytes than are taken."""


class BodyNotReceived(Exception):
    """The body ended before it was whole, or took too long."""


async def read_body(request: Request, most: int) -> bytes:
    """Return a body of at most so many bytes. Raises BodyTooLarge and BodyNotReceived."""
    received = bytearray()
    await receive_body(request, most, received.extend)
    return bytes(received)


async def taken(request: Request, most: int, take: Callable[[bytes], Awaitable[int]]) -> Response:
    """Answer a webhook with the status that `take` returns for its body, or why there is none."""
    try:
        body = await read_body(request, most)
    except BodyTooLarge:
        return Response(status_code=413)
    except BodyNotReceived:
        return Response(status_code=400)
    return Response(status_code=await take(body))


async def receive_body(request: Request, most: int, take: Callable[[bytes], object]) -> None:
    """Pass a body on piece by piece, up to so many bytes. Raises BodyTooLarge and BodyNotReceived."""
    size = 0
    try:
        async with asyncio.timeout(SLOWEST_BODY):
            async for chunk in request.stream():
                size += len(chunk)
                if size > most:
                    raise BodyTooLarge
                take(chunk)
    except (TimeoutError, ClientDisconnect) as error:
        raise BodyNotReceived from error
