"""Every act that changes something for somebody else, each as its last step: the button or the words that do it.

The step is forged: it is the answer of somebody whose talk stands there, however it came to stand there.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flows.batches.batch import Order
from flows.batches.records import BatchOrdered, BatchUndone
from flows.commune.checking import Checking
from flows.commune.records import Proposed, Sampled
from flows.conversation.engine import Decision
from flows.conversation.events import Record
from flows.conversation.replies import Pressed, Reply, Typed
from flows.conversation.session import HOME, Frame
from flows.domain.assessments import Assessment
from flows.forms.records import Acted, Begun, LetIn, Vouched
from flows.forms.talk import Filling
from flows.forms.words import answers
from flows.late.talk import LettingIn
from flows.meeting.entering import Meeting
from flows.meeting.records import VillageMoved
from flows.notices.draft.drafting import Drafting
from flows.notices.notice import Audience, Content
from flows.notices.records import NoticeActed, NoticeSaved, ReportAsked
from flows.notices.talk import Noticing
from flows.papers.records import PaperAsked
from flows.papers.rights import PaperKind
from flows.papers.talk import Papering
from flows.publishing.records import Publishing
from flows.publishing.talk import AskingForNames
from flows.recognition.records import Recognised
from flows.recognition.register import Registered
from flows.recognition.talk import Recognising
from flows.review.listing import Reviewing
from flows.review.many import ConfirmingMany
from flows.review.records import UnfinishedReminded
from flows.review.talk import Deciding
from flows.roles.needs import digest_of
from flows.roles.own import OwnRoleTalk
from flows.roles.records import AwaySaid, HolderSignedOut, InvitationWithdrawn, Invited, RoleTaken
from flows.roles.talk import Inviting
from flows.words.wording import contains
from tests.rights.world import TOKEN, Actor, World

REASON = "Câu 2 chưa có giấy tờ"


@dataclass(frozen=True, slots=True)
class Way:
    """One way to try: where the talk stands, and what is said there. A button there carries the number 1."""

    frame: Frame[Any]
    reply: Reply


@dataclass(frozen=True, slots=True)
class Try:
    """What is tried: by whom, when, and on which form, if on one."""

    world: World
    actor: Actor
    now: datetime
    form: Assessment | None = None

    @property
    def target(self) -> Assessment:
        """Return the form."""
        assert self.form is not None
        return self.form


@dataclass(frozen=True, slots=True)
class Act:
    """An act: what it is about, the ways to try it, the record it comes to, and the order it gives, if it does."""

    about: str
    ways: Callable[[Try], Iterator[Way]]
    records: tuple[type[Record], ...]
    act: str = ""

    def happened(self, decision: Decision, form: Assessment | None) -> bool:
        """Tell whether a turn has done it."""
        if self.about == "reading":
            return form is not None and any(contains(one.text, answers(form)) for one in decision.messages)
        done = [one for one in decision.records if isinstance(one, self.records)]
        if self.about == "form" and form is not None:
            return any(getattr(one, "assessment_id", None) == form.id and self._is_it(one) for one in done)
        return any(self._is_it(one) for one in done)

    def _is_it(self, record: Record) -> bool:
        return not self.act or getattr(record, "act", getattr(record, "state", "")) == self.act


def ordered(decision: Decision) -> Order | None:
    """Return the order that a turn has given, if any."""
    for record in decision.records:
        if isinstance(record, BatchOrdered | Proposed | Recognised):
            return record.order
    return None


def undone(decision: Decision) -> int:
    """Return the batch that a turn takes back; 0 if none."""
    return next((one.batch_id for one in decision.records if isinstance(one, BatchUndone)), 0)


def lasting(*payloads: Callable[[Try], str]) -> Callable[[Try], Iterator[Way]]:
    """Make the ways of lasting buttons, pressed at home."""
    return lambda one: (Way(HOME, Pressed(payload(one))) for payload in payloads)


def answered(step: str, talk: Callable[[Try], Any], reply: str) -> Callable[[Try], Iterator[Way]]:
    """Make the way of an answer in a talk: a button by its key, or words after a colon."""

    def ways(one: Try) -> Iterator[Way]:
        said: Reply = Typed(reply.removeprefix("typed:")) if reply.startswith("typed:") else Pressed(f"a:1:{reply}")
        yield Way(Frame(step, talk(one)), said)

    return ways


def either(*several: Callable[[Try], Iterator[Way]]) -> Callable[[Try], Iterator[Way]]:
    """Put ways together."""
    return lambda one: (way for ways in several for way in ways(one))


# --- talks as they stand at their last step ---


def _button(verb: str) -> Callable[[Try], str]:
    return lambda one: f"c:{verb}:{one.target.id}:{one.target.version}"


def _vouch(verb: str) -> Callable[[Try], str]:
    return lambda one: f"c:{verb}:{one.target.id}:{one.target.version}:{_proof(one.target)}"


def _proof(form: Assessment) -> int:
    return next(proof.id for proofs in form.evidence.values() for proof in proofs if proof.kind == "vouched")


def _looking(one: Try) -> Reviewing:
    return Reviewing(assessment_id=one.target.id)


def _deciding(one: Try) -> Deciding:
    return Deciding(one.target.id, one.target.version)


def _adjusting(one: Try) -> Deciding:
    indicator = one.target.criteria.indicators[0]
    return Deciding(one.target.id, one.target.version, indicator.id, indicator.levels[1].id)


def _confirming_many(one: Try) -> ConfirmingMany:
    return ConfirmingMany(one.now, one.world.unit("village"))


def _undo(one: Try) -> str:
    """Return the button of one's own batch; who has none presses that of the head."""
    heads = next(actor.person for actor in one.world.actors if (actor.kind, actor.place) == ("head", "village"))
    assert heads is not None
    own = one.actor.person.id if one.actor.person is not None else heads.id
    return f"c:undo_batch:{one.world.batch_ids.get(own, one.world.batch_ids[heads.id])}"


