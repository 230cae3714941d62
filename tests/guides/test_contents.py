"""What the guides name exists: settings, commands and their options, words to type, buttons, addresses, figures."""

import re
from pathlib import Path

import pytest
from msgspec.structs import fields
from prometheus_client import generate_latest
from typer.testing import CliRunner

from bot.application import Application
from bot.catalogues import forms, locales
from bot.catalogues import read as read_catalogue
from bot.channels.web.limits import LIMITS
from bot.channels.web.routes import MOST_UPLOADS, UPLOADS_A_DAY_FROM_ONE_ADDRESS
from bot.guides.pages import NAMES, languages, source
from bot.main import app
from bot.services.criteria_files import shipped
from bot.settings import SecretStr, Settings
from flows.subjects import SUBJECTS
from flows.words.wording import render
from tests.sample import CATALOGUES

CHECKOUT = Path(__file__).parents[2]
LANGUAGES = ("vi", "en")
GUIDES = {f"{name}-{language}": source(name, language) for name in NAMES for language in LANGUAGES}
WITH_COMMANDS = {
    **GUIDES,
    **{name: CHECKOUT / name for name in ("README.md", "CONTRIBUTING.md", ".github/SECURITY.md")},
}
# What belongs to others: the web server's setting, and words for @BotFather.
OF_OTHERS = {"FORWARDED_ALLOW_IPS", "HTTPS_PROXY"}
TO_BOTFATHER = {"/newbot", "/revoke"}
BEFORE_A_NUMBER = {"sửa", "edit"}

of_each_guide = pytest.mark.parametrize("guide", GUIDES)


def text_of(guide: str) -> str:
    return GUIDES[guide].read_text("utf-8")


def words_of(guide: str) -> str:
    """Return a guide without its talks."""
    return re.sub(r"^```chat\n.*?^```$", "", text_of(guide), flags=re.MULTILINE | re.DOTALL)


def code_in(text: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", text)


def without_signs(label: str) -> str:
    return re.sub(r"^\W+|\W+$", "", label)


def test_every_guide_is_there_in_both_languages() -> None:
    files = {file.relative_to(locales()).as_posix() for file in locales().glob("*/guide/*")}
    assert files == {f"{language}/guide/{name}.md" for name in NAMES for language in LANGUAGES}
    assert {languages(name) for name in NAMES} == {("en", "vi")}


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_have_the_same_headings_lists_and_tables(name: str) -> None:
    vietnamese, english = (
        re.findall(r"^(#+ |- |\d+\. |\||> |```\w*)", words_of(f"{name}-{language}"), re.MULTILINE)
        for language in LANGUAGES
    )
    assert vietnamese == english


@of_each_guide
def test_the_provisional_says_that_it_is(guide: str) -> None:
    assert re.search(r"\*\*(tạm thời|provisional)\*\*", text_of(guide))


@pytest.mark.parametrize("file", WITH_COMMANDS)
def test_every_command_and_option_exists(file: str) -> None:
    text = WITH_COMMANDS[file].read_text("utf-8")
    in_code = "\n".join(code_in(text) + re.findall(r"^(?: {4}|\.venv).*", text, re.MULTILINE))
    commands = {line.split("#")[0].strip() for line in re.findall(r"\bhoctap ([a-z-][^`\n]*)", in_code)}
    # Words of our own in capitals stand for a file; `--help` reads the options and does nothing.
    refused = {line for line in commands if CliRunner().invoke(app, [*line.split(), "--help"]).exit_code}
    assert refused == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_guide_for_operators_lists_every_setting_with_its_default(language: str) -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \| .* \| (?:`(.*)`|.*) \|$", text_of(f"operator-{language}"), re.MULTILINE)
    assert {name for name, _default in rows} == {one.name.upper() for one in fields(Settings)}
    defaults = {one.name.upper(): one.default for one in fields(Settings)}
    for name, default in rows:
        if default:
            assert str(defaults[name]).removesuffix(".0") == default


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_guide_for_operators_tells_the_limits_of_the_web_chat(language: str) -> None:
    text = text_of(f"operator-{language}")
    table = re.findall(r"^\| .* \| \d+ (?:a second|lần mỗi giây), .* \|$", text, re.MULTILINE)
    told = [[int(re.sub(r"\D", "", number)) for number in re.findall(r"\d[\d.,]*", row)] for row in table]
    uploads = LIMITS["upload"]
    assert UPLOADS_A_DAY_FROM_ONE_ADDRESS == 5 * 1024**3
    assert told == [
        *(
            [limit.of_one.a_second, limit.of_one.at_once, limit.in_all.a_second, limit.in_all.at_once]
            for name, limit in LIMITS.items()
            if name != "upload"
        ),
        [
            uploads.of_one.a_second,
            uploads.of_one.at_once,
            5,
            uploads.in_all.a_second,
            uploads.in_all.at_once,
            MOST_UPLOADS,
        ],
    ]


@of_each_guide
def test_every_setting_exists(guide: str) -> None:
    code = "\n".join([*code_in(words_of(guide)), *re.findall(r"^[A-Z_]+(?==)", words_of(guide), re.MULTILINE)])
    named = set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", code))
    assert named - {one.name.upper() for one in fields(Settings)} <= OF_OTHERS


@of_each_guide
def test_every_word_to_type_is_understood(guide: str) -> None:
    reader = CATALOGUES[guide[-2:]]
    orders = [command.order for command in SUBJECTS.commands]
    known = {word for order in orders for word in (render(order.label, reader), *order.also)}
    typed = re.findall(r"(?:\b[gG]õ|\b[tT]ypes?) `([^`]+)`", words_of(guide))
    assert set(typed) - known <= TO_BOTFATHER | BEFORE_A_NUMBER


@of_each_guide
def test_every_button_exists(guide: str) -> None:
    sentences = read_catalogue(locales(), guide[-2:])
    labels = {without_signs(said) for message in sentences for said in forms(message.string)}
    named = re.findall(r"(?:[bB]ấm|[nN]út|[pP]ress|[bB]utton) \*\*([^*]+)\*\*", words_of(guide))
    assert {without_signs(label) for label in named} <= labels


@of_each_guide
def test_every_address_is_served(guide: str, tmp_path: Path) -> None:
    settings = Settings(
        database_url=f"sqlite:///{tmp_path / 'hoctap.db'}",
        public_url="https://hoc.example.vn",
        telegram_token=SecretStr("123456:made-up"),
        telegram_webhook_secret=SecretStr("made-up"),
    )
    application = Application(settings)
    served = {getattr(route, "path", "") for route in application.http().routes}
    named = {code for code in code_in(words_of(guide)) if re.fullmatch(r"/[a-z]+", code)}
    assert named - TO_BOTFATHER <= served


@of_each_guide
def test_every_figure_and_criteria_set_exists(guide: str) -> None:
    figures = generate_latest().decode()
    assert all(name in figures for name in re.findall(r"\bhoctap_[a-z_]+", words_of(guide)))
    assert set(re.findall(r"\blearning-citizen-\w+", words_of(guide))) <= {criteria.id for criteria in shipped()}


@of_each_guide
def test_every_link_and_named_file_of_ours_is_there(guide: str) -> None:
    links = re.findall(r"\]\(([^)]+)\)", text_of(guide))
    assert [link for link in links if not (GUIDES[guide].parent / link).is_file()] == []
    named = [code for code in code_in(words_of(guide)) if re.fullmatch(r"(\.github/)?[A-Z]+\.md", code)]
    assert [name for name in named if not (CHECKOUT / name).is_file()] == []
