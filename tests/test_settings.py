"""Settings: what is wrong is said in one line that names the variable and the cure, and never the value."""

from pathlib import Path

import pytest
from sqlalchemy import make_url

from bot.settings import Settings, SettingsWrong, read_settings

TOKEN = "123456:ABC-def_ghi"
NAMES = (
    "DATABASE_URL", "PORT", "PUBLIC_URL", "SECRET_KEY", "TELEGRAM_TOKEN", "TELEGRAM_TOKENS", "TELEGRAM_API_URL",
    "TELEGRAM_PROXY", "TELEGRAM_WEBHOOK_SECRET", "EVIDENCE_URL", "LOG_LEVEL", "TIME_ZONE",
)  # fmt: skip


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Begin in an empty folder, with nothing set."""
    monkeypatch.chdir(tmp_path)
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def wrong(monkeypatch: pytest.MonkeyPatch, **values: str) -> str:
    """Return what is said about settings that are refused."""
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsWrong) as refused:
        read_settings()
    return str(refused.value)


def test_nothing_needs_to_be_set() -> None:
    read = read_settings()
    assert (read.database_url, read.port, read.log_level) == ("sqlite+aiosqlite:///hoctap.db", 8080, "info")
    assert str(read.zone) == "Asia/Ho_Chi_Minh"
    assert (read.telegram_token, read.public_url, read.secret_key) == (None, None, None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "geheim"),
        ("DATABASE_URL", ""),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("DATABASE_URL", "mysql://root:geheim@host/name"),
        ("DATABASE_URL", "postgresql://root:geheim@host:geheim/name"),
        ("PORT", "geheim"),
        ("PORT", "0"),
        ("PORT", "70000"),
        ("PUBLIC_URL", "geheim.example"),
        ("PUBLIC_URL", "ftp://geheim.example"),
        ("PUBLIC_URL", "https://geheim example"),
        ("SECRET_KEY", "geheim"),
        ("TELEGRAM_TOKEN", "geheim"),
        ("TELEGRAM_TOKEN", "123456:geheim geheim"),
        ("TELEGRAM_TOKEN", f"{TOKEN}geheim\n"),
        ("TELEGRAM_TOKENS", "geheim"),
        ("TELEGRAM_TOKENS", f"12345={TOKEN} geheim={TOKEN}geheim!"),
        ("TELEGRAM_TOKENS", f"12345={TOKEN} 12345={TOKEN}geheim"),
        ("TELEGRAM_API_URL", "geheim"),
        ("TELEGRAM_PROXY", "geheim"),
        ("TELEGRAM_PROXY", "ftp://geheim:1"),
        ("TELEGRAM_PROXY", "http://geheim:geheim"),
        ("TELEGRAM_PROXY", "socks5://"),
        ("TELEGRAM_WEBHOOK_SECRET", "geheim geheim"),
        ("TELEGRAM_WEBHOOK_SECRET", "geheim" * 50),
        ("EVIDENCE_URL", "s3://geheim/geheim"),
        ("LOG_LEVEL", "geheim"),
        ("TIME_ZONE", "geheim"),
        ("TIME_ZONE", "../../etc/geheim"),
    ],
)
def test_a_wrong_setting_is_named_in_one_line_and_its_value_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    said = wrong(monkeypatch, **{name: value})
    assert said.startswith(f"{name} is not usable: ")
    assert "\n" not in said
    assert "geheim" not in said


def test_a_webhook_needs_its_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    said = wrong(monkeypatch, TELEGRAM_TOKEN=TOKEN, PUBLIC_URL="https://hoctap.example")
    assert said.startswith("TELEGRAM_WEBHOOK_SECRET is missing")
    assert TOKEN not in said
    monkeypatch.setenv("TELEGRAM_WEBHOOK_SECRET", "a-long_SECRET-1")
    assert read_settings().public_url == "https://hoctap.example"


def test_bots_of_units_are_named_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEGRAM_TOKENS", "TK-1=12:abc, tk-2=34:def\n")
    monkeypatch.setenv("TELEGRAM_TOKEN", TOKEN)
    bots = [(unit, token.get_secret_value()) for unit, token in read_settings().telegram_bots]
    assert bots == [("", TOKEN), ("tk-1", "12:abc"), ("tk-2", "34:def")]


def test_a_bot_named_twice_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    said = wrong(monkeypatch, TELEGRAM_TOKEN=TOKEN, TELEGRAM_TOKENS=f"tk={TOKEN}x")
    assert said == "TELEGRAM_TOKENS names the bot 123456 twice, or TELEGRAM_TOKEN names it, too"


@pytest.mark.parametrize("name", ["TELEGRAM_TOKEN", "TELEGRAM_PROXY", "TELEGRAM_WEBHOOK_SECRET"])
def test_what_is_set_to_nothing_is_not_set(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "")
    assert getattr(read_settings(), name.lower()) is None


def test_an_env_file_is_read_and_the_environment_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=9000\nLOG_LEVEL=DEBUG\nSOMETHING_ELSE=1\n")
    assert (read_settings().port, read_settings().log_level) == (9000, "debug")
    monkeypatch.setenv("PORT", "9001")
    assert read_settings().port == 9001


SETTING = f"TELEGRAM_TOKEN={TOKEN}\nPORT=9000\n"


@pytest.mark.parametrize(
    "written", [SETTING.encode("utf-8-sig"), SETTING.replace("\n", "\r\n").encode(), f"# Cổng\n\n{SETTING}".encode()]
)
def test_an_env_file_is_read_as_windows_writes_it(tmp_path: Path, written: bytes) -> None:
    (tmp_path / ".env").write_bytes(written)
    token = read_settings().telegram_token
    assert (token and token.get_secret_value(), read_settings().port) == (TOKEN, 9000)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (SETTING.encode("utf-16"), ".env is not in UTF-8 (perhaps in UTF-16); save it as UTF-8"),
        (SETTING.encode("utf-16-le"), ".env is not in UTF-8 (perhaps in UTF-16); save it as UTF-8"),
        ("# Cổng\n".encode("utf-16-be"), ".env is not in UTF-8 (perhaps in UTF-16); save it as UTF-8"),
        (b"# C\xe6ng\nPORT=9000\n", ".env is not in UTF-8 (perhaps in UTF-16); save it as UTF-8"),
        (b"PORT=9000\nTELEGRAM_TOKEN geheim\n", ".env, line 2: is not understood; write NAME=VALUE"),
        (b"\nTELEGRAM_TOKEN\n", ".env, line 2: is not understood; write NAME=VALUE"),
        (b"TELEGRAM_TOKE=geheim\n", ".env sets TELEGRAM_TOKE, which is no setting; TELEGRAM_TOKEN is"),
        (b"telegram_token_=geheim\n", ".env sets TELEGRAM_TOKEN_, which is no setting; TELEGRAM_TOKEN is"),
        (b"TELEGRAM_BOT_TOKEN=geheim\n", ".env sets TELEGRAM_BOT_TOKEN, which is no setting; TELEGRAM_TOKEN is"),
        (b"PROT=80\n", ".env sets PROT, which is no setting; PORT is"),
    ],
)
def test_an_env_file_that_would_be_misread_is_refused_in_one_line(tmp_path: Path, written: bytes, said: str) -> None:
    (tmp_path / ".env").write_bytes(written)
    with pytest.raises(SettingsWrong) as refused:
        read_settings()
    assert str(refused.value) == said


def test_an_env_file_that_is_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / ".env").mkdir()
    with pytest.raises(SettingsWrong, match=r"^\.env cannot be read: "):
        read_settings()


def test_a_slip_in_the_environment_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    said = wrong(monkeypatch, DATABASE_URI="geheim")
    assert said == "the environment sets DATABASE_URI, which is no setting; DATABASE_URL is"


@pytest.mark.parametrize("name", ["SORT", "PORTS", "TELEGRAM_BOT_TOKEN", "TELEGRAM_API_ID", "TELEGRAM_API_HASH"])
def test_what_other_programs_set_is_none_of_our_business(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "geheim")
    assert read_settings() == Settings()


def test_a_name_like_a_setting_that_is_set_is_another_programs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("DATABASE_URI=x\nDATABASE_URL=sqlite:///a.db\n")
    assert read_settings().database_url.endswith("a.db")


@pytest.mark.parametrize(
    ("given", "driver"),
    [
        ("sqlite:///a.db", "sqlite+aiosqlite"),
        ("sqlite+aiosqlite:////srv/a.db", "sqlite+aiosqlite"),
        ("postgresql://u:p%40ss@host:5433/name", "postgresql+asyncpg"),
        ("postgres://u:p%40ss@host:5433/name", "postgresql+asyncpg"),
        ("postgresql+asyncpg://u:p%40ss@host:5433/name", "postgresql+asyncpg"),
    ],
)
def test_a_database_is_opened_by_the_driver_that_we_bring_with_nothing_else_changed(given: str, driver: str) -> None:
    url, expected = make_url(Settings(database_url=given).database_url), make_url(given)
    assert url == expected.set(drivername=driver)


def test_secrets_do_not_show_in_settings_that_are_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {"TELEGRAM_TOKEN": TOKEN, "SECRET_KEY": "a key nobody may see", "TELEGRAM_WEBHOOK_SECRET": "hook-geheim"}
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    printed = f"{read_settings()!r} {read_settings()}"
    assert not any(value in printed for value in secrets.values())


def test_a_key_is_made_once_beside_the_database_and_read_by_its_owner_only(tmp_path: Path) -> None:
    settings = Settings(database_url=f"sqlite:///{tmp_path}/hoctap.db")
    assert settings.signing_key() == settings.signing_key() != b""
    assert (tmp_path / "hoctap.key").stat().st_mode & 0o777 == 0o600
    assert settings.evidence_folder == tmp_path / "evidence"


def test_a_key_that_a_death_left_empty_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "hoctap.key").touch()
    settings = Settings(database_url=f"sqlite:///{tmp_path}/hoctap.db")
    assert settings.signing_key() == settings.signing_key() != b""


@pytest.mark.parametrize(
    ("evidence_url", "folder"), [("file:///srv/evidence", "/srv/evidence"), ("file:evidence", "evidence")]
)
def test_evidence_lies_where_it_is_told(evidence_url: str, folder: str) -> None:
    assert Settings(evidence_url=evidence_url).evidence_folder == Path(folder)