def _undo_one(one: Try) -> str:
    return f"c:undo_form:{one.target.id}:{one.target.version - 1}"


def _meeting(one: Try) -> Meeting:
    world = one.world
    return Meeting(
        unit_id=world.unit("village"), round_id=world.round_id, version=0 if world.village == "open" else 1,
        day=date(2026, 11, 1), timed=True, place="Nhà văn hóa", chair="Trần Văn A", secretary="Lê Thị B",
        present=9, members=9, votes=(9, 0, 0), posting=0,
    )  # fmt: skip


def _checking(one: Try, **changed: object) -> Checking:
    world = one.world
    here: dict[str, object] = {"unit_id": world.unit("commune"), "round_id": world.round_id}
    here |= {"village_id": world.unit("village"), "version": 1}
    return Checking(**here | changed)  # type: ignore[arg-type]


def _checking_form(act: str) -> Callable[[Try], Checking]:
    return lambda one: _checking(one, assessment_id=one.target.id, version=one.target.version, act=act, reason=REASON)


def _letting_in(one: Try) -> LettingIn:
    """Return the talk about the owner of a form, or about somebody in the village who never began one."""
    never_began = next(who for who in one.world.actors if (who.kind, who.place) == ("resident", "village")).person
    person = one.form.person if one.form is not None else never_began
    assert person is not None
    return LettingIn(one.world.unit("village"), "lan", person.id, REASON, one.now.date() + timedelta(days=1))


def _proposing(one: Try) -> Checking:
    up = (one.world.unit("village"),) if one.world.village != "open" else ()
    return _checking(one, village_id=0, up=up, shown_at=one.now)


def _recognising(one: Try) -> Recognising:
    return Recognising(
        one.world.proposal_id, one.now, number="05/QĐ-UBND", dated=date(2026, 11, 2), signer="Trần Văn Bảy"
    )


def _leaving_out(one: Try) -> Recognising:
    return Recognising(
        one.world.proposal_id, one.now, number="05/QĐ-UBND", dated=date(2026, 11, 2), signer="Trần Văn Bảy",
        without=((one.target.id, REASON),),
    )  # fmt: skip


def _registered(act: str) -> Callable[[Try], Registered]:
    return lambda one: Registered("lan", one.target.id, one.target.version, act, REASON)


def _inviting(role: str) -> Callable[[Try], Inviting]:
    return lambda one: Inviting(role=role, unit_id=one.world.unit("village"))


def _taking(one: Try) -> Inviting:
    return Inviting(taking=True, unit_id=one.world.unit("village"), role_id=one.world.role_ids["head", "village"])


def _withdrawing(one: Try) -> Inviting:
    return Inviting(taking=True, unit_id=one.world.unit("village"), invitation=digest_of(TOKEN)[:16])


def _role_of_the_head(one: Try) -> OwnRoleTalk:
    return OwnRoleTalk(one.world.role_ids["head", "village"])


def _draft(one: Try) -> Drafting:
    return Drafting(content=Content("Mời bà con dự họp"), audience=Audience((one.world.unit("village"),)))


def _notice(act: str, state: str) -> Callable[[Try], str]:
    return lambda one: f"c:notice:{act}:{one.world.notice_ids[state]}:0"


def _notice_page(state: str) -> Callable[[Try], Noticing]:
    return lambda one: Noticing(notice_id=one.world.notice_ids[state])


def _acting_on_notice(act: str, state: str) -> Callable[[Try], Iterator[Way]]:
    return either(lasting(_notice(act, state)), answered("notice", _notice_page(state), act))


def _paper(kind: PaperKind, place: str = "village") -> Act:
    """Make the act of asking for a paper: by a button, and by choosing the unit from what lies in the commune."""

    def ways(one: Try) -> Iterator[Way]:
        unit = one.world.unit(place)
        yield Way(HOME, Pressed(f"c:paper:{kind}:{unit}:2026:0"))
        chosen = f"whole:{unit}" if place == "commune" else str(unit)
        yield Way(Frame("unit", Papering(kind, one.world.unit("commune"))), Pressed(f"a:1:{chosen}"))

    return Act("role", ways, (PaperAsked,))


