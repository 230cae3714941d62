"""Writing a notice: the occasion and text, and a page from which everything about it is changed until it is sent."""

import unicodedata
from collections.abc import Iterator, Mapping
from datetime import datetime

from msgspec.structs import replace

from flows.conversation.events import Event, Left, PersonAddress, Said, Sent, Told, Went
from flows.conversation.facts import Facts
from flows.conversation.flow import Flow, Step
from flows.conversation.found_units import find_own, offered, too_many
from flows.conversation.messages import Button, Message
from flows.conversation.questions import BACK, SKIP, Choice, Chose, Gave, Heard, Question, Wrote, chosen, written
from flows.conversation.questions import words as said
from flows.conversation.replies import SentFile
from flows.conversation.session import Talk
from flows.notices import words
from flows.notices.audience import (
    NARROWINGS,
    Facet,
    Narrowing,
    own_unit_over,
    own_units,
    reach_of,
    read_ages,
    subject,
    with_unit,
)
from flows.notices.needs import Approvers, ApproversWanted
from flows.notices.notice import (
    CHANGED,
    CHANNEL_LIMITS,
    LONGEST_LABEL,
    Audience,
    Content,
    Notice,
    NoticeFile,
    Origin,
    Reached,
    Repeat,
    length_of,
    message_of,
    read_url,
    state_after,
    too_long_for,
)
from flows.notices.occasions import GAPS, OCCASIONS, UNKNOWN, made, occasion, renewed, years_in
from flows.notices.records import NoticeActed, NoticeSaved
from flows.words.localized import Localized
from flows.words.moments import read_moment
from flows.words.refusals import NotUnderstood, Refused
from flows.words.spelling import cleaned, composed
from flows.words.wording import Lines, Wording, _, lines, n_, paragraphs


class Drafting(Talk, frozen=True, tag="notice-draft"):
    """A notice until it is handed over. `details` fill the gaps of the occasion's text; `reached` was counted when the
    audience was last changed; `suggested` are units found by name, `facet` is what the audience is being narrowed by,
    `link_label` waits for its address. `mends` is the notice of which only what it says is changed."""

    occasion: str = ""
    details: tuple[str, ...] = ()
    content: Content = Content("")
    audience: Audience = Audience()
    reached: Reached = Reached()
    send_at: datetime | None = None
    repeat: Repeat = ""
    suggested: tuple[int, ...] = ()
    facet: str = ""
    link_label: str = ""
    mends: int = 0


LONGEST_DETAIL = 120
LONGEST_FILE_NAME = 80
MOST_SHOWN = 3000

