"""Notices to many people, as their administrators see them: the list, one notice and what can be done with it."""

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from flows.events import (
    ApprovalLimitSet,
    Entered,
    Event,
    Left,
    NoticeActed,
    PersonAddress,
    ReportAsked,
    Said,
    Sent,
    Told,
    Went,
)
from flows.facts import Facts, NoticePage, NoticesWanted, RespondentsWanted
from flows.flow import Flow, Step
from flows.messages import Button, Message
from flows.notices import (
    Notice,
    NoticeAct,
    NoticeAnswer,
    NoticeState,
    QuietHours,
    acts_on,
    message_of,
    state_after,
)
from flows.questions import BACK, Choice, Chose, Heard, Question, chosen, written
from flows.questions import words as said
from flows.refusals import OutOfDate, Refused
from flows.session import Noticing
from flows.talks import notice_draft
from flows.talks import notice_words as words
from flows.talks.notice_audience import own_units
from flows.wording import Wording, _, lines, n_, paragraphs

PAGE = 6
MOST_NAMED = 40
SLOWEST = 0.05
HIGHEST_LIMIT = 1_000_000

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
    "resume": Choice("resume", _("▶️ Go on"), said("tiếp tục; gửi tiếp; tiếp tục gửi; resume; go on")),
    "stop": Choice("stop", _("⏹ Stop for good"), said("dừng; dừng hẳn; dừng gửi; ngừng gửi; stop"), final=True),
}
DONE: Mapping[NoticeAct, Wording] = {
    "approve": _("✅ Approved. It is sent at its time."),
    "decline": _("🚫 Not approved. Nothing is sent."),
    "withdraw": _("↩️ Withdrawn. Nothing is sent."),
    "pause": _("⏸ Paused. Whoever has not got it yet gets it once it goes on."),
    "resume": _("▶️ It goes on."),
    "stop": _("⏹ Stopped. Whoever has not got it yet will not get it."),
    "repeat_uncertain": _("🔁 It is sent to them again. Somebody may get it twice."),
}
STARTED: frozenset[NoticeState] = frozenset({"gathering", "sending", "paused", "stopped", "done"})
NOT_YOURS = _("This notice is not for your unit, or does not exist any more.")


# The message that follows a notice on its way


def progress_message(
    notice: Notice, rate: float, seconds_left: float | None, rest: QuietHours | None = None
) -> Message:
    """Make the message that replaces itself while a notice goes out: `rate` in messages a second, `rest` the quiet
    hours in which it waits."""
    return Message(
        paragraphs(
            lines(_head(notice), words.title(notice.content, 60)),
            words.progress(notice),
            _pace(notice, rate, seconds_left, rest),
            words.answers(notice),
        ),
        (tuple(_lasting(notice, choice) for choice in _choices(notice)),),
        topic=f"notice-{notice.id}",
    )


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
        elif notice.state != "awaiting" or own == (act == "withdraw"):
            yield ACTS[act]
    if notice.state in STARTED:
        yield REPORT


def _repeat_choice(notice: Notice) -> Choice:
    uncertain = notice.counts.get("uncertain", 0)
    label = n_("🔁 Send again to the {count} uncertain one", "🔁 Send again to the {count} uncertain ones", uncertain)
    return Choice("repeat_uncertain", label, said("gửi lại; gửi lại cho họ; send again"), final=True)


def _lasting(notice: Notice, choice: Choice) -> Button:
    return Button(choice.label, f"c:notice:{choice.key}:{notice.id}:{notice.version}", lasting=True)


# The list


def ask_list(facts: Facts, talk: Noticing) -> Question:
    _place, found = _page(facts, talk)
    return Question(
        paragraphs(
            _("📣 Notices to many people, newest first:") if found.notices else _("📣 There is no notice here yet."),
        ),
        tuple(Choice(str(notice.id), _listed(notice)) for notice in found.notices),
        (WRITE, LIMIT, *((LATER,) if found.more else ()), BACK),
        numbered=True,
        again=_("Choose a notice, or write a new one."),
    )


def _page(facts: Facts, talk: Noticing) -> tuple[int, NoticePage]:
    """Return the page that is shown, and what is on it: the last one when the list has shrunk meanwhile."""
    for page in range(talk.page, -1, -1):
        found = facts.notices(NoticesWanted(facts.scope("admin"), page * PAGE, PAGE))
        if found.notices:
            return page, found
    return 0, found


def _listed(notice: Notice) -> Wording:
    return _("{title} · {state}", title=words.title(notice.content), state=words.NOTICE_STATES[notice.state])


def hear_list(facts: Facts, talk: Noticing, heard: Heard) -> Iterator[Event]:
    page, _found = _page(facts, talk)
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
            yield from _into_draft(Entered("occasion", notice_draft.started(facts)))
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
        about(facts, notice),
        tuple(_page_choices(facts, notice)),
        (BACK,),
        again=_("What should be done with this notice?"),
    )


