"""What somebody answered the year before, offered beside this year's answers and never taken without a word of theirs.

A question is offered where it is the same in both years: the same set of criteria, in whatever version, and the same
answers to choose from, each with its words and points. Evidence is asked for anew.
"""

from msgspec import Struct

from flows.conversation.facts import Facts
from flows.conversation.questions import Choice, words
from flows.domain.assessments import Assessment, State
from flows.domain.criteria import Indicator, Level
from flows.words.spelling import fold
from flows.words.wording import Wording, _

# What was never handed in stood for nothing, and what was revoked stands for nothing any more.
_WITHOUT_WORTH: frozenset[State] = frozenset({"draft", "revoked"})


class Before(Struct, frozen=True):
    """What was answered in an earlier year, as an answer of this year's form. `last` tells that it is the year
    before."""

    level: Level
    year: int
    last: bool


AS_BEFORE = Choice(
    "as_before",
    _("As last year"),
    words("""
        như năm ngoái; như năm trước; vẫn như năm ngoái; vẫn như năm trước; giống năm ngoái; giống năm trước;
        giống như năm ngoái; giống như năm trước; vẫn giống năm ngoái; vẫn giống năm trước; y như năm ngoái; y
        năm ngoái; y như năm trước; năm ngoái sao năm nay vậy; như mọi năm; vẫn vậy; vẫn thế; vẫn như vậy; vẫn
        như thế; vẫn vậy thôi; vẫn thế thôi; năm nay vẫn vậy; năm nay vẫn thế; năm nay cũng vậy; năm nay cũng
        thế; cũng vậy; cũng thế; cũng như năm ngoái; cũng như năm ngoái thôi; cũng như vậy; vẫn như cũ; như cũ;
        y như cũ; vẫn như trước; như trước; giữ nguyên; không đổi; không thay đổi; không thay đổi gì; không có
        gì thay đổi; không có gì mới; không khác; không khác gì; không khác năm ngoái; không khác gì năm ngoái;
        vâng; dạ vâng; vâng vẫn vậy; đúng vậy; đúng thế; as last year; as before; same; the same; same as last
        year; still the same; unchanged; no change
    """),
)
# Said to “still the same?”, these may as well answer the question itself, or say that something has changed: what they
# mean is asked.
UNCLEAR = Choice(
    "unclear",
    "",
    words("""
        có; có ạ; dạ có; đúng; đúng rồi; phải; ừ; ok; được; rồi; không; chưa; không phải; không vậy; không phải vậy;
        không còn; không còn vậy; không như vậy; không vậy nữa; hết rồi; hết vậy rồi; không đúng; khác; khác rồi;
        khác năm ngoái; năm nay khác; không giống; không giống năm ngoái; không giống năm trước; không như năm ngoái;
        không như năm trước; không còn như năm ngoái; không như cũ; chưa chắc; có đổi; có thay đổi; đổi rồi; thay đổi
        rồi; yes; no; not; not the same; different; changed
    """),
)


def answered_before(facts: Facts, form: Assessment, indicator: Indicator) -> Before | None:
    """Return what the owner of a form answered to the same question the last time they handed a form in, if any."""
    round_ = facts.round_of(form)
    handed_in = [
        (year, other)
        for other in facts.own
        if (year := _year(facts, other)) is not None
        and round_ is not None
        and year < round_.year
        and other.state not in _WITHOUT_WORTH
    ]
    if not handed_in or round_ is None:
        return None
    year, before = max(handed_in, key=lambda one: one[0])
    asked = _same_question(before, form, indicator)
    answer = before.answers.get(indicator.id)
    if asked is None or answer is None:
        return None
    return Before(indicator.level(answer.level_id), year, last=year == round_.year - 1)


def anything_before(facts: Facts, form: Assessment) -> bool:
    """Tell whether any question of a form has an answer of an earlier year beside it."""
    return any(answered_before(facts, form, indicator) for indicator in form.criteria.indicators)


def choice(before: Before) -> Choice:
    """Return the button that takes an earlier answer."""
    if before.last:
        return AS_BEFORE
    return Choice(AS_BEFORE.key, _("As in {year}", year=str(before.year)), AS_BEFORE.also)


def said(before: Before) -> Wording:
    """Say what was answered, and ask whether it still is so."""
    if before.last:
        return _("Last year: {answer}. Still the same this year?", answer=before.level.label)
    return _("In {year}: {answer}. Still the same this year?", year=str(before.year), answer=before.level.label)


def how_to(before: Before) -> Wording:
    """Say how an earlier answer is taken, or another given."""
    return _("If it is still the same, press “{same}”; if not, choose this year's answer.", same=choice(before).label)


def _year(facts: Facts, form: Assessment) -> int | None:
    round_ = facts.round_of(form)
    return round_.year if round_ is not None else None


def _same_question(before: Assessment, now: Assessment, indicator: Indicator) -> Indicator | None:
    """Return the question of an earlier form that is the same, if there is one."""
    if before.criteria.id != now.criteria.id or indicator.id not in before.criteria.places:
        return None
    earlier = before.criteria.indicator(indicator.id)
    return earlier if _answers(earlier) == _answers(indicator) else None


def _answers(indicator: Indicator) -> list[tuple[str, int, str]]:
    """Return what can be answered: small corrections of spelling make no other answer."""
    return [(level.id, level.points, fold(level.label.vi)) for level in indicator.levels]
