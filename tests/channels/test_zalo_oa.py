"""Zalo's Official Account: what events become, whose they are, what is sent, and what its numbers mean."""

import asyncio
import copy
import json
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bot.channels.zalo_oa import outcomes
from bot.channels.zalo_oa.client import Refused, Unclear, Unreachable
from bot.channels.zalo_oa.files import MOST_FILE_BYTES, MOST_IMAGE_BYTES
from bot.channels.zalo_oa.parse import CHANNEL, PRESSED, parse
from bot.channels.zalo_oa.render import texts_of
from bot.channels.zalo_oa.service import ZaloOa
from bot.channels.zalo_oa.signing import mac, signed_by
from bot.channels.zalo_oa.tokens import NoToken
from bot.services.channel import Host
from bot.services.file_links import FileLinks, file_told
from bot.services.files import FileStore
from bot.services.runtime import Runtime
from bot.services.sending import BlockedByPerson, Later, Outcome, OutsideWindow, Rejected, Sent
from bot.services.typed_buttons import Laid
from bot.settings import SecretStr, Settings
from bot.store.core import channel_tokens, inbox
from bot.store.core.database import Database
from bot.store.core.inbox import Incoming
from flows.conversation.messages import Attachment, InlineFile, Outgoing, OutgoingButton, StoredFile
from flows.conversation.replies import Blocked, Pressed, Reply, SentFile, Typed, Unreadable
from tests.sample import CATALOGUES, NOW, ZONE
from tests.zalo_oa import APP_ID, APP_SECRET, FIRST_REFRESH_TOKEN, OA_ID, OA_SECRET, ZaloOaServer
from tests.zalo_oa.server import FREE, PAID, Fault

WHO = "1000000000000000001"
ID = "7f3c0a9be1d24c5f"
FILE = "https://f20-zpc.zdn.vn/abc"
STAMP = "1793000000000"


def event(name: str = "user_send_text", **message: Any) -> dict[str, Any]:
    return {
        "app_id": APP_ID, "sender": {"id": WHO}, "recipient": {"id": OA_ID}, "event_name": name,
        "message": {"msg_id": ID} | message, "timestamp": STAMP, "user_id_by_app": "552177279717587730",
    }  # fmt: skip


def followed(name: str = "follow", **said: Any) -> dict[str, Any]:
    return {
        "app_id": APP_ID, "oa_id": OA_ID, "event_name": name, "source": "oa_profile", "follower": {"id": WHO},
        "timestamp": STAMP,
    } | said  # fmt: skip


def attached(type_: str, **payload: Any) -> list[dict[str, Any]]:
    return [{"type": type_, "payload": payload}]


EVENTS: list[tuple[dict[str, Any], Reply | None]] = [
    (event(text="Xin chào"), Typed("Xin chào")),
    (event(text=""), Typed("")),
    (event(text=f"{PRESSED}c:continue"), Pressed("c:continue")),
    (event(text="c:continue"), Typed("c:continue")),
    (event(text=" V-tk01\n"), Typed("/start v-tk01")),
    (event(text="mã v - tk01"), Typed("/start v-tk01")),
    (event(text="i-Ab_9-x"), Typed("/start i-Ab_9-x")),
    (event(text="v-tk01 nhé"), Typed("v-tk01 nhé")),
    (event() | {"timestamp": 1793000000000}, Typed("")),
    (event("user_send_image", attachments=attached("image", url=FILE, thumbnail=FILE)),
     SentFile("photo", "photo.jpg", FILE)),
    (event("user_send_image", text="giấy", attachments=attached("image", url=FILE)),
     SentFile("photo", "photo.jpg", FILE, "giấy")),
    (event("user_send_file", attachments=attached("file", url=FILE, name="giay.pdf", size="1024", checksum="x")),
     SentFile("document", "giay.pdf", FILE, size=1024)),
    (event("user_send_file", attachments=attached("file", url=FILE, size="a lot")),
     SentFile("document", "document", FILE)),
    (event("user_send_image"), Unreadable("unknown")),
    (event("user_send_file", attachments=attached("file")), Unreadable("unknown")),
    (event("user_send_sticker", attachments=attached("sticker", id="1", url=FILE)), Unreadable("sticker")),
    (event("user_send_audio", attachments=attached("audio", url=FILE)), Unreadable("voice")),
    (event("user_send_video"), Unreadable("video")),
    (event("user_send_gif"), Unreadable("sticker")),
    (event("user_send_location"), Unreadable("location")),
    (event("user_send_link"), Unreadable("link")),
    (event("user_send_business_card"), Unreadable("contact")),
    (event("user_submit_info") | {"info": {"phone": "84900000000", "name": "x"}}, Unreadable("contact")),
    (event("user_send_dance"), Unreadable("unknown")),
    (event("oa_send_text", text="Xin chào"), None),
    (event("user_seen_message", msg_ids=[ID]), None),
    (event("user_received_message"), None),
    (event("user_reacted_message"), None),
    (event("anonymous_send_text", text="ai đó"), None),
    (event(text=5), None),
    (event(msg_id="\0"), None),
    (event() | {"sender": {"id": "\0"}}, None),
    (event() | {"sender": {"id": ""}}, None),
    (event() | {"sender": {"id": "1" * 200}}, None),
    (event() | {"sender": {}}, None),
    (event() | {"sender": None}, None),
    (event() | {"event_name": None}, None),
    ({}, None),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "reply"), EVENTS)
