"""The phones of the demo: whose they are, and what there is to try on each."""

from dataclasses import dataclass

from bot.commands.demo_commune import CUC, MINH, OFFICIALS, SEN, TU
from bot.commands.sample import VILLAGE
from flows.domain.people import ROLES
from flows.words.wording import Wording, _


@dataclass(frozen=True, slots=True)
class DemoPhone:
    """One of the phones. Its owner is made up. `address` is where they are in the commune; who has none is new, and
    comes by the code of a `village`."""

    title: str
    task: Wording
    place: str
    role: str
    hint: Wording
    address: str = ""
    village: str = VILLAGE


PHONES = (
    DemoPhone(
        "Lan",
        _("Resident"),
        "Thôn Đông",
        "resident",
        _("New here: press the button and answer ten questions, then submit."),
    ),
    DemoPhone(
        "Bà Hòa",
        ROLES["head"],
        "Thôn Đông",
        "head",
        _("Confirm the whole village: type “confirm all”."),
        OFFICIALS["head"].address,
    ),
    DemoPhone(
        "Ông Khải",
        _("Association"),
        "Xã Tân An",
        "association",
        _("Type “villages”: look at them, draw a sample, propose; “papers” come as files."),
        OFFICIALS["association"].address,
    ),
    DemoPhone(
        "Bà Nguyệt",
        _("People’s Committee"),
        "Xã Tân An",
        "committee",
        _("Type “recognise” and record the signed decision; “register” revokes."),
        OFFICIALS["committee"].address,
    ),
    DemoPhone(
        "Minh",
        _("Resident"),
        "Thôn Đông",
        "resident",
        _("The branch has sent this form back: type “my form”, correct it, submit it again."),
        MINH,
    ),
    DemoPhone(
        "Ông Tư",
        _("Resident"),
        "Thôn Đông",
        "resident",
        _("Recognised last year: type “start”; last year’s answers stand beside the questions."),
        TU,
    ),
    DemoPhone(
        "Chị Cúc",
        _("Shared phone"),
        "Thôn Đoài",
        "resident",
        _("Three people on one phone, one of them helped: type “switch person”."),
        CUC,
    ),
    DemoPhone(
        "Bà Sen",
        _("Resident"),
        "Thôn Bến Đò",
        "resident",
        _("Recognised already: type “my form” and open the certificate."),
        SEN,
    ),
    DemoPhone(
        "Ông Tám",
        ROLES["deputy"],
        "Thôn Đông",
        "deputy",
        _("Decides while the head is away: type “I am away” on Bà Hòa’s phone first."),
        OFFICIALS["deputy"].address,
    ),
    DemoPhone(
        "Ông Bình",
        ROLES["admin"],
        "Xã Tân An",
        "admin",
        _("Write to everybody: type “notices”; give somebody a role: “invite”."),
        OFFICIALS["admin"].address,
    ),
)
