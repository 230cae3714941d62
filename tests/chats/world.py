"""The world a chat plays in: a commune with its villages, people with phones, a clock, and the real program."""

import json
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from importlib import resources
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from bot import catalogues
from bot.delivery.settling import stop_refused
from bot.guides.chatfile import Act, ChatBroken, Done, Fact, Told
from bot.services import invitations, rounds
from bot.services.batches import BatchCarrier
from bot.services.criteria_files import shipped
from bot.services.evidence import EvidenceFetcher
from bot.services.files import FileStore
from bot.services.joining import CodeKeeper
from bot.services.notices import NoticeRunner
from bot.services.paper_maker import PaperMaker
from bot.services.reminders import Reminders
from bot.services.runtime import Runtime
from bot.services.turns import Turns
from bot.services.wording import NoticeWording
from bot.store.core import outbox, setup
from bot.store.core.database import Database
from bot.store.core.migrating import migrate
from bot.store.core.outbox import DueLetter, SettledLetter
from flows.conversation.facts import Links, Start
from flows.conversation.replies import Blocked, Edited, Pressed, Reply, SentFile, Typed, Unblocked, Unreadable
from flows.domain.criteria import GROUPS, Indicator
from flows.domain.people import ROLES, RoleKind
from flows.domain.units import Unit
from flows.words.localized import Localized
from tests import khmer
from tests.chats.phones import Phones, Shown, TelegramPhones, WebPhones, ZaloBotPhones
from tests.rights.strangers import Button, Strangers

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
BEGINNING = datetime(2026, 10, 1, 8, 0, tzinfo=ZONE)
LINKS = Links(
    (Start("https://hoctap.example/chat#{code}"),),
    "https://hoctap.example/guide",
    "https://hoctap.example/c/{code}",
    "https://hoctap.example/dashboard/in#{code}",
)

# Nobody here is real. The first village of a name is meant where only the name is said.
UNITS = (
    ("tk", "Xã Thần Khê", "commune", None),
    ("tk-dong", "Thôn Đông", "village", "tk"),
    ("tk-doai", "Thôn Đoài", "village", "tk"),
    ("tk-trung", "Thôn Trung", "village", "tk"),
    ("mk", "Xã Minh Khai", "commune", None),
    ("mk-dong", "Thôn Đông", "village", "mk"),
    ("mk-thuong", "Thôn Thượng", "village", "mk"),
)
CAST = ("Trần Văn Trường is head of Thôn Đông", "Phạm Thị Hoa is admin of Xã Thần Khê")

_TOKEN = re.compile(r"(?<![a-z0-9])i-([A-Za-z0-9_-]{24})")
_SIGN_IN = re.compile(r"/in#([A-Za-z0-9_-]{24})")
_CODE = re.compile(r"/c/([A-Za-z0-9_-]{22})")
_JOIN_CODE = re.compile(r"(?<=: )\d{3} \d{3}$")
_NAMED_CODE = re.compile(r"⟨mã (\d+)⟩")
_NAMED_TOKEN = re.compile(r"i-⟨(\d+)⟩")
_BRACKETED = re.compile(r"\((photo|document|sticker|voice|edits|blocks|unblocks|\d+ characters)\) ?(.*)")


