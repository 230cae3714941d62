"""A toy channel: somebody posts words to an address and reads there what is said to them."""

from collections import defaultdict
from collections.abc import Iterator

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.services.channel import Host, Receive, Service
from bot.services.sending import FileGone, Outcome, Rates, Sent
from bot.store.core.inbox import Incoming
from flows.conversation.messages import Outgoing
from flows.conversation.replies import Typed

CHANNEL = "toy"


class Toy:
    """A bot of the toy channel."""

    channel = bot = CHANNEL
    rates = Rates(per_bot=100.0, per_chat=100.0)
    trouble = None
    link = "http://toy.example/{code}"

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._said: defaultdict[str, list[str]] = defaultdict(list)
        self._heard = 0

    async def stop(self) -> None:
        """Close nothing."""

    def is_group(self, address: str) -> bool:
        """Tell that a chat has one person in it."""
        return False

    async def send(
        self, address: str, outgoing: Outgoing | None, callback: str | None, standing: str | None = None
    ) -> Outcome:
        """Keep what is said until somebody reads it."""
        if outgoing is not None:
            self._said[address].append(outgoing.text)
        return Sent()

    async def fetch(self, source: str, most: int) -> bytes:
        """Refuse: nobody can send a file."""
        raise FileGone

    async def hear(self, request: Request) -> Response:
        """Take in what somebody types."""
        self._heard += 1
        words = Typed((await request.body()).decode())
        await self._receive([Incoming(CHANNEL, CHANNEL, request.path_params["who"], str(self._heard), words)])
        return Response(status_code=202)

    async def read(self, request: Request) -> Response:
        """Return what was said to somebody."""
        return JSONResponse(self._said[request.path_params["who"]])


def opened(host: Host) -> Iterator[Service]:
    """Yield the bot, where TOY_BOT is set."""
    if host.settings.toy_bot:
        bot = Toy(host.receive)
        routes = [Route("/toy/{who}", bot.hear, methods=["POST"]), Route("/toy/{who}", bot.read)]
        yield Service(bot, (), routes)
