"""The files of one bot: uploaded by either side, fetched and sent again by id, downloaded by path."""

import base64
import hashlib
from random import Random

from tests.botapi.rules import Json

_SIZES = ((90, 67), (320, 240), (800, 600), (1280, 960))


class FileStore:
    """Bytes by file id and by path. A file id means nothing to another bot."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._paths: dict[str, str] = {}
        self._contents: dict[str, bytes] = {}
        self._photos: dict[str, list[Json]] = {}
        self._documents: dict[str, Json] = {}

    def add(self, content: bytes, folder: str, suffix: str) -> Json:
        """Keep a file; return its File fields without the path."""
        path = f"{folder}/file_{len(self._contents)}{suffix}"
        file_id = base64.urlsafe_b64encode(self._random.randbytes(54)).decode()
        self._paths[file_id] = path
        self._contents[path] = content
        unique = base64.urlsafe_b64encode(hashlib.sha256(content).digest()[:12]).decode()
        return {"file_id": file_id, "file_unique_id": unique, "file_size": len(content)}

    def add_photo(self, content: bytes) -> list[Json]:
        """The sizes of a photo, smallest first. Only the largest is whole, so taking another one shows."""
        cuts = [content[: max(1, len(content) * share // 8)] for share in (1, 2, 4)]
        sizes = [
            self.add(part, "photos", ".jpg") | {"width": width, "height": height}
            for part, (width, height) in zip([*cuts, content], _SIZES, strict=True)
        ]
        self._photos.update({size["file_id"]: sizes for size in sizes})
        return sizes

    def add_document(self, content: bytes, name: str, mime: str) -> Json:
        """Keep a document; return its fields."""
        file = self.add(content, "documents", "." + name.rpartition(".")[2])
        self._documents[file["file_id"]] = file | {"file_name": name, "mime_type": mime}
        return self._documents[file["file_id"]]

    def photo(self, file_id: str) -> list[Json] | None:
        """The sizes of the photo an id stands for; None when it is something else."""
        return self._photos.get(file_id)

    def document(self, file_id: str) -> Json | None:
        """The document an id stands for; None when it is something else."""
        return self._documents.get(file_id)

    def path(self, file_id: str) -> str | None:
        return self._paths.get(file_id)

    def at(self, path: str) -> bytes | None:
        return self._contents.get(path)

    def content(self, file_id: str) -> bytes | None:
        return self._contents.get(self._paths.get(file_id, ""))
