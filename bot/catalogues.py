"""The sentences of every language in `locales/`, compiled from the .po texts when the bot starts.

A language is there when its catalogue is. Vietnamese and English say everything; what a further language does not
say yet is said in Vietnamese.
"""

from collections.abc import Iterator, Sequence
from functools import cache, partial
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path
from string import Formatter

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

from flows.conversation.questions import Choice
from flows.words.wording import DEFAULT_LANGUAGE, Catalogue, Catalogues, _

# What people say before the name of a language they want.
CHANGE_TO = ("đổi sang", "nói", "chuyển sang", "change to")
COMPLETE = (DEFAULT_LANGUAGE, "en")
CATALOGUE = Path("LC_MESSAGES", "hoctap.po")

# Translators: what this language calls itself. Left empty, the name that Babel knows is taken.
OWN_NAME = _("(the name of this language)").msgid
# Translators: how a day is written, in letters of CLDR: d or dd, M or MM or MMMM, y.
DAY_PATTERN = _("d MMMM y").msgid


class BrokenCatalogue(ValueError):
    """A catalogue that is not there or says less than the bot does, in one line with the cure."""


@cache
def load(folder: Path | None = None) -> Catalogues:
    """Return every language there is, Vietnamese first. Raises BrokenCatalogue."""
    place = folder or locales()
    compiled: dict[str, Catalogue] = {}
    vietnamese: GNUTranslations | None = None
    for language in languages(place):
        written = _sayable(language, read(place, language))
        translations = _compiled(language, written)
        if vietnamese is not None and language not in COMPLETE:
            translations.add_fallback(vietnamese)
        vietnamese = vietnamese or translations
        compiled[language] = _catalogue(language, written, translations)
    return compiled


def locales() -> Path:
    """Return the folder of the catalogues: in the package once installed, beside it in a checkout."""
    package = Path(__file__).parent
    for folder in (package / "locales", package.parent / "locales"):
        if folder.is_dir():
            return folder
    raise BrokenCatalogue(f"{package / 'locales'}: no catalogues; install hoctap anew")


def languages(folder: Path) -> tuple[str, ...]:
    """Return the languages of a folder of catalogues: the complete ones first, whether they are there or not."""
    found = {place.parents[1].name for place in folder.glob(str("*" / CATALOGUE))}
    return (*COMPLETE, *sorted(found.difference(COMPLETE)))


def read(folder: Path, language: str) -> Catalog:
    """Return a language's catalogue as it is written."""
    place = folder / language / CATALOGUE
    try:
        with place.open("rb") as file:
            return read_po(file, locale=_babel(language), abort_invalid=True)
    except FileNotFoundError:
        raise BrokenCatalogue(f"{place}: not there; run 'make messages', or install hoctap anew") from None
    except (PoFileError, ValueError, LookupError, OSError) as error:  # no UTF-8 among them, and no such charset
        raise BrokenCatalogue(f"{place}: cannot be read: {error}; correct it there") from None


def untranslated(catalogue: Catalog) -> Iterator[str]:
    """Yield the msgids that a catalogue has no words for; fuzzy ones do not count."""
    for message in catalogue:
        wanted = catalogue.num_plurals if message.pluralizable else 1
        if message.id and (message.fuzzy or len([form for form in forms(message.string) if form]) < wanted):
            yield forms(message.id)[0]


def misfilled(catalogue: Catalog) -> Iterator[str]:
    """Yield the translations that have other placeholders than their sentence, which could not be said."""
    for message in catalogue:
        if message.id:
            wanted = placeholders(forms(message.id)[-1])
            yield from (said for said in forms(message.string) if said and placeholders(said) != wanted)


def placeholders(sentence: str) -> frozenset[str] | None:
    """Return the names of the values in a sentence; None when a brace is missing."""
    try:
        return frozenset(name for _text, name, _format, _conversion in Formatter().parse(sentence) if name is not None)
    except ValueError:
        return None


def forms(words: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return the singular and, where there are any, the plural forms of a msgid or its translation."""
    return (words,) if isinstance(words, str) else tuple(words or ())


def choices(catalogues: Catalogues) -> tuple[Choice, ...]:
    """Return the languages to choose from, each under its own name; what others call it is understood too."""
    return tuple(Choice(tag, one.name, tuple(sorted(_calls(tag, catalogues)))) for tag, one in catalogues.items())


def _calls(tag: str, catalogues: Catalogues) -> set[str]:
    """Return what a language is called in all of them: `vi`, `tiếng việt`, `việt`, `đổi sang tiếng việt`."""
    known = [locale for locale in map(_locale, catalogues) if locale is not None]
    names = {name.lower() for locale in known if (name := locale.languages.get(_babel(tag)))}
    short = {name.removeprefix("tiếng ") for name in names}
    return {tag, *names, *short, *(f"{verb} {name}" for verb in CHANGE_TO for name in names)}


def _sayable(language: str, catalogue: Catalog) -> Catalog:
    """Return a catalogue without what has no words yet, which only a further language may lack."""
    place = Path("locales", language, CATALOGUE)
    for said in misfilled(catalogue):
        raise BrokenCatalogue(f'{place}: "{said}" does not name the values in braces of its sentence; copy them there')
    for msgid in list(untranslated(catalogue)):
        if language in COMPLETE:
            raise BrokenCatalogue(f'{place}: "{msgid}" has no translation; add it')
        catalogue.delete(msgid)
    return catalogue


def _compiled(language: str, catalogue: Catalog) -> GNUTranslations:
    machine_form = BytesIO()
    write_mo(machine_form, catalogue)
    machine_form.seek(0)
    try:
        return GNUTranslations(machine_form)
    except (ValueError, OverflowError, RecursionError) as error:
        place = Path("locales", language, CATALOGUE)
        raise BrokenCatalogue(f"{place}: its Plural-Forms cannot be read: {error}; correct them there") from None


def _catalogue(language: str, written: Catalog, translations: GNUTranslations) -> Catalogue:
    locale = _locale(language)
    own = written.get(OWN_NAME)
    name = str(own.string) if own is not None else (locale and locale.get_display_name()) or language
    pattern = translations.gettext(DAY_PATTERN)
    day = partial(format_date, format=pattern, locale=locale or Locale(DEFAULT_LANGUAGE))
    return Catalogue(language, name, translations.gettext, translations.ngettext, day)


def _babel(tag: str) -> str:
    """Return a language's tag as Babel and gettext write it: `zh_Hans` for `zh-Hans`."""
    return tag.replace("-", "_")


def _locale(language: str) -> Locale | None:
    """Return what Babel knows of a language, if anything."""
    try:
        return Locale.parse(_babel(language))
    except (UnknownLocaleError, ValueError):
        return None