BLANK = Choice("blank", _("Something else"), said("khác; việc khác; nội dung khác; tự viết; other"))
AS_IS = Choice(
    "as_is",
    _("✅ Take this text"),
    said("dùng; lấy; lấy nội dung này; lấy văn bản này; dùng luôn; được rồi; ok; as is"),
)
REMOVE = Choice("remove", _("Remove"), said("bỏ; xóa; gỡ; gỡ bỏ; bỏ đi; remove"))
TEXT = Choice("text", _("✏️ Text"), said("văn bản; nội dung; sửa nội dung; text"))
ENGLISH = Choice("english", _("🌐 English"), said("tiếng anh; bản tiếng anh; english"))
FILE = Choice("file", _("📎 Photo or file"), said("ảnh; tài liệu; hình; thêm ảnh; gắn ảnh; photo; file"))
BUTTONS = Choice("buttons", _("🔘 Buttons"), said("nút; các nút; thêm nút; buttons"))
WHOM = Choice("whom", _("👥 To whom"), said("gửi ai; người nhận; gửi cho ai; cho ai; to whom"))
WHEN = Choice("when", _("🗓 When"), said("khi nào; lúc nào; ngày giờ; bao giờ gửi; giờ gửi; when"))
PREVIEW = Choice("preview", _("👁 Preview"), said("xem trước; xem; xem thử; preview"))
SEND = Choice("send", _("📤 Send"), said("gửi; gửi đi; gửi luôn; gửi thông báo; đồng ý gửi; send; send it"), final=True)
DROP = Choice("drop", _("🗑 Discard"), said("bỏ; hủy; xóa; bỏ đi; xóa nháp; không gửi; không gửi nữa; drop; discard"))
DROP_INDEED = Choice("drop", _("Yes, discard it"), said("bỏ; bỏ đi; xóa; xóa đi; có bỏ; discard"), final=True)
KEEP = Choice("keep", _("No, go on writing"), said("không; không bỏ; giữ; giữ lại; soạn tiếp; viết tiếp; no; keep"))
LINK = Choice("link", _("🔗 Link"), said("đường dẫn; liên kết; link"))
COMES = Choice("comes", _("🙋 I'll come / I can't come"), said("ai đến; đến hay không; hỏi ai đến"))
FORM = Choice("form", _("📝 Start my form"), said("làm phiếu; phiếu"))
UNITS = Choice("units", _("📍 Places"), said("nơi; nơi nhận; thôn; xã; chọn thôn; places"))
AGES = Choice("ages", _("🎂 Age"), said("tuổi; độ tuổi; age"))
EVERYBODY = Choice("everybody", _("Everybody"), said("tất cả; mọi người; everybody; cả xã"))
ALL_MINE = Choice("all_mine", _("All of my unit"), said("tất cả; toàn bộ; all"))
AT_ONCE = Choice("at_once", _("At once"), said("ngay; gửi ngay; bây giờ; ngay bây giờ; gửi luôn; now; at once"))
ONCE = Choice("once", _("Once only"), said("một lần; once"))
WEEKLY = Choice("weekly", _("🔁 Every week"), said("hằng tuần; hàng tuần; mỗi tuần; weekly"))
YEARLY = Choice("yearly", _("🔁 Every year"), said("hằng năm; hàng năm; mỗi năm; yearly"))
REPEATS: Mapping[str, Repeat] = {"once": "", "weekly": "weekly", "yearly": "yearly"}


def started(facts: Facts) -> Drafting:
    """Return an empty draft for all of an administrator's units."""
    return _for(facts, Drafting(), Audience(own_units(facts)))


def copied(facts: Facts, notice: Notice) -> Drafting:
    """Return a draft with what a notice says and whom it is for, as far as that is one's own to write to."""
    kept = tuple(unit_id for unit_id in notice.audience.unit_ids if facts.holds("admin", unit_id))
    draft = Drafting(content=_of_today(facts, notice), send_at=notice.send_at, repeat=notice.repeat)
    return _for(facts, draft, replace(notice.audience, unit_ids=kept or own_units(facts)))


def _of_today(facts: Facts, notice: Notice) -> Content:
    """Return what a notice says with this year's dates, where they are known."""
    try:
        return renewed(facts.reference, facts.today, notice.content, notice.audience.unit_ids)
    except Refused:
        return notice.content


def mending(facts: Facts, notice: Notice) -> Drafting:
    """Return a draft in which only what a paused notice says is changed: for whom it is and when stays."""
    return Drafting(content=notice.content, audience=notice.audience, mends=notice.id)


def _for(facts: Facts, draft: Drafting, audience: Audience) -> Drafting:
    """Return a draft for an audience, which is counted now."""
    return replace(draft, audience=audience, reached=reach_of(facts, audience), suggested=())


# The occasion, and what its text leaves open


def ask_occasion(facts: Facts, talk: Drafting) -> Question:
    return Question(
        _("What is the notice about? A text comes with it that can be changed."),
        (*(Choice(known.key, known.name) for known in OCCASIONS), BLANK),
        (BACK,),
        numbered=True,
    )


def hear_occasion(facts: Facts, talk: Drafting, heard: Heard) -> Iterator[Event]:
    match chosen(heard):
        case BACK.key:
            yield Left()
        case BLANK.key:
            yield Went("text", replace(talk, occasion="", details=()))
        case key:
            yield _on(_for_occasion(facts, replace(talk, occasion=key, details=())))


def _for_occasion(facts: Facts, talk: Drafting) -> Drafting:
    """Return a draft for whom its occasion concerns."""
    known = occasion(talk.occasion)
    roles = known.roles if known is not None else ()
    return talk if roles == talk.audience.roles else _for(facts, talk, replace(talk.audience, roles=roles))


