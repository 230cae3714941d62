"""The year's calendar of notices: for each occasion a text to begin with. Quoted from the calendar of the movement for
learning; a place changes the wording as it likes before it sends."""

from collections.abc import Mapping
from datetime import date
from typing import Literal

from msgspec import Struct

from flows.criteria import Localized
from flows.facts import Facts
from flows.rounds import Round
from flows.wording import Wording, _

Gap = Literal["when", "where", "what"]

UNKNOWN = "…"

# What is asked for a gap that no fact fills, and an example of an answer.
GAPS: Mapping[Gap, Wording] = {
    "what": _("What is it about? For example: using a smartphone, growing vegetables."),
    "when": _("When is it? Type day and hour as people will read them, for example: 19:00, 10/10/2026."),
    "where": _("Where is it? For example: the culture house of Thôn Đông."),
}


class Occasion(Struct, frozen=True):
    """One occasion. Its text has gaps in braces: `unit`, `year`, `opens`, `closes` are known, the rest is asked for.
    `until` is its last day as (month, day): once past, the text speaks of the next year."""

    key: str
    name: Wording
    text: Localized
    until: tuple[int, int] | None = None
    asks_who_comes: bool = False
    offers_form: bool = False

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """Return what has to be asked for, in the order of asking."""
        return tuple(gap for gap in GAPS if f"{{{gap}}}" in self.text.vi)


OCCASIONS: tuple[Occasion, ...] = (
    Occasion(
        "week",
        _("Lifelong Learning Week"),
        Localized(
            vi="📚 *Tuần lễ hưởng ứng học tập suốt đời, 01–07/10/{year}*\n\n"
            "{unit} kính mời bà con hưởng ứng Tuần lễ: mỗi nhà cùng đọc, cùng học, cùng tự đánh giá theo tiêu chí "
            "“Công dân học tập”.",
            en="📚 *Lifelong Learning Week, 1–7 October {year}*\n\n"
            "{unit} invites everyone to take part: read together, learn together, and assess yourselves as "
            "learning citizens.",
        ),
        until=(10, 7),
        offers_form=True,
    ),
    Occasion(
        "day",
        _("Study Promotion Day, 2 October"),
        Localized(
            vi="🎓 *Ngày Khuyến học Việt Nam, 02/10/{year}*\n\n"
            "{unit} trân trọng cảm ơn các gia đình, dòng họ, thầy cô và hội viên đã chăm lo việc học. "
            "Lễ kỷ niệm: {when}, tại {where}. Kính mời bà con đến dự.",
            en="🎓 *Study Promotion Day, 2 October {year}*\n\n"
            "{unit} thanks the families, clans, teachers and members who care for learning. "
            "The celebration: {when}, at {where}. Everyone is welcome.",
        ),
        until=(10, 2),
        asks_who_comes=True,
    ),
    Occasion(
        "opens",
        _("The round opens"),
        Localized(
            vi="📝 *Bắt đầu đợt tự đánh giá “Công dân học tập” năm {year}*\n\n"
            "Từ ngày {opens} đến hết ngày {closes}, kính mời bà con {unit} tự đánh giá ngay tại đây. "
            "Chỉ mất khoảng mười phút, dừng lúc nào cũng được.",
            en="📝 *The “learning citizen” round of {year} begins*\n\n"
            "From {opens} to {closes} everyone in {unit} can assess themselves right here. "
            "It takes about ten minutes, and you can stop at any moment.",
        ),
        offers_form=True,
    ),
    Occasion(
        "closes",
        _("The round closes soon"),
        Localized(
            vi="⏰ *Sắp hết hạn tự đánh giá “Công dân học tập”*\n\n"
            "Hạn cuối là ngày {closes}. Bà con {unit} chưa làm xong phiếu xin làm tiếp và nộp trước ngày đó.",
            en="⏰ *The “learning citizen” round closes soon*\n\n"
            "The last day is {closes}. If your form in {unit} is not finished, please finish and submit it by then.",
        ),
        offers_form=True,
    ),
    Occasion(
        "meeting",
        _("Branch meeting"),
        Localized(
            vi="🏡 *Họp chi hội khuyến học*\n\n"
            "Kính mời bà con dự họp chi hội để bình xét “Công dân học tập” năm {year}.\n"
            "Thời gian: {when}\nĐịa điểm: {where}",
            en="🏡 *Meeting of the study promotion branch*\n\n"
            "You are invited to the branch meeting on the learning citizens of {year}.\n"
            "When: {when}\nWhere: {where}",
        ),
        asks_who_comes=True,
    ),
    Occasion(
        "ceremony",
        _("Certificate ceremony"),
        Localized(
            vi="🏅 *Lễ trao giấy chứng nhận “Công dân học tập” năm {year}*\n\n"
            "{unit} trân trọng kính mời.\nThời gian: {when}\nĐịa điểm: {where}",
            en="🏅 *The learning citizens of {year} receive their certificates*\n\n"
            "{unit} cordially invites you.\nWhen: {when}\nWhere: {where}",
        ),
        asks_who_comes=True,
    ),
    Occasion(
        "class",
        _("Class at the community learning centre"),
        Localized(
            vi="📖 *Lớp học tại trung tâm học tập cộng đồng*\n\n"
            "Nội dung: {what}\nThời gian: {when}\nĐịa điểm: {where}\nHọc miễn phí, ai cũng học được.",
            en="📖 *A class at the community learning centre*\n\n"
            "What: {what}\nWhen: {when}\nWhere: {where}\nIt is free and open to all.",
        ),
        asks_who_comes=True,
    ),
    Occasion(
        "books",
        _("Book day, 21 April"),
        Localized(
            vi="📗 *Ngày Sách và Văn hóa đọc Việt Nam, 21/4/{year}*\n\n"
            "Mỗi nhà một tủ sách, mỗi ngày một trang sách. {unit} kính mời bà con đến {where}, {when}, "
            "để mượn sách và tặng sách.",
            en="📗 *Book day, 21 April {year}*\n\n"
            "A bookshelf in each home, a page each day. {unit} invites you to {where}, {when}, "
            "to borrow and give books.",
        ),
        until=(4, 21),
        asks_who_comes=True,
    ),
)


