"""A walk at random: people of every role press what they are shown, type what comes to mind, and time goes by.

After each step everything that may never be otherwise is looked at. The same seed takes the same walk.
"""

import re
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

from sqlalchemy import select

from bot.services import audit
from bot.services.batches import BatchCarrier
from bot.services.supervisor import Supervisor
from bot.store.core.database import Database
from bot.store.core.tables import (
    assessments,
    closings,
    conversation_people,
    inbox,
    outbox,
    people,
    roles,
    titles,
    trail,
    units,
)
from flows.conversation.replies import Pressed, Reply, Typed
from flows.domain.assessments import BRANCH, GIVING_BACK, STATES, TRANSITIONS
from tests.commune import Commune, StaffMember, fill_in, staffed

UNITS = (
    ("hy", "Tỉnh Hưng Yên", "province", None),
    ("tk", "Xã Thần Khê", "commune", "hy"),
    ("mk", "Xã Minh Khai", "commune", "hy"),
    ("tk-dong", "Thôn Đông", "village", "tk"),
    ("tk-doai", "Thôn Đoài", "village", "tk"),
    ("mk-thuong", "Thôn Thượng", "village", "mk"),
)
STAFF: tuple[StaffMember, ...] = (
    ("Trường", "Trần Văn Trường", "head", "tk-dong"),
    ("Hạnh", "Vũ Thị Hạnh", "deputy", "tk-dong"),
    ("Đoàn", "Bùi Văn Đoàn", "head", "tk-doai"),
    ("Thượng", "Đỗ Văn Thượng", "head", "mk-thuong"),
    ("Hội", "Lê Thị Hội", "association", "tk"),
    ("Khuyến", "Mai Văn Khuyến", "association", "mk"),
    ("Chủ", "Lê Thị Chủ", "committee", "tk"),
    ("Sửu", "Mai Văn Sửu", "committee", "tk"),
    ("Hoa", "Phạm Thị Hoa", "admin", "tk"),
    ("Tỉnh", "Hồ Thị Tỉnh", "admin", "hy"),
)
RESIDENTS = (
    ("Lan", "Nguyễn Thị Lan", "tk-dong", 10),
    ("Minh", "Lê Văn Minh", "tk-dong", 10),
    ("Cúc", "Đào Thị Cúc", "tk-dong", 9),
    ("Nam", "Ngô Văn Nam", "tk-doai", 10),
    ("Ước", "Lý Thị Ước", "mk-thuong", 10),
)
# Who shares a phone with its owner, and whether the owner fills in for them.
SHARING = (
    ("Lan", "Phạm Thị Mận", False),
    ("Trường", "Trần Thị Mơ", False),
    ("Hội", "Trịnh Thị Đào", True),
    ("Hạnh", "Vũ Văn Mít", True),
)
# Who lives with whom, as the first says and the second agrees.
TOGETHER = (("Lan", "Trường", "Trần Văn Trường"), ("Minh", "Hội", "Lê Thị Hội"))
QUESTIONS = 10
# Who holds a role has a form as well: the very people who must not decide on it.
WITH_FORMS = ("Trường", "Hạnh", "Hội", "Chủ")
MEETING = ("/meeting", "nhập", "hôm nay", "để trống", "nhà văn hóa", "tôi", "Lê Thị Thư", "10/12", "tất cả đồng ý", "0")
ADDED = ("đồng ý", "{name}", "1970", "có", "1", "đúng hết")
HELPED = ("làm hộ", "nói trực tiếp", "hôm nay", "Lò Văn Páo", "đã đồng ý", "{name}", "1940", "có", "1", "đúng hết")
TALKS: Mapping[str, tuple[str, ...]] = {
    "whose turn": ("đổi người", "1"),
    "another's turn": ("đổi người", "2"),
    "one more": ("thêm người", "thêm người", "tự bấm", "đồng ý", "Đinh Thị Thêm", "1990", "có", "1", "đúng hết"),
    "fill in": ("bắt đầu làm phiếu", "1", "1", "bỏ qua", "nộp phiếu"),
    "submit": ("làm tiếp phiếu", "nộp phiếu"),
    "take back": ("rút lại phiếu",),
    "change details": ("/privacy", "sửa thông tin", "sửa tên", "Nguyễn Thị Lành", "đúng hết", "có"),
    "confirm one": ("/review", "1", "xác nhận"),
    "return one": ("/review", "1", "trả lại", "Câu 2 chưa có giấy tờ"),
    "adjust one": ("/review", "1", "chỉnh", "2", "3", "Câu 2 chưa có giấy tờ"),
    "confirm all": ("/review", "duyệt hết", "duyệt hết"),
    "undo": ("hoàn tác",),
    "remind": ("/review", "chưa xong", "nhắc"),
    "close": (*MEETING, "chốt danh sách thôn"),
    "be away": ("/role", "1", "31/12"),
    "be back": ("/role", "1"),
    "give up": ("/role", "xin thôi", "xin thôi"),
    "hand over": ("/role", "bàn giao", "bàn giao"),
    "send back": ("/commune", "1", "xem phiếu", "1", "trả lại chi hội", "Điểm câu 3 chưa rõ", "có"),
    "send village back": ("/commune", "1", "trả lại thôn", "Thiếu biên bản họp", "có"),
    "let in": ("/commune", "1", "xem phiếu", "đang chờ", "1", "cho vào muộn", "Người làm phiếu ốm", "có"),
    "let in by name": ("/review", "chưa xong", "cho làm muộn", "cúc", "Ốm dài ngày", "1", "có"),
    "sample": ("/commune", "lấy mẫu", "1"),
    "propose": ("/commune", "đề nghị công nhận", "đề nghị danh sách này"),
    "recognise": ("/recognise", "ghi quyết định", "{number}/QĐ-UBND", "hôm nay", "Trần Văn Bảy", "công nhận"),
    "leave out": (
        "/recognise", "1", "Hồ sơ chưa đủ", "ghi quyết định", "{number}/QĐ-UBND", "hôm nay", "Trần Văn Bảy",
        "công nhận",
    ),
    "unlock": ("/register", "lan", "1", "mở lại", "Kê khai không đúng", "có"),
    "revoke": ("/register", "minh", "1", "thu hồi", "Kê khai không đúng", "có"),
    "invite": ("/invite", "1", "Thôn Đông", "1", "không thời hạn"),
    "take a role": ("/invite", "thu hồi", "Thôn Đông", "1", "1", "cho thôi"),
}  # fmt: skip
# What ends much of what others could do, or is about nothing they do.
SELDOM = frozenset({
    "close", "give up", "hand over", "take a role", "be away", "one more", "whose turn", "another's turn",
})  # fmt: skip
WORDS = (
    "1", "2", "3", "có", "không", "duyệt hết", "duyệt hết trừ 1", "tất cả từ 80 điểm", "hoàn tác", "xác nhận", "thôi",
    "quay lại", "/start", "/review", "/commune", "/recognise", "/cancel", "trợ giúp", "dưới 80",
    "Câu 2 chưa có giấy tờ",
)  # fmt: skip
_BY: Mapping[str, str] = {
    "fill in": "resident", "submit": "resident", "take back": "resident", "change details": "resident",
    "send back": "association", "send village back": "association", "let in": "association", "sample": "association",
    "propose": "association", "recognise": "committee", "leave out": "committee", "unlock": "committee",
    "revoke": "committee", "invite": "admin", "take a role": "admin", "give up": "deputy", "hand over": "committee",
}  # fmt: skip
_OF_SHARERS = frozenset({"whose turn", "another's turn", "one more"})


