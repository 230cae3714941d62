"""Who may do what, on what and when: the table that a person reads against DESIGN.md. What no row allows is refused.

- “over the village”: the role is held in the village itself, in its commune or in the province. “over the commune”: in
  the commune or the province. A role beside the village, below it or elsewhere allows nothing in it.
- A form is somebody else's, except in rows of its owner. “given back”: sent back or let in by the association, though
  the village is closed.
- “head away”: every branch head has said to be away. Without that, heads are there.
- From the self-assessment on: whoever is late is told the date, and what is done is noted all the same. Before it there
  are no forms, so that only roles and notices are asked about.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.rights.world import FORMS, PHASES

TABLE = """
act                    | who may                                | on a form that is          | the village is         | phase
-- one's own form
begin                  | resident of village, of beside         | -                          | any                    | self-assessment, next year
submit                 | owner                                  | draft, returned            | any                    | self-assessment
be named or not        | resident of village, of beside         | -                          | any                    | any
take back              | owner                                  | submitted, given back      | any                    | self-assessment
-- papers of the village, and of its commune
posted list            | head, deputy, admin over the village   | -                          | any                    | any
posted list            | association over the village           | -                          | any                    | any
posted list            | committee over the village             | -                          | any                    | any
minutes                | head, deputy, admin over the village   | -                          | any                    | any
minutes                | association over the village           | -                          | any                    | any
list of the village    | as minutes
village's certificates | association, admin over the village    | -                          | any                    | any
village's certificates | committee over the village             | -                          | any                    | any
commune's posted list  | head, deputy, admin over the commune   | -                          | any                    | any
commune's posted list  | association over the commune           | -                          | any                    | any
commune's posted list  | committee over the commune             | -                          | any                    | any
proposal               | association, admin over the commune    | -                          | any                    | any
proposal               | committee over the commune             | -                          | any                    | any
decision               | as proposal
yearly report          | as proposal
register               | committee, admin over the commune      | -                          | any                    | any
-- the branch
read                   | head, deputy over the village          | all but draft              | any                    | any
confirm                | head over the village                  | submitted                  | open                   | any
confirm                | head over the village                  | given back                 | any                    | any
confirm                | deputy over the village, head away     | submitted                  | open                   | any
confirm                | deputy over the village, head away     | given back                 | any                    | any
return, adjust, vouch  | as confirm
confirm all            | as confirm                             |                            |                        | all but next year
undo                   | head, deputy over the village          | confirmed                  | open                   | any
undo one               | head, deputy over the village          | confirmed, returned        | open                   | any
close                  | head over the village                  | -                          | open                   | any
close                  | deputy over the village, head away     | -                          | open                   | any
remind                 | head, deputy over the village          | -                          | any                    | all but next year
-- letting in late, until a day: the branch while its village is open, the association always
let in by name         | association over the village           | draft, returned            | any                    | once the days are over
let in by name         | head over the village                  | draft, returned            | open                   | once the days are over
let in by name         | deputy over the village, head away     | draft, returned            | open                   | once the days are over
let in who never began | association over the village           | -                          | any                    | once the days are over
let in who never began | head over the village                  | -                          | open                   | once the days are over
let in who never began | deputy over the village, head away     | -                          | open                   | once the days are over
-- the association
draw a sample          | association over the commune           | -                          | any                    | any
send village back      | association over the commune           | -                          | closed                 | any
send back              | association over the commune           | confirmed                  | any                    | any
let in                 | association over the commune           | submitted, draft, returned | closed, proposed       | any
let in                 | association over the commune           | draft, returned            | open                   | all but self-assessment
propose                | association over the commune           | confirmed                  | closed, proposed       | once it is posted no more
-- the committee
leave out, recognise   | committee over the commune             | checked                    | any                    | any
unlock, revoke         | committee over the village             | recognised                 | any                    | any
-- roles
invite head            | admin over the village                 | -                          | any                    | any
invite deputy          | as invite head
invite association     | as invite head
invite committee       | as invite head
invite admin           | as invite head
take a role            | as invite head
sign a holder out      | as invite head
withdraw an invitation | as invite head
hand the role over     | head of village                        | -                          | any                    | any
give the role up       | as hand the role over
be away                | as hand the role over
be back                | head of village, head away             | -                          | any                    | any
-- notices to the village; one that waits for approval was written by the administrator of the commune
send a notice          | as invite head
withdraw a notice      | as invite head
pause a notice         | as invite head
stop a notice          | as invite head
resume a notice        | as invite head
ask for the report     | as invite head
approve a notice       | admin of village, of province          | -                          | any                    | any
decline a notice       | as approve a notice
"""  # noqa: E501

_VILLAGES = frozenset({"open", "closed", "proposed"})
_ALL_FORMS = frozenset(FORMS["proposed"])
_OVER = {"village": ("village", "commune", "province"), "commune": ("commune", "province")}
_OWNER = "owner"


@dataclass(frozen=True, slots=True)
class Row:
    """What is allowed: to whom (role and place), whether only while heads are away, and where."""

    who: frozenset[tuple[str, str]]
    only_away: bool
    forms: frozenset[str]
    villages: frozenset[str]
    phases: frozenset[str]

    @property
    def of_owner(self) -> bool:
        """Tell whether it is about one's own form."""
        return (_OWNER, "") in self.who


def rows() -> Mapping[str, list[Row]]:
    """Read the table: the rows of each act."""
    found: dict[str, list[Row]] = {}
    for line in TABLE.strip().splitlines()[1:]:
        if line.startswith("--"):
            continue
        cells = [cell.strip() for cell in line.split("|")]
        for act in map(str.strip, cells[0].split(",")):
            found.setdefault(act, []).extend(_rows(cells[1:], found))
    return found


def _rows(cells: list[str], before: Mapping[str, list[Row]]) -> list[Row]:
    if not cells[0].startswith("as "):
        return [_row(*cells)]
    alike = before[cells[0].removeprefix("as ")]
    if len(cells) == 1:
        return alike
    return [Row(one.who, one.only_away, one.forms, one.villages, _phases(cells[3])) for one in alike]


def _row(who: str, forms: str, villages: str, phases: str) -> Row:
    named = who.removesuffix(", head away")
    return Row(
        _who(named), named != who, _forms(forms), _VILLAGES if villages == "any" else _split(villages), _phases(phases)
    )


def _who(named: str) -> frozenset[tuple[str, str]]:
    if named == _OWNER:
        return frozenset({(_OWNER, "")})
    kinds, over, level = named.partition(" over the ")
    if over:
        return frozenset((kind, place) for kind in _split(kinds) for place in _OVER[level])
    kind, _of, places = named.partition(" of ")
    return frozenset((kind, place.removeprefix("of ")) for place in _split(places))


def _forms(said: str) -> frozenset[str]:
    if said.startswith("all but "):
        return _ALL_FORMS - _split(said.removeprefix("all but "))
    return frozenset({""}) if said == "-" else _split(said)


def _phases(said: str) -> frozenset[str]:
    if said == "any":
        return frozenset(PHASES)
    if said.startswith("all but "):
        return frozenset(PHASES) - _split(said.removeprefix("all but "))
    if said == "once the days are over":
        return frozenset({"branch", "posting", "commune", "decision"})
    if said == "once it is posted no more":
        return frozenset({"commune", "decision", "report", "after", "next year"})
    return _split(said)


def _split(said: str) -> frozenset[str]:
    return frozenset(part.strip() for part in said.split(","))
