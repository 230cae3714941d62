"""What is asked about notices while a turn is decided."""

from msgspec import Struct

from flows.conversation.facts import Facts, Need
from flows.domain.units import Scope
from flows.notices.notice import HIGHEST_LIMIT, Audience, Ledger, Notice, NoticeAnswer, Reached
from flows.words.wording import Named


class NoticeWanted(Need[Notice | None], frozen=True):
    """A notice by its id, without its counts."""

    id: int


class LedgerWanted(Need[Ledger], frozen=True):
    """The counts of a notice."""

    notice_id: int


class NoticePage(Struct, frozen=True):
    """A page of notices without their counts, and whether there are more."""

    notices: tuple[Notice, ...]
    more: bool = False


class NoticesWanted(Need[NoticePage], frozen=True):
    """A page of notices, newest first: those whose audience lies within these units."""

    units: Scope
    offset: int
    limit: int


class AudienceWanted(Need[Reached], frozen=True):
    """How many people an audience reaches, of its units with all below them."""

    audience: Audience
    units: Scope


class Approvers(Struct, frozen=True):
    """The people who may approve. `above` is the number of recipients that needs no approval yet. More than `others`
    it cannot be for whoever asks, whatever they set it to themselves."""

    person_ids: tuple[int, ...]
    above: int
    others: int = HIGHEST_LIMIT


class ApproversWanted(Need[Approvers], frozen=True):
    """Who may approve a notice for these units: administrators over all of them, never its author; and from how many
    recipients on that is needed."""

    units: frozenset[int]
    author_id: int


class Respondents(Struct, frozen=True):
    """Names and units of those who pressed, and how many there are in all."""

    named: tuple[tuple[Named, int | None], ...]
    total: int


class RespondentsWanted(Need[Respondents], frozen=True):
    """Who pressed a button of a notice, and from which village; latest first."""

    notice_id: int
    answer: NoticeAnswer
    limit: int


AnyNeed = NoticeWanted | LedgerWanted | NoticesWanted | AudienceWanted | ApproversWanted | RespondentsWanted


def notice_of(facts: Facts, notice_id: int) -> Notice | None:
    """Return a notice as it will be after this turn, with its counts once it has begun. Raises FactMissing until both
    were looked up."""
    found = facts.find(NoticeWanted(notice_id))
    return found.with_ledger(facts.find(LedgerWanted(notice_id))) if found is not None and found.has_begun else found
