"""One turn that decides on many forms: a command of a subject made here, through the real loop and store."""

from collections import Counter
from collections.abc import Iterator
from functools import partial

import pytest
from sqlalchemy import select

from bot.services import turns
from bot.store.core.tables import assessments, conversations, decisions, inbox
from flows.conversation import engine
from flows.conversation.events import Event, Said
from flows.conversation.facts import Facts
from flows.conversation.questions import Choice
from flows.conversation.session import Session, Talk
from flows.conversation.subject import Command, Subject
from flows.conversation.subjects import Subjects
from flows.forms.needs import AssessmentWanted
from flows.registration.subject import welcome
from flows.review.needs import ListWanted
from flows.review.talk import decide_on
from flows.subjects import EVERY
from flows.words.wording import _
from tests.commune import Commune

RESIDENTS = 19  # and Lan


def confirm_all_but(facts: Facts, session: Session[Talk], left_out: str) -> Iterator[Event]:
    """Confirm every form that waits, except those of some people."""
    units = facts.scope("head")
    waiting = facts.find(ListWanted(units, facts.rounds_in(units), "submitted", facts.person_id, 0, RESIDENTS + 1))
    wanted = [AssessmentWanted(one.assessment_id) for one in waiting.forms if one.name.name not in left_out.split(", ")]
    facts.want(*wanted)
    for form in map(facts.find, wanted):
        assert form is not None
        yield from (event for event in decide_on(facts, form, "confirm") if not isinstance(event, Said))
    yield Said(_("Thank you."))


ALL_BUT = Subject(
    "all but",
    commands=(
        Command(
            "confirmall", _("Forms of my branch"), confirm_all_but, Choice("confirmall", "all but"), 9, role="head"
        ),
    ),
)


async def asked_for_evidence(commune: Commune) -> list[str]:
    """Return who is asked for evidence, among those who came for this test."""
    rows = await commune.rows(select(conversations.c.address, conversations.c.session))
    return [row.address for row in rows if row.address.startswith("Em") and b'"evidence"' in row.session]


async def test_seventeen_of_twenty_forms_are_confirmed_in_one_turn_without_an_apology(
    commune: Commune, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {f"Em{number}": f"Ngô Thị {chr(ord('A') + number)}" for number in range(RESIDENTS)}
    for text in ("/start v-tk-dong", "vi", "đồng ý", "", "1975", "có", "1", "có", "bắt đầu"):
        await commune.together(*((name, text or full_name) for name, full_name in names.items()))
    for _question in range(10):
        await commune.together(*((name, "1") for name in names))
        await commune.together(*((name, "bỏ qua") for name in await asked_for_evidence(commune)))
    await commune.together(*((name, "nộp phiếu") for name in names))
    await commune.deliver()
    subjects = Subjects(*EVERY, ALL_BUT, welcome=welcome)
    monkeypatch.setattr(turns, "decide", partial(engine.decide, subjects))
    await commune.turns.receive([commune.update("Hạnh", "/confirmall Ngô Thị A, Ngô Thị B, Nguyễn Thị Lan")])
    done = await commune.work()
    assert [(one.turns, one.answered, one.failed) for one in done] == [(1, 1, 0)]
    states = Counter(await commune.column(select(assessments.c.state)))
    assert states == {"confirmed": 17, "submitted": 3, "draft": 1}
    assert await commune.count(decisions, decisions.c.act == "confirm") == 17
    assert await commune.count(inbox, inbox.c.failed) == 0
    assert [text.splitlines()[0] for text in await commune.texts("Hạnh")] == ["Xin cảm ơn."]
    told = [await commune.texts(name) for name in ("Lan", *names)]
    assert [len(texts) for texts in told] == [0, 0, 0, *([1] * 17)]
