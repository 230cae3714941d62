"""A notice in words: whom it is for, how it stands, how far it is. Admins read the same wherever it is shown."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TypeVar

from flows.conversation.facts import Facts
from flows.domain.channels import named, told_apart
from flows.domain.people import GROUPS
from flows.domain.quiet_hours import QuietHours
from flows.notices.notice import (
    Audience,
    AudienceRole,
    Content,
    FormState,
    LedgerState,
    Long,
    Notice,
    NoticeState,
    Reach,
    Reached,
    Repeat,
)
from flows.words.marks import read_marks
from flows.words.wording import Lines, Wording, _, lines, n_, paragraphs

Key = TypeVar("Key", bound=str)

BEGINNING = 300
BAR = 12

NOTICE_STATES: Mapping[NoticeState, Wording] = {
    "awaiting": _("⏳ waits for approval"),
    "declined": _("🚫 not approved"),
    "scheduled": _("🗓 will be sent"),
    "gathering": _("📤 is starting"),
    "sending": _("📤 is being sent"),
    "paused": _("⏸ paused"),
    "stopped": _("⏹ stopped"),
    "withdrawn": _("↩️ withdrawn"),
    "done": _("✅ sent"),
}
LEDGER: Mapping[LedgerState, Wording] = {
    "sent": _("✅ Sent"),
    "queued": _("⏳ Still to be sent"),
    "sending": _("📤 On the way"),
    "waiting": _("📥 Waits in the web chat until it is opened"),
    "blocked": _("🚫 Has blocked the bot"),
    "muted": _("🔕 Has turned notices off"),
    "outside": _("🕘 The channel allows no message now"),
    "failed": _("❌ Failed"),
    "uncertain": _("❓ Uncertain"),
    "stopped": _("⏹ Not sent, stopped"),
}
TAKEN_OFF = _("⏳ Stopping, still to be taken off the list")
REACHES: Mapping[Reach, Wording] = {
    "blocked": _("has blocked the bot"),
    "muted": _("has turned notices off"),
    "nowhere": _("has no chat with the bot"),
}
AUDIENCE_ROLES: Mapping[AudienceRole, Wording] = {
    "resident": _("Residents"),
    "head": _("Branch heads"),
    "deputy": _("Deputy branch heads"),
    "association": _("Those who check for the commune"),
    "committee": _("Those who recognise for the commune"),
    "admin": _("Administrators"),
}
FORMS: Mapping[FormState, Wording] = {
    "none": _("Not begun"),
    "draft": _("Begun, not submitted"),
    "returned": _("Returned for correction"),
    "submitted": _("Waiting for the branch"),
    "confirmed": _("Confirmed by the branch"),
    "checked": _("Proposed by the commune association"),
    "recognised": _("Recognised"),
    "revoked": _("No longer recognised"),
}
REPEATS: Mapping[Repeat, Wording] = {"weekly": _("every week"), "yearly": _("every year")}


def beginning(content: Content, most: int = BEGINNING) -> str:
    """Return how a text begins, on one screen, without the signs of its strong words."""
    plain, _marks = read_marks(content.vi)
    return _cut(plain, most)


def beginning_as_typed(content: Content, most: int) -> str:
    """Return how a text begins, to be copied and changed."""
    return _cut(content.vi, most)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def title(content: Content, most: int = 28) -> str:
    """Return a text's first line, for a button."""
    first = next(iter(content.vi.strip().splitlines()), "")
    return beginning(Content(" ".join(first.split())), most)


def counted(parts: Mapping[Key, int], words: Mapping[Key, Wording]) -> Wording:
    """Say counts in a row: `Telegram 8, Web chat 4`."""
    return Lines(
        tuple(_("{name}: {number}", name=words.get(key, key), number=n) for key, n in parts.items() if n), ", "
    )


def reach(reached: Reached) -> Wording:
    """Say how many get a notice, by channel where there are several, and how many do not, and why."""
    missed = {key: reached.unreachable.get(key, 0) for key in REACHES}
    return lines(
        _reached(reached),
        *(part for channel, long in reached.long.items() for part in _long(told_apart(channel), long)),
        _missed(missed) if any(missed.values()) else None,
    )


