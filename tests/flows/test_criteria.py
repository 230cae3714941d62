"""The shipped criteria sets, and what is refused in a broken one."""

import re
from pathlib import Path

import msgspec
import pytest

from flows.conversation.questions import BACK, EXPLAIN, PAUSE, SKIP, Choice, Chose, Question
from flows.domain.criteria import (
    GROUPS,
    LEVELS_OF_AN_INDICATOR,
    LONGEST,
    NAVIGATION_WORDS,
    BrokenCriteria,
    CriteriaSet,
    Indicator,
    faults,
    read_toml,
)
from flows.words.localized import Localized
from flows.words.spelling import fold, unmarked
from tests.sample import heard

FOLDER = Path(__file__).parents[2] / "flows" / "domain" / "criteria"
TEXTS = {group: (FOLDER / f"{group}.toml").read_text("utf-8") for group in GROUPS}
FARMER = TEXTS["farmer"]
SETS = [read_toml(text, f"{group}.toml") for group, text in TEXTS.items()]
# DOMAIN: the indicators in Vietnamese, each with its competency.
OFFICIAL_WORDS = {
    "Tự học, học tập suốt đời": (
        "Đọc, cập nhật thông tin, kiến thức qua sách báo, truyền hình, máy tính, điện thoại",
        "Có kế hoạch học tập theo yêu cầu công việc hoặc chương trình của nhà nước, cơ quan, đoàn thể",
        "Thu xếp thời gian sinh hoạt ở nhà văn hóa, câu lạc bộ, thư viện, hội thảo, trung tâm học tập cộng đồng",
        "Động viên, tạo điều kiện cho người thân, đồng nghiệp học thường xuyên",
    ),
    "Sử dụng công cụ học tập, làm việc": (
        "Sử dụng công nghệ thông tin theo yêu cầu công việc, đời sống",
        "Sử dụng ngoại ngữ (hoặc tiếng dân tộc) theo yêu cầu công việc",
        "Tính toán, cải tiến để công việc năng suất hơn",
        "Tư duy biện chứng, phản biện trong công việc và hoạt động xã hội",
    ),
    "Xây dựng và thực hiện các mối quan hệ xã hội": (
        "Xây dựng quan hệ thân thiện, hòa giải, tránh xung đột",
        "Hợp tác, chia sẻ trong lao động và hoạt động xã hội",
    ),
}

every_set = pytest.mark.parametrize("criteria", SETS, ids=GROUPS)


def broken(old: str, new: str, text: str = FARMER) -> str:
    """Return the text with the first of what is there replaced."""
    assert old in text
    return text.replace(old, new, 1)


def test_there_is_a_set_for_every_group_and_no_other_file() -> None:
    assert {path.stem for path in FOLDER.glob("*.toml")} == set(GROUPS)
    assert tuple(criteria.group for criteria in SETS) == GROUPS


@every_set
def test_a_shipped_set_has_no_faults(criteria: CriteriaSet) -> None:
    assert list(faults(criteria)) == []


@every_set
def test_a_shipped_set_has_the_competencies_and_indicators_of_the_draft(criteria: CriteriaSet) -> None:
    actual = {c.name.vi: tuple(i.official.vi for i in c.indicators) for c in criteria.competencies}
    assert actual == OFFICIAL_WORDS


@every_set
def test_a_shipped_set_asks_for_80_of_100_points_and_5_everywhere(criteria: CriteriaSet) -> None:
    rule = criteria.pass_rule
    assert (rule.total, rule.floor, rule.maximum, criteria.maximum) == (80, 5, 100, 100)


@every_set
def test_a_shipped_set_says_that_it_is_provisional(criteria: CriteriaSet) -> None:
    assert criteria.status == "provisional"
    assert criteria.provisional is not None
    assert "324/QĐ-KHVN" in criteria.source.note.vi


