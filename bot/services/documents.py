"""Papers made for whoever asks: read from the database, put together, set as docx or pdf in a thread."""

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from multiprocessing import get_context
from typing import Literal, TypeAlias

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.documents import (
    certificate,
    decision,
    letterhead,
    minutes,
    poster,
    proposal,
    register,
    self_assessment,
    village_list,
    year_report,
)
from bot.documents import templates as clerks
from bot.documents.blocks import Layout
from bot.documents.certificate import Certificates
from bot.documents.layouts import LAYOUTS
from bot.documents.minutes import LeftOut
from bot.documents.people import Listed
from bot.documents.proposal import VillageCount
from bot.documents.records import Decided, GivenTitle, Meeting, Proposed
from bot.documents.year_report import Figures, UnitFigures
from bot.services import papers
from bot.services.papers import Setting
from bot.services.unit_files import start_cards
from bot.store import documents as store
from bot.store.core.database import Database
from bot.store.core.reference import newest, read_branch, read_criteria, read_rounds, read_unit
from bot.store.documents import FormOnList, ProposalRow, TitleRow
from bot.store.forms import read_form
from flows.conversation.facts import Reference, Start
from flows.domain.criteria import CriteriaSet, Group
from flows.domain.units import Scope, Unit
from flows.registration.subject import VILLAGE_CODE
from flows.words.name_order import name_order
from flows.words.place_names import inside_sentence
from flows.words.spelling import fold
from flows.words.wording import Catalogue

# So many certificates are set here; more of them take memory that is to be given back.
FEW_PAGES = 20

Suffix = Literal[".docx", ".pdf"]
Size = Literal["a4", "a5"]

_LATE = "bổ sung sau họp"
_HELPED = "có người làm hộ"


class DocumentRefused(Exception):
    """A paper that cannot be made, or a template that cannot be used; the message says why and what would do."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which paper is wanted, and how. A proposal or decision is the one with this `number` or of the id it is
    `about`; without these the newest.

    `links` say where bots are found, `page` that of the public page of a title.
    """

    kind: str
    unit: str
    year: int
    suffix: Suffix
    group: Group = "farmer"
    size: Size = "a4"
    half: bool = False
    number: str = ""
    about: int = 0
    links: tuple[Start, ...] = ()
    page: str = ""


@dataclass(frozen=True, slots=True)
class Desk:
    """What lies on the desk of whoever puts a paper together."""

    connection: AsyncConnection
    wanted: Wanted
    unit: Unit
    reference: Reference
    by_pin: Mapping[str, CriteriaSet]
    setting: Setting
    zone: tzinfo

    @property
    def village(self) -> str:
        """Return the unit's name as it stands in a sentence."""
        return self.name(self.unit.id)

    def name(self, unit_id: int) -> str:
        """Return the name of a unit as it stands in a sentence."""
        return self.reference.units.in_sentence(unit_id).partition(",")[0]

    def listed(self, form: FormOnList, note: str = "") -> Listed:
        """Return somebody as they stand on a list. Whose form somebody else filled in is marked on every one."""
        notes = filter(None, (note, _HELPED if form.helped else ""))
        return Listed(form.name, inside_sentence(form.village), self.by_pin[form.pin].title.vi, "; ".join(notes))

    def given(self, title: TitleRow) -> GivenTitle:
        """Return a title as it stands in the register and on its certificate."""
        revoked = title.revoked_at
        return GivenTitle(
            title.number,
            title.name,
            ", ".join(map(inside_sentence, filter(None, (title.village, title.above)))),
            title.title,
            title.year,
            title.code,
            title.decision_number,
            title.decision_day,
            title.signer,
            revoked.astimezone(self.zone).date() if revoked is not None else None,
            title.reason,
        )

    def resting_on(self, found: Iterable[FormOnList | TitleRow]) -> Setting:
        """Return the setting of a paper that rests on forms. Theirs may be other criteria than those of the round by
        now, and only theirs count; without forms, those of the round do."""
        pins = sorted({one.pin for one in found if one.pin is not None})
        sets = tuple(self.by_pin[pin] for pin in pins)
        return replace(self.setting, sets=sets) if sets else self.setting


