"""Fetching evidence from a channel: what is kept, what is tried again, and what the sender is told."""

import asyncio
import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from bot.services.evidence import (
    IDLE_SECONDS,
    MOST_ATTEMPTS,
    NO_EVIDENCE,
    NOT_FETCHED,
    SECONDS_MISSED,
    TOO_LARGE,
    EvidenceFetcher,
    not_kept,
)
from bot.services.files import MOST_BYTES, FileStore
from bot.services.housekeeping import Housekeeper
from bot.services.sending import FileGone, FileNotNow, FileTooLarge
from bot.services.supervisor import Supervisor
from bot.store.core.tables import conversations, evidence
from flows.conversation.messages import rendered
from flows.conversation.replies import SentFile
from flows.words.wording import Wording
from tests.commune import BOT, CHANNEL, Commune
from tests.sample import CATALOGUES
from tests.services.test_files import GIF, JPEG, PDF


class ScriptedSource:
    """A channel that answers with what its script says: content, or why there is none."""

    channel, bot = CHANNEL, BOT

    def __init__(self, *script: bytes | Exception) -> None:
        self.script = list(script)
        self.asked: list[tuple[str, int]] = []
        self.meanwhile: Callable[[], object] = lambda: None

    async def fetch(self, source: str, most: int) -> bytes:
        """Answer with what is next."""
        self.asked.append((source, most))
        answer = self.script.pop(0)
        if asyncio.iscoroutine(happened := self.meanwhile()):
            await happened
        if isinstance(answer, Exception):
            raise answer
        return answer


def fetcher(commune: Commune, source: ScriptedSource, folder: Path) -> EvidenceFetcher:
    return EvidenceFetcher(commune.runtime, FileStore(folder), {(source.channel, source.bot): source})


async def sends(commune: Commune, *handles: str, kind: str = "photo") -> None:
    """Let Minh send files as evidence for question 2."""
    await commune.say("Minh", "sửa 2", "1")
    for handle in handles:
        await commune.together(("Minh", SentFile(kind, "lop.jpg", handle, "Lớp học")))
    await commune.deliver()


async def kept(commune: Commune) -> list[tuple[str, str, int]]:
    rows = await commune.rows(select(evidence.c.kind, evidence.c.source, evidence.c.attempts).order_by(evidence.c.id))
    return [tuple(row) for row in rows]


def told_about(number: int, why: Wording, language: str = "vi") -> str:
    return rendered(not_kept(1, number, why), CATALOGUES[language]).text


def files_in(folder: Path) -> list[bytes]:
    return sorted(file.read_bytes() for file in folder.rglob("*") if file.is_file())


def make_old(folder: Path, kept_at: float) -> None:
    """Let all files look as if they were kept at a moment."""
    for file in folder.rglob("*"):
        os.utime(file, (0, kept_at))


async def test_a_file_is_kept_and_called_what_its_content_shows(commune: Commune, tmp_path: Path) -> None:
    await sends(commune, "file-1", "file-2")
    source = ScriptedSource(JPEG, PDF)
    assert await fetcher(commune, source, tmp_path).run_once() == 2
    assert source.asked == [("file-1", MOST_BYTES), ("file-2", MOST_BYTES)]
    assert [(kind, src.startswith("sha256:")) for kind, src, _ in await kept(commune)] == [
        ("photo", True),
        ("document", True),
    ]
    assert files_in(tmp_path) == sorted([JPEG, PDF])
    assert await commune.texts("Minh") == []


async def test_a_file_is_fetched_as_soon_as_it_is_given_and_not_looked_for_at_every_word(
    commune: Commune, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.services.evidence.IDLE_SECONDS", 3600.0)
    fetched = asyncio.Event()
    source = ScriptedSource(JPEG)
    source.meanwhile = fetched.set
    given = commune.turns.evidence_given
    fetching = asyncio.create_task(fetcher(commune, source, tmp_path).run(given, Supervisor()))
    await commune.say("Minh", "sửa 2", "1", "/status")
    assert given.rings == 0
    await sends(commune, "file-1")
    async with asyncio.timeout(20):
        await fetched.wait()
    fetching.cancel()
    await asyncio.wait([fetching])


async def test_what_is_kept_already_is_not_fetched_again(commune: Commune, tmp_path: Path) -> None:
    await sends(commune, "file-1", f"sha256:{'a' * 64}")
    source = ScriptedSource(JPEG)
    fetching = fetcher(commune, source, tmp_path)
    assert [await fetching.run_once() for _time in range(2)] == [1, 0]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (FileTooLarge(), TOO_LARGE),
        (JPEG.ljust(MOST_BYTES + 1, b"\0"), NO_EVIDENCE),
        (GIF, NO_EVIDENCE),
        (b"", NO_EVIDENCE),
        (FileGone(), NOT_FETCHED),
    ],
)
async def test_what_cannot_be_had_is_taken_away_and_said_to_its_sender(
    commune: Commune, tmp_path: Path, answer: bytes | Exception, told: Wording
) -> None:
    await sends(commune, "file-1")
    rings = commune.runtime.letters_queued.rings
    assert await fetcher(commune, ScriptedSource(answer), tmp_path).run_once() == 1
    assert await kept(commune) == []
    assert files_in(tmp_path) == []
    assert await commune.texts("Minh") == [told_about(2, told)]
    assert commune.runtime.letters_queued.rings > rings


