"""The steps of writing a notice."""

from flows.conversation.facts import Facts
from flows.conversation.flow import Flow, Step
from flows.notices.audience import NOT_YOURS, is_theirs
from flows.notices.draft.buttons import (
    ask_buttons,
    ask_link_label,
    ask_link_url,
    hear_buttons,
    hear_link_label,
    hear_link_url,
)
from flows.notices.draft.content import ask_english, ask_file, ask_text, hear_english, hear_file, hear_text
from flows.notices.draft.drafting import Drafting
from flows.notices.draft.occasion import ask_detail, ask_occasion, hear_detail, hear_occasion
from flows.notices.draft.page import ask_draft, ask_drop, hear_draft, hear_drop
from flows.notices.draft.recipients import (
    ask_ages,
    ask_facet,
    ask_units,
    ask_whom,
    hear_ages,
    hear_facet,
    hear_units,
    hear_whom,
)
from flows.notices.draft.sending import ask_confirm, hear_confirm
from flows.notices.draft.when import ask_when, hear_when
from flows.words.wording import Wording, _


def obstacle(facts: Facts, talk: Drafting) -> Wording | None:
    """Say why somebody cannot write notices, if so; or not go on with changing one that is not theirs any more."""
    if not facts.has_role("admin"):
        return _("Only administrators write to many people.")
    return NOT_YOURS if talk.mends and not is_theirs(facts, talk.mends) else None


DRAFT = Flow(
    Drafting,
    steps=(
        Step("occasion", ask_occasion, hear_occasion),
        Step("detail", ask_detail, hear_detail),
        Step("text", ask_text, hear_text),
        Step("draft", ask_draft, hear_draft),
        Step("drop", ask_drop, hear_drop),
        Step("english", ask_english, hear_english),
        Step("file", ask_file, hear_file),
        Step("buttons", ask_buttons, hear_buttons),
        Step("link_label", ask_link_label, hear_link_label),
        Step("link_url", ask_link_url, hear_link_url),
        Step("whom", ask_whom, hear_whom),
        Step("units", ask_units, hear_units),
        Step("facet", ask_facet, hear_facet),
        Step("ages", ask_ages, hear_ages),
        Step("when", ask_when, hear_when),
        Step("confirm", ask_confirm, hear_confirm),
    ),
    obstacle=obstacle,
)
