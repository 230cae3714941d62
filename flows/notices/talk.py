"""Notices to many people, as their administrators see them: the list, one notice and what can be done with it."""

import re
from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from flows.conversation.events import Entered, Event, Left, PersonAddress, Said, Sent, Told, Went
from flows.conversation.facts import Facts
from flows.conversation.flow import Flow, Step
from flows.conversation.messages import Button, Message
from flows.conversation.questions import BACK, Choice, Chose, Heard, Question, chosen, written
from flows.conversation.questions import words as said
from flows.conversation.session import Talk
from flows.domain.quiet_hours import QuietHours
from flows.notices import words
from flows.notices.audience import own_units, reach_of, subject
from flows.notices.draft import drafting
from flows.notices.draft.approval import check_approvers
from flows.notices.needs import Approvers, ApproversWanted, NoticePage, NoticesWanted, RespondentsWanted
from flows.notices.notice import HIGHEST_LIMIT, Notice, NoticeAct, NoticeAnswer, acts_on, message_of, state_after
from flows.notices.occasions import renewed
from flows.notices.records import ApprovalLimitSet, NoticeActed, ReportAsked
from flows.words.refusals import OutOfDate, Refused
from flows.words.spelling import composed, unmarked
from flows.words.wording import Wording, _, lines, n_, paragraphs


class Noticing(Talk, frozen=True, tag="notices"):
    """The page of the list an administrator looks at, or a notice from it."""

    page: int = 0
    notice_id: int = 0


PAGE = 6
MOST_NAMED = 40
SLOWEST = 0.05
_NUMBER_OF_PEOPLE = re.compile(r"(\d[\d. ]*?)(?: *(?:nguoi|people))?(?: +(?:a|ah|nhe|nha))*[.! ]*")

WRITE = Choice("write", _("✍️ Write a notice"), said("viết; viết thông báo; soạn; soạn mới; viết mới; write"))
LIMIT = Choice("limit", _("👥 Approval by two"), said("hai người duyệt; phê duyệt; approval"))
LATER = Choice("later", _("More →"), said("more; thêm; tiếp; xem thêm; trang sau; next"))
SHOW = Choice("show", _("Show the notice"), said("xem; xem thông báo; show"))
PREVIEW = Choice("preview", _("👁 Preview"), said("xem trước; xem thử; preview"))
NAMES = Choice("names", _("🙋 Who comes"), said("ai đến; ai dự; danh sách; những ai đến; who comes"))
EDIT = Choice("edit", _("✏️ Change"), said("sửa; sửa lại; đổi; edit; change"))
AGAIN = Choice("again", _("📝 Write a new one from it"), said("viết lại; dùng lại; soạn lại; copy"))
REPORT = Choice("report", _("📊 Report"), said("báo cáo; xem báo cáo; tải báo cáo; report"))
ACTS: Mapping[NoticeAct, Choice] = {
    "approve": Choice("approve", _("✅ Approve"), said("duyệt; đồng ý; phê duyệt; đồng ý gửi; approve"), final=True),
    "decline": Choice(
        "decline",
        _("🚫 Do not approve"),
        said("không duyệt; từ chối; không đồng ý; decline"),
        final=True,
    ),
    "withdraw": Choice(
        "withdraw",
        _("↩️ Withdraw"),
        said("rút; rút lại; hủy; thu hồi; không gửi nữa; withdraw"),
        final=True,
    ),
    "pause": Choice("pause", _("⏸ Pause"), said("tạm dừng; tạm ngừng; dừng tạm; khoan gửi; pause")),
    "resume": Choice(
        "resume",
        _("▶️ Go on"),
        said("tiếp tục; gửi tiếp; tiếp tục gửi; gửi tiếp đi; cho gửi tiếp; cứ gửi tiếp; resume; go on"),
        final=True,
    ),
    "stop": Choice("stop", _("⏹ Stop for good"), said("dừng; dừng hẳn; dừng gửi; ngừng gửi; stop"), final=True),
}
DONE: Mapping[NoticeAct, Wording] = {
    "approve": _("✅ Approved. It is sent at its time."),
    "decline": _("🚫 Not approved. Nothing is sent."),
    "withdraw": _("↩️ Withdrawn. Nothing is sent."),
    "pause": _("⏸ Paused. Whoever has not got it yet gets it once it goes on."),
    "resume": _("▶️ It goes on."),
    "stop": _("⏹ Stopped. Whoever has not got it yet will not get it."),
    "mend": _("✏️ Changed. It goes on to those who have not got it yet."),
    "repeat_uncertain": _("🔁 It is sent to them again. Somebody may get it twice."),
}


