"""Rights over one's own data: see it as a file, correct it, delete it; and the choice of language."""

from collections.abc import Iterator

from flows.conversation.events import Entered, Event, LanguageChosen, Left, Said, Sent, Went
from flows.conversation.facts import Facts, Sharer
from flows.conversation.flow import Flow, Step
from flows.conversation.messages import Document, Message
from flows.conversation.questions import BACK, NO, Choice, Chose, Heard, Question, chosen, words
from flows.conversation.session import Talk
from flows.people.talk import others, turn_to
from flows.privacy.own_data import own_data
from flows.privacy.records import Erased
from flows.publishing.talk import AskingForNames, named_or_not
from flows.registration.talk import KEPT, SEEN_BY, Registering
from flows.words.refusals import NotUnderstood
from flows.words.wording import Wording, _, lines, paragraphs


class Privacy(Talk, frozen=True, tag="privacy"):
    """Rights over one's own data."""


class ChoosingLanguage(Talk, frozen=True, tag="language"):
    """A change of language in the middle of anything."""


SEE = Choice(
    "see",
    _("See my data as a file"),
    words("xem; xem dữ liệu; xem thông tin; tải về; tải dữ liệu; cho xem; lấy dữ liệu; see; view; download"),
)
CORRECT = Choice(
    "correct",
    _("Correct my details"),
    words("""
        sửa; sửa thông tin; đổi thông tin; sửa tên; đổi tên; sai tên; sửa họ tên; sửa năm sinh; đổi thôn; sửa nơi ở;
        đổi nơi ở; sai thông tin; chỉnh sửa; sai rồi; nhầm tên; sai năm sinh; sửa thôn; sửa nhóm; đổi nhóm; correct;
        change; edit
    """),
)
NAMING = Choice(
    "naming",
    _("My name on posted lists"),
    words("""
        nêu tên; niêm yết; niêm yết tên; danh sách niêm yết; tên trên danh sách; công khai tên; không nêu tên; đổi nêu
        tên; đồng ý nêu tên; rút tên; bỏ tên; posted lists; my name on lists
    """),
)
ERASE = Choice(
    "erase",
    _("Delete my data"),
    words("xóa; xóa dữ liệu; xóa hết; xóa thông tin; xóa tài khoản; xóa đi; xóa tất cả; delete; erase; delete my data"),
)
ERASE_ALL = Choice(
    "erase_all",
    _("Yes, delete everything"),
    words("""
        xóa hết; có xóa hết; đồng ý xóa; đồng ý xóa hết; xóa tất cả; xóa toàn bộ; xóa hết đi; xóa sạch; xóa hết dữ
        liệu; delete everything; delete all; yes delete it
    """),
    final=True,
)
KEEP = Choice(
    "keep",
    _("No, keep it"),
    words("""
        giữ lại; giữ; giữ nguyên; cứ giữ; để lại; đừng xóa; đừng xóa hết; không xóa; không xóa nữa; chưa xóa; thôi
        không xóa; không xóa hết; đừng; hủy; dừng; dừng lại; thôi đừng xóa; khoan; khoan đã; keep; keep it; dont
        delete; do not delete; quay lại
    """)
    + NO.also,
)


def ask_privacy(facts: Facts, talk: Privacy) -> Question:
    return Question(
        paragraphs(
            _("Your data belongs to you."),
            lines(
                KEPT,
                SEEN_BY,
                _("• Posted lists: {answer}.", answer=named_or_not(facts.person))
                if facts.person and facts.person.is_resident
                else None,
                _("• If you no longer agree, press “Delete my data”: it is deleted at once."),
            ),
            _("What would you like?"),
        ),
        (SEE, *((CORRECT, NAMING) if facts.person and facts.person.is_resident else ()), ERASE),
        (BACK,),
    )


def hear_privacy(facts: Facts, talk: Privacy, heard: Heard) -> Iterator[Event]:
    match chosen(heard):
        case SEE.key:
            yield Sent(Message(_whose(facts), files=(Document(_("my-data.txt"), own_data(facts)),)))
        case CORRECT.key:
            yield Entered("check", _known(facts))
        case NAMING.key:
            yield Entered("named", AskingForNames(asked_for=True))
        case ERASE.key:
            yield Went("sure", talk)
        case _:
            yield Left()


def _whose(facts: Facts) -> Wording:
    """Say whose data it is: on a phone that several share, by name."""
    if facts.person is None or not facts.conversation.is_shared:
        return _("This is everything kept about you.")
    return _("This is everything kept about {name}.", name=facts.person.named)


def ask_sure(facts: Facts, talk: Privacy) -> Question:
    return Question(
        lines(
            _(
                "Everything about you will be deleted: details, answers, photos, roles. It cannot be undone."
                " Only counts and a log of what was done stay, without names. Delete everything?"
            )
            if not others(facts)
            else _(
                "Everything about {name} will be deleted: details, answers, photos, roles. It cannot be undone. Only"
                " counts and a log of what was done stay, without names. The others on this phone stay. Delete it?",
                name=facts.person.named if facts.person is not None else "–",
            )
        ),
        (ERASE_ALL, KEEP),
    )


def hear_sure(facts: Facts, talk: Privacy, heard: Heard) -> Iterator[Event]:
    here = others(facts)
    if heard == Chose(ERASE_ALL.key) and here:
        yield from _erase_one(facts, here[0])
    elif heard == Chose(ERASE_ALL.key):
        yield Erased()
        yield Said(_("Everything about you has been deleted. If you want to begin anew, type “start”."))
        yield Left(home=True)
    elif heard == Chose(KEEP.key):
        yield Left()
    else:
        raise NotUnderstood(_("Please choose one of the answers."))


def _erase_one(facts: Facts, next_one: Sharer) -> Iterator[Event]:
    """Erase one of the people of a phone; the others stay, and one of them is spoken for."""
    gone = facts.person
    assert gone is not None
    turned = list(turn_to(facts, next_one.id))
    yield Erased()
    yield Left(home=True)
    yield from turned
    yield Said(
        _("Everything about {name} has been deleted. The others on this phone stay as they are.", name=gone.name)
    )


PRIVACY = Flow(Privacy, steps=(Step("privacy", ask_privacy, hear_privacy), Step("sure", ask_sure, hear_sure)))


def ask_new_language(facts: Facts, talk: ChoosingLanguage) -> Question:
    return Question("Xin chọn ngôn ngữ.\nPlease choose your language.", facts.reference.languages)


def hear_new_language(facts: Facts, talk: ChoosingLanguage, heard: Heard) -> Iterator[Event]:
    if not isinstance(heard, Chose):
        raise NotUnderstood(_("Please choose one of the answers."))
    yield LanguageChosen(heard.key)
    yield Left()


LANGUAGE = Flow(ChoosingLanguage, steps=(Step("language", ask_new_language, hear_new_language),))


def _known(facts: Facts) -> Registering:
    person = facts.person
    assert person is not None
    return Registering(
        name=person.name,
        birth_year=person.birth_year,
        representative=person.representative or "",
        unit_id=person.unit_id,
        group=person.group or "",
        checking=True,
    )
