"""What stands on papers, put together from what is on record and from a commune's letterhead. No files, no database."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, time

from bot.documents import decree30
from bot.documents.certificate import Certificate, Certificates
from bot.documents.decision import Decision
from bot.documents.decree30 import Heading, Signature, day_said
from bot.documents.letterhead import Letterhead
from bot.documents.minutes import Minutes
from bot.documents.people import Listed
from bot.documents.poster import Code, Poster, Posters
from bot.documents.proposal import Proposal
from bot.documents.records import Decided, GivenTitle, Meeting, Proposed
from bot.documents.register import Entry, Register
from bot.documents.self_assessment import BlankForm, FilledForm, Line, Part
from bot.documents.village_list import PostedList, VillageList
from bot.documents.year_report import Figures, UnitFigures, YearReport
from bot.store.documents import FormCount, RecordedConsent
from flows.domain.assessments import Answer, Assessment, Evidence, result_of
from flows.domain.criteria import Competency, CriteriaSet, Indicator
from flows.domain.people import GROUPS, HOW_AGREED
from flows.forms import words as forms
from flows.words.wording import Catalogue, render

CITIZEN = "Công dân học tập"
LETTERS = "ABCDEFGH"
# Whoever has had their data deleted: numbers stay, names go.
ERASED = "(đã xóa theo yêu cầu)"


@dataclass(frozen=True, slots=True)
class Setting:
    """What a paper of a round needs besides its content. `words` is Vietnamese, the language of papers.

    `sets` are the criteria that the results rest on.
    """

    letterhead: Letterhead
    year: int
    sets: tuple[CriteriaSet, ...]
    words: Catalogue

    @property
    def provisional(self) -> str:
        """Say that criteria are provisional, in the words of the chat; nothing where they are official."""
        note = forms.provisional_criteria(self.sets)
        return render(note, self.words) if note is not None else ""

    @property
    def title(self) -> str:
        """Return the title that the round is about."""
        return self.sets[0].title.vi if self.sets else CITIZEN


# Forms


def blank_form(setting: Setting, criteria: CriteriaSet, village: str, address: str) -> BlankForm:
    """Put together a form to be filled in by hand."""
    parts = tuple(
        Part(f"{letter}. {competency.name.vi}", "", tuple(_blank_line(criteria, one) for one in competency.indicators))
        for letter, competency in zip(LETTERS, criteria.competencies, strict=False)
    )
    return BlankForm(
        heading=setting.letterhead.branch_heading(village, year=setting.year),
        title=criteria.title.vi,
        year=setting.year,
        form_name=criteria.name.vi,
        village=_label(setting, village),
        parts=parts,
        rule=_rule(criteria),
        address=address,
        provisional=replace(setting, sets=(criteria,)).provisional,
    )


def _blank_line(criteria: CriteriaSet, indicator: Indicator) -> Line:
    levels = tuple(f"{level.label.vi} ({level.points}\u00a0điểm)" for level in indicator.levels)
    return Line(criteria.places[indicator.id], indicator.question.vi, levels=levels)


def _rule(criteria: CriteriaSet) -> str:
    rule = criteria.pass_rule
    return (
        f"Đạt khi tổng số điểm từ {rule.total}/{criteria.maximum} trở lên và không nội dung nào dưới {rule.floor} điểm."
    )


def filled_form(setting: Setting, form: Assessment, village: str, by_another: str = "") -> FilledForm:
    """Put together somebody's form as it stands. `by_another` says who typed it, and that the person agreed."""
    result = result_of(form)
    criteria, person = form.criteria, form.person
    return FilledForm(
        heading=setting.letterhead.branch_heading(village, year=setting.year),
        title=criteria.title.vi,
        year=setting.year,
        form_name=criteria.name.vi,
        village=_label(setting, village),
        parts=tuple(
            _filled_part(setting, form, letter, competency, points, maximum)
            for letter, (competency, points, maximum) in zip(LETTERS, result.points, strict=False)
        ),
        rule=_rule(criteria),
        provisional=replace(setting, sets=(criteria,)).provisional,
        name=person.name,
        birth_year=person.birth_year,
        group=render(GROUPS[person.group], setting.words) if person.group else "",
        representative=person.representative or "",
        by_another=by_another,
        total=f"{result.total}/{result.maximum}",
        lowest=f"nội dung thấp nhất {result.lowest} điểm",
        result=_rule(criteria) + (" Kết quả: đủ điều kiện." if result.passed else " Kết quả: chưa đủ điều kiện."),
        state=render(forms.state_words(form), setting.words),
    )