Paper: TypeAlias = tuple[Layout, object]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A paper with everything on it, to be set as one file or another. `own_template` is for docx."""

    wanted: Wanted
    layout: Layout
    paper: object
    unit: str
    own_template: bytes | None = None

    def parts(self, most: int) -> list["Prepared"]:
        """Return certificates in parts of so many at most; every other paper whole."""
        if not isinstance(self.paper, Certificates):
            return [self]
        every = self.paper.certificates
        return [
            replace(self, paper=replace(self.paper, certificates=every[start : start + most]))
            for start in range(0, len(every), most)
        ]

    @property
    def pages(self) -> int:
        """Return how many certificates there are; of other papers 1."""
        return len(self.paper.certificates) if isinstance(self.paper, Certificates) else 1

    async def set_as(self, suffix: Suffix) -> bytes:
        """Set it, beside whatever else goes on."""
        make_it = written_apart if self.pages > FEW_PAGES or self.wanted.kind == "poster" else written
        return await asyncio.to_thread(make_it, self.layout, self.paper, suffix, self.own_template)


async def make(database: Database, wanted: Wanted, words: Catalogue, zone: tzinfo) -> bytes:
    """Make a paper; its days are those of a time zone. Raises DocumentRefused."""
    return await (await prepare(database, wanted, words, zone)).set_as(wanted.suffix)


async def prepare(database: Database, wanted: Wanted, words: Catalogue, zone: tzinfo) -> Prepared:
    """Read what stands on a paper, and put it together. Raises DocumentRefused."""
    async with database.reading() as connection:
        desk = await _desk(connection, wanted, words, zone)
        layout, paper = await READERS[wanted.kind](desk)
        own = await store.read_template(connection, _upwards(desk), layout.name)
    return Prepared(wanted, layout, paper, desk.unit.name, own)


def written(layout: Layout, paper: object, suffix: Suffix, own_template: bytes | None = None) -> bytes:
    """Set a paper. A template that a clerk has edited is for docx; a pdf is set as the decree has it."""
    if suffix == ".docx":
        from bot.documents.docx import docx

        return docx(layout, paper, own_template)
    from bot.documents.pdf import pdf

    return pdf(layout, paper)


def written_apart(layout: Layout, paper: object, suffix: Suffix, own_template: bytes | None = None) -> bytes:
    """Set a paper in a process of its own: what a thousand pages take in memory, half a gigabyte, goes with it."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as apart:
        return apart.submit(written, layout, paper, suffix, own_template).result()


async def _desk(connection: AsyncConnection, wanted: Wanted, words: Catalogue, zone: tzinfo) -> Desk:
    unit = await read_unit(connection, wanted.unit)
    if unit is None:
        raise DocumentRefused(f"there is no unit with the code {wanted.unit!r}; see: hoctap export units")
    units = await read_branch(connection, unit.id)
    by_pin = await read_criteria(connection)
    reference = Reference(units, await read_rounds(connection), newest(by_pin))
    above = [one.id for one in units.upwards(unit.id)]
    kept = await store.read_template(connection, above, letterhead.NAME)
    commune = next((one for one in units.upwards(unit.id) if one.kind == "commune"), unit)
    setting = Setting(
        letterhead.read(kept) if kept is not None else letterhead.usual(commune.name),
        wanted.year,
        _sets(reference, unit, wanted.year),
        words,
    )
    return Desk(connection, wanted, unit, reference, by_pin, setting, zone)


def _sets(reference: Reference, unit: Unit, year: int) -> tuple[CriteriaSet, ...]:
    """Return the criteria of a unit's round; all there are where the year has none."""
    round_ = reference.round_of_year(unit.id, year)
    if round_ is None:
        return tuple(reference.criteria.values())
    return tuple(reference.criteria[set_id] for set_id in round_.sets.values() if set_id in reference.criteria)


