"""Asking for a paper: which one, and of which unit."""

from collections.abc import Iterator, Mapping

from flows.conversation.events import Event, Left, Said, Went
from flows.conversation.facts import Facts
from flows.conversation.flow import Flow, Step
from flows.conversation.questions import BACK, Choice, Heard, Question, chosen, words
from flows.conversation.session import Talk
from flows.domain.criteria import Group
from flows.domain.people import GROUPS
from flows.domain.units import Unit
from flows.papers.records import PaperAsked
from flows.papers.rights import OWN, ROLES_OF, PaperKind, is_of, kinds_for, known_kind, may_have, own_form
from flows.papers.words import NAMES, NOT_THERE, NOT_YOURS, choice, making
from flows.words.place_names import inside_sentence
from flows.words.refusals import OutOfDate, Refused
from flows.words.spelling import fold
from flows.words.wording import Wording, _


class Papering(Talk, frozen=True, tag="papers"):
    """A paper that is asked for: its kind, the unit whose parts are shown, a page of them, and the unit it is of."""

    kind: str = ""
    unit_id: int = 0
    page: int = 0
    chosen_id: int = 0


PAGE = 8
MORE = Choice("later", _("More →"), words("more; thêm; tiếp; xem thêm; trang sau; nữa; xem tiếp; next"))
DONE = Choice("done", _("Done"), words("xong; xong rồi; thôi; đóng; done; close; quay lại; hết; không cần nữa"))


def ask_kinds(facts: Facts, talk: Papering) -> Question:
    return Question(
        _("Which paper would you like? It comes here as a file."),
        tuple(choice(kind) for kind in kinds_for(facts)),
        (DONE,),
        numbered=True,
    )


def hear_kinds(facts: Facts, talk: Papering, heard: Heard) -> Iterator[Event]:
    match chosen(heard):
        case DONE.key:
            yield Left()
        case said:
            yield from choose(facts, _kind(said))


def _kind(said: str) -> PaperKind:
    kind = known_kind(said)
    assert kind is not None  # only what is offered is chosen
    return kind


def choose(facts: Facts, kind: PaperKind) -> Iterator[Event]:
    """Ask for a paper at once where there is one only; else let somebody choose of which unit."""
    if kind in OWN:
        yield from ask_own(facts, kind)
        yield Left(quiet=True)
        return
    tops = [facts.reference.units.by_id[id_] for id_ in dict.fromkeys(facts.over(*ROLES_OF[kind]))]
    if len(tops) == 1 and _is_only_one(kind, tops[0]):
        yield from _chosen_unit(facts, kind, tops[0].id)
    elif len(tops) == 1:
        yield Went("unit", Papering(kind, tops[0].id))
    else:
        yield Went("unit", Papering(kind))


def _is_only_one(kind: PaperKind, unit: Unit) -> bool:
    """Tell whether there is this paper of a unit and of nothing below it."""
    return is_of(kind, unit) and (unit.takes_residents or kind in {"proposal", "decision", "register", "year"})


def ask_own(facts: Facts, kind: PaperKind, form_id: int = 0) -> Iterator[Event]:
    """Ask for a paper of one's own form."""
    form = own_form(facts, kind, form_id)
    if form is None:
        raise Refused(NOT_THERE[kind])
    round_ = facts.round_of(form)
    yield PaperAsked(kind, form.unit_id, round_.year if round_ is not None else facts.today.year, form.id)
    yield Said(making(kind))


def ask_unit(facts: Facts, talk: Papering) -> Question:
    kind = _kind(talk.kind)
    below = _below(facts, kind, talk.unit_id)
    shown = below[talk.page * PAGE : (talk.page + 1) * PAGE]
    own = facts.reference.units.by_id.get(talk.unit_id)
    whole = [own] if own is not None and is_of(kind, own) and talk.page == 0 else []
    names = facts.reference.units.names([unit.id for unit in shown])
    return Question(
        _("{paper}: of which unit?", paper=NAMES[kind]),
        (
            *(Choice(f"whole:{unit.id}", _("The whole of {unit}", unit=inside_sentence(unit.name))) for unit in whole),
            *(Choice(str(unit.id), names[unit.id]) for unit in shown),
        ),
        (*((MORE,) if len(below) > (talk.page + 1) * PAGE else ()), BACK),
        numbered=True,
    )


