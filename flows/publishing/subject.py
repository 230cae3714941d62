"""Being named on posted lists, in one value."""

from collections.abc import Iterator

from flows.conversation.events import Entered, Event
from flows.conversation.facts import Facts
from flows.conversation.questions import Choice, words
from flows.conversation.session import HOME, Session, Talk
from flows.conversation.subject import Subject
from flows.conversation.understanding import says
from flows.publishing import records
from flows.publishing.talk import PUBLISHING, AskingForNames

# What is typed at home by whoever wants to choose, or to choose anew. It is asked all the same: a text has to be read
# before it can be agreed to.
ABOUT_THE_NAME = Choice(
    "named",
    "nêu tên",
    words("""
        nêu tên tôi; không nêu tên; không nêu tên tôi; đừng nêu tên; đừng nêu tên tôi; đồng ý nêu tên; không đồng ý nêu
        tên; niêm yết tên; niêm yết tên tôi; không niêm yết tên; không niêm yết tên tôi; công khai tên; công khai tên
        tôi; không công khai tên; không công khai tên tôi; rút tên; bỏ tên tôi; rút tên tôi; đổi ý nêu tên; đổi ý về nêu
        tên; đổi ý không nêu tên; đổi ý về việc nêu tên; thay đổi việc nêu tên; name me; do not name me; dont name me
    """),
)


def _hear_typed(facts: Facts, session: Session[Talk], typed: str) -> Iterator[Event]:
    """Ask whoever types at home that they want to be named, or not."""
    known = facts.person is not None and facts.person.is_resident
    if session.frame == HOME and known and says(typed, ABOUT_THE_NAME):
        yield Entered("named", AskingForNames(asked_for=True))


SUBJECT = Subject(
    "publishing",
    flows=(PUBLISHING,),
    records=(records.Publishing,),
    after=records.after,
    overhear=_hear_typed,
)
