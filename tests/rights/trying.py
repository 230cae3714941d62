"""Trying an act with the real engine on what the real store finds: nothing is written."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any, TypeVar

from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import subjects
from flows.batches.carrying import act_on, take_back
from flows.conversation.engine import Decision
from flows.conversation.facts import FactMissing, Facts, Found, Need
from flows.conversation.session import Session
from flows.domain.assessments import Assessment
from flows.forms.needs import AssessmentWanted
from flows.forms.records import Acted
from flows.notices.needs import AudienceWanted, LedgerWanted
from flows.notices.notice import Ledger, Reached
from flows.subjects import decide
from tests.rights.acts import Act, Try, Way, ordered, undone
from tests.rights.world import PHASES, Actor, World
from tests.sample import CATALOGUES, ZONE

T = TypeVar("T")


@dataclass(slots=True)
class Trier:
    """Tries acts in a world that does not change, so that what was found once is known."""

    connection: AsyncConnection
    world: World
    _found: dict[Need[Any], Found] = field(default_factory=dict)

    async def tried(self, actor: Actor, act: Act, phase: str, form: Assessment | None) -> bool:
        """Tell whether somebody gets an act done, in any of the ways to try it."""
        now = datetime.combine(PHASES[phase], time(9), ZONE)
        one = Try(self.world, actor, now, form)
        return any([await self._tried(one, act, way) for way in act.ways(one)])

    async def _tried(self, one: Try, act: Act, way: Way) -> bool:
        facts = self._facts(one)
        session = Session((way.frame,), asked=1)
        decision = await self._with_facts(facts, lambda known: decide(session, way.reply, known, CATALOGUES))
        done = act.happened(decision, one.form)
        if not done or one.form is None or act.about not in {"many", "undo"}:
            return done
        return await self._carried_out(one, decision)

    async def _carried_out(self, one: Try, decision: Decision) -> bool:
        """Tell whether an order, or undoing one, reaches the form."""
        form, facts = one.target, self._facts(one)
        order = ordered(decision)
        if order is None:
            before = self.world.orders[undone(decision)]
            back = await self._with_facts(facts, lambda known: take_back(known, before, form, form.version - 1))
            return isinstance(back, Acted)
        among = form.round_id in order.rounds and self.world.shared.reference.units.is_in(order.units, form.unit_id)
        if not among or form.id in order.without or (order.passed_only and form.state == "draft"):
            return False
        acted = await self._with_facts(facts, lambda known: act_on(known, order, form, form.version))
        return isinstance(acted, Acted)

    def _facts(self, one: Try) -> Facts:
        roles = tuple(role for role in one.actor.roles if role.in_force(one.now.date()))
        return Facts(
            one.now, one.actor.chat, self.world.shared.reference, one.actor.person, roles, one.actor.own,
            token="a-fresh-token-of-24-chars",
        )  # fmt: skip

    async def _with_facts(self, facts: Facts, decided: Callable[[Facts], T]) -> T:
        while True:
            try:
                return decided(facts)
            except FactMissing as missing:
                for need in missing.needs:
                    if need not in self._found:
                        self._found[need] = await self._look_up(need)
                    facts = replace(facts, found=facts.found | self._found[need])

    async def _look_up(self, need: Need[Any]) -> Found:
        found = Found()
        match need:
            case AudienceWanted():
                found.put(need, Reached({"telegram": 3}))
            case LedgerWanted():
                found.put(need, Ledger())
            case _:
                return await subjects.look_up(self.connection, [need], self.world.shared)
        return found


def as_owner(actor: Actor, form: Assessment) -> Actor:
    """Return whoever a form is of, with somebody's role."""
    return Actor(actor.kind, actor.place, form.person, actor.chat, actor.roles, (form,))


__all__ = ["AssessmentWanted", "Trier", "as_owner"]