def occasion(key: str) -> Occasion | None:
    """Return an occasion by its key."""
    return next((known for known in OCCASIONS if known.key == key), None)


def filled(facts: Facts, known: Occasion, unit_ids: tuple[int, ...], details: tuple[str, ...]) -> Localized:
    """Return an occasion's text with the facts and details in its gaps; what nobody knows stays as `…`."""
    typed = dict(zip(known.gaps, details, strict=False))
    units = facts.reference.units
    round_ = facts.reference.round_for(unit_ids[0], facts.today) if unit_ids else None
    names = ", ".join(units.by_id[unit_id].name for unit_id in unit_ids if unit_id in units.by_id)
    year = _year(facts.today, known, round_)
    gaps: dict[str, str] = {gap: typed.get(gap) or UNKNOWN for gap in GAPS}
    return Localized(
        vi=known.text.vi.format(
            **gaps, unit=names, year=year,
            opens=f"{round_.opens:%d/%m/%Y}" if round_ else UNKNOWN,
            closes=f"{round_.closes:%d/%m/%Y}" if round_ else UNKNOWN,
        ),
        en=known.text.en.format(
            **gaps, unit=names, year=year,
            opens=f"{round_.opens.day} {round_.opens:%B %Y}" if round_ else UNKNOWN,
            closes=f"{round_.closes.day} {round_.closes:%B %Y}" if round_ else UNKNOWN,
        ),
    )  # fmt: skip


def _year(today: date, known: Occasion, round_: Round | None) -> int:
    if known.until is not None:
        return today.year if (today.month, today.day) <= known.until else today.year + 1
    return round_.year if round_ is not None else today.year