def _upwards(desk: Desk) -> list[int]:
    return [unit.id for unit in desk.reference.units.upwards(desk.unit.id)]


# What can be put together, by the word for it in commands


async def _blank_form(desk: Desk) -> Paper:
    criteria = next((one for one in desk.setting.sets if one.group == desk.wanted.group), None)
    if criteria is None:
        raise DocumentRefused(f"there is no criteria set for {desk.wanted.group}; see: hoctap export criteria")
    addresses = start_cards(desk.reference.units, desk.unit, desk.wanted.links) if desk.wanted.links else ()
    links = [link for card in addresses if card.unit.id == desk.unit.id for link in card.links]
    # One that carries the village: beside its picture there is no room to say what to type.
    address = min(links, key=lambda link: VILLAGE_CODE not in link, default="")
    return self_assessment.BLANK, papers.blank_form(desk.setting, criteria, desk.village, address)


async def _village_list(desk: Desk) -> Paper:
    forms = await _proposable(desk)
    people = in_order(desk.listed(form, _LATE if form.late else "") for form in forms)
    setting = desk.resting_on(forms)
    if not desk.unit.takes_residents:
        return village_list.LAYOUT, papers.commune_list(setting, people)
    head = await store.read_head(desk.connection, desk.unit.id)
    return village_list.LAYOUT, papers.village_list(setting, desk.village, people, head)


async def _proposable(desk: Desk) -> list[FormOnList]:
    """Return the forms of those whom the branches propose."""
    scope = desk.reference.units.scope([desk.unit.id])
    confirmed = await store.read_confirmed(desk.connection, scope, desk.wanted.year)
    return [form for form in confirmed if form.passed and form.state != "revoked"]


async def _posted_list(desk: Desk) -> Paper:
    """Put together what may hang where everybody reads it: of the recognised once there are some, else of those who are
    proposed. It names only those who agreed, by name, village and title; the others are counted."""
    scope = desk.reference.units.scope([desk.unit.id])
    titles = await store.read_titles(desk.connection, scope, desk.wanted.year)
    valid = [title for title in titles if title.revoked_at is None]
    forms = [] if valid else await _proposable(desk)
    found: Sequence[FormOnList | TitleRow] = valid or forms
    named = in_order(
        [
            *(Listed(one.name, inside_sentence(one.village), one.title) for one in valid if one.publishes),
            *(replace(desk.listed(one), note="") for one in forms if one.publishes),
        ]
    )
    setting, unnamed = desk.resting_on(found), len(found) - len(named)
    if not desk.unit.takes_residents:
        return village_list.POSTED, papers.posted_list(setting, named, unnamed, recognised=bool(valid))
    closed = await store.read_meeting(desk.connection, desk.unit.id, desk.wanted.year) if forms else None
    made = papers.posted_list(
        setting,
        named,
        unnamed,
        village=desk.village,
        head=await store.read_head(desk.connection, desk.unit.id),
        until=_posted_until(closed),
        recognised=bool(valid),
    )
    return village_list.POSTED, made


def _posted_until(closed: store.ClosedVillage | None) -> date | None:
    """Return until when a list hangs that the meeting had posted."""
    if closed is None or not closed.minutes.posting_days:
        return None
    return closed.minutes.day + timedelta(days=closed.minutes.posting_days)


def in_order(people: Iterable[Listed]) -> tuple[Listed, ...]:
    """Put people in the order of Vietnamese lists: by village, then by given name, then by the whole name."""
    return tuple(sorted(people, key=lambda one: (village_order(one.village), name_order(one.name))))


def village_order(village: str) -> str:
    """Return what villages are sorted by: `Thôn 2` before `Thôn 10`."""
    return re.sub(r"\d+", lambda number: number[0].zfill(6), fold(village))


