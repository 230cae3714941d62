"""How the demo's commune came to be half done: its people say what they said, at moments gone by.

All of it goes through the product's own turns and batches, so that trail, tallies and lists are what they would be.
"""

from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from datetime import datetime, time, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.channels.web.messages import BOT, CHANNEL
from bot.commands.demo_commune import CUC, OFFICIALS, RESIDENTS_WITH_PHONES, Resident, Stage, Village, villages
from bot.commands.demo_photo import photo
from bot.commands.sample import found_commune, open_round_around
from bot.services.batches import BatchCarrier
from bot.services.files import STORED, FileStore
from bot.services.invitations import invite
from bot.services.notices import NoticeRunner
from bot.services.reminders import Reminders
from bot.services.runtime import Runtime
from bot.services.turns import Turns
from bot.store.core import outbox
from bot.store.core.database import Database
from bot.store.core.decided import Decided
from bot.store.core.inbox import Incoming
from bot.store.core.outbox import Letter
from bot.store.core.reference import read_unit
from flows.conversation.engine import Decision
from flows.conversation.replies import Pressed, Reply, SentFile, Typed
from flows.domain.quiet_hours import QuietHours
from flows.domain.unit_tree import UnitTree
from flows.forms.talk import VOUCHED, WITHOUT, Filling
from flows.publishing.talk import AskingForNames
from flows.registration.subject import VILLAGE_CODE
from flows.words.wording import Catalogues

# What somebody says, the next thing once the one before is answered.
Says = Generator[Reply, Decision, None]

YEAR = 365
QUESTIONS = 10
EVENING = time(19, 30)
NEVER_QUIET = QuietHours(time(0), time(0))
TO_TYPE = timedelta(seconds=20)
UNTIL_TOLD = timedelta(minutes=2)
LINES = (
    "Dự lớp tập huấn chăn nuôi ở nhà văn hóa thôn",
    "Học lớp dùng điện thoại thông minh của Đoàn xã",
    "Đọc sách ở tủ sách thôn, tuần hai buổi",
    "Sinh hoạt câu lạc bộ khuyến nông hằng tháng",
)
UNCLEAR = "Câu 2 xin ghi rõ đã học lớp nào, ở đâu"
MEETING_UNCLEAR = "Biên bản ghi thiếu số người có mặt, xin họp lại"
NOT_HERE_ANY_MORE = "Đã chuyển đi nơi khác ở từ đầu năm"
NOT_TRUE = "Kê khai không đúng thực tế"
NOTICE = (
    "Các thôn họp chi hội trong tháng này để chốt danh sách Công dân học tập. Ai chưa làm phiếu, xin nhắn “bắt đầu”;"
    " khoảng mười phút là xong."
)
DECIDING: tuple[Stage, ...] = ("reviewing", "sent_back", "posted", "closed", "proposed", "recognised")


class StoryBroken(Exception):
    """Somebody of the story was not understood: what they say has to follow the talk."""


class Listening(Turns):
    """The turn loop with people at the other end of whom few have a phone: it notes what each turn came to, and keeps
    letters only for those who have one."""

    def __init__(self, runtime: Runtime, with_phones: Collection[str]) -> None:
        super().__init__(runtime)
        self._with_phones = with_phones
        self.heard: dict[str, Decision] = {}

    async def _letters(
        self, connection: AsyncConnection, decided: Sequence[Decided], units: UnitTree, now: datetime
    ) -> list[Letter]:
        self.heard |= {one.turn.address: one.decision for one in decided}
        wanted = [one for one in decided if one.turn.address in self._with_phones or one.decision.told]
        letters = await super()._letters(connection, wanted, units, now)
        return [letter for letter in letters if letter.to.address in self._with_phones]


