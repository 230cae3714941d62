"""People of a commune who live on until they are told to stop: residents, branch heads, administrators.

Each knows only what a phone shows, and decides by a chance of their own. Whatever they do has an answer; who waits for
one in vain is odd.
"""

import asyncio
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from random import Random

from tests.system.commune import VILLAGE
from tests.system.phones import Heard, Phone
from tests.system.resident import GROUPS, LEVELS, QUESTIONS
from tests.system.story import JPEG

PATIENCE = 45.0  # seconds that somebody waits for an answer, servers being killed meanwhile
NOTICE = "Kính mời bà con đến họp lần thứ"
CONFIRM, ADJUST, RETURN = "✅ Xác nhận", "✏️ Điều chỉnh một câu", "↩️ Trả lại để sửa"
PAUSE, RESUME, STOP = "⏸ Tạm dừng", "▶️ Gửi tiếp", "⏹ Dừng hẳn"
SYLLABLES = ("An", "Bình", "Cúc", "Dung", "Giang", "Hà", "Khánh", "Liên", "Mai", "Ngọc")

_UNASKED = (
    NOTICE, "📝 Có phiếu chờ xác nhận", "✅ Chi hội đã xác nhận phiếu", "↩️ Chi hội đề nghị sửa lại phiếu",
    "Chi hội đã điều chỉnh câu", "📣 Thông báo số",
)  # fmt: skip
_DECIDED = ("Đã xác nhận phiếu", "Đã điều chỉnh phiếu", "Đã trả phiếu lại")
_QUESTION = re.compile(r"(\d+)/10 · ")


def is_unasked(heard: Heard) -> bool:
    """Tell whether a message is one that somebody else's doing has brought."""
    return heard.text.startswith(_UNASKED) and heard.label("← Quay lại") is None


