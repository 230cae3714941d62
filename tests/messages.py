"""`make messages`: bring the catalogues up to date with the sentences in the code."""

from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import write_po

from bot.catalogues import CATALOGUE, COMPLETE, forms, languages, read, untranslated

CHECKOUT = Path(__file__).parents[1]
LOCALES = CHECKOUT / "locales"
PACKAGES = ("bot", "flows")
KEYWORDS = {"_": None, "n_": (1, 2)}
FOR_TRANSLATORS = ("Translators:",)
# What changes with every run, or names nobody.
LEFT_OUT = (
    "Project-Id-Version",
    "POT-Creation-Date",
    "PO-Revision-Date",
    "Last-Translator",
    "Language-Team",
    "Report-Msgid-Bugs-To",
    "Generated-By",
)
WIDTH = 110


def extracted() -> Catalog:
    """Return the sentences in the code, each with the files it stands in."""
    template = Catalog(project="hoctap", version="0")
    for package in PACKAGES:
        found = extract_from_dir(
            CHECKOUT / package, [("**.py", "python")], keywords=KEYWORDS, comment_tags=FOR_TRANSLATORS
        )
        for file, line, message, comments, context in found:
            template.add(message, locations=[(f"{package}/{file}", line)], auto_comments=comments, context=context)
    return template


def catalogue_of(language: str) -> Path:
    """Return where a language's sentences are written."""
    return LOCALES / language / CATALOGUE


def update(language: str, template: Catalog) -> Catalog:
    """Return a language's catalogue with the sentences in the code and no others."""
    catalogue = read(LOCALES, language)
    catalogue.project, catalogue.version = template.project, template.version
    catalogue.update(template, no_fuzzy_matching=True)
    if language == "en":
        for message in catalogue:
            message.string = message.string if any(forms(message.string)) else message.id
    return catalogue


def written(catalogue: Catalog) -> bytes:
    """Return a catalogue's text: in the order of the code, without line numbers, dates and names."""
    text = BytesIO()
    write_po(text, catalogue, WIDTH, sort_by_file=True, ignore_obsolete=True, include_lineno=False)
    left_out = tuple(f'"{field}:'.encode() for field in LEFT_OUT)
    return b"".join(line for line in text.getvalue().splitlines(keepends=True) if not line.startswith(left_out))


def main() -> None:
    """Write the catalogues and say what is left to translate."""
    template = extracted()
    for language in languages(LOCALES):
        catalogue = update(language, template)
        catalogue_of(language).write_bytes(written(catalogue))
        left = list(untranslated(catalogue))
        print(f"{catalogue_of(language).relative_to(CHECKOUT)}: {len(catalogue)} sentences, {len(left)} to translate")
        if left and language in COMPLETE:
            print(*(f"  {msgid}" for msgid in left), sep="\n")


if __name__ == "__main__":
    main()