def _on(talk: Drafting) -> Went:
    """Go on to the next detail of the occasion, or to its text."""
    known = occasion(talk.occasion)
    return Went("detail" if known is not None and len(talk.details) < len(known.gaps) else "text", talk)


def ask_detail(facts: Facts, talk: Drafting) -> Question:
    known = occasion(talk.occasion)
    gaps = known.gaps[len(talk.details) :] if known is not None else ()
    return Question(GAPS[gaps[0]] if gaps else lines(), moves=(SKIP, BACK), free=True)


def hear_detail(facts: Facts, talk: Drafting, heard: Heard) -> Iterator[Event]:
    match heard:
        case Chose(BACK.key) if talk.details:
            yield Went("detail", replace(talk, details=talk.details[:-1]))
        case Chose(BACK.key):
            yield Went("occasion", replace(talk, occasion=""))
        case Chose(_):
            yield _on(replace(talk, details=(*talk.details, "")))
        case _:
            yield _on(replace(talk, details=(*talk.details, _short(written(heard), LONGEST_DETAIL))))


def _short(typed: str, most: int) -> str:
    text = composed(typed)
    if not text or len(text) > most:
        raise Refused(_("This takes 1 to {most} characters.", most=most))
    return text


# The text


def ask_text(facts: Facts, talk: Drafting) -> Question:
    suggested = _suggested(facts, talk)
    return Question(
        paragraphs(
            _("This is the text. Take it, or copy it, change it and send it here:")
            if suggested
            else _("Type the text of the notice, in Vietnamese."),
            suggested or None,
            _("Words between *stars* become bold, those between _lines_ italic. Longest: {most} characters.",
              most=_limit(talk.content)),
        ),
        (AS_IS,) if suggested else (),
        (BACK,),
        free=True,
        again=_("Type the text of the notice, in Vietnamese."),
    )  # fmt: skip


def _suggested(facts: Facts, talk: Drafting) -> str:
    known = occasion(talk.occasion)
    if talk.content.vi or known is None:
        return words.beginning_as_typed(talk.content, MOST_SHOWN)
    return _made(facts, talk)[0].vi


def _made(facts: Facts, talk: Drafting) -> tuple[Localized, Origin]:
    origin = Origin(talk.occasion, talk.details, own_unit_over(facts, talk.audience))
    return made(facts.reference, facts.today, origin, talk.audience.unit_ids)


def hear_text(facts: Facts, talk: Drafting, heard: Heard) -> Iterator[Event]:
    match heard:
        case Chose(BACK.key):
            yield Went("draft" if talk.content.vi else "occasion", talk)
        case Chose(_):
            yield Went("draft", replace(talk, content=_as_it_is(facts, talk)))
        case _:
            text = _text(written(heard), talk.content)
            content = talk.content if talk.content.vi else _with_buttons(talk)
            yield Went("draft", replace(talk, content=content.written("vi", text)))


def _as_it_is(facts: Facts, talk: Drafting) -> Content:
    """Return the content with the occasion's text, which has an English one too."""
    known = occasion(talk.occasion)
    if talk.content.vi or known is None:
        return talk.content
    text, origin = _made(facts, talk)
    return replace(_with_buttons(talk), vi=text.vi, en=text.en, origin=origin)


def _with_buttons(talk: Drafting) -> Content:
    known = occasion(talk.occasion)
    if known is None:
        return talk.content
    return replace(talk.content, asks_who_comes=known.asks_who_comes, offers_form=known.offers_form)


def _text(typed: str, content: Content) -> str:
    """Return a text that fits every channel."""
    text = unicodedata.normalize("NFC", typed).strip()
    _fit(text, with_file=content.file is not None)
    return text


def _fit(text: str, *, with_file: bool) -> None:
    if (channel := too_long_for(text, with_file=with_file)) is None:
        return
    limits = CHANNEL_LIMITS[channel]
    most = limits.caption if with_file else limits.text
    sentence = (
        _("This text has {length} characters; with a photo or file {channel} takes {most}. Make it {over} shorter.",
          length=length_of(text), channel=words.CHANNELS[channel], most=most, over=length_of(text) - most)
        if with_file
        else _("This text has {length} characters; {channel} takes {most}. Make it {over} shorter.",
               length=length_of(text), channel=words.CHANNELS[channel], most=most, over=length_of(text) - most)
    )  # fmt: skip
    raise Refused(sentence)