async def _minutes(desk: Desk) -> Paper:
    closed = await store.read_meeting(desk.connection, desk.unit.id, desk.wanted.year)
    if closed is None:
        raise DocumentRefused(f"{desk.unit.name} has held no branch meeting of {desk.wanted.year} yet")
    scope = desk.reference.units.scope([desk.unit.id])
    forms = await store.read_confirmed(desk.connection, scope, desk.wanted.year)
    voted_on = [form for form in forms if not form.late]
    return minutes.LAYOUT, papers.minutes(desk.resting_on(forms), desk.village, _meeting(desk, closed, voted_on))


def _meeting(desk: Desk, closed: store.ClosedVillage, forms: Sequence[FormOnList]) -> Meeting:
    """Put together what a meeting came to: what was told of it, the counts of then, and whom it proposes."""
    told = closed.minutes
    return Meeting(
        day=told.day,
        begins=told.begins,
        ends=told.ends,
        where=told.place,
        chair=told.chair,
        secretary=told.secretary,
        present=told.present,
        invited=told.members,
        votes=told.votes_for,
        against=told.votes_against,
        abstained=told.abstained,
        submitted=told.registered - told.unfinished,
        confirmed=told.confirmed,
        people=in_order(desk.listed(form) for form in forms if form.passed),
        left_out=tuple(
            LeftOut(form.name, _missing(form, desk.by_pin[form.pin]))
            for form in sorted(forms, key=lambda form: name_order(form.name))
            if not form.passed
        ),
        posted_days=told.posting_days,
        trail=_trail_said(closed.trail),
    )


def _missing(form: FormOnList, criteria: CriteriaSet) -> str:
    """Say what somebody lacks of the title."""
    rule = criteria.pass_rule
    if form.total < rule.total:
        return f"còn thiếu {rule.total - form.total} điểm"
    return f"có nội dung dưới {rule.floor} điểm"


def _trail_said(head: str) -> str:
    return f"Mã kiểm tra sổ: {head}" if head else ""


async def _proposal(desk: Desk) -> Paper:
    scope = desk.reference.units.scope([desk.unit.id])
    row = await store.read_proposal(desk.connection, scope, desk.wanted.year, desk.wanted.about)
    if row is None:
        raise DocumentRefused(f"nothing is proposed for {desk.unit.name} in {desk.wanted.year} yet")
    forms = await store.read_proposed_then(desk.connection, row, desk.reference.units.scope([row.unit_id]))
    return proposal.LAYOUT, papers.proposal(desk.resting_on(forms), await _proposed(desk, row, forms))


async def _proposed(desk: Desk, row: ProposalRow, forms: Sequence[FormOnList]) -> Proposed:
    units = desk.reference.units
    scope = units.scope([row.unit_id])
    found = papers.figures(await store.count_forms(desk.connection, scope, desk.wanted.year))
    there = Counter(form.unit_id for form in forms)
    counts = tuple(
        VillageCount(units.by_id[id_].name, found[id_].submitted, found[id_].confirmed, there[id_])
        for id_ in sorted(found.keys() & units.by_id.keys(), key=lambda id_: village_order(units.by_id[id_].name))
    )
    drawn = await store.read_samples(desk.connection, scope, row.round_id, row.at)
    people = in_order(desk.listed(form) for form in forms)
    return Proposed(row.number, row.day, people, counts, _sample_said(drawn), _trail_said(row.trail))


def _sample_said(drawn: Sequence[int]) -> str:
    if not drawn:
        return ""
    return f"Hội đã kiểm tra ngẫu nhiên {sum(drawn)} phiếu, rút mẫu {len(drawn)} lần (có ghi vào sổ)."