def helper_said(helper: str, consent: RecordedConsent | None, words: Catalogue) -> str:
    """Say who typed a form for somebody, and how that one agreed; a helper who was erased has no name any more."""
    name = helper or ERASED
    if consent is None:
        return name
    how = [render(HOW_AGREED[consent.how], words), day_said(consent.day)]
    if consent.witness:
        how.append(f"người chứng kiến: {consent.witness}")
    return f"{name}; người được làm hộ đã đồng ý ({', '.join(how)})"


def _filled_part(
    setting: Setting, form: Assessment, letter: str, competency: Competency, points: int, maximum: int
) -> Part:
    lines = tuple(_filled_line(setting, form, indicator) for indicator in competency.indicators)
    return Part(f"{letter}. {competency.name.vi}", f"{points}/{maximum}", lines)


def _filled_line(setting: Setting, form: Assessment, indicator: Indicator) -> Line:
    answer = form.answers.get(indicator.id)
    return Line(
        form.number(indicator.id),
        indicator.official.vi,
        level=_level(indicator, answer),
        points=answer.points if answer is not None else None,
        evidence="\n".join(_evidence(setting, form.evidence.get(indicator.id, ()))),
    )


def _level(indicator: Indicator, answer: Answer | None) -> str:
    if answer is None:
        return ""
    label = indicator.level(answer.level_id).label.vi
    if answer.adjusted_from is None:
        return label
    return f"{label} (chi hội điều chỉnh; tự đánh giá: {indicator.level(answer.adjusted_from).label.vi})"


def _evidence(setting: Setting, proofs: Sequence[Evidence]) -> Iterable[str]:
    """Say what the proofs of an answer are, without the pictures before them, which not every printer knows."""
    for proof in proofs:
        for line in forms.evidence_lines(proof):
            yield render(line, setting.words).lstrip(" ✓✗?📷📄✎")


# The village


def village_list(setting: Setting, village: str, people: tuple[Listed, ...], head: str) -> VillageList:
    """Put together the list of those whom a branch proposes."""
    heading, signature = _of_branch(setting, village, head)
    return VillageList(
        heading=heading,
        village=_label(setting, village),
        title=setting.title,
        year=setting.year,
        people=people,
        signature=signature,
        provisional=setting.provisional,
    )


def commune_list(setting: Setting, people: tuple[Listed, ...]) -> VillageList:
    """Put together the list of those whom the branches of a commune propose: its association sums them up."""
    heading, signature = _of_association(setting)
    return VillageList(
        heading=heading,
        village=f"{setting.letterhead.unit[:1].upper()}{setting.letterhead.unit[1:]}",
        title=setting.title,
        year=setting.year,
        people=people,
        signature=signature,
        provisional=setting.provisional,
    )


def posted_list(
    setting: Setting,
    people: tuple[Listed, ...],
    unnamed: int,
    *,
    village: str = "",
    head: str = "",
    until: date | None = None,
    recognised: bool = False,
) -> PostedList:
    """Put together a list that everybody can read: of those who are proposed or, once they are, of the recognised. With
    a village it is that of its branch; a commune's is the association's, and that of the recognised the committee's."""
    letterhead = setting.letterhead
    if village:
        heading, signature = _of_branch(setting, village, head)
    elif recognised:
        heading = letterhead.decides.heading("", letterhead.place, setting.year)
        signature = letterhead.decides.signature
    else:
        heading, signature = _of_association(setting)
    return PostedList(
        heading=heading,
        purpose="Người được công nhận" if recognised else "Người được đề nghị công nhận",
        where=_label(setting, village) if village else f"{letterhead.unit[:1].upper()}{letterhead.unit[1:]}",
        title=setting.title,
        year=setting.year,
        people=people,
        unnamed=unnamed,
        signature=signature,
        until=_until(until, head) if until is not None else "",
        provisional=setting.provisional,
    )


def _until(until: date, head: str) -> str:
    to = f"Chi hội trưởng {head}" if head else "Chi hội trưởng"
    return f"Danh sách được niêm yết đến hết {day_said(until)}. Ý kiến về danh sách xin gửi {to}."


