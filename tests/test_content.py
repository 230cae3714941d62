"""The content check: nothing wrong with what is there, one line for each thing that could be."""

import dataclasses
import os
from importlib import resources
from pathlib import Path

import pytest
from msgspec.structs import replace

from bot import content
from bot.catalogues import load, locales
from bot.services.criteria_files import shipped
from flows.conversation.questions import Choice
from flows.subjects import FLOWS, SUBJECTS
from flows.words.spelling import composed
from tests import khmer


def test_there_is_nothing_wrong_with_the_content() -> None:
    assert content.problems() == []


def test_what_was_in_order_is_not_looked_through_again_until_a_file_changes(tmp_path: Path) -> None:
    written = tmp_path / "flows" / "talk.py"
    written.parent.mkdir()
    written.write_text("SAID = 1")
    mark = content.Mark(tmp_path / "kept" / "content-in-order", (written.parent,))
    assert not mark.stands()
    mark.set()
    assert mark.stands()
    (written.parent / "notes.txt").touch()
    assert mark.stands()
    (written.parent / "hoctap.po").touch()
    assert not mark.stands()
    mark.set()
    before = written.stat()
    written.write_text("SAID = 2")
    os.utime(written, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert not mark.stands()


def test_where_nothing_can_be_kept_the_content_is_looked_through_at_each_start(tmp_path: Path) -> None:
    (tmp_path / "no folder").touch()
    mark = content.Mark(tmp_path / "no folder" / "content-in-order", (tmp_path,))
    mark.set()
    assert not mark.stands()


def test_how_much_of_a_further_language_is_there_is_news_and_no_problem(tmp_path: Path) -> None:
    farmer = resources.files("flows.domain.criteria").joinpath("farmer.toml").read_text("utf-8")
    folder = khmer.dropped_in(tmp_path, sentences={**khmer.SENTENCES, "No": "", "Nobody says this.": "ទេ"})
    (line,) = content.unfinished(folder, [khmer.form_with_khmer(farmer, "2026.9")])
    translated, _of, all_of_them, *_rest = line.removeprefix("km: ").split()
    assert (int(translated), int(all_of_them) > 400) == (len(khmer.SENTENCES), True)
    assert " sentences and 2 of " in line


def test_without_a_further_language_there_is_nothing_to_tell() -> None:
    assert list(content.unfinished(locales(), shipped())) == []


def test_a_language_called_like_another_is_named() -> None:
    called_english = {"xx": dataclasses.replace(load()["en"], language="xx", name="Tieng Viet")}
    assert [line for line in content.collisions([], {**load(), **called_english}) if line.startswith("languages")] == [
        'languages: "tieng viet" means both "vi" and "xx"; word one of them differently'
    ]


def test_a_sentence_that_no_catalogue_has_is_named_with_its_place() -> None:
    code = content.calls_in("flows/home/talk.py", 'X = 1\nY = _("Say " "cheese")\n')
    cure = "write it out in the code, run 'make messages' and translate it"
    assert list(content.unworded(code)) == [
        f'flows/home/talk.py:2: "Say cheese" is not in the catalogue {language}; {cure}' for language in ("vi", "en")
    ]


def test_a_sentence_put_together_while_running_is_refused() -> None:
    code = content.calls_in("bot/x.py", "def f(name: str) -> Text:\n    return _(f'Hello {name}.')\n")
    assert len(list(content.unworded(code))) == 2


@pytest.mark.parametrize(
    ("module", "text", "line"),
    [
        ("flows/privacy/talk.py", 'Went("shure", talk)', 1),
        ("flows/privacy/talk.py", 'Went("indicator", talk)', 1),
        ("flows/notices/draft/page.py", 'Went("take_role", talk)', 1),
        ("flows/conversation/commands.py", '\nEntered("sumary" if True else "summary", Filling())', 2),
        ("flows/home/talk.py", "def on(step, talk):\n    return Went(step, talk)\n\non('hom', talk)", 4),
    ],
)
def test_going_to_a_step_that_is_not_there_is_named_with_its_place(module: str, text: str, line: int) -> None:
    found = list(content.lost_steps([*content.calls(), *content.calls_in(module, text)]))
    assert [problem.partition(" goes to the step ")[0] for problem in found] == [f"{module}:{line}:"]


def test_a_step_that_nothing_goes_to_is_named() -> None:
    code = [call for call in content.calls() if (call.module, call.texts) != ("flows/privacy/talk.py", ("sure",))]
    assert list(content.lost_steps(code)) == [
        'flows/privacy/talk.py: nothing goes to the step "sure"; go there or delete it'
    ]


@pytest.mark.parametrize("other", [Choice("stork", "Cò"), Choice("stork", "Con cò", ("co",))])
def test_answers_that_differ_in_their_tone_marks_only_are_refused(other: Choice) -> None:
    assert list(content.collide("question 1", [Choice("yes", "Có"), other], load())) == [
        'question 1: "co" means both "yes" and "stork"; word one of them differently'
    ]


def test_an_answer_called_like_a_button_under_its_question_is_refused() -> None:
    question = next(step for flow in FLOWS.values() for step in flow.steps if step.name == "indicator")
    choices = [Choice("none", "Quay lại"), *content.constants(question)]
    assert list(content.collide("farmer, keeps-up", choices, load())) == [
        'farmer, keeps-up: "quay lai" means both "none" and "back"; word one of them differently'
    ]


def test_other_words_for_an_answer_that_mean_a_button_under_its_question_are_refused() -> None:
    farmer = shipped()[0]
    first, *others = farmer.competencies
    daily, *less = first.indicators[0].levels
    changed = replace(first.indicators[0], levels=(replace(daily, also=("trở lại",)), *less))
    criteria = replace(farmer, competencies=(replace(first, indicators=(changed, *first.indicators[1:])), *others))
    assert [line for line in content.collisions([criteria], load()) if line.startswith(farmer.id)] == [
        'learning-citizen-farmer, keeps-up: "tro lai" means both "level daily" and "back"; word one of them differently'
    ]


def test_the_further_words_for_an_answer_are_written_as_they_are_compared() -> None:
    words = {
        word
        for flow in FLOWS.values()
        for step in flow.steps
        for choice in content.constants(step)
        for word in choice.also
    }
    assert sorted(word for word in words if composed(word) != word) == []


def test_a_command_in_the_place_of_another_is_named_with_it() -> None:
    first, second, *others = SUBJECTS.commands
    moved = dataclasses.replace(second, place=first.place)
    (problem,) = content.sharing_a_place([first, moved, *others])
    assert f'"{first.name}" and "{second.name}" share place {first.place}' in problem
