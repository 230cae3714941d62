"""The wheel: all that the bot reads is in it, and it runs with no checkout around."""

import os
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
# Where each top-level folder of the checkout lands.
PLACES = {"bot": "bot", "flows": "flows", "locales": "bot/locales"}


def run(*command: str | Path, cwd: Path) -> str:
    """Return what a command prints, in an environment that points at no checkout and no database."""
    environment = {"PATH": os.defpath, "HOME": str(cwd), "LANG": "C.UTF-8"}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout


def pip(*arguments: str | Path, cwd: Path) -> str:
    """Run this environment's pip without the network."""
    offline = ("--isolated", "--no-input", "--disable-pip-version-check")
    return run(sys.executable, "-m", "pip", *offline, *arguments, cwd=cwd)


def packed_files() -> Iterator[str]:
    """Yield the name in the wheel of each file of the packages and catalogues."""
    for folder, place in PLACES.items():
        for file in (CHECKOUT / folder).rglob("*"):
            if file.is_file() and file.parent.name != "__pycache__":
                yield f"{place}/{file.relative_to(CHECKOUT / folder).as_posix()}"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel with the locked build backend."""
    folder = tmp_path_factory.mktemp("wheel")
    pip(
        *("wheel", "--no-index", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, CHECKOUT),
        cwd=folder,
    )
    return next(folder.glob("hoctap-*.whl"))


@pytest.fixture(scope="module")
def hoctap(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel alone into a new environment that borrows only the dependencies of this one."""
    folder = tmp_path_factory.mktemp("installed")
    run(sys.executable, "-m", "venv", "--without-pip", folder / "venv", cwd=folder)
    python = folder / "venv/bin/python"
    pip("--python", python, "install", "--no-index", "--no-deps", wheel, cwd=folder)
    site_packages = Path(
        run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip()
    )
    # Python follows this line but not the .pth files it leads to, so the editable install stays out of sight.
    (site_packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "venv/bin/hoctap"


def test_the_wheel_holds_the_packages_and_the_catalogues_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    actual = {name for name in names if not fnmatch(name, "hoctap-*.dist-info/*")}
    assert actual == set(packed_files())


@pytest.mark.parametrize(
    "pattern",
    [
        "bot/locales/*.po",
        "bot/locales/vi/guide/*.md",
        "bot/locales/en/guide/*.md",
        "bot/documents/fonts/*.ttf",
        "bot/documents/fonts/LICENSE",
        "bot/documents/*.typ",
        "bot/py.typed",
        "bot/*.css",
        "bot/*.html",
        "bot/*.js",
        "bot/store/migrations/*.py",
        "flows/py.typed",
        "flows/domain/criteria/*.toml",
    ],
)
def test_what_the_bot_reads_while_it_runs_is_in_the_wheel(wheel: Path, pattern: str) -> None:
    assert [name for name in zipfile.ZipFile(wheel).namelist() if fnmatch(name, pattern)] != []


def test_the_installed_code_is_not_the_checkout(hoctap: Path, tmp_path: Path) -> None:
    origin = run(hoctap.parent / "python", "-c", "import bot, flows; print(bot.__file__, flows.__file__)", cwd=tmp_path)
    assert str(CHECKOUT) not in origin


def test_the_installed_bot_shows_the_guides_it_brings(hoctap: Path, tmp_path: Path) -> None:
    script = """
from bot.catalogues import load
from bot.guides.pages import read
print(read("resident", load()["vi"]).title)
"""
    shown = run(hoctap.parent / "python", "-c", script, cwd=tmp_path)
    assert shown == "Hướng dẫn cho người dân\n"


@pytest.mark.parametrize("argument", ["--help", "check"])
def test_hoctap_runs_from_an_empty_folder(hoctap: Path, tmp_path: Path, argument: str) -> None:
    run(hoctap, argument, cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []
