"""Reading, in one value."""

from collections.abc import Iterator

from flows.conversation.events import Entered, Event
from flows.conversation.facts import Facts
from flows.conversation.questions import Choice, words
from flows.conversation.session import Session, Talk
from flows.conversation.subject import Command, Subject
from flows.reading import records
from flows.reading.talk import READING, Reading
from flows.words.wording import _

ORDER = Choice("reading", _("books"), words("sách; đọc sách; sách đã đọc; books; reading"))


def _command(facts: Facts, session: Session[Talk], argument: str) -> Iterator[Event]:
    yield Entered("books", Reading())


SUBJECT = Subject(
    "reading",
    flows=(READING,),
    records=(records.AnyRecord,),
    after=records.after,
    commands=(Command("reading", _("Books I have read"), _command, ORDER, 99, {"vi": "docsach"}),),
)