def _long(channel: Wording, long: Long) -> Iterator[Wording]:
    """Say whom a channel takes nothing for, and for whom only at a price."""
    if long.late:
        yield n_(
            "{channel}: {count} person has not written for some days; to send to them costs about {cost} đồng.",
            "{channel}: {count} people have not written for some days; to send to them costs about {cost} đồng.",
            long.late,
            channel=channel,
            cost=_dong(long.late * long.price),
        )
    if long.outside:
        yield n_(
            "{channel}: {count} person has not written for a long time and does not get this: the channel takes only"
            " templates, about {cost} đồng in all, and a notice does not go by a template.",
            "{channel}: {count} people have not written for a long time and do not get this: the channel takes only"
            " templates, about {cost} đồng in all, and a notice does not go by a template.",
            long.outside,
            channel=channel,
            cost=_dong(long.outside * long.template_price),
        )


def _dong(amount: int) -> str:
    return f"{amount:,}".replace(",", ".")


def _reached(reached: Reached) -> Wording:
    if not reached.total:
        return _("It reaches nobody.")
    if len(reached.by_channel) == 1:
        return n_("It reaches {count} person.", "It reaches {count} people.", reached.total)
    parts = counted(reached.by_channel, {channel: told_apart(channel) for channel in reached.by_channel})
    return n_(
        "It reaches {count} person ({parts}).", "It reaches {count} people ({parts}).", reached.total, parts=parts
    )


def _missed(missed: Mapping[Reach, int]) -> Wording:
    parts = counted(missed, REACHES)
    return n_(
        "Not reached: {count} person ({parts}).",
        "Not reached: {count} people ({parts}).",
        sum(missed.values()),
        parts=parts,
    )


def rule_of_two(above: int) -> Wording:
    """Say from which size on a notice needs a second administrator."""
    if above == 0:
        return _("Every notice has to be approved by a second administrator.")
    return n_(
        "A notice to more than {count} person has to be approved by a second administrator.",
        "A notice to more than {count} people has to be approved by a second administrator.",
        above,
    )


def own_rule(above: int) -> Wording:
    """Say which size goes on to need a second administrator for whoever has just raised it."""
    return n_(
        "For what you write yourself it stays at more than {count} person until another administrator raises it.",
        "For what you write yourself it stays at more than {count} people until another administrator raises it.",
        above,
    )


def languages(facts: Facts) -> Mapping[str, Wording]:
    """Return what each language calls itself."""
    return {language.key: language.label for language in facts.reference.languages}


def audience(facts: Facts, chosen: Audience) -> Wording:
    """Say whom a notice is for."""
    units = facts.reference.units
    names = [units.in_sentence(unit_id) for unit_id in chosen.unit_ids if unit_id in units.by_id]
    return lines(
        _("To: {units}", units="; ".join(names)),
        _only([AUDIENCE_ROLES[role] for role in chosen.roles]),
        _only([GROUPS[group] for group in chosen.groups]),
        _only([languages(facts).get(language, language) for language in chosen.languages]),
        _form_line([FORMS[form] for form in chosen.forms]),
        _only(list(dict.fromkeys(named(channel) for channel in chosen.channels))),
        ages(chosen),
    )


def _only(words: list[Wording]) -> Wording | None:
    return _("• only: {words}", words=Lines(tuple(words), "; ")) if words else None


def _form_line(words: list[Wording]) -> Wording | None:
    return _("• only with this form: {words}", words=Lines(tuple(words), "; ")) if words else None


def ages(chosen: Audience) -> Wording | None:
    """Say an age band."""
    match chosen.youngest, chosen.oldest:
        case None, None:
            return None
        case youngest, None:
            return _("• from {youngest} years of age", youngest=youngest)
        case None, oldest:
            return _("• up to {oldest} years of age", oldest=oldest)
        case youngest, oldest:
            return _("• from {youngest} to {oldest} years of age", youngest=youngest, oldest=oldest)


def moment(facts: Facts, at: datetime) -> Wording:
    """Say a day and time, as it is where people live."""
    local = at.astimezone(facts.now.tzinfo)
    return _("{time} on {day}", time=f"{local:%H:%M}", day=local.date())