def _limit(content: Content) -> int:
    return min(limits.text if content.file is None else limits.caption for limits in CHANNEL_LIMITS.values())


# The page everything is changed from


def ask_draft(facts: Facts, talk: Drafting) -> Question:
    content = talk.content
    head = _("✏️ The notice is paused while you change it:") if talk.mends else _("✍️ Your notice, not sent yet:")
    whom_and_when = () if talk.mends else (WHOM, WHEN)
    return Question(
        paragraphs(head, words.beginning(content), _settings(facts, talk), _each_year(talk), _open(talk)),
        (TEXT, ENGLISH, FILE, BUTTONS, *whom_and_when, PREVIEW, SEND),
        (DROP,),
        files=True,
        again=_("Choose what to change. “Send” asks once more before it sends."),
    )


def _settings(facts: Facts, talk: Drafting) -> Wording:
    content = talk.content
    return lines(
        _("Length: {length} of {most} characters: fits Telegram and the web chat",
          length=max(length_of(content.vi), length_of(content.en)), most=_limit(content)),
        _("English: {state}", state=_("yes") if content.en else _("no, everybody gets Vietnamese")),
        _("Photo or file: {name}", name=_file_name(content.file)),
        _("Buttons: {names}", names=words.buttons(content)),
        *_whom_and_when(facts, talk),
    )  # fmt: skip


def _whom_and_when(facts: Facts, talk: Drafting) -> Iterator[Wording]:
    if talk.mends:
        yield _to_the_others(subject(facts, talk.mends))
        return
    yield words.audience(facts, talk.audience)
    yield words.reach(talk.reached)
    yield words.when(facts, talk.send_at, talk.repeat)


def _to_the_others(notice: Notice) -> Wording:
    return n_(
        "To the {count} person who has not got it yet.",
        "To the {count} people who have not got it yet.",
        notice.count("queued", "waiting", "failed"),
    )


def _file_name(file: NoticeFile | None) -> Wording:
    match file:
        case None:
            return _("none")
        case NoticeFile(kind="photo"):
            return _("a photo")
        case _:
            return file.name or _("a file")


def _each_year(talk: Drafting) -> Wording | None:
    """Say what becomes of the dates in a text that is sent every year."""
    if talk.repeat != "yearly":
        return None
    origin = talk.content.origin
    renews = origin is not None and "vi" in origin.languages
    typed = years_in(" ".join(origin.details) if renews and origin is not None else talk.content.vi)
    if not typed:
        return _("🔁 Each year it names that year's dates.") if renews else None
    years = ", ".join(typed)
    if renews:
        return _("⚠️ You typed {years}: in another year you are asked to write it anew.", years=years)
    return _("⚠️ You wrote the text yourself: each year it is sent as it is, with {years} in it.", years=years)


def _open(talk: Drafting) -> Wording | None:
    if UNKNOWN not in talk.content.vi + talk.content.en:
        return None
    return _("⚠️ The text still has “…” in it: put in what is missing.")


def hear_draft(facts: Facts, talk: Drafting, heard: Heard) -> Iterator[Event]:
    if isinstance(heard, Gave):
        yield Went("draft", _with_file(facts, talk, heard.file))
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
            _sendable(facts, talk)
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


def preview(facts: Facts, content: Content) -> Iterator[Event]:
    """Show a notice as its readers get it, in each language, and say how each channel shows it."""
    for language in ("vi", "en") if content.en else ("vi",):
        yield Sent(message_of(content, 0, language, facts.conversation.channel))
    yield Said(
        lines(_("👆 This is how readers get it."), *(_on_channel(content, channel) for channel in CHANNEL_LIMITS))
    )


