"""What people tell about themselves: names, years of birth, and who needs a representative."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.conversation.facts import Sharer
from flows.conversation.messages import Button, Message
from flows.conversation.phones import marked
from flows.domain.people import NAME_LENGTH, BirthYear, Name, Person, needs_representative, read_birth_year, read_name
from flows.people.names import asks_to_help, named_in
from flows.words.refusals import Refused
from flows.words.spelling import has_invisible


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Nguyễn Thị Lan", "Nguyễn Thị Lan"),
        ("  nguyễn   thị lan ", "Nguyễn Thị Lan"),
        ("NGUYỄN THỊ LAN", "Nguyễn Thị Lan"),
        ("Đỗ Văn A", "Đỗ Văn A"),
        ("đỗ văn a", "Đỗ Văn A"),
        ("Y Moan Êñuôl", "Y Moan Êñuôl"),
        ("H'Hen Niê", "H'Hen Niê"),
        ("Anna-Maria van den Berg", "Anna-Maria van den Berg"),
        ("H'HEN NIÊ", "H'Hen Niê"),
        ("Nguyễn\nThị Lan", "Nguyễn Thị Lan"),
        ("Nguyễn\u200b Thị Lan", "Nguyễn Thị Lan"),
        ("Nguyễn Thị Lan ạ.", "Nguyễn Thị Lan"),
        ("tôi tên là nguyễn thị lan", "Nguyễn Thị Lan"),
        ("Dạ, em tên Trần Văn Bê ạ", "Trần Văn Bê"),
        ("Họ và tên: Lê Văn Bình", "Lê Văn Bình"),
        ("Ông Nguyễn Văn An", "Nguyễn Văn An"),
        ("mẹ cháu là Trần Thị Hoa", "Trần Thị Hoa"),
        ("La Văn Cầu", "La Văn Cầu"),
    ],
)
def test_a_name_is_kept_as_it_will_stand_on_a_certificate(typed: str, name: str) -> None:
    read = read_name(typed)
    assert (read.name, read.sure) == (name, True)


def test_a_name_typed_with_marks_apart_is_put_together() -> None:
    assert read_name(unicodedata.normalize("NFD", "Nguyễn Thị Lan")) == Name("Nguyễn Thị Lan", sure=True)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "A",
        "12345",
        "Lan 2",
        "…",
        "🙂🙂",
        "Lan\u202eNguyễn",
        "Lan\0Anh",
        "=HYPERLINK(1)",
        "Lan <b>&_*[",
        "Nguyễn Thị Lan 😀",
        "để làm gì",
        "đừng nộp phiếu",
        "Đừng",
        "chưa muốn làm ạ",
        "chớ ghi tên",
        "chẳng cần đâu",
        "mẹ",
        "L" * (NAME_LENGTH + 1),
    ],
)
def test_what_is_no_name_is_refused(typed: str) -> None:
    with pytest.raises(Refused):
        read_name(typed)


@given(st.text(max_size=100))
def test_a_name_that_is_taken_is_short_composed_and_free_of_hidden_characters(typed: str) -> None:
    try:
        name = read_name(typed).name
    except Refused:
        return
    assert 2 <= len(name) <= NAME_LENGTH
    assert unicodedata.is_normalized("NFC", name)
    assert not has_invisible(name)
    assert read_name(name, as_typed=True).name == name


@pytest.mark.parametrize(
    ("typed", "year"),
    [("1975", 1975), (" 1975 ", 1975), ("75", 1975), ("12", 2012), ("20/11/1975", 1975), ("sinh năm 1975", 1975),
     ("năm 1975 ạ", 1975), ("năm 65", 1965), ("sn 65", 1965), ("１９６５", 1965)],
)  # fmt: skip
def test_a_year_of_birth_is_found_in_what_is_typed(typed: str, year: int) -> None:
    assert read_birth_year(typed, 2026) == BirthYear(year, sure=True)


@pytest.mark.parametrize(
    ("typed", "year"),
    [("60 tuổi", 1966), ("tôi 60", 1966), ("60t ạ", 1966), ("sáu mươi tuổi", 1966), ("15/8/65", 1965),
     ("sáu lăm", 1965), ("sinh năm sáu lăm", 1965), ("một nghìn chín trăm sáu mươi lăm", 1965), ("60 tuooir", 1966)],
)  # fmt: skip
def test_a_year_that_was_reckoned_is_asked_about(typed: str, year: int) -> None:
    assert read_birth_year(typed, 2026) == BirthYear(year, sure=False)


@pytest.mark.parametrize(
    ("typed", "name"),
    [("lan", "Lan"), ("Bà Lan", "Lan"), ("nguyen thi lan", "Nguyen Thi Lan"), ("Nguyen Thi Lan", "Nguyen Thi Lan"),
     ("Nguyeenx Thij Lan", "Nguyễn Thị Lan"), ("Nguye6n4 Thi5 Lan", "Nguyễn Thị Lan")],
)  # fmt: skip
def test_a_name_that_may_not_be_whole_or_was_turned_right_is_asked_about(typed: str, name: str) -> None:
    read = read_name(typed)
    assert (read.name, read.sure) == (name, False)


@pytest.mark.parametrize(
    ("typed", "turned"), [("Nguyeenx Thij Lan", True), ("Bà Lan", True), ("nguyen thi lan", False)]
)
def test_a_name_tells_whether_it_was_turned_right(typed: str, turned: bool) -> None:
    assert read_name(typed).turned is turned


def test_a_name_typed_once_more_is_left_as_it_is_typed() -> None:
    assert read_name("Đinh Ama", as_typed=True) == Name("Đinh Ama", sure=True)


@pytest.mark.parametrize("typed", ["", "mười", "5", "175", "1905", "2021", "2030", "1975 hoặc 1976", "²⁰"])
def test_what_is_no_year_of_birth_is_refused(typed: str) -> None:
    with pytest.raises(Refused):
        read_birth_year(typed, 2026)


@given(st.text(alphabet="0123456789 /-.abcnăm", max_size=12), st.integers(2024, 2120))
def test_a_year_that_is_taken_is_of_somebody_alive_and_of_school_age(typed: str, this_year: int) -> None:
    try:
        year = read_birth_year(typed, this_year).year
    except Refused:
        return
    assert this_year - 120 <= year <= this_year - 6


@pytest.mark.parametrize(("born", "needed"), [(2012, True), (2010, True), (2009, False), (1950, False)])
def test_who_may_be_under_sixteen_needs_a_representative(born: int, needed: bool) -> None:
    assert needs_representative(born, 2026) is needed


@pytest.mark.parametrize(("birth_year", "unit_id"), [(None, None), (1975, None), (None, 3), (1975, 3)])
def test_who_has_not_told_everything_is_no_resident_yet(birth_year: int | None, unit_id: int | None) -> None:
    assert not Person(1, "Nguyễn Thị Lan", birth_year, unit_id).is_resident


def test_a_button_for_more_people_than_it_can_name_is_for_whoever_is_spoken_for() -> None:
    button = Button("Xem", "c:status", lasting=True)
    few, many = ([*range(1, count)] for count in (4, 40))
    assert marked(Message("", ((button,),)), few).buttons[0][0].payload == "c:@1.2.3:status"
    assert marked(Message("", ((button,),)), many).buttons[0][0].payload == "c:@0:status"


def test_a_long_text_names_nobody_and_asks_for_no_help() -> None:
    people = (Sharer(1, "Nguyễn Thị Lan"),)
    assert named_in("lan", people)
    assert asks_to_help("làm hộ mẹ")
    assert not named_in("lan" + " ạ" * 200, people)
    assert not asks_to_help("làm hộ mẹ" + " ạ" * 200)
