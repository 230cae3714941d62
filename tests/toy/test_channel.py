"""A toy channel: its folder, its setting, one line in the list of channels, and nothing else."""

from pathlib import Path

import pytest

from tests.toy.copying import PYTEST, Copy, Line

FOLDER = Path(__file__).parent / "channel"
PLAYED = "tests/on_the_toy.py"

LISTED = Line(
    "flows/domain/channels.py",
    '    "toy": ChannelFacts("Toy", within="the toy"),\n',
    "its turn",
    before='    "web": ChannelFacts(\n',
)
SET = Line(
    "bot/settings.py",
    "    toy_bot: str | None = None\n",
    "its turn",
    before="    zalo_bot_token: SecretStr | None = None\n",
)

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A copy of the checkout, one for both tests."""
    return Copy(tmp_path_factory.mktemp("checkout"), FOLDER, (LISTED.file, SET.file, "pyproject.toml"))


def test_with_its_line_people_write_on_it_and_it_is_named_wherever_channels_are(copy: Copy) -> None:
    copy.write_lists([LISTED, SET])
    ended, printed = copy.run(*PYTEST, PLAYED)
    assert ended == 0, printed


def test_without_its_line_it_is_no_channel(copy: Copy) -> None:
    copy.write_lists([SET])
    ended, printed = copy.run(*PYTEST, PLAYED)
    assert ended == 1, printed
    assert "toy" in printed
