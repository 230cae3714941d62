"""One paper of each kind, made up: a commune's year from the form to the certificate."""

from datetime import date, time

from msgspec.structs import replace

from bot.documents import (
    certificate,
    decision,
    letterhead,
    minutes,
    poster,
    proposal,
    register,
    self_assessment,
    village_list,
    year_report,
)
from bot.documents.blocks import Layout
from bot.documents.letterhead import Letterhead
from bot.documents.minutes import LeftOut
from bot.documents.people import Listed
from bot.documents.proposal import VillageCount
from bot.documents.records import Decided, GivenTitle, Meeting, Proposed
from bot.documents.year_report import Figures, UnitFigures
from bot.services import papers
from bot.services.papers import CITIZEN, Setting
from bot.store.documents import RecordedConsent
from flows.domain.assessments import Evidence
from tests.sample import CATALOGUES, SETS, form

VILLAGES = ("Thôn Đông", "Thôn Đoài", "Thôn 5")
FAMILY = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi", "Đỗ", "Hồ", "Ngô", "Dương")
MIDDLE = ("Thị", "Văn", "Hữu", "Ngọc", "Đức", "Thu", "Quốc")
GIVEN = ("Lan", "Minh", "Hạnh", "Trường", "Hoa", "Ước", "Ý", "Yến", "Quỳnh", "Thắng", "Ổn")

# What a name may hold that is something else to Word, to typst, to a spreadsheet, to whoever reads from right to left.
ODD_NAMES = (
    "Nguyễn <b>Thị</b> & “Lan” 'Em'",
    '=HYPERLINK("http://x";"Lan")',
    "#panic() $x$ *đậm* _nghiêng_ @lan [liên kết] \\ ~ `mã` //chú thích",
    "{{ secret }} {% raw %} {# không #} {{ signature.__class__ }}",
    "H'Hen Niê Êban-Krông K'Tơr",
    "Lan \u202eniaL\u202c",
    "Lan\x07\x0c\u2028Em",
)
# What comes out of them: hidden letters change nothing that is printed.
ODD_NAMES_PRINTED = (*ODD_NAMES[:5], "Lan niaL", "Lan  Em")
LONG_NAME = ("Công Tằng Tôn Nữ Nguyễn Phúc " * 5)[:120].strip()


def setting(commune: Letterhead | None = None) -> Setting:
    """Return the setting of a made-up commune in 2026, with criteria that are provisional."""
    return Setting(commune or letter(), 2026, tuple(SETS.values()), CATALOGUES["vi"])


def letter() -> Letterhead:
    """Return the letterhead of xã Thần Khê, with the names of who signs."""
    usual = letterhead.usual("Xã Thần Khê")
    return replace(
        usual,
        committee=replace(usual.committee, signer="Nguyễn Văn Thành"),
        association=replace(usual.association, signer="Đỗ Thị Mai", above="HỘI KHUYẾN HỌC TỈNH HƯNG YÊN"),
    )


def people(count: int) -> tuple[Listed, ...]:
    """Return so many people of three villages, the same each time."""
    return papers_in_order(
        Listed(f"{FAMILY[n % 12]} {MIDDLE[n // 3 % 7]} {GIVEN[n // 2 % 11]}", VILLAGES[n % 3], CITIZEN)
        for n in range(count)
    )


def of_one_village(count: int) -> tuple[Listed, ...]:
    """Return so many people of Thôn Đông."""
    return tuple(one for one in people(3 * count) if one.village == "Thôn Đông")[:count]


def papers_in_order(found: object) -> tuple[Listed, ...]:
    """Put people into the order of lists."""
    from bot.services.documents import in_order

    return in_order(found)  # type: ignore[arg-type]


def named(*names: str) -> tuple[Listed, ...]:
    """Return people of these names."""
    return tuple(Listed(name, "Thôn Đông", CITIZEN) for name in names)


def proposed(listed: tuple[Listed, ...]) -> Proposed:
    """Return a proposal for these people."""
    counts = tuple(
        VillageCount(village, 3 * n + 12, 2 * n + 10, sum(one.village == village for one in listed))
        for n, village in enumerate(VILLAGES)
    )
    sample = "Hội đã xem lại mẫu ngẫu nhiên 10 phiếu, không có phiếu nào phải trả lại."
    return Proposed("03", date(2026, 11, 20), listed, counts, sample)


