"""“Everything kept about you” is true: each column of each table that concerns a person is in the file."""

import re
from datetime import date, timedelta

from msgspec.json import encode
from msgspec.structs import replace
from sqlalchemy import insert, select, update

from bot.store.core import tables, trail
from bot.store.core.chain import Entry
from bot.store.core.tables import conversations, metadata, notice_reports, notices, outbox
from bot.store.households import household_asks, households
from flows.conversation.messages import InlineFile
from flows.conversation.replies import SentFile
from flows.domain.closings import Minutes
from tests.commune import BOT, CHANNEL, Commune

MINUTES = Minutes(
    day=date(2026, 10, 1), place="Nhà văn hóa thôn Đoài", chair="Trần Văn Trường", secretary="Lê Thị Thư", present=10,
    members=12, votes_for=10,
)  # fmt: skip
# How the file tells what a column has of Lan, as `sets_everything` sets it.
TOLD = {
    "people": {
        "name": "Họ và tên: Nguyễn Thị Lan",
        "birth_year": "Năm sinh: 1975",
        "unit_id": "Nơi đăng ký: thôn Đông, xã Thần Khê",
        "group": "Nhóm nghề nghiệp: Nông dân",
        "representative": "Cha, mẹ hoặc người giám hộ: Đỗ Thị Thu",
        "helper": "Người làm hộ: Trần Văn Tám",
        "publishes": "Danh sách niêm yết: có nêu tên",
        "household_id": "Cùng hộ với: Vũ Thị Hạnh",
        "created_at": r"Đăng ký từ: 01/10/2026 08:\d\d",
    },
    "household_asks": {"asked_at": "Đã hỏi có ở cùng hộ không:\n• 01/10/2026 10:15: Lê Văn Minh"},
    "conversations": {
        "channel": "• Telegram, mã số Lan,",
        "address": "mã số Lan,",
        "language": "ngôn ngữ: Tiếng Việt",
        "blocked_at": "đã chặn 01/10/2026 10:15",
        "heard_at": "lần nhắn cuối còn ghi lúc nào",
        "consented": r"Đồng ý cho lưu dữ liệu \(bản 2026.2\): có",
        "session": "• phần đang điền dở trong cuộc trò chuyện",
    },
    "conversation_people": {"session": "• phần đang điền dở trong cuộc trò chuyện"},
    "joined_people": {
        "session": "• phần đang điền dở trong cuộc trò chuyện",
        "letters_to": "; tin gửi đến đây",
    },
    "joined_chats": {"since": "; nối từ 01/10/2026 10:15", "used_at": "dùng lần cuối 01/10/2026 10:15"},
    "join_codes": {"made_at": "• mã nối, trong ít phút"},
    "join_misses": {"misses": "số lần gõ sai mã, trong một giờ"},
    "consents": {
        "about": r"Đồng ý nêu tên trên danh sách niêm yết \(bản 2026.1\): có, 01/10/2026 10:15",
        "text_version": r"\(bản 2026.2\)",
        "given": r"\(bản 2026.2\): có",
        "given_by": "Người đại diện Đỗ Thị Thu đồng ý",
        "how": "    Do người làm hộ ghi: ký giấy ngày 30/09/2026",
        "given_on": "ngày 30/09/2026",
        "witness": "người chứng kiến: Lò Văn Páo",
        "at": r"\(bản 2026.2\): có, 01/10/2026 08:\d\d",
    },
    "roles": {
        "role": "• Chi hội trưởng, thôn Đoài",
        "unit_id": "thôn Đoài, xã Thần Khê, từ",
        "since": "từ 01/10/2026 10:15",
        "until": "    Thời hạn đến hết ngày 31/12/2030.",
        "away_until": "    Vắng đến hết ngày 10/10/2026",
    },
    "invitations": {
        "role": "Lời mời đã tạo:\n• Chi hội trưởng, thôn Đông",
        "unit_id": "• Chi hội trưởng, thôn Đông, xã Thần Khê, đến",
        "expires": "đến 02/10/2026 10:15",
        "used_at": "đã dùng 01/10/2026 10:15",
        "until": r"đã dùng 01/10/2026 10:15\n    Thời hạn đến hết ngày 31/12/2030\.",
    },
    "assessments": {
        "round_id": "Đợt 2026: ",
        "unit_id": "Thuộc: thôn Đông",
        "pin": "Mẫu phiếu: Công dân học tập, bản ",
        "state": "Đợt 2026: được chi hội trả lại để sửa",
        "total": r"\(\d+ điểm\)\.",
        "reason": "Lý do: Câu 2 chưa rõ",
        "begun_at": r"Bắt đầu: 01/10/2026 08:\d\d",
        "submitted_at": r"Nộp: 01/10/2026 08:\d\d",
        "touched_at": "Thay đổi lần cuối: 01/10/2026",
        "open_until": "Được sửa đến hết ngày 15/11/2026",
        "reminded": "Đã nhắc 2 lần",
    },
    "answers": {
        "indicator_id": "1. Xem tin, cập nhật kiến thức: ",
        "level_id": "kiến thức: Hằng ngày",
        "points": r"Hằng ngày \(10 điểm\)",
        "adjusted_from": "tự đánh giá: Tháng nào cũng có",
        "at": r"\(10 điểm\), 01/10/2026 08:\d\d",
    },
    "evidence": {
        "indicator_id": "2. Kế hoạch học tập: ",
        "kind": "📷",
        "text": "✎ “Lớp xoá mù chữ”",
        "name": "lop.jpg",
        "at": r"gửi 01/10/2026 08:\d\d lop\.jpg",
        "known": "✓ chi hội biết việc này",
    },
    "trail": {
        "act": "điều chỉnh một câu",
        "role": "nộp phiếu – người làm phiếu",
        "actor_id": "– Chi hội trưởng Vũ Thị Hạnh",
        "owner_id": "Việc đã làm với phiếu này:",
        "unit_id": "    Chi hội trưởng, thôn Đoài, xã Thần Khê",
        "details": "    Câu 3: Vài tháng một lần",
        "reason": "    Lý do: Câu 2 chưa rõ",
        "at": r"01/10/2026 08:\d\d: nộp phiếu",
    },
    "closings": {
        "unit_id": "• 01/10/2026 10:15: thôn Đoài, xã Thần Khê – ",
        "state": "thôn Đoài, xã Thần Khê – đã trả về chi hội",
        "meeting": "Chủ trì: Trần Văn Trường",
        "posted_until": "niêm yết đến hết ngày 15/10/2026",
        "reason": "    Lý do: Thiếu biên bản",
        "at": "• 01/10/2026 10:15: thôn Đoài",
    },
    "proposals": {
        "unit_id": "• 01/10/2026 10:15: xã Thần Khê, ",
        "round_id": "xã Thần Khê, Đợt 2026",
        "number": "số 05/TTr-HKH",
        "dated": "05/TTr-HKH, 05/10/2026",
        "at": "• 01/10/2026 10:15: xã Thần Khê",
    },
    "titles": {
        "number": "Số 7 năm 2026: Nguyễn Thị Lan",
        "year": "Số 7 năm 2026",
        "name": "năm 2026: Nguyễn Thị Lan, thôn Đông",
        "village_id": "Nguyễn Thị Lan, thôn Đông, xã Thần Khê",
        "unit_id": "    xã Thần Khê, mã giấy chứng nhận: k7Qz0aW-9_TtUuVvWwXxYy",
        "code": "k7Qz0aW-9_TtUuVvWwXxYy",
        "title": "    “Công dân học tập”, quyết định số 05/QĐ-UBND",
        "recognition_id": "quyết định số 05/QĐ-UBND ngày 05/10/2026",
        "revoked_at": "    Không còn giá trị từ 01/10/2026 10:15",
        "reason": "    Lý do: Kê khai không đúng",
    },
    "recognitions": {
        "unit_id": "• 01/10/2026 10:15: xã Thần Khê, số 05/QĐ-UBND",
        "number": "số 05/QĐ-UBND ngày",
        "dated": "05/QĐ-UBND ngày 05/10/2026",
        "signer": "người ký: Trần Văn Bảy",
        "at": "Quyết định đã ghi:\n• 01/10/2026 10:15",
    },
    "samples": {"at": "Phiếu đã chọn ngẫu nhiên để kiểm tra:\n• 01/10/2026 10:15"},
    "mutes": {"kind": "Đã tắt:\n• Thông báo của Hội Khuyến học"},
    "notices": {
        "author_id": "Thông báo đã viết:\n• 01/10/2026 10:15: “Kính mời họp”",
        "content": "“Kính mời họp”",
        "state": "“Kính mời họp” – 📤",
        "created_at": "• 01/10/2026 10:15: “Kính mời họp” – 📤",
    },
    "notice_answers": {
        "answer": "“Kính mời họp” – 🙋",
        "at": "Đã trả lời thông báo:\n• 01/10/2026 10:15: ",
    },
    "notice_reports": {"asked_at": "Báo cáo thông báo đã yêu cầu:\n• 01/10/2026 10:15"},
    "sign_ins": {"opened_at": "Đã đăng nhập trang web, giữ 30 ngày:\n• 01/10/2026 10:15"},
    "papers": {"asked_at": "Giấy tờ đã yêu cầu, giữ một ngày:\n• 01/10/2026 10:15"},
    "outbox": {
        "notice_id": "Thông báo đã gửi đến:\n• 01/10/2026 10:15: “Kính mời họp”",
        "state": "“Kính mời họp” – ✅ ",
        "created_at": "• 01/10/2026 10:15: “Kính mời họp” – ✅",
        "body": "• tin nhắn, đến khi gửi xong",
    },
    "inbox": {"received_at": "14 ngày chỉ còn ghi là đã có tin", "body": "• tin nhắn, đến khi gửi xong"},
    "arrivals": {"told_how": "Báo phiếu mới: Gộp lại, mỗi giờ một lần"},
    "batches": {"ordered": "• những phiếu được quyết định cùng lúc"},
    "batch_items": {"outcome": "• những phiếu được quyết định cùng lúc"},
    "seen_forms": {"content": "• nội dung phiếu mỗi lần đưa cho người xét, trong 180 ngày"},
    "reminders": {"key": "• việc đã nhắc những gì", "at": "• việc đã nhắc những gì"},
    "tallies": {"count": "Số liệu tổng hợp theo thôn không có tên ai"},
}
# What says nothing of a person that the file does not say already: numbers that rows are known by, and the works of the
# program.
NUMBERS = {"id", "number", "person_id", "conversation_id", "assessment_id", "notice_id", "about_id", "digest"}
WORKS = {
    "people": {"helper_id"},
    "conversation_people": {"place"},
    "conversations": {"bot", "erased_at", "joined"},
    "household_asks": {"asker_id"},
    "join_codes": {"expires", "claimed_by", "claimed_for"},
    "join_misses": {"at"},
    # Withdrawn, it is nobody's; who recorded it is who fills in for them.
    "consents": {"withdrawn_at", "recorded_by"},
    "invitations": {"invited_by", "replaces"},
    "assessments": {"version", "passed", "proposal_id"},  # all follow from what was done and answered
    "evidence": {"source", "attempts"},
    "arrivals": {"day", "told", "held", "since"},
    "batches": {"stage", "ordered_at", "done_at"},
    "batch_items": {"batch_id", "version"},
    "closings": {"round_id", "version"},
    "proposals": {"state"},
    "recognitions": {"proposal_id", "round_id"},
    "seen_forms": {"version", "at"},
    "samples": {"unit_id", "round_id", "seed", "drawn_from", "forms"},
    "trail": {"about", "version", "actor_salt", "actor_digest", "salt", "hash"},  # none of them says anything by itself
    "notices": {
        "audience", "version", "send_at", "repeat", "series_id", "approved_for", "refusal", "started_at", "ended_at",
        "gathered_to", "recipients",
    },
    "notice_answers": {"question"},
    "sign_ins": {"given_at", "link_ends", "cookie", "ends"},
    "papers": {"kind", "unit_id", "year", "about", "group", "parts", "attempts", "settled_at"},
    "outbox": {
        "channel", "bot", "address", "priority", "about", "callback", "attempts", "due", "settled_at", "error", "kind",
    },
    "inbox": {"channel", "bot", "update_id", "callback", "done_at", "failed"},
    "tallies": {"unit_id", "round_id", "group", "state", "passed"},
}  # fmt: skip
# Of nobody, or made of what others have: the contacts repeat details, chat and form. A template has the office of who
# signs, and the name as it stands on every decision.
OF_NOBODY = {
    "units", "criteria_sets", "rounds", "households", "contacts", "notice_units", "approval_limits",
    "standing_messages", "leases", "button_codes", "channel_tokens", "file_links",
    "reference_version", "asked_reminders", "trail_head", "templates", "paper_files",
}  # fmt: skip


