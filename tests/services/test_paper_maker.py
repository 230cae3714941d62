"""Papers asked for in chats: made once, sent once, whatever comes in between."""

import asyncio
import errno
from io import BytesIO
from pathlib import Path

import pytest
from docx import Document
from sqlalchemy import func, select, update

from bot.services.files import FileStore, Kept
from bot.services.housekeeping import Housekeeper
from bot.services.paper_maker import MOST_ATTEMPTS, PaperMaker
from bot.services.supervisor import Supervisor
from bot.store.core.tables import conversation_people, conversations, paper_files, papers, roles, titles
from flows.conversation.messages import Outgoing, StoredFile
from tests.commune import Commune, commune
from tests.documents.test_docx import text_of
from tests.services.test_decided_papers import decided, met

__all__ = ["commune"]


@pytest.fixture
def files(tmp_path: Path) -> FileStore:
    """An empty store of files."""
    return FileStore(tmp_path / "files")


class FullDisk(FileStore):
    """A store on a disk that is full."""

    async def keep(self, content: bytes) -> Kept:
        """Fail."""
        raise OSError(errno.ENOSPC, "No space left on device")


async def make_all(maker: PaperMaker) -> None:
    """Make everything that waits."""
    while await maker.run_once():
        pass


def sent_files(letters: list[Outgoing]) -> list[StoredFile]:
    """Return the files of some letters."""
    return [file for letter in letters for file in letter.files if isinstance(file, StoredFile)]


async def ready_to_ask(commune: Commune) -> None:
    """Let Trường have closed his village, with everything read that was said."""
    await met(commune)
    await commune.deliver()


async def test_what_comes_is_what_was_asked_for(commune: Commune, files: FileStore) -> None:
    await ready_to_ask(commune)
    await commune.say("Trường", "/papers", "biên bản")
    await commune.deliver()
    await make_all(PaperMaker(commune.runtime, files))
    pdf, docx = sent_files(await commune.read("Trường"))
    assert (pdf.name, docx.name) == (
        "bien-ban-hop-chi-hoi-thon-dong-2026.pdf",
        "bien-ban-hop-chi-hoi-thon-dong-2026.docx",
    )
    said = await files.read(docx.digest)
    assert said is not None
    assert "Nguyễn Thị Lan" in text_of(Document(BytesIO(said)))
    assert (await files.read(pdf.digest) or b"").startswith(b"%PDF-")


async def test_on_a_shared_phone_a_paper_says_who_asked_for_it(commune: Commune, files: FileStore) -> None:
    lan, minh = await commune.form("Lan"), await commune.form("Minh")
    (chat,) = await commune.column(select(conversations.c.id).where(conversations.c.address == "Lan"))
    async with commune.database.writing() as connection:
        for place, form in enumerate((lan, minh)):
            row = {"conversation_id": chat, "person_id": form.person_id, "place": place}
            await connection.execute(conversation_people.insert().values(row))
    await commune.say("Lan", "/papers", "phiếu của tôi")
    async with commune.database.writing() as connection:
        moved_on = update(conversations).where(conversations.c.id == chat).values(person_id=minh.person_id)
        await connection.execute(moved_on)
    await commune.deliver()
    await commune.read("Lan")
    await make_all(PaperMaker(commune.runtime, files))
    (said,) = await commune.texts("Lan")
    assert said.startswith("👤 Nguyễn Thị Lan\n")


async def test_asked_twice_at_once_it_is_made_once(commune: Commune, files: FileStore) -> None:
    await ready_to_ask(commune)
    for _time in range(2):
        await commune.say("Trường", "/papers", "biên bản")
    assert await commune.count(papers) == 1
    await commune.deliver()
    await asyncio.gather(*(make_all(PaperMaker(commune.runtime, files)) for _instance in range(2)))
    assert len(sent_files(await commune.read("Trường"))) == 2
    await commune.say("Trường", "/papers", "biên bản")
    assert await commune.count(papers) == 2


class Dying(FileStore):
    """A store in the middle of whose work the process ends."""

    async def keep(self, content: bytes) -> Kept:
        """End."""
        await super().keep(content)
        raise SystemExit


async def test_killed_before_it_is_sent_it_is_made_anew_and_sent_once(commune: Commune, tmp_path: Path) -> None:
    await ready_to_ask(commune)
    await commune.say("Trường", "/papers", "biên bản")
    await commune.deliver()
    with pytest.raises(SystemExit):
        await PaperMaker(commune.runtime, Dying(tmp_path)).run_once()
    assert await commune.read("Trường") == []
    await make_all(PaperMaker(commune.runtime, FileStore(tmp_path)))
    assert len(sent_files(await commune.read("Trường"))) == 2
    await make_all(PaperMaker(commune.runtime, FileStore(tmp_path)))
    assert await commune.read("Trường") == []


