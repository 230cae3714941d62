"""How places are called: the common noun before a name, its abbreviations, and the words people write a name with."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from flows.words.spelling import fold

# The common noun of a place as people write it, folded: the noun it stands for.
_NOUNS: Mapping[str, tuple[str, ...]] = {
    "tinh": ("tinh", "t"),
    "thanh pho": ("thanh pho", "tp", "t p"),
    "huyen": ("huyen", "h"),
    "quan": ("quan", "q"),
    "thi xa": ("thi xa", "tx"),
    "xa": ("xa", "x"),
    "phuong": ("phuong", "p", "f"),
    "thi tran": ("thi tran", "tt"),
    "dac khu": ("dac khu", "dk"),
    "thon": ("thon", "th"),
    "ban": ("ban", "b"),
    "lang": ("lang",),
    "ap": ("ap",),
    "buon": ("buon",),
    "bon": ("bon",),
    "plei": ("plei", "play", "pley"),
    "phum": ("phum",),
    "soc": ("soc",),
    "xom": ("xom",),
    "khom": ("khom",),
    "khu": ("khu",),
    "khu pho": ("khu pho", "kp"),
    "khu dan cu": ("khu dan cu", "kdc"),
    "to dan pho": ("to dan pho", "tdp", "to"),
    "tieu khu": ("tieu khu", "tk"),
    "doi": ("doi",),
    "cum": ("cum", "cum dan cu"),
    "truong": ("truong",),
    "cong ty": ("cong ty", "cty"),
}
NOUN_OF: Mapping[tuple[str, ...], str] = {
    tuple(said.split()): noun for noun, all_said in _NOUNS.items() for said in all_said
}
# The nouns as they are glued to a name (“thondong”), and as they may be misspelt (“thom dong”): no abbreviations there.
GLUED = (
    *sorted((noun for noun in _NOUNS if " " not in noun), key=len, reverse=True),
    "tdp",
    "tp",
    "tx",
    "tt",
    "kp",
    "x",
)
MISSPELT = tuple((noun.replace(" ", ""), noun) for noun in _NOUNS if len(noun) > 2)
_LONGEST_NOUN = max(map(len, NOUN_OF))

_LEVELS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("tinh",), frozenset({"province"})),
    **dict.fromkeys(("thanh pho",), frozenset({"province", "district"})),
    **dict.fromkeys(("huyen", "quan", "thi xa"), frozenset({"district"})),
    **dict.fromkeys(("xa", "phuong", "thi tran", "dac khu"), frozenset({"commune"})),
    **dict.fromkeys(("truong", "cong ty"), frozenset({"workplace"})),
}
_VILLAGE = frozenset({"village"})

_APOSTROPHES = re.compile(r"['’‘ʼʹ´`′](?=\w)")
_WORD = re.compile(r"\d+|[^\W\d_]+")
_ROMAN = re.compile(r"[IVX]+")
# Whom and what communes, villages and streets are named after. A name that is also a place's of old is none of these.
_NAMED_AFTER = """
    An Dương Vương; Bùi Thị Xuân; Cách Mạng Tháng Tám; Chế Lan Viên; Chu Văn An; Dương Minh Châu; Đào Duy Từ;
    Đặng Thùy Trâm; Đặng Tiến Đông; Điện Biên Phủ; Đinh Bộ Lĩnh; Đinh Tiên Hoàng; Đoàn Thị Điểm; Đội Cấn; Hai Bà Trưng;
    Hà Huy Tập; Hàm Nghi; Hàn Thuyên; Hoàng Diệu; Hoàng Hoa Thám; Hoàng Văn Thụ; Hồ Đắc Kiện; Hồ Tùng Mậu; Hồ Thị Kỷ;
    Hồ Xuân Hương; Huỳnh Thúc Kháng; Huyền Trân; Kim Đồng; Lê Chân; Lê Duẩn; Lê Đại Hành; Lê Hoàn; Lê Hồng Phong;
    Lê Ích Mộc; Lê Lai; Lê Lợi; Lê Quý Đôn; Lê Thanh Nghị; Lê Thánh Tông; Lê Văn Tám; Lý Bôn; Lý Công Uẩn; Lý Nam Đế;
    Lý Thái Tổ; Lý Thường Kiệt; Lý Tự Trọng; Lý Văn Lâm; Lưu Nghiệp Anh; Lương Thế Trân; Lương Thế Vinh; Lương Văn Tri;
    Mạc Đĩnh Chi; Mạc Thị Bưởi; Ngô Gia Tự; Ngô Mây; Ngô Quyền; Ngô Thì Nhậm; Nguyễn Ái Quốc; Nguyễn Bỉnh Khiêm;
    Nguyễn Chí Thanh; Nguyễn Công Trứ; Nguyễn Cư Trinh; Nguyễn Du; Nguyễn Đại Năng; Nguyễn Đình Chiểu; Nguyễn Hữu Cảnh;
    Nguyễn Huệ; Nguyễn Khuyến; Nguyễn Lương Bằng; Nguyễn Nghiêm; Nguyễn Phích; Nguyễn Thái Bình; Nguyễn Thái Học;
    Nguyễn Thị Minh Khai; Nguyễn Trãi; Nguyễn Tri Phương; Nguyễn Trung Trực; Nguyễn Trường Tộ; Nguyễn Uý;
    Nguyễn Văn Cừ; Nguyễn Văn Linh; Nguyễn Văn Trỗi; Nguyễn Viết Xuân; Nguyễn Việt Khái; Phạm Hồng Thái; Phạm Ngũ Lão;
    Phạm Sư Mạnh; Phạm Văn Đồng; Phan Bội Châu; Phan Chu Trinh; Phan Đình Giót; Phan Đình Phùng; Phan Ngọc Hiển;
    Phùng Hưng; Quang Trung; Thủ Khoa Huân; Tô Hiến Thành; Tô Hiệu; Tôn Đức Thắng; Tống Trân; Trần Hưng Đạo;
    Trần Khánh Dư; Trần Lãm; Trần Liễu; Trần Nguyên Hãn; Trần Nhân Tông; Trần Phán; Trần Phú; Trần Quang Diệu;
    Trần Quang Khải; Trần Quốc Toản; Trần Thương; Trần Văn Thời; Triệu Thị Trinh; Trương Định; Trương Quang Trọng;
    Võ Nguyên Giáp; Võ Thị Sáu; Võ Văn Kiệt; Xô Viết Nghệ Tĩnh; Yết Kiêu