async def test_what_is_sent_again_goes_to_its_question_wherever_its_sender_is_by_now(
    commune: Commune, tmp_path: Path
) -> None:
    await sends(commune, "file-1")
    await commune.say("Minh", "xong")
    await commune.deliver()
    await fetcher(commune, ScriptedSource(GIF), tmp_path).run_once()
    await commune.press("Minh", await commune.payload("Minh", "c:evidence:"))
    (asked,) = await commune.texts("Minh")
    assert asked.startswith("Câu 2: có ảnh, giấy tờ gì")
    await commune.together(("Minh", SentFile("photo", "lop.jpg", "file-2")))
    given = await commune.rows(select(evidence.c.indicator_id, evidence.c.source))
    assert [tuple(row) for row in given] == [("study-plan", "file-2")]


@pytest.mark.parametrize("payload", ["c:evidence:1:2", "c:evidence:2:99", "c:evidence:2:0", "c:evidence:2"])
async def test_a_forged_button_to_send_again_leads_nowhere(commune: Commune, payload: str) -> None:
    await commune.say("Minh", "sửa 2")
    await commune.deliver()
    await commune.press("Minh", payload)
    (said,) = await commune.texts("Minh")
    assert "có ảnh, giấy tờ gì" not in said


async def test_nothing_is_sent_again_for_a_form_that_is_handed_in(commune: Commune) -> None:
    await commune.deliver()
    await commune.press("Lan", "c:evidence:1:2")
    (said,) = await commune.texts("Lan")
    assert "không sửa được" in said


async def test_a_folder_that_cannot_be_written_to_is_named_until_it_can(commune: Commune, tmp_path: Path) -> None:
    await sends(commune, "file-1", "file-2")
    folder = tmp_path / "evidence"
    folder.write_text("in the way")
    fetching = fetcher(commune, ScriptedSource(JPEG, PDF, JPEG), folder)
    assert await fetching.run_once() == 0
    assert fetching.trouble == "a file cannot be kept: Not a directory"
    assert [row[2] for row in await kept(commune)] == [1, 1]
    assert await fetching.run_once() == 0  # not asked for again at once
    folder.unlink()
    await sends(commune, "file-3")
    assert await fetching.run_once() == 1
    assert fetching.trouble is None


@pytest.mark.parametrize("error", [FileNotNow(), TimeoutError(), OSError(errno.ENOSPC, "No space left on device")])
async def test_what_cannot_be_had_now_is_tried_again_before_it_is_said(
    commune: Commune, tmp_path: Path, error: Exception
) -> None:
    await sends(commune, "file-1")
    for attempt in range(MOST_ATTEMPTS):
        assert [row[2] for row in await kept(commune)] == [attempt]
        assert await commune.texts("Minh") == []
        # A new process each time: how long one waits in between is not what is looked at here.
        await fetcher(commune, ScriptedSource(error), tmp_path).run_once()
    assert await kept(commune) == []
    assert await commune.texts("Minh") == [told_about(2, NOT_FETCHED)]


async def test_one_that_cannot_be_had_now_keeps_no_other_waiting(commune: Commune, tmp_path: Path) -> None:
    await sends(commune, "file-1", "file-2")
    assert await fetcher(commune, ScriptedSource(FileNotNow(), PDF), tmp_path).run_once() == 1
    assert [row[0] for row in await kept(commune)] == ["photo", "document"]


async def test_it_is_said_in_the_language_of_the_sender(commune: Commune, tmp_path: Path) -> None:
    await commune.say("Minh", "/language", "english")
    await sends(commune, "file-1")
    await fetcher(commune, ScriptedSource(FileGone()), tmp_path).run_once()
    assert told_about(2, NOT_FETCHED).startswith("Câu 2: ")
    assert await commune.texts("Minh") == [told_about(2, NOT_FETCHED, "en")]


