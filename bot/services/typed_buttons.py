"""Buttons for chats that show few or none: what finds no room is written under the text, and typed.

A choice with a number is typed by it, one of a question by its words. A button that lasts has no question that knows
its words, so it gets a code, N1, N2 …, which never means another button in that chat.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from bot.services.runtime import Runtime
from bot.store.core import button_codes
from bot.store.core.inbox import Address, Incoming, place_of
from flows.conversation.messages import Outgoing, OutgoingButton
from flows.conversation.replies import Pressed, Typed
from flows.words.spelling import composed
from flows.words.wording import Catalogue, Lines, Spoken, Wording, _, render

Codes = Mapping[str, int]

_CODE = re.compile(r"(?:(?:nút|nut|phím|phim|bấm|bam|chọn|chon) )?n ?(\d{1,6})(?: (?:ạ|a|nhé|nhe|nha))?[ .!]*")


@dataclass(frozen=True, slots=True)
class Laid:
    """A message as a chat with few buttons shows it."""

    text: str
    buttons: tuple[OutgoingButton, ...] = ()


def laid_out(outgoing: Outgoing, most: int, codes: Codes, catalogue: Catalogue) -> Laid:
    """Return a message with at most so many buttons, and the others written under its text."""
    buttons, written = _shared_out(outgoing, most)
    lines = [outgoing.text.rstrip(), *_written(written, codes, catalogue)]
    return Laid("\n".join(line for line in lines if line), tuple(buttons))


def needs_codes(outgoing: Outgoing, most: int) -> tuple[str, ...]:
    """Return the payloads of the buttons that can only be pressed by a code."""
    _buttons, written = _shared_out(outgoing, most)
    return tuple(button.payload for button in written if _has_code(button))


def code_in(text: str) -> int | None:
    """Return the code that somebody types, if it is one."""
    told = _CODE.fullmatch(composed(text).casefold())
    return int(told[1]) if told is not None else None


def _shared_out(outgoing: Outgoing, most: int) -> tuple[Sequence[OutgoingButton], Sequence[OutgoingButton]]:
    """Return what is shown as buttons and what is written. Where not all find room, a number is typed as easily as a
    button is pressed; words are longer, so they are buttons first."""
    every = [button for row in outgoing.buttons for button in row]
    if len(every) <= most:
        return every, ()
    by_number = [button for button in every if button.number]
    others = [button for button in every if not button.number]
    kept = others[:most]
    return kept, [*by_number, *others[len(kept) :]]


def _has_code(button: OutgoingButton) -> bool:
    return button.lasting and not button.url


def _written(buttons: Sequence[OutgoingButton], codes: Codes, catalogue: Catalogue) -> Iterable[str]:
    said: list[Wording] = []
    for button in buttons:
        if button.number:
            yield f"{button.number}. {button.label.removeprefix(f'{button.number}. ')}"
        elif button.url:
            yield f"{button.label}: {button.url}"
        elif _has_code(button):
            yield f"N{codes[button.payload]}. {button.label}"
        else:
            said.append(_("“{words}”", words=Spoken(button.label)))
    words = Lines(tuple(said), ", ")
    if said:
        only_these = len(said) == len(buttons)
        told = _("Please type: {words}", words=words) if only_these else _("Or type: {words}", words=words)
        yield render(told, catalogue)


class TypedButtons:
    """The codes of the buttons in the chats of a bot."""

    def __init__(self, runtime: Runtime, most: int) -> None:
        self._runtime = runtime
        self._most = most

    async def laid_out(self, place: Address, outgoing: Outgoing) -> Laid:
        """Return a message as its chat shows it. The codes in it are kept before it goes out."""
        catalogue = self._runtime.catalogue(outgoing.language)
        payloads = needs_codes(outgoing, self._most)
        codes: Codes = {}
        if payloads:
            async with self._runtime.database.writing() as connection:
                codes = await button_codes.assign(connection, place, payloads)
        return laid_out(outgoing, self._most, codes, catalogue)

    async def heard(self, incoming: Sequence[Incoming]) -> list[Incoming]:
        """Return what arrived, with codes that were typed as the presses they stand for."""
        typed = [(one, code_in(one.reply.text)) for one in incoming if isinstance(one.reply, Typed)]
        if not any(code for _one, code in typed):
            return list(incoming)
        async with self._runtime.database.reading() as connection:
            pressed = {
                one.update_id: payload
                for one, code in typed
                if code is not None
                and (payload := await button_codes.payload_of(connection, place_of(one), code)) is not None
            }
        return [
            replace(one, reply=Pressed(pressed[one.update_id])) if one.update_id in pressed else one for one in incoming
        ]