# The message that follows a notice on its way


def progress_message(
    notice: Notice, rate: float, seconds_left: float | None, rest: QuietHours | None = None
) -> Message:
    """Make the message that replaces itself while a notice goes out: `rate` in messages a second, `rest` the quiet
    hours in which it waits."""
    return Message(
        paragraphs(
            lines(_head(notice), words.title(notice.content, 60)),
            _refusal(notice),
            words.progress(notice),
            _pace(notice, rate, seconds_left, rest),
            words.answers(notice),
        ),
        (tuple(_lasting(notice, choice) for choice in _choices(notice)),),
        topic=f"notice-{notice.id}",
    )


def refused_message(notice: Notice) -> Message:
    """Make the message that tells an author that a channel takes the notice from nobody, and how to go on."""
    return Message(
        paragraphs(
            lines(_head(notice), words.title(notice.content, 60)),
            _refusal(notice),
            lines(
                _("Press “Change”, mend it and send it: only those who have not got it yet get it then."),
                _("“Go on” leaves it as it is and passes over those for whom it was refused."),
            ),
        ),
        (tuple(_lasting(notice, choice) for choice in _choices(notice)),),
    )


def _refusal(notice: Notice) -> Wording | None:
    return words.refusal(notice.refusal) if notice.refusal else None


def _pace(notice: Notice, rate: float, seconds_left: float | None, rest: QuietHours | None) -> Wording | None:
    if rest is not None:
        return words.rest(rest)
    return words.pace(rate, seconds_left) if notice.state == "sending" and rate >= SLOWEST else None


def _head(notice: Notice) -> Wording:
    return _("📣 Notice {id}: {state}", id=notice.id, state=words.NOTICE_STATES[notice.state])


def _choices(notice: Notice, *, own: bool = True) -> Iterator[Choice]:
    """Yield what can be done with a notice now. Nobody approves their own, and only its author takes back what waits
    for approval."""
    for act in acts_on(notice):
        if act == "repeat_uncertain":
            yield _repeat_choice(notice)
        elif act == "mend":
            yield EDIT
        elif notice.state != "awaiting" or own == (act == "withdraw"):
            yield ACTS[act]
    if notice.has_begun:
        yield REPORT


def _repeat_choice(notice: Notice) -> Choice:
    uncertain = notice.counts.get("uncertain", 0)
    label = n_("🔁 Send again to the {count} uncertain one", "🔁 Send again to the {count} uncertain ones", uncertain)
    return Choice("repeat_uncertain", label, said("gửi lại; gửi lại cho họ; send again"), final=True)


def _lasting(notice: Notice, choice: Choice) -> Button:
    return Button(choice.label, f"c:notice:{choice.key}:{notice.id}:{notice.version}", lasting=True)


# The list


def ask_list(facts: Facts, talk: Noticing) -> Question:
    _place, found = _page_shown(facts, talk)
    return Question(
        paragraphs(
            _("📣 Notices to many people, newest first:") if found.notices else _("📣 There is no notice here yet."),
        ),
        tuple(Choice(str(notice.id), _listed(notice)) for notice in found.notices),
        (WRITE, LIMIT, *((LATER,) if found.more else ()), BACK),
        numbered=True,
        again=_("Choose a notice, or write a new one."),
    )


def _page_shown(facts: Facts, talk: Noticing) -> tuple[int, NoticePage]:
    """Return the page that is shown, and what is on it: the last one when the list has shrunk meanwhile."""
    for page in range(talk.page, -1, -1):
        found = facts.find(NoticesWanted(facts.scope("admin"), page * PAGE, PAGE))
        if found.notices:
            return page, found
    return 0, found


def _listed(notice: Notice) -> Wording:
    return _("{title} · {state}", title=words.title(notice.content), state=words.NOTICE_STATES[notice.state])


