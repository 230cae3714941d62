"""The list of subjects as they are kept. A new one is a line in each of these."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, assert_never

from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import (
    batches,
    commune,
    forms,
    households,
    joining,
    meeting,
    notices,
    papers,
    people,
    privacy,
    publishing,
    received,
    recognition,
    registration,
    review,
    roles,
    signing_in,
)
from bot.store.core.chain import Entry
from bot.store.core.decided import Decided
from bot.store.core.finding import Finder
from bot.store.core.reference import ReferenceRead
from flows.batches.needs import AnyNeed as BatchNeed
from flows.batches.records import AnyRecord as BatchRecord
from flows.commune.needs import AnyNeed as CommuneNeed
from flows.commune.records import AnyRecord as CommuneRecord
from flows.conversation.facts import Found, Need
from flows.forms.needs import AnyNeed as FormNeed
from flows.forms.records import AnyRecord as FormRecord
from flows.households.needs import AnyNeed as HouseholdNeed
from flows.households.records import AnyRecord as HouseholdRecord
from flows.joining.needs import AnyNeed as JoiningNeed
from flows.joining.records import AnyRecord as JoiningRecord
from flows.meeting.needs import AnyNeed as MeetingNeed
from flows.meeting.records import AnyRecord as MeetingRecord
from flows.notices.needs import AnyNeed as NoticeNeed
from flows.notices.records import AnyRecord as NoticeRecord
from flows.papers.records import AnyRecord as PaperRecord
from flows.people.needs import AnyNeed as PeopleNeed
from flows.privacy.needs import AnyNeed as PrivacyNeed
from flows.privacy.records import AnyRecord as PrivacyRecord
from flows.publishing.records import AnyRecord as PublishingRecord
from flows.received.needs import AnyNeed as ReceivedNeed
from flows.received.records import AnyRecord as ReceivedRecord
from flows.recognition.needs import AnyNeed as RecognitionNeed
from flows.recognition.records import AnyRecord as RecognitionRecord
from flows.registration.records import AnyRecord as RegistrationRecord
from flows.review.needs import AnyNeed as ReviewNeed
from flows.review.records import AnyRecord as ReviewRecord
from flows.roles.needs import AnyNeed as RoleNeed
from flows.roles.records import AnyRecord as RoleRecord
from flows.signing_in.records import AnyRecord as SigningInRecord
from flows.subjects import AnyNeed, SubjectRecord

# What somebody asks for, turns off, allows, says or joins for themselves.
OwnRecord = ReceivedRecord | PaperRecord | PublishingRecord | HouseholdRecord | JoiningRecord | SigningInRecord


async def look_up(connection: AsyncConnection, needs: Iterable[Need[Any]], shared: ReferenceRead) -> Found:
    """Look up what turns asked for. What does not exist is found to be None or empty; what cannot be read is left
    out."""
    by_finder: dict[Finder, list[AnyNeed]] = {}
    for need in set(needs):
        assert isinstance(need, AnyNeed)
        by_finder.setdefault(_finder(need), []).append(need)
    found = Found()
    for finder, of_a_kind in by_finder.items():
        await finder(connection, of_a_kind, found, shared)
    return found


def _finder(need: AnyNeed) -> Finder:
    if isinstance(need, FormNeed):
        return forms.finder(need)
    if isinstance(need, BatchNeed):
        return batches.finder(need)
    if isinstance(need, ReviewNeed):
        return review.finder(need)
    if isinstance(need, MeetingNeed):
        return meeting.finder(need)
    if isinstance(need, CommuneNeed):
        return commune.finder(need)
    if isinstance(need, RecognitionNeed):
        return recognition.finder(need)
    if isinstance(need, RoleNeed):
        return roles.finder(need)
    if isinstance(need, NoticeNeed):
        return notices.finder(need)
    if isinstance(need, ReceivedNeed):
        return received.finder(need)
    if isinstance(need, PeopleNeed | HouseholdNeed | JoiningNeed | PrivacyNeed):
        return _finder_of_oneself(need)
    assert_never(need)


def _finder_of_oneself(need: PeopleNeed | HouseholdNeed | JoiningNeed | PrivacyNeed) -> Finder:
    """Return what looks up what somebody asks about themselves and who is with them."""
    if isinstance(need, PeopleNeed):
        return people.finder(need)
    if isinstance(need, HouseholdNeed):
        return households.finder(need)
    if isinstance(need, JoiningNeed):
        return joining.finder(need)
    return privacy.finder(need)


# Heads of the trail that papers keep in tables of their own: each a statement that selects them as they are printed.
PRINTED_HEADS: tuple[Select[str], ...] = ()


class Rows:
    """What a batch writes, subject by subject, parents before children. `acts` are for the trail."""

    def __init__(self, now: datetime) -> None:
        self.acts: list[Entry] = []
        self.registration = registration.Rows()
        self.roles = roles.Rows(now, self.acts)
        self.forms = forms.Rows(now, self.acts)
        self.batches = batches.Rows(now)
        self.meeting = meeting.Rows(now, self.acts)
        self.commune = commune.Rows(now, self.acts)
        self.recognition = recognition.Rows(now, self.acts)
        self.review = review.Rows(now)
        self.notices = notices.Rows(now, self.acts)
        self.papers = papers.Rows(now)
        self.publishing = publishing.Rows(now)
        self.received = received.Rows(now)
        self.signing_in = signing_in.Rows(now)
        self.households = households.Rows(now)
        self.joining = joining.Rows(now, self.acts)
        self.privacy = privacy.Rows(now, self.acts)

    def collect(self, one: Decided, record: SubjectRecord) -> None:
        """Turn a record into rows."""
        if isinstance(record, FormRecord):
            self.forms.collect(one, record)
        elif isinstance(record, BatchRecord):
            self.batches.collect(one, record)
        elif isinstance(record, MeetingRecord):
            self.meeting.collect(one, record)
        elif isinstance(record, CommuneRecord):
            self.commune.collect(one, record)
        elif isinstance(record, RecognitionRecord):
            self.recognition.collect(one, record)
        elif isinstance(record, ReviewRecord):
            self.review.collect(one, record)
        elif isinstance(record, RegistrationRecord):
            self.registration.collect(one, record)
        elif isinstance(record, RoleRecord):
            self.roles.collect(one, record)
        elif isinstance(record, NoticeRecord):
            self.notices.collect(one, record)
        elif isinstance(
            record, ReceivedRecord | PaperRecord | PublishingRecord | HouseholdRecord | JoiningRecord | SigningInRecord
        ):
            self._collect_for_oneself(one, record)
        elif isinstance(record, PrivacyRecord):
            self.privacy.collect(one, record)
            self.forms.take_out(one.facts.own)
        else:
            assert_never(record)

    def _collect_for_oneself(
        self,
        one: Decided,
        record: OwnRecord,
    ) -> None:
        """Turn what somebody asks for, turns off, allows or joins for themselves into rows."""
        if isinstance(record, ReceivedRecord):
            self.received.collect(one, record)
        elif isinstance(record, PaperRecord):
            self.papers.collect(one, record)
        elif isinstance(record, PublishingRecord):
            self.publishing.collect(one, record)
        elif isinstance(record, HouseholdRecord):
            self.households.collect(one, record)
        elif isinstance(record, JoiningRecord):
            self.joining.collect(one, record)
        else:
            self.signing_in.collect(one, record)

    async def write(self, connection: AsyncConnection) -> None:
        """Write what each subject has, in the order above. Who is erased comes last, after everything else."""
        for name, rows in vars(self).items():
            if name not in {"acts", "privacy"}:
                await rows.write(connection)