class World:
    """One chat's world. Every turn of a chat is worked through by a new `Turns`, so only the database remembers; what
    goes on between turns, and what facts are made by, remembers until the server starts anew."""

    def __init__(
        self, database: Database, phones: Phones, files: FileStore, strangers: Strangers | None = None
    ) -> None:
        self._database = database
        self._phones = phones
        self._others: dict[str, Phones] = {}
        self._files = files
        self._now = BEGINNING
        self._people = [fact.partition(" is ")[0].split()[-1] for fact in CAST]
        self._screens: dict[str, list[Shown]] = {}
        self._tokens: list[str] = []
        self._join_codes: list[str] = []
        self._words = catalogues.load()
        self._strangers = strangers
        self._begin_keeping()

    def _begin_keeping(self) -> None:
        self._runtime = Runtime(self._database, self._words, lambda: self._now, ZONE)
        self._turns = Turns(self._runtime, lambda: LINKS)
        self._sources = {(phones.channel, phones.bot): phones for phones in self._kinds()}
        self._wording = NoticeWording(self._words)
        self._keeper = NoticeRunner(self._runtime, self._files, self._sources)
        self._reminders = Reminders(self._runtime)
        self._codes = CodeKeeper(self._runtime)
        self._carrier = BatchCarrier(self._runtime, links=lambda: LINKS)
        self._paper_maker = PaperMaker(self._runtime, self._files, links=lambda: LINKS)

    def _kinds(self) -> list[Phones]:
        """Return the phones there are, those of a channel once."""
        return [self._phones, *{id(phones): phones for phones in self._others.values()}.values()]

    def _of(self, name: str) -> Phones:
        """Return the phones that somebody writes on."""
        return self._others.get(name, self._phones)

    async def close(self) -> None:
        """Close the database."""
        await self._database.close()

    async def set_up(self) -> None:
        """Make the world that every chat begins with."""
        await migrate(self._database)
        await rounds.load_shipped(self._database, self._now)
        async with self._database.writing() as connection:
            units = [Unit(0, code, name, kind) for code, name, kind, _parent in UNITS]
            await setup.save_units(connection, units, {code: parent for code, _, _, parent in UNITS if parent})
        await self.come_about("the round is open from 1 September 2026 to 15 November 2026")
        for fact in CAST:
            await self.come_about(fact)

    async def perform(self, act: Act) -> list[Told]:
        """Let an act happen. Returns what the bot says then, to everybody; of a given fact, nothing."""
        match act:
            case Done(who, manner, what):
                return await self._turn([(name, reply) for name in who for reply in self._replies(name, manner, what)])
            case Fact(what, given):
                told = await self.come_about(what)
                return [] if given else told

    async def come_about(self, what: str) -> list[Told]:
        """Make something hold, and let the program do what is due then."""
        for pattern, happen in FACTS.items():
            if found := re.fullmatch(pattern, what):
                told = await happen(self, *found.groups())
                return [*(told or ()), *await self._turn([])]
        raise ChatBroken(f"no such fact: {what!r}; tests/chats/world.py lists them at its end")

    # what people do

    def _replies(self, name: str, manner: str, what: str) -> list[Reply]:
        match manner.split():
            case ["presses", "forged"]:
                return [Pressed(what)]
            case ["press" | "presses", *old]:
                return [Pressed(self._payload(name, what, oldest=bool(old)))]
            case ["types", times, _]:
                return [Typed(what)] * int(times)
            case _:
                return [self._reply(what)]

    def _payload(self, name: str, label: str, *, oldest: bool) -> str:
        screen = self._screens.get(name, [])
        for message in screen if oldest else reversed(screen):
            for shown, payload in message.buttons:
                if label in {shown, re.sub(r"^\d+\. ", "", shown)}:
                    return payload
        raise ChatBroken(f"{name} has no button “{label}” to press")

    def _reply(self, what: str) -> Reply:
        if what.startswith('"') and what.endswith('"'):
            return Typed(json.loads(what))
        bracketed = _BRACKETED.fullmatch(what)
        if bracketed is None:
            typed = _NAMED_CODE.sub(lambda named: self._join_codes[int(named[1]) - 1], what)
            return Typed(_NAMED_TOKEN.sub(lambda named: f"i-{self._tokens[int(named[1]) - 1]}", typed))
        kind, rest = bracketed.groups()
        match kind:
            case "photo" | "document":
                name, _, caption = rest.partition(" – ")
                return SentFile(kind, name, "", caption)
            case "edits":
                return Edited()
            case "blocks":
                return Blocked()
            case "unblocks":
                return Unblocked()
            case "sticker" | "voice":
                return Unreadable(kind)
            case _:
                length = int(kind.split()[0])
                return Typed(((rest + " ") * length)[:length])

    # what the program does

    async def _turn(self, done: Sequence[tuple[str, Reply]], *, keeping: bool = True) -> list[Told]:
        """Take in what people do, work until nothing waits, and read everybody's phone. Unless told otherwise let all
        that runs by itself go on, too, until it has nothing to do."""
        turns = Turns(self._runtime, lambda: LINKS) if keeping else self._turns
        incoming = [await self._of(name).incoming(self._phone(name), reply) for name, reply in done]
        if incoming:
            await turns.receive(incoming)
        worked = await turns.run_once()
        while worked.turns:
            self._files.forget(worked.files)
            worked = await turns.run_once()
        if keeping:
            await self._fetch_evidence()
            while await self._carrier.run_once() or await self._reminders.run_once():
                pass
            while await self._paper_maker.run_once():
                pass
            while await self._codes.run_once():
                pass
        letters = await (self._letters() if keeping else self._sent())
        if self._strangers is not None:
            await self._strangers.press(self._database, _buttons(letters), self._runtime.local(self._now))
        return self._read_phones(letters, {one.callback for one in incoming if one.callback is not None})

    async def _says(self, name: str, *replies: Reply | str) -> None:
        """Let somebody do one thing after another, of which a fact is made; what runs by itself goes on after it."""
        for reply in replies:
            await self._turn([(name, Typed(reply) if isinstance(reply, str) else reply)], keeping=False)

    async def _letters(self) -> list[DueLetter]:
        """Let everything be sent that is due, notices too. Returns it in the order it was sent."""
        letters = await self._sent()
        while await self._keeper.run_once() | bool(new := await self._sent()):
            letters += new
        return letters

    async def _sent(self) -> list[DueLetter]:
        quiet = self._runtime.is_quiet(self._now)
        letters: list[DueLetter] = []
        for phones in self._kinds():
            addresses = [self._phone(name) for name in self._people if self._of(name) is phones]
            letters += await phones.letters(self._database, addresses, self._now, self._wording, quiet=quiet)
        return sorted(letters, key=lambda letter: (letter.priority, letter.id))

    async def _fetch_evidence(self) -> None:
        fetcher = EvidenceFetcher(self._runtime, self._files, self._sources)
        while await fetcher.run_once():
            pass

    def _read_phones(self, letters: Sequence[DueLetter], pressed: set[str]) -> list[Told]:
        names = {self._phone(name): name for name in self._people}
        if unanswered := pressed - {letter.callback for letter in letters}:
            raise ChatBroken(f"the channel waits for ever for the answer to {len(unanswered)} pressed buttons")
        told = []
        for letter in _last_of_topics(letters):
            if letter.outgoing is not None:
                name = names[letter.address]
                shown = self._of(name).shown(letter.outgoing, letter)
                self._screens.setdefault(name, []).append(shown)
                told.append(Told(name, tuple(map(self._with_named_tokens, shown.lines))))
        return told

    def _phone(self, name: str) -> str:
        if name not in self._people:
            self._people.append(name)
        return self._of(name).address(self._people.index(name))

    def _with_named_tokens(self, line: str) -> str:
        line = _JOIN_CODE.sub(lambda code: f"⟨mã {self._place(code[0], self._join_codes)}⟩", line)
        line = _CODE.sub(lambda code: f"/c/⟨{self._place(code[1])}⟩", line)
        line = _SIGN_IN.sub(lambda token: f"/in#⟨{self._place(token[1])}⟩", line)
        return _TOKEN.sub(lambda token: f"i-⟨{self._place(token[1])}⟩", line)

    def _place(self, token: str, among: list[str] | None = None) -> int:
        tokens = self._tokens if among is None else among
        if token not in tokens:
            tokens.append(token)
        return tokens.index(token) + 1

    # facts

    async def _writes_on(self, name: str, channel: str) -> None:
        """Give somebody a phone of a channel of its own, whichever one the chat is played on."""
        kinds: dict[str, type[Phones]] = {"Telegram": TelegramPhones, "Zalo": ZaloBotPhones, "the web": WebPhones}
        known = [phones for phones in self._kinds() if type(phones) is kinds[channel]]
        self._others[name] = known[0] if known else kinds[channel](self._files)
        self._begin_keeping()

    async def _it_is(self, day: str, time: str) -> None:
        self._now = datetime.strptime(f"{day} {time}", "%d %B %Y %H:%M").replace(tzinfo=ZONE)
        await self._remind()

    async def _later(self, count: str, what: str) -> None:
        self._now += timedelta(**{f"{what}s": int(count)})
        await self._remind()

    async def _remind(self) -> None:
        while await self._reminders.run_once():
            pass

    async def _dies_writing(self, count: str) -> None:
        """Die in the middle of writing to some: nobody knows whether they have it."""
        async with self._database.writing() as connection:
            channel, bot = self._phones.channel, self._phones.bot
            sources = await outbox.sources(connection, channel, bot, self._now)
            await outbox.take_notices(connection, channel, bot, sources, int(count), self._now)
        await self._starts_anew()
        async with self._database.writing() as connection:
            await outbox.settle_in_flight(connection, channel, bot, self._now)

    async def _is_refused(self, count: str, error: str) -> None:
        """Let the channel take the notice under way for some, and then refuse what it says."""
        at = (self._phones.channel, self._phones.bot)
        async with self._database.writing() as connection:
            (notice_id,) = await outbox.sources(connection, *at, self._now)
            taken = await outbox.take_notices(connection, *at, [notice_id], int(count) + 1, self._now)
            settled = [SettledLetter(one.id, "sent") for one in taken[:-1]]
            await outbox.settle(connection, [*settled, SettledLetter(taken[-1].id, "queued", error)], self._now)
            await stop_refused(connection, self._runtime, notice_id or 0, error, self._now)

    async def _writes_notice(self, name: str, text: str) -> None:
        await self._says(name, "/notices", "viết thông báo", "việc khác", text)

    async def _has_sent_notice(self, name: str, text: str) -> None:
        await self._writes_notice(name, text)
        await self._says(name, "gửi", "gửi")

    async def _reads_english(self, name: str) -> None:
        await self._says(name, "/language", "en")

    async def _starts_anew(self) -> None:
        await self._database.close()
        self._database = Database(self._database.url.render_as_string(hide_password=False))
        self._begin_keeping()

    async def _round(self, opens: str, closes: str) -> None:
        await self._round_of("Xã Thần Khê", opens, closes)

    async def _round_of(self, commune: str, opens: str, closes: str) -> None:
        year, code = _day(opens).year, _code(commune)
        await rounds.open_round(
            self._database,
            year=year,
            name=f"Đợt {year}",
            unit_code=code,
            opens=_day(opens),
            closes=_day(closes),
            now=self._now,
        )

    async def _new_version(self, group: str) -> None:
        """Publish the shipped set once more, every question marked as new."""
        old = next(criteria for criteria in shipped() if criteria.group == group)
        competencies = tuple(
            replace(c, indicators=tuple(replace(i, question=_marked(i.question)) for i in c.indicators))
            for c in old.competencies
        )
        new = replace(old, version="2026.9", competencies=competencies)
        await rounds.load_criteria(self._database, (new,), self._now)

    async def _new_answers(self, group: str, question: str) -> None:
        """Publish the shipped set once more, with another answer to choose in one question."""
        old = next(criteria for criteria in shipped() if criteria.group == group)
        place = old.indicators[int(question) - 1].id
        competencies = tuple(
            replace(c, indicators=tuple(_with_other_words(i) if i.id == place else i for i in c.indicators))
            for c in old.competencies
        )
        await rounds.load_criteria(
            self._database, (replace(old, version="2027.1", competencies=competencies),), self._now
        )

    async def _khmer_comes(self) -> None:
        """Drop a third language into `locales/`, and publish the farmers' form with some of it."""
        self._words = khmer.catalogues()
        await self._starts_anew()
        text = resources.files("flows.domain.criteria").joinpath("farmer.toml").read_text("utf-8")
        await rounds.load_criteria(self._database, (khmer.form_with_khmer(text, "2026.9"),), self._now)

    async def _khmer_goes(self) -> None:
        self._words = catalogues.load()
        await self._starts_anew()

    async def _has_villages(self, commune: str, count: str) -> None:
        """Add a commune whose villages have numbers for names."""
        numbers = range(1, int(count) + 1)
        units = [Unit(0, "many", commune, "commune"), *(Unit(0, f"many-{n}", f"Thôn {n}", "village") for n in numbers)]
        async with self._database.writing() as connection:
            await setup.save_units(connection, units, {f"many-{n}": "many" for n in numbers})

    async def _invitation(self, role: str, unit: str) -> None:
        code, _expires = await invitations.invite(self._database, _role(role), _code(unit), self._now)
        self._place(code.removeprefix("i-"))

    async def _holds(self, full_name: str, role: str, unit: str) -> None:
        await self._invitation(role, unit)
        name = full_name.split()[-1]
        await self._says(name, f"/start i-{self._tokens.pop()}", "vi", "đồng ý", full_name, "có")

    async def _has_agreed(self, name: str, village: str | None) -> None:
        link = f" v-{_code(village)}" if village else ""
        await self._says(name, f"/start{link}", "vi", "đồng ý")

    async def _is_resident(self, full_name: str, group: str, unit: str, born: str) -> None:
        name = full_name.split()[-1]
        number = str([*GROUPS].index(next(known for known in GROUPS if known == group)) + 1)
        known = name in self._people
        begin = ("bắt đầu làm phiếu",) if known else (f"/start v-{_code(unit)}", "vi", "đồng ý", full_name)
        village = (f"{unit} Thần Khê", "1") if known else ("có",)
        await self._says(name, *begin, born, *village, number, "có")

    async def _shares_phone(self, owner: str, full_name: str, born: str) -> None:
        """Add somebody of sixteen or older to a phone, and speak for its owner again."""
        await self._says(owner, "thêm người")
        if any(label.endswith("➕ Thêm người") for label, _payload in self._screens[owner][-1].buttons):
            await self._says(owner, "thêm người")
        await self._says(owner, "tự bấm", "đồng ý", full_name, born, "có", "5", "đúng hết", owner)

    async def _has_answered(self, name: str, levels: str) -> None:
        await self._says(name, "bắt đầu làm phiếu")
        for level in levels.split():
            await self._says(name, level)
            if any(payload.endswith(":skip") for _label, payload in self._screens[name][-1].buttons):
                await self._says(name, "bỏ qua")

    async def _has_sent_evidence(self, name: str, file: str, question: str) -> None:
        await self._says(name, f"sửa {question}", "1", SentFile("photo", file, "", ""), "tiếp tục")

    async def _has_submitted_all(self, full_name: str, unit: str, levels: str) -> None:
        name = full_name.split()[-1]
        await self._is_resident(full_name, "farmer", unit, "1980")
        await self._has_answered(name, levels)
        await self._has_submitted(name)

    async def _has_submitted(self, name: str) -> None:
        await self._says(name, "nộp phiếu")

    async def _has_confirmed(self, name: str) -> None:
        """Confirm the form that came last, and let the minute go by in which that can be undone."""
        await self._turn([(name, Pressed(self._payload(name, "✅ Xác nhận", oldest=False)))])
        self._now += timedelta(minutes=1)
        await self._turn([])

    async def _has_closed(self, name: str, days: str) -> None:
        """Enter a meeting of today, and close the village; the list is posted for some days."""
        meeting = ("nhập", "hôm nay", "để trống", "nhà văn hóa", "tôi", "Lê Thị Thư", "10/12", "tất cả đồng ý", days)
        await self._says(name, "/meeting", *meeting, "chốt danh sách thôn")

    async def _has_proposed(self, name: str) -> None:
        await self._says(name, "các thôn", "đề nghị công nhận", "đề nghị danh sách này")

    async def _has_recognised(self, name: str, number: str) -> list[Told]:
        return await self._types(
            name, "xét công nhận", "ghi quyết định", number, "hôm nay", "Trần Văn Bảy", "công nhận"
        )

    async def _has_opened_again(self, name: str, whose: str, reason: str) -> list[Told]:
        return await self._types(name, "sổ công nhận", whose, "1", "mở lại", reason, "có")

    async def _has_sent_back(self, name: str, village: str, reason: str) -> list[Told]:
        return await self._types(name, "các thôn", village, "trả thôn về chi hội", reason, "có")

    async def _types(self, name: str, *texts: str) -> list[Told]:
        """Let somebody type one thing after another. Returns what others are told meanwhile."""
        told = [one for text in texts for one in await self._turn([(name, Typed(text))])]
        return [one for one in told if one.to != name]


