"""An Official Account while the power fails again and again, and Zalo with it: forms, and a notice to thousands."""

import asyncio
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from bot.delivery.flight import NOTICES_IN_FLIGHT
from tests.system.broadcast import NEVER_QUIET, NOTICE, to_a_commune
from tests.system.commune import VILLAGE, set_up, sqlite_in
from tests.system.process import HURRIED_HOCTAP, Deployment
from tests.zalo_oa import APP_ID, OaPerson, ZaloOaServer, settings_for
from tests.zalo_oa.server import Fault

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900)]

SEED = 20261104
RESIDENTS, RECIPIENTS, KILLS = 40, 3_000, 20
QUESTIONS = 10
# So many of a thousand calls fail: before they were done, after, and in ways that are told.
FAULTS = (
    (10, Fault(cut=True)), (10, Fault(cut=True, late=True)), (10, Fault(status=500)),
    (10, Fault(status=502, late=True)), (5, Fault(-32)), (5, Fault(-9999)), (3, Fault(-216)),
)  # fmt: skip


def troubled(random: Random) -> Fault | None:
    """Return what goes wrong with a call, if anything."""
    chance = random.randrange(1000)
    for share, fault in FAULTS:
        if chance < share:
            return fault
        chance -= share
    return None


def on_zalo(folder: Path, zalo: ZaloOaServer) -> Deployment:
    deployment = Deployment(folder, {"DATABASE_URL": sqlite_in(folder), **NEVER_QUIET}, HURRIED_HOCTAP)
    deployment.settings |= settings_for(zalo)
    zalo.webhook = f"{deployment.url}/zalo/oa"
    zalo.patient = True
    return deployment


async def killed_again_and_again(deployment: Deployment, random: Random, times: int, longest: float) -> None:
    for _ in range(times):
        serving = await deployment.serve()
        await asyncio.sleep(random.uniform(0.1, longest))
        await serving.kill()


async def _lives(person: OaPerson, levels: list[int]) -> None:
    """Register and hand a form in. Whoever is not answered waits; nobody says anything twice."""

    async def says(text: str, *wanted: str) -> str:
        """Say something, and return which of what is wanted comes."""
        before = len(person.inbox)

        def came() -> list[str]:
            shown = "\n".join("\n".join((seen.text, *seen.buttons)) for seen in person.inbox[before:])
            return [one for one in wanted if one in shown]

        person.type(text)
        await person.until(lambda: bool(came()), 240)
        return came()[0]

    await says(f"v-{VILLAGE}", "chọn ngôn ngữ")
    await says("tiếng việt", "có đồng ý không")
    await says("đồng ý", "họ và tên")
    await says("Nguyễn Thị Lan", "năm sinh")
    await says("1975", "Đăng ký tham gia")
    await says("có", "thuộc nhóm nào")
    await says("1", "Thông tin trên có đúng không")
    await says("đúng hết rồi", "Bắt đầu làm phiếu")
    await says("bắt đầu làm phiếu", f"1/{QUESTIONS} · ")
    for number, level in enumerate(levels, 1):
        after = f"{number + 1}/{QUESTIONS} · " if number < QUESTIONS else "Đã trả lời đủ"
        if await says(str(level), after, "làm minh chứng") != after:
            await says("bỏ qua", after)
    await says("nộp phiếu", "Đã nộp phiếu")


async def test_whatever_dies_no_answer_is_lost_or_doubled(tmp_path: Path) -> None:
    random = Random(SEED)
    async with ZaloOaServer(twice=True) as zalo:
        deployment = on_zalo(tmp_path, zalo)
        zalo.trouble = lambda: troubled(random)
        await set_up(deployment)
        people = {zalo.person().id: [random.choice((1, 2)) for _ in range(QUESTIONS)] for _ in range(RESIDENTS)}
        lives = [asyncio.create_task(_lives(zalo.people[id_], levels)) for id_, levels in people.items()]
        await killed_again_and_again(deployment, random, KILLS, 4.0)
        serving = await deployment.serve()
        await asyncio.gather(*lives)
        await serving.stop()
        assert zalo.odd == []
        print(f"\n{zalo.redelivered} events brought again, {zalo.ambiguous} calls of which nobody knows")
    with closing(sqlite3.connect(deployment.folder / "hoctap.db")) as database:
        answered = database.execute(
            "SELECT c.address, count(DISTINCT n.indicator_id), a.state FROM conversations c"
            " JOIN assessments a ON a.person_id = c.person_id JOIN answers n ON n.assessment_id = a.id"
            " WHERE c.channel = 'zalo-oa' GROUP BY c.address, a.id"
        ).fetchall()
        waiting = database.execute("SELECT count(*) FROM inbox WHERE done_at IS NULL").fetchone()
    assert sorted(answered) == sorted((id_, QUESTIONS, "submitted") for id_ in people)
    assert waiting == (0,)


async def test_whatever_dies_nobody_gets_a_notice_twice_and_nobody_is_forgotten(tmp_path: Path) -> None:
    random = Random(SEED)
    async with ZaloOaServer() as zalo:
        deployment = on_zalo(tmp_path, zalo)
        await set_up(deployment)
        crowd = [zalo.person() for _ in range(RECIPIENTS)]
        for person in crowd:
            person.heard_at = zalo.now()
        async with to_a_commune(deployment.settings["DATABASE_URL"], crowd, ("zalo-oa", APP_ID)) as broadcast:
            await broadcast.write()
            zalo.trouble = lambda: troubled(random)
            async with broadcast.watched():
                await killed_again_and_again(deployment, random, KILLS, 1.0)
                serving = await deployment.serve()
                ended = await broadcast.until(lambda look: look.ended, 300)
            ledger = await broadcast.ledger()
            await serving.stop()
        assert broadcast.wrong == []
        assert ended.recipients == RECIPIENTS
        assert ended.settled == RECIPIENTS
        got = Counter({person.id: sum(NOTICE in seen.text for seen in person.inbox) for person in crowd})
        assert max(got.values()) == 1
        lost = [id_ for id_, state in ledger.items() if state == "sent" and not got[str(id_)]]
        assert lost == []
        assert ended.counts["uncertain"] <= zalo.ambiguous + KILLS * NOTICES_IN_FLIGHT
        assert zalo.odd == []
        print(f"\n{dict(ended.counts)}, {zalo.ambiguous} calls of which nobody knows, {zalo.renewals} pairs of tokens")