def _on_channel(content: Content, channel: str) -> Wording:
    limits, length = CHANNEL_LIMITS[channel], max(length_of(content.vi), length_of(content.en))
    name = words.CHANNELS[channel]
    match content.file:
        case None:
            return _("• {channel}: {length} of {most} characters, the buttons below.",
                     channel=name, length=length, most=limits.text)  # fmt: skip
        case NoticeFile(kind="photo"):
            return _("• {channel}: the photo, below it {length} of {most} characters and the buttons.",
                     channel=name, length=length, most=limits.caption)  # fmt: skip
        case _:
            return _("• {channel}: the file, below it {length} of {most} characters and the buttons.",
                     channel=name, length=length, most=limits.caption)  # fmt: skip


# English


def ask_english(facts: Facts, talk: Drafting) -> Question:
    present = talk.content.en
    return Question(
        paragraphs(
            _("Type the text in English. Whoever chose English gets it, all others get the Vietnamese one."),
            present or None,
        ),
        (REMOVE,) if present else (),
        (BACK,),
        free=True,
    )


def hear_english(facts: Facts, talk: Drafting, heard: Heard) -> Iterator[Event]:
    match heard:
        case Chose(BACK.key):
            yield Went("draft", talk)
        case Chose(_):
            yield Went("draft", replace(talk, content=talk.content.written("en", "")))
        case _:
            text = _text(written(heard), talk.content)
            yield Went("draft", replace(talk, content=talk.content.written("en", text)))


# Photo or file


def ask_file(facts: Facts, talk: Drafting) -> Question:
    return Question(
        _("Send one photo or file. The text then has at most {most} characters.",
          most=min(limits.caption for limits in CHANNEL_LIMITS.values())),
        (REMOVE,) if talk.content.file is not None else (),
        (BACK,),
        files=True,
    )  # fmt: skip


def hear_file(facts: Facts, talk: Drafting, heard: Heard) -> Iterator[Event]:
    match heard:
        case Gave(file):
            yield Went("draft", _with_file(facts, talk, file))
        case Chose(REMOVE.key):
            yield Went("draft", replace(talk, content=replace(talk.content, file=None)))
        case _:
            yield Went("draft", talk)


def _with_file(facts: Facts, talk: Drafting, file: SentFile) -> Drafting:
    for text in (talk.content.vi, talk.content.en):
        _fit(text, with_file=True)
    digest = file.source.removeprefix("sha256:") if file.source.startswith("sha256:") else ""
    kept = NoticeFile(
        file.kind,
        cleaned(file.name, LONGEST_FILE_NAME),
        facts.conversation.channel,
        "" if digest else file.source,
        digest,
    )
    return replace(talk, content=replace(talk.content, file=kept))


# Buttons


def ask_buttons(facts: Facts, talk: Drafting) -> Question:
    content = talk.content
    return Question(
        paragraphs(
            _("Which buttons should stand under the notice? Press to put one there or take it away."),
            _("Buttons: {names}", names=words.buttons(content)),
        ),
        (
            _ticked(LINK, bool(content.link_url)),
            _ticked(COMES, content.asks_who_comes),
            _ticked(FORM, content.offers_form),
        ),
        (BACK,),
    )


def _ticked(choice: Choice, chosen: bool) -> Choice:
    return replace(choice, label=Lines(("☑", choice.label), " ")) if chosen else choice


def hear_buttons(facts: Facts, talk: Drafting, heard: Heard) -> Iterator[Event]:
    content = talk.content
    match chosen(heard):
        case LINK.key if not content.link_url:
            yield Went("link_label", talk)
        case LINK.key:
            yield Went("buttons", replace(talk, content=replace(content, link_url="", link_label="")))
        case COMES.key:
            yield Went("buttons", replace(talk, content=replace(content, asks_who_comes=not content.asks_who_comes)))
        case FORM.key:
            yield Went("buttons", replace(talk, content=replace(content, offers_form=not content.offers_form)))
        case _:
            yield Went("draft", talk)


def ask_link_label(facts: Facts, talk: Drafting) -> Question:
    return Question(
        _("What should stand on the button of the link? For example: The programme of the week."),
        (),
        (BACK,),
        free=True,
    )


def hear_link_label(facts: Facts, talk: Drafting, heard: Heard) -> Iterator[Event]:
    if heard == Chose(BACK.key):
        yield Went("buttons", talk)
    else:
        yield Went("link_url", replace(talk, link_label=_short(written(heard), LONGEST_LABEL)))


