"""`hoctap admin`: what is set up before anybody can do it in chat."""

from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

import typer

from bot.commands import running

if TYPE_CHECKING:
    from bot.settings import Settings

app = typer.Typer(no_args_is_help=True)
DAY = ["%Y-%m-%d", "%d/%m/%Y"]


class RoleName(StrEnum):
    """The roles one can be invited to."""

    head = "head"
    deputy = "deputy"
    association = "association"
    committee = "committee"
    admin = "admin"


@app.command("round")
def open_round(
    year: int = typer.Option(..., help="The year of the round."),
    unit: str = typer.Option(..., help="Code of the unit it holds for, with all below it."),
    opens: datetime = typer.Option(..., formats=DAY, help="First day."),
    closes: datetime = typer.Option(..., formats=DAY, help="Last day."),
    name: str = typer.Option("", help="Its name; by default “Đợt đánh giá YEAR”."),
    registration: datetime | None = typer.Option(
        None, formats=DAY, help="First day of registration; usually 1 January."
    ),
    branch: datetime | None = typer.Option(None, formats=DAY, help="Last day of the branch meetings."),
    commune: datetime | None = typer.Option(None, formats=DAY, help="Last day of the commune's check."),
    decision: datetime | None = typer.Option(None, formats=DAY, help="Last day of the decision."),
    report: datetime | None = typer.Option(None, formats=DAY, help="The report is due before it; usually 1 December."),
    return_days: int | None = typer.Option(None, help="How long a returned form is open; usually 7."),
    posting_days: int | None = typer.Option(None, help="How long a village's list is posted: 0 to 10, usually 5."),
    criteria: list[str] = typer.Option([], help="GROUP=SET-ID, to use another criteria set for a group."),
) -> None:
    """Open a round, or change the days of the one this unit has in this year."""
    settings = running.settings()
    days = {
        "registration": registration,
        "branch": branch,
        "commune": commune,
        "decision": decision,
        "report": report,
    }
    phases: dict[str, date | int] = {name: day.date() for name, day in days.items() if day is not None}
    if return_days is not None:
        phases["return_days"] = return_days
    if posting_days is not None:
        phases["posting_days"] = posting_days

    async def work() -> None:
        from bot.application import now
        from bot.services import rounds

        async with running.database(settings) as database:
            round_id = await rounds.open_round(
                database,
                year=year,
                name=name or f"Đợt đánh giá {year}",
                unit_code=unit,
                opens=opens.date(),
                closes=closes.date(),
                sets=rounds.read_sets(criteria),
                phases=phases,
                now=now(),
            )
        typer.echo(f"Round {round_id} holds from {opens.date()} to {closes.date()}.")
        all_phases = rounds.planned(year, opens.date(), closes.date(), phases)
        typer.echo(
            f"Registration from {all_phases.registration}; branches until {all_phases.branch}, commune until"
            f" {all_phases.commune}, decision until {all_phases.decision}; report before {all_phases.report}."
        )
        typer.echo(
            f"Returned forms may be corrected for {all_phases.return_days} days; lists are posted for"
            f" {all_phases.posting_days}."
        )

    from bot.services.rounds import RoundRefused

    running.run(work, RoundRefused)


@app.command("roles")
def list_roles(
    unit: str = typer.Option(..., help="Code of the unit; all below it are looked at too."),
) -> None:
    """List who holds a role in a unit, with the number to take it away by."""
    settings = running.settings()

    async def work() -> None:
        from bot.services.roles import held_in

        async with running.database(settings) as database:
            for one in await held_in(database, unit):
                typer.echo(f"{one.id}\t{one.role}\t{one.unit_code}\t{one.name}")

    from bot.services.roles import RoleRefused

    running.run(work, RoleRefused)


@app.command("take-role")
def take_role(
    number: int = typer.Option(..., help="The number of the role, from: hoctap admin roles."),
    even_last: bool = typer.Option(False, "--even-last", help="Also from the last administrator over a unit."),
) -> None:
    """Take a role away from somebody: from their next message on they have no more of its rights."""
    settings = running.settings()

    async def work() -> None:
        from bot.application import now
        from bot.services.roles import take_away

        async with running.database(settings) as database:
            one = await take_away(database, number, now(), even_last=even_last)
        typer.echo(f"{one.name} is no longer {one.role} of {one.unit_code}.")

    from bot.services.roles import RoleRefused

    running.run(work, RoleRefused)


@app.command("sign-out")
def sign_out(
    number: int = typer.Option(..., help="The number of their role, from: hoctap admin roles."),
) -> None:
    """Sign somebody out of all their chats and web pages: a lost or stolen phone reads and decides nothing any more."""
    settings = running.settings()

    async def work() -> None:
        from bot.application import now
        from bot.services.roles import sign_out as cut_off

        async with running.database(settings) as database:
            done = await cut_off(database, number, now())
            addresses = await running.addresses(database, settings, done.role.unit_code, done.code)
        typer.echo(f"{done.role.name} is signed out everywhere; chats: {done.chats}. To let them in again:")
        _echo_invitation(done.code, done.expires, addresses, settings)

    from bot.services.roles import RoleRefused

    running.run(work, RoleRefused)


@app.command()
def invite(
    role: RoleName = typer.Option(..., help="The role to give."),
    unit: str = typer.Option(..., help="Code of the unit it is given for."),
) -> None:
    """Make an invitation: a link that works once, shown only now."""
    settings = running.settings()

    async def work() -> None:
        from bot.application import now
        from bot.services.invitations import invite as make

        async with running.database(settings) as database:
            code, expires = await make(database, role.value, unit, now())
            addresses = await running.addresses(database, settings, unit, code)
        _echo_invitation(code, expires, addresses, settings)

    from bot.services.invitations import InvitationRefused

    running.run(work, InvitationRefused)


def _echo_invitation(code: str, expires: datetime, addresses: list[str], settings: "Settings") -> None:
    typer.echo(f"It works once, until {expires.astimezone(settings.zone):%d/%m/%Y %H:%M}. Hand over one of these:")
    for link in addresses:
        typer.echo(f"  {link}")
    typer.echo(f"  or type to the bot:  /start {code}")