@every_set
def test_who_gives_the_second_best_answer_everywhere_reaches_the_title(criteria: CriteriaSet) -> None:
    points = [indicator.levels[1].points for indicator in criteria.indicators]
    assert sum(points) >= criteria.pass_rule.total
    assert min(points) >= criteria.pass_rule.floor


def test_all_forms_have_one_scale_of_four_answers() -> None:
    points = {tuple(level.points for level in indicator.levels) for form in SETS for indicator in form.indicators}
    assert points == {(10, 8, 5, 2)}


def test_the_same_answer_earns_the_same_in_every_form() -> None:
    """A label means one thing anywhere, an id and the other words mean one thing under their question."""
    earned: dict[tuple[str, str], set[int]] = {}
    for form in SETS:
        for indicator in form.indicators:
            for level in indicator.levels:
                said = [("", label) for label in both(level.label)]
                said += [(indicator.id, words) for words in (level.id, *map(fold, level.also))]
                for place in said:
                    earned.setdefault(place, set()).add(level.points)
    assert {said: points for said, points in earned.items() if len(points) > 1} == {}


@pytest.mark.parametrize(
    ("typed", "points"),
    [("thường xuyên", 8), ("thỉnh thoảng", 5), ("lâu lâu", 5), ("không bao giờ", 2), ("often", 8), ("never", 2)],
)
def test_words_for_how_often_earn_the_same_under_every_question(typed: str, points: int) -> None:
    earned = {
        indicator.level(answer.key).points
        for form in SETS
        for indicator in form.indicators
        if isinstance(answer := heard(typed, asked(indicator)), Chose)
    }
    assert earned == {points}


@every_set
@pytest.mark.parametrize(
    ("typed", "level"),
    [
        ("2 tuần 1 lần", "monthly"),
        ("tháng một lần", "monthly"),
        ("hai tháng một lần", "quarterly"),
        ("ba thang mot lan", "quarterly"),
        ("6 tháng 1 lần", "yearly"),
        ("hai năm một lần", "hardly"),
    ],
)
def test_how_many_months_apart_is_not_lost_on_the_way(criteria: CriteriaSet, typed: str, level: str) -> None:
    assert heard(typed, asked(criteria.indicator("community-learning"))) == Chose(level)


@every_set
def test_what_ones_life_does_not_ask_for_costs_nothing(criteria: CriteriaSet) -> None:
    """Those who need no other language, and outside an office no device, reach the title like the others."""
    for name in {"languages", "digital-tools"} - ({"digital-tools"} if criteria.group == "official" else set()):
        average = criteria.indicator(name).levels[1]
        assert (average.points * 10, "chưa" in average.label.vi) == (criteria.pass_rule.total, True)


@every_set
def test_harmony_is_asked_of_ones_own_conduct_and_not_of_what_others_do(criteria: CriteriaSet) -> None:
    indicator = criteria.indicator("good-relations")
    assert "cư xử" in indicator.question.vi
    assert "thì không mất điểm" in indicator.explanation.vi


@every_set
def test_who_cannot_come_may_count_what_is_heard_or_watched_at_home(criteria: CriteriaSet) -> None:
    assert "người khuyết tật tính cả" in criteria.indicator("community-learning").explanation.vi


@every_set
def test_a_question_asks_one_thing_as_people_ask_it(criteria: CriteriaSet) -> None:
    for indicator in criteria.indicators:
        question = indicator.question.vi
        assert (question.count("?"), question[-1]) == (1, "?")
        assert not re.search(r"\bbao lâu\b|một lần\?|đã đến đâu rồi", question, re.IGNORECASE)
        assert len(question) <= 90


@every_set
def test_an_answer_fits_a_button(criteria: CriteriaSet) -> None:
    labels = [level.label.vi for indicator in criteria.indicators for level in indicator.levels]
    assert [label for label in labels if len(label) > 30] == []


@every_set
def test_every_answer_has_other_words_in_both_languages(criteria: CriteriaSet) -> None:
    for indicator in criteria.indicators:
        assert len(indicator.other_names) >= 2
        for level in indicator.levels:
            assert sum(not word.isascii() for word in level.also) >= 3
            assert any(word.isascii() for word in level.also)