def hear_list(facts: Facts, talk: Noticing, heard: Heard) -> Iterator[Event]:
    page, _found = _page_shown(facts, talk)
    match chosen(heard):
        case BACK.key if page:
            yield Went("list", Noticing(page=page - 1))
        case BACK.key:
            yield Left()
        case LATER.key:
            yield Went("list", Noticing(page=page + 1))
        case LIMIT.key:
            yield Went("limit", talk)
        case WRITE.key:
            yield from _into_draft(Entered("occasion", drafting.started(facts)))
        case key:
            notice = subject(facts, int(key))
            yield Went("notice", replace(talk, notice_id=notice.id))


def _into_draft(entered: Entered) -> Iterator[Event]:
    """Go into a draft in place of the list: so the list can be looked at from the draft without losing it."""
    yield Left()
    yield entered


# One notice


def ask_notice(facts: Facts, talk: Noticing) -> Question:
    notice = subject(facts, talk.notice_id)
    return Question(
        _page(facts, notice),
        tuple(_page_choices(facts, notice)),
        (BACK,),
        again=_("What should be done with this notice?"),
    )


def _page_choices(facts: Facts, notice: Notice) -> Iterator[Choice]:
    yield PREVIEW
    if notice.content.asks_who_comes and notice.has_begun:
        yield NAMES
    own = _is_own(facts, notice)
    yield from _choices(notice, own=own)
    if notice.has_begun or notice.state not in {"awaiting", "scheduled"}:
        yield AGAIN
    elif own:
        yield EDIT


def _page(facts: Facts, notice: Notice) -> Wording:
    """Say all about a notice; of one that comes every year, as it would be when its time comes."""
    try:
        return about(facts, as_sent(facts, notice))
    except Refused as refused:
        ahead = _("⚠️ As it stands, it is not sent when its time comes: {why}", why=refused.wording)
        return paragraphs(about(facts, notice), ahead)


def as_sent(facts: Facts, notice: Notice) -> Notice:
    """Return a notice as it is sent when its time comes. Raises Refused when that cannot be known yet."""
    if not notice.is_renewed or notice.send_at is None:
        return notice
    day = notice.send_at.astimezone(facts.now.tzinfo).date()
    return replace(notice, content=renewed(facts.reference, day, notice.content, notice.audience.unit_ids))


def about(facts: Facts, notice: Notice) -> Wording:
    """Say everything about a notice on one screen."""
    return paragraphs(
        lines(_head(notice), _("By {name}", name=notice.author) if notice.author is not None else None),
        words.beginning(notice.content),
        _refusal(notice),
        lines(
            words.audience(facts, notice.audience),
            words.reach(reach_of(facts, notice.audience)) if _waits_for_approval(notice) else None,
            _time(facts, notice),
        ),
        words.progress(notice),
        words.answers(notice) if notice.has_begun else None,
        _("Nobody knows whether the uncertain ones have it: sent again, somebody may get it twice.")
        if "repeat_uncertain" in acts_on(notice)
        else None,
    )


def _waits_for_approval(notice: Notice) -> bool:
    return notice.state == "awaiting" and not notice.has_begun


def _time(facts: Facts, notice: Notice) -> Wording | None:
    if notice.state in {"awaiting", "scheduled"} or notice.repeat:
        return words.when(facts, notice.send_at, notice.repeat)
    return words.quiet_hours(facts, facts.now) if notice.state in {"gathering", "sending"} else None


def hear_notice(facts: Facts, talk: Noticing, heard: Heard) -> Iterator[Event]:
    notice = subject(facts, talk.notice_id)
    match chosen(heard):
        case BACK.key:
            yield Went("list", Noticing(page=talk.page))
        case NAMES.key:
            yield Said(_who_comes(facts, notice))
        case EDIT.key if notice.state == "paused":
            yield from _into_draft(Entered("draft", drafting.mending(facts, notice)))
        case EDIT.key:
            yield _acted(notice, "withdraw", notice.version)
            yield Said(_("The notice is withdrawn while it is changed. Send it once more when it is right."))
            yield from _into_draft(Entered("draft", drafting.copied(facts, notice)))
        case AGAIN.key:
            yield from _into_draft(Entered("draft", drafting.copied(facts, replace(notice, send_at=None, repeat=""))))
        case key:
            yield from act(facts, notice, key, notice.version)


def _who_comes(facts: Facts, notice: Notice) -> Wording:
    come, cannot = (_named(facts, notice, answer) for answer in ("come", "cannot"))
    return paragraphs(lines(_("🙋 Will come:"), *come), lines(_("Cannot come:"), *cannot))