def decided(listed: tuple[Listed, ...], *, draft: bool = False) -> Decided:
    """Return a decision on a proposal of these people."""
    number, day = ("", None) if draft else ("05/QĐ-UBND", date(2026, 1, 5))
    return Decided(number, day, listed, proposed(listed), trail="Mã kiểm tra sổ: 5f0c9a41d2e7")


def meeting(listed: tuple[Listed, ...]) -> Meeting:
    """Return a branch meeting that proposes these people."""
    return Meeting(
        day=date(2026, 11, 14),
        begins=time(19, 30),
        ends=time(21, 5),
        where="Nhà văn hóa thôn Đông",
        chair="Trần Văn Trường",
        secretary="Vũ Thị Hạnh",
        present=32,
        invited=40,
        votes=31,
        against=0,
        abstained=0,
        submitted=18,
        confirmed=16,
        people=listed,
        left_out=(LeftOut("Phạm Văn Tú", "còn thiếu 6 điểm"),),
        posted_days=10,
        trail="Mã kiểm tra sổ: 5f0c9a41d2e7",
    )


def titles(listed: tuple[Listed, ...]) -> tuple[GivenTitle, ...]:
    """Return the titles of these people."""
    return tuple(
        GivenTitle(n, one.name, f"{one.village}, xã Thần Khê", CITIZEN, 2026, f"k7Qz{n:018}", "05", date(2026, 11, 25))
        for n, one in enumerate(listed, 1)
    )


def filled_form() -> self_assessment.FilledForm:
    """Return the form of Nguyễn Thị Lan, one answer adjusted, typed by somebody else."""
    whole = form(1, 1, 2, 1, 2, 3, 1, 2, 1, 1, state="confirmed")
    first, second = (indicator.id for indicator in whole.criteria.indicators[:2])
    proofs = {first: (Evidence("vouched"),), second: (Evidence("photo"), Evidence("text", "Lớp kỹ thuật trồng lúa"))}
    consent = RecordedConsent("said", date(2026, 10, 12), "Vũ Thị Hạnh")
    by_another = papers.helper_said("Trần Văn Trường", consent, CATALOGUES["vi"])
    return papers.filled_form(setting(), replace(whole, evidence=proofs), "thôn Đông", by_another)


FIGURES = tuple(UnitFigures(f"Thôn {n}", Figures(60 + n, 48 + n, 40 + n, 33 + n, 31 + n)) for n in range(1, 13))
WEB, TELEGRAM = "https://hoc.example.vn/chat#v-tk-dong", "https://t.me/hoctap_bot?start=v-tk-dong"
WEB_CODE, TELEGRAM_CODE = ("Trang web", WEB), ("Telegram", TELEGRAM)
PAGE = "https://hoc.example.vn/c/{code}"


def paper(name: str) -> tuple[Layout, object]:
    """Return a paper of each kind, as it would be in a commune of three villages."""
    some, here = people(40), setting()
    made: dict[str, tuple[Layout, object]] = {
        "form": (self_assessment.FILLED, filled_form()),
        "blank-form": (self_assessment.BLANK, papers.blank_form(here, SETS["farmer"], "thôn Đông", WEB)),
        "minutes": (minutes.LAYOUT, papers.minutes(here, "thôn Đông", meeting(of_one_village(16)))),
        "list": (village_list.LAYOUT, papers.village_list(here, "thôn Đông", of_one_village(16), "Trần Văn Trường")),
        "posted": (
            village_list.POSTED,
            papers.posted_list(
                here, of_one_village(13), 3, village="thôn Đông", head="Trần Văn Trường", until=date(2026, 11, 20)
            ),
        ),
        "proposal": (proposal.LAYOUT, papers.proposal(here, proposed(some))),
        "decision": (decision.LAYOUT, papers.decision(here, decided(some))),
        "certificate-a4": (certificate.ON_A4, papers.certificates(here, titles(people(2)), PAGE)),
        "certificate-a5": (certificate.ON_A5, papers.certificates(here, titles(people(2)), PAGE)),
        "register": (register.LAYOUT, papers.register(here, titles(people(12)))),
        "year": (year_report.LAYOUT, papers.year_report(here, FIGURES, half=False)),
        "poster": (
            poster.LAYOUT,
            papers.posters(
                here, [("Thôn Đông", "xã Thần Khê", [TELEGRAM_CODE, WEB_CODE]), ("Thôn 5", "xã Thần Khê", [WEB_CODE])]
            ),
        ),
    }
    return made[name]
