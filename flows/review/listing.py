"""The lists of forms that a branch head looks at: the villages, the forms of one state, how they are shown."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from itertools import chain
from zlib import crc32

from msgspec.structs import replace

from flows.conversation.events import Entered, Event, Left, Said, Went
from flows.conversation.facts import Facts
from flows.conversation.questions import BACK, Choice, Heard, Question, chosen, words
from flows.conversation.session import Talk
from flows.conversation.understanding import says
from flows.domain.assessments import BRANCH, State
from flows.domain.units import Scope
from flows.forms.words import HELPED_MEANS, called
from flows.late.talk import LET_IN_LATE, late_round, let_in
from flows.review import typed as typed_words
from flows.review.arrivals import ARRIVALS, choose
from flows.review.many import head_instead, preview
from flows.review.needs import FormList, ListedForm, ListWanted, RemindedWanted, VillageForms, VillagesWanted
from flows.review.records import UnfinishedReminded
from flows.review.typed import sift_words
from flows.words.refusals import Refused
from flows.words.spelling import composed
from flows.words.wording import Lines, Wording, _, lines, n_, paragraphs


class Reviewing(Talk, frozen=True, tag="review"):
    """The list the branch head looks at, or a form from it: of one village, or of all that are theirs (0); which of
    the forms are shown (`sift`) and in which order. `seen` tells the lists that its numbers may stand for."""

    listed: str = "submitted"
    page: int = 0
    assessment_id: int = 0
    unit: int = 0
    order: str = "name"
    sift: str = ""
    seen: str = ""


PAGE = 8
# So many villages are told of one by one.
MOST_TOLD = 30
# Days before the last one on which it is named first.
SOON = 3
LATEST = datetime.max.replace(tzinfo=UTC)
# Days after which it is said how long the oldest form has waited.
LONG = 3

EARLIER = Choice("earlier", _("← Previous"), words("trang trước; trước; lùi lại; trang đầu; previous; previous page"))
LATER = Choice(
    "later", _("Next →"), words("more; thêm; tiếp; xem thêm; trang sau; nữa; xem tiếp; next; next page; trang tiếp")
)
CONFIRM_ALL = Choice(
    "confirm_all",
    _("✅ Confirm all"),
    words("xác nhận tất cả; xác nhận hết; duyệt hết; duyệt tất cả; đồng ý hết; đồng ý tất cả; confirm all"),
)
LOOK = Choice("look", _("⚠️ Needs a look"), words("cần xem; cần xem lại; cần xem kỹ; phiếu cần xem; needs a look"))
EVERY = Choice("every", _("All that wait"), words("tất cả; xem tất cả; hết; bỏ lọc; all; show all"))
ALL_VILLAGES = Choice("all", _("All villages together"), words("tất cả; tất cả các thôn; các thôn; all; all together"))
VILLAGES = Choice("villages", _("Other villages"), words("thôn khác; các thôn; chọn thôn; đổi thôn; other villages"))
REMIND = Choice(
    "remind",
    _("🔔 Remind those who have not finished"),
    words("""
        nhắc; nhắc họ; nhắc mọi người; nhắc người chưa xong; nhắc người chưa làm; nhắc làm phiếu; nhắc hết; nhắc tất
        cả; nhắc nhở; nhắc người chưa nộp; remind; remind them
    """),
    final=True,
)
LISTS: dict[State, Choice] = {
    "submitted": Choice("submitted", _("Waiting"), words("chờ; đang chờ; phiếu chờ; chờ xác nhận; waiting")),
    "confirmed": Choice("confirmed", _("Confirmed"), words("đã xác nhận; đã duyệt; confirmed")),
    "returned": Choice("returned", _("Returned"), words("đã trả; trả lại; đã trả lại; phiếu trả; returned")),
    "draft": Choice(
        "draft",
        _("Not finished"),
        words("chưa xong; chưa nộp; ai chưa xong; ai chưa làm; unfinished"),
    ),
}
ORDERS: Mapping[str, Wording] = {
    "name": _("sorted by name"),
    "points": _("sorted by points"),
    "time": _("sorted by time"),
    "look": _("those that need a look first"),
}


def look(facts: Facts) -> Iterator[Event]:
    """Go to the forms: to the villages first, where there are several."""
    if len(_villages(facts)) > 1:
        yield Entered("villages", Reviewing())
    else:
        yield Entered("list", as_shown(facts, Reviewing()))


# the villages


def _villages(facts: Facts) -> tuple[VillageForms, ...]:
    units = facts.scope(*BRANCH)
    return facts.find(VillagesWanted(units, facts.rounds_in(units), facts.person_id))


def ask_villages(facts: Facts, talk: Reviewing) -> Question:
    villages = sorted(_villages(facts), key=lambda one: one.oldest or LATEST)  # what is urgent comes first
    names = facts.reference.units.labels(one.unit_id for one in villages)
    urgent = [one for one in villages if one.oldest is not None and (facts.now - one.oldest).days >= LONG]
    return Question(
        paragraphs(
            lines(
                _("Forms of your branches"),
                *_last_days(facts, _rounds(facts, talk), waiting=any(map(_wait, villages))),
            ),
            _totals(_added(villages)),
            lines(*(_of_village(names[one.unit_id], one) for one in villages[:MOST_TOLD])),
            lines(
                _("Waiting longest:"),
                *(
                    n_(
                        "• {village}: for {count} day",
                        "• {village}: for {count} days",
                        (facts.now - one.oldest).days,
                        village=names[one.unit_id],
                    )
                    for one in urgent
                    if one.oldest is not None
                ),
            )
            if urgent
            else None,
            _("Which village?"),
        ),
        tuple(
            Choice(
                str(one.unit_id),
                _("{village} · {waiting} waiting", village=names[one.unit_id], waiting=_wait(one)),
                (facts.reference.units.by_id[one.unit_id].name,),
            )
            for one in villages
        ),
        (ALL_VILLAGES, BACK),
        numbered=True,
    )


def _of_village(name: Wording, one: VillageForms) -> Wording:
    return _(
        "• {village}: {waiting} waiting, {confirmed} confirmed, {unfinished} not finished",
        village=name,
        waiting=_wait(one),
        confirmed=one.counts.get("confirmed", 0),
        unfinished=one.counts.get("draft", 0) + one.counts.get("returned", 0),
    )


def _wait(one: VillageForms) -> int:
    return one.counts.get("submitted", 0)


def _added(villages: Iterable[VillageForms]) -> Mapping[State, int]:
    added: dict[State, int] = {}
    for state, number in chain.from_iterable(one.counts.items() for one in villages):
        added[state] = added.get(state, 0) + number
    return added


def hear_villages(facts: Facts, talk: Reviewing, heard: Heard) -> Iterator[Event]:
    match chosen(heard):
        case BACK.key:
            yield Left()
        case ALL_VILLAGES.key:
            yield Went("list", as_shown(facts, Reviewing()))
        case key:
            yield Went("list", as_shown(facts, Reviewing(unit=int(key))))


# the forms


def units_of(facts: Facts, talk: Reviewing) -> Scope:
    """Return the units whose forms are looked at."""
    return facts.reference.units.scope([talk.unit]) if talk.unit else facts.scope(*BRANCH)


def _rounds(facts: Facts, talk: Reviewing) -> frozenset[int]:
    return facts.rounds_in(units_of(facts, talk))


def listed(facts: Facts, talk: Reviewing) -> FormList:
    """Return the forms that are shown, in their order, as they will be after what this turn decides."""
    state = state_of(talk)
    found = facts.find(ListWanted(units_of(facts, talk), _rounds(facts, talk), state, facts.person_id))
    for before, after in facts.moved:
        counts = {**found.counts}
        counts[before.state] = counts.get(before.state, 0) - 1
        counts[after.state] = counts.get(after.state, 0) + 1
        forms = tuple(form for form in found.forms if form.assessment_id != after.id or after.state == state)
        found = FormList(counts, forms)
    return replace(found, forms=_ordered(found.forms, talk.order))


def shown(talk: Reviewing, found: FormList) -> tuple[ListedForm, ...]:
    """Return the forms that a talk shows, page by page."""
    return typed_words.sifted(found.forms, talk.sift if state_of(talk) == "submitted" else "")


def _ordered(forms: tuple[ListedForm, ...], order: str) -> tuple[ListedForm, ...]:
    match order:
        case "points":
            return tuple(sorted(forms, key=lambda form: -form.total))
        case "time":
            return tuple(sorted(forms, key=lambda form: (form.since is not None, form.since, form.assessment_id)))
        case "look":
            return tuple(sorted(forms, key=lambda form: not form.needs_a_look))
        case _:
            return forms


def as_shown(facts: Facts, talk: Reviewing) -> Reviewing:
    """Return a talk that knows which list its numbers stand for."""
    return replace(talk, seen=mark(shown(talk, listed(facts, talk))))


def without(facts: Facts, talk: Reviewing, form_id: int) -> Reviewing:
    """Return a talk that goes back to the list from a form that may leave it: numbers stand for the list that is shown
    then, with the form or without."""
    forms = shown(talk, listed(facts, talk))
    marks = mark(forms), mark(form for form in forms if form.assessment_id != form_id)
    return replace(talk, assessment_id=0, seen=" ".join(marks))


def mark(forms: Iterable[ListedForm]) -> str:
    """Tell a list from any other."""
    return f"{crc32(','.join(str(form.assessment_id) for form in forms).encode()):08x}"


def ask_list(facts: Facts, talk: Reviewing) -> Question:
    state = state_of(talk)
    found = listed(facts, talk)
    forms = shown(talk, found)
    page, pages = page_of(talk, forms)
    here = forms[page * PAGE : (page + 1) * PAGE]
    return Question(
        paragraphs(
            lines(
                _("Forms of your branch: {unit}", unit=branch_name(facts, talk)),
                *_last_days(facts, _rounds(facts, talk), waiting=found.counts.get("submitted", 0) > 0),
                _oldest(facts, found) if state == "submitted" else None,
            ),
            lines(_totals(found.counts), _to_look_at(talk, found)),
            _how_to(facts, talk, found),
            HELPED_MEANS if any(form.helped for form in here) else None,
            _heading(talk, page, pages, forms),
            lines(*(_unfinished(form) for form in here)) if state == "draft" else None,
        ),
        tuple(_listed_choice(form) for form in here) if state != "draft" else (),
        tuple(_moves(facts, talk, found, page, pages)),
        numbered=True,
        first=page * PAGE + 1,
    )


def _moves(facts: Facts, talk: Reviewing, found: FormList, page: int, pages: int) -> Iterator[Choice]:
    if page > 0:
        yield EARLIER
    if page + 1 < pages:
        yield LATER
    if state_of(talk) == "submitted":
        if len(shown(talk, found)) > 1 and head_instead(facts, talk.unit) is None:
            yield CONFIRM_ALL
        if talk.sift:
            yield EVERY
        elif len(found.forms) > 1 and any(form.needs_a_look for form in found.forms):
            yield LOOK
    if state_of(talk) == "draft" and found.forms:
        yield REMIND
    if state_of(talk) == "draft" and late_round(facts, units_of(facts, talk)) is not None:
        yield LET_IN_LATE
    yield from (choice for state, choice in LISTS.items() if state != state_of(talk))
    if talk.unit:
        yield VILLAGES
    if len(found.forms) > 1 and state_of(talk) == "submitted":
        yield ARRIVALS
    yield BACK


def page_of(talk: Reviewing, forms: tuple[ListedForm, ...]) -> tuple[int, int]:
    """Return the page that is shown, and how many there are: the last one when the list has shrunk meanwhile."""
    pages = max(1, -(-len(forms) // PAGE))
    return min(talk.page, pages - 1), pages


def _totals(counts: Mapping[State, int]) -> Lines:
    return lines(*(_("{state}: {count}", state=LISTS[s].label, count=counts.get(s, 0)) for s in LISTS))


def _to_look_at(talk: Reviewing, found: FormList) -> Wording | None:
    if state_of(talk) != "submitted" or not (number := sum(form.needs_a_look for form in found.forms)):
        return None
    return _("⚠️ Needs a look: {count} (below the line, a file without a word, or the branch is to vouch)", count=number)


def _how_to(facts: Facts, talk: Reviewing, found: FormList) -> Wording | None:
    """Say once what can be typed, where there are several; not what is the head's to do, to a deputy."""
    if state_of(talk) != "submitted" or len(found.forms) < 2 or talk.page or talk.sift or talk.order != "name":
        return None
    if head_instead(facts, talk.unit) is not None:
        return _("You may type “below 80”, “by points”, or the number or name of a form.")
    return _(
        "You may type “confirm all but 2, 5”, “all from 80 on”, “below 80”, “by points”, or the number or name of a"
        " form."
    )