class Story:
    """The commune while its year goes by, until `end`."""

    def __init__(
        self,
        database: Database,
        files: FileStore,
        catalogues: Catalogues,
        zone: ZoneInfo,
        end: datetime,
        commune: tuple[Village, ...] = (),
    ) -> None:
        self._database = database
        self._files = files
        self._end = end
        self._now = end
        self._numbers = count()
        self._villages = commune or villages()
        self._address = {role: official.address for role, official in OFFICIALS.items()}
        self._runtime = Runtime(database, catalogues, lambda: self._now, zone, NEVER_QUIET)
        self._turns = Listening(self._runtime, {*self._address.values(), *RESIDENTS_WITH_PHONES})
        self._photo = ""

    async def tell(self) -> None:
        """Let everything happen, from last year's round until now."""
        self._photo = STORED + (await self._files.keep(photo())).digest
        self._it_is(YEAR + 60)
        await found_commune(self._database, self._now)
        await self._take_up_roles()
        await self._last_year()
        await self._people_fill_in()
        await self._branches_decide()
        await self._a_family_shares_a_phone()
        await self._notice_goes_out()
        await self._commune_decides()
        await self._nothing_is_left_over()

    def _it_is(self, days_ago: int) -> None:
        """Go to the evening of a day."""
        day = self._runtime.local(self._end).date() - timedelta(days=days_ago)
        self._now = datetime.combine(day, EVENING, self._runtime.zone)

    def _in(self, *stages: Stage) -> list[Village]:
        return [village for village in self._villages if not stages or village.stage in stages]

    def _residents(self, *standings: str) -> list[Resident]:
        everybody = (one for village in self._villages for one in village.residents)
        return [one for one in everybody if not standings or one.standing in standings]

    # last year, all the way

    async def _take_up_roles(self) -> None:
        talks = {}
        for official in {*OFFICIALS.values(), *(village.head for village in self._villages)}:
            code, _expires = await invite(self._database, official.role, official.unit, self._now)
            talks[official.address] = _types(f"/start {code}", "vi", "đồng ý", official.name, "có")
        await self._all_say(talks)

    async def _last_year(self) -> None:
        self._it_is(YEAR + 25)
        await open_round_around(self._database, (self._end - timedelta(days=YEAR)).date(), self._now)
        took_part = [(one, one.last_year) for one in self._residents() if one.last_year is not None]
        await self._all_say({one.address: _registers(one) for one, _levels in took_part})
        await self._all_say({one.address: self._fills_in(one, levels) for one, levels in took_part})
        self._it_is(YEAR + 10)
        await self._confirm_all(self._in())
        self._it_is(YEAR + 5)
        await self._close(self._in())
        self._it_is(YEAR + 3)
        await self._propose()
        await self._recognise("21/QĐ-UBND")

    # this year, half done

    async def _people_fill_in(self) -> None:
        self._it_is(29)
        await open_round_around(self._database, self._end.date(), self._now)
        await self._all_say({one.address: _registers(one) for one in self._residents() if one.last_year is None})
        self._it_is(24)
        early = self._residents("returned", "confirmed")
        await self._all_say({one.address: self._fills_in(one, one.levels) for one in early})

    async def _branches_decide(self) -> None:
        self._it_is(18)
        returned = {
            village.head.address: [one for one in village.residents if one.standing == "returned"]
            for village in self._in(*DECIDING)
        }
        await self._all_say({head: _returns(forms) for head, forms in returned.items() if forms})
        await self._confirm_all(self._in(*DECIDING))
        self._it_is(16)
        late = self._residents("submitted", "draft")
        await self._all_say({one.address: self._fills_in(one, one.levels, _stops_at(one)) for one in late})

    async def _a_family_shares_a_phone(self) -> None:
        self._it_is(15)
        if cuc := next((one for one in self._residents() if one.address == CUC), None):
            await self._all_say({CUC: self._adds_her_family(cuc)})

    def _adds_her_family(self, cuc: Resident) -> Says:
        """Fill in for a mother who has no phone, and let a son answer by himself, with his mother's consent."""
        mother = ("làm hộ mẹ", "qua điện thoại", "hôm nay", "Nguyễn Thị Sáu", "đồng ý", "Phạm Thị Mận", "1950", "có")
        yield from _types(*mother, "1", "đúng hết")
        yield from self._fills_in(cuc, cuc.levels)
        son = ("thêm người", "thêm người", "người đó tự trả lời", "đồng ý", "Hoàng Văn Nam", "2012", cuc.name, "đồng ý")
        yield from _types(*son, "có", "học sinh", "đúng hết")
        yield from self._fills_in(cuc, cuc.levels, 4)
        yield Typed("Cúc")

    async def _notice_goes_out(self) -> None:
        self._it_is(14)
        texts = ("/notices", "viết thông báo", "việc khác", NOTICE, "gửi", "gửi")
        await self._all_say({self._address["admin"]: _types(*texts)})

    async def _commune_decides(self) -> None:
        association = self._address["association"]
        self._it_is(12)
        await self._close(self._in("recognised"))
        self._it_is(9)
        await self._all_say({association: _types("các thôn", "kiểm tra ngẫu nhiên", "10", "quay lại")})
        await self._propose()
        self._it_is(8)
        await self._recognise("35/QĐ-UBND", but_second=NOT_HERE_ANY_MORE)
        self._it_is(6)
        await self._close(self._in("proposed"))
        self._it_is(4)
        await self._propose()
        self._it_is(3)
        await self._close(self._in("closed", "sent_back"))
        await self._close(self._in("posted"), posting=10)
        self._it_is(2)
        for village in self._in("sent_back"):
            await self._all_say({association: _sends_back(await self._id_of(village.code))})
        revoking = ("sổ công nhận", "2", "1", "thu hồi", NOT_TRUE, "có")
        await self._all_say({self._address["committee"]: _types(*revoking)})

    async def _nothing_is_left_over(self) -> None:
        """Let what is due by now be done, and what came be read."""
        self._now = self._end
        reminders, keeper = Reminders(self._runtime), NoticeRunner(self._runtime, self._files, {})
        while await reminders.run_once():
            pass
        for _written_then_read in range(2):
            while await keeper.run_once():
                pass
            await self._read_letters()

    async def _read_letters(self) -> None:
        addresses = [*self._address.values(), *RESIDENTS_WITH_PHONES, *without_phones()]
        while await read_letters(self._database, addresses, self._now):
            pass

    # what they do

    async def _confirm_all(self, where: Iterable[Village]) -> None:
        await self._all_say({village.head.address: _types("/review", "duyệt hết", "xác nhận") for village in where})
        await self._carry_out()

    async def _close(self, where: Iterable[Village], posting: int = 0) -> None:
        await self._all_say({village.head.address: _meets(village, posting) for village in where})

    async def _propose(self) -> None:
        texts = ("các thôn", "đề nghị công nhận", "đề nghị danh sách này")
        await self._all_say({self._address["association"]: _types(*texts)})
        await self._carry_out()

    async def _recognise(self, number: str, but_second: str = "") -> None:
        await self._all_say({self._address["committee"]: _recognises(number, but_second)})
        await self._carry_out()

    def _fills_in(self, one: Resident, levels: Sequence[int], questions: int = QUESTIONS) -> Says:
        """Answer a form as it asks, so many questions of it; submit it when it is whole."""
        answers, proofs = iter(levels[:questions]), iter(one.proofs)
        heard = yield Typed("bắt đầu")
        while isinstance(talk := heard.session.frame.talk, Filling):
            match heard.session.frame.step:
                case "indicator" if (level := next(answers, None)) is not None:
                    heard = yield _press(heard, _level_id(heard, talk.indicator, level))
                case "evidence":
                    heard = yield from self._shows(one, next(proofs), heard)
                case "summary":
                    heard = yield Typed("nộp phiếu")
                case _:
                    heard = yield Typed("tạm dừng")
        if isinstance(talk, AskingForNames) and (answer := _about_names(one, heard)):
            yield Typed(answer)

    def _shows(self, one: Resident, proof: str, heard: Decision) -> Generator[Reply, Decision, Decision]:
        match proof:
            case "photo":
                yield SentFile("photo", "anh-lop-hoc.png", self._photo)
                return (yield Typed("tiếp tục"))
            case "line":
                return (yield Typed(LINES[one.born % len(LINES)]))
            case "branch":
                return (yield _press(heard, VOUCHED.key))
            case _:
                return (yield _press(heard, WITHOUT.key))

    async def _id_of(self, code: str) -> int:
        async with self._database.reading() as connection:
            unit = await read_unit(connection, code)
        assert unit is not None
        return unit.id

    # how it happens

    async def _all_say(self, talks: Mapping[str, Says]) -> None:
        """Let people say what they have to say, all at the same time, each of them one thing after the other."""
        said = {address: reply for address, talk in talks.items() if (reply := next(talk, None)) is not None}
        while said:
            self._now += TO_TYPE
            await self._turns.receive([self._update(address, reply) for address, reply in said.items()])
            await self._until_heard(said)
            said = {
                address: reply
                for address in said
                if (reply := _next(talks[address], self._turns.heard.pop(address))) is not None
            }

    async def _until_heard(self, said: Collection[str]) -> None:
        while unheard := [address for address in said if address not in self._turns.heard]:
            if not (await self._turns.run_once()).turns:
                raise StoryBroken(f"nothing came of what {unheard[0]} said")

    def _update(self, address: str, reply: Reply) -> Incoming:
        return Incoming(CHANNEL, BOT, address, f"story-{next(self._numbers)}", reply)

    async def _carry_out(self) -> None:
        """Let batches be carried out, and people be told once nobody undoes them any more."""
        carrier = BatchCarrier(self._runtime)
        for _stage in ("act", "tell"):
            while await carrier.run_once():
                pass
            self._now += UNTIL_TOLD


