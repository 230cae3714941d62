"""Everything kept about somebody, as a document that they can keep."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from flows.conversation.facts import Facts
from flows.domain.assessments import Assessment, Evidence
from flows.domain.channels import named
from flows.domain.criteria import Indicator
from flows.domain.people import GROUPS, HOW_AGREED, ROLES, Person
from flows.forms import words as forms
from flows.meeting.words import in_words
from flows.notices.notice import ANSWERS
from flows.notices.words import LEDGER, NOTICE_STATES
from flows.privacy.acts import act_lines, act_words, moment
from flows.privacy.needs import (
    OwnAct,
    OwnChat,
    OwnClosing,
    OwnConsent,
    OwnData,
    OwnDataWanted,
    OwnDecision,
    OwnFormTimes,
    OwnInvitation,
    OwnNotice,
    OwnProposal,
    OwnRole,
    OwnTitle,
)
from flows.publishing.talk import named_or_not
from flows.received.talk import KINDS
from flows.review.arrivals import WAYS
from flows.words.wording import Lines, Wording, _, lines, n_, paragraphs


def own_data(facts: Facts) -> Wording:
    """Put everything kept about a person into words."""
    kept = facts.find(OwnDataWanted(facts.person_id, facts.conversation.id))
    return paragraphs(
        _("Personal data kept on {day}", day=facts.today),
        lines(*(_consent(facts, one) for one in kept.consents)) if kept.consents else _("Consent: none"),
        _details(facts, kept, facts.person) if facts.person else None,
        _section(_("Chats:"), (_chat(facts, one) for one in kept.chats)),
        _section(
            _("Roles:"),
            (_role(facts, one) for one in kept.roles),
        ),
        *(_form(facts, kept, form) for form in reversed(facts.own)),
        _section(
            _("What was decided on the forms of others:"), (_act_on_other(facts, one) for one in kept.acts_on_others)
        ),
        _section(_("Villages closed or sent back:"), (_closing(facts, one) for one in kept.closings)),
        _section(_("In the register of the recognised:"), (_title(facts, one) for one in kept.titles)),
        _section(_("Decisions recorded:"), (_decision(facts, one) for one in kept.decisions)),
        _section(_("Lists proposed:"), (_proposal(facts, one) for one in kept.proposals)),
        _section(_("Forms drawn at random for a closer look:"), (_at(facts, at) for at in kept.samples_drawn)),
        _section(
            _("Other acts that were recorded:"),
            (act_lines(one, facts.now.tzinfo, unit=_unit(facts, one.unit_id)) for one in kept.acts),
        ),
        _section(_("Invitations made:"), (_invitation(facts, one) for one in kept.invitations)),
        _section(_("Turned off:"), (KINDS[kind] for kind in kept.muted)),
        _("New forms are announced: {way}", way=WAYS[kept.arrivals].label) if kept.arrivals is not None else None,
        _section(
            _("Answers to notices:"),
            (
                _(
                    "{time}: “{beginning}” – {answer}",
                    time=_at(facts, one.at),
                    beginning=one.beginning,
                    answer=ANSWERS[one.answer],
                )
                for one in kept.notices_answered
            ),
        ),
        _section(_("Notices received:"), (_notice(facts, one, LEDGER) for one in kept.notices_received)),
        _section(_("Notices written:"), (_notice(facts, one, NOTICE_STATES) for one in kept.notices_written)),
        _section(_("Reports of notices asked for:"), (_at(facts, at) for at in kept.reports_asked)),
        _section(_("Papers asked for, kept for a day:"), (_at(facts, at) for at in kept.papers_asked)),
        _section(_("Signed in to the web page, kept for 30 days:"), (_at(facts, at) for at in kept.signed_in)),
        _section(
            _("Asked whether they live in the same household:"),
            (_("{time}: {name}", time=_at(facts, at), name=name) for at, name in kept.asked_to_live_with),
        ),
        lines(
            _("Besides, for a time only:"),
            _("• what is being filled in at this moment, until it is done"),
            _(
                "• messages until they are delivered, then for 14 days only that there were some; of the last one, when"
                " it came"
            ),
            _("• which reminders went out, for some days"),
            _("• a code for joining chats, for minutes; how many wrong codes were typed, for an hour"),
            _("• which forms were decided on together, for 30 days"),
            _("• what stood on a form each time that it was shown to whoever decides, for 180 days"),
            _("Counts of forms by village have no names."),
        ),
    )


def _consent(facts: Facts, one: OwnConsent) -> Wording:
    return lines(_agreed(facts, one), _recorded(one) if one.how is not None else None)


def _recorded(one: OwnConsent) -> Wording:
    """Say how a consent was given that somebody else recorded."""
    assert one.how is not None
    return _(
        "    Recorded by who fills in: {how} on {day}; witness: {witness}",
        how=HOW_AGREED[one.how],
        day=one.given_on,
        witness=one.witness or "–",
    )


def _agreed(facts: Facts, one: OwnConsent) -> Wording:
    answer = _("given") if one.given else _("not given")
    at = _at(facts, one.at)
    if one.about == "publishing":
        named = {"version": one.text_version, "answer": answer, "time": at}
        if one.given_by:
            return _("Named on posted lists, by {name} (text {version}): {answer}, {time}", name=one.given_by, **named)
        return _("Named on posted lists (text {version}): {answer}, {time}", **named)
    if one.given_by:
        return _(
            "Consent by {name} (text {version}): {answer}, {time}",
            name=one.given_by,
            version=one.text_version,
            answer=answer,
            time=at,
        )
    return _("Consent (text {version}): {answer}, {time}", version=one.text_version, answer=answer, time=at)


def _details(facts: Facts, kept: OwnData, person: Person) -> Wording:
    return lines(
        _("Name: {name}", name=person.name),
        _("Year of birth: {year}", year=person.birth_year or "–"),
        _("Parent or guardian: {name}", name=person.representative or "–"),
        _("Registered in: {unit}", unit=_unit(facts, person.unit_id)),
        _("Group: {group}", group=GROUPS[person.group] if person.group else "–"),
        _("Filled in by: {name}", name=person.helper or "–") if person.is_helped else None,
        _("Posted lists: {answer}", answer=named_or_not(person)) if person.is_resident else None,
        _("Lives with: {names}", names=Lines(kept.lives_with, ", ")) if kept.lives_with else None,
        _("Known since: {time}", time=_at(facts, kept.known_since)) if kept.known_since else None,
    )


def _chat(facts: Facts, one: OwnChat) -> Wording:
    languages = (choice.label for choice in facts.reference.languages if choice.key == one.language)
    known = _(
        "{channel}, number {address}, language: {language}",
        channel=named(one.channel),
        address=one.address,
        language=next(languages, "–"),
    )
    if one.shared_by:
        known = _("{chat}; shared by {count} people", chat=known, count=one.shared_by)
    if one.since is not None and one.used_at is not None:
        used = _at(facts, one.used_at)
        known = _("{chat}; joined {since}, last used {used}", chat=known, since=_at(facts, one.since), used=used)
    if one.letters:
        known = _("{chat}; letters go there", chat=known)
    return _("{chat}; stopped {time}", chat=known, time=_at(facts, one.blocked_at)) if one.blocked_at else known


def _form(facts: Facts, kept: OwnData, form: Assessment) -> Wording:
    times = next((one for one in kept.forms if one.id == form.id), None)
    acts = [one for one in kept.acts_on_forms if one.about_id == form.id]
    return paragraphs(
        lines(
            forms.state_line(facts, form),
            _("Village: {unit}", unit=_unit(facts, form.unit_id)),
            _("Form: {title}, version {version}", title=form.criteria.title, version=form.criteria.version),
            *(_times(facts, times) if times is not None else ()),
            _("It may be corrected until the end of {day}.", day=form.open_until) if form.open_until else None,
        ),
        lines(*(line for indicator in form.criteria.indicators for line in _answer(facts, kept, form, indicator))),
        _section(_("What was done with this form:"), (act_lines(one, facts.now.tzinfo, form.criteria) for one in acts)),
    )


def _times(facts: Facts, times: OwnFormTimes) -> Iterator[Wording]:
    yield _("Begun: {time}", time=_at(facts, times.begun_at))
    if times.submitted_at is not None:
        yield _("Submitted: {time}", time=_at(facts, times.submitted_at))
    yield _("Last changed: {time}", time=_at(facts, times.touched_at))
    if times.reminded:
        yield n_("Reminded {count} time since.", "Reminded {count} times since.", times.reminded)


def _answer(facts: Facts, kept: OwnData, form: Assessment, indicator: Indicator) -> Iterator[Wording]:
    line = forms.answer_line(form, indicator)
    at = kept.answered.get((form.id, indicator.id))
    yield Lines((line, _at(facts, at)), ", ") if at is not None else line
    for proof in form.evidence.get(indicator.id, ()):
        yield from _proof(facts, kept, proof)


def _proof(facts: Facts, kept: OwnData, proof: Evidence) -> Iterator[Wording]:
    yield from forms.evidence_lines(proof)
    name = proof.name if proof.kind == "photo" else ""
    at = kept.proved.get(proof.id)
    if at is not None:
        yield Lines((_("    sent {time}", time=_at(facts, at)), name), " ")


def _act_on_other(facts: Facts, one: OwnAct) -> Wording:
    """Say what somebody decided. Whose form it was is that person's data: its number stands for it."""
    return lines(
        _("{time}: form number {id} – {act}", time=_at(facts, one.at), id=one.about_id or "–", act=act_words(one)),
        _("    Reason: {reason}", reason=one.reason) if one.reason else None,
    )


