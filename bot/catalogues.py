"""The sentences of both languages, compiled from the .po texts when the bot starts."""

from collections.abc import Iterator, Sequence
from functools import cache
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from flows.wording import Catalogue, Catalogues

LANGUAGES = ("vi", "en")


class BrokenCatalogue(ValueError):
    """A catalogue that is not there or says less than the bot does, in one line with the cure."""


@cache
def load() -> Catalogues:
    """Return both languages, complete. Raises BrokenCatalogue."""
    folder = locales()
    return {language: _compiled(language, read(folder, language)) for language in LANGUAGES}


def locales() -> Path:
    """Return the folder of the catalogues: in the package once installed, beside it in a checkout."""
    package = Path(__file__).parent
    for folder in (package / "locales", package.parent / "locales"):
        if folder.is_dir():
            return folder
    raise BrokenCatalogue(f"{package / 'locales'}: no catalogues; install hoctap anew")


def read(folder: Path, language: str) -> Catalog:
    """Return a language's catalogue as it is written."""
    place = folder / language / "LC_MESSAGES" / "hoctap.po"
    try:
        with place.open("rb") as file:
            return read_po(file, locale=language, abort_invalid=True)
    except FileNotFoundError:
        raise BrokenCatalogue(f"{place}: not there; run 'make messages', or install hoctap anew") from None
    except ValueError as error:  # babel's PoFileError, and bytes that are no UTF-8
        raise BrokenCatalogue(f"{place}: cannot be read: {error}; correct it there") from None


def untranslated(catalogue: Catalog) -> Iterator[str]:
    """Yield the msgids that a catalogue has no words for; fuzzy ones do not count."""
    for message in catalogue:
        wanted = catalogue.num_plurals if message.pluralizable else 1
        if message.id and (message.fuzzy or len([form for form in forms(message.string) if form]) < wanted):
            yield forms(message.id)[0]


def forms(words: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return the singular and, where there are any, the plural forms of a msgid or its translation."""
    return (words,) if isinstance(words, str) else tuple(words or ())


def _compiled(language: str, catalogue: Catalog) -> Catalogue:
    for msgid in untranslated(catalogue):
        raise BrokenCatalogue(f'locales/{language}/LC_MESSAGES/hoctap.po: "{msgid}" has no translation; add it')
    machine_form = BytesIO()
    write_mo(machine_form, catalogue)
    machine_form.seek(0)
    translations = GNUTranslations(machine_form)
    return Catalogue(language, translations.gettext, translations.ngettext)
