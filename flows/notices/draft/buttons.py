"""The buttons under a notice, and the link one of them opens."""

from collections.abc import Iterator

from msgspec.structs import replace

from flows.conversation.events import Event, Went
from flows.conversation.facts import Facts
from flows.conversation.questions import BACK, Choice, Chose, Heard, Question, chosen, ticked, written
from flows.conversation.questions import words as said
from flows.notices import words
from flows.notices.draft.drafting import Drafting, read_short
from flows.notices.notice import LONGEST_LABEL, read_url
from flows.words.wording import _, paragraphs

LINK = Choice("link", _("🔗 Link"), said("đường dẫn; liên kết; link"))
COMES = Choice("comes", _("🙋 I'll come / I can't come"), said("ai đến; đến hay không; hỏi ai đến"))
FORM = Choice("form", _("📝 Start my form"), said("làm phiếu; phiếu"))


def ask_buttons(facts: Facts, talk: Drafting) -> Question:
    content = talk.content
    return Question(
        paragraphs(
            _("Which buttons should stand under the notice? Press to put one there or take it away."),
            _("Buttons: {names}", names=words.buttons(content)),
        ),
        (
            ticked(LINK, bool(content.link_url)),
            ticked(COMES, content.asks_who_comes),
            ticked(FORM, content.offers_form),
        ),
        (BACK,),
    )


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
        yield Went("link_url", replace(talk, link_label=read_short(written(heard), LONGEST_LABEL)))


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