def _closing(facts: Facts, one: OwnClosing) -> Wording:
    state = _("closed") if one.state == "closed" else _("sent back to the branch")
    return lines(
        _("{time}: {unit} – {state}", time=_at(facts, one.at), unit=_unit(facts, one.unit_id), state=state),
        *(Lines(("   ", part), " ") for part in in_words(one.minutes)) if one.minutes is not None else (),
        _("    The list is posted until the end of {day}.", day=one.posted_until) if one.posted_until else None,
        _("    Reason: {reason}", reason=one.reason) if one.reason else None,
    )


def _title(facts: Facts, one: OwnTitle) -> Wording:
    return lines(
        _(
            "Number {number} of {year}: {name}, {village}",
            number=one.number,
            year=one.year,
            name=one.name,
            village=_unit(facts, one.village_id),
        ),
        _("    {unit}, code of the certificate: {code}", unit=_unit(facts, one.unit_id), code=one.code),
        _("    “{title}”, decision number {decision} of {day}", title=one.title, decision=one.decision, day=one.dated),
        _("    Does not hold since {time}", time=_at(facts, one.revoked_at)) if one.revoked_at else None,
        _("    Reason: {reason}", reason=one.reason) if one.reason else None,
    )


def _decision(facts: Facts, one: OwnDecision) -> Wording:
    return _(
        "{time}: {unit}, number {number} of {day}, signed by {name}",
        time=_at(facts, one.at),
        unit=_unit(facts, one.unit_id),
        number=one.number,
        day=one.dated,
        name=one.signer,
    )