def _named(facts: Facts, notice: Notice, answer: NoticeAnswer) -> Iterator[Wording]:
    found = facts.find(RespondentsWanted(notice.id, answer, MOST_NAMED))
    units = facts.reference.units
    for name, unit_id in found.named:
        unit = units.by_id.get(unit_id or 0)
        yield _("• {name}, {place}", name=name, place=unit.name) if unit is not None else _("• {name}", name=name)
    if found.total > len(found.named):
        yield _("… and {number} more; the report names them all.", number=found.total - len(found.named))
    if not found.total:
        yield _("• nobody yet")


def act(facts: Facts, notice: Notice, verb: str, version: int) -> Iterator[Event]:
    """Do what a choice or a lasting button on a notice says. `version` is the one it was shown with."""
    match verb:
        case SHOW.key:
            yield Sent(_card(facts, notice))
        case PREVIEW.key:
            yield from shown_as_received(facts, notice)
        case REPORT.key if notice.has_begun:
            yield ReportAsked(notice.id)
            yield Said(_("📊 The report is being made. It comes here in a moment."))
        case EDIT.key if notice.state == "paused":
            yield Entered("draft", drafting.mending(facts, notice))
        case _:
            yield from _decide(facts, notice, _act_named(verb), version)


def shown_as_received(facts: Facts, notice: Notice) -> Iterator[Event]:
    """Show a notice as its readers get it."""
    notice = as_sent(facts, notice)
    for language in ("vi", "en") if notice.content.en else ("vi",):
        yield Sent(message_of(notice.content, 0, language, facts.conversation))


def _card(facts: Facts, notice: Notice) -> Message:
    own = _is_own(facts, notice)
    return Message(_page(facts, notice), (tuple(_lasting(notice, choice) for choice in _choices(notice, own=own)),))


def _act_named(verb: str) -> NoticeAct:
    known = next((act for act in DONE if act == verb and act != "mend"), None)
    if known is None:
        raise OutOfDate(_("This button no longer works."))
    return known


def _decide(facts: Facts, notice: Notice, act: NoticeAct, version: int) -> Iterator[Event]:
    if act in {"approve", "decline"} and _is_own(facts, notice):
        raise Refused(_("Nobody approves their own notice: another administrator does."))
    if act == "resume" and notice.state == "paused" and _needs_approval(facts, notice):
        yield from _ask_before_resuming(facts, notice)
        return
    yield _acted(notice, act, version, _approved_for(facts, notice) if act == "approve" else 0)
    yield Said(_done(notice, act))
    if act in {"approve", "decline"} and notice.author_id is not None:
        yield Told(PersonAddress(notice.author_id), _told_to_author(notice, act))


def _done(notice: Notice, act: NoticeAct) -> Wording:
    if notice.repeat and act in {"stop", "withdraw", "decline"}:
        return lines(_done_once(notice, act), _("It does not come again either."))
    return _done_once(notice, act)


def _done_once(notice: Notice, act: NoticeAct) -> Wording:
    if notice.has_begun and act in {"decline", "withdraw"}:
        return _("⏸ It stays paused: change it once more, or stop it for good.")
    if act == "resume" and notice.refusal:
        return _("▶️ It goes on, without those for whom it was refused.")
    return DONE[act]


def _approved_for(facts: Facts, notice: Notice) -> int:
    return notice.recipients if notice.has_begun else reach_of(facts, notice.audience).total


def _needs_approval(facts: Facts, notice: Notice) -> bool:
    """Tell whether a paused notice says what nobody has approved yet."""
    return notice.needs_approval(notice.recipients, _approvers(facts, notice).above)


def _approvers(facts: Facts, notice: Notice) -> Approvers:
    return facts.find(ApproversWanted(frozenset(notice.audience.unit_ids), notice.author_id or 0))


def _ask_before_resuming(facts: Facts, notice: Notice) -> Iterator[Event]:
    approvers = _approvers(facts, notice)
    check_approvers(notice.recipients, approvers)
    yield NoticeActed(notice.id, "resume", notice.version, "awaiting")
    for person_id in approvers.person_ids:
        yield Told(PersonAddress(person_id), approval_message(notice, notice.recipients))
    yield Said(_("⏳ Another administrator has been asked to approve it. You will be told."))


