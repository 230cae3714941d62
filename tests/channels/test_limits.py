"""The longest texts and the most choices, on every channel: never over a limit, never a choice that nobody can make."""

import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.telegram.render import LONGEST_TEXT as TELEGRAMS_LONGEST
from bot.channels.telegram.render import MOST_BUTTONS as TELEGRAMS_MOST
from bot.channels.telegram.render import TextCall
from bot.channels.telegram.render import render as on_telegram
from bot.channels.zalo_bot.service import LONGEST_TEXT as ZALO_BOTS_LONGEST
from bot.channels.zalo_bot.service import texts_of as on_zalo_bot
from bot.channels.zalo_oa.parse import PRESSED
from bot.channels.zalo_oa.render import Body
from bot.channels.zalo_oa.render import texts_of as on_zalo_oa
from bot.services.typed_buttons import laid_out, needs_codes
from flows.conversation.messages import Outgoing, OutgoingButton
from flows.words.spelling import composed
from tests.sample import CATALOGUES
from tests.zalo_oa import ZaloOaServer

TEXTS = st.text(st.sampled_from("aăếđ e\u0301\u0302😀👩‍👩‍👧.!?…:\n"), min_size=1, max_size=7000).filter(str.strip)
LABELS = st.text(st.sampled_from("aăếđ bcde✅→←1234"), min_size=1, max_size=130).filter(
    lambda label: re.search(r"\w", label) is not None
)


@st.composite
def messages(draw: st.DrawFn) -> Outgoing:
    """Draw a message with as many choices as any has."""
    labels = draw(st.lists(LABELS, max_size=40, unique_by=lambda label: composed(label).casefold().strip()))
    buttons = []
    for place, label in enumerate(labels, 1):
        match draw(st.sampled_from(("numbered", "words", "lasting", "link"))):
            case "numbered":
                buttons.append(OutgoingButton(f"{place}. {label}", f"a:{place}", number=place))
            case "words":
                buttons.append(OutgoingButton(label, f"a:{place}:w"))
            case "lasting":
                buttons.append(OutgoingButton(label, f"c:{place}", lasting=True))
            case _:
                buttons.append(OutgoingButton(label, "", url=f"https://hoctap.example/{place}"))
    return Outgoing(draw(TEXTS), (tuple(buttons),))


def can_be_made(button: OutgoingButton, text: str, codes: dict[str, int]) -> bool:
    """Tell whether what stands in a text lets somebody make a choice: a number, an address, a code or words."""
    if button.url:
        return button.url in text
    if button.number:
        return re.search(rf"^{button.number}\. ", text, re.MULTILINE) is not None
    if button.lasting:
        return re.search(rf"^N{codes[button.payload]}\. ", text, re.MULTILINE) is not None
    return "".join(re.findall(r"\w", composed(button.label))) in "".join(re.findall(r"\w", composed(text)))


def left_to_type(outgoing: Outgoing, shown: Sequence[OutgoingButton]) -> list[OutgoingButton]:
    return [button for row in outgoing.buttons for button in row if button not in shown]


def buttons_of(body: Body) -> Sequence[dict[str, Any]]:
    return body["attachment"]["payload"]["buttons"] if "attachment" in body else ()


@pytest.mark.parametrize("language", ["vi", "en"])
@settings(max_examples=80)
@given(messages())
def test_on_an_official_account(language: str, outgoing: Outgoing) -> None:
    codes = {payload: number for number, payload in enumerate(needs_codes(outgoing, 5), 1)}
    laid = laid_out(outgoing, 5, codes, CATALOGUES[language])
    bodies = list(on_zalo_oa(laid))
    zalo = ZaloOaServer()
    seen = [zalo._seen(body) for body in bodies]
    assert zalo.odd == []
    pressed = [
        b["payload"] for body in bodies for b in body.get("attachment", {}).get("payload", {}).get("buttons", ())
    ]
    assert [one for one in pressed if isinstance(one, str)] == [PRESSED + b.payload for b in laid.buttons if not b.url]
    text = "\n".join(one.text for one in seen)
    assert all(can_be_made(button, text, codes) for button in left_to_type(outgoing, laid.buttons))


@settings(max_examples=80)
@given(messages())
def test_on_the_bot_platform(outgoing: Outgoing) -> None:
    codes = {payload: number for number, payload in enumerate(needs_codes(outgoing, 0), 1)}
    laid = laid_out(outgoing, 0, codes, CATALOGUES["vi"])
    texts = list(on_zalo_bot(laid.text, ()))
    assert all(1 <= len(text) <= ZALO_BOTS_LONGEST for text in texts)
    assert all(can_be_made(button, "\n".join(texts), codes) for button in left_to_type(outgoing, ()))


@settings(max_examples=80)
@given(messages())
def test_on_telegram(outgoing: Outgoing) -> None:
    calls = on_telegram(outgoing)
    keys = [key for call in calls for row in call.keyboard for key in row]
    assert len(keys) == sum(map(len, outgoing.buttons)) <= TELEGRAMS_MOST
    for call in calls:
        assert isinstance(call, TextCall)
        assert 1 <= len(call.text.encode("utf-16-le")) // 2 <= TELEGRAMS_LONGEST
    assert all(len((key.callback_data or "").encode()) <= 64 for key in keys)