@every_set
def test_other_words_for_an_answer_are_understood_with_and_without_tone_marks(criteria: CriteriaSet) -> None:
    for indicator in criteria.indicators:
        for level in indicator.levels:
            for word in level.also:
                for typed in (word, unmarked(word), word.upper()):
                    assert heard(typed, asked(indicator)) == Chose(level.id)


@every_set
def test_a_hint_reads_as_an_example(criteria: CriteriaSet) -> None:
    hints = [indicator.evidence_hint for indicator in criteria.indicators if indicator.evidence_hint]
    for hint in hints:
        assert all(text[0].islower() and text.endswith(".") for text in both(hint))


@every_set
def test_evidence_is_asked_where_it_helps_and_not_everywhere(criteria: CriteriaSet) -> None:
    asked = [indicator for indicator in criteria.indicators if indicator.evidence == "asked"]
    assert 2 <= len(asked) <= 4


@every_set
def test_answers_hold_no_digits_for_a_typed_number_means_the_place_in_the_list(criteria: CriteriaSet) -> None:
    labels = [text for i in criteria.indicators for level in i.levels for text in both(level.label)]
    assert [label for label in labels if re.search(r"\d", label)] == []


@every_set
def test_questions_in_vietnamese_do_without_a_pronoun_for_who_is_asked(criteria: CriteriaSet) -> None:
    pronoun = re.compile(r"\b(bạn có|bác|chú|ông/bà|ông bà|anh/chị|quý vị|mình|tôi)\b", re.IGNORECASE)
    assert [i.question.vi for i in criteria.indicators if pronoun.search(i.question.vi)] == []


@every_set
def test_an_example_names_an_answer_that_can_be_chosen(criteria: CriteriaSet) -> None:
    for indicator in criteria.indicators:
        for language in ("vi", "en"):
            quoted = re.findall("“([^”]+)”", indicator.explanation.in_language(language))
            assert quoted[-1] in [level.label.in_language(language) for level in indicator.levels]


@every_set
def test_an_answer_typed_without_tone_marks_is_understood(criteria: CriteriaSet) -> None:
    for indicator in criteria.indicators:
        for level in indicator.levels:
            for label in both(level.label):
                actual = heard(fold(label), asked(indicator))
                assert actual == Chose(level.id)


@every_set
def test_an_answer_with_a_letter_missing_is_never_taken_for_another(criteria: CriteriaSet) -> None:
    for indicator in criteria.indicators:
        for level in indicator.levels:
            typed = fold(level.label.vi)
            for gap in range(len(typed)):
                answer = heard(typed[:gap] + typed[gap + 1 :], asked(indicator))
                assert answer in (None, Chose(level.id))


def test_every_word_that_leads_elsewhere_under_a_question_is_refused_as_an_answer() -> None:
    assert {fold(word) for move in (BACK, EXPLAIN, PAUSE) for word in move.also} - NAVIGATION_WORDS == set()
    assert {"skip", "bo qua"} <= {fold(word) for word in SKIP.also} & NAVIGATION_WORDS


def test_the_longest_explained_question_fits_one_message_of_every_channel() -> None:
    texts = LONGEST["question"] + LONGEST["explanation"] + LONGEST["official"]
    assert texts + max(LEVELS_OF_AN_INDICATOR) * (len("11. \n") + LONGEST["label"]) <= 1900


def test_an_indicator_and_a_level_are_found_by_id() -> None:
    criteria = SETS[0]
    assert criteria.indicator("languages") is criteria.indicators[5]
    assert criteria.level("languages", "some").points == 5
    with pytest.raises(KeyError):
        criteria.indicator("nothing")
    with pytest.raises(KeyError):
        criteria.level("languages", "nothing")