def ask_link_url(facts: Facts, talk: Drafting) -> Question:
    return Question(
        _("Which address does “{label}” open? It begins with https://.", label=talk.link_label), (), (BACK,), free=True
    )


def hear_link_url(facts: Facts, talk: Drafting, heard: Heard) -> Iterator[Event]:
    if heard == Chose(BACK.key):
        yield Went("link_label", replace(talk, link_label=""))
        return
    content = replace(talk.content, link_label=talk.link_label, link_url=read_url(written(heard)))
    yield Went("buttons", replace(talk, content=content, link_label=""))


# To whom


def ask_whom(facts: Facts, talk: Drafting) -> Question:
    return Question(
        paragraphs(
            _("Who gets the notice? Only people who meet everything that is chosen here."),
            lines(words.audience(facts, talk.audience), words.reach(talk.reached)),
        ),
        (UNITS, *(narrowing.choice for narrowing in NARROWINGS.values()), AGES, EVERYBODY),
        (BACK,),
        again=_("By what should people be chosen?"),
    )


def hear_whom(facts: Facts, talk: Drafting, heard: Heard) -> Iterator[Event]:
    match chosen(heard):
        case BACK.key:
            yield Went("draft", talk)
        case UNITS.key:
            yield Went("units", talk)
        case AGES.key:
            yield Went("ages", talk)
        case EVERYBODY.key:
            yield Went("whom", started_over(facts, talk))
        case facet:
            yield Went("facet", replace(talk, facet=facet))


def started_over(facts: Facts, talk: Drafting) -> Drafting:
    """Return a draft for everybody in one's units again."""
    return _for(facts, talk, Audience(own_units(facts)))


def ask_units(facts: Facts, talk: Drafting) -> Question:
    units = facts.reference.units
    suggested = offered(units, talk.suggested)
    return Question(
        paragraphs(
            words.audience(facts, Audience(talk.audience.unit_ids)),
            _("Is it one of these? If not, type the name once more.")
            if suggested
            else _("Type the name of a village, commune or workplace to choose it, one after the other."),
        ),
        suggested,
        (ALL_MINE, BACK),
        free=True,
        numbered=True,
    )


def hear_units(facts: Facts, talk: Drafting, heard: Heard) -> Iterator[Event]:
    match heard:
        case Chose(BACK.key):
            yield Went("whom", replace(talk, suggested=()))
        case Chose(ALL_MINE.key):
            yield Went("whom", _for(facts, talk, replace(talk.audience, unit_ids=own_units(facts))))
        case Chose(unit_id):
            yield Went("units", _for(facts, talk, with_unit(facts, talk.audience, int(unit_id))))
        case Wrote(name):
            found = find_own(facts, name)
            if found.more:
                yield Said(too_many(found))
            yield Went("units", replace(talk, suggested=found.ids))
        case _:
            raise NotUnderstood(_("Please answer with a text message."))


def ask_facet(facts: Facts, talk: Drafting) -> Question:
    narrowing = _narrowing(talk)
    taken = getattr(talk.audience, _facet(talk))
    return Question(
        paragraphs(narrowing.question, _("Press to choose, press again to take away."), words.reach(talk.reached)),
        tuple(_ticked(Choice(key, label), key in taken) for key, label in narrowing.options(facts).items()),
        (EVERYBODY, BACK),
        numbered=True,
    )


def _narrowing(talk: Drafting) -> Narrowing:
    return NARROWINGS[_facet(talk)]


def _facet(talk: Drafting) -> Facet:
    return next((facet for facet in NARROWINGS if facet == talk.facet), "roles")


def hear_facet(facts: Facts, talk: Drafting, heard: Heard) -> Iterator[Event]:
    facet = _facet(talk)
    match chosen(heard):
        case BACK.key:
            yield Went("whom", replace(talk, facet=""))
        case EVERYBODY.key:
            yield Went("whom", replace(_for(facts, talk, replace(talk.audience, **{facet: ()})), facet=""))
        case key:
            taken = getattr(talk.audience, facet)
            now = tuple(o for o in NARROWINGS[facet].options(facts) if (o in taken) != (o == key))
            yield Went("facet", _for(facts, talk, replace(talk.audience, **{facet: now})))