def _buttons(letters: Sequence[DueLetter]) -> list[Button]:
    """Return the buttons of letters, each with whom it is shown to."""
    return [
        Button(letter.address, button.label, button.payload)
        for letter in letters
        if letter.outgoing is not None
        for row in letter.outgoing.buttons
        for button in row
        if button.payload
    ]


def _last_of_topics(letters: Sequence[DueLetter]) -> list[DueLetter]:
    """Return letters without those that another one has replaced before anybody could read them."""
    last = {(one.address, one.outgoing.topic): one.id for one in letters if one.outgoing and one.outgoing.topic}
    return [
        one
        for one in letters
        if one.outgoing is None or not one.outgoing.topic or last[one.address, one.outgoing.topic] == one.id
    ]


def _day(written: str) -> date:
    return datetime.strptime(written, "%d %B %Y").replace(tzinfo=UTC).date()


def _role(written: str) -> RoleKind:
    return next(role for role in ROLES if role == written)


def _code(unit: str) -> str:
    for code, name, _kind, _parent in UNITS:
        if name == unit:
            return code
    raise ChatBroken(f"there is no unit {unit!r}; tests/chats/world.py lists them")


def _marked(question: Localized) -> Localized:
    return replace(question, vi=f"(Mẫu mới) {question.vi}", en=f"(New form) {question.en}")


