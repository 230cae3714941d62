"""Files that are sent together are one answer: kept up to the limit, and answered once."""

import pytest
from msgspec.structs import replace

from flows.conversation.messages import rendered
from flows.conversation.replies import SentFile, Typed
from flows.domain.assessments import MOST_FILE_BYTES
from flows.forms.records import EvidenceGiven
from flows.forms.talk import Filling
from flows.subjects import decide
from tests.flows import town as towns
from tests.flows.town import Town, Turn
from tests.sample import CATALOGUES


def part(number: int, album: str = "album") -> SentFile:
    return SentFile("photo", "photo.jpg", f"file {album} {number}", album=album)


@pytest.fixture
def town() -> Town:
    """Lê Văn Minh is asked for evidence."""
    made = towns.settled()
    while made.phone("Minh").session.frame.step != "evidence":
        made.say("Minh", "1")
    return made


def said(*turns: Turn) -> list[str]:
    return [rendered(message, CATALOGUES["vi"]).text for turn in turns for message in turn.decision.messages]


def kept(*turns: Turn) -> list[str]:
    given = [record for turn in turns for record in turn.decision.records if isinstance(record, EvidenceGiven)]
    return [record.evidence.source for record in given]


def test_an_album_that_comes_at_once_is_kept_up_to_the_limit_and_answered_once(town: Town) -> None:
    turns = town.turns("Minh", *map(part, range(1, 8)))
    assert kept(*turns) == [f"file album {number}" for number in range(1, 6)]
    (answer,) = said(*turns)
    assert "Đã gửi 5 minh chứng" in answer


def test_an_album_within_the_limit_is_thanked_for_once(town: Town) -> None:
    turns = town.turns("Minh", *map(part, range(1, 4)))
    (answer,) = said(*turns)
    assert answer.startswith("Xin cảm ơn đã gửi")
    assert "Đã gửi 3 minh chứng" in answer


def test_the_parts_of_an_album_that_come_later_are_kept_and_not_answered_again(town: Town) -> None:
    turns = [town.turn("Minh", part(number)) for number in range(1, 8)]
    assert (len(kept(*turns)), len(said(*turns))) == (5, 1)


def test_the_next_album_is_answered_again_and_so_is_what_is_typed(town: Town) -> None:
    first, second = town.turn("Minh", part(1)), town.turn("Minh", part(1, "another"))
    assert (len(kept(first, second)), len(said(first, second))) == (2, 2)
    assert said(town.turn("Minh", Typed("xong")))


@pytest.mark.parametrize("together", [True, False])
def test_an_album_where_no_file_is_wanted_is_refused_once(town: Town, *, together: bool) -> None:
    town.say("Minh", "bỏ qua")
    assert town.phone("Minh").session.frame.step == "indicator"
    parts = [part(number) for number in range(1, 5)]
    turns = town.turns("Minh", *parts) if together else [town.turn("Minh", one) for one in parts]
    assert kept(*turns) == []
    (answer,) = said(*turns)
    assert "không cần" in answer


def test_a_question_answered_by_an_album_is_answered_by_it_once(town: Town) -> None:
    before = town.phone("Minh").session
    town.turns("Minh", part(1), part(2))
    after = town.phone("Minh").session
    assert isinstance(after.frame.talk, Filling)
    assert (after.frame, after.asked) == (before.frame, before.asked)


@pytest.mark.parametrize("album", ["", "album"])
def test_a_file_that_is_said_to_be_too_large_is_refused_where_it_was_asked_for(town: Town, album: str) -> None:
    turn = town.turn("Minh", SentFile("document", "phim.pdf", "file", album=album, size=MOST_FILE_BYTES + 1))
    (answer,) = said(turn)
    assert kept(turn) == []
    assert answer.startswith("Ảnh hoặc tài liệu quá lớn, tối đa 10 MB.")
    assert "có ảnh, giấy tờ gì làm minh chứng không?" in answer
    assert kept(town.turn("Minh", SentFile("document", "giay.pdf", "file", size=MOST_FILE_BYTES))) == ["file"]


def test_an_album_that_answers_the_question_and_is_too_much_then_is_answered_without_a_complaint(town: Town) -> None:
    town.say("Minh", "bỏ qua")
    assert town.phone("Minh").session.frame.step == "indicator"
    session = replace(town.phone("Minh").session, album="album", owes=True)
    known = town.turn("Minh", Typed("?")).facts
    decision = decide(session, part(2), known, CATALOGUES)
    assert len(decision.messages) == 1
    assert "không cần" not in rendered(decision.messages[0], CATALOGUES["vi"]).text