def without_phones() -> list[str]:
    """Return where everybody is who has no phone of the demo."""
    commune = villages()
    people = {one.address for village in commune for one in village.residents} | {one.head.address for one in commune}
    return sorted(people - {*RESIDENTS_WITH_PHONES, *(official.address for official in OFFICIALS.values())})


async def read_letters(database: Database, addresses: Collection[str], now: datetime, most: int = 1000) -> int:
    """Let some of those for whom there are letters read them. Returns of how many people."""
    async with database.reading() as connection:
        waiting = sorted({address async for address in outbox.waiting_at(connection, CHANNEL, BOT, addresses)})[:most]
    if waiting:
        async with database.writing() as connection:
            for address in waiting:
                ids = [letter.id for letter in await outbox.read_new(connection, CHANNEL, BOT, address)]
                await outbox.settle_read(connection, CHANNEL, BOT, address, ids, now)
    return len(waiting)


def _next(talk: Says, heard: Decision) -> Reply | None:
    """Return what somebody says to an answer; None when they are done."""
    if heard.session.misses:
        raise StoryBroken(f"not understood at {heard.session.frame.step}")
    try:
        return talk.send(heard)
    except StopIteration:
        return None


def _level_id(heard: Decision, indicator_id: str, place: int) -> str:
    form = heard.facts.form
    assert form is not None
    return form.criteria.indicators[form.number(indicator_id) - 1].levels[place - 1].id


