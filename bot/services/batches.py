"""The carrier of batches: acts on many forms a few at a time, tells who ordered it, and later the people concerned."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial

import structlog
from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.services.leading import Leading
from bot.services.runtime import Runtime
from bot.services.supervisor import Supervisor
from bot.store import batches, documents, forms, recognition, reminders, roles
from bot.store.core import contacts, outbox, trail
from bot.store.core.chain import Entry
from bot.store.core.reference import ReferenceRead
from flows.batches import words
from flows.batches.batch import Batch, Outcome, Stage
from flows.batches.carrying import act_on, is_as_left, take_back
from flows.conversation.facts import Conversation, Facts, Found, Links
from flows.conversation.messages import Button, Message
from flows.domain.assessments import Assessment
from flows.domain.people import Role
from flows.forms.needs import AssessmentWanted, Since
from flows.forms.records import Acted, changed_by
from flows.forms.seen import changes
from flows.forms.tellings import told_to_resident
from flows.papers.rights import PaperKind
from flows.papers.words import button
from flows.recognition.words import told_recognised
from flows.roles.needs import HoldersWanted

log = structlog.get_logger()

# So many forms a transaction: others' turns wait for no longer than that.
PIECE = 50
IDLE_SECONDS = 1.0
_AFTER_DECISION: tuple[PaperKind, ...] = ("certificates", "register")


class BatchUnreadable(Exception):
    """A batch is of a newer version. It rests, and keeps no other from being carried out."""


class BatchCarrier:
    """Carries batches out, oldest first. What became of a form is noted in the transaction that changes it: killed at
    any moment, it is decided on once. One instance at a time does, by a lease."""

    def __init__(
        self, runtime: Runtime, supervisor: Supervisor | None = None, links: Callable[[], Links] = Links
    ) -> None:
        self._runtime = runtime
        self._supervisor = supervisor or Supervisor()
        self._links = links
        self._shared: ReferenceRead | None = None

    async def run(self) -> None:
        """Carry out for ever."""
        lease = Leading(self._runtime.database, "batches", IDLE_SECONDS)
        await self._supervisor.keep("batches", self.run_once, IDLE_SECONDS, lease=lease)

    async def run_once(self) -> bool:
        """Do the next piece of the oldest batch. Tells whether there was one, so that there may be more."""
        async with self._runtime.database.reading() as connection:
            batch_id = await batches.next_under_way(connection, self._runtime.clock(), self._supervisor.rests("batch "))
        if batch_id is None:
            return False
        return await self._supervisor.attempt(f"batch {batch_id}", partial(self._piece, batch_id))

    async def _piece(self, batch_id: int) -> bool:
        async with self._runtime.database.writing() as connection:
            self._shared = await reminders.read_shared(connection, self._shared)
            batch = await batches.read(connection, batch_id)
            if batch is None:
                raise BatchUnreadable(batch_id)
            await _Piece(connection, batch, self._shared, self._runtime, self._links()).do()
        self._runtime.letters_queued.ring()
        return True


class _Piece:
    """One transaction of a batch."""

    def __init__(
        self, connection: AsyncConnection, batch: Batch, shared: ReferenceRead, runtime: Runtime, links: Links
    ) -> None:
        self._connection = connection
        self._batch = batch
        self._shared = shared
        self._runtime = runtime
        self._now = runtime.clock()
        self._links = links
        self._acts: list[Entry] = []

    async def do(self) -> None:
        """Do it."""
        match self._batch.stage:
            case "working":
                await self._act("waiting", undo=False)
            case "undoing":
                await batches.stop(self._connection, self._batch.id)
                await self._act("done", undo=True)
            case "undoable" | "telling":
                await self._tell()
            case "ended":
                pass
        await trail.append(self._connection, self._acts, self._now)

    async def _act(self, of: Outcome, *, undo: bool) -> None:
        """Act on the next forms, or take that back; and say so to who ordered it once there are no more."""
        items = await batches.next_items(self._connection, self._batch.id, of, PIECE)
        found = await self._found(items)
        facts = await self._facts(found)
        rows, outcomes, owners = forms.Rows(self._now, self._acts), dict[int, Outcome](), set[int]()
        recognised: list[Assessment] = []
        decide = take_back if undo else act_on
        for form_id, version in items.items():
            wanted = AssessmentWanted(form_id)
            form = found.get(wanted) if wanted in found else None
            acted = decide(facts, self._batch.order, form, version) if wanted in found else "unreadable"
            if isinstance(acted, Acted):
                assert form is not None
                rows.act(self._batch.person_id, form, changed_by(acted, form), acted)
                owners.add(form.person.id)
                outcomes[form_id] = "undone" if undo else "done"
                if acted.state == "recognised":
                    recognised.append(form)
            else:
                outcomes[form_id] = acted
        await rows.write(self._connection)
        await recognition.enter(self._connection, self._batch.order.recognition_id, recognised)
        await contacts.refresh(self._connection, owners)
        await batches.settle(self._connection, self._batch.id, outcomes)
        if len(items) < PIECE:
            await self._end(undo=undo)

    async def _found(self, form_ids: Mapping[int, int]) -> Found:
        """Read forms, locked until the transaction ends."""
        found = Found()
        wanted = [AssessmentWanted(form_id) for form_id in form_ids]
        if wanted:
            await forms.find_assessments(self._connection, wanted, found, self._shared)
        return found

    async def _facts(self, found: Found) -> Facts:
        """Return what is known of who ordered the batch: their roles as they are now."""
        local = self._runtime.local(self._now)
        person, held = await batches.who_ordered(self._connection, self._batch, local.date())
        await self._find_heads(found, held)
        chat = Conversation(self._batch.conversation_id, "")
        return Facts(local, chat, self._shared.reference, person, held, found=found)

    async def _find_heads(self, found: Found, held: Sequence[Role]) -> None:
        """Look up who is the head where somebody is the deputy, which says who decides."""
        units = [role.unit_id for role in held if role.kind == "deputy"]
        holders = await roles.over(self._connection, units) if units else {}
        for unit_id in units:
            found.put(HoldersWanted(unit_id), holders.get(unit_id, ()))

    async def _end(self, *, undo: bool) -> None:
        """Tell who ordered the batch what it came to."""
        counts = await batches.counts(self._connection, self._batch.id)
        left = await batches.left(self._connection, self._batch.id, {"kept"} if undo else words.WHY.keys())
        log.info("batch_done", batch_id=self._batch.id, undone=undo, done=counts.get("done", 0))
        if undo:
            await self._enter("ended")
            await self._tell_who_ordered(words.taken_back(counts, left))
            return
        stage: Stage = "undoable" if self._batch.order.can_be_undone else "telling"
        await self._enter(stage if counts.get("done") else "ended", self._now)
        told = words.ended(self._batch, counts, await self._with_changes(left), await self._papers())
        await self._tell_who_ordered(told)

    async def _with_changes(self, left: Sequence[words.Left]) -> list[words.Left]:
        """Say of forms that had changed what it was."""
        shown_at, changed = self._batch.order.shown_at, [one.assessment_id for one in left if one.why == "changed"]
        since = await forms.since(self._connection, changed, shown_at)
        found = await self._found(dict.fromkeys(changed, 0))
        return [self._with_change(one, _readable(found, one.assessment_id), since) for one in left]

    def _with_change(self, one: words.Left, form: Assessment | None, since: Mapping[int, Since]) -> words.Left:
        if form is None:
            return one
        order, was = self._batch.order, since[form.id]
        came_in = order.before == "submitted" and form.submitted_at is not None and form.submitted_at > order.shown_at
        if came_in and was.before is None:  # to the branch; to the levels above it is one that has changed
            return replace(one, is_new=True)
        return replace(one, changed=tuple(changes(self._shared.reference.units, form, was)))

    async def _papers(self) -> tuple[Button, ...]:
        """Return buttons for the papers that are due now: the proposal, or the decision with its certificates."""
        order = self._batch.order
        if order.act == "propose":
            unit_id, year = await documents.place_of_proposal(self._connection, order.proposal_id)
            return (button("proposal", unit_id, year, order.proposal_id),)
        if order.act == "recognise":
            unit_id, year = await documents.place_of_proposal(self._connection, order.of_proposal)
            decision = button("decision", unit_id, year, order.recognition_id)
            return (decision, *(button(kind, unit_id, year) for kind in _AFTER_DECISION))
        return ()

    async def _enter(self, stage: Stage, done_at: datetime | None = None) -> None:
        await batches.enter(self._connection, self._batch.id, stage, done_at)

    async def _tell_who_ordered(self, message: Message) -> None:
        to = await outbox.recipient_of(self._connection, self._batch.conversation_id, self._batch.person_id or None)
        if to is not None:
            await outbox.queue(self._connection, [self._runtime.letter(to, message)], self._now)

    async def _tell(self) -> None:
        """Tell the next people concerned. From here on nothing can be undone."""
        items = await batches.next_items(self._connection, self._batch.id, "done", PIECE)
        found = await self._found(items)
        told = [form for form_id in items if (form := _readable(found, form_id)) is not None]
        told = [form for form in told if is_as_left(self._batch.order, form, items[form.id])]
        reached = await outbox.reach_people(self._connection, {form.person.id for form in told})
        letters = []
        messages = await self._messages(told)
        for form in told:
            letters += [self._runtime.letter(to, messages[form.id]) for to in reached[form.person.id]]
        await outbox.queue(self._connection, letters, self._now)
        await batches.settle(self._connection, self._batch.id, dict.fromkeys(items, "told"))
        await self._enter("telling" if len(items) == PIECE else "ended")

    async def _messages(self, told: Sequence[Assessment]) -> dict[int, Message]:
        """Return what each owner is told; those recognised, with the number of their certificate."""
        order = self._batch.order
        if order.act != "recognise":
            return {form.id: told_to_resident(form, order.act, order.reason or form.reason) for form in told}
        reference = self._shared.reference
        entered = await recognition.entered(self._connection, [form.id for form in told])
        pattern = self._links.certificate
        return {
            form_id: told_recognised(
                title,
                reference.units.in_sentence(order.units.tops[0]),
                pattern.format(code=title.code) if pattern else None,
            )
            for form_id, title in entered.items()
        }


def _readable(found: Found, form_id: int) -> Assessment | None:
    wanted = AssessmentWanted(form_id)
    return found.get(wanted) if wanted in found else None
