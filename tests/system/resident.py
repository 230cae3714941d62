"""A resident who fills in the whole form, answers each question once, and notices everything that is odd."""

import asyncio
import re
from dataclasses import dataclass, field
from random import Random

from tests.botapi import Person, Shown
from tests.system.commune import VILLAGE
from tests.system.story import JPEG

QUESTIONS = 10
LEVELS = 4  # of every question there are at least so many
GROUPS = ("farmer", "worker", "official", "pupil", "other")

_QUESTION = re.compile(r"(\d+)/10 · ")


@dataclass(frozen=True, slots=True)
class Plan:
    """Who somebody is and what they will answer: `levels` from 1, `proofs` what shows it, where that is asked."""

    name: str
    born: int
    group: str
    levels: tuple[int, ...]
    proofs: tuple[str, ...]

    @staticmethod
    def of(number: int, random: Random) -> "Plan":
        """Return a plan unlike those of the others, and one in which no two neighbours are alike: an answer that
        was counted twice, or under the next question, cannot look right."""
        levels: list[int] = []
        while len(levels) < QUESTIONS:
            levels.append(random.choice([level for level in range(1, LEVELS + 1) if level not in levels[-1:]]))
        proofs = tuple(random.choice(("skip", "vouched", "text", "photo")) for _ in range(QUESTIONS))
        return Plan(_name(number), 1940 + number % 60, GROUPS[number % len(GROUPS)], tuple(levels), proofs)


def _name(number: int) -> str:
    syllables = ("An", "Bình", "Cúc", "Dung", "Giang", "Hà", "Khánh", "Liên", "Mai", "Ngọc")
    return f"Nguyễn {syllables[number // 10 % 10]} {syllables[number % 10]}"


@dataclass(slots=True)
class Resident:
    """A state machine that knows only what a phone shows. `done` once the form is submitted."""

    person: Person
    plan: Plan
    random: Random
    done: bool = False
    at: int = 0
    acts: int = 0
    proofs: dict[int, str] = field(default_factory=dict)
    heard: list[Shown] = field(default_factory=list)
    doubled: int = 0
    odd: list[str] = field(default_factory=list)

    async def live(self) -> None:
        """Begin, then answer whatever is asked, until the form is submitted."""
        self._did(self.person.start(f"v-{VILLAGE}"))
        read = 0
        while not self.done and not self.odd:
            changed = self.person.chat.changed.listen()
            if read == len(self.person.chat.events):
                await changed.wait()
                continue
            shown = self.person.chat.events[read]
            read += 1
            if self._is_new(shown):
                await asyncio.sleep(self.random.uniform(0.02, 0.25))
                self._answer(shown)

    def listen_on(self) -> None:
        """Count what came after the form was submitted, too."""
        for shown in self.person.chat.events[len(self.heard) + self.doubled :]:
            self._is_new(shown)

    def _is_new(self, shown: Shown) -> bool:
        """Note a message. One that says the same as the one before it is that one, sent twice."""
        if self.heard and _same(self.heard[-1], shown):
            self.doubled += 1
            return False
        if any(_same(before, shown) for before in self.heard):
            self.odd.append(f"came again out of order: {shown.text!r}")
        self.heard.append(shown)
        if len(self.heard) > self.acts:
            self.odd.append(f"came without being asked for: {shown.text!r}")
        return True

    def _did(self, updates: tuple[int, ...]) -> None:
        self.acts += len(updates)

    def _answer(self, shown: Shown) -> None:
        """Answer what a message asks; one that asks nothing known is odd."""
        if question := _QUESTION.search(shown.text):
            self.at = int(question[1])
            self._choose(shown, self.plan.levels[self.at - 1])
        elif _offers(shown, "Bỏ qua"):
            self._show_proof()
        elif _offers(shown, "Tiếp tục →"):
            self._press(shown, "Tiếp tục →")
        elif "Đã nộp phiếu" in shown.text:
            self.done = True
        else:
            self._introduce(shown)

    def _introduce(self, shown: Shown) -> None:
        agreed = ("Tiếng Việt", "Đồng ý", "Đúng hết rồi", "Bắt đầu làm phiếu", "Nộp phiếu")
        offered = next((label for label in agreed if _offers(shown, label)), None)
        if offered is not None:
            self._press(shown, offered)
        elif "họ và tên" in shown.text:
            self._did(self.person.type(self.plan.name))
        elif "năm sinh" in shown.text:
            self._did(self.person.type(str(self.plan.born)))
        elif "thuộc nhóm nào" in shown.text:
            self._choose(shown, GROUPS.index(self.plan.group) + 1)
        elif _offers(shown, "Không"):
            self._press(shown, "Có")
        else:
            self.odd.append(f"not understood: {shown.text!r}")

    def _choose(self, shown: Shown, number: int) -> None:
        """Answer with a number of the list, pressed or typed."""
        if self.random.random() < 0.5:
            self._did(self.person.type(str(number)))
        else:
            self._press(shown, next(label for label in shown.labels if label.startswith(f"{number}. ")))

    def _show_proof(self) -> None:
        match self.plan.proofs[self.at - 1]:
            case "text":
                self.proofs[self.at] = "text"
                self._did(self.person.type(f"Minh chứng câu {self.at} của {self.plan.name}"))
            case "photo":
                self.proofs[self.at] = "photo"
                self._did(self.person.send_photo(JPEG + self.plan.name.encode()))
            case "vouched":
                self.proofs[self.at] = "vouched"
                self._did(self.person.press("Chi hội đã biết việc này", self.heard[-1].message_id))
            case _:
                self._did(self.person.press("Bỏ qua", self.heard[-1].message_id))

    def _press(self, shown: Shown, label: str) -> None:
        self._did(self.person.press(label, shown.message_id))


def _same(one: Shown, other: Shown) -> bool:
    """Tell whether two messages say the same; their buttons carry the number of the question."""
    return (one.text, one.buttons) == (other.text, other.buttons)


def _offers(shown: Shown, label: str) -> bool:
    return any(known.endswith(label) for known in shown.labels)