def test_the_pin_holds_the_content_and_only_the_content() -> None:
    again = read_toml("# a remark\n" + FARMER, "elsewhere.toml")
    assert (again, again.pin) == (SETS[0], SETS[0].pin)
    assert read_toml(broken("Tuần nào cũng có", "Hằng tuần vẫn có"), "farmer.toml").pin != SETS[0].pin
    assert re.fullmatch("[0-9a-f]{16}", again.pin)


def test_a_pin_outlives_being_stored_and_read_again() -> None:
    stored = msgspec.json.encode(SETS[0])
    assert msgspec.json.decode(stored, type=CriteriaSet).pin == SETS[0].pin


def test_a_text_is_said_in_its_language_and_in_vietnamese_otherwise() -> None:
    text = Localized("Đạt", "Passed")
    assert [text.in_language(language) for language in ("vi", "en", "fr")] == ["Đạt", "Passed", "Đạt"]


def test_a_text_may_be_in_further_languages_in_the_file() -> None:
    text = broken('en = "Every day" }', 'en = "Every day", km = "រាល់ថ្ងៃ", jra = "Nanao hrơi" }')
    label = read_toml(text, "farmer.toml").indicators[0].levels[0].label
    assert [label.in_language(language) for language in ("vi", "en", "km", "jra", "fr")] == [
        "Hằng ngày", "Every day", "រាល់ថ្ងៃ", "Nanao hrơi", "Hằng ngày",
    ]  # fmt: skip


def test_a_set_in_further_languages_outlives_being_stored_and_has_a_pin_of_its_own() -> None:
    more = read_toml(broken('en = "Every day" }', 'en = "Every day", km = "រាល់ថ្ងៃ" }'), "farmer.toml")
    stored = msgspec.json.decode(msgspec.json.encode(more), type=CriteriaSet)
    assert (stored, stored.pin) == (more, more.pin)
    assert more.pin != SETS[0].pin


def test_a_set_in_vietnamese_and_english_is_stored_as_ever_so_that_forms_keep_their_pin() -> None:
    stored = '{"en":"Passed","vi":"Đạt"}'.encode()
    assert msgspec.json.encode(msgspec.json.decode(stored, type=Localized), order="sorted") == stored
    assert b"further" not in msgspec.json.encode(SETS[0])


