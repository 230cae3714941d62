"""The guides as they are read: on a small old phone, without scripts."""

from typing import Any

import pytest

from bot.guides.pages import NAMES
from tests.browser.conftest import Snap, Visit

pytestmark = pytest.mark.timeout(240)

OLD_PHONE: dict[str, Any] = {"viewport": {"width": 320, "height": 568}, "java_script_enabled": False}
SMALLEST_TEXT = 15
LOWEST_TARGET = 40


@pytest.mark.parametrize("path", ["guide", *(f"guide/{name}" for name in NAMES)])
def test_a_guide_fits_a_small_old_phone_without_scripts(visit: Visit, snap: Snap, path: str) -> None:
    page = visit(path, **OLD_PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") == OLD_PHONE["viewport"]["width"]
    text = page.locator("main :is(p, li, td, code, h2, figcaption)")
    sizes = text.evaluate_all("all => all.map(one => parseFloat(getComputedStyle(one).fontSize))")
    assert min(sizes) >= SMALLEST_TEXT
    targets = page.locator("header a, .contents a")
    assert min(targets.evaluate_all("all => all.map(one => one.getBoundingClientRect().height)")) >= LOWEST_TARGET
    snap(page, path.replace("/", "-"))


def test_the_way_from_the_list_to_a_guide_in_english_and_into_the_chat(visit: Visit, snap: Snap) -> None:
    page = visit("guide")
    page.get_by_role("link", name="Hướng dẫn cho chi hội trưởng").click()
    page.get_by_role("link", name="English").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Guide for branch heads"
    page.get_by_role("link", name="Keep it confidential").click()
    assert page.evaluate("window.scrollY") > 0
    snap(page, "guide-branch-head-english")
    page.get_by_role("link", name="Open the conversation").click()
    page.wait_for_url("**/chat")
