"""The turn loop: gather, decide, apply, for many people at once and one turn at a time for each."""

import asyncio
import secrets
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import chain
from typing import Any

import structlog
from msgspec import DecodeError, Struct
from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import metrics
from bot.catalogues import choices
from bot.services.latency import Latency
from bot.services.left_alone import LeftAlone
from bot.services.runtime import Runtime
from bot.services.signals import Signal, Signals
from bot.services.slow_lookups import SlowLookups
from bot.store import applying, arrivals, forms, subjects
from bot.store.applying import Applied
from bot.store.core import contacts, gathering, inbox, joined, outbox, trail
from bot.store.core.database import despite_races, is_unreachable, retry_while_unreachable
from bot.store.core.decided import Decided
from bot.store.core.gathering import Claimed, Waiting
from bot.store.core.inbox import Address, Incoming
from bot.store.core.outbox import Letter, Recipient
from bot.store.core.reference import ReferenceRead, read_reference
from bot.store.notices import ledger
from flows.conversation.engine import Decision
from flows.conversation.events import ChatAddress, HeadsAddress, PersonAddress, Told
from flows.conversation.facts import FactMissing, Facts, Links, Need, Reference
from flows.conversation.messages import MenuEntry, Message, people_named, rendered
from flows.conversation.phones import marked
from flows.domain.channels import Window
from flows.domain.unit_tree import UnitTree
from flows.forms.records import EvidenceGiven
from flows.notices.needs import AudienceWanted, LedgerWanted
from flows.privacy.records import Erased
from flows.subjects import SUBJECTS, decide
from flows.words.remembering import forget_what_was_typed
from flows.words.wording import Catalogue, _, render

log = structlog.get_logger()

BATCH = 64
IDLE_SECONDS = 1.0
SECONDS_REMEMBERED = 1.0
MOST_LOOK_UPS = 8
SECONDS_SET_ASIDE = 60.0
SECONDS_UNTIL_INDEXED = 0.1
SECONDS_BETWEEN_SWITCHES = sys.getswitchinterval()
TOKEN_BYTES = 18

SORRY = _("Something went wrong on our side. Nothing is lost; please send that once more in a minute.")


class Done(Struct, frozen=True):
    """What one round of the loop came to: how many turns, whether there is more to do at once, the files nobody needs
    any more, whether somebody gave evidence, whom letters were written to, and how many turns were answered and how
    many failed."""

    turns: int = 0
    more: bool = False
    files: tuple[str, ...] = ()
    evidence: bool = False
    written_to: frozenset[Address] = frozenset()
    answered: int = 0
    failed: int = 0


class NotKept(Exception):
    """The turn loop ended before these updates were kept: whoever brought them may bring them again at once."""


class _Arrivals:
    """Updates that will be committed together, and whoever waits for that."""

    def __init__(self) -> None:
        self.since: float | None = None
        self._handed_in: list[tuple[Sequence[Incoming], asyncio.Future[None]]] = []

    @property
    def updates(self) -> list[Incoming]:
        """Return all updates."""
        return [update for updates, _kept in self._handed_in for update in updates]

    async def keep(self, updates: Sequence[Incoming]) -> None:
        """Hand updates in and wait for their commit. Raises what prevented it."""
        self.since = self.since or time.monotonic()
        kept = asyncio.get_running_loop().create_future()
        self._handed_in.append((updates, kept))
        await kept

    def settle(self, error: Exception | None = None) -> None:
        """Tell those who wait that the updates are committed, or why not."""
        for _updates, kept in self._handed_in:
            _settle(kept, error)

    async def settle_each(self, put: Callable[[Sequence[Incoming]], Awaitable[None]]) -> None:
        """Put the updates of each channel's call by themselves: what no database takes keeps out nobody else's."""
        for updates, kept in self._handed_in:
            try:
                await put(updates)
            except Exception as error:
                _settle(kept, error)
            else:
                _settle(kept)


def _settle(kept: asyncio.Future[None], error: Exception | None = None) -> None:
    if kept.done():  # whoever waited is gone
        return
    if error is None:
        kept.set_result(None)
    else:
        kept.set_exception(error)