def _heading(talk: Reviewing, page: int, pages: int, forms: tuple[ListedForm, ...]) -> Wording:
    state = LISTS[state_of(talk)].label
    which = sift_words(talk.sift) if state_of(talk) == "submitted" and talk.sift else None
    if not forms:
        return _("None here: {state}.", state=Lines((state, which), ", ") if which else state)
    parts: list[Wording] = [state, *([which] if which else [])]
    if talk.order in ORDERS and talk.order != "name":
        parts.append(ORDERS[talk.order])
    parts.append(
        _("page {page} of {pages}", page=page + 1, pages=pages) if pages > 1 else _("page {page}", page=page + 1)
    )
    return _("{what}:", what=Lines(tuple(parts), ", "))


def _oldest(facts: Facts, found: FormList) -> Wording | None:
    since = [form.since for form in found.forms if form.since is not None]
    days = (facts.now - min(since)).days if since else 0
    if days < LONG:
        return None
    return n_("The oldest has waited for {count} day.", "The oldest has waited for {count} days.", days)


def _last_days(facts: Facts, rounds: Iterable[int], *, waiting: bool) -> Iterator[Wording]:
    """Say until when the branch confirms, for each round that has forms here; or was to, while any wait."""
    known = facts.reference.rounds_by_id
    days = {known[id_].phases.branch for id_ in rounds}
    for day in sorted(days):
        left = (day - facts.today).days
        if left >= 0:
            yield _("Please confirm until the end of {day}.", day=day)
        elif waiting:
            yield late_by(day)
        if waiting and 0 < left <= SOON:
            yield n_("⏰ {count} day is left.", "⏰ {count} days are left.", left)
        elif waiting and left == 0:
            yield _("⏰ Today is the last day.")