def ask_ages(facts: Facts, talk: Drafting) -> Question:
    return Question(
        paragraphs(
            _("People of which age? Type for example: from 60, or 16-35, or up to 30."),
            words.ages(talk.audience),
        ),
        moves=(EVERYBODY, BACK),
        free=True,
    )


def hear_ages(facts: Facts, talk: Drafting, heard: Heard) -> Iterator[Event]:
    match heard:
        case Chose(BACK.key):
            yield Went("whom", talk)
        case Chose(_):
            yield Went("whom", _for(facts, talk, replace(talk.audience, youngest=None, oldest=None)))
        case _:
            youngest, oldest = read_ages(written(heard))
            yield Went("whom", _for(facts, talk, replace(talk.audience, youngest=youngest, oldest=oldest)))


# When


def ask_when(facts: Facts, talk: Drafting) -> Question:
    others = tuple(choice for choice in (ONCE, WEEKLY, YEARLY) if REPEATS[choice.key] != talk.repeat)
    return Question(
        paragraphs(
            words.when(facts, talk.send_at, talk.repeat),
            _("Type day and time, for example: 5/10 19:00, or tomorrow 8:00."),
        ),
        (*((AT_ONCE,) if talk.send_at is not None else ()), *others),
        (BACK,),
        free=True,
    )


def hear_when(facts: Facts, talk: Drafting, heard: Heard) -> Iterator[Event]:
    match heard:
        case Chose(BACK.key):
            yield Went("draft", talk)
        case Chose(AT_ONCE.key):
            yield Went("draft", replace(talk, send_at=None))
        case Chose(repeat):
            yield Went("when", replace(talk, repeat=REPEATS[repeat]))
        case _:
            yield Went("draft", replace(talk, send_at=read_moment(written(heard), facts.now)))


# Sending


def ask_confirm(facts: Facts, talk: Drafting) -> Question:
    return Question(
        paragraphs(
            _("Please check before it is sent:"),
            words.title(talk.content, 60),
            lines(*_whom_and_when(facts, talk)),
            _needs_approval(facts, talk),
            _each_year(talk),
            _open(talk),
        ),
        (SEND,),
        (BACK,),
    )


def _needs_approval(facts: Facts, talk: Drafting) -> Wording | None:
    above = _above(facts, talk.audience)
    total = subject(facts, talk.mends).recipients if talk.mends else talk.reached.total
    if total <= above:
        return None
    return words.rule_of_two(above)


def _above(facts: Facts, audience: Audience) -> int:
    return facts.find(ApproversWanted(frozenset(audience.unit_ids), facts.person_id)).above


def hear_confirm(facts: Facts, talk: Drafting, heard: Heard) -> Iterator[Event]:
    if chosen(heard) != SEND.key:
        yield Went("draft", talk)
        return
    if talk.mends:
        yield from _mend(facts, talk)
        return
    reached = _sendable(facts, talk)
    approvers = facts.find(ApproversWanted(frozenset(talk.audience.unit_ids), facts.person_id))
    if reached.total <= approvers.above:
        yield _saved(facts, talk, awaiting=False)
        yield Sent(_handed_over(facts, talk, reached))
    else:
        yield _saved(facts, talk, awaiting=True)
        yield from _asked_to_approve(facts, talk, approvers)
    yield Left(quiet=True)


def _asked_to_approve(facts: Facts, talk: Drafting, approvers: Approvers) -> Iterator[Event]:
    for person_id in approvers.person_ids:
        yield Told(PersonAddress(person_id), _told_to_approver(facts, talk))
    yield Sent(Message(_("⏳ Another administrator has been asked to approve it. You will be told."), _TO_LIST))


