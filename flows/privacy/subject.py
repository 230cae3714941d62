"""Rights over one's own data, and the choice of language, in one value."""

from collections.abc import Iterator

from flows.conversation.events import Entered, Event
from flows.conversation.facts import Facts
from flows.conversation.questions import Choice, words
from flows.conversation.session import Session, Talk
from flows.conversation.subject import Command, Subject
from flows.privacy import records
from flows.privacy.talk import LANGUAGE, PRIVACY, ChoosingLanguage, Privacy
from flows.words.wording import _

DATA = Choice(
    "privacy",
    _("my data"),
    words("""
        dữ liệu; dữ liệu của tôi; sửa tên; sai tên; đổi tên; nhầm tên; tên sai; sửa họ tên; sửa năm sinh; sai
        năm sinh; nhầm năm sinh; đổi năm sinh; đổi thôn; sửa thôn; sai thôn; nhầm thôn; đổi nơi ở; sửa nơi ở;
        chuyển thôn; sửa thông tin; đổi thông tin; sai thông tin; thông tin của tôi; thông tin; xóa; xóa dữ
        liệu; xóa thông tin; xóa dữ liệu của tôi; xóa thông tin của tôi; xóa tài khoản; xóa hết; xóa tất cả; tên
        tôi bị sai; tên bị sai; đổi nhóm; sửa nhóm; sai nhóm; quyền riêng tư; thông tin cá nhân; dữ liệu cá
        nhân; rút lại đồng ý; hủy tài khoản; delete my data; delete; correct my name; change my name; privacy;
        data; wrong name; viết sai tên
    """),
)
LANGUAGES = Choice(
    "language",
    _("language"),
    words("""
        ngôn ngữ; đổi ngôn ngữ; đổi tiếng; chọn ngôn ngữ; tiếng anh; tiếng việt; english; vietnamese; change
        language; nói tiếng anh; nói tiếng việt; đổi sang tiếng anh; đổi sang tiếng việt
    """),
)


def _see_data(facts: Facts, session: Session[Talk], argument: str) -> Iterator[Event]:
    yield Entered("privacy", Privacy())


def _choose_language(facts: Facts, session: Session[Talk], argument: str) -> Iterator[Event]:
    yield Entered("language", ChoosingLanguage())


SUBJECT = Subject(
    "privacy",
    flows=(PRIVACY, LANGUAGE),
    records=(records.AnyRecord,),
    after=records.after,
    commands=(
        Command("privacy", _("My data: see, correct, delete"), _see_data, DATA, 14, {"vi": "dulieu"}),
        Command("language", _("Tiếng Việt / English"), _choose_language, LANGUAGES, 16, {"vi": "ngonngu"}),
    ),
)
