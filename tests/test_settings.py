"""Settings: what is wrong is said in one line that names the variable and the cure, and never the value."""

from pathlib import Path

import pytest
from sqlalchemy import make_url

from bot.settings import Settings, SettingsWrong, read_settings

TOKEN = "123456:ABC-def_ghi"
NAMES = (
    "DATABASE_URL", "PORT", "PUBLIC_URL", "SECRET_KEY", "TELEGRAM_TOKEN", "TELEGRAM_API_URL",
    "TELEGRAM_WEBHOOK_SECRET", "EVIDENCE_URL", "LOG_LEVEL", "TIME_ZONE",
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
        ("TELEGRAM_API_URL", "geheim"),
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


@pytest.mark.parametrize("name", ["TELEGRAM_TOKEN", "TELEGRAM_WEBHOOK_SECRET"])
def test_what_is_set_to_nothing_is_not_set(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "")
    assert getattr(read_settings(), name.lower()) is None


def test_an_env_file_is_read_and_the_environment_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=9000\nLOG_LEVEL=DEBUG\nSOMETHING_ELSE=1\n")
    assert (read_settings().port, read_settings().log_level) == (9000, "debug")
    monkeypatch.setenv("PORT", "9001")
    assert read_settings().port == 9001


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


@pytest.mark.parametrize(
    ("evidence_url", "folder"), [("file:///srv/evidence", "/srv/evidence"), ("file:evidence", "evidence")]
)
def test_evidence_lies_where_it_is_told(evidence_url: str, folder: str) -> None:
    assert Settings(evidence_url=evidence_url).evidence_folder == Path(folder)
