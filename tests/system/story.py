"""The main job as its people live it on Telegram: the admin, the branch head, and two residents."""

import re
from collections.abc import Callable

from flows.batches.batch import UNDO_FOR
from tests.botapi import BotApiServer, Person, Shown
from tests.system.commune import VILLAGE, code_in

JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000") + b"the certificate" * 50
BORN = 1975
REASON_ADJUSTED = "Chị ấy mới biết vài từ trên bao phân bón"
REASON_RETURNED = "Câu 2 chưa có giấy chứng nhận, xin chụp gửi thêm"
PROOF = "Sổ ghi thu chi từng vụ từ năm ngoái"
VI, EN = "Tiếng Việt", "English"

# What no log may hold.
ANSWERS = (REASON_ADJUSTED, REASON_RETURNED, PROOF, "Nông dân", "Hằng ngày", "Every day", "Completed", str(BORN))


# Whoever is decided on is told once a decision cannot be undone any more.
PATIENCE = 40.0 + UNDO_FOR.total_seconds()


class Talk:
    """One person's side of a chat: says something, and reads what comes next."""

    def __init__(self, person: Person) -> None:
        self.person = person

    async def type(self, text: str, *wanted: str) -> Shown:
        """Type a text and wait for a message that has all that is wanted."""
        self.person.type(text)
        return await self.read(*wanted)

    async def press(self, label: str, *wanted: str) -> Shown:
        """Press a button and wait for a message that has all that is wanted."""
        self.person.press(label)
        return await self.read(*wanted)

    async def photo(self, *wanted: str) -> Shown:
        """Send a photo and wait for a message that has all that is wanted."""
        self.person.send_photo(JPEG)
        return await self.read(*wanted)

    async def read(self, *wanted: str) -> Shown:
        """Return the next message that has all that is wanted in its text or on its buttons."""
        return await self.person.wait_for(_shows(*wanted), timeout=PATIENCE)


def _shows(*wanted: str) -> Callable[[Shown], bool]:
    def shows(shown: Shown) -> bool:
        seen = " ".join((shown.text, *shown.labels))
        return all(one in seen for one in wanted)

    return shows


class Cast:
    """Who takes part. Their names are theirs on Telegram, too."""

    def __init__(self, server: BotApiServer) -> None:
        self.admin = Talk(server.add_person("Phạm Thị Hoa"))
        self.head = Talk(server.add_person("Trần Văn Trường"))
        self.lan = Talk(server.add_person("Nguyễn Thị Lan"))
        self.anna = Talk(server.add_person("Anna Novak", "en"))

    @property
    def people(self) -> list[Person]:
        """Return everybody."""
        return [talk.person for talk in (self.admin, self.head, self.lan, self.anna)]


async def invites_the_head(cast: Cast, admins_code: str) -> None:
    """The admin takes up the invitation of the command line and invites the head in chat, who takes that up."""
    await takes_up(cast.admin, admins_code)
    await cast.admin.type("/invite", "Xin chọn nhiệm vụ:")
    await cast.admin.press("Chi hội trưởng", "Xin gõ tên")
    await cast.admin.type("thon dong", "1. Thôn Đông")
    await cast.admin.type("1", "Đến bao giờ?")
    handed_over = await cast.admin.press("Không có thời hạn", "Lời mời: Chi hội trưởng, thôn Đông")
    await takes_up(cast.head, code_in(handed_over.text))


async def takes_up(talk: Talk, code: str) -> None:
    """Somebody new opens the link of an invitation and accepts."""
    talk.person.start(code)
    await talk.read("chọn ngôn ngữ")
    await talk.press(VI, "Xin cho biết có đồng ý không?")
    await talk.press("Đồng ý", "họ và tên")
    await talk.type(talk.person.name, "có nhận nhiệm vụ này không?")
    await talk.press("Có", "Đã nhận nhiệm vụ")


async def lan_fills_in_her_form(lan: Talk) -> None:
    """A farmer, in Vietnamese: buttons, numbers, words without tone marks, a photo, a text."""
    lan.person.start(f"v-{VILLAGE}")
    await lan.read("chọn ngôn ngữ")
    await lan.press(VI, "Xin cho biết có đồng ý không?")
    await lan.press("Đồng ý", "họ và tên")
    await lan.type("nguyễn thị lan", "Xin cho biết năm sinh")
    await lan.type(str(BORN), "Đăng ký tham gia ở thôn Đông")
    await lan.press("Có", "thuộc nhóm nào")
    await lan.press("Nông dân", "Thông tin trên có đúng không?")
    await lan.press("Đúng hết rồi", "Phiếu tự đánh giá có 10 câu")
    await lan.press("Bắt đầu làm phiếu", "1/10")
    await lan.press("Hằng ngày", "2/10")
    await lan.press("Đã học xong", "Chi hội đã biết việc này")
    await lan.photo("Xin cảm ơn đã gửi")
    await lan.press("Tiếp tục", "3/10")
    await lan.type("thang nao cung di", "Chi hội đã biết việc này")
    await lan.press("Chi hội đã biết việc này", "4/10")
    await lan.type("1", "5/10")
    await lan.type("?", "Nội dung ghi trong bộ tiêu chí", "5/10")
    await lan.type("Tự làm được việc cần", "6/10")
    await lan.type("1", "7/10")
    await lan.press("Vụ nào, lứa nào cũng có", "Bỏ qua")
    await lan.type(PROOF, "8/10")
    await lan.type("2", "9/10")
    await lan.type("hoa thuan voi moi nguoi", "10/10")
    await lan.type("1", "Đã trả lời đủ các câu", "Đủ điều kiện")
    await lan.press("Nộp phiếu", "Đã nộp phiếu")


async def anna_fills_in_her_form(anna: Talk) -> None:
    """An official, in English."""
    anna.person.start(f"v-{VILLAGE}")
    await anna.read("choose your language")
    await anna.press(EN, "Do you agree?")
    await anna.type("yes", "type your full name")
    await anna.type(anna.person.name, "In which year were you born?")
    await anna.type(str(BORN + 10), "Do you register in thôn Đông")
    await anna.press("Yes", "Which group does your present work belong to?")
    await anna.type("3", "Is everything right?")
    await anna.press("All correct", "The self-assessment has 10 questions")
    await anna.press("Start my form", "1/10")
    await anna.type("every day", "2/10")
    await anna.press("Completed", "Skip")
    await anna.type("skip", "3/10")
    await anna.type("1", "4/10")
    await anna.type("1", "5/10")
    await anna.type("1", "6/10")
    await anna.type("1", "7/10")
    await anna.type("3", "The branch knows this already")
    await anna.press("The branch knows this already", "8/10")
    await anna.type("1", "9/10")
    await anna.type("1", "10/10")
    await anna.type("1", "You have answered every question")
    await anna.press("Submit", "Submitted")


async def the_head_decides_on_lan(head: Talk, lan: Talk) -> None:
    """Answers and photo are looked at; adjusted and returned with reasons; corrected, confirmed; Lan is told each."""
    card = await head.read("chờ xác nhận", "Nguyễn Thị Lan", f"sinh năm {BORN}", "📷 Câu 2")
    await head.press("📋 Xem các câu trả lời", "Tự làm được, hoặc chưa cần", PROOF)
    photo = await head.press("📷 Câu 2", "Nguyễn Thị Lan, câu 2")
    assert (photo.kind, head.person.download(photo)) == ("photo", JPEG)
    head.person.press("✏️ Điều chỉnh một câu", card.message_id)
    await head.read("Xin chọn câu cần điều chỉnh")
    await head.type("6", "Xin chọn câu trả lời đúng")
    await head.type("3", "Xin ghi lý do")
    adjusted = await head.type(REASON_ADJUSTED, "Đã điều chỉnh phiếu của Nguyễn Thị Lan")
    await lan.read("Chi hội đã điều chỉnh câu 6", REASON_ADJUSTED)
    head.person.press("↩️ Trả lại để sửa", adjusted.message_id)
    await head.read("Xin ghi lý do")
    await head.type(REASON_RETURNED, "Đã trả phiếu lại cho Nguyễn Thị Lan")
    await lan.read("Chi hội đề nghị sửa lại phiếu", REASON_RETURNED)
    await lan.press("Sửa phiếu", "Đã trả lời đủ các câu")
    await lan.type("sua 2", "2/10", "Đã chọn: Đã học xong")
    await lan.press("Đang học", "Chi hội đã biết việc này")
    await lan.press("Tiếp tục", "Nộp phiếu")
    await lan.press("Nộp phiếu", "Đã nộp phiếu")
    again = await head.read("chờ xác nhận", "Nguyễn Thị Lan")
    head.person.press("✅ Xác nhận", again.message_id)
    await head.read("Đã xác nhận phiếu của Nguyễn Thị Lan")
    confirmed = await lan.read("Chi hội đã xác nhận phiếu")
    assert re.search(r"Tổng cộng: \d+/100 điểm", confirmed.text)


async def the_head_confirms_anna(head: Talk, anna: Talk) -> None:
    """Found in the list, confirmed from there; Anna is told in English."""
    await head.type("/review", "Phiếu của chi hội", "Anna Novak")
    await head.type("1", "Anna Novak", f"sinh năm {BORN + 10}")
    await head.press("✅ Xác nhận", "Đã xác nhận phiếu của Anna Novak")
    await anna.read("The branch has confirmed your form.")
