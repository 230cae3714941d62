"""A notice while it is written: what is kept between two turns, and what a draft begins with."""

from datetime import datetime

from msgspec.structs import replace

from flows.conversation.facts import Facts
from flows.conversation.session import Talk
from flows.notices.audience import own_units, reach_of
from flows.notices.notice import Audience, Content, Notice, Reached, Repeat
from flows.notices.occasions import renewed
from flows.words.refusals import Refused
from flows.words.spelling import composed
from flows.words.wording import _


class Drafting(Talk, frozen=True, tag="notice-draft"):
    """A notice until it is handed over. `details` fill the gaps of the occasion's text; `reached` was counted when the
    audience was last changed; `suggested` are units found by name, `facet` is what the audience is being narrowed by,
    `link_label` waits for its address. `mends` is the notice of which only what it says is changed."""

    occasion: str = ""
    details: tuple[str, ...] = ()
    content: Content = Content("")
    audience: Audience = Audience()
    reached: Reached = Reached()
    send_at: datetime | None = None
    repeat: Repeat = ""
    suggested: tuple[int, ...] = ()
    facet: str = ""
    link_label: str = ""
    mends: int = 0


def started(facts: Facts) -> Drafting:
    """Return an empty draft for all of an administrator's units."""
    return for_audience(facts, Drafting(), Audience(own_units(facts)))


def copied(facts: Facts, notice: Notice) -> Drafting:
    """Return a draft with what a notice says and whom it is for, as far as that is one's own to write to."""
    kept = tuple(unit_id for unit_id in notice.audience.unit_ids if facts.holds("admin", unit_id))
    draft = Drafting(content=_of_today(facts, notice), send_at=notice.send_at, repeat=notice.repeat)
    return for_audience(facts, draft, replace(notice.audience, unit_ids=kept or own_units(facts)))


def _of_today(facts: Facts, notice: Notice) -> Content:
    """Return what a notice says with this year's dates, where they are known."""
    try:
        return renewed(facts.reference, facts.today, notice.content, notice.audience.unit_ids)
    except Refused:
        return notice.content


def mending(facts: Facts, notice: Notice) -> Drafting:
    """Return a draft in which only what a paused notice says is changed: for whom it is and when stays."""
    return Drafting(content=notice.content, audience=notice.audience, mends=notice.id)


def for_audience(facts: Facts, draft: Drafting, audience: Audience) -> Drafting:
    """Return a draft for an audience, which is counted now."""
    return replace(draft, audience=audience, reached=reach_of(facts, audience), suggested=())


def read_short(typed: str, most: int) -> str:
    """Return a short text as it was typed. Refuses an empty or a longer one."""
    text = composed(typed)
    if not text or len(text) > most:
        raise Refused(_("This takes 1 to {most} characters.", most=most))
    return text
