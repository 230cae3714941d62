"""What the page and the last question say about a notice."""

from collections.abc import Iterator

from flows.conversation.facts import Facts
from flows.notices import words
from flows.notices.audience import subject
from flows.notices.draft.content import limit_of
from flows.notices.draft.drafting import Drafting
from flows.notices.notice import Notice, NoticeFile, length_of
from flows.notices.occasions import UNKNOWN
from flows.words.wording import Wording, _, lines, n_


def settings(facts: Facts, talk: Drafting) -> Wording:
    """Say everything that is set about a notice besides its text."""
    content = talk.content
    return lines(
        _("Length: {length} of {most} characters: fits every channel",
          length=max(length_of(content.vi), length_of(content.en)), most=limit_of(content)),
        _("English: {state}", state=_("yes") if content.en else _("no, everybody gets Vietnamese")),
        _("Photo or file: {name}", name=_file_name(content.file)),
        _("Buttons: {names}", names=words.buttons(content)),
        *whom_and_when(facts, talk),
    )  # fmt: skip


def whom_and_when(facts: Facts, talk: Drafting) -> Iterator[Wording]:
    """Say to whom a notice goes, and when; of one that is mended, who has not got it yet."""
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


def open_gaps(talk: Drafting) -> Wording | None:
    """Say that the text has gaps that nobody has filled, if so."""
    if UNKNOWN not in talk.content.vi + talk.content.en:
        return None
    return _("⚠️ The text still has “…” in it: put in what is missing.")