def _below(facts: Facts, kind: PaperKind, unit_id: int) -> list[Unit]:
    """Return the units to choose from: those that somebody's roles are over, or what lies directly in one of them. Of a
    commune's papers, no villages."""
    units = facts.reference.units
    ids = units.children.get(unit_id, ()) if unit_id else facts.over(*ROLES_OF[kind])
    there = [units.by_id[id_] for id_ in dict.fromkeys(ids) if units.by_id[id_].valid_to is None]
    fit = [unit for unit in there if not unit.takes_residents or is_of(kind, unit)]
    return sorted(fit, key=lambda unit: (_with_numbers(unit.name), unit.id))


def _with_numbers(name: str) -> tuple[tuple[int, str], ...]:
    """Return what names are sorted by, `Thôn 2` before `Thôn 10`."""
    return tuple((int(word), "") if word.isdecimal() else (0, word) for word in fold(name).split())


def hear_unit(facts: Facts, talk: Papering, heard: Heard) -> Iterator[Event]:
    kind = _kind(talk.kind)
    match chosen(heard).split(":"):
        case [MORE.key]:
            yield Went("unit", Papering(talk.kind, talk.unit_id, talk.page + 1))
        case [BACK.key] if talk.page:
            yield Went("unit", Papering(talk.kind, talk.unit_id, talk.page - 1))
        case [BACK.key]:
            yield Went("kinds", Papering())
        case ["whole", unit_id]:
            yield from _chosen_unit(facts, kind, int(unit_id))
        case [unit_id] if _is_only_one(kind, facts.reference.units.by_id[int(unit_id)]):
            yield from _chosen_unit(facts, kind, int(unit_id))
        case answer:
            yield Went("unit", Papering(talk.kind, int(answer[0])))


def _chosen_unit(facts: Facts, kind: PaperKind, unit_id: int) -> Iterator[Event]:
    if kind == "form":
        yield Went("group", Papering(kind, chosen_id=unit_id))
        return
    yield from ask_for(facts, kind, unit_id, year_at(facts, unit_id))
    yield Left(quiet=True)


def year_at(facts: Facts, unit_id: int) -> int:
    """Return the year of the round whose forms count at a unit: that of the newest, or else this year."""
    at_work = facts.reference.rounds_at_work(unit_id, facts.today)
    years = [facts.reference.rounds_by_id[id_].year for id_ in at_work]
    return max(years, default=facts.today.year)


def ask_for(facts: Facts, kind: PaperKind, unit_id: int, year: int, about: int = 0, group: str = "") -> Iterator[Event]:
    """Ask for a paper of a unit. Refused without a role that may have it."""
    unit = facts.reference.units.by_id.get(unit_id)
    if unit is None or not is_of(kind, unit):
        raise OutOfDate(_("This button no longer works."))
    if not may_have(kind, facts.roles, facts.reference.units, unit_id):
        raise Refused(NOT_YOURS)
    yield PaperAsked(kind, unit_id, year, about, group)
    yield Said(making(kind))


def ask_group(facts: Facts, talk: Papering) -> Question:
    return Question(
        _("Whose form?"), tuple(Choice(group, label) for group, label in GROUPS.items()), (BACK,), numbered=True
    )


_GROUPS: Mapping[str, Group] = {group: group for group in GROUPS}


def hear_group(facts: Facts, talk: Papering, heard: Heard) -> Iterator[Event]:
    match chosen(heard):
        case BACK.key:
            yield Went("kinds", Papering())
        case group:
            year = year_at(facts, talk.chosen_id)
            yield from ask_for(facts, "form", talk.chosen_id, year, group=_GROUPS[group])
            yield Left(quiet=True)


def obstacle(facts: Facts, talk: Papering) -> Wording | None:
    """Say why there is no paper to ask for, if so: none at all, or one that the role is gone for."""
    kinds = tuple(kinds_for(facts))
    if not kinds:
        return _(
            "There is no paper for you yet. Your form can be printed once you have submitted it, and your certificate"
            " once you are recognised."
        )
    return NOT_YOURS if talk.kind and talk.kind not in kinds else None


PAPERS = Flow(
    Papering,
    steps=(
        Step("kinds", ask_kinds, hear_kinds),
        Step("unit", ask_unit, hear_unit),
        Step("group", ask_group, hear_group),
    ),
    obstacle=obstacle,
)