FAULTS = {
    "no TOML": (
        'group = "farmer"',
        'group = "farmer',
        "this is not TOML: Illegal character '\\n' (at line 3, column 16); correct it there",
    ),
    "unknown field": (
        'group = "farmer"',
        'groop = "farmer"\ngroup = "farmer"',
        "groop: is no field of a criteria set; delete it or correct its spelling",
    ),
    "missing field": ("floor = 5\n", "", "pass_rule.floor: is missing; add it"),
    "missing language": (
        '"Hằng ngày", en = "Every day"',
        '"Hằng ngày"',
        "competency A, indicator 1, level 1, label.en: is missing; add it",
    ),
    "text for a number": (
        "points = 8",
        'points = "8"',
        "competency A, indicator 1, level 2, points: must be a whole number; write it in digits, without quotes",
    ),
    "number for a text": (
        'version = "2026.2"',
        "version = 2026.2",
        "version: must be text; put it between quotes",
    ),
    "table for a list": (
        "levels = [\n",
        "levels = 3\nlabels = [\n",
        "competency A, indicator 1, levels: must be a list; write it as in the shipped files",
    ),
    "unknown group": (
        'group = "farmer"',
        'group = "fisher"',
        'group: has an unknown value; write one of "farmer", "worker", "official", "pupil", "other"',
    ),
    "capital in an id": (
        'id = "relations"',
        'id = "Relations"',
        'competency C, id: "Relations" is no id; use small letters a-z, digits and hyphens only',
    ),
    "competency id twice": (
        'id = "tools"',
        'id = "lifelong-learning"',
        'competency B, id: the id "lifelong-learning" is there twice; give one of them another id',
    ),
    "indicator id twice": (
        'id = "cooperation"',
        'id = "keeps-up"',
        'competency C, indicator 10, id: the id "keeps-up" is there twice; give one of them another id',
    ),
    "level id twice": (
        'id = "weekly"',
        'id = "daily"',
        'competency A, indicator 1, level 2, id: the id "daily" is there twice; give one of them another id',
    ),
    "version": (
        'version = "2026.2"',
        'version = "v2"',
        'version: "v2" is no version; write year and number, as in "2026.1"',
    ),
    "date": (
        'date = "2020"',
        'date = "28/07/2022"',
        'source.date: "28/07/2022" is no date; write a year, a month or a day, as in "2022-07-28"',
    ),
    "empty text": (
        'question.en = "Do you often',
        'question.en = " " # "Do you often',
        "competency A, indicator 1, question.en: is empty; write the text",
    ),
    "space at the edge": (
        '"Hằng ngày"',
        '"Hằng ngày "',
        "competency A, indicator 1, level 1, label.vi: begins or ends with a space; delete it",
    ),
    "two lines": (
        '"Hằng ngày"',
        '"Hằng\\nngày"',
        "competency A, indicator 1, level 1, label.vi: has more than one line; write it on one line",
    ),
    "direction mark": (
        '"Every day"',
        '"Every \\u202Eday"',
        "competency A, indicator 1, level 1, label.en: has the hidden character U+202E; "
        "delete it or type the text anew",
    ),
    "control character": (
        'explanation.vi = "Xem',
        'explanation.vi = "\\u0007Xem',
        "competency A, indicator 1, explanation.vi: has the hidden character U+0007; delete it or type the text anew",
    ),
    "tone marks apart": (
        '"Hằng ngày"',
        '"Hằng nga\\u0300y"',
        "competency A, indicator 1, level 1, label.vi: has tone marks typed apart from their letters; "
        "save the file in the Unicode form NFC",
    ),
    "long label": (
        '"Hằng ngày"',
        '"Ngày nào cũng xem, cả ngày lễ, ngày Tết và khi đi xa"',
        "competency A, indicator 1, level 1, label.vi: has 52 characters, at most 40 fit; shorten it",
    ),
    "answers alike without tone marks": (
        '"Tuần nào cũng có"',
        '"Hàng Ngày!"',
        'competency A, indicator 1, level 2, label.vi: "Hàng Ngày!" reads like "Hằng ngày" of level 1 '
        "when typed without tone marks; word one of them differently",
    ),
    "answers alike across languages": (
        'en = "Every week"',
        'en = "Hang ngay"',
        'competency A, indicator 1, level 2, label.en: "Hang ngay" reads like "Hằng ngày" of level 1 '
        "when typed without tone marks; word one of them differently",
    ),
    "answers alike in a further language": (
        'en = "Every week" }',
        'en = "Every week", km = "Hang ngay" }',
        'competency A, indicator 1, level 2, label.km: "Hang ngay" reads like "Hằng ngày" of level 1 '
        "when typed without tone marks; word one of them differently",
    ),
    "empty text in a further language": (
        'en = "Every day" }',
        'en = "Every day", km = "" }',
        "competency A, indicator 1, level 1, label.km: is empty; write the text",
    ),
    "what is no language": (
        'en = "Every day" }',
        'en = "Every day", khmer = "រាល់ថ្ងៃ" }',
        "competency A, indicator 1, level 1, label.khmer: is no field of a criteria set; "
        "delete it or correct its spelling",
    ),
    "shorts alike": (
        'short = { vi = "Kế hoạch học tập"',
        'short = { vi = "Xem tin, cập nhật kiến thức"',
        'competency A, indicator 2, short.vi: "Xem tin, cập nhật kiến thức" reads like '
        '"Xem tin, cập nhật kiến thức" of indicator 1 when typed without tone marks; '
        "word one of them differently",
    ),
    "a bare number": (
        '"Hằng ngày"',
        '"7"',
        'competency A, indicator 1, level 1, label.vi: "7" has no letters to type; say it in words',
    ),
    "a question mark": (
        '"Hằng ngày"',
        '"?"',
        'competency A, indicator 1, level 1, label.vi: "?" has no letters to type; say it in words',
    ),
    "a word that leads elsewhere": (
        '"Hằng ngày"',
        '"Quay lại"',
        'competency A, indicator 1, level 1, label.vi: typing "Quay lại" already leads elsewhere; word it differently',
    ),
    "a number in words": (
        '"Hằng ngày"',
        '"Số bốn"',
        'competency A, indicator 1, level 1, label.vi: typing "Số bốn" already means a place in the list; '
        "word it differently",
    ),
    "an answer that begins another": (
        '"Thỉnh thoảng"',
        '"Tuần nào"',
        'competency A, indicator 1, level 3, label.vi: "Tuần nào" begins "Tuần nào cũng có" of level 2; '
        'word one of them differently, or list "Tuần nào" as also where it alone is meant',
    ),
    "other words like another answer": (
        '"ngày nào cũng xem"',
        '"tuan nao cung co"',
        'competency A, indicator 1, level 2, label.vi: "Tuần nào cũng có" reads like "tuan nao cung co" of level 1 '
        "when typed without tone marks; word one of them differently",
    ),
    "other words listed for two answers": (
        '"thường xuyên xem"',
        '"Ngày nào cũng!"',
        'competency A, indicator 1, level 2, also: "Ngày nào cũng!" reads like "ngày nào cũng" of level 1 '
        "when typed without tone marks; word one of them differently",
    ),
    "two ways to write a no": (
        '"ngày nào cũng xem"',
        '"ko xem"',
        'competency A, indicator 1, level 4, also: "không xem" reads like "ko xem" of level 1 '
        'when every "k", "ko", "0" is read as "không"; word one of them differently',
    ),
    "other words that lead elsewhere": (
        '"ngày nào cũng xem"',
        '"tạm dừng"',
        'competency A, indicator 1, level 1, also: typing "tạm dừng" already leads elsewhere; word it differently',
    ),
    "other words that are a number": (
        '"ngày nào cũng xem"',
        '"ý b"',
        'competency A, indicator 1, level 1, also: typing "ý b" already means a place in the list; word it differently',
    ),
    "a bare yes": (
        '"ngày nào cũng xem"',
        '"dạ có"',
        'competency A, indicator 1, level 1, also: "dạ có" says only yes, to whichever answer; delete it',
    ),
    "a bare no for a good answer": (
        '"thường xuyên xem"',
        '"ko có"',
        'competency A, indicator 1, level 2, also: "ko có" says only no, but this is not the lowest answer; '
        "list it there or delete it",
    ),
    "other words in one text": (
        '"ngày nào cũng xem"',
        '"ngày nào; cũng xem"',
        'competency A, indicator 1, level 1, also: has a semicolon inside "ngày nào; cũng xem"; '
        "list the words one by one",
    ),
    "other words that are long": (
        '"ngày nào cũng xem"',
        f'"{"ngày nào cũng xem " * 3}thôi"',
        "competency A, indicator 1, level 1, also: has 58 characters, at most 40 fit; shorten it",
    ),
    "other words that are no text": (
        '"ngày nào cũng xem"',
        "7",
        "competency A, indicator 1, level 1, also: must be text; put it between quotes",
    ),
    "other words that are no list": (
        'also = ["thời sự"',
        'also = "thời sự"\nwords = ["thời sự"',
        "competency A, indicator 1, also: must be a list; write it as in the shipped files",
    ),
    "names of questions alike": (
        '"thời sự"',
        '"kế hoạch học tập"',
        'competency A, indicator 2, short.vi: "Kế hoạch học tập" reads like "kế hoạch học tập" of indicator 1 '
        "when typed without tone marks; word one of them differently",
    ),
    "points out of order": (
        "points = 5,",
        "points = 8,",
        "competency A, indicator 1, level 3, points: 8 points after 8; "
        "order the levels from most to fewest points, each with its own",
    ),
    "too many points": (
        "points = 10,",
        "points = 11,",
        "competency A, indicator 1, level 1, points: 11 points; give 0 to 10",
    ),
    "fewer than no points": (
        "points = 2,",
        "points = -2,",
        "competency A, indicator 1, level 4, points: -2 points; give 0 to 10",
    ),
    "points that don't add up": (
        "points = 10,",
        "points = 9,",
        "pass_rule.maximum: is 100, but the best answers add up to 99; correct it, or the points of the levels",
    ),
    "total": (
        "total = 80",
        "total = 101",
        "pass_rule.total: 101 cannot be asked for; give 1 to 100",
    ),
    "floor": (
        "floor = 5",
        "floor = 11",
        "pass_rule.floor: 11 cannot be asked for; give 0 to 10, what every indicator can earn",
    ),
    "official and provisional": (
        'status = "provisional"',
        'status = "official"',
        'provisional: an official set has nothing provisional; delete it, or set status to "provisional"',
    ),
    "hint missing": (
        'evidence = "none"',
        'evidence = "asked"',
        "competency A, indicator 1, evidence_hint: is missing while evidence is asked; "
        'say what may be sent, or set evidence to "none"',
    ),
    "hint for nothing": (
        'evidence = "asked"',
        'evidence = "none"',
        "competency A, indicator 2, evidence_hint: is there while no evidence is asked; "
        'delete it, or set evidence to "asked"',
    ),
    "indicators missing": (
        "[[competencies.indicators]]",
        "[[competencies]]",
        "competency A, indicators: is missing; add it",
    ),
    "no indicators": (
        "[[competencies]]",
        '[[competencies]]\nid = "more"\nname.vi = "Thêm"\nname.en = "More"\nindicators = []\n[[competencies]]',
        "competency A: has no indicators; add one, or delete the competency",
    ),
}