def test_an_event_becomes_what_the_person_did(raw: dict[str, Any], reply: Reply | None) -> None:
    assert parse(raw, APP_ID) == (Incoming(CHANNEL, APP_ID, WHO, ID, reply) if reply is not None else None)


def test_who_follows_begins_and_who_ends_it_is_written_to_no_more() -> None:
    began, ended = parse(followed(), APP_ID), parse(followed("unfollow"), APP_ID)
    assert began == Incoming(CHANNEL, APP_ID, WHO, f"follow:{WHO}:{STAMP}", Typed("/start"))
    assert ended == Incoming(CHANNEL, APP_ID, WHO, f"unfollow:{WHO}:{STAMP}", Blocked())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
WHOLE = [raw for raw, _reply in EVENTS] + [followed()]


@st.composite
def broken_events(draw: st.DrawFn) -> Any:
    """Draw an event in which something is something else."""
    broken = copy.deepcopy(draw(st.sampled_from(WHOLE)))
    place: Any = broken
    while isinstance(place, dict) and place:
        key = draw(st.sampled_from(sorted(place)))
        if not isinstance(place[key], dict) or draw(st.booleans()):
            place[key] = draw(JSON)
            break
        place = place[key]
    return broken


@settings(max_examples=500)
@given(broken_events())
def test_nothing_that_is_broken_raises(raw: dict[str, Any]) -> None:
    incoming = parse(raw, APP_ID)
    assert incoming is None or incoming.channel == CHANNEL


# --- whose an event is ---


def test_an_event_is_taken_that_is_signed_with_either_id_and_any_secret() -> None:
    body = json.dumps(event(text="Xin chào"), ensure_ascii=False).encode()
    ids, secrets = [APP_ID, OA_ID], ["old", OA_SECRET]
    for place_of_id, id_ in enumerate(ids):
        for place_of_secret, secret in enumerate(secrets):
            header = f"mac={mac(id_, body, STAMP, secret)}"
            assert signed_by(header, body, STAMP, ids, secrets) == (place_of_id, place_of_secret)
            assert signed_by(header.upper().replace("MAC", "mac"), body, STAMP, ids, secrets) is not None
            assert signed_by(header, body + b" ", STAMP, ids, secrets) is None
            assert signed_by(header, body, "1793000000001", ids, secrets) is None
    for header in ("", "mac=", "mac=ă", f"mac={mac(APP_ID, body, STAMP, 'guessed')}"):
        assert signed_by(header, body, STAMP, ids, secrets) is None


# --- what is sent ---


@settings(max_examples=100)
@given(st.text(st.sampled_from("aếê\u0301😀. \n\ud800"), max_size=5000), st.integers(0, 5), st.text(max_size=300))
def test_no_message_is_over_a_limit_and_the_buttons_are_under_the_last(text: str, buttons: int, label: str) -> None:
    shown = tuple(OutgoingButton(label or "x", f"c:{n}") for n in range(buttons))
    bodies = list(texts_of(Laid(text, shown), ()))
    for body in bodies:
        ZaloOaServer()._seen(body)
    assert all("attachment" not in body for body in bodies[:-1])
    assert (
        not bodies or len(bodies[-1].get("attachment", {"payload": {"buttons": ()}})["payload"]["buttons"]) == buttons
    )