def _whose(talk: str) -> list[str]:
    """Return whose talk it is: of those with a role, or of the branch's where none is named."""
    if talk in _OF_SHARERS:
        return [owner for owner, _name, _helped in SHARING]
    if _BY.get(talk) == "resident":
        return [name for name, *_rest in RESIDENTS]
    return [name for name, _full_name, role, _unit in STAFF if role in _BY.get(talk, "head deputy").split()]


WHOSE: Mapping[str, Sequence[str]] = {talk: _whose(talk) for talk in TALKS}
_CODE = re.compile(r"/start (i-[\w-]{24})")


async def alive(database: Database) -> None:
    """Make two communes in which people of every role have come, and some have filled in their forms."""
    commune = await staffed(database, UNITS, STAFF)
    for name, full_name, unit, answered in RESIDENTS:
        await commune.say(name, f"/start v-{unit}", "vi", "đồng ý", full_name, "1975", "có", "1", "có", "bắt đầu")
        await fill_in(commune, name, answered)
        if answered == QUESTIONS:
            await commune.say(name, "nộp phiếu")
    for name in WITH_FORMS:
        await commune.say(name, "bắt đầu làm phiếu", "1975", "thôn Đông Thần Khê", "1", "1", "có", "bắt đầu làm phiếu")
        await fill_in(commune, name, QUESTIONS)
        await commune.say(name, "nộp phiếu")
    for owner, full_name, helped in SHARING:
        await _joins(commune, owner, full_name, helped=helped)
    for name, other, full_name in TOGETHER:
        await commune.say(name, "hộ gia đình", "thêm người nhà", full_name)
        await commune.say(other, "đúng, chúng tôi ở chung")
    await commune.deliver()