def _page_choices(facts: Facts, notice: Notice) -> Iterator[Choice]:
    yield PREVIEW
    if notice.content.asks_who_comes and notice.state in STARTED:
        yield NAMES
    own = _is_own(facts, notice)
    yield from _choices(notice, own=own)
    if notice.state not in {"awaiting", "scheduled"}:
        yield AGAIN
    elif own:
        yield EDIT


def about(facts: Facts, notice: Notice) -> Wording:
    """Say everything about a notice on one screen."""
    return paragraphs(
        lines(_head(notice), _("By {name}", name=notice.author_name) if notice.author_name else None),
        words.beginning(notice.content),
        lines(
            words.audience(facts, notice.audience),
            words.reach(facts.reached(notice.audience)) if notice.state == "awaiting" else None,
            _time(facts, notice),
        ),
        words.progress(notice),
        words.answers(notice) if notice.state in STARTED else None,
        _("Nobody knows whether the uncertain ones have it: sent again, somebody may get it twice.")
        if "repeat_uncertain" in acts_on(notice)
        else None,
    )


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
        case EDIT.key:
            yield _acted(notice, "withdraw", notice.version)
            yield Said(_("The notice is withdrawn while it is changed. Send it once more when it is right."))
            yield from _into_draft(Entered("draft", notice_draft.copied(facts, notice)))
        case AGAIN.key:
            yield from _into_draft(
                Entered("draft", notice_draft.copied(facts, replace(notice, send_at=None, repeat="")))
            )
        case key:
            yield from act(facts, notice, key, notice.version)


def _who_comes(facts: Facts, notice: Notice) -> Wording:
    come, cannot = (_named(facts, notice, answer) for answer in ("come", "cannot"))
    return paragraphs(lines(_("🙋 Will come:"), *come), lines(_("Cannot come:"), *cannot))


def _named(facts: Facts, notice: Notice, answer: NoticeAnswer) -> Iterator[Wording]:
    found = facts.respondents(RespondentsWanted(notice.id, answer, MOST_NAMED))
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
        case REPORT.key if notice.state in STARTED:
            yield ReportAsked(notice.id)
            yield Said(_("📊 The report is being made. It comes here in a moment."))
        case _:
            yield from _decide(facts, notice, _act_named(verb), version)


def shown_as_received(facts: Facts, notice: Notice) -> Iterator[Event]:
    """Show a notice as its readers get it."""
    for language in ("vi", "en") if notice.content.en else ("vi",):
        yield Sent(message_of(notice.content, 0, language, facts.conversation.channel))


def _card(facts: Facts, notice: Notice) -> Message:
    own = _is_own(facts, notice)
    return Message(about(facts, notice), (tuple(_lasting(notice, choice) for choice in _choices(notice, own=own)),))


def _act_named(verb: str) -> NoticeAct:
    known = next((act for act in DONE if act == verb), None)
    if known is None:
        raise OutOfDate(_("This button no longer works."))
    return known


def _decide(facts: Facts, notice: Notice, act: NoticeAct, version: int) -> Iterator[Event]:
    if act in {"approve", "decline"} and _is_own(facts, notice):
        raise Refused(_("Nobody approves their own notice: another administrator does."))
    yield _acted(notice, act, version)
    yield Said(DONE[act])
    if act in {"approve", "decline"} and notice.author_id is not None:
        yield Told(PersonAddress(notice.author_id), _told_to_author(notice, act))


def _acted(notice: Notice, act: NoticeAct, version: int) -> NoticeActed:
    return NoticeActed(notice.id, act, notice.version, state_after(notice, act, version))


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
    above = facts.approvers(frozenset(units), facts.person_id).above
    return Question(
        paragraphs(
            words.rule_of_two(above),
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
    for unit_id in own_units(facts):
        yield ApprovalLimitSet(unit_id, above)
    yield Said(lines(_("Saved."), words.rule_of_two(above)))
    yield Went("list", talk)


def _read_limit(typed: str) -> int:
    digits = typed.strip().replace(".", "").replace(" ", "")
    if not digits.isdecimal() or len(digits) > len(str(HIGHEST_LIMIT)) or int(digits) > HIGHEST_LIMIT:
        raise Refused(_("Type a number from 0 to {most}.", most=HIGHEST_LIMIT))
    return int(digits)


# Whose it is to see and to do


def subject(facts: Facts, notice_id: int) -> Notice:
    """Return a notice. Refused to all but the administrators over everybody it is for: who wrote it and administers
    these units no more is one of the others."""
    notice = facts.notice(notice_id)
    if notice is None or not _may_see(facts, notice):
        raise Refused(NOT_YOURS)
    return notice


def _may_see(facts: Facts, notice: Notice) -> bool:
    units = notice.audience.unit_ids
    return bool(units) and all(facts.holds("admin", unit_id) for unit_id in units)


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