def test_of_a_file_is_said_what_it_is_and_a_text_is_read_at_once() -> None:
    files: tuple[Attachment, ...] = (StoredFile("ab" * 32, "photo", "lop.jpg"), InlineFile("hoctap.txt", "Mọi thứ"))
    bodies = texts_of(Laid("Đây:"), [*map(file_told, files)])
    assert [body["text"] for body in bodies] == ["📷 lop.jpg", "📄 hoctap.txt\nMọi thứ", "Đây:"]


# --- what Zalo's numbers mean ---

LATER_FOR_ALL, LATER, GIVEN_UP = Later("", whole_bot=True), Later(""), Later("", tries=outcomes.TRIES_OF_UNKNOWN)
NUMBERS: dict[int, Outcome] = {
    **dict.fromkeys((-216, -220, -124), LATER_FOR_ALL),
    **dict.fromkeys((-219, -221, -224, -135, -136, -137, -321), LATER_FOR_ALL),
    **dict.fromkeys((-211, -144, -147, -1441), LATER_FOR_ALL),
    **dict.fromkeys((-234, -133), LATER),
    -230: OutsideWindow(""),
    **dict.fromkeys((-213, -217, -227, -114), BlockedByPerson("")),
    **dict.fromkeys((-244, -108), Rejected("", only_here=True)),
    **dict.fromkeys((-201, -210), Rejected("")),
    -32: Later("", whole_bot=True, too_many=True),
    **dict.fromkeys((-9999, 1, 404), GIVEN_UP),
}


@pytest.mark.parametrize(("number", "outcome"), NUMBERS.items())
def test_a_number_means_what_the_table_says(number: int, outcome: Outcome) -> None:
    found = outcomes.outcome_of(Refused(number, "words of Zalo"))
    assert not isinstance(found, Sent)
    assert str(number) in found.error
    assert _without_times(found) == outcome
    assert number in outcomes.MEANINGS or outcome == GIVEN_UP


def _without_times(outcome: Outcome) -> Outcome:
    match outcome:
        case Later(_, _, whole_bot, uncertain, too_many, tries):
            return Later("", None, whole_bot, uncertain, too_many, tries)
        case Rejected(_, only_here):
            return Rejected("", only_here)
        case OutsideWindow() | BlockedByPerson():
            return type(outcome)("")
        case _:
            return outcome


def test_every_number_of_the_table_has_a_test() -> None:
    assert set(outcomes.MEANINGS) <= set(NUMBERS)


def test_what_was_cut_off_may_have_been_taken_and_what_was_not_reached_was_not() -> None:
    assert outcomes.outcome_of(Unclear("cut off")) == Later("cut off", uncertain=True)
    unreached = outcomes.outcome_of(Unreachable("no"))
    assert isinstance(unreached, Later)
    assert unreached.whole_bot
    assert not unreached.uncertain


# --- an account, and a server that is as strict as Zalo ---


@dataclass
class Account:
    """An account that speaks to a server, with a clock that both look at."""

    zalo: ZaloOaServer
    database: Database
    folder: Path
    received: list[Incoming] = field(default_factory=list)
    moved: timedelta = timedelta()

    def __post_init__(self) -> None:
        self.files = FileStore(self.folder)

    def now(self) -> datetime:
        """Return the time."""
        return NOW + self.moved

    def another(self, given: str = FIRST_REFRESH_TOKEN) -> ZaloOa:
        """Return the account as another server, or this one after a restart, has it."""
        runtime = Runtime(self.database, CATALOGUES, self.now, ZONE)
        host = Host(
            Settings(
                zalo_oa_app_id=APP_ID, zalo_oa_secret=SecretStr(APP_SECRET), zalo_oa_refresh_token=SecretStr(given),
                zalo_oa_webhook_secret=SecretStr(f"an-old-one, {OA_SECRET}"), zalo_oa_api_url=self.zalo.url,
                zalo_oa_oauth_url=self.zalo.url,
            ),
            runtime, self.files, self._receive, {},
            FileLinks(runtime, self.files, "https://hoctap.example"),
        )  # fmt: skip
        return ZaloOa(host)

    async def pair(self) -> channel_tokens.TokenPair:
        """Return the pair that is kept."""
        async with self.database.reading() as connection:
            found = await channel_tokens.find(connection, CHANNEL, APP_ID)
        assert found is not None
        return found

    async def _receive(self, incoming: Any) -> None:
        self.received += incoming


