"""A third language, made up for the tests and partly translated: Khmer, as a catalogue dropped into `locales/` and as
texts beside the others in the file of a form."""

import shutil
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path

from bot.catalogues import CATALOGUE, OWN_NAME, load, locales
from flows.domain.criteria import CriteriaSet, read_plain
from flows.words.wording import Catalogues

SENTENCES = {
    OWN_NAME: "ភាសាខ្មែរ",
    "I agree": "យល់ព្រម",
    "No, thank you": "ទេ អរគុណ",
    "Please type your full name with its tone marks, as in your papers. For example: Nguyễn Thị Lan.": "តើឈ្មោះពេញអ្វី?",
    "Name: {name}": "ឈ្មោះ៖ {name}",
    "Pause": "ផ្អាក",
    "Send message": "ផ្ញើសារ",
}
QUESTION = "តើមើលព័ត៌មាន ឬអានសៀវភៅញឹកញាប់ប៉ុនណា?"
LABEL = "រាល់ថ្ងៃ"


def dropped_in(folder: Path, tag: str = "km", sentences: Mapping[str, str] = SENTENCES) -> Path:
    """Return a copy of the catalogues into which one more language was dropped."""
    copy = folder / "locales"
    shutil.copytree(locales(), copy, dirs_exist_ok=True)
    place = copy / tag / CATALOGUE
    place.parent.mkdir(parents=True)
    entries = (f'msgid "{msgid}"\nmsgstr "{said}"\n' for msgid, said in sentences.items())
    header = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n'
    place.write_text("\n".join([header, *entries]), "utf-8")
    return copy


def catalogues() -> Catalogues:
    """Return all languages, Khmer among them."""
    with tempfile.TemporaryDirectory() as folder:
        return load(dropped_in(Path(folder)))


def form_with_khmer(toml: str, version: str) -> CriteriaSet:
    """Return a version of a form whose first question and its best answer are in Khmer too."""
    plain = tomllib.loads(toml) | {"version": version}
    first = plain["competencies"][0]["indicators"][0]
    first["question"]["km"] = QUESTION
    first["levels"][0]["label"]["km"] = LABEL
    return read_plain(plain, "farmer.toml", str)