def name_of(number: int) -> str:
    """Return a name that nobody else has, and that is no part of another's."""
    hundreds, tens, ones = (SYLLABLES[number // place % 10] for place in (100, 10, 1))
    return f"{('Nguyễn', 'Trần', 'Phạm', 'Hoàng')[number // 1000]} {hundreds} {tens} {ones}"


@dataclass(slots=True)
class Villager:
    """Somebody who answers what is shown and begins something of their own when it is quiet."""

    phone: Phone
    random: Random
    name: str
    invitation: str = f"v-{VILLAGE}"
    pace: float = 1.0
    odd: list[str] = field(default_factory=list)
    did: int = 0
    _read: int = 0
    _last: str = ""
    _waits_since: float | None = None
    _asked_again: bool = False

    async def live(self) -> None:
        """Live until told to stop."""
        await self._type(f"/start {self.invitation}")
        while not self.odd:
            changed = self.phone.listen()
            if self._read < len(self.phone.heard):
                await asyncio.sleep(self.random.uniform(0.1, 0.6) * self.pace)
                await self._answer_next()
            elif not await _rings(changed, self.random.uniform(0.5, 3.0) * self.pace):
                await self._grow_impatient()

    async def _answer_next(self) -> None:
        heard = self.phone.heard[self._read]
        self._read += 1
        if not is_unasked(heard):
            self._waits_since, self._asked_again = None, False
        await self.answer(heard)

    async def _grow_impatient(self) -> None:
        if self._waits_since is None:
            await self.begin()
        elif time.monotonic() - self._waits_since > PATIENCE and not self._asked_again:
            self._asked_again = True
            await self.ask_again()
        elif time.monotonic() - self._waits_since > PATIENCE:
            heard = [one.text[:60] for one in self.phone.heard[-4:]]
            self.odd.append(f"{type(self.phone).__name__} {self.name} did {self._last!r} and waits in vain: {heard}")

    def settle(self) -> None:
        """Read what came at last, without answering."""
        self.phone.listen()
        for heard in self.phone.heard[self._read :]:
            self.note(heard)
        self._read = len(self.phone.heard)

    async def be_answered(self, seconds: float) -> None:
        """Ask for something that is always answered, and wait until it is."""
        before = len(self.phone.heard)
        await self._type("/help")
        async with asyncio.timeout(seconds):
            while all(is_unasked(heard) for heard in self.phone.heard[before:]):
                changed = self.phone.listen()
                if all(is_unasked(heard) for heard in self.phone.heard[before:]):
                    await changed.wait()

    def note(self, heard: Heard) -> None:
        """Remember what a message tells."""

    async def answer(self, heard: Heard) -> None:
        """Do what a message asks for."""
        self.note(heard)
        await self.introduce(heard)

    async def begin(self) -> None:
        """Do something unasked."""

    async def ask_again(self) -> None:
        """Do something about an answer that does not come: nothing, for it must."""

    async def introduce(self, heard: Heard) -> bool:
        """Say who one is, where that is asked. Tells whether it was."""
        for words in ("Tiếng Việt", "Đồng ý", "Đúng hết rồi", "Tiếp tục →"):
            if await self._press(heard, words):
                return True
        if "họ và tên" in heard.text:
            await self._type(self.name)
        elif "năm sinh" in heard.text and not heard.label("Đúng hết rồi"):
            await self._type(str(1950 + self.random.randrange(50)))
        elif heard.label("Không") and heard.label("Có"):
            await self._press(heard, "Có")
        else:
            return False
        return True

    async def _type(self, text: str) -> None:
        self._acts(text)
        await self.phone.type(text)

    async def _press(self, heard: Heard, words: str) -> bool:
        label = heard.label(words)
        if label is None:
            return False
        self._acts(label)
        if not await self.phone.press(heard, label):
            self._waits_since = None
            return False
        return True

    def _acts(self, what: str) -> None:
        self.did += 1
        self._last = what
        self._waits_since = time.monotonic()


async def _rings(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True


@dataclass(slots=True)
class SelfAssessing(Villager):
    """A resident: fills in the form, hands it in, takes it back, corrects it, blocks the bot for a while, and sometimes
    deletes everything; of those, some begin anew under another name."""

    names: list[str] = field(default_factory=list)
    erased: list[str] = field(default_factory=list)
    submitted: int = 0
    taken_back: int = 0
    gone: bool = False
    erases: bool = False
    _submitted: Heard | None = None
    _at: int = 0

    def note(self, heard: Heard) -> None:
        """Remember what one has done, and what can be taken back."""
        if heard.label("Rút phiếu về để sửa"):
            self._submitted = heard
        self.submitted += "Đã nộp phiếu" in heard.text
        self.taken_back += "Đã rút phiếu về" in heard.text
        if "Đã xóa toàn bộ dữ liệu cá nhân" in heard.text:
            self.erased.append(self.name)
            self.erases, self._submitted = False, None
            self.gone = not self.names or self.random.random() < 0.1

    async def answer(self, heard: Heard) -> None:
        """Do what a message asks for."""
        self.note(heard)
        if self.gone:
            return
        if self.name in self.erased:
            self.name = self.names.pop()
            await self._type(f"/start {self.invitation}")
        elif NOTICE in heard.text:
            if self.random.random() < 0.05:
                await self._press(heard, "Không nhận thông báo nữa")
        elif not await self._delete(heard) and not await self._fill_in(heard):
            await self.introduce(heard)

    async def begin(self) -> None:
        """Look how things stand, take the form back, or delete everything."""
        chance = self.random.random()
        if self.gone:
            return
        if chance < 0.1 and self._submitted is not None:
            heard, self._submitted = self._submitted, None
            await self._press(heard, "Rút phiếu về để sửa")
        elif chance < 0.12:
            self.erases = True
            await self._type("/privacy")
        elif chance < 0.15:
            await self.phone.be_closed(self.random.uniform(0.5, 2.0))
        elif chance < 0.5:
            await self._type("/status")

    async def _delete(self, heard: Heard) -> bool:
        if heard.label("Đồng ý xóa hết"):
            return await self._press(heard, "Đồng ý xóa hết" if self.erases else "Không xóa, giữ lại")
        return self.erases and await self._press(heard, "Xóa dữ liệu")

    async def _fill_in(self, heard: Heard) -> bool:
        if question := _QUESTION.search(heard.text):
            self._at = int(question[1])
            await self._choose(heard)
        elif heard.label("Bỏ qua"):
            await self._show_proof(heard)
        elif "thuộc nhóm nào" in heard.text:
            await self._type(str(self.random.randint(1, len(GROUPS))))
        elif heard.label("Nộp phiếu"):
            if self.random.random() < 0.4:
                await self._type(f"sua {self.random.randint(1, QUESTIONS)}")
            else:
                await self._press(heard, "Nộp phiếu")
        elif heard.label("Không nêu tên"):
            await self._press(heard, self.random.choice(("Đồng ý nêu tên", "Không nêu tên")))
        else:
            for words in ("Bắt đầu làm phiếu", "Sửa phiếu", "Làm tiếp phiếu"):
                if await self._press(heard, words):
                    return True
            return False
        return True

    async def _choose(self, heard: Heard) -> None:
        number = min(LEVELS, 1 + int(self.random.expovariate(1.2)))
        label = next((label for label in heard.labels if label.startswith(f"{number}. ")), None)
        if label is None or self.random.random() < 0.5:
            await self._type(str(number))
        else:
            await self._press(heard, label[3:])

    async def _show_proof(self, heard: Heard) -> None:
        match self.random.choice(("skip", "vouched", "text", "photo")):
            case "text":
                await self._type(f"Minh chứng câu {self._at} của {self.name}")
            case "vouched":
                await self._press(heard, "Chi hội đã biết việc này")
            case "photo" if await self.phone.photo(JPEG + self.name.encode()):
                self._acts("photo")
            case _:
                await self._press(heard, "Bỏ qua")


@dataclass(slots=True)
class Head(Villager):
    """A branch head: confirms, returns and adjusts what is handed in, sometimes from the list."""

    pace: float = 0.4  # many wait for few
    decided: Counter[str] = field(default_factory=Counter)
    _cards: list[Heard] = field(default_factory=list)

    def note(self, heard: Heard) -> None:
        """Count what one has decided."""
        self.decided.update(words for words in _DECIDED if words in heard.text)

    async def answer(self, heard: Heard) -> None:
        """Do what a message asks for."""
        self.note(heard)
        if heard.label(CONFIRM):
            self._cards.append(heard)
            if self.random.random() < 0.3:
                await self.begin()
        elif "Xin chọn câu cần điều chỉnh" in heard.text:
            await self._type(str(self.random.randint(1, QUESTIONS)))
        elif "Xin chọn câu trả lời đúng" in heard.text:
            await self._type(str(self.random.randint(1, LEVELS)))
        elif "Xin ghi lý do" in heard.text:
            await self._type("Bà con trong thôn đều biết như vậy")
        elif "Đang chờ, trang" in heard.text:
            await self._type("1")
        else:
            await self.introduce(heard)

    async def ask_again(self) -> None:
        """Look at the list: an answer about somebody who is just deleting everything is taken back with it."""
        await self._type("/review")

    async def begin(self) -> None:
        """Decide on a form, or look at the list."""
        if self._cards:
            card = self._cards.pop()
            await self._press(card, self.random.choice((CONFIRM, CONFIRM, RETURN, ADJUST)))
        elif self.random.random() < 0.5:
            await self._type("/review")


@dataclass(slots=True)
class Admin(Villager):
    """An administrator: writes notices, and pauses, resumes or stops some on their way."""

    sent: int = 0
    stopped: int = 0
    paused: int = 0
    _shown: Heard | None = None

    def note(self, heard: Heard) -> None:
        """Remember the message that shows how a notice goes."""
        if "📣 Thông báo số" in heard.text:
            self._shown = heard
        self.sent += "Đã nhận thông báo để gửi" in heard.text
        self.stopped += "Đã dừng hẳn" in heard.text
        self.paused += "Đã tạm dừng" in heard.text

    async def answer(self, heard: Heard) -> None:
        """Do what a message asks for."""
        self.note(heard)
        if self._shown is heard:
            await self._interfere(heard)
        elif "Thông báo về việc gì?" in heard.text:
            await self._press(heard, "Việc khác")
        elif "Xin gõ nội dung thông báo" in heard.text:
            await self._type(f"{NOTICE} {self.did}.")
        elif heard.label("📤 Gửi"):
            await self._press(heard, "📤 Gửi")
        elif not await self._press(heard, "✍️ Soạn thông báo"):
            await self.introduce(heard)

    async def begin(self) -> None:
        """Write a notice, or do something about the one on its way."""
        if self._shown is None or not await self._interfere(self._shown):
            await self._type("/notices")

    async def _interfere(self, shown: Heard) -> bool:
        chance = self.random.random()
        if await self._press(shown, RESUME):
            return True
        if chance < 0.3:
            return await self._press(shown, PAUSE)
        return chance < 0.5 and await self._press(shown, STOP)