def _press(heard: Decision, key: str) -> Reply:
    """Press the button of the question that was asked which says this."""
    buttons = (button for row in heard.messages[-1].buttons for button in row)
    return Pressed(next(button.payload for button in buttons if button.payload.rpartition(":")[2] == key))


def _nth(heard: Decision, place: int) -> Reply:
    """Press a button of the question that was asked, counted from 1."""
    buttons = [button for row in heard.messages[-1].buttons for button in row]
    return Pressed(buttons[place - 1].payload)


def _types(*texts: str) -> Says:
    for text in texts:
        yield Typed(text)


def _registers(one: Resident) -> Says:
    """Register: what there is a button for is pressed, the rest is typed."""
    heard = yield Typed(f"/start {VILLAGE_CODE}{one.village}")
    heard = yield _nth(heard, 1)  # Vietnamese
    yield _nth(heard, 1)  # agreed
    yield Typed(one.name)
    heard = yield Typed(str(one.born))
    heard = yield _nth(heard, 1)  # the village of the link
    heard = yield _nth(heard, one.group)
    yield _nth(heard, 1)  # all is right


def _recognises(number: str, but_second: str) -> Says:
    """Record a decision on what is proposed; with a reason, without the second person of it."""
    heard = yield Typed("xét công nhận")
    if but_second:
        yield _nth(heard, 2)
        yield Typed(but_second)
    yield from _types("ghi quyết định", number, "hôm nay", "Phạm Thị Nguyệt", "công nhận")


def _returns(forms: Iterable[Resident]) -> Says:
    for one in forms:
        yield from _types("/review", one.name, "trả lại", UNCLEAR)


def _sends_back(village_id: int) -> Says:
    heard = yield Typed("các thôn")
    facts = heard.facts
    (round_id,) = facts.reference.rounds_at_work(village_id, facts.today)
    yield Pressed(f"c:village:{village_id}:{round_id}")
    yield from _types("trả thôn về chi hội", MEETING_UNCLEAR, "có")


def _about_names(one: Resident, heard: Decision) -> str:
    """Return what somebody answers about posted lists: most agree, some do not, a few leave it open."""
    person = heard.facts.person
    if person is not None and person.is_helped:
        return "nói trực tiếp"
    return "" if one.born % 10 == 0 else "không nêu tên" if one.born % 4 == 1 else "đồng ý nêu tên"


def _stops_at(one: Resident) -> int:
    """Return how many questions somebody answers for now."""
    return one.born % (QUESTIONS - 1) + 1 if one.standing == "draft" else QUESTIONS


def _meets(village: Village, posting: int) -> Says:
    secretary = village.residents[0].name
    members = len(village.residents) + 20
    minutes = ("nhập", "hôm nay", "19:30 đến 21:00", "nhà văn hóa", "tôi", secretary, f"{members - 6}/{members}")
    return _types("/meeting", *minutes, "tất cả đồng ý", str(posting), "chốt danh sách thôn")