async def _joins(commune: Commune, owner: str, full_name: str, *, helped: bool) -> None:
    """Let somebody share a phone, fill in a form there, and turn it back to its owner."""
    told = HELPED if helped else ("tự bấm", *ADDED)
    await commune.say(owner, "thêm người", *(text.format(name=full_name) for text in told))
    await commune.say(owner, "bắt đầu làm phiếu")
    await fill_in(commune, owner, QUESTIONS)
    await commune.say(owner, "nộp phiếu", owner)


class Broken(AssertionError):
    """Something that may never be so, with the steps that led there."""


@dataclass(slots=True)
class Walk:
    """One walk. `steps` are the last ones, as a person may repeat them."""

    commune: Commune
    random: Random
    steps: deque[str] = field(default_factory=lambda: deque(maxlen=40))
    done: Counter[str] = field(default_factory=Counter)
    _buttons: dict[str, deque[str]] = field(default_factory=dict)
    _codes: list[str] = field(default_factory=list)
    _supervisor: Supervisor = field(default_factory=Supervisor)
    _seen: int = 0
    _states: dict[int, str] = field(default_factory=dict)
    _given_back: dict[int, int] = field(default_factory=dict)
    _number: int = 0

    @property
    def people(self) -> list[str]:
        """Return everybody by the name in their address."""
        return [name for name, *_rest in (*STAFF, *RESIDENTS)]

    async def go(self, steps: int) -> None:
        """Take so many steps. Raises Broken."""
        self.commune.now += timedelta(hours=1)
        (self._seen,) = await self.commune.column(select(trail.c.number).order_by(trail.c.number.desc()).limit(1))
        self._states = {
            row.id: row.state for row in await self.commune.rows(select(assessments.c.id, assessments.c.state))
        }
        for number in range(steps):
            try:
                await self._step()
                if number % 25 == 0:
                    await self._nothing_is_miscounted()
            except Exception as error:
                raise Broken(f"{type(error).__name__}: {error}\nafter:\n" + "\n".join(self.steps)) from error
        await self._nothing_is_miscounted()
        await audit.verify(self.commune.database)

    # a step

    async def _step(self) -> None:
        before = await self._rights()
        for who, said in self._chosen():
            self.steps.append(f"{who}: {said.payload if isinstance(said, Pressed) else getattr(said, 'text', said)}")
            await self.commune.together((who, said))
            await self._look_at_phones()
        if self.random.random() < 0.5:
            await self._carry()
        await self._nobody_oversteps(before, await self._rights())

    def _chosen(self) -> list[tuple[str, Reply]]:
        """Choose what happens next."""
        who, chance = self.random.choice(self.people), self.random.random()
        if chance < 0.50:
            (kind,) = self.random.choices([*TALKS], [0.3 if talk in SELDOM else 1 for talk in TALKS])
            if chance < 0.44:  # mostly by somebody whose talk it is
                who = self.random.choice(WHOSE[kind])
            return [(who, Typed(text)) for text in self._talk(TALKS[kind])]
        if chance < 0.75 and self._buttons.get(who):
            return [(who, Pressed(self.random.choice(self._buttons[who])))]
        if chance < 0.85 and self._buttons:
            return [(who, Pressed(self.random.choice(self._buttons[self.random.choice([*self._buttons])])))]
        if chance < 0.88:
            self._time_goes_by()
            return []
        if chance < 0.91 and self._codes:
            return [(who, Typed(f"/start {self.random.choice(self._codes)}")), (who, Typed("có"))]
        return [(who, Typed(self.random.choice(WORDS)))]

    def _talk(self, texts: Sequence[str]) -> Iterator[str]:
        """Yield the words of a talk, sometimes not to its end."""
        self._number += 1
        for text in texts[: self.random.choice((len(texts), len(texts), len(texts), max(1, len(texts) - 1)))]:
            yield text.format(number=self._number)

    def _time_goes_by(self) -> None:
        passes = self.random.choice((timedelta(seconds=70), timedelta(hours=5), timedelta(days=1), timedelta(days=9)))
        self.steps.append(f"— {passes} later —")
        self.commune.now += passes

    async def _carry(self) -> None:
        carrier = BatchCarrier(self.commune.runtime, self._supervisor)
        while await carrier.run_once():
            pass
        assert self._supervisor.failing() == {}
        await self._look_at_phones()

    async def _look_at_phones(self) -> None:
        waiting = select(outbox.c.address).where(outbox.c.state == "queued").distinct()
        for name in await self.commune.column(waiting):
            for letter in await self.commune.read(name):
                if shown := [button.payload for row in letter.buttons for button in row if button.payload]:
                    self._buttons.setdefault(name, deque(maxlen=16)).extend(shown)
                self._codes += _CODE.findall(letter.text)

    # what may never be otherwise

    async def _rights(self) -> set[tuple[int, str, int, int]]:
        """Return who may what now: a person, a role, and the numbers of the units it holds in."""
        held = select(roles.c.person_id, roles.c.role, units.c.first, units.c.last).join(
            units, units.c.id == roles.c.unit_id
        )
        return {tuple(row) for row in await self.commune.rows(held)}

    async def _nobody_oversteps(self, *rights: set[tuple[int, str, int, int]]) -> None:
        """Look at what was done since: by whom, where, on whose form, and whether its life has such an act."""
        assert await self.commune.count(inbox, inbox.c.failed) == 0, "a turn has failed"
        held = rights[0] | rights[1]
        new = select(trail, units.c.first).outerjoin(units, units.c.id == trail.c.unit_id)
        for row in await self.commune.rows(new.where(trail.c.number > self._seen).order_by(trail.c.number)):
            self._seen = row.number
            self.done[f"{row.role}: {row.act} {row.about}"] += 1
            if row.role not in {"resident", "operator"} and row.actor_id is not None:
                covers = (one for one in held if one[:2] == (row.actor_id, row.role))
                taken = row.act in {"take_on", "give_up", "take_over", "hand_over"}
                assert taken or row.first is None or any(a <= row.first <= b for *_who, a, b in covers), self._said(row)
            if row.about == "form":
                await self._its_life_has_that(row)

    async def _its_life_has_that(self, row: Any) -> None:
        near = await self._near(row.owner_id)
        if row.role == "resident":
            assert row.actor_id in near, self._said(row)
        else:  # nobody decides on themselves, nor on whom they share a phone with, fill in for or live with
            assert row.actor_id not in near | await self._home(row.owner_id), self._said(row)
        if row.act == "vouch":
            return
        before = self._states.get(row.about_id, "draft")
        life = TRANSITIONS.get((before, row.act, row.role))  # type: ignore[arg-type]
        assert life is not None, f"{self._said(row)} when it was {before}"
        assert not life.needs_reason or row.reason, self._said(row)
        self._states[row.about_id] = life.to
        if row.role == "association" and row.act in GIVING_BACK:
            self._given_back[row.about_id] = row.number
        if row.role in BRANCH:
            await self._it_was_the_branchs(row)

    async def _it_was_the_branchs(self, row: Any) -> None:
        """A village that is closed is the commune's, but for what was given back."""
        closing = trail.select().where(
            trail.c.about == "village", trail.c.about_id == row.unit_id, trail.c.number < row.number
        )
        last = (await self.commune.rows(closing.order_by(trail.c.number.desc()).limit(1)))[:1]
        if last and last[0].act == "close":
            assert self._given_back.get(row.about_id, 0) > last[0].number, f"{self._said(row)}, closed"

    async def _near(self, person_id: int) -> set[int]:
        """Return somebody with those on the same phone and who fills in for them."""
        theirs = select(conversation_people.c.conversation_id).where(conversation_people.c.person_id == person_id)
        sharing = select(conversation_people.c.person_id).where(conversation_people.c.conversation_id.in_(theirs))
        helping = select(people.c.helper_id).where(people.c.id == person_id, people.c.helper_id.is_not(None))
        return {person_id, *await self.commune.column(sharing), *await self.commune.column(helping)}

    async def _home(self, person_id: int) -> set[int]:
        """Return who lives with somebody."""
        home = select(people.c.household_id).where(people.c.id == person_id).scalar_subquery()
        return set(await self.commune.column(select(people.c.id).where(people.c.household_id == home)))

    def _said(self, row: Any) -> str:
        return f"{row.role} {row.actor_id} did “{row.act}” on {row.about} {row.about_id} of {row.owner_id}"

    async def _nothing_is_miscounted(self) -> None:
        counted = {key: number for key, number in (await self.commune.tallies()).items() if key[3] != "erased"}
        assert counted == await self.commune.recount(), "the tallies are not a recount"
        forms = await self.commune.rows(select(assessments))
        assert {form.state for form in forms} <= STATES.keys()
        assert {form.id: form.state for form in forms} == {
            form.id: self._states.get(form.id, "draft") for form in forms
        }, "a form is not in the state that its acts have led to"
        on_list = {form.id for form in forms if form.proposal_id}
        assert on_list == {form.id for form in forms if form.state in {"checked", "recognised", "revoked"}}
        valid = Counter(await self.commune.column(select(titles.c.assessment_id).where(titles.c.revoked_at.is_(None))))
        assert valid == Counter(form.id for form in forms if form.state == "recognised"), "the register says otherwise"
        assert {row.state for row in await self.commune.rows(select(closings))} <= {"closed", "sent_back"}
