"""Plays chats, on every kind of phone and database, and says how what was said differs from what is written."""

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from zlib import crc32

from bot import catalogues
from bot.guides.chatfile import ChatBroken, Scene, read
from bot.services.files import FileStore
from bot.store.core.database import Database
from tests.chats.chatfile import compose, with_told
from tests.chats.phones import TelegramPhones, WebPhones, ZaloBotPhones, ZaloOaPhones
from tests.chats.world import World
from tests.databases import Backend, Databases
from tests.rights.strangers import Strangers


@dataclass(frozen=True)
class Stage:
    """Where a chat is played: on phones of one channel and on one kind of database. `cannot` finds what nobody can do
    on such a phone; a chat in which somebody does it is not played there. With `strangers`
    everybody who has no right to the buttons presses one in so many of them, too."""

    name: str
    phones: type[WebPhones] | type[TelegramPhones] | type[ZaloBotPhones] | type[ZaloOaPhones]
    backend: Backend
    cannot: str = "(?!)"
    # Of so many chats one is played every day; the others are when there is time.
    one_of: int = 1
    strangers: int = 0

    def plays(self, chat: str) -> bool:
        """Tell whether everything that people do in a chat can be done here."""
        return re.search(self.cannot, chat, re.MULTILINE) is None

    def rests(self, name: str) -> bool:
        """Tell whether a chat is played here only when there is time."""
        return crc32(name.encode()) % self.one_of > 0

    async def play(self, chat: str, databases: Databases) -> str:
        """Play a chat in a world of its own. Returns it with what the bot really said."""
        scenes = read(chat)
        with tempfile.TemporaryDirectory(prefix="hoctap-evidence-") as folder:
            files = FileStore(Path(folder))
            async with databases.fresh(self.backend, self.prepare) as address:
                strangers = Strangers(catalogues.load(), self.strangers) if self.strangers else None
                world = World(Database(address), self.phones(files), files, strangers)
                try:
                    return compose(await _played(scenes, world))
                finally:
                    await world.close()

    async def prepare(self, database: Database) -> None:
        """Make the world every chat begins with."""
        with tempfile.TemporaryDirectory(prefix="hoctap-evidence-") as folder:
            files = FileStore(Path(folder))
            await World(database, self.phones(files), files).set_up()


STAGES = (
    Stage("web-sqlite", WebPhones, "sqlite", strangers=4),
    Stage("telegram-postgresql", TelegramPhones, "postgresql"),
    # What is no longer on the screen, or never was, has no words to type; documents and edits do not exist there.
    Stage("zalo-bot-sqlite", ZaloBotPhones, "sqlite", r"^.* presses (old|forged)|: \((document|edits)\)"),
    # What stood on a button stays there; what was written has no words any more. Edits do not exist there.
    Stage("zalo-oa-sqlite", ZaloOaPhones, "sqlite", r"^.* presses old|: \(edits\)", one_of=5),
)


async def _played(scenes: Sequence[Scene], world: World) -> list[Scene]:
    """Return the scenes as they went. An act that cannot be done ends the chat with a line that says why."""
    played: list[Scene] = []
    for scene in scenes:
        if scene.act is None:
            played.append(scene)
            continue
        try:
            played.append(with_told(scene, await world.perform(scene.act)))
        except ChatBroken as broken:
            return [*played, Scene(scene.act, f"{scene.written}\n!!! {broken}")]
    return played


def difference(written: str, played: str) -> str:
    """Return the whole conversation with the lines that differ marked: `-` as written, `+` as said."""
    before, after = written.splitlines(), played.splitlines()
    marked = unified_diff(before, after, "as the chat is written", "as it went", n=len(before), lineterm="")
    return "\n".join(line for line in marked if not line.startswith("@@"))