async def _decision(desk: Desk) -> Paper:
    scope, wanted = desk.reference.units.scope([desk.unit.id]), desk.wanted
    made = await _decision_asked_for(desk, scope)
    proposal_id = made.proposal_id if made is not None else 0
    row = await store.read_proposal(desk.connection, scope, wanted.year, proposal_id)
    if row is None:
        raise DocumentRefused(f"nothing is decided for {desk.unit.name} in {wanted.year} yet")
    made = made or await store.read_decision(desk.connection, row.id)
    forms = await store.read_proposed(desk.connection, row.id)
    on_it = await _proposed(desk, row, forms)
    if made is None:
        draft = Decided("", None, on_it.people, on_it, trail=_trail_said(row.trail))
        return decision.LAYOUT, papers.decision(desk.resting_on(forms), draft)
    titles = await store.read_titles_of(desk.connection, made.id)
    people = in_order(
        Listed(title.name or papers.ERASED, inside_sentence(title.village), title.title) for title in titles
    )
    decided = Decided(made.number, made.day, people, on_it, made.signer, _trail_said(made.trail))
    return decision.LAYOUT, papers.decision(desk.resting_on(titles), decided)


async def _decision_asked_for(desk: Desk, scope: Scope) -> store.DecisionRow | None:
    """Return the decision that is wanted by its number or its id; None where the newest is."""
    wanted = desk.wanted
    if not wanted.number and not wanted.about:
        return None
    made = await store.find_decision(
        desk.connection, scope, wanted.year, number=wanted.number, decision_id=wanted.about
    )
    if made is None:
        raise DocumentRefused(f"there is no decision {wanted.number} of {desk.unit.name} in {wanted.year}")
    return made


async def _certificates(desk: Desk) -> Paper:
    titles = await _titles(desk)
    valid = [title for title in titles if title.revoked_at is None and title.name]
    if not valid:
        raise DocumentRefused(f"nobody in {desk.unit.name} has a title of {desk.wanted.year} that holds")
    layout = certificate.ON_A4 if desk.wanted.size == "a4" else certificate.ON_A5
    given = [desk.given(title) for title in valid]
    return layout, papers.certificates(desk.resting_on(valid), given, desk.wanted.page)


async def _certificate(desk: Desk) -> Paper:
    """Put together the certificate of one form."""
    title = await store.read_title(desk.connection, desk.wanted.about)
    if title is None or title.revoked_at is not None:
        raise DocumentRefused("there is no title that holds")
    return certificate.ON_A4, papers.certificates(desk.resting_on([title]), [desk.given(title)], desk.wanted.page)


async def _filled_form(desk: Desk) -> Paper:
    """Put together somebody's form as it stands."""
    form = await read_form(desk.connection, desk.wanted.about, desk.by_pin)
    if form is None:
        raise DocumentRefused("there is no such form")
    person = form.person
    consent = await store.read_recorded_consent(desk.connection, person.id) if person.is_helped else None
    helper = papers.helper_said(person.helper, consent, desk.setting.words) if person.helper is not None else ""
    return self_assessment.FILLED, papers.filled_form(desk.setting, form, desk.village, helper)


async def _register(desk: Desk) -> Paper:
    titles = await _titles(desk)
    return register.LAYOUT, papers.register(desk.resting_on(titles), [desk.given(title) for title in titles])


async def _titles(desk: Desk) -> Sequence[TitleRow]:
    scope = desk.reference.units.scope([desk.unit.id])
    titles = await store.read_titles(desk.connection, scope, desk.wanted.year)
    if not titles:
        raise DocumentRefused(f"nobody in {desk.unit.name} has a title of {desk.wanted.year} yet")
    return titles


async def _year_report(desk: Desk) -> Paper:
    units = desk.reference.units
    counted = await store.count_forms(desk.connection, units.scope([desk.unit.id]), desk.wanted.year)
    found = papers.figures(counted)
    below = [units.by_id[id_] for id_ in units.children.get(desk.unit.id, ()) if units.by_id[id_].valid_to is None]
    rows = [(unit, units.subtree(unit.id)) for unit in sorted(below, key=lambda one: fold(one.name))]
    own = [(desk.unit, frozenset({desk.unit.id}))] if desk.unit.id in found or not rows else []
    figures = tuple(
        UnitFigures(unit.name, year_report.sum_of(found.get(one, Figures()) for one in within))
        for unit, within in (*own, *rows)
    )
    return year_report.LAYOUT, papers.year_report(desk.setting, figures, half=desk.wanted.half)