"""
_PEOPLE_AND_EVENTS = frozenset(name.strip().lower() for name in _NAMED_AFTER.split(";"))
_ALWAYS_CAPITAL = "Thành phố Hồ Chí Minh"


@dataclass(frozen=True, slots=True)
class Word:
    """One word: without tone marks, and as it was written."""

    plain: str
    marked: str


@dataclass(frozen=True, slots=True)
class PlaceName:
    """A name taken apart: the common noun (empty where there is none), and the words of the name proper."""

    noun: str
    words: tuple[Word, ...]

    @property
    def key(self) -> str:
        """Return what names are looked up by: `Cư M'gar`, `cu m gar` and `cumgar` have one key."""
        return "".join(word.plain for word in self.words)

    @property
    def marked(self) -> str:
        """Return the key with its tone marks."""
        return "".join(word.marked for word in self.words)


def words_of(text: str) -> list[Word]:
    """Take a text apart: apostrophes join (`M'gar`), all else that is no letter divides, digits stand by themselves."""
    joined = _APOSTROPHES.sub("", unicodedata.normalize("NFKC", text))
    return [word for found in _WORD.findall(joined) if (word := _word(found)).plain]


def _word(found: str) -> Word:
    if found.isdigit():
        number = found.lstrip("0") or "0"
        return Word(fold(number), number)
    return Word(fold(found).replace(" ", ""), found.lower())


def read_place_name(name: str) -> PlaceName:
    """Take a unit's name apart: `Tổ dân phố số 3` is the name `3` with a common noun before it."""
    words = words_of(name)
    noun, length = noun_at(words, 0)
    return PlaceName(noun, tuple(words[length:])) if length < len(words) else PlaceName("", tuple(words))


def noun_at(words: Sequence[Word], start: int) -> tuple[str, int]:
    """Return the common noun that begins at a word, and how many words it takes; none takes no word."""
    for length in range(min(_LONGEST_NOUN, len(words) - start), 0, -1):
        noun = NOUN_OF.get(tuple(word.plain for word in words[start : start + length]))
        if noun is not None:
            return noun, length + _says_number(words, start + length)
    return "", 0


def _says_number(words: Sequence[Word], start: int) -> bool:
    """Tell whether “số” stands here before a number: `Tổ dân phố số 3`."""
    following = words[start : start + 2]
    return len(following) == 2 and following[0].plain == "so" and following[1].plain.isdigit()


def same_level(noun: str, other: str) -> bool:
    """Tell whether two common nouns may be mixed up: xã and phường may, xã and thôn may not."""
    return not _LEVELS.get(noun, _VILLAGE).isdisjoint(_LEVELS.get(other, _VILLAGE))


@lru_cache(maxsize=8192)
def inside_sentence(name: str) -> str:
    """Write a name as it stands inside a sentence: `thôn Đông`, but `Thôn 5` (Decree 30/2020, Appendix II).

    Schools and firms are names as a whole; Thành phố Hồ Chí Minh always has its capital.
    """
    return name if keeps_its_noun(name) else name[:1].lower() + name[1:]


@lru_cache(maxsize=8192)
def keeps_its_noun(name: str) -> bool:
    """Tell whether the common noun is a part of a name, because the rest is a number, a person or an event; or whether
    there is none."""
    noun, length = noun_at(words := words_of(name), 0)
    return not noun or length >= len(words) or _keeps_capital(name, noun, words[length:])


def _keeps_capital(name: str, noun: str, proper: Sequence[Word]) -> bool:
    first = proper[0]
    is_number = first.plain.isdigit() or any(map(_ROMAN.fullmatch, _proper_words(name, first)))
    is_person_or_event = " ".join(word.marked for word in proper) in _PEOPLE_AND_EVENTS
    return is_number or is_person_or_event or "workplace" in _LEVELS.get(noun, _VILLAGE) or name == _ALWAYS_CAPITAL


def _proper_words(name: str, first: Word) -> Iterator[str]:
    return (written for written in name.split() if written.lower() == first.marked)
