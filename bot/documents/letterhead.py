"""What a commune's papers have in common: its bodies, symbols, who signs, grounds, recipients. Kept as a TOML text.

Without a text of its own a commune has what follows from its name; names of signers are blank then.
"""

import json
import tomllib
from typing import Any, Literal

import msgspec

from bot.documents.decree30 import Heading, Signature, authority, place_of, recipients
from flows.words.place_names import inside_sentence

NAME = "letterhead"
MOST_BYTES = 100_000
DecidedBy = Literal["chairman", "committee"]
SignedBy = Literal["head", "deputy"]


class LetterheadRefused(Exception):
    """A letterhead with a fault, in one line."""


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A body that issues papers. `collective` signs with TM.; empty where the head decides alone."""

    name: str
    above: str = ""
    symbol: str
    head: str
    collective: str = ""
    signed_by: SignedBy = "head"
    signer: str = ""
    grounds: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()

    @property
    def signature(self) -> Signature:
        """Return the lines of authority and the name under a paper."""
        return Signature(authority(self.head, self.collective, by_deputy=self.signed_by == "deputy"), self.signer)

    @property
    def recipients_said(self) -> tuple[str, ...]:
        """Return who gets a paper, as it stands there."""
        return recipients(self.recipients)

    def heading(self, kind: str, place: str, year: int) -> Heading:
        """Return the top of a paper of a kind (`QĐ`) that has neither number nor day yet."""
        return Heading(self.name, self.above, f"{kind}-{self.symbol}", place, year=year)


class Letterhead(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The bodies of a commune that issue papers, and the place they are issued at.

    `unit` names the commune inside a sentence, `carried_out_by` who carries out decisions.
    """

    unit: str
    place: str
    decided_by: DecidedBy = "chairman"
    carried_out_by: str
    committee: Body
    association: Body

    @property
    def who_decides(self) -> str:
        """Return who decides, as it stands above the grounds."""
        whole = f"ỦY BAN NHÂN DÂN {self.unit.upper()}"
        return f"CHỦ TỊCH {whole}" if self.decided_by == "chairman" else whole

    @property
    def who_decides_said(self) -> str:
        """Return who decides, as it stands in a sentence."""
        whole = f"Ủy ban nhân dân {self.unit}"
        return f"Chủ tịch {whole}" if self.decided_by == "chairman" else whole

    @property
    def decides(self) -> Body:
        """Return the committee as it signs decisions: the chairman's own power is signed without TM."""
        collective = "" if self.decided_by == "chairman" else "ỦY BAN NHÂN DÂN"
        return msgspec.structs.replace(self.committee, collective=collective)

    @property
    def association_said(self) -> str:
        """Return the association, as it stands in a sentence."""
        return f"Hội Khuyến học {self.unit}"

    def branch_heading(self, village: str, *, symbol: str = "", year: int | None = None) -> Heading:
        """Return the top of a branch's paper."""
        name = f"CHI HỘI KHUYẾN HỌC\n{village.upper()}"
        return Heading(name, self.association.name.replace("\n", " "), symbol, self.place, year=year)


GROUNDS = (
    "Căn cứ Luật Tổ chức chính quyền địa phương ngày 16 tháng 6 năm 2025",
    "Căn cứ Quyết định số 677/QĐ-TTg ngày 03 tháng 6 năm 2022 của Thủ tướng Chính phủ phê duyệt Chương trình “Xây dựng"
    " mô hình “Công dân học tập” giai đoạn 2021 - 2030”",
)


def usual(commune: str) -> Letterhead:
    """Return the letterhead that follows from a commune's name: `Xã Thần Khê`."""
    unit = inside_sentence(commune)
    named = unit.upper()
    return Letterhead(
        unit=unit,
        place=place_of(commune),
        carried_out_by=(
            f"Văn phòng Hội đồng nhân dân và Ủy ban nhân dân {unit}, Hội Khuyến học {unit}, trưởng các thôn, tổ dân phố"
            " và những người có tên trong danh sách"
        ),
        committee=Body(
            name=f"ỦY BAN NHÂN DÂN\n{named}",
            symbol="UBND",
            head="CHỦ TỊCH",
            grounds=GROUNDS,
            recipients=("Như Điều 3", f"Đảng ủy, Hội đồng nhân dân {unit} (để báo cáo)"),
        ),
        association=Body(
            name=f"HỘI KHUYẾN HỌC\n{named}",
            symbol="HKH",
            head="CHỦ TỊCH",
            collective="BAN THƯỜNG VỤ",
            grounds=GROUNDS[1:],
            recipients=("Như trên",),
        ),
    )


def read(text: bytes) -> Letterhead:
    """Read a letterhead. Raises LetterheadRefused."""
    try:
        return msgspec.convert(tomllib.loads(text.decode("utf-8-sig")), Letterhead)
    except UnicodeDecodeError:
        raise LetterheadRefused("is not in UTF-8; save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise LetterheadRefused(f"is not TOML: {error}; correct it there") from None
    except msgspec.ValidationError as error:
        raise LetterheadRefused(f"{error}; compare it with the exported file") from None


def written(letterhead: Letterhead) -> bytes:
    """Write a letterhead as a text that a clerk edits."""
    plain = msgspec.to_builtins(letterhead)
    bodies = {name: plain.pop(name) for name in ("committee", "association")}
    lines = [_HEAD, *_settings(plain)]
    for name, body in bodies.items():
        lines += ["", f"# {_BODIES[name]}", f"[{name}]", *_settings(body)]
    return "\n".join((*lines, "")).encode()


def _settings(plain: dict[str, Any]) -> list[str]:
    lines = []
    for name, value in plain.items():
        lines.append(f"# {_COMMENTS[name]}")
        if isinstance(value, str):
            lines.append(f"{name} = {_quoted(value)}")
        else:
            lines += [f"{name} = [", *(f"  {_quoted(one)}," for one in value), "]"]
    return lines


def _quoted(text: str) -> str:
    """Write a text as TOML does: its escapes are those of JSON."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


_HEAD = """\
# Phần chung trên văn bản của xã. Sửa trong dấu ngoặc kép; \\n là xuống dòng.
# Nạp lại: hoctap import template letterhead.toml --unit MÃ-XÃ
"""
_BODIES = {
    "committee": "Ủy ban nhân dân: quyết định, giấy chứng nhận",
    "association": "Hội Khuyến học: tờ trình, báo cáo",
}
_COMMENTS = {
    "unit": "Tên xã, phường khi viết giữa câu",
    "place": "Địa danh ghi trước ngày tháng",
    "decided_by": 'Ai quyết định: "chairman" (Chủ tịch) hoặc "committee" (tập thể Ủy ban nhân dân, ký TM.)',
    "carried_out_by": "Ai chịu trách nhiệm thi hành quyết định (Điều 3)",
    "name": "Tên cơ quan ban hành, viết hoa",
    "above": "Tên cơ quan chủ quản ở dòng trên, viết hoa; không có thì để trống",
    "symbol": "Chữ viết tắt trong ký hiệu, ví dụ UBND trong QĐ-UBND",
    "head": "Chức vụ người đứng đầu, viết hoa",
    "collective": "Tập thể ký thay mặt (TM.), viết hoa; trống thì ký không có TM. Ủy ban nhân dân: theo decided_by",
    "signed_by": 'Người ký: "head" (cấp trưởng) hoặc "deputy" (cấp phó, ký KT.)',
    "signer": "Họ tên người ký; để trống thì ghi tay",
    "grounds": "Các căn cứ, mỗi dòng một căn cứ",
    "recipients": "Nơi nhận, mỗi dòng một nơi",
}