def _of_branch(setting: Setting, village: str, head: str) -> tuple[Heading, Signature]:
    heading = setting.letterhead.branch_heading(village, year=setting.year)
    return heading, Signature(("CHI HỘI TRƯỞNG",), head)


def _of_association(setting: Setting) -> tuple[Heading, Signature]:
    body = setting.letterhead.association
    return body.heading("", setting.letterhead.place, setting.year), body.signature


def _label(setting: Setting, village: str) -> str:
    """Name a village with its commune at the beginning of a line."""
    return f"{village[:1].upper()}{village[1:]}, {setting.letterhead.unit}"


def minutes(setting: Setting, village: str, meeting: Meeting) -> Minutes:
    """Put together the minutes of a branch meeting."""
    return Minutes(
        heading=setting.letterhead.branch_heading(village, symbol="BB-CHKH", year=setting.year),
        village=f"{village}, {setting.letterhead.unit}",
        title=setting.title,
        year=setting.year,
        begins=moment_said(meeting.day, meeting.begins),
        ends=moment_said(meeting.day, meeting.ends),
        where=meeting.where,
        chair=meeting.chair,
        secretary=meeting.secretary,
        present=meeting.present,
        invited=meeting.invited,
        submitted=meeting.submitted,
        confirmed=meeting.confirmed,
        votes=meeting.votes,
        against=meeting.against,
        abstained=meeting.abstained,
        people=meeting.people,
        left_out=meeting.left_out,
        opinions=meeting.opinions or "không có ý kiến khác.",
        posting=f"danh sách được niêm yết {meeting.posted_days} ngày." if meeting.posted_days else "",
        provisional=setting.provisional,
        trail=meeting.trail,
    )


def moment_said(day: date | None, at: time | None) -> str:
    """Say when something began or ended: `19 giờ 30, ngày 15 tháng 11 năm 2026`; blank for what nobody told."""
    hour, minute = (f"{at.hour}", f"{at.minute:02}") if at is not None else (decree30.BLANK, decree30.BLANK)
    return f"{hour} giờ {minute}, {day_said(day)}"


# The commune


def proposal(setting: Setting, proposed: Proposed) -> Proposal:
    """Put together the association's proposal."""
    letterhead = setting.letterhead
    body = letterhead.association
    return Proposal(
        heading=_numbered(body.heading("TTr", letterhead.place, setting.year), proposed.number, proposed.day),
        to=letterhead.who_decides_said,
        by=letterhead.association_said,
        grounds=decree30.grounds(*body.grounds, *_ground_of(setting.sets)),
        title=setting.title,
        year=setting.year,
        people=proposed.people,
        villages=proposed.villages,
        signature=body.signature,
        recipients=body.recipients_said,
        sample=proposed.sample,
        provisional=setting.provisional,
        trail=proposed.trail,
    )


def decision(setting: Setting, decided: Decided) -> Decision:
    """Put together the decision that recognises."""
    letterhead = setting.letterhead
    body = letterhead.decides
    asked = f"Xét đề nghị của {proposal(setting, decided.proposal).by} tại {_proposal_said(setting, decided.proposal)}"
    return Decision(
        heading=_decision_heading(setting, decided.number, decided.day),
        who=letterhead.who_decides,
        who_said=letterhead.who_decides_said,
        grounds=decree30.grounds(*body.grounds, *_ground_of(setting.sets), asked),
        title=setting.title,
        year=setting.year,
        people=decided.people,
        carried_out_by=letterhead.carried_out_by,
        signature=_signed_by(body.signature, decided.signer),
        recipients=body.recipients_said,
        provisional=setting.provisional,
        trail=decided.trail,
    )


def _signed_by(signature: Signature, signer: str) -> Signature:
    """Put the name of who did sign under a paper; until it is known, that of who usually does."""
    return replace(signature, name=signer) if signer else signature


def _decision_heading(setting: Setting, number: str, day: date | None) -> Heading:
    letterhead = setting.letterhead
    return _numbered(letterhead.decides.heading("QĐ", letterhead.place, setting.year), number, day)


def _proposal_said(setting: Setting, proposed: Proposed) -> str:
    heading = setting.letterhead.association.heading("TTr", setting.letterhead.place, setting.year)
    return f"Tờ trình {_numbered(heading, proposed.number, proposed.day).reference}"


