"""Whom of a shared phone a typed text names: “Lan”, “làm cho Lan”, “chị Lan”, with their marks or without any."""

from collections.abc import Sequence

from flows.conversation.facts import Sharer
from flows.conversation.questions import words
from flows.conversation.understanding import Phrase, alike, phrase

LONGEST_TYPED = 100

# Said of filling in for somebody, and other words before the name of who is to be spoken for.
_HELPING = tuple(
    phrase(said)
    for said in words("""
        làm hộ; làm giúp; làm giùm; làm dùm; làm thay; làm cho; khai hộ; khai giúp; khai thay; khai cho; ghi hộ; ghi
        giúp; ghi cho; điền hộ; điền giúp; điền cho; nhập hộ; nhập giúp; nhập cho; nộp hộ; nộp giúp; nộp cho; làm phiếu
        hộ; làm phiếu giúp; làm phiếu cho; khai phiếu cho; khai phiếu hộ; điền phiếu cho; nộp phiếu cho; nộp phiếu hộ;
        fill in for
    """)
)
_FOR = (
    *_HELPING,
    *map(
        phrase,
        words("""
            đến lượt; tới lượt; đổi sang; chuyển sang; sang; đổi; chuyển; cho; hộ; giúp; giùm; giờ là; bây giờ là; for;
            switch to; change to
        """),
    ),
)
_LEAD_INS = tuple(phrase(said) for said in words("tôi; con; em; cháu; mình; muốn; xin; cần; để; cho tôi; tôi muốn; i"))
_TITLES = frozenset(
    phrase("ông bà bác cô chú cậu dì mợ thím anh chị em con cháu cụ mẹ má u bầm bố ba cha thầy bạn vợ chồng mr mrs ms")
)
# Whom people help at home and next door. Who says “làm hộ bác” may mean themselves: such words are not among these.
_KIN = frozenset(
    phrase(said)
    for said in words("""
        mẹ; má; u; bầm; bố; ba; cha; tía; ông nội; bà nội; ông ngoại; bà ngoại; ông bà; bố mẹ; ba má; vợ; chồng; con
        trai; con gái; cháu nội; cháu ngoại; anh trai; chị gái; em trai; em gái; hàng xóm; ông hàng xóm; bà hàng xóm;
        người khác; người nhà; người thân; người già; người trong nhà; bố chồng; mẹ chồng; bố vợ; mẹ vợ; con dâu; con
        rể; người không có điện thoại; mother; father; my mother; my father; my child; my wife; my husband; a neighbour;
        somebody else; somebody
    """)
)
_MINE = frozenset(phrase("tôi toi tui em cháu con mình"))
_PARTICLES = frozenset(phrase("ạ a nhé nhe nha với đi"))


def named_in(typed: str, people: Sequence[Sharer]) -> tuple[Sharer, ...]:
    """Return those people whom a text names and does nothing else: by the whole name, or by the given name."""
    if len(typed) > LONGEST_TYPED:
        return ()
    for said in _readings(phrase(typed)):
        for is_called in (_is_whole_name, _is_given_name):
            if found := tuple(one for one in people if is_called(said, phrase(one.name))):
                return found
    return ()


def asks_to_help(typed: str) -> bool:
    """Tell whether a text says that one fills in for somebody of the family or next door: “làm hộ mẹ”."""
    if len(typed) > LONGEST_TYPED:
        return False
    said = _without_particles(_without_any(phrase(typed), _LEAD_INS))
    return any(_is_kin(rest) for before in _HELPING if (rest := _after(said, before)))


def _is_kin(said: Phrase) -> bool:
    """Tell whether these words are kin: “mẹ”, “mẹ tôi”."""
    of_mine = said[:-1] if said[-1] in _MINE else said
    return any(len(rest) == len(kin) and all(map(alike, rest, kin)) for rest in (said, of_mine) for kin in _KIN)


def _readings(said: Phrase) -> Sequence[Phrase]:
    """Return what may be a name in what was said, the shortest reading last."""
    plain = _without_particles(said)
    rest = _without_any(_without_any(plain, _LEAD_INS), _FOR)
    untitled = rest[1:] if len(rest) > 1 and any(alike(rest[0], title) for title in _TITLES) else rest
    return (said, plain, rest, untitled)


def _without_any(said: Phrase, begins: Sequence[Phrase]) -> Phrase:
    """Drop the longest of some beginnings, if something else is left."""
    rests = [rest for before in begins if (rest := _after(said, before))]
    return min(rests, key=len) if rests else said


def _after(said: Phrase, before: Phrase) -> Phrase | None:
    if len(said) < len(before) or not all(map(alike, said, before)):
        return None
    return said[len(before) :]


def _without_particles(said: Phrase) -> Phrase:
    while len(said) > 1 and said[-1] in _PARTICLES:
        said = said[:-1]
    return said


def _is_whole_name(said: Phrase, name: Phrase) -> bool:
    return len(said) == len(name) and all(map(alike, said, name))


def _is_given_name(said: Phrase, name: Phrase) -> bool:
    """Tell whether these are the last words of a name, but not all of it."""
    return 0 < len(said) < len(name) and all(map(alike, said, name[-len(said) :]))