def when(facts: Facts, send_at: datetime | None, repeat: Repeat) -> Wording:
    """Say when a notice is sent, and what quiet hours make of it."""
    at = (send_at or facts.now).astimezone(facts.now.tzinfo)
    time = _("at once") if send_at is None else moment(facts, send_at)
    return lines(
        _("When: {time}, then {repeat}", time=time, repeat=REPEATS[repeat]) if repeat else _("When: {time}", time=time),
        quiet_hours(facts, at),
    )


def quiet_hours(facts: Facts, at: datetime) -> Wording | None:
    """Say that a time lies within the quiet hours, if so."""
    return rest(facts.reference.quiet) if facts.reference.quiet.holds(at) else None


def rest(hours: QuietHours) -> Wording:
    """Say when notices go out again."""
    return _(
        "(Between {start} and {end} nothing is sent: it goes out from {end} on.)",
        start=f"{hours.start:%H:%M}",
        end=f"{hours.end:%H:%M}",
    )


_REFUSED: tuple[tuple[str, Wording], ...] = (
    (r"button.?url|wrong http url", _("the address of its link is not taken")),
    (r"photo|image|picture|dimension|media|file|document|entity too large", _("its photo or file is not taken")),
    (r"too.long", _("its text is too long")),
    (r"button|markup|keyboard", _("its buttons are not taken")),
    (r"entit|parse|text", _("its text is not taken")),
)


def refusal(error: str) -> Wording:
    """Say what of a notice a channel does not take, as far as its answer tells, and the answer."""
    what = next((words for pattern, words in _REFUSED if re.search(pattern, error, re.IGNORECASE)), None)
    return lines(
        _("⚠️ The notice was refused: {what}. It is paused.", what=what)
        if what is not None
        else _("⚠️ The notice was refused. It is paused."),
        _("(The answer was: {error})", error=error),
    )


def buttons(content: Content) -> Wording:
    """Say which buttons a notice has."""
    named: list[Wording] = []
    if content.link_url:
        named.append(_("link “{label}”", label=content.link_label))
    if content.asks_who_comes:
        named.append(_("I'll come / I can't come"))
    if content.offers_form:
        named.append(_("start my form"))
    return Lines(tuple(named), ", ") if named else _("none")


def progress(notice: Notice) -> Wording:
    """Say how far a notice is: a bar, and what has become of its recipients."""
    if notice.state == "gathering":
        return _("The list of recipients is being made.")
    if not notice.recipients:
        return lines()
    done = notice.recipients - notice.count("queued", "sending")
    filled = BAR * done // notice.recipients
    return lines(
        _(
            "{bar} {percent}% · {done} of {all}",
            bar="▓" * filled + "░" * (BAR - filled),
            percent=100 * done // notice.recipients,
            done=done,
            all=notice.recipients,
        ),
        *_ledger(notice),
    )


def _ledger(notice: Notice) -> Iterator[Wording]:
    for state, words in LEDGER.items():
        if count := notice.counts.get(state, 0):
            name = TAKEN_OFF if notice.state == "stopped" and state == "queued" else words
            yield _("{name}: {number}", name=name, number=count)


def pace(rate: float, seconds_left: float | None) -> Wording:
    """Say how fast a notice goes out and how long it still takes."""
    speed = _("{rate} messages a second", rate=f"{rate:.1f}" if rate < 10 else f"{rate:.0f}")
    if seconds_left is None:
        return speed
    if seconds_left < 60:
        return _("{speed}, less than a minute left", speed=speed)
    return n_(
        "{speed}, about {count} minute left",
        "{speed}, about {count} minutes left",
        round(seconds_left / 60),
        speed=speed,
    )


def answers(notice: Notice) -> Wording | None:
    """Say how many pressed which button under a notice."""
    content, counts = notice.content, notice.answers
    return paragraphs(
        _(
            "🙋 Will come: {come} · cannot come: {cannot}",
            come=counts.get("come", 0),
            cannot=counts.get("cannot", 0),
        )
        if content.asks_who_comes
        else None,
        _("📝 Started their form from here: {number}", number=counts.get("start", 0)) if content.offers_form else None,
    )