def _numbered(heading: Heading, number: str, day: date | None) -> Heading:
    """Give a heading its number and day; on paper both come after the signature, so that drafts have neither. The
    symbol is that of the number as it was recorded, or else of the letterhead."""
    own, _slash, symbol = number.partition("/")
    return replace(heading, number=own, symbol=symbol or heading.symbol, day=day)


def _ground_of(sets: Iterable[CriteriaSet]) -> Iterable[str]:
    """Name the documents that issued official criteria, each once."""
    sources = {one.source.document: one.source for one in sets if one.status == "official"}
    return (
        f"Căn cứ {source.document}" + (f" số {source.number}" if source.number else "") for source in sources.values()
    )


def certificates(setting: Setting, titles: Sequence[GivenTitle], page: str) -> Certificates:
    """Put together the certificates of titles. `page` is the address of a title's public page with `{code}` in it."""
    letterhead = setting.letterhead
    return Certificates(
        who=letterhead.who_decides,
        certificates=tuple(_certificate(setting, one, page) for one in titles),
        office=letterhead.decides.signature.lines,
        provisional=setting.provisional,
    )


def _certificate(setting: Setting, title: GivenTitle, page: str) -> Certificate:
    heading = _decision_heading(setting, title.decision_number, title.decision_day)
    return Certificate(
        title.name,
        title.village,
        title.title,
        title.year,
        title.number,
        decision=f"Quyết định {heading.reference}",
        place_and_day=heading.place_and_day,
        signer=_signed_by(setting.letterhead.decides.signature, title.signer).name,
        address=page.replace("{code}", title.code) if page else "",
    )


def register(setting: Setting, titles: Sequence[GivenTitle]) -> Register:
    """Put together the register of titles of a year."""
    letterhead = setting.letterhead
    return Register(
        heading=letterhead.decides.heading("", letterhead.place, setting.year),
        period=f"Năm {setting.year}",
        entries=tuple(
            Entry(
                one.number,
                one.name or ERASED,
                one.village,
                one.title,
                one.year,
                _decision_heading(setting, one.decision_number, one.decision_day).reference,
                _revoked_said(one),
            )
            for one in titles
        ),
        signature=letterhead.decides.signature,
        provisional=setting.provisional,
    )


def _revoked_said(title: GivenTitle) -> str:
    if title.revoked_on is None:
        return ""
    why = f": {title.revoked_why}" if title.revoked_why else ""
    return f"Thu hồi {day_said(title.revoked_on)}{why}"


# The year


# A form that was erased had been decided on.
SUBMITTED = frozenset({"submitted", "confirmed", "checked", "recognised", "revoked", "erased"})
CONFIRMED = SUBMITTED - {"submitted"}


def figures(counted: Iterable[FormCount]) -> Mapping[int, Figures]:
    """Add up tallies by unit. Whoever has begun a form counts as registered."""
    found: dict[int, Figures] = {}
    for one in counted:
        before = found.get(one.unit_id, Figures())
        found[one.unit_id] = Figures(
            registered=before.registered + one.count,
            submitted=before.submitted + one.count * (one.state in SUBMITTED),
            confirmed=before.confirmed + one.count * (one.state in CONFIRMED),
            passed=before.passed + one.count * (one.state in CONFIRMED and one.passed),
            recognised=before.recognised + one.count * (one.state == "recognised"),
        )
    return found


def year_report(setting: Setting, units: tuple[UnitFigures, ...], *, half: bool) -> YearReport:
    """Put together the report of a year, or of its first half."""
    letterhead = setting.letterhead
    body = letterhead.association
    return YearReport(
        heading=body.heading("BC", letterhead.place, setting.year),
        period=f"6 tháng đầu năm {setting.year}" if half else f"năm {setting.year}",
        to=("Hội Khuyến học cấp trên;", f"Ủy ban nhân dân {letterhead.unit}."),
        title=setting.title,
        units=units,
        signature=body.signature,
        recipients=body.recipients_said,
        provisional=setting.provisional,
    )


def posters(setting: Setting, villages: Iterable[tuple[str, str, Sequence[tuple[str, str]]]]) -> Posters:
    """Put together posters: for each village its name, what it lies in, and the addresses that begin a conversation,
    each after what is said of it."""
    made = []
    for village, above, codes in villages:
        first, *more = [Code(said, address) for said, address in codes]
        made.append(Poster(village, above, first, more[0] if more else None))
    return Posters(
        tuple(made),
        by=setting.letterhead.association_said.upper(),
        title=setting.title,
        provisional=setting.provisional,
    )