def _with_other_words(indicator: Indicator) -> Indicator:
    """Return a question whose first answer asks more than before."""
    first, *others = indicator.levels
    vi, en = f"{first.label.vi}, có sổ ghi", f"{first.label.en}, written down"
    return replace(indicator, levels=(replace(first, label=replace(first.label, vi=vi, en=en)), *others))


_ROLES = "|".join(ROLES)
FACTS: dict[str, Callable[..., Awaitable[list[Told] | None]]] = {
    r"(\d+ \w+ \d{4}),? (\d+:\d\d)": World._it_is,
    r"(\d+) (minute|hour|day|week)s? later": World._later,
    r"the server starts anew": World._starts_anew,
    r"the server dies while it writes to (\d+) of the people": World._dies_writing,
    r"(\d+) of the people get the notice, then it is refused: (.+)": World._is_refused,
    r"(\w+) is writing the notice “(.+)”": World._writes_notice,
    r"(\w+) has sent the notice “(.+)”": World._has_sent_notice,
    r"(\w+) writes on (Telegram|Zalo|the web)": World._writes_on,
    r"(\w+) reads English": World._reads_english,
    r"the round is open from (\d+ \w+ \d{4}) to (\d+ \w+ \d{4})": World._round,
    r"the round of (.+) is open from (\d+ \w+ \d{4}) to (\d+ \w+ \d{4})": World._round_of,
    r"a new version of the (\w+)'s set is published": World._new_version,
    r"a new version of the (\w+)'s set has another answer to question (\d+)": World._new_answers,
    r"Khmer is dropped into locales/, partly translated": World._khmer_comes,
    r"Khmer is taken out of locales/": World._khmer_goes,
    r"(.+) has (\d+) villages": World._has_villages,
    rf"an invitation is made for an? ({_ROLES}) of (.+)": World._invitation,
    rf"(.+) is ({_ROLES}) of (.+)": World._holds,
    r"(\w+) has agreed(?:, coming by the link of (.+))?": World._has_agreed,
    r"(.+) is an? (\w+) of (.+), born (\d{4})": World._is_resident,
    r"(\w+) shares the phone with (.+), born (\d{4})": World._shares_phone,
    r"(\w+) has answered ([\d ]+)": World._has_answered,
    r"(\w+) has sent (\S+) as evidence for question (\d+)": World._has_sent_evidence,
    r"(\w+) has submitted": World._has_submitted,
    r"(\w+) has confirmed the form that came last": World._has_confirmed,
    r"(\w+) has closed the village, posting its list for (\d+) days": World._has_closed,
    r"(\w+) has proposed what there is": World._has_proposed,
    r"(\w+) has recognised what is proposed by the decision (\S+)": World._has_recognised,
    r"(\w+) has sent back the village (.+): (.+)": World._has_sent_back,
    r"(\w+) has opened the recognition of (\w+) again: (.+)": World._has_opened_again,
    r"(.+) of (.+) has submitted the answers ([\d ]+)": World._has_submitted_all,
}
