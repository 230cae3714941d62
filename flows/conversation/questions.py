"""Questions and the ways to answer them: a button, a number, the words with or without tone marks."""

from functools import cache

from msgspec import Struct
from msgspec.structs import replace

from flows.conversation.replies import SentFile
from flows.words import colloquial
from flows.words.refusals import NotUnderstood
from flows.words.wording import Lines, Wording, _


class Choice(Struct, frozen=True, cache_hash=True):
    """One answer. `key` goes into the button; `also` are further words for it, as people say them, with their marks.

    What cannot be taken back in one tap is `final`: typed, it wants its label or one of these words, and no less.
    """

    key: str
    label: Wording
    also: tuple[str, ...] = ()
    final: bool = False


@cache
def words(listed: str) -> tuple[str, ...]:
    """Return what stands between semicolons, as in `words("quay lại; trở lại")`: a literal, split once."""
    return tuple(" ".join(part.split()) for part in listed.split(";") if part.strip())


class Question(Struct, frozen=True):
    """What is asked: choices answer it, moves go elsewhere. `free` takes any text, `files` photos and documents;
    numbers count from `first`, on a later page of a list from where the one before ends;
    `again` is what is said instead of a long text when it has to be asked once more, `hint` what is said to who was
    not understood. What is `unshown` is heard like the choices, and has no button."""

    text: Wording
    choices: tuple[Choice, ...] = ()
    moves: tuple[Choice, ...] = ()
    free: bool = False
    files: bool = False
    numbered: bool = False
    first: int = 1
    again: Wording | None = None
    hint: Wording | None = None
    unshown: tuple[Choice, ...] = ()

    @property
    def takes_numbers(self) -> bool:
        """Tell whether a number stands for a choice: not where it may be free text, unless they are shown."""
        return self.numbered or not self.free


class Chose(Struct, frozen=True):
    """A choice or move of the question, by its key."""

    key: str


class Wrote(Struct, frozen=True):
    """Free text."""

    text: str


class Gave(Struct, frozen=True):
    """A photo or document."""

    file: SentFile


Heard = Chose | Wrote | Gave


BACK = Choice("back", _("← Back"), words(colloquial.MOVES["back"]))
EXPLAIN = Choice("explain", _("? What does this mean"), words(colloquial.MOVES["explain"]))
PAUSE = Choice("pause", _("Pause"), words(colloquial.MOVES["pause"]))
SKIP = Choice("skip", _("Skip"), words(colloquial.MOVES["skip"]))
YES = Choice(
    "yes",
    _("Yes"),
    words("""
        yes; yep; yeah; sure; right; correct; of course; có; có chứ; vâng; dạ; dạ vâng; dạ có; dạ đúng; đúng; đúng
        rồi; đúng vậy; đúng thế; ok; oke; okie; okay; okê; y; ừ; ừm; uh; uhm; ờ; ừ đúng; đồng ý; phải; phải rồi;
        chính xác; được; được rồi; nhất trí; chuẩn; chuẩn rồi; đúng là vậy; đúng hết; phải đó; chắc chắn; vâng đúng
    """),
)
NO = Choice(
    "no",
    _("No"),
    words("""
        no; nope; not; n; wrong; không; không phải; chưa; sai; sai rồi; không đúng; chưa đúng; không có; thôi; khỏi;
        không cần; từ chối; không đồng ý; không phải đâu; nhầm; nhầm rồi; chưa phải; không được; no thanks; thôi
        khỏi; không muốn; không đâu; chẳng; chẳng phải; không phải ở đó; no thank you; thôi không; để sau
    """),
)
# Beside a single thing to agree to, a no leads back.
BACK_OR_NO = replace(
    BACK,
    also=BACK.also
    + words("""
        không; không đâu; không phải; không đúng; không đồng ý; chưa; chưa đâu; chưa đúng; chưa đồng ý; sai; sai rồi;
        nhầm; nhầm rồi; no; nope; not yet
    """),
)

# Who is asked for a name may say that it is they. Without marks “mình” is a name.
ME = Choice("me", "tôi", words("tôi; chính tôi; bản thân tôi; me; myself; i did"))


def ticked(choice: Choice, taken: bool) -> Choice:
    """Return a choice of several that shows whether it is taken."""
    return replace(choice, label=Lines(("☑", choice.label), " ")) if taken else choice


def chosen(heard: Heard) -> str:
    """Return the key of a choice. Raises NotUnderstood for anything else."""
    if isinstance(heard, Chose):
        return heard.key
    raise NotUnderstood(_("Please choose one of the answers."))


def written(heard: Heard) -> str:
    """Return what was written. Raises NotUnderstood for anything else."""
    if isinstance(heard, Wrote):
        return heard.text
    raise NotUnderstood(_("Please answer with a text message."))