def late_by(day: date) -> Wording:
    """Say that the branch's time is over. Nothing is locked by it: the level above lets in what is late."""
    return _(
        "The last day to confirm was {day}. What is decided later is noted all the same; please tell the Study"
        " Promotion Association of the commune.",
        day=day,
    )


def _listed_choice(form: ListedForm) -> Choice:
    name = called(form.name, helped=form.helped)
    if form.state == "submitted" and form.needs_a_look:
        return Choice(str(form.assessment_id), _("{name} · {total} points ⚠️", name=name, total=form.total))
    return Choice(str(form.assessment_id), _("{name} · {total} points", name=name, total=form.total))


def _unfinished(form: ListedForm) -> Wording:
    """Name somebody who is not done: how far they are is the branch head's to know, what they answered is not yet."""
    return n_(
        "• {name}: {count} question answered",
        "• {name}: {count} questions answered",
        form.answered,
        name=called(form.name, helped=form.helped),
    )


def hear_list(facts: Facts, talk: Reviewing, heard: Heard) -> Iterator[Event]:
    page, _pages = page_of(talk, shown(talk, listed(facts, talk)))
    match chosen(heard):
        case BACK.key:
            yield Left()
        case EARLIER.key:
            yield Went("list", replace(talk, page=page - 1))
        case LATER.key:
            yield Went("list", replace(talk, page=page + 1))
        case CONFIRM_ALL.key:
            yield from confirm_many(facts, talk, typed_words.ConfirmMany())
        case LOOK.key:
            yield Went("list", as_shown(facts, replace(talk, page=0, sift="look")))
        case EVERY.key:
            yield Went("list", as_shown(facts, replace(talk, page=0, sift="")))
        case REMIND.key:
            yield from remind(facts, talk)
        case LET_IN_LATE.key:
            yield from let_in(facts, talk.unit)
        case ARRIVALS.key:
            yield from choose(facts)
        case VILLAGES.key:
            yield Went("villages", Reviewing())
        case key if key in LISTS:
            yield Went("list", as_shown(facts, Reviewing(listed=key, unit=talk.unit)))
        case key:
            yield Entered("form", replace(talk, assessment_id=int(key)))


