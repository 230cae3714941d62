"""What a notice says: its text, in Vietnamese and English, and a photo or file."""

import unicodedata
from collections.abc import Iterator

from msgspec.structs import replace

from flows.conversation.events import Event, Went
from flows.conversation.facts import Facts
from flows.conversation.questions import BACK, Choice, Chose, Gave, Heard, Question, written
from flows.conversation.questions import words as said
from flows.conversation.replies import SentFile
from flows.domain.channels import told_apart
from flows.notices import words
from flows.notices.audience import own_unit_over
from flows.notices.draft.drafting import Drafting
from flows.notices.notice import CHANNEL_LIMITS, Content, NoticeFile, Origin, length_of, too_long_for
from flows.notices.occasions import made, occasion
from flows.words.localized import Localized
from flows.words.refusals import Refused
from flows.words.spelling import cleaned
from flows.words.wording import _, paragraphs

LONGEST_FILE_NAME = 80
MOST_SHOWN = 3000
AS_IS = Choice(
    "as_is",
    _("✅ Take this text"),
    said("dùng; lấy; lấy nội dung này; lấy văn bản này; dùng luôn; được rồi; ok; as is"),
)
REMOVE = Choice("remove", _("Remove"), said("bỏ; xóa; gỡ; gỡ bỏ; bỏ đi; remove"))


def ask_text(facts: Facts, talk: Drafting) -> Question:
    suggested = _suggested(facts, talk)
    return Question(
        paragraphs(
            _("This is the text. Take it, or copy it, change it and send it here:")
            if suggested
            else _("Type the text of the notice, in Vietnamese."),
            suggested or None,
            _("Words between *stars* become bold, those between _lines_ italic. Longest: {most} characters.",
              most=limit_of(talk.content)),
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
            text = read_text(written(heard), talk.content)
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


def read_text(typed: str, content: Content) -> str:
    """Return a text that fits every channel."""
    text = unicodedata.normalize("NFC", typed).strip()
    check_length(text, with_file=content.file is not None)
    return text


def check_length(text: str, *, with_file: bool) -> None:
    """Refuse a text that is too long for a channel."""
    if (channel := too_long_for(text, with_file=with_file)) is None:
        return
    limits = CHANNEL_LIMITS[channel]
    most = limits.caption if with_file else limits.text
    sentence = (
        _("This text has {length} characters; with a photo or file {channel} takes {most}. Make it {over} shorter.",
          length=length_of(text), channel=told_apart(channel), most=most, over=length_of(text) - most)
        if with_file
        else _("This text has {length} characters; {channel} takes {most}. Make it {over} shorter.",
               length=length_of(text), channel=told_apart(channel), most=most, over=length_of(text) - most)
    )  # fmt: skip
    raise Refused(sentence)


def limit_of(content: Content) -> int:
    """Return how long a text may be: as the strictest channel takes it."""
    return min(limits.text if content.file is None else limits.caption for limits in CHANNEL_LIMITS.values())


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
            text = read_text(written(heard), talk.content)
            yield Went("draft", replace(talk, content=talk.content.written("en", text)))


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
            yield Went("draft", attached(facts, talk, file))
        case Chose(REMOVE.key):
            yield Went("draft", replace(talk, content=replace(talk.content, file=None)))
        case _:
            yield Went("draft", talk)


def attached(facts: Facts, talk: Drafting, file: SentFile) -> Drafting:
    """Return a draft with a photo or file, which leaves less room for the text."""
    for text in (talk.content.vi, talk.content.en):
        check_length(text, with_file=True)
    digest = file.source.removeprefix("sha256:") if file.source.startswith("sha256:") else ""
    kept = NoticeFile(
        file.kind,
        cleaned(file.name, LONGEST_FILE_NAME),
        facts.conversation.channel,
        "" if digest else file.source,
        digest,
        facts.conversation.bot,
    )
    return replace(talk, content=replace(talk.content, file=kept))