def test_every_column_is_told_or_says_why_it_need_not_be() -> None:
    for table in metadata.sorted_tables:
        columns = {column.name for column in table.columns}
        told = TOLD.get(table.name, {}).keys()
        silent = NUMBERS | WORKS.get(table.name, set())
        if table.name not in OF_NOBODY:
            assert columns - told <= silent, table.name
        assert told <= columns, table.name


async def test_the_file_of_somebodys_data_tells_all_of_it(commune: Commune) -> None:
    await sets_everything(commune)
    await commune.say("Lan", "/privacy")
    await commune.read("Lan")
    await commune.say("Lan", "xem")
    files = [file for outgoing in await commune.read("Lan") for file in outgoing.files]
    (file,) = [file for file in files if isinstance(file, InlineFile)]
    told = [(table, column, words) for table, columns in TOLD.items() for column, words in columns.items()]
    assert [one for one in told if not re.search(one[2], file.content)] == [], file.content


async def sets_everything(commune: Commune) -> None:
    """Give Lan something in every table, decided on by Hạnh, and all her own acts at known times."""
    form = await commune.form("Lan")
    await commune.say("Lan", "rút lại", "sửa 2", "1")
    await commune.together(("Lan", SentFile("photo", "lop.jpg", "sha256:" + "0" * 64)))
    await commune.say("Lan", "Lớp xoá mù chữ", "nộp phiếu", "nộp phiếu")
    await commune.say("Hạnh", "/review", "1", "điều chỉnh", "3", "2", "Chưa đủ số buổi")
    form = await commune.form("Lan")
    await commune.press("Hạnh", f"c:return:{form.id}:{form.version}")
    await commune.say("Hạnh", "Câu 2 chưa rõ ở đâu")
    commune.now = commune.now.replace(hour=10, minute=15)
    lan = form.person_id
    head, minh = [
        (await commune.column(select(conversations.c.person_id).where(conversations.c.address == address)))[0]
        for address in ("Hạnh", "Minh")
    ]
    chat = (await commune.column(select(conversations.c.id).where(conversations.c.address == "Lan")))[0]
    units = {row.code: row.id for row in await commune.rows(select(tables.units))}
    at = commune.now
    consent = {"conversation_id": chat, "text_version": "2026.2", "given": True, "given_by": "Đỗ Thị Thu", "at": at}
    consent |= {"person_id": lan, "how": "signed", "given_on": date(2026, 9, 30), "witness": "Lò Văn Páo"}
    invitation = {"digest": "1", "role": "head", "unit_id": units["tk-dong"], "invited_by": lan, "used_at": at}
    took_on = Entry(act="take_on", role="head", about="role", actor_id=lan, owner_id=lan, unit_id=units["tk-doai"])
    took_on = replace(took_on, details={"role": "head"})
    ledger = {"channel": CHANNEL, "bot": BOT, "address": "", "priority": 1, "state": "sent", "notice_id": 7}
    notice = {"id": 7, "author_id": lan, "conversation_id": chat, "audience": b"{}", "state": "sending"}
    async with commune.database.writing() as connection:
        for statement in (
            update(tables.people)
            .where(tables.people.c.id == lan)
            .values(representative="Đỗ Thị Thu", helper="Trần Văn Tám", publishes=True),
            update(tables.people).where(tables.people.c.id.in_([lan, head])).values(household_id=3),
            insert(households).values(id=3, made_at=at),
            insert(household_asks).values(asker_id=lan, person_id=minh, asked_at=at),
            update(tables.assessments).where(tables.assessments.c.id == form.id).values(reminded=2),
            insert(conversations).values(
                channel=CHANNEL, bot=BOT, address="Lan2", person_id=lan, language="en", blocked_at=at
            ),
            insert(tables.joined_people).values(person_id=lan, conversation_id=chat, letters_to=chat),
            insert(tables.joined_chats).values(person_id=lan, conversation_id=chat, since=at, used_at=at),
            insert(tables.consents).values(consent),
            insert(tables.consents).values(
                conversation_id=chat,
                person_id=lan,
                about="publishing",
                text_version="2026.1",
                given=True,
                at=at,
            ),
            insert(tables.roles).values(
                person_id=lan,
                role="head",
                unit_id=units["tk-doai"],
                since=at,
                until=date(2030, 12, 31),
                away_until=date(2026, 10, 10),
            ),
            insert(tables.invitations).values(**invitation, expires=at + timedelta(days=1), until=date(2030, 12, 31)),
            insert(tables.mutes).values(person_id=lan, kind="notices"),
            insert(tables.arrivals).values(person_id=lan, told_how="hourly", told=0, held=0),
            insert(tables.evidence).values(
                assessment_id=form.id,
                indicator_id="study-plan",
                kind="vouched",
                text="",
                source="",
                name="",
                conversation_id=chat,
                at=at,
                known=True,
            ),
            insert(notices).values(
                **notice, content=b'{"vi": "K\xc3\xadnh m\xe1\xbb\x9di h\xe1\xbb\x8dp\\nHai"}', created_at=at
            ),
            insert(tables.notice_answers).values(notice_id=7, person_id=lan, question="who", answer="come", at=at),
            insert(notice_reports).values(notice_id=7, conversation_id=chat, asked_at=at),
            insert(tables.sign_ins).values(
                digest="d", person_id=lan, conversation_id=chat, given_at=at, link_ends=at, opened_at=at
            ),
            insert(tables.papers).values(
                conversation_id=chat,
                person_id=lan,
                kind="filled-form",
                unit_id=units["tk-dong"],
                year=2026,
                about=form.id,
                group="",
                asked_at=at,
            ),
            insert(tables.closings).values(
                unit_id=units["tk-doai"],
                round_id=1,
                state="sent_back",
                version=2,
                meeting=encode(MINUTES),
                posted_until=date(2026, 10, 15),
                person_id=lan,
                reason="Thiếu biên bản",
                at=at,
            ),
            insert(tables.samples).values(
                unit_id=units["tk"], round_id=1, seed="s", drawn_from=1, forms=b"[]", person_id=lan, at=at
            ),
            insert(tables.proposals).values(
                id=1,
                unit_id=units["tk"],
                round_id=1,
                state="proposed",
                number="05/TTr-HKH",
                dated=date(2026, 10, 5),
                person_id=lan,
                at=at,
            ),
            insert(tables.recognitions).values(
                id=1,
                proposal_id=1,
                unit_id=units["tk"],
                round_id=1,
                number="05/QĐ-UBND",
                dated=date(2026, 10, 5),
                signer="Trần Văn Bảy",
                person_id=lan,
                at=at,
            ),
            insert(tables.titles).values(
                assessment_id=form.id,
                recognition_id=1,
                unit_id=units["tk"],
                year=2026,
                number=7,
                code="k7Qz0aW-9_TtUuVvWwXxYy",
                name="Nguyễn Thị Lan",
                village_id=units["tk-dong"],
                title="Công dân học tập",
                revoked_at=at,
                reason="Kê khai không đúng",
            ),
            insert(outbox).values(**ledger, conversation_id=chat, created_at=at),
        ):
            await connection.execute(statement)
        await trail.append(connection, [took_on], at)