@pytest.fixture
async def account(database: Database, tmp_path: Path) -> AsyncIterator[Account]:
    """An account whose first token was not used yet."""
    one = Account(ZaloOaServer(), database, tmp_path)
    one.zalo.clock = one.now
    async with one.zalo:
        one.zalo.give_refresh_token(FIRST_REFRESH_TOKEN)
        yield one


async def test_a_letter_goes_with_a_token_that_was_kept_before_it_was_used(account: Account) -> None:
    lan = account.zalo.person()
    lan.heard_at = account.now()
    bot = account.another()
    outgoing = Outgoing("Xin chào", ((OutgoingButton("Có", "a:1:yes"), OutgoingButton("Không", "a:1:no")),))
    assert await bot.send(lan.id, outgoing, None) == Sent()
    assert [*lan.inbox[0].buttons] == ["Có", "Không"]
    pair = await account.pair()
    assert pair.expires_at == account.now() + timedelta(hours=25)
    assert "token-" not in repr(pair)
    again = account.another()
    assert await again.send(lan.id, outgoing, None) == Sent()
    assert account.zalo.renewals == 1
    assert account.zalo.odd == []
    await bot.stop()
    await again.stop()


async def test_of_many_who_need_a_token_at_once_one_makes_it(account: Account) -> None:
    # A SQLite file has one server.
    bots = [account.another() for _ in range(1 if account.database.is_sqlite else 3)]
    found = await asyncio.gather(*(bot.tokens.access() for bot in bots for _ in range(5)))
    assert len({*found}) == 1
    assert account.zalo.renewals == 1
    account.zalo.revoke()
    account.zalo.give_refresh_token((await account.pair()).refresh)
    found = await asyncio.gather(*(bot.tokens.access(refused=found[0]) for bot in bots for _ in range(5)))
    assert len({*found}) == 1
    assert account.zalo.renewals == 2
    for bot in bots:
        await bot.stop()


async def test_a_token_is_renewed_when_five_of_its_hours_are_left(account: Account, monkeypatch: Any) -> None:
    monkeypatch.setattr("bot.channels.zalo_oa.tokens.LOOK_SECONDS", 0.001)
    bot = account.another()
    keeping = asyncio.create_task(bot.tokens.keep())
    await until(lambda: account.zalo.renewals == 1)
    account.moved = timedelta(hours=19, minutes=59)
    await asyncio.sleep(0.05)
    assert account.zalo.renewals == 1
    account.moved = timedelta(hours=20, minutes=1)
    await until(lambda: account.zalo.renewals == 2)
    keeping.cancel()
    await asyncio.wait([keeping])
    await bot.stop()


async def test_a_token_that_a_human_makes_anew_counts_and_an_old_one_does_no_harm(account: Account) -> None:
    bot = account.another()
    await bot.tokens.access()
    account.zalo.revoke(refresh_too=True)
    with pytest.raises(NoToken):
        await bot.tokens.access(refused=(await account.pair()).access)
    assert "the token cannot be renewed: -14014" in str(bot.trouble)
    account.zalo.give_refresh_token("made-by-a-human")
    mended = account.another("made-by-a-human")
    assert await mended.tokens.access() == (await account.pair()).access
    assert mended.trouble is None
    # Whoever puts the first one back into the settings, from a copy of long ago, goes on with what there is.
    restored = account.another(FIRST_REFRESH_TOKEN)
    await restored.tokens.access()
    assert restored.trouble is None
    for one in (bot, mended, restored):
        await one.stop()


async def test_a_refused_token_is_not_asked_for_again_and_again(account: Account) -> None:
    account.zalo.revoke(refresh_too=True)
    bot = account.another()
    for _ in range(3):
        assert isinstance(await bot.send(account.zalo.person().id, Outgoing("Xin chào"), None), Later)
    account.zalo.give_refresh_token(FIRST_REFRESH_TOKEN)
    with pytest.raises(NoToken):
        await bot.tokens.access()
    account.moved = timedelta(minutes=2)
    assert await bot.tokens.access()
    await bot.stop()