async def test_files_of_another_bot_are_left_to_it(commune: Commune, tmp_path: Path) -> None:
    await sends(commune, "file-1")
    source = ScriptedSource(JPEG)
    source.bot = "2"
    assert await fetcher(commune, source, tmp_path).run_once() == 0
    assert source.asked == []


async def test_many_files_of_another_bot_keep_no_other_waiting(commune: Commune, tmp_path: Path) -> None:
    """As after a change of the bot: what the old one held is never fetched."""
    await sends(commune, "file-1")
    async with commune.database.writing() as connection:
        (row,) = (await connection.execute(select(evidence))).mappings().all()
        chat = {"channel": CHANNEL, "bot": "old", "address": "Minh"}
        old = (await connection.execute(insert(conversations).values(chat).returning(conversations.c.id))).scalar_one()
        for number in range(30):
            changes = {"id": number - 100, "conversation_id": old, "source": f"old-{number}"}
            await connection.execute(insert(evidence).values({**row, **changes}))
    assert await fetcher(commune, ScriptedSource(JPEG), tmp_path).run_once() == 1


async def test_what_rests_is_not_asked_for_and_keeps_no_other_waiting(commune: Commune, tmp_path: Path) -> None:
    await sends(commune, *(f"file-{number}" for number in range(3)))
    source = ScriptedSource(FileNotNow(), ValueError("a bug"), PDF, JPEG)
    fetching = fetcher(commune, source, tmp_path)
    assert [await fetching.run_once() for _time in range(2)] == [1, 0]
    assert len(source.asked) == 3
    assert fetching.trouble == "a file cannot be fetched: ValueError"
    assert len(fetching._rests) == 2


async def test_a_trouble_that_nothing_waits_for_any_more_is_forgotten(commune: Commune, tmp_path: Path) -> None:
    await sends(commune, "file-1", "file-2")
    folder = tmp_path / "evidence"
    folder.write_text("in the way")
    now = 0.0
    sources = {(CHANNEL, BOT): ScriptedSource(JPEG, JPEG, FileGone(), JPEG)}
    fetching = EvidenceFetcher(commune.runtime, FileStore(folder), sources, lambda: now)
    await fetching.run_once()
    now += IDLE_SECONDS
    assert fetching.trouble is not None
    assert await fetching.run_once() == 1, "one is given up, the other waits"
    assert fetching.trouble is not None
    assert len(fetching._rests) == 1
    now += 2 * IDLE_SECONDS + SECONDS_MISSED  # it was erased, or another instance fetches it
    assert fetching.trouble is None
    assert fetching._rests == {}


async def test_a_few_files_are_fetched_at_once(commune: Commune, tmp_path: Path) -> None:
    class Gathering(ScriptedSource):
        """Answers once so many are asked for at the same time."""

        async def fetch(self, source: str, most: int) -> bytes:
            self.asked.append((source, most))
            while len(self.asked) < 5:
                await asyncio.sleep(0.001)
            return JPEG + source.encode()

    await sends(commune, *(f"file-{number}" for number in range(5)))
    assert await asyncio.wait_for(fetcher(commune, Gathering(), tmp_path).run_once(), 20) == 5


async def test_of_somebody_who_is_erased_while_a_file_is_fetched_nothing_is_kept(
    commune: Commune, tmp_path: Path
) -> None:
    await sends(commune, "file-1")
    source = ScriptedSource(JPEG)
    source.meanwhile = lambda: commune.say("Minh", "/privacy", "xoá", "xoá hết")
    await fetcher(commune, source, tmp_path).run_once()
    assert await kept(commune) == []
    assert files_in(tmp_path) == [JPEG]  # somebody else may have just sent the same
    make_old(tmp_path, commune.now.timestamp() - 90_000)
    await Housekeeper(commune.database, FileStore(tmp_path), lambda: commune.now).run_once()
    assert files_in(tmp_path) == []


async def test_a_file_that_somebody_else_sent_too_stays_when_its_second_sender_is_erased(
    commune: Commune, tmp_path: Path
) -> None:
    await commune.say("Lan", "rút lại", "sửa 2", "1")
    await commune.together(("Lan", SentFile("photo", "lop.jpg", "file-0")))
    await fetcher(commune, ScriptedSource(JPEG), tmp_path).run_once()
    await sends(commune, "file-1")
    source = ScriptedSource(JPEG)
    source.meanwhile = lambda: commune.say("Minh", "/privacy", "xoá", "xoá hết")
    await fetcher(commune, source, tmp_path).run_once()
    assert files_in(tmp_path) == [JPEG]
