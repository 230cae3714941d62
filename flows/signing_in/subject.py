"""Web pages for officials, in one value."""

from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from typing import get_args

from flows.conversation.events import Event, Sent
from flows.conversation.facts import Facts
from flows.conversation.messages import Button, Message
from flows.conversation.questions import Choice, words
from flows.conversation.session import Session, Talk
from flows.conversation.subject import Command, Subject
from flows.domain.people import RoleKind
from flows.signing_in import records
from flows.signing_in.records import LinkGiven, SignedOut
from flows.words.refusals import Refused
from flows.words.wording import _, lines

LINK_LASTS = timedelta(minutes=10)
PAGES_LAST = timedelta(hours=12)
ORDER = Choice(
    "web",
    _("web page"),
    words("""
        trang web; mở trang web; vào trang web; xem trang web; đăng nhập; đăng nhập web; đăng nhập trang web; bảng điều
        khiển; web page; web pages; sign in; log in; login; dashboard
    """),
)
OUT_ORDER = Choice(
    "signout",
    _("sign out"),
    words("""
        đăng xuất; đăng xuất hết; đăng xuất mọi nơi; đăng xuất tất cả; đăng xuất trang web; đăng xuất web; thoát trang
        web; sign out; sign out everywhere; log out; logout
    """),
)
SIGN_OUT = "signout"


def digest_of(token: str) -> str:
    """Return what is kept of a token: whoever reads the database cannot use it."""
    return sha256(token.encode()).hexdigest()


def _give_link(facts: Facts, session: Session[Talk], argument: str) -> Iterator[Event]:
    """Give a link to whoever holds a role. Its token is shown this once."""
    if not facts.roles:
        raise Refused(_("You hold no role here."))
    if facts.reference.links.sign_in is None:
        raise Refused(_("There are no web pages here."))
    yield LinkGiven(digest_of(facts.token), facts.now + LINK_LASTS)
    said = lines(
        _("The link opens the web page for you: once, within {minutes} minutes.", minutes=LINK_LASTS.seconds // 60),
        _("Do not pass it on: whoever opens it acts in your name."),
        facts.reference.links.sign_in.format(code=facts.token),
        _("The page closes itself after {hours} hours.", hours=PAGES_LAST.seconds // 3600),
    )
    yield Sent(Message(said, ((_sign_out_button(),),)))


def _sign_out(facts: Facts, *_rest: object) -> Iterator[Event]:
    if facts.person is None:
        raise Refused(_("You hold no role here."))
    yield SignedOut()
    yield Sent(Message(_("Signed out of the web page on every device. Links that were not used no longer work.")))


def _sign_out_button() -> Button:
    return Button(_("Sign out everywhere"), f"c:{SIGN_OUT}", lasting=True)


SUBJECT = Subject(
    "signing_in",
    records=get_args(records.AnyRecord),
    after=records.after,
    commands=(
        Command("web", _("Web page: sign in"), _give_link, ORDER, 19, {"vi": "trangweb"}, get_args(RoleKind)),
        Command("signout", _("Web page: sign out"), _sign_out, OUT_ORDER, 20, {"vi": "dangxuat"}, get_args(RoleKind)),
    ),
    buttons={SIGN_OUT: _sign_out},
)