class Turns:
    """Takes updates into the inbox and turns them into sessions, answers and letters."""

    def __init__(
        self,
        runtime: Runtime,
        links: Callable[[], Links] = Links,
        seconds_for_newer: float = 0.0,
        windows: Callable[[], Mapping[str, Window]] = dict,
    ) -> None:
        self._runtime = runtime
        self._links = links
        self._windows = windows
        self._languages = choices(runtime.catalogues)
        self._reference: ReferenceRead | None = None
        self._indexing: asyncio.Task[None] | None = None
        self._arrivals: _Arrivals | None = None
        self._behind_since: float | None = None
        self._forgot_at = 0.0
        self._only: Address | None = None
        self._tried: tuple[Waiting, ...] = ()
        self.left_alone = LeftAlone(seconds_for_newer)
        self.latency = Latency()
        self.received = Signal()
        self.letters_for = Signals()
        self.evidence_given = Signal()
        self._aside = SlowLookups(runtime.database, self.received)

    def answer_only(self, place: Address) -> None:
        """Leave everybody else's updates to the server that answers them: only this conversation is spoken here."""
        self._only = place

    async def receive(self, incoming: Sequence[Incoming]) -> None:
        """Keep updates in the inbox. Once this returns they are committed and may be acknowledged.

        While the loop runs they share the transaction of its next batch, in which they may be answered already.
        """
        if not incoming:
            return
        if self._arrivals is None:
            await self._keep(incoming)
        else:
            self.received.ring()
            await self._arrivals.keep(incoming)

    async def _keep(self, incoming: Sequence[Incoming]) -> None:
        """Keep updates in a transaction of their own."""
        async with self._runtime.database.writing() as connection:
            await self._put(connection, incoming)

    async def _put(self, connection: AsyncConnection, incoming: Sequence[Incoming]) -> None:
        if incoming:
            await inbox.put(connection, incoming, self._runtime.clock())

    async def run(self, on_files: Callable[[Iterable[str]], None] = lambda files: None) -> None:
        """Work for ever, waking when something was received. When this fails it may be run again: it lets go of all
        that it had in hand, and what was kept is found in the inbox."""
        self._arrivals = _Arrivals()
        try:
            while True:
                heard = self.received.rings
                self._forget_now_and_then()
                done = await retry_while_unreachable(self.run_once)
                on_files(done.files)
                if done.more:
                    await asyncio.sleep(0)  # whoever was just acknowledged may have more to say at once
                else:
                    # Look again after a while: another instance may have received something.
                    await self.received.wait(heard, IDLE_SECONDS)
        finally:
            self._let_go()

    def _let_go(self) -> None:
        """Refuse what was not kept yet. What is forgotten here is in the database."""
        if self._arrivals is not None:
            self._arrivals.settle(NotKept())
        self._arrivals = self._reference = self._behind_since = None
        self._aside.stop()

    def _forget_now_and_then(self) -> None:
        """Forget what was typed a moment ago. Not after each batch: the same words come in the next one."""
        now = time.monotonic()
        if now - self._forgot_at >= SECONDS_REMEMBERED:
            forget_what_was_typed()
            self._forgot_at = now

    async def run_once(self) -> Done:
        """Work through one batch. When it fails as a whole, what arrived is kept by itself, and fewer turns are tried.
        A batch that lost a race with another instance is tried again at once."""
        if self._arrivals is None:  # no loop goes on once it is found
            await self._aside.finish()
            return await self._round(_Arrivals())
        arrived, self._arrivals = self._arrivals, _Arrivals()
        try:
            return await self._round(arrived)
        finally:
            arrived.settle(NotKept())  # those of whom nothing is known: the round was stopped

    async def _round(self, arrived: _Arrivals) -> Done:
        try:
            with self.latency.somebody_waits():
                done = await despite_races(partial(self._batch, BATCH, arrived.updates))
        except Exception as error:
            if is_unreachable(error):
                arrived.settle(error)  # not kept, so not acknowledged: the channel will send them again
                raise
            log.warning("batch_failed", exc_info=True)
            await arrived.settle_each(self._keep)
            return await self._fewer()
        arrived.settle()
        self._note_latency(arrived.since, done)
        return done

    def _note_latency(self, since: float | None, done: Done) -> None:
        """Keep how long the slowest turn of a batch took: since it came, or since the loop fell behind."""
        now = time.monotonic()
        began = min((at for at in (since, self._behind_since) if at is not None), default=None)
        if began is not None:
            self.latency.note(now - began)
            metrics.TURN_SECONDS.observe(now - began)
        self._behind_since = (self._behind_since or now) if done.more else None

    async def _fewer(self) -> Done:
        """Try half as many of the waiting turns, and half again, until one that cannot be done is alone."""
        most = BATCH // 2
        while True:
            try:
                return await self._batch(most)  # fills its batch, so that the loop looks for the others at once
            except Exception as error:
                if is_unreachable(error) or not self._tried:
                    raise
                if most == 1:
                    log.exception("turn_failed", inbox_id=self._tried[0].inbox_id)
                    return await self._give_up(self._tried[0])
            most //= 2

    async def _batch(self, most: int, arrived: Sequence[Incoming] = ()) -> Done:
        now = self._runtime.clock()
        self._tried = ()
        async with self._runtime.database.writing() as connection:
            await self._put(connection, arrived)
            claimed = await self._claim(connection, most)
            self._tried = claimed.turns
            done = await self._work_through(connection, claimed, now) if claimed.turns else Done()
        metrics.TURNS.inc(done.answered)
        metrics.SET_ASIDE.inc(done.failed)
        if claimed.turns:
            self._runtime.letters_queued.ring()
            self.letters_for.ring(done.written_to)
        if done.evidence:
            self.evidence_given.ring()
        return replace(done, more=done.more or done.turns == most)

    async def _claim(self, connection: AsyncConnection, most: int) -> Claimed:
        only = None
        if self._only is not None:
            only = (await inbox.conversation_ids(connection, [self._only]))[self._only]
        but = [*self._aside.conversations, *self.left_alone.conversations]
        return await gathering.claim(connection, most, but, only)

    async def _work_through(self, connection: AsyncConnection, claimed: Claimed, now: datetime) -> Done:
        """Decide and apply claimed turns inside their transaction. There is more to do when turns were put off to the
        next batch, or for the next update of somebody whose turn is done."""
        shared = await self._shared(connection, claimed.reference_version)
        turns = await joined.go_on(connection, claimed.turns)
        facts = await self._facts(connection, turns, shared, now)
        decided, broken, left = await self._decide(connection, turns, facts, shared)
        answered = [one.turn for one in decided] + broken
        applied = await applying.apply(connection, decided, now) if decided else Applied()
        if broken:
            await applying.mark_done(connection, [turn.inbox_id for turn in broken], now, failed=True)
        letters = await self._letters(connection, decided, shared.reference.units, now)
        letters += [self._apology(turn) for turn in broken]
        await self._open_windows(connection, answered)
        await outbox.queue(connection, letters, now)
        await trail.append(connection, applied.acts, now)
        for turn in answered:
            self._aside.forget(turn.inbox_id)
        more = len(answered) + len(left) < len(claimed.turns) or any(turn.more for turn in answered)
        evidence = any(isinstance(record, EvidenceGiven) for one in decided for record in one.decision.records)
        written_to = frozenset((letter.to.channel, letter.to.bot, letter.to.address) for letter in letters)
        return Done(len(claimed.turns), more, tuple(applied.files), evidence, written_to, len(decided), len(broken))

    async def _open_windows(self, connection: AsyncConnection, answered: Sequence[Waiting]) -> None:
        """Let go what waited for somebody's next word, in channels that take nothing for those who are silent."""
        windows = self._windows()
        if heard := [t.conversation.id for t in answered if t.conversation.channel in windows]:
            await outbox.let_go(connection, heard)

    async def _shared(self, connection: AsyncConnection, version: int) -> ReferenceRead:
        links = self._links()  # a bot that has not said its name yet has fewer
        if self._reference is None or (self._reference.version, self._reference.reference.links) != (version, links):
            self._reference = await read_reference(
                connection, links, self._runtime.quiet, self._languages, self._reference
            )
            if self._reference.reference.units.former_finder is not None:
                self._indexing = asyncio.create_task(self._index_names(self._reference.reference.units))
        return self._reference

    async def _index_names(self, units: UnitTree) -> None:
        """Index the names of many units aside: meanwhile places are found by the names they had before. Threads are
        switched often, so that no turn waits long for its own; who asked first is answered first."""
        await asyncio.sleep(SECONDS_UNTIL_INDEXED)
        sys.setswitchinterval(SECONDS_BETWEEN_SWITCHES / 10)
        try:
            await asyncio.to_thread(lambda: units.finder)
        finally:
            sys.setswitchinterval(SECONDS_BETWEEN_SWITCHES)

    async def _facts(
        self, connection: AsyncConnection, turns: Sequence[Waiting], shared: ReferenceRead, now: datetime
    ) -> dict[int, Facts]:
        """Return what each turn knows to begin with, by inbox id. One whose forms cannot be read knows nothing."""
        person_ids = {turn.person_id for turn in turns if turn.person_id is not None}
        own = await forms.gather_own(connection, person_ids, shared.by_pin)
        local = self._runtime.local(now)
        return {
            turn.inbox_id: Facts(
                now=local,
                conversation=turn.conversation,
                reference=shared.reference,
                person=turn.person,
                roles=tuple(role for role in turn.roles if role.in_force(local.date())),
                own=own.get(turn.person_id or 0) or (),
                found=self._aside.found_for(turn.inbox_id),
                token=secrets.token_urlsafe(TOKEN_BYTES),
                key=self._runtime.key,
                beside=turn.beside,
            )
            for turn in turns
            if turn.person_id is None or own.get(turn.person_id, ()) is not None
        }

    async def _decide(
        self, connection: AsyncConnection, turns: Sequence[Waiting], facts: dict[int, Facts], shared: ReferenceRead
    ) -> tuple[list[Decided], list[Waiting], list[Waiting]]:
        """Decide every turn, looking up what turns find they need, together, and deciding those again.

        A turn that touches what an earlier one of the batch changes waits for the next batch: it must see the change.
        Returns the decided turns, the broken ones, and those that wait: for something that is looked up aside, or for
        a newer version that can read what this one cannot.
        """
        decided: dict[int, Decided] = {}
        broken: list[Waiting] = []
        aside = [turn for turn in turns if turn.newer and self._leaves_to_newer(turn)]
        unreadable = [turn for turn in turns if turn.inbox_id not in facts and turn not in aside]
        open_turns = [turn for turn in turns if turn.inbox_id in facts and turn not in aside]
        for _round in range(MOST_LOOK_UPS):
            needs: dict[int, tuple[Need[Any], ...]] = {}
            for turn in open_turns:
                outcome = self._decide_one(turn, facts[turn.inbox_id])
                match outcome:
                    case Decision():
                        decided[turn.inbox_id] = Decided(turn, facts[turn.inbox_id], outcome)
                    case None:
                        broken.append(turn)
                    case DecodeError():
                        unreadable.append(turn)
                    case (AudienceWanted() | LedgerWanted(), *_rest) if self._aside.has_failed_for(turn.inbox_id):
                        broken.append(turn)
                    case (AudienceWanted() | LedgerWanted() as need, *_rest):
                        self._count_aside(turn, need, shared.reference)
                        aside.append(turn)
                    case missing:
                        needs[turn.inbox_id] = missing
            if not needs:
                break
            found = await subjects.look_up(connection, chain.from_iterable(needs.values()), shared)
            asking = [turn for turn in open_turns if turn.inbox_id in needs]
            open_turns = [turn for turn in asking if all(need in found for need in needs[turn.inbox_id])]
            unreadable += [turn for turn in asking if turn not in open_turns]
            for turn in open_turns:
                known = facts[turn.inbox_id]
                facts[turn.inbox_id] = replace(known, found=known.found | found)
        else:
            broken += open_turns
        for turn in unreadable:
            (aside if self._leaves_to_newer(turn) else broken).append(turn)
        ready = _without_conflicts(decided[turn.inbox_id] for turn in turns if turn.inbox_id in decided)
        return list(ready), broken, aside

    def _count_aside(self, turn: Waiting, need: AudienceWanted | LedgerWanted, reference: Reference) -> None:
        """Count many rows, which takes too long for a transaction that others wait for."""
        ids = (turn.conversation.id, turn.inbox_id)
        match need:
            case LedgerWanted(notice_id):
                self._aside.look(*ids, need, partial(ledger.ledger_of, notice_id=notice_id))
            case AudienceWanted(_, units):
                today = self._runtime.local(self._runtime.clock()).date()
                rounds = reference.rounds_in(units, today)
                count = partial(contacts.count, wanted=need, rounds=rounds, year=today.year)
                self._aside.look(*ids, need, partial(count, windows=self._windows(), now=self._runtime.clock()))

    def _leaves_to_newer(self, turn: Waiting) -> bool:
        return self.left_alone.leave_to_newer(turn.conversation.id, turn.inbox_id)

    def _decide_one(self, turn: Waiting, facts: Facts) -> Decision | tuple[Need[Any], ...] | DecodeError | None:
        """Decide a turn. Returns what it needs when facts are missing, an error when the reply cannot be read, None
        when the turn is broken."""
        try:
            reply = inbox.read_reply(turn.body)
            return decide(
                turn.session,
                reply,
                facts,
                self._runtime.catalogues,
                more_waiting=turn.more,
                cut=turn.cut,
                came_from=turn.came_from,
            )
        except FactMissing as missing:
            return missing.needs
        except DecodeError as error:
            log.warning("reply_unreadable", inbox_id=turn.inbox_id)
            return error
        except Exception:
            # A bug must cost one turn, not the conversation: it is logged without what the person wrote.
            log.exception("turn_broken", inbox_id=turn.inbox_id)
            return None

    async def _letters(
        self, connection: AsyncConnection, decided: Sequence[Decided], units: UnitTree, now: datetime
    ) -> list[Letter]:
        today = self._runtime.local(now).date()
        told = [told for one in decided for told in one.decision.told]
        heads = await outbox.heads_of(connection, {t.to for t in told if isinstance(t.to, HeadsAddress)}, units, today)
        people = {person_id for one in told for person_id in _addressed(one, heads)}
        reached = await outbox.reach_people(connection, people)
        letters = [letter for one in decided for letter in self._own_letters(one)]
        at_once = await self._shown_at_once(connection, told, heads)
        for one in told:
            for person_id in _addressed(one, heads):
                if one.may_wait:
                    at_once[person_id] -= 1
                    if at_once[person_id] < 0:
                        continue
                letters += [self._runtime.letter(to, one.message) for to in reached[person_id]]
        return [*letters, *await self._letters_to_chats(connection, decided)]

    async def _letters_to_chats(self, connection: AsyncConnection, decided: Sequence[Decided]) -> list[Letter]:
        """Return what is told in one chat and in no other, with the menu where that changes there."""
        told = [
            (one, to_chat) for one in decided for to_chat in one.decision.told if isinstance(to_chat.to, ChatAddress)
        ]
        letters: list[Letter] = []
        for one, said in told:
            assert isinstance(said.to, ChatAddress)
            to = await outbox.recipient_of(connection, said.to.conversation_id, said.to.person_id or None)
            if to is not None:
                menu = menu_of(one.decision.facts, self._runtime.catalogue(to.language)) if said.menu else ()
                letters.append(self._runtime.letter(to, said.message, menu=menu))
        return letters

    async def _shown_at_once(
        self, connection: AsyncConnection, told: Sequence[Told], heads: Mapping[HeadsAddress, Sequence[int]]
    ) -> dict[int, int]:
        """Return how much of what may wait each person is told at once."""
        arrived = Counter(person_id for one in told if one.may_wait for person_id in _addressed(one, heads))
        now = self._runtime.clock()
        return await arrivals.shown_at_once(connection, arrived, self._runtime.local(now).date(), now)

    def _own_letters(self, one: Decided) -> Iterator[Letter]:
        conversation = one.decision.facts.conversation
        catalogue = self._runtime.catalogue(conversation.language)
        to = _recipient(one.turn)
        last = len(one.decision.messages) - 1
        erases = _erases(one)
        for place, message in enumerate(one.decision.messages):
            menu = menu_of(one.decision.facts, catalogue) if one.decision.menu and place == last else ()
            said_in = self._runtime.catalogue(message.language) if message.language else catalogue
            if one.decision.facts.conversation.is_shared:
                message = marked(message, [one.decision.facts.person_id])
            outgoing = rendered(message, said_in, menu)
            if erases and place == 0:
                outgoing = replace(outgoing, forget=True)
            yield Letter(to, outgoing, one.turn.callback if place == 0 else None, about=_about(one, message))
        if last < 0 and one.turn.callback is not None:
            yield Letter(to, None, one.turn.callback)

    def _apology(self, turn: Waiting) -> Letter:
        return Letter(_recipient(turn), self._runtime.said(Message(SORRY), turn.conversation.language), turn.callback)

    async def _give_up(self, turn: Waiting) -> Done:
        """Settle a turn that cannot be done, with an apology if one can be written. When not even that goes, its
        conversation is set aside for a while."""
        for letters in ([self._apology(turn)], []):
            try:
                return await self._settle_failed(turn, letters)
            except Exception as error:
                if is_unreachable(error):
                    raise
                log.exception("turn_not_given_up", inbox_id=turn.inbox_id)
        self.left_alone.leave(turn.conversation.id, SECONDS_SET_ASIDE)
        return Done(1, more=True)

    async def _settle_failed(self, turn: Waiting, letters: Sequence[Letter]) -> Done:
        now = self._runtime.clock()
        async with self._runtime.database.writing() as connection:
            claimed = await gathering.claim(connection, 1, only=turn.conversation.id)
            if [one.inbox_id for one in claimed.turns] != [turn.inbox_id]:  # another instance has it now
                return Done(1, more=True)
            await applying.mark_done(connection, [turn.inbox_id], now, failed=True)
            await outbox.queue(connection, letters, now)
        metrics.SET_ASIDE.inc()
        self._aside.forget(turn.inbox_id)
        self._runtime.letters_queued.ring()
        self.letters_for.ring((letter.to.channel, letter.to.bot, letter.to.address) for letter in letters)
        return Done(1, more=True)