def remind(facts: Facts, talk: Reviewing) -> Iterator[Event]:
    """Let those who have not finished be reminded: in each village once a day."""
    units = units_of(facts, talk)
    found = facts.find(VillagesWanted(units, _rounds(facts, talk), facts.person_id))
    unfinished = {one.unit_id for one in found if one.counts.get("draft", 0) + one.counts.get("returned", 0)}
    reminded = facts.find(RemindedWanted(facts.today))
    if not (due := unfinished - reminded):
        raise Refused(_("They are reminded today already. Tomorrow they can be reminded again."))
    yield UnfinishedReminded(tuple(sorted(due)))
    yield Said(
        lines(
            _("Those who have not finished are being reminded. You will read here how many it were."),
            _("It is late now: they are written to in the morning.")
            if facts.reference.quiet.holds(facts.now)
            else None,
        )
    )


def hear_typed(facts: Facts, talk: Reviewing, typed: str) -> Iterator[Event]:
    """Take what was typed under a list for an order about it, if it is one; else nothing."""
    asked, forms = typed_words.read(typed), shown(talk, listed(facts, talk))
    if asked is None and state_of(talk) != "draft" and not says(typed, *_MOVES):
        yield from _open_by_name(talk, typed, forms)
        return
    match asked:
        case typed_words.Sifted(sift) if state_of(talk) == "submitted":
            yield Went("list", as_shown(facts, replace(talk, page=0, sift=sift)))
        case typed_words.Ordered(order):
            yield Went("list", as_shown(facts, replace(talk, page=0, order=order)))
        case typed_words.ConfirmMany() if state_of(talk) == "submitted":
            yield from confirm_many(facts, talk, asked)
        case typed_words.Opened(number) if state_of(talk) != "draft" and 0 < int(number) <= len(forms):
            yield Entered("form", replace(talk, assessment_id=forms[int(number) - 1].assessment_id))


