"""The words of the pages themselves. What the bot says comes as messages."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from hashlib import sha256
from html import escape

import msgspec

from bot.channels.web.frame import filled, said, tag_of
from flows.words.wording import Catalogue, Catalogues, Wording, _, catalogue_for, render

TITLE = _("Learning citizen")
GONE = _("This conversation no longer exists.")
BUSY = _("Many people are writing right now. This will be sent by itself in a moment.")
# What the scripts show, by the names they know it by. They fill in what stands in braces.
IN_SCRIPTS: Mapping[str, Wording] = {
    "start": _("Bắt đầu / Start"),
    "startHint": _("Press the button to begin."),
    "started": _("Start"),
    "message": _("Type a message"),
    "send": _("Send message"),
    "attach": _("Choose a photo or file"),
    "photo": _("Photo"),
    "document": _("File"),
    "openPhoto": _("Enlarge photo"),
    "close": _("Close"),
    "newMessages": _("↓ Read on"),
    "reconnecting": _("Reconnecting…"),
    "unkept": _("This browser keeps nothing. Please leave the page open until you have finished."),
    "kiosk": _(
        "This device is for everybody and keeps nothing. To go on with a phone of your own, type “get a code”. When you"
        " have finished, press “{done}”."
    ),
    "kioskDone": _("Done, clear the screen"),
    "stillThere": _("Is somebody still here? In half a minute the screen will be cleared."),
    "stillHere": _("Yes, still here"),
    "look": _("Size of letters and contrast"),
    "lettersNormal": _("Usual letters"),
    "lettersLarge": _("Large letters"),
    "lettersLargest": _("Very large letters"),
    "contrast": _("Strong contrast"),
    "readAloud": _("Read aloud"),
    "looksLike": _("Show the phone as on"),
    "asWeb": _("Web page"),
    "pressed": _("Pressed"),
    "opens": _("Opens {host}"),
    "waiting": _("Waiting to be sent"),
    "sent": _("Sent"),
    "refused": _("Not sent"),
    "tooBig": _("The file is larger than 10 MB. Please choose a smaller one."),
    "heic": _("A HEIC photo goes as it is, and some devices cannot show it. A JPEG photo can be seen everywhere."),
    "fileLost": _("The page was closed before the file was sent. Please choose it again."),
    "gone": GONE,
    "startAgain": _("Start again"),
    "busy": BUSY,
    "notKept": _("The file could not be kept right now. Please send it again later."),
    "leave": _("End on this device"),
    "leaveSure": _(
        "The conversation will be removed from this device, and from here there is no way back to it. What you have"
        " sent stays with the Study Promotion Association. End it?"
    ),
    "stay": _("No, go on"),
    "unsent": _("Something was not sent yet, and would be lost."),
    "whose": _("A conversation was begun on this device earlier. Is it yours?"),
    "mine": _("Yes, go on with it"),
    "notMine": _("No, begin a new one"),
    "notMineHint": _("A new one removes the earlier conversation from this device."),
    "today": _("Today"),
    "yesterday": _("Yesterday"),
    "unread": _("{count} unread"),
    "conversation": _("Conversation: {name}"),
    "title": TITLE,
    "subtitle": _("Study Promotion Association"),
}
# What the pages show before a script runs, or without.
IN_PAGES: Mapping[str, Wording] = {
    "title": TITLE,
    "opening": _("Opening the conversation…"),
    "noScript": _("Please open this page in Chrome, Safari or Cốc Cốc."),
    "tooOld": _(
        "This browser is too old for the conversation. Please update it, or open this page in Chrome or Cốc Cốc"
        " (on an iPhone: iOS 15 or later)."
    ),
    "lost": _("The page did not arrive whole. Please check the connection and try again."),
    "again": _("Try again"),
    "phones": _("Phones"),
    "trial": _("Trial"),
    "tryIt": _(
        "A made-up commune, half way through its year; nobody in it is real. Choose a phone, and press or type as its"
        " owner would."
    ),
    # Translators: on a button that leads from English to Vietnamese; in Vietnamese: English.
    "inOtherLanguage": _("Tiếng Việt"),
    "preparing": _("A made-up commune of 300 people is being prepared…"),
    "startAnew": _("Start anew"),
}
MOST_RANGES = 20
MOST_HEADERS = 256  # browsers of one kind and language all say the same


class PageWords(msgspec.Struct, frozen=True):
    """The words of the scripts in a language. By its `edition` a page tells which words it has."""

    language: str
    edition: str
    words: dict[str, str]


class Words:
    """The words of the pages in every language."""

    def __init__(self, catalogues: Catalogues) -> None:
        self._catalogues = catalogues
        self._of = {language: _page_words(catalogue) for language, catalogue in catalogues.items()}
        self._best = lru_cache(MOST_HEADERS)(self._best_anew)

    def reader(self, chosen: str | None, accepted: str) -> Catalogue:
        """Return a reader's language: the one chosen in the chat, else the first that the browser asks for."""
        return catalogue_for(chosen or self._best(accepted), self._catalogues)

    def of(self, reader: Catalogue) -> PageWords:
        """Return the words in a language."""
        return self._of[reader.language]

    @property
    def edition(self) -> str:
        """Return what changes when a word in any language does."""
        return "".join(words.edition for _language, words in sorted(self._of.items()))

    def page(self, template: str, reader: Catalogue) -> str:
        """Return a page in a language, with the words for its scripts in it."""
        words = self.of(reader)
        parts = {name: said(wording, reader) for name, wording in IN_PAGES.items()}
        parts |= {"language": tag_of(words.language), "words": escape(msgspec.json.encode(words).decode())}
        return filled(template, parts)

    def _best_anew(self, accepted: str) -> str | None:
        known = {tag_of(language).lower(): language for language in self._catalogues}
        for tag in _ranked(accepted):
            if found := known.get(tag) or known.get(tag.partition("-")[0]):
                return found
        return None


def _page_words(catalogue: Catalogue) -> PageWords:
    words = {name: render(wording, catalogue) for name, wording in IN_SCRIPTS.items()}
    content = msgspec.json.encode([catalogue.language, words], order="sorted")
    return PageWords(catalogue.language, sha256(content).hexdigest()[:12], words)


def _ranked(accepted: str) -> list[str]:
    """Return the languages of an Accept-Language header, the most wanted first."""
    weighted = [(-weight, tag) for tag, weight in _ranges(accepted) if weight > 0]
    return [tag for _weight, tag in sorted(weighted, key=lambda one: one[0])]


def _ranges(accepted: str) -> Iterator[tuple[str, float]]:
    for part in accepted.lower().split(",")[:MOST_RANGES]:
        tag, _semicolon, weight = part.partition(";")
        try:
            yield tag.strip(), float(weight.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
