"""What a branch head types under a list: what is shown, confirmed, opened; and never the opposite."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.review.needs import ListedForm
from flows.review.typed import Asked, ConfirmMany, Opened, Ordered, Sifted, called, named_forms, read, sifted
from flows.words.refusals import NotUnderstood, Refused
from flows.words.spelling import unmarked
from flows.words.wording import Named

NAMES = ("Nguyễn Thị Lan", "Lê Thị Lan", "Lê Văn Bình", "Đỗ Văn Bính", "Trần Thị Hoà")
FORMS = tuple(
    ListedForm(100 + place, Named(place, name), "submitted", total, 10, total >= 80)
    for place, (name, total) in enumerate(zip(NAMES, (100, 85, 79, 60, 80), strict=True), 1)
)

ASKED: dict[str, Asked] = {
    "duyệt hết": ConfirmMany(),
    "xác nhận tất cả ạ": ConfirmMany(),
    "duyệt hết trừ 2, 5, 9": ConfirmMany(but=("2", "5", "9")),
    "xác nhận tất cả trừ 3": ConfirmMany(but=("3",)),
    "trừ 2 5 9": ConfirmMany(but=("2", "5", "9")),
    "duyệt hết ngoại trừ 5-9": ConfirmMany(but=("5-9",)),
    "duyệt tất cả trừ số 2 và số 5": ConfirmMany(but=("2", "số 5")),
    "duyệt hết trừ Lan và Bình": ConfirmMany(but=("Lan", "Bình")),
    "tất cả từ 80 điểm": ConfirmMany(80),
    "duyệt tất cả các phiếu từ 80 điểm trở lên trừ 3": ConfirmMany(80, but=("3",)),
    "duyệt hết trên 79": ConfirmMany(80),
    "xác nhận hết phiếu đạt": ConfirmMany(passed_only=True),
    "confirm all but 2 and 5": ConfirmMany(but=("2", "5")),
    "dưới 80": Sifted("below:80"),
    "xem phiếu dưới 80 điểm": Sifted("below:80"),
    "từ 80": Sifted("from:80"),
    "trên 80": Sifted("from:81"),
    "cần xem": Sifted("look"),
    "chưa đạt": Sifted("failed"),
    "đạt": Sifted("passed"),
    "tất cả": Sifted(""),
    "theo điểm": Ordered("points"),
    "sắp xếp theo tên": Ordered("name"),
    "xếp theo thời gian nhé": Ordered("time"),
    "cần xem trước": Ordered("look"),
    "xếp phiếu cần xem lên trước": Ordered("look"),
    "theo cần xem": Ordered("look"),
    "needs a look first": Ordered("look"),
    "12": Opened("12"),
    "mở phiếu số 3": Opened("3"),
}


@pytest.mark.parametrize("typed", ASKED)
def test_what_is_asked_for_is_read_with_and_without_marks(typed: str) -> None:
    assert read(typed) == ASKED[typed]
    plain = read(unmarked(typed))
    if isinstance(plain, ConfirmMany) and any(not name.isascii() for name in ASKED[typed].but):  # type: ignore[union-attr]
        return
    assert plain is not None


NO_ORDERS = (
    "duyệt", "xác nhận", "duyệt hết?", "duyệt hết chưa", "chờ", "thôi", "trừ", "có", "không", "ok", "phiếu",
    "tôi duyệt hết hôm qua rồi", "ai chưa duyệt hết", "duyệt hết đi chứ không thì muộn", "", "?" * 400,
)  # fmt: skip


@pytest.mark.parametrize("typed", NO_ORDERS)
def test_other_words_are_no_order(typed: str) -> None:
    assert read(typed) is None


NOES = ("không", "khong", "ko", "k", "đừng", "dung", "chưa", "thôi", "khoan", "chớ", "chờ", "don't", "not", "no")


@given(st.sampled_from(NOES), st.sampled_from([*ASKED]))
def test_what_is_denied_confirms_nobody(no: str, typed: str) -> None:
    assert not isinstance(read(f"{no} {typed}"), ConfirmMany)


def test_all_but_nobody_is_asked_about() -> None:
    with pytest.raises(NotUnderstood):
        read("duyệt hết trừ")


def ids(*named: str) -> list[int]:
    return [form.assessment_id for form in named_forms(named, FORMS)]


def test_exceptions_are_named_by_number_stretch_or_name() -> None:
    assert ids("2", "số 5") == [102, 105]
    assert ids("2-4") == ids("4-2") == [102, 103, 104]
    assert ids("Bình", "hoa") == [103, 105]
    assert ids("Nguyen Thi Lan") == [101]


@pytest.mark.parametrize("named", ["9", "0", "4-9", "Nam", "Lan", "binh", "Bỉnh", ""])
def test_what_is_not_there_or_may_be_several_people_is_refused(named: str) -> None:
    with pytest.raises(Refused):
        named_forms([named], FORMS)


def test_marks_count_where_they_were_typed() -> None:
    assert [form.assessment_id for form in called("Bính", FORMS)] == [104]
    assert len(called("binh", FORMS)) == 2


def test_what_is_shown_follows_what_was_asked_for() -> None:
    shown = {sift: [form.assessment_id - 100 for form in sifted(FORMS, sift)] for sift in ("", "from:80", "below:80")}
    assert shown == {"": [1, 2, 3, 4, 5], "from:80": [1, 2, 5], "below:80": [3, 4]}
    assert sifted(FORMS, "failed") == sifted(FORMS, "look") == FORMS[2:4]
    assert sifted(FORMS, "passed") == (*FORMS[:2], FORMS[4])