def approval_message(notice: Notice, people: int) -> Message:
    """Make the message that asks an administrator to approve a notice that goes to more people than were agreed to."""
    return Message(
        paragraphs(
            _("👥 {name} asks you to approve a notice:", name=notice.author_name),
            words.beginning(notice.content),
            n_("It goes to {count} person.", "It goes to {count} people.", people),
        ),
        ((_lasting(notice, SHOW),),),
    )


def not_renewed_message(notice: Notice, why: Wording) -> Message:
    """Make the message that tells an author why a notice that comes every year was not sent this time."""
    return Message(
        paragraphs(
            _("📣 This notice comes every year. Today it was not sent:"),
            words.title(notice.content, 60),
            why,
            _("Show it and press “Write a new one from it”. Next year it comes again by itself."),
        ),
        ((_lasting(notice, SHOW),),),
    )


def grown_message(notice: Notice, people: int, *, asked: bool) -> Message:
    """Make the message that tells an author that a notice waits for approval, for there are more people by now."""
    return Message(
        paragraphs(
            lines(_head(notice), words.title(notice.content, 60)),
            n_(
                "It would now go to {count} person: so many have to be approved by a second administrator.",
                "It would now go to {count} people: so many have to be approved by a second administrator.",
                people,
            ),
            _("Another administrator has been asked. You will be told.")
            if asked
            else _("There is none yet: type “invite” to invite one."),
        ),
        ((_lasting(notice, SHOW),),),
    )


def _acted(notice: Notice, act: NoticeAct, version: int, approved_for: int = 0) -> NoticeActed:
    state = state_after(notice, act, version)
    return NoticeActed(notice.id, act, notice.version, state, approved_for=approved_for)


def _told_to_author(notice: Notice, act: NoticeAct) -> Message:
    head = (
        _("✅ Your notice was approved. It is sent at its time.")
        if act == "approve"
        else _("🚫 Your notice was not approved. Nothing is sent.")
    )
    return Message(lines(head, words.title(notice.content, 60)), ((_lasting(notice, SHOW),),))


# From how many recipients on two people have to agree


def ask_limit(facts: Facts, talk: Noticing) -> Question:
    units = own_units(facts)
    return Question(
        paragraphs(
            words.rule_of_two(facts.find(ApproversWanted(frozenset(units), facts.person_id)).above),
            _("To change this, type a number. With 0 every notice has to be approved."),
        ),
        moves=(BACK,),
        free=True,
    )


def hear_limit(facts: Facts, talk: Noticing, heard: Heard) -> Iterator[Event]:
    if heard == Chose(BACK.key):
        yield Went("list", talk)
        return
    above = _read_limit(written(heard))
    others = facts.find(ApproversWanted(frozenset(own_units(facts)), facts.person_id)).others
    for unit_id in own_units(facts):
        yield ApprovalLimitSet(unit_id, above)
    yield Said(lines(_("Saved."), words.rule_of_two(above), words.own_rule(others) if above > others else None))
    yield Went("list", talk)


def _read_limit(typed: str) -> int:
    found = _NUMBER_OF_PEOPLE.fullmatch(unmarked(composed(typed)).casefold())
    digits = re.sub("[. ]", "", found[1]) if found is not None else ""
    if not digits.isdecimal() or len(digits) > len(str(HIGHEST_LIMIT)) or int(digits) > HIGHEST_LIMIT:
        raise Refused(_("Type a number from 0 to {most}.", most=HIGHEST_LIMIT))
    return int(digits)


# Whose it is to do


def _is_own(facts: Facts, notice: Notice) -> bool:
    return facts.person_id == notice.author_id


def obstacle(facts: Facts, talk: Noticing) -> Wording | None:
    """Say why somebody cannot see notices, if so."""
    if not facts.has_role("admin"):
        return _("Only administrators write to many people.")
    if not talk.notice_id:
        return None
    try:
        subject(facts, talk.notice_id)
    except Refused as refused:
        return refused.wording
    return None


NOTICES = Flow(
    Noticing,
    steps=(
        Step("list", ask_list, hear_list),
        Step("notice", ask_notice, hear_notice),
        Step("limit", ask_limit, hear_limit),
    ),
    obstacle=obstacle,
)