async def _posters(desk: Desk) -> Paper:
    if not desk.wanted.links:
        raise DocumentRefused(
            "no channel has an address; set TELEGRAM_TOKEN, ZALO_OA_ID, or PUBLIC_URL for the web chat"
        )
    cards = start_cards(desk.reference.units, desk.unit, desk.wanted.links)
    if not cards:
        raise DocumentRefused(f"no village or workplace lies in {desk.unit.name}; import them first")
    villages = [(card.unit.name, desk.reference.units.in_sentence(card.unit.id), card.codes) for card in cards]
    above = [(name, said.partition(", ")[2], links) for name, said, links in villages]
    return poster.LAYOUT, papers.posters(desk.setting, above)


READERS: Mapping[str, Callable[[Desk], Awaitable[Paper]]] = {
    "form": _blank_form,
    "filled-form": _filled_form,
    "certificate": _certificate,
    "minutes": _minutes,
    "list": _village_list,
    "posted": _posted_list,
    "proposal": _proposal,
    "decision": _decision,
    "certificates": _certificates,
    "register": _register,
    "year": _year_report,
    "poster": _posters,
}


# Templates


async def exported(database: Database, unit_code: str) -> dict[str, bytes]:
    """Return the templates that a unit uses as files by their names, its letterhead among them."""
    async with database.reading() as connection:
        unit = await _unit(connection, unit_code)
        units = await read_branch(connection, unit.id)
        above = [one.id for one in units.upwards(unit.id)]
        names = (*LAYOUTS, letterhead.NAME)
        kept = {file_name(name): await store.read_template(connection, above, name) for name in names}
    return {**shipped(unit.name), **{name: content for name, content in kept.items() if content is not None}}


def shipped(commune: str = "Xã …") -> dict[str, bytes]:
    """Return the templates that come along as files by their names, and the letterhead that follows from a name."""
    from bot.documents.docx import template

    files = {file_name(name): template(layout) for name, layout in LAYOUTS.items()}
    return {**files, file_name(letterhead.NAME): letterhead.written(letterhead.usual(commune))}


def file_name(name: str) -> str:
    """Return the name of the file of a template."""
    return f"{name}.toml" if name == letterhead.NAME else f"{name}.docx"


async def use_template(database: Database, unit_code: str, name: str, content: bytes, now: datetime) -> None:
    """Let a unit use a template, or a letterhead, from now on. Raises DocumentRefused with every fault on a line."""
    found = list(faults(name, content))
    if found:
        raise DocumentRefused("\n".join(found))
    async with database.writing() as connection:
        unit = await _unit(connection, unit_code)
        await store.save_template(connection, unit.id, name, content, now)


async def template_faults(database: Database) -> list[str]:
    """Return what is wrong with the templates in use, one line each: they may be of an earlier version."""
    async with database.reading() as connection:
        rows = await store.read_templates(connection)
    return [f"{file_name(row.name)} of {row.code}: {fault}" for row in rows for fault in faults(row.name, row.content)]


def faults(name: str, content: bytes) -> Iterable[str]:
    """Yield what is wrong with a template or a letterhead."""
    if name == letterhead.NAME:
        try:
            letterhead.read(content)
        except letterhead.LetterheadRefused as refused:
            yield str(refused)
    elif name not in LAYOUTS:
        yield f"there is no paper {name!r}; there are: {', '.join((*LAYOUTS, letterhead.NAME))}"
    else:
        yield from clerks.faults(LAYOUTS[name], content)


async def _unit(connection: AsyncConnection, code: str) -> Unit:
    unit = await read_unit(connection, code)
    if unit is None:
        raise DocumentRefused(f"there is no unit with the code {code!r}; see: hoctap export units")
    return unit