ACTS: Mapping[str, Act] = {
    # papers
    "posted list": _paper("posted"),
    "minutes": _paper("minutes"),
    "list of the village": _paper("list"),
    "village's certificates": _paper("certificates"),
    "commune's posted list": _paper("posted", "commune"),
    "proposal": _paper("proposal", "commune"),
    "decision": _paper("decision", "commune"),
    "yearly report": _paper("year", "commune"),
    "register": _paper("register", "commune"),
    # a form
    "be named or not": Act(
        "own",
        either(
            answered("named", lambda one: AskingForNames(), "named"),
            answered("named", lambda one: AskingForNames(asked_for=True), "not_named"),
        ),
        (Publishing,),
    ),
    "begin": Act("own", answered("home", lambda one: HOME.talk, "begin"), (Begun,)),
    "submit": Act("form", answered("summary", lambda one: Filling(), "submit"), (Acted,), "submit"),
    "take back": Act("form", lasting(lambda one: "c:take_back"), (Acted,), "withdraw"),
    "read": Act("reading", lasting(lambda one: f"c:answers:{one.target.id}"), ()),
    "confirm": Act("form", either(lasting(_button("confirm")), answered("form", _looking, "confirm")), (Acted,)),
    "return": Act("form", answered("return_reason", _deciding, f"typed:{REASON}"), (Acted,)),
    "adjust": Act("form", answered("adjust_reason", _adjusting, f"typed:{REASON}"), (Acted,)),
    "vouch": Act("form", lasting(_vouch("knows"), _vouch("unknown")), (Vouched,)),
    "send back": Act("form", answered("reason_sure", _checking_form("send_back"), "yes"), (Acted,)),
    "let in": Act("form", answered("reason_sure", _checking_form("let_in"), "yes"), (Acted,)),
    "let in by name": Act("form", answered("sure", _letting_in, "yes"), (Acted,), "let_in"),
    "let in who never began": Act("village", answered("sure", _letting_in, "yes"), (LetIn,)),
    "leave out": Act("form", answered("check", _leaving_out, "decide"), (Acted,)),
    "unlock": Act("form", answered("act_sure", _registered("unlock"), "yes"), (Acted,), "unlock"),
    "revoke": Act("form", answered("act_sure", _registered("revoke"), "yes"), (Acted,), "revoke"),
    # many forms
    "confirm all": Act("many", answered("confirm_many", _confirming_many, "sure"), (BatchOrdered,)),
    "undo": Act("undo", lasting(_undo), (BatchUndone,)),
    "undo one": Act("undo", lasting(_undo_one), (BatchUndone,)),
    "propose": Act("many", answered("proposing", _proposing, "propose_now"), (Proposed,)),
    "recognise": Act("many", answered("check", _recognising, "decide"), (Recognised,)),
    # the village
    "close": Act("village", answered("check", _meeting, "close"), (VillageMoved,), "closed"),
    "send village back": Act(
        "village",
        answered("reason_sure", lambda one: _checking(one, act="village_back", reason=REASON), "yes"),
        (VillageMoved,),
        "sent_back",
    ),
    "draw a sample": Act("village", answered("sample", _checking, "typed:1"), (Sampled,)),
    "remind": Act(
        "village",
        answered("list", lambda one: Reviewing(listed="draft", unit=one.world.unit("village")), "remind"),
        (UnfinishedReminded,),
    ),
    # roles
    **{
        f"invite {role}": Act("role", answered("term", _inviting(role), "no_term"), (Invited,))
        for role in ("head", "deputy", "association", "committee", "admin")
    },
    "take a role": Act("role", answered("take_away", _taking, "take_away"), (RoleTaken,)),
    "sign a holder out": Act("role", answered("sign_out", _taking, "yes_sign_out"), (HolderSignedOut,)),
    "withdraw an invitation": Act("role", answered("withdraw", _withdrawing, "withdraw"), (InvitationWithdrawn,)),
    "hand the role over": Act("role", answered("hand_over", _role_of_the_head, "yes_hand_over"), (Invited,)),
    "give the role up": Act("role", answered("give_up", _role_of_the_head, "yes_give_up"), (RoleTaken,)),
    "be away": Act("role", answered("away", _role_of_the_head, "typed:31/12/2027"), (AwaySaid,)),
    "be back": Act("role", answered("act", _role_of_the_head, "back_again"), (AwaySaid,)),
    # notices
    "send a notice": Act("notice", answered("confirm", _draft, "send"), (NoticeSaved,)),
    "approve a notice": Act("notice", _acting_on_notice("approve", "awaiting"), (NoticeActed,)),
    "decline a notice": Act("notice", _acting_on_notice("decline", "awaiting"), (NoticeActed,)),
    "withdraw a notice": Act("notice", _acting_on_notice("withdraw", "scheduled"), (NoticeActed,)),
    "pause a notice": Act("notice", _acting_on_notice("pause", "sending"), (NoticeActed,)),
    "stop a notice": Act("notice", _acting_on_notice("stop", "sending"), (NoticeActed,)),
    "resume a notice": Act("notice", _acting_on_notice("resume", "paused"), (NoticeActed,)),
    "ask for the report": Act("notice", lasting(_notice("report", "sending")), (ReportAsked,)),
}
