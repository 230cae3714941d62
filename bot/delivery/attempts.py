"""One attempt to send a letter: worded, at its pace, and plainly when it is refused as it is."""

import structlog
from msgspec.structs import replace
from prometheus_client import Counter

from bot.services.rate_limiter import RateLimiter
from bot.services.runtime import Runtime
from bot.services.sending import Knocks, Later, Outcome, OutsideWindow, Rejected, Sender
from bot.services.wording import NoticeWording
from bot.store.core import outbox
from bot.store.core.outbox import NOTICE, REPLY, DueLetter
from flows.conversation.messages import Message, Outgoing
from flows.words.wording import _

log = structlog.get_logger()

REFUSED = Counter("hoctap_letters_refused", "Letters to one person that a channel refused as they were.", ["channel"])
CANNOT_BE_SHOWN = _("I have an answer for you, but it cannot be shown here. Please type “start” to go on.")


class Attempts:
    """The attempts of one bot. It knows what its channel takes from nobody."""

    def __init__(self, runtime: Runtime, sender: Sender, wording: NoticeWording, pace: RateLimiter) -> None:
        self._runtime = runtime
        self._sender = sender
        self._wording = wording
        self._pace = pace
        # The notices that the channel does not take, by the version that it refused.
        self._refused: dict[int, int | None] = {}

    async def outcome(self, letter: DueLetter) -> Outcome:
        """Word and send a letter. A notice that cannot be worded costs its own letters, not the delivery."""
        if letter.notice_id is None:
            outcome = Rejected("unreadable") if letter.unreadable else await self._send(letter, letter.outgoing)
            if isinstance(outcome, Rejected) and (letter.outgoing is not None or letter.unreadable):
                return await self._send_instead(letter, letter.outgoing, outcome)
            if isinstance(outcome, OutsideWindow):
                return await self._knocked(letter) or outcome
            return outcome
        try:
            outgoing = self._wording.outgoing(letter.notice_id, letter.language, letter.readers)
        except Exception as error:
            log.exception("notice_not_worded", outbox_id=letter.id)
            return Later(type(error).__name__)
        return await self._send(letter, outgoing)

    async def _knocked(self, letter: DueLetter) -> OutsideWindow | None:
        """Tell somebody outside the channel's window that a letter waits, where the channel can: not of what may as
        well be left out."""
        if letter.priority != REPLY or letter.outgoing is None or not isinstance(self._sender, Knocks):
            return None
        return await self._sender.knock(letter.address, letter.outgoing)

    def refuse(self, notice_id: int) -> None:
        """Send no more of a notice as long as it says the same."""
        self._refused[notice_id] = self._wording.version(notice_id)

    def _is_refused(self, letter: DueLetter) -> bool:
        """Tell whether the channel has refused what a letter says when it was for somebody else."""
        id_ = letter.notice_id
        return id_ is not None and id_ in self._refused and self._refused[id_] == self._wording.version(id_)

    async def _send(self, letter: DueLetter, outgoing: Outgoing | None) -> Outcome:
        if outgoing is None:
            return await self._try(letter, None)
        await (self._pace.turn_of_notice if letter.priority == NOTICE else self._pace.turn_of_reply)(letter.address)
        try:
            return await self._try(letter, outgoing)
        finally:
            self._pace.sent(letter.address, group=self._sender.is_group(letter.address))

    async def _send_instead(self, letter: DueLetter, outgoing: Outgoing | None, refused: Rejected) -> Outcome:
        """Say plainly what was refused with its files, buttons and marks, or else that there is something to say: a
        person who wrote is never left without an answer. Returns the refusal when nothing at all is taken."""
        log.error("letter_refused", outbox_id=letter.id, error=refused.error)
        REFUSED.labels(self._sender.channel).inc()
        again = replace(letter, callback=None, standing=None)
        if outgoing is not None and outgoing.text.strip():
            outcome = await self._send(again, Outgoing(outgoing.text))
            if not isinstance(outcome, Rejected):
                return outcome
        outcome = await self._send(again, await self._cannot_be_shown(letter))
        return refused if isinstance(outcome, Rejected) else outcome

    async def _cannot_be_shown(self, letter: DueLetter) -> Outgoing:
        async with self._runtime.database.reading() as connection:
            language = await outbox.language_of(connection, letter.conversation_id)
        return self._runtime.said(Message(CANNOT_BE_SHOWN), language)

    async def _try(self, letter: DueLetter, outgoing: Outgoing | None) -> Outcome:
        if self._is_refused(letter):  # while it waited for its place
            return Later("its notice was refused", 0.0)
        try:
            return await self._sender.send(letter.address, outgoing, letter.callback, letter.standing)
        except Exception as error:
            # A bug of the channel must cost one letter, not the delivery; nobody knows how far it got.
            log.exception("sender_broken", outbox_id=letter.id)
            return Later(type(error).__name__, uncertain=True)