async def test_a_full_disk_is_told_once_and_the_paper_comes_later(commune: Commune, tmp_path: Path) -> None:
    await ready_to_ask(commune)
    await commune.say("Trường", "/papers", "biên bản")
    await commune.deliver()
    clock = [0.0]
    supervisor = Supervisor(lambda: clock[0])
    full = PaperMaker(commune.runtime, FullDisk(tmp_path), supervisor)
    for _attempt in range(3):
        await full.run_once()
        clock[0] += 700
        await full.run_once()
    assert await commune.texts("Trường") == ["Hiện chưa lập được giấy này. Hệ thống sẽ làm lại và gửi tại đây."]
    assert any(name.startswith("paper ") and "PaperUnkept" in why for name, why in supervisor.failing().items())
    clock[0] += 700
    await make_all(PaperMaker(commune.runtime, FileStore(tmp_path), supervisor))
    assert len(sent_files(await commune.read("Trường"))) == 2
    assert supervisor.failing() == {}


async def test_what_can_never_be_made_is_given_up_and_told(commune: Commune, tmp_path: Path) -> None:
    await ready_to_ask(commune)
    await commune.say("Trường", "/papers", "biên bản")
    await commune.deliver()
    clock = [0.0]
    full = PaperMaker(commune.runtime, FullDisk(tmp_path), Supervisor(lambda: clock[0]))
    for _attempt in range(MOST_ATTEMPTS + 2):
        await full.run_once()
        clock[0] += 700
    assert (await commune.texts("Trường"))[1:] == [
        "Không lập được giấy này. Người quản trị hệ thống đã được báo; xin yêu cầu lại sau."
    ]
    assert await commune.count(papers, papers.c.settled_at.is_(None)) == 0


async def test_who_lost_the_role_between_asking_and_making_gets_nothing(commune: Commune, files: FileStore) -> None:
    await ready_to_ask(commune)
    await commune.say("Trường", "/papers", "biên bản")
    await commune.deliver()
    async with commune.database.writing() as connection:
        await connection.execute(update(roles).values(role="committee"))
    await make_all(PaperMaker(commune.runtime, files))
    (letter,) = await commune.read("Trường")
    assert (letter.text, letter.files) == ("Giấy tờ đã yêu cầu không được lập: nhiệm vụ đã thay đổi.", ())


async def test_many_certificates_come_in_parts_with_their_progress(commune: Commune, files: FileStore) -> None:
    await decided(commune)
    async with commune.database.writing() as connection:
        row = dict((await connection.execute(select(titles))).mappings().one())
        del row["id"]
        more = [{**row, "number": n, "code": f"code{n}", "name": f"Nguyễn Văn {n}"} for n in range(2, 61)]
        await connection.execute(titles.insert(), more)
    await commune.deliver()
    await commune.say("Chủ", "/papers", "giấy chứng nhận", "cả xã Thần Khê")
    await commune.deliver()
    await make_all(PaperMaker(commune.runtime, files, part=40))
    letters = await commune.read("Chủ")
    assert [letter.text for letter in letters if letter.topic] == [
        "Đang làm 60 giấy chứng nhận …",
        "Đang làm 60 giấy chứng nhận: đã xong 40 …",
    ]
    assert [file.name for file in sent_files(letters)] == [
        "giay-chung-nhan-de-in-xa-than-khe-2026-1.pdf",
        "giay-chung-nhan-de-in-xa-than-khe-2026-2.pdf",
    ]


async def test_a_paper_leaves_after_a_day_with_its_files(commune: Commune, files: FileStore) -> None:
    await ready_to_ask(commune)
    await commune.say("Trường", "/papers", "biên bản")
    await make_all(PaperMaker(commune.runtime, files))
    digests = await commune.column(select(paper_files.c.digest))
    assert len(digests) == 2
    commune.now = commune.now.replace(day=commune.now.day + 3)
    await Housekeeper(commune.database, files, lambda: commune.now).run_once()
    assert await commune.column(select(func.count()).select_from(papers)) == [0]
    assert await commune.count(paper_files) == 0


async def test_who_is_erased_leaves_no_paper_that_was_asked_for(commune: Commune, files: FileStore) -> None:
    await commune.say("Lan", "/papers", "1")
    await make_all(PaperMaker(commune.runtime, files))
    assert await commune.count(papers) == 1
    await commune.say("Lan", "/privacy", "xóa dữ liệu", "xóa hết")
    assert await commune.count(papers) == 0
    assert await commune.count(paper_files) == 0
