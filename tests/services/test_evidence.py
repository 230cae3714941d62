"""Fetching evidence from a channel: what is kept, what is tried again, and what the sender is told."""

import asyncio
import errno
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import delete, select

from bot.services.evidence import MOST_ATTEMPTS, NO_EVIDENCE, NOT_FETCHED, TOO_LARGE, EvidenceFetcher, about
from bot.services.files import MOST_BYTES, FileStore
from bot.services.sending import FileGone, FileNotNow, FileTooLarge
from bot.services.supervisor import Supervisor
from bot.store.tables import evidence
from flows.replies import SentFile
from flows.wording import Wording, render
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
    bell = commune.turns.letters_queued
    sources = {(source.channel, source.bot): source}
    return EvidenceFetcher(commune.database, sources, FileStore(folder), CATALOGUES, lambda: commune.now, bell)


async def sends(commune: Commune, *handles: str, kind: str = "photo") -> None:
    """Let Minh send files as evidence for question 2."""
    await commune.say("Minh", "sửa 2", "1")
    for handle in handles:
        await commune.together(("Minh", SentFile(kind, "lop.jpg", handle, "Lớp học")))
    await commune.deliver()


async def kept(commune: Commune) -> list[tuple[str, str, int]]:
    rows = await commune.rows(select(evidence.c.kind, evidence.c.source, evidence.c.attempts).order_by(evidence.c.id))
    return [tuple(row) for row in rows]


def words(wording: Wording) -> str:
    return render(wording, CATALOGUES["vi"])


def files_in(folder: Path) -> list[bytes]:
    return sorted(file.read_bytes() for file in folder.rglob("*") if file.is_file())


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
    rings = commune.turns.letters_queued.rings
    assert await fetcher(commune, ScriptedSource(answer), tmp_path).run_once() == 1
    assert await kept(commune) == []
    assert files_in(tmp_path) == []
    assert await commune.texts("Minh") == [words(about(2, told))]
    assert commune.turns.letters_queued.rings > rings


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
    assert await commune.texts("Minh") == [words(about(2, NOT_FETCHED))]


async def test_how_long_a_file_rests_is_forgotten_when_it_may_be_tried_again(commune: Commune, tmp_path: Path) -> None:
    await sends(commune, "file-1")
    fetching = fetcher(commune, ScriptedSource(FileNotNow()), tmp_path)
    await fetching.run_once()
    assert len(fetching._not_before) == 1
    async with commune.database.writing() as connection:
        await connection.execute(delete(evidence))  # whoever sent it is erased meanwhile
    fetching._not_before = dict.fromkeys(fetching._not_before, 0.0)
    await fetching.run_once()
    assert fetching._not_before == {}


async def test_one_that_cannot_be_had_now_keeps_no_other_waiting(commune: Commune, tmp_path: Path) -> None:
    await sends(commune, "file-1", "file-2")
    assert await fetcher(commune, ScriptedSource(FileNotNow(), PDF), tmp_path).run_once() == 1
    assert [row[0] for row in await kept(commune)] == ["photo", "document"]


async def test_it_is_said_in_the_language_of_the_sender(commune: Commune, tmp_path: Path) -> None:
    await commune.say("Minh", "/language", "english")
    await sends(commune, "file-1")
    await fetcher(commune, ScriptedSource(FileGone()), tmp_path).run_once()
    assert render(about(2, NOT_FETCHED), CATALOGUES["vi"]).startswith("Câu 2: ")
    assert await commune.texts("Minh") == [render(about(2, NOT_FETCHED), CATALOGUES["en"])]


async def test_files_of_another_bot_are_left_to_it(commune: Commune, tmp_path: Path) -> None:
    await sends(commune, "file-1")
    source = ScriptedSource(JPEG)
    source.bot = "2"
    assert await fetcher(commune, source, tmp_path).run_once() == 0
    assert source.asked == []


async def test_of_somebody_who_is_erased_while_a_file_is_fetched_nothing_is_kept(
    commune: Commune, tmp_path: Path
) -> None:
    await sends(commune, "file-1")
    source = ScriptedSource(JPEG)
    source.meanwhile = lambda: commune.say("Minh", "/privacy", "xoá", "xoá hết")
    await fetcher(commune, source, tmp_path).run_once()
    assert await kept(commune) == []
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
