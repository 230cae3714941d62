"""How papers are called, and what is said of one that is asked for."""

from collections.abc import Mapping

from flows.conversation.messages import Button
from flows.conversation.questions import Choice, words
from flows.papers.rights import PaperKind
from flows.words.wording import Wording, _, n_

NAMES: Mapping[PaperKind, Wording] = {
    "minutes": _("Minutes of the branch meeting"),
    "list": _("List of those proposed"),
    "posted": _("List to be posted"),
    "form": _("Blank form, to fill in by hand"),
    "poster": _("Poster with the QR code"),
    "proposal": _("Proposal"),
    "decision": _("Decision of recognition"),
    "certificates": _("Certificates to print"),
    "register": _("Register of certificates"),
    "year": _("Report of the year"),
    "filled-form": _("My form"),
    "certificate": _("My certificate"),
}
# What is typed for each of them when it was asked which.
TYPED: Mapping[PaperKind, tuple[str, ...]] = {
    "minutes": words("biên bản; biên bản họp; biên bản họp chi hội; minutes"),
    "list": words("danh sách; danh sách đề nghị; danh sách thôn; danh sách đề nghị công nhận; list"),
    "posted": words(
        "danh sách niêm yết; danh sách để niêm yết; bản niêm yết; niêm yết; danh sách để dán; danh sách dán bảng tin;"
        " danh sách công khai; danh sách công bố; posted list; list to be posted"
    ),
    "form": words("phiếu trống; mẫu phiếu; phiếu để điền tay; mẫu phiếu trống; blank form"),
    "poster": words("mã qr; qr; tờ mã qr; áp phích; tờ giới thiệu; poster; qr code"),
    "proposal": words("tờ trình; proposal"),
    "decision": words("quyết định; quyết định công nhận; decision"),
    "certificates": words("giấy chứng nhận; các giấy chứng nhận; giấy chứng nhận để in; certificates"),
    "register": words("sổ cấp giấy chứng nhận; sổ giấy chứng nhận; sổ; register of certificates"),
    "year": words("báo cáo; báo cáo năm; year report; report"),
    "filled-form": words("phiếu của tôi; phiếu; bản in phiếu; my form"),
    "certificate": words(
        "giấy chứng nhận của tôi; giấy của tôi; chứng nhận của tôi; giấy chứng nhận; chứng nhận; my certificate"
    ),
}
# Said before it wherever one is: the name alone of many a paper is that of the talk in which it comes about.
ASKING = words("in; lấy; xin; tải; cho tôi; cho xin; gửi; gửi tôi; gửi cho tôi; print; get; send me")
# Names that mean nothing but the paper.
ALONE: frozenset[PaperKind] = frozenset({"posted", "form", "poster", "year", "certificates", "certificate"})
CERTIFICATE_LATER = _("There is no certificate yet: it comes once the People's Committee has recognised you.")
# Papers that are changed in Word come as docx, too.
AS_DOCX: frozenset[PaperKind] = frozenset({"minutes", "list", "posted", "proposal", "decision", "register", "year"})


# What is on a paper that is not there yet, and what has to happen first.
NOT_THERE: Mapping[PaperKind, Wording] = {
    "minutes": _("There are no minutes yet: the branch meeting has not been entered."),
    "proposal": _("There is no proposal yet: nothing has been proposed this year."),
    "decision": _("There is no decision yet: nothing has been proposed this year."),
    "certificates": _("There are no certificates yet: nobody has been recognised this year."),
    "certificate": _("There is no certificate: the title does not hold."),
    "filled-form": _("There is no form of yours yet that could be printed: it has not been submitted."),
    "register": _("The register is empty: nobody has been recognised this year."),
    "poster": _("There is no address yet that a code could lead to. Please ask whoever runs the bot."),
}
NOTHING_THERE = _("This paper cannot be made: there is nothing yet that it could say.")
NOT_YOURS = _("This paper is not for your role. The branch, the association or the People's Committee has it.")
NO_LONGER_YOURS = _("A paper you asked for was not made: you no longer have the role for it.")
NUMBER_PROPOSAL = _("✍️ Record its number and date")
TOO_LARGE = _("This paper is too large for a chat. Please ask for that of a village.")
TROUBLE = _("The paper cannot be made just now. It will be tried again, and comes here by itself.")
GIVEN_UP = _("The paper could not be made. Whoever runs the bot has been told; please ask again later.")


def button(kind: PaperKind, unit_id: int, year: int, about: int = 0, label: Wording | None = None) -> Button:
    """Make a button that asks for a paper. It is a claim: whoever presses it must have the right."""
    return Button(label or _("📄 {paper}", paper=NAMES[kind]), f"c:paper:{kind}:{unit_id}:{year}:{about}", lasting=True)


def choice(kind: PaperKind) -> Choice:
    """Make the choice of a paper."""
    return Choice(kind, NAMES[kind], TYPED[kind])


def making(kind: PaperKind) -> Wording:
    """Say that a paper is being made."""
    return _("📄 {paper}: being made. It comes here in a moment.", paper=NAMES[kind])


def many_under_way(count: int, done: int) -> Wording:
    """Say how far many certificates are."""
    if not done:
        return n_("Making {count} certificate …", "Making {count} certificates …", count)
    return _("Making {count} certificates: {done} are done …", count=count, done=done)


def ready(kind: PaperKind, unit: str, year: int) -> Wording:
    """Say what comes with the files."""
    if kind in AS_DOCX:
        return _(
            "📄 {paper}, {unit}, {year}: to print, and to change in Word.", paper=NAMES[kind], unit=unit, year=year
        )
    return _("📄 {paper}, {unit}, {year}.", paper=NAMES[kind], unit=unit, year=year)