def _mend(facts: Facts, talk: Drafting) -> Iterator[Event]:
    """Let a paused notice go on with what it says now; a long list is approved anew."""
    notice = subject(facts, talk.mends)
    if notice.state != "paused":
        yield Said(CHANGED)
        yield Left()
        return
    approvers = facts.find(ApproversWanted(frozenset(notice.audience.unit_ids), facts.person_id))
    check_approvers(notice.recipients, approvers)
    needs_approval = notice.recipients > approvers.above
    state = "awaiting" if needs_approval else state_after(notice, "mend", notice.version)
    yield NoticeActed(notice.id, "mend", notice.version, state, talk.content)
    if needs_approval:
        yield from _asked_to_approve(facts, talk, approvers)
    else:
        yield Sent(Message(_("✏️ Changed. It goes on to those who have not got it yet."), _TO_LIST))
    yield Left(quiet=True)


def _sendable(facts: Facts, talk: Drafting) -> Reached:
    """Return whom a notice reaches now. Raises Refused with what keeps it from being sent."""
    units = talk.audience.unit_ids
    if not units or not all(facts.holds("admin", unit_id) for unit_id in units):
        raise Refused(_("You can write only to people of your own unit. Choose anew under “To whom”."))
    if talk.send_at is not None and talk.send_at <= facts.now:
        raise Refused(_("Its time is past. Choose a new one under “When”."))
    reached = reach_of(facts, talk.audience)
    if not reached.total:
        raise Refused(_("Nobody would get this notice. Choose more people under “To whom”."))
    approvers = facts.find(ApproversWanted(frozenset(units), facts.person_id))
    check_approvers(reached.total, approvers)
    return reached


def check_approvers(number: int, approvers: Approvers) -> None:
    """Refuse what needs an approval while there is nobody to give it."""
    if number > approvers.above and not approvers.person_ids:
        raise Refused(
            _(
                "It goes to {number} people; from {above} on another administrator over all of them has to approve. "
                "There is none yet: type “invite” to invite one.",
                number=number,
                above=approvers.above + 1,
            )
        )


def _saved(facts: Facts, talk: Drafting, *, awaiting: bool) -> NoticeSaved:
    return NoticeSaved(
        talk.content, talk.audience, "awaiting" if awaiting else "scheduled", _first_time(facts, talk), talk.repeat
    )


def _first_time(facts: Facts, talk: Drafting) -> datetime | None:
    """Return when a notice goes out; what repeats has a time to repeat at."""
    return facts.now if talk.repeat and talk.send_at is None else talk.send_at


_TO_LIST = ((Button(_("📣 Notices"), "c:notices", lasting=True),),)


def _handed_over(facts: Facts, talk: Drafting, reached: Reached) -> Message:
    return Message(
        lines(
            n_(
                "📤 Accepted for sending to {count} person.",
                "📤 Accepted for sending to {count} people.",
                reached.total,
            ),
            words.when(facts, talk.send_at, talk.repeat),
        ),
        _TO_LIST,
    )


def _told_to_approver(facts: Facts, talk: Drafting) -> Message:
    return Message(
        paragraphs(
            _("👥 {name} asks you to approve a notice:", name=facts.person.named if facts.person else ""),
            words.beginning(talk.content),
            lines(*_whom_and_when(facts, talk)),
        ),
        _TO_LIST,
    )


def obstacle(facts: Facts, talk: Drafting) -> Wording | None:
    """Say why somebody cannot write notices, if so."""
    return None if facts.has_role("admin") else _("Only administrators write to many people.")


DRAFT = Flow(
    Drafting,
    steps=(
        Step("occasion", ask_occasion, hear_occasion),
        Step("detail", ask_detail, hear_detail),
        Step("text", ask_text, hear_text),
        Step("draft", ask_draft, hear_draft),
        Step("drop", ask_drop, hear_drop),
        Step("english", ask_english, hear_english),
        Step("file", ask_file, hear_file),
        Step("buttons", ask_buttons, hear_buttons),
        Step("link_label", ask_link_label, hear_link_label),
        Step("link_url", ask_link_url, hear_link_url),
        Step("whom", ask_whom, hear_whom),
        Step("units", ask_units, hear_units),
        Step("facet", ask_facet, hear_facet),
        Step("ages", ask_ages, hear_ages),
        Step("when", ask_when, hear_when),
        Step("confirm", ask_confirm, hear_confirm),
    ),
    obstacle=obstacle,
)