async def test_an_answer_is_free_for_two_days_paid_for_seven_and_then_there_is_none(account: Account) -> None:
    lan, bot = account.zalo.person(), account.another()
    lan.heard_at = account.now()
    account.moved = FREE
    assert await bot.send(lan.id, Outgoing("Xin chào"), None) == Sent()
    assert account.zalo.spent == 0
    account.moved = PAID
    assert await bot.send(lan.id, Outgoing("Xin chào"), None) == Sent()
    assert account.zalo.spent == 55
    account.moved = PAID + timedelta(seconds=1)
    assert isinstance(await bot.send(lan.id, Outgoing("Xin chào"), None), OutsideWindow)
    await bot.stop()


async def test_what_is_wrong_with_the_account_is_named_until_it_works_again(account: Account) -> None:
    lan, bot = account.zalo.person(), account.another()
    lan.heard_at = account.now()
    for fault in (Fault(-211), Fault(-221)):
        account.zalo.faults[:] = [fault]
        assert isinstance(await bot.send(lan.id, Outgoing("Xin chào"), None), Later)
        assert str(fault.code) in str(bot.trouble)
        assert await bot.send(lan.id, Outgoing("Xin chào"), None) == Sent()
        assert bot.trouble is None
    account.zalo.faults.append(Fault(cut=True, late=True))
    assert await bot.send(lan.id, Outgoing("Xin chào"), None) == Later("ServerDisconnectedError", uncertain=True)
    await bot.stop()


async def test_an_event_is_heard_once_it_is_proved_and_not_when_it_is_played_back(account: Account) -> None:
    lan, bot, zalo = account.zalo.person(), account.another(), account.zalo
    body = zalo.event(lan, "user_send_text", {"text": "Xin chào"})
    assert await bot.handle(zalo.signature(body), body) == 200
    assert await bot.handle("mac=00", body) == 403
    assert len(account.received) == 1
    account.moved = timedelta(days=3)
    assert await bot.handle(zalo.signature(body), body) == 200
    assert len(account.received) == 1
    for broken in (b"", b"[]", b"[" * 100_000, b'{"a":' * 100_000, b"\xff", b'{"a":"\xed\xa0\x80"}', b'"x"', b"{}"):
        assert await bot.handle("mac=00", broken) in {400, 403}
    await bot.stop()


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something to hold."""
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.001)


# --- files ---


def noise(side: int, kind: str) -> bytes:
    """Return a picture of which nothing can be left out."""
    made = BytesIO()
    Image.effect_noise((side, side), 200).convert("RGB").save(made, kind, quality=95)
    return made.getvalue()


async def test_a_picture_is_made_small_enough_and_a_document_goes_as_it_is(account: Account) -> None:
    lan, bot = account.zalo.person(), account.another()
    lan.heard_at = account.now()
    small, large, webp = noise(64, "PNG"), noise(1500, "JPEG"), noise(300, "WEBP")
    pdf = b"%PDF-1.4\n" + b"x" * 1000
    assert len(large) > MOST_IMAGE_BYTES
    kept = [await account.files.keep(content) for content in (small, large, webp, pdf)]
    files = tuple(StoredFile(one.digest, one.kind, f"tep {place}") for place, one in enumerate(kept))
    assert await bot.send(lan.id, Outgoing("Đây:", files=files), None) == Sent()
    sent = [seen.files[0] for seen in lan.inbox[:-1]]
    assert (sent[0], sent[3]) == (small, pdf)
    assert all(content.startswith(b"\xff\xd8") and len(content) <= MOST_IMAGE_BYTES for content in sent[1:3])
    assert lan.inbox[-1].text == "Đây:"
    assert account.zalo.odd == []
    await bot.stop()


async def test_what_zalo_does_not_carry_goes_behind_a_link(account: Account) -> None:
    async with account.database.writing() as connection:
        lan = account.zalo.person()
        await inbox.conversation_ids(connection, [(CHANNEL, APP_ID, lan.id)])
    lan.heard_at = account.now()
    bot = account.another()
    large = await account.files.keep(b"%PDF-1.4\n" + b"x" * MOST_FILE_BYTES)
    gone = StoredFile("ab" * 32, "photo", "lop.jpg")
    files = (StoredFile(large.digest, "document", "danh sach.pdf"), gone)
    assert await bot.send(lan.id, Outgoing("Đây:", files=files), None) == Sent()
    assert re.search(r"danh sach.pdf: https://hoctap.example/f/\S+\nMã để mở: \d{6} ", lan.inbox[0].text)
    assert account.zalo.odd == []
    await bot.stop()