@pytest.mark.parametrize(("old", "new", "message"), FAULTS.values(), ids=FAULTS.keys())
def test_a_broken_set_is_refused_in_one_line_with_place_and_cure(old: str, new: str, message: str) -> None:
    with pytest.raises(BrokenCriteria) as refusal:
        read_toml(broken(old, new), "farmer.toml")
    assert str(refusal.value) == f"farmer.toml: {message}"


def test_a_provisional_set_must_say_what_is_provisional() -> None:
    silent = re.sub(r"^provisional\..*\n", "", FARMER, flags=re.MULTILINE)
    with pytest.raises(BrokenCriteria) as refusal:
        read_toml(silent, "farmer.toml")
    assert str(refusal.value) == "farmer.toml: provisional: is missing; say what about this set is provisional"


def test_two_competencies_are_too_few() -> None:
    with pytest.raises(BrokenCriteria) as refusal:
        read_toml(FARMER[: FARMER.rindex("[[competencies]]")], "farmer.toml")
    assert str(refusal.value) == "farmer.toml: competencies: the number of competencies is 2; give at least 3"


def test_one_level_is_no_choice() -> None:
    alone = re.sub(r"(levels = \[\n  \{.*?\n  \] \},\n).*?\n\]", r"\1]", FARMER, count=1, flags=re.DOTALL)
    with pytest.raises(BrokenCriteria) as refusal:
        read_toml(alone, "farmer.toml")
    place = "farmer.toml: competency A, indicator 1, levels"
    assert str(refusal.value) == f"{place}: the number of levels is 1; give 2 to 11"


def test_a_refusal_is_one_printable_line_whatever_the_file_is_called() -> None:
    with pytest.raises(BrokenCriteria) as refusal:
        read_toml(broken("floor = 5\n", ""), "evil\n\u202e.toml")
    assert str(refusal.value) == "evil  .toml: pass_rule.floor: is missing; add it"


def both(text: Localized) -> tuple[str, str]:
    return text.vi, text.en


def asked(indicator: Indicator) -> Question:
    """Return an indicator as the conversation asks it."""
    choices = tuple(Choice(level.id, level.label, level.also) for level in indicator.levels)
    return Question(indicator.question, choices, (BACK, EXPLAIN, PAUSE), numbered=True)