_MOVES = (BACK, EARLIER, LATER, CONFIRM_ALL, LOOK, EVERY, VILLAGES, *LISTS.values())


def _open_by_name(talk: Reviewing, typed: str, forms: tuple[ListedForm, ...]) -> Iterator[Event]:
    """Open the form of whom was named, if that is somebody in the list."""
    if typed_words.called(named := composed(typed), forms):
        (form,) = typed_words.named_forms([named], forms)
        yield Entered("form", replace(talk, assessment_id=form.assessment_id))


def confirm_many(facts: Facts, talk: Reviewing, asked: typed_words.ConfirmMany) -> Iterator[Event]:
    """Go to the preview of confirming what is shown, all but what was named. Numbers count only while the list is the
    one that was shown."""
    found = listed(facts, talk)
    forms = shown(talk, found)
    if asked.but and mark(forms) not in talk.seen.split():
        yield Said(_("The list has changed since you saw it. Please look at the numbers once more:"))
        yield Went("list", as_shown(facts, replace(talk, page=0)))
        return
    but = typed_words.named_forms(asked.but, forms)
    yield from preview(facts, talk.unit, talk.sift, asked, found.forms, forms, but)


def hear_typed_at_home(facts: Facts, typed: str) -> Iterator[Event]:
    """Take an order to confirm many forms where no list is looked at: the list is shown first, and over it the preview,
    unless there is something to be chosen or numbers were given, which count only in a list that was seen."""
    asked = typed_words.read(typed)
    if not isinstance(asked, typed_words.ConfirmMany):
        return
    yield from look(facts)
    if len(_villages(facts)) > 1:
        return
    if any(letter.isdigit() for one in asked.but for letter in one):
        yield Said(_("This is the list whose numbers count. Please look at it, and type once more who is left out:"))
    else:
        yield from confirm_many(facts, as_shown(facts, Reviewing()), asked)


def state_of(talk: Reviewing) -> State:
    """Return the state whose forms are listed."""
    return next((state for state in LISTS if state == talk.listed), "submitted")


def branch_name(facts: Facts, talk: Reviewing) -> str:
    """Name the units whose forms are looked at, as it stands in a sentence."""
    units = facts.reference.units
    ids = [talk.unit] if talk.unit else [role.unit_id for role in facts.roles if role.kind in BRANCH]
    return " · ".join(map(units.in_sentence, ids))
