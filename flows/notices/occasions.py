"""The year's calendar of notices: for each occasion a text to begin with. Days and official words as in the calendar of
the movement for learning; a place changes the wording as it likes before it sends."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from flows.conversation.facts import Reference
from flows.conversation.questions import words
from flows.domain.rounds import Round
from flows.domain.units import LEAF_KINDS
from flows.notices.notice import AudienceRole, Content, Origin
from flows.words.localized import Localized
from flows.words.refusals import Refused
from flows.words.wording import Wording, _

Gap = Literal["theme", "decision", "what", "when", "where", "by"]

UNKNOWN = "…"
_YEAR = re.compile(r"\b20\d\d\b")

# What is asked for a gap that no fact fills, and an example of an answer.
GAPS: Mapping[Gap, Wording] = {
    "theme": _("What is this year's theme of the Week? Without one, press “Skip”."),
    "decision": _(
        "Which decision recognises them? Type number, day and who signed, for example: 125/QĐ-UBND of 25/11/2026 by"
        " the chairman of the People's Committee."
    ),
    "what": _("What is it about? For example: using a smartphone, growing vegetables."),
    "when": _("When is it? Type day and hour as people will read them, for example: 19:00, 10/10/2026."),
    "where": _("Where is it? For example: the culture house of Thôn Đông."),
    "by": _("Which is the last day? For example: 20/6/2026."),
}
# A line that is left out where nobody knows what belongs into it.
LEFT_OUT: frozenset[Gap] = frozenset({"theme"})


class Occasion(Struct, frozen=True):
    """One occasion. Its text has gaps in braces: `sender`, `year`, `opens`, `closes` are known, the rest is asked for.
    `until` is its last day as (month, day): once past, the text speaks of the next year. `roles` are whom it concerns,
    where not everybody; `also` are other words for it."""

    key: str
    name: Wording
    text: Localized
    until: tuple[int, int] | None = None
    asks_who_comes: bool = False
    offers_form: bool = False
    roles: tuple[AudienceRole, ...] = ()
    also: tuple[str, ...] = ()

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """Return what has to be asked for, in the order of asking."""
        return tuple(gap for gap in GAPS if f"{{{gap}}}" in self.text.vi)

    @property
    def speaks_of_round(self) -> bool:
        """Tell whether its text has the year or the days of a round in it."""
        return self.until is None and any(f"{{{gap}}}" in self.text.vi for gap in ("year", "opens", "closes"))


OCCASIONS: tuple[Occasion, ...] = (
    Occasion(
        "week",
        _("Lifelong Learning Week"),
        Localized(
            vi="📚 *Tuần lễ hưởng ứng học tập suốt đời năm {year} (01–07/10)*\n"
            "Chủ đề: {theme}\n\n"
            "{sender} trân trọng kính mời bà con hưởng ứng Tuần lễ: đọc sách, dự lớp ở trung tâm học tập cộng đồng và "
            "tự đánh giá “Công dân học tập”.",
            en="📚 *Lifelong Learning Week {year} (1–7 October)*\n"
            "Theme: {theme}\n\n"
            "The {sender} invites everyone to take part in the Week: read, join a class at the community learning "
            "centre and assess yourselves as learning citizens.",
        ),
        until=(10, 7),
        offers_form=True,
        also=words("tuần lễ; tuần lễ học tập; tuần lễ học tập suốt đời"),
    ),
    Occasion(
        "day",
        _("Study Promotion Day, 2 October"),
        Localized(
            vi="🎓 *Ngày Khuyến học Việt Nam 02/10/{year}*\n\n"
            "{sender} trân trọng cảm ơn các gia đình, dòng họ, nhà giáo, nhà hảo tâm và hội viên đã chăm lo việc học. "
            "Kính mời bà con tới dự Lễ kỷ niệm.\n"
            "Thời gian: {when}\nĐịa điểm: {where}",
            en="🎓 *Study Promotion Day, 2 October {year}*\n\n"
            "The {sender} thanks the families, clans, teachers, donors and members who care for learning. "
            "Everyone is invited to the celebration.\n"
            "When: {when}\nWhere: {where}",
        ),
        until=(10, 2),
        asks_who_comes=True,
    ),
    Occasion(
        "month",
        _("Study Promotion Month, 2 September to 2 October"),
        Localized(
            vi="🎒 *Tháng Khuyến học năm {year} (02/9–02/10)*\n\n"
            "{sender} kính mời bà con hưởng ứng: động viên con cháu đến trường, giúp đỡ học sinh khó khăn, đọc sách, "
            "dự lớp ở trung tâm học tập cộng đồng và tự đánh giá “Công dân học tập”.",
            en="🎒 *Study Promotion Month {year} (2 September to 2 October)*\n\n"
            "The {sender} invites everyone to take part: encourage children at school, help pupils in need, read, "
            "join a class at the community learning centre and assess yourselves as learning citizens.",
        ),
        until=(10, 2),
        offers_form=True,
    ),
    Occasion(
        "opens",
        _("The round opens"),
        Localized(
            vi="📝 *Bắt đầu đợt tự đánh giá “Công dân học tập” năm {year}*\n\n"
            "Từ ngày {opens} đến hết ngày {closes}, {sender} kính mời bà con tự đánh giá ngay tại đây. "
            "Mười câu, khoảng mười phút, không thu tiền, dừng lúc nào cũng được.",
            en="📝 *The “learning citizen” round of {year} begins*\n\n"
            "From {opens} to the end of {closes} the {sender} invites everyone to assess themselves right here. "
            "Ten questions, about ten minutes, free of charge, and you can stop at any moment.",
        ),
        offers_form=True,
    ),
    Occasion(
        "closes",
        _("The round closes soon"),
        Localized(
            vi="⏰ *Sắp hết hạn tự đánh giá “Công dân học tập” năm {year}*\n\n"
            "{sender} xin nhắc hạn nộp phiếu: hết ngày {closes}. Bà con chưa làm xong, xin làm tiếp và nộp trong hạn.",
            en="⏰ *The “learning citizen” round of {year} closes soon*\n\n"
            "The {sender} reminds you that forms are taken until the end of {closes}. If yours is not finished, please "
            "go on and submit it in time.",
        ),
        offers_form=True,
    ),
    Occasion(
        "meeting",
        _("Branch meeting"),
        Localized(
            vi="🏡 *Giấy mời họp chi hội khuyến học*\n\n"
            "{sender} kính mời bà con tới dự họp bình xét “Công dân học tập” năm {year}.\n"
            "Thời gian: {when}\nĐịa điểm: {where}\n"
            "Rất mong bà con đến đủ, đúng giờ.",
            en="🏡 *Invitation to the meeting of the study promotion branch*\n\n"
            "The {sender} invites everyone to the meeting on the learning citizens of {year}.\n"
            "When: {when}\nWhere: {where}\n"
            "Please all come, and on time.",
        ),
        asks_who_comes=True,
    ),
    Occasion(
        "result",
        _("Result: the decision of recognition"),
        Localized(
            vi="📜 *Kết quả công nhận “Công dân học tập” năm {year}*\n\n"
            "{sender} trân trọng thông báo: đã có Quyết định số {decision} công nhận danh hiệu “Công dân học tập” "
            "năm {year}. Xin chúc mừng bà con có tên trong danh sách.\n"
            "Nơi xem danh sách: {where}\n"
            "Bà con chưa đủ điều kiện, kính mời tự đánh giá ở đợt sau.",
            en="📜 *The learning citizens of {year} are recognised*\n\n"
            "The {sender} announces: decision {decision} recognises the learning citizens of {year}. "
            "Congratulations to everyone on the list.\n"
            "Where to see the list: {where}\n"
            "Whoever does not have enough points yet is welcome in the next round.",
        ),
    ),
    Occasion(
        "ceremony",
        _("Certificate ceremony"),
        Localized(
            vi="🏅 *Lễ trao giấy chứng nhận “Công dân học tập” năm {year}*\n\n"
            "{sender} trân trọng kính mời bà con tới dự lễ.\n"
            "Thời gian: {when}\nĐịa điểm: {where}",
            en="🏅 *The learning citizens of {year} receive their certificates*\n\n"
            "The {sender} cordially invites everyone to the ceremony.\n"
            "When: {when}\nWhere: {where}",
        ),
        asks_who_comes=True,
        also=words("trao giấy; trao giấy chứng nhận; lễ trao giấy"),
    ),
    Occasion(
        "class",
        _("Class at the community learning centre"),
        Localized(
            vi="📖 *Mở lớp ở trung tâm học tập cộng đồng*\n\n"
            "{sender} và trung tâm học tập cộng đồng mở lớp, kính mời bà con tham gia.\n"
            "Nội dung: {what}\nThời gian: {when}\nĐịa điểm: {where}\n"
            "Miễn phí, ai cũng tham gia được.",
            en="📖 *A class at the community learning centre*\n\n"
            "The {sender} and the community learning centre open a class and invite everyone.\n"
            "What: {what}\nWhen: {when}\nWhere: {where}\n"
            "It is free and open to all.",
        ),
        asks_who_comes=True,
    ),
    Occasion(
        "books",
        _("Book day, 21 April"),
        Localized(
            vi="📗 *Ngày Sách và Văn hóa đọc Việt Nam 21/4/{year}*\n\n"
            "Mỗi nhà một tủ sách, mỗi ngày một trang sách. {sender} kính mời bà con tới mượn sách và tặng sách.\n"
            "Thời gian: {when}\nĐịa điểm: {where}",
            en="📗 *Book day, 21 April {year}*\n\n"
            "A bookshelf in each home, a page each day. The {sender} invites everyone to borrow and give books.\n"
            "When: {when}\nWhere: {where}",
        ),
        until=(4, 21),
        asks_who_comes=True,
    ),
    Occasion(
        "signing_up",
        _("Signing up at the beginning of the year"),
        Localized(
            vi="📋 *Đăng ký “Công dân học tập” năm {year}*\n\n"
            "{sender} kính mời bà con đăng ký phấn đấu đạt danh hiệu “Công dân học tập” và vận động gia đình, hàng xóm "
            "cùng đăng ký. Đăng ký là tự nguyện, không thu tiền.\n"
            "Nơi đăng ký: chi hội khuyến học nơi ở\nHạn đăng ký: hết ngày {by}",
            en="📋 *Sign up to become a learning citizen of {year}*\n\n"
            "The {sender} invites everyone to sign up for the title “learning citizen”, and to bring family and "
            "neighbours. Signing up is voluntary and free of charge.\n"
            "Where: at the branch of your village\nUntil: the end of {by}",
        ),
        until=(3, 31),
    ),
    Occasion(
        "half_year",
        _("Half-year report of the branches"),
        Localized(
            vi="📊 *Báo cáo khuyến học 6 tháng đầu năm {year}*\n\n"
            "{sender} đề nghị các chi hội gửi báo cáo 6 tháng đầu năm: số người đăng ký “Công dân học tập”, các lớp đã "
            "mở, việc đã làm, khó khăn và đề nghị.\n"
            "Hạn gửi: hết ngày {by}",
            en="📊 *Half-year report of {year}*\n\n"
            "The {sender} asks the branches for their report of the first half of the year: how many people signed up, "
            "classes held, what was done, difficulties and proposals.\n"
            "Until: the end of {by}",
        ),
        until=(6, 30),
        roles=("head",),
    ),
)


def occasion(key: str) -> Occasion | None:
    """Return an occasion by its key."""
    return next((known for known in OCCASIONS if known.key == key), None)


def made(reference: Reference, today: date, origin: Origin, unit_ids: tuple[int, ...]) -> tuple[Localized, Origin]:
    """Return an occasion's text with the facts and details in its gaps, and its origin with the year that it speaks of.
    What nobody knows stays as `…`. `unit_ids` are those it is for."""
    known = occasion(origin.occasion)
    assert known is not None
    round_ = _round(reference, today, unit_ids)
    text = _filled(reference, known, round_, origin, _year(today, known, round_))
    return text, replace(origin, year=_year(today, known, round_))


def renewed(reference: Reference, today: date, content: Content, unit_ids: tuple[int, ...]) -> Content:
    """Return what a notice says in another year: what was written by hand stays, the rest is made anew.

    Raises Refused when that year's round is not known, or something was typed for an earlier one.
    """
    origin = content.origin
    known = occasion(origin.occasion) if origin is not None else None
    if origin is None or known is None or not origin.languages:
        return content
    text, origin = made(reference, today, origin, unit_ids)
    before = content.origin.year if content.origin is not None else 0
    if known.speaks_of_round and origin.year <= before:
        raise Refused(_("The round of {year} is not entered yet.", year=before + 1))
    for detail in origin.details:
        if any(int(year) < today.year for year in _YEAR.findall(detail)):
            raise Refused(_("“{detail}” was typed for an earlier year.", detail=detail))
    vi = text.vi if "vi" in origin.languages else content.vi
    en = text.en if "en" in origin.languages else content.en
    return replace(content, vi=vi, en=en, origin=origin)


def years_in(text: str) -> list[str]:
    """Return the years that a text names."""
    return list(dict.fromkeys(_YEAR.findall(text)))


def _round(reference: Reference, today: date, unit_ids: tuple[int, ...]) -> Round | None:
    return reference.round_for(unit_ids[0], today) if unit_ids else None


def _filled(reference: Reference, known: Occasion, round_: Round | None, origin: Origin, year: int) -> Localized:
    typed = dict(zip(known.gaps, origin.details, strict=False))
    sender = _sender(reference, origin.sender_id)
    gaps: dict[str, str] = {gap: typed.get(gap) or UNKNOWN for gap in GAPS}
    unknown = {gap for gap in LEFT_OUT if not typed.get(gap)}
    return Localized(
        vi=_without_lines(known.text.vi, unknown).format(
            **gaps, sender=sender.vi, year=year,
            opens=f"{round_.opens:%d/%m/%Y}" if round_ else UNKNOWN,
            closes=f"{round_.closes:%d/%m/%Y}" if round_ else UNKNOWN,
        ),
        en=_without_lines(known.text.en, unknown).format(
            **gaps, sender=sender.en, year=year,
            opens=f"{round_.opens.day} {round_.opens:%B %Y}" if round_ else UNKNOWN,
            closes=f"{round_.closes.day} {round_.closes:%B %Y}" if round_ else UNKNOWN,
        ),
    )  # fmt: skip


def _without_lines(text: str, gaps: set[Gap]) -> str:
    """Leave out the lines that have one of these gaps."""
    return "\n".join(line for line in text.split("\n") if not any(f"{{{gap}}}" in line for gap in gaps))


def _sender(reference: Reference, unit_id: int | None) -> Localized:
    """Name who writes: the association of a commune or of what lies above, the branch of a village or workplace."""
    unit = reference.units.by_id.get(unit_id or 0)
    if unit is None:
        return Localized(vi="Hội Khuyến học", en="Study Promotion Association")
    name = reference.units.in_sentence(unit.id)
    if unit.kind in LEAF_KINDS:
        return Localized(vi=f"Chi hội khuyến học {name}", en=f"study promotion branch of {name}")
    return Localized(vi=f"Hội Khuyến học {name}", en=f"Study Promotion Association of {name}")


def _year(today: date, known: Occasion, round_: Round | None) -> int:
    if known.until is not None:
        return today.year if (today.month, today.day) <= known.until else today.year + 1
    return round_.year if round_ is not None else today.year
