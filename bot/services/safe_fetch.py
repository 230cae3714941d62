"""Fetching a file from an address that somebody else names: small, of a kind, and never from inside our own network."""

import ipaddress
import socket
from collections.abc import Collection
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from bot.services.sending import FileGone, FileNotNow, FileTooLarge

SECONDS = 30.0
CHUNK_BYTES = 64 * 1024


class OutsideResolver(AbstractResolver):
    """Names resolved to addresses that everybody can reach, and to no others: what a name means is looked at when it is
    connected to, so it cannot change in between."""

    def __init__(self, trusted: Collection[str] = ()) -> None:
        self._trusted = frozenset(trusted)
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of a host. Raises OSError where there is none outside."""
        found = await self._resolver.resolve(host, port, family)
        outside = [one for one in found if host in self._trusted or _is_outside(one["host"])]
        if not outside:
            raise OSError(f"{host} is not outside")
        return outside

    async def close(self) -> None:
        """Do nothing."""


class SafeFetch:
    """Fetches files by address. Hosts that are `trusted` may be inside: those of a server that the settings name."""

    def __init__(self, trusted: Collection[str] = ()) -> None:
        self._trusted = frozenset(trusted)
        self._session: aiohttp.ClientSession | None = None

    async def fetch(self, address: str, most: int) -> bytes:
        """Return a file of at most so many bytes. Raises FileTooLarge, FileGone for an address that is none or leads
        inside or elsewhere, FileNotNow to try later."""
        url = self._checked(address)
        timeout = aiohttp.ClientTimeout(total=SECONDS)
        try:
            async with self._opened().get(url, allow_redirects=False, timeout=timeout) as response:
                if response.status >= 500:
                    raise FileNotNow(f"HTTP {response.status}")
                if response.status != 200:
                    raise FileGone(f"HTTP {response.status}")
                return await received(response, most)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise FileNotNow(type(error).__name__) from None

    def _checked(self, address: str) -> URL:
        try:
            url = URL(address)
        except ValueError:
            raise FileGone("no address") from None
        if url.scheme not in {"https", "http"} or not url.host or url.user:
            raise FileGone("no address")
        if url.host not in self._trusted and (url.scheme != "https" or not _may_be_outside(url.host)):
            raise FileGone("not outside")
        return url

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(resolver=OutsideResolver(self._trusted)),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    async def stop(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()


def _may_be_outside(host: str) -> bool:
    """Tell whether a host is a name, which is looked up later, or an address outside."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return True
    return _is_outside(host)


def _is_outside(address: Any) -> bool:
    ip = ipaddress.ip_address(str(address).partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    return ip.is_global and not ip.is_multicast


async def received(response: aiohttp.ClientResponse, most: int) -> bytes:
    """Return a body of at most so many bytes. Raises FileTooLarge as soon as there are more."""
    content = bytearray()
    async for chunk in response.content.iter_chunked(CHUNK_BYTES):
        content += chunk
        if len(content) > most:
            raise FileTooLarge(f"more than {most} bytes")
    return bytes(content)
