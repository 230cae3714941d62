"""All papers there are, by the names that commands and files of templates have."""

from collections.abc import Mapping

from bot.documents import (
    certificate,
    decision,
    minutes,
    poster,
    proposal,
    register,
    self_assessment,
    village_list,
    year_report,
)
from bot.documents.blocks import Layout

LAYOUTS: Mapping[str, Layout] = {
    layout.name: layout
    for layout in (
        self_assessment.FILLED,
        self_assessment.BLANK,
        minutes.LAYOUT,
        village_list.LAYOUT,
        village_list.POSTED,
        proposal.LAYOUT,
        decision.LAYOUT,
        certificate.ON_A4,
        certificate.ON_A5,
        register.LAYOUT,
        year_report.LAYOUT,
        poster.LAYOUT,
    )
}