def _proposal(facts: Facts, one: OwnProposal) -> Wording:
    round_ = facts.reference.rounds_by_id.get(one.round_id)
    known = _(
        "{time}: {unit}, {round}",
        time=_at(facts, one.at),
        unit=_unit(facts, one.unit_id),
        round=round_.name if round_ is not None else "–",
    )
    if one.dated is None:
        return known
    return _("{proposal}; number {number}, {day}", proposal=known, number=one.number, day=one.dated)


def _role(facts: Facts, one: OwnRole) -> Wording:
    return lines(
        _(
            "{role}, {unit}, since {time}",
            role=ROLES[one.role],
            unit=_unit(facts, one.unit_id),
            time=_at(facts, one.since),
        ),
        _("    The term ends on {day}.", day=one.until) if one.until is not None else None,
        _("    Away until the end of {day}", day=one.away_until) if one.away_until is not None else None,
    )


def _invitation(facts: Facts, one: OwnInvitation) -> Wording:
    known = _(
        "{role}, {unit}, until {time}",
        role=ROLES[one.role],
        unit=_unit(facts, one.unit_id),
        time=_at(facts, one.expires),
    )
    return lines(
        _("{invitation}; used {time}", invitation=known, time=_at(facts, one.used_at)) if one.used_at else known,
        _("    The term ends on {day}.", day=one.until) if one.until is not None else None,
    )


def _notice(facts: Facts, one: OwnNotice, states: Mapping[Any, Wording]) -> Wording:
    return _(
        "{time}: “{beginning}” – {state}", time=_at(facts, one.at), beginning=one.beginning, state=states[one.state]
    )


def _section(title: Wording, entries: Iterator[Wording]) -> Wording | None:
    """Put entries under a title; nothing where there are none."""
    listed = [Lines(("•", entry), " ") for entry in entries]
    return lines(title, *listed) if listed else None


def _at(facts: Facts, at: datetime) -> Wording:
    return moment(at, facts.now.tzinfo)


def _unit(facts: Facts, unit_id: int | None) -> str:
    return facts.reference.units.in_sentence(unit_id) if unit_id is not None else "–"