def menu_of(facts: Facts, catalogue: Catalogue) -> tuple[MenuEntry, ...]:
    """Return a person's commands in their language."""
    commands = SUBJECTS.menu(facts.roles, catalogue.language)
    return tuple(MenuEntry(name, render(words, catalogue)) for name, words in commands.items())


def _recipient(turn: Waiting) -> Recipient:
    known = turn.conversation
    return Recipient(known.id, known.channel, turn.bot, turn.address, known.language)


def _addressed(told: Told, heads: Mapping[HeadsAddress, Sequence[int]]) -> Sequence[int]:
    match told.to:
        case PersonAddress(person_id):
            return [person_id]
        case HeadsAddress():
            return heads[told.to]
        case ChatAddress():
            return ()


def _without_conflicts(decided: Iterable[Decided]) -> Iterator[Decided]:
    touched: set[object] = set()
    batch = list(decided)
    erased = {one.turn.person_id for one in batch if _erases(one)} - {None}
    for one in batch:
        touches = _touches(one)
        if erased:  # what names them is written before or after they are gone, not at the same moment
            touches |= {("person", id_) for message in one.decision.messages for id_ in _about(one, message) & erased}
        if touches.isdisjoint(touched):
            touched |= touches
            yield one


def _about(one: Decided, message: Message) -> frozenset[int]:
    """Return whom a reply is about, besides its reader: only who holds a role reads of others, or who shares a phone;
    there, its reader, too."""
    if one.decision.facts.conversation.is_shared:
        return people_named(message) | {one.decision.facts.person_id}
    return people_named(message) if one.turn.roles else frozenset()


def _erases(one: Decided) -> bool:
    return any(isinstance(record, Erased) for record in one.decision.records)


def _touches(one: Decided) -> set[object]:
    """Return what a turn changes that another conversation could change too: who erases themselves, all their forms;
    and whoever speaks, themselves, for they may have several conversations."""
    touches = {record.touches for record in one.decision.records} - {None}
    if _erases(one):
        touches |= {form.id for form in one.facts.own}
    spoken_for = {one.turn.person_id, one.decision.facts.person_id or None} - {None}
    here = ("chat", one.turn.conversation.id)  # another chat of somebody's may be joined to them
    return touches | {here} | {("person", person_id) for person_id in spoken_for}
