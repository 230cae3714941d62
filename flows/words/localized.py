"""A text that is kept in several languages, as criteria and templates are."""

from msgspec import Struct


class Localized(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, cache_hash=True):
    """A text in Vietnamese, in English, and in `further` languages by their tags."""

    vi: str
    en: str
    further: tuple[tuple[str, str], ...] = ()

    def in_language(self, language: str) -> str:
        """Return the text in a language; Vietnamese, which is always there, for one that it is not in."""
        return self.en if language == "en" else dict(self.further).get(language, self.vi)

    @property
    def texts(self) -> tuple[tuple[str, str], ...]:
        """Return the text in every language it is in, with the language's tag."""
        return ("vi", self.vi), ("en", self.en), *self.further
