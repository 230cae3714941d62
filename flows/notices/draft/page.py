"""The page from which everything about a notice is changed, and discarding it."""

from collections.abc import Iterator

from msgspec.structs import replace

from flows.conversation.events import Event, Left, Said, Went
from flows.conversation.facts import Facts
from flows.conversation.questions import Choice, Gave, Heard, Question, chosen
from flows.conversation.questions import words as said
from flows.notices import words
from flows.notices.audience import reach_of
from flows.notices.draft.content import attached
from flows.notices.draft.drafting import Drafting
from flows.notices.draft.preview import preview
from flows.notices.draft.sending import SEND, sendable
from flows.notices.draft.summary import open_gaps, settings
from flows.notices.draft.when import each_year
from flows.words.wording import _, paragraphs

TEXT = Choice("text", _("✏️ Text"), said("văn bản; nội dung; sửa nội dung; text"))
ENGLISH = Choice("english", _("🌐 English"), said("tiếng anh; bản tiếng anh; english"))
FILE = Choice("file", _("📎 Photo or file"), said("ảnh; tài liệu; hình; thêm ảnh; gắn ảnh; photo; file"))
BUTTONS = Choice("buttons", _("🔘 Buttons"), said("nút; các nút; thêm nút; buttons"))
WHOM = Choice("whom", _("👥 To whom"), said("gửi ai; người nhận; gửi cho ai; cho ai; to whom"))
WHEN = Choice("when", _("🗓 When"), said("khi nào; lúc nào; ngày giờ; bao giờ gửi; giờ gửi; when"))
PREVIEW = Choice("preview", _("👁 Preview"), said("xem trước; xem; xem thử; preview"))
DROP = Choice("drop", _("🗑 Discard"), said("bỏ; hủy; xóa; bỏ đi; xóa nháp; không gửi; không gửi nữa; drop; discard"))
DROP_INDEED = Choice("drop", _("Yes, discard it"), said("bỏ; bỏ đi; xóa; xóa đi; có bỏ; discard"), final=True)
KEEP = Choice("keep", _("No, go on writing"), said("không; không bỏ; giữ; giữ lại; soạn tiếp; viết tiếp; no; keep"))


def ask_draft(facts: Facts, talk: Drafting) -> Question:
    content = talk.content
    head = _("✏️ The notice is paused while you change it:") if talk.mends else _("✍️ Your notice, not sent yet:")
    whom_and_when = () if talk.mends else (WHOM, WHEN)
    return Question(
        paragraphs(head, words.beginning(content), settings(facts, talk), each_year(talk), open_gaps(talk)),
        (TEXT, ENGLISH, FILE, BUTTONS, *whom_and_when, PREVIEW, SEND),
        (DROP,),
        files=True,
        again=_("Choose what to change. “Send” asks once more before it sends."),
    )


def hear_draft(facts: Facts, talk: Drafting, heard: Heard) -> Iterator[Event]:
    if isinstance(heard, Gave):
        yield Went("draft", attached(facts, talk, heard.file))
        return
    match chosen(heard):
        case TEXT.key:
            yield Went("text", talk)
        case ENGLISH.key:
            yield Went("english", talk)
        case FILE.key:
            yield Went("file", talk)
        case BUTTONS.key:
            yield Went("buttons", talk)
        case WHOM.key:
            yield Went("whom", talk)
        case WHEN.key:
            yield Went("when", talk)
        case PREVIEW.key:
            yield from preview(facts, talk.content)
        case SEND.key if talk.mends:
            yield Went("confirm", talk)
        case SEND.key:
            sendable(facts, talk)
            yield Went("confirm", replace(talk, reached=reach_of(facts, talk.audience)))
        case _:
            yield Went("drop", talk)


def ask_drop(facts: Facts, talk: Drafting) -> Question:
    return Question(
        paragraphs(
            words.title(talk.content, 60),
            _("Discard what was changed? The notice stays paused.")
            if talk.mends
            else _("Discard this notice? What was written will be lost."),
        ),
        (DROP_INDEED, KEEP),
    )


def hear_drop(facts: Facts, talk: Drafting, heard: Heard) -> Iterator[Event]:
    if chosen(heard) == DROP_INDEED.key:
        yield Said(
            _("Nothing was changed. The notice stays paused.")
            if talk.mends
            else _("The notice is discarded. Nothing was sent.")
        )
        yield Left()
    else:
        yield Went("draft", talk)
