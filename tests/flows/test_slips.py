"""What is answered where a button claims what cannot be, a word fits no more, or a talk is left half way."""

from datetime import timedelta

import pytest

from flows.conversation.replies import Pressed
from tests.flows.town import Town, settled

PEOPLE = ("Trường", "Thảo", "Hoa", "Lan", "Sáu")
# Somebody and what they type, one after the other.
Said = tuple[str, ...]

ADDED = ("thêm người", "tự trả lời", "đồng ý", "Trần Văn Út", "1990", "có", "1", "đúng hết")
CHANGED_NAME = ("/privacy", "sửa thông tin", "sửa tên", "Nguyễn Thị Lành", "đúng hết", "có")
LETTING_IN = ("/review", "chưa xong", "cho làm muộn")
MEETING = ("họp chi hội", "nhập", "hôm nay", "để trống", "nhà văn hóa", "Vũ Thị Hạnh")
DRAFT = ("/notices", "viết", "việc khác", "Mời bà con năm 2026.", "khi nào")


def told(town: Town, *acts: Said) -> str:
    """Return what the last one is told at the end, with the buttons below."""
    name = ""
    for name, *said in acts:
        town.say(name, *said)
    last = town.phone(name).shown[-1]
    return "\n".join([last.text, *(button.label for row in last.buttons for button in row)])


@pytest.mark.parametrize(
    "claimed",
    [
        "undo_batch:x", "undo_batch", "undo_batch:77", "undo_form:1", "undo_form:1:x", "village:1",
        "proposal_number:1:2", "paper:list:x:2026:0", "paper:list:3:1999:0", "paper:list:99:2026:0", "confirm:x",
        "evidence:x", "notice:report:x",
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", PEOPLE)
def test_a_button_that_claims_what_cannot_be_does_nothing_and_is_answered(name: str, claimed: str) -> None:
    turn = settled().turn(name, Pressed(f"c:{claimed}"))
    assert turn.decision.messages
    assert not turn.decision.records


@pytest.mark.parametrize(
    ("acts", "answer"),
    [
        # forms, one's own and those of others
        ([("Minh", "câu 2")], "5/10"),
        ([("Lan", "rút lại", "tạm dừng")], "Phiếu đã làm xong nhưng chưa nộp."),
        ([("Trường", "/review", "1", "trả lại", "x" * 501)], "Lý do cần có từ 3 đến 500"),
        ([("Hạnh", "/review", "cách báo phiếu mới", "quay lại")], "Đang chờ: 2"),
        ([("Trường", "/review", "dưới 80", "từ 90", "theo thời gian")], "phiếu từ 90 điểm, xếp theo thời gian"),
        ([("Trường", "/review", "cần xem trước")], "phiếu cần xem lên trước"),
        (
            [
                ("Hạnh", "/review", "1", "xác nhận"),
                ("Thảo", "/commune", "1", "xem phiếu", "1"),
                ("Lan", *CHANGED_NAME),
                ("Hạnh", "/review", "1", "xác nhận"),
                ("Thảo", "trả lại chi hội"),
            ],
            "Nguyễn Thị Lan → Nguyễn Thị Lành",
        ),
        # the meeting: who enters it may have written the minutes of what somebody else chaired
        ([("Trường", *MEETING)], "Ai là thư ký"),
        ([("Trường", *MEETING, "tôi ạ")], "Bao nhiêu người có mặt"),
        ([("Trường", *MEETING, "Vũ Thị Hạnh")], "phải là hai người"),
        # papers
        ([("Hoa", "giấy tờ", "phiếu trống", "1", "quay lại")], "Cần giấy tờ nào?"),
        ([("Hoa", "giấy tờ", "danh sách niêm yết", "2", "quay lại")], "Cần giấy tờ nào?"),
        ([("Minh", "giấy tờ")], "Hiện chưa có giấy tờ nào."),
        # people of one phone
        ([("Sáu", "vi", "thêm người")], "Xin đăng ký cho mình trước"),
        ([("Lan", *ADDED, "làm hộ mẹ")], "Bây giờ làm cho ai?"),
        # roles
        ([("Trường", "/role", "quay lại")], "Nhiệm vụ: xác nhận phiếu"),
        ([("Trường", "/role", "vắng", "quay lại")], "Tạm vắng một thời gian"),
        ([("Trường", "/role", "xin thôi", "không")], "Tạm vắng một thời gian"),
        # notices
        ([("Hoa", *DRAFT, "hằng năm", "5/10 19:00")], "hằng năm"),
        ([("Hoa", *DRAFT, "hằng năm", "chỉ một lần")], "gửi: ngay bây giờ\n"),
        # web pages that are not there
        ([("Hoa", "trang web")], "Ở đây không có trang web."),
        # joining
        ([("Sáu", "vi", "/connect")], "gồm sáu chữ số"),
        ([("Lan", "/connect 000000")], "Mã không đúng, hoặc đã quá mười phút."),
        # whether lists give the name
        ([("Lan", "đổi ý nêu tên", "quay lại")], "Phiếu đã nộp"),
    ],
)
def test_what_comes_otherwise_than_asked_is_answered(acts: list[Said], answer: str) -> None:
    assert answer in told(settled(), *acts)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (("không ai cả",), "Không thấy ai tên “không ai cả”"),
        (("lê văn minh", "quay lại"), "Cho ai ở thôn Đông"),
        (("lê văn minh", "Đi làm xa mới về", "25/12/2026"), "xin chọn ngày đó hoặc sớm hơn"),
        (("lê văn minh", "Đi làm xa mới về", "quay lại"), "Xin ghi lý do"),
        (("lê văn minh", "Đi làm xa mới về", "1", "không"), "Xin ghi lý do"),
        (("quay lại",), "Chưa làm xong"),
    ],
)
def test_letting_in_late_is_led_back_step_by_step(said: Said, answer: str) -> None:
    town = settled()
    town.now += timedelta(days=46)
    assert answer in told(town, ("Trường", *LETTING_IN, *said))
