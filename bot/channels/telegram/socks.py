"""How Telegram is reached by a SOCKS proxy, where networks keep people from it."""

import aiohttp
from aiohttp_socks import ProxyConnectionError, ProxyConnector, ProxyError, ProxyTimeoutError, ProxyType
from yarl import URL

PORT = 1080

# What is raised when the proxy cannot be reached, or does not connect: then nothing was sent.
FAILURES = (ProxyConnectionError, ProxyError, ProxyTimeoutError)


def connector(proxy: URL, limit: int) -> aiohttp.BaseConnector:
    """Return what connects by a proxy. It is the proxy that looks up hosts: here their names may be blocked, too."""
    return ProxyConnector(
        host=proxy.host or "",
        port=proxy.port or PORT,
        proxy_type=ProxyType.SOCKS4 if proxy.scheme.startswith("socks4") else ProxyType.SOCKS5,
        username=proxy.user,
        password=proxy.password,
        rdns=True,
        limit=limit,
    )
