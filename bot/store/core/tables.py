"""The tables. Times are UTC; bodies are JSON as msgspec writes it; ids are given by the database."""

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite gives row ids only to INTEGER keys; PostgreSQL wants them wide.
Key = BigInteger().with_variant(Integer(), "sqlite")


class Moment(TypeDecorator[datetime]):
    """A point in time, kept as UTC on databases that know no time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Bring a time into UTC."""
        return value.astimezone(UTC) if value is not None else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give a stored time its zone back."""
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


def _id() -> Column[int]:
    return Column("id", Key, primary_key=True, autoincrement=True)


units = Table(
    "units",
    metadata,
    _id(),
    Column("code", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("parent_id", ForeignKey("units.id")),
    Column("aliases", LargeBinary, nullable=False),
    Column("valid_from", Date),
    Column("valid_to", Date),
    Column("successor_id", ForeignKey("units.id")),
    # A unit's number, and the last number below it. A unit without numbers is in nobody's scope.
    Column("first", Integer, index=True),
    Column("last", Integer),
    # The version of the reference in which it was changed last.
    Column("changed_in", Integer, nullable=False, server_default="0", index=True),
)

_is_helped = text("helper_id IS NOT NULL")
_lives_with_others = text("household_id IS NOT NULL")
_is_recorded = text("recorded_by IS NOT NULL")

people = Table(
    "people",
    metadata,
    _id(),
    Column("name", Text, nullable=False),
    Column("birth_year", SmallInteger),
    Column("unit_id", ForeignKey("units.id")),
    Column("group", Text),
    Column("representative", Text),
    # Who fills in for them and has recorded their consent, and what that one was called then: nothing once that one was
    # erased, for the mark stays. Neither where somebody fills in for themselves.
    Column("helper_id", Key),
    Column("helper", Text),
    # Whether they may be named on lists that are posted; nothing until they have said.
    Column("publishes", Boolean),
    # Who lives together has the same; nothing until somebody has said.
    Column("household_id", Key),
    Column("created_at", Moment, nullable=False),
    Index("ix_people_helper_id", "helper_id", sqlite_where=_is_helped, postgresql_where=_is_helped),
    Index(
        "ix_people_household_id",
        "household_id",
        sqlite_where=_lives_with_others,
        postgresql_where=_lives_with_others,
    ),
)

# A chat of one channel and bot; its session; who is spoken for there now.
conversations = Table(
    "conversations",
    metadata,
    _id(),
    Column("channel", Text, nullable=False),
    Column("bot", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("person_id", ForeignKey("people.id"), index=True),
    Column("language", Text),
    Column("consented", Boolean),
    Column("session", LargeBinary),
    Column("blocked_at", Moment),
    # Whether one of its people has other chats, too. Of all others nothing more is read in a turn.
    Column("joined", Boolean, nullable=False, server_default=text("false")),
    # When somebody last did something here: for so long some channels take messages for them.
    Column("heard_at", Moment),
    # When whoever spoke here was erased, until the address is forgotten, too.
    Column("erased_at", Moment),
    UniqueConstraint("channel", "bot", "address"),
    Index(
        "ix_conversations_erased_at", "erased_at",
        sqlite_where=text("erased_at IS NOT NULL"), postgresql_where=text("erased_at IS NOT NULL"),
    ),
)  # fmt: skip

# A person is not a chat. Of a phone that several share, all of them are here, in the order in which they came, each
# with the session they go on with when they are spoken for again; `conversations.person_id` is who is spoken for now. A
# chat of one person has no rows. Who joins a chat of another channel to somebody sets its `person_id` where it is
# nobody's, or else adds them here: `phones.chats_of` finds a person's chats whichever way they are kept.
conversation_people = Table(
    "conversation_people",
    metadata,
    Column("conversation_id", ForeignKey("conversations.id"), primary_key=True),
    Column("person_id", ForeignKey("people.id"), primary_key=True, index=True),
    Column("place", SmallInteger, nullable=False),
    Column("session", LargeBinary),
    sqlite_with_rowid=False,
)

# Who has several chats: the one they used last, how far they had come there, and where letters go if they chose it. Who
# has one chat has no row.
joined_people = Table(
    "joined_people",
    metadata,
    Column("person_id", ForeignKey("people.id"), primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False),
    Column("session", LargeBinary),
    Column("letters_to", Key),
)

# Their chats: since when each of them is theirs, and when they last wrote there.
joined_chats = Table(
    "joined_chats",
    metadata,
    Column("conversation_id", ForeignKey("conversations.id"), primary_key=True),
    Column("person_id", ForeignKey("people.id"), primary_key=True, index=True),
    Column("since", Moment, nullable=False),
    Column("used_at", Moment, nullable=False),
    sqlite_with_rowid=False,
)

consents = Table(
    "consents",
    metadata,
    _id(),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False, index=True),
    # Whose it was on a phone that several share; of a chat of one person it may be empty.
    Column("person_id", Key, index=True),
    # To what: to data being kept (“keeping”), or to being named on posted lists (“publishing”).
    Column("about", Text, nullable=False, server_default=text("'keeping'")),
    Column("text_version", Text, nullable=False),
    Column("given", Boolean, nullable=False),
    # Who agreed for a child.
    Column("given_by", Text),
    # Where somebody else recorded it: how and when it was given, who witnessed it, and who recorded it.
    Column("how", Text),
    Column("given_on", Date),
    Column("witness", Text),
    Column("recorded_by", Key),
    Column("at", Moment, nullable=False),
    # When everything was deleted. What was agreed to and until when must be shown; whose it was is forgotten.
    Column("withdrawn_at", Moment),
    Index("ix_consents_recorded_by", "recorded_by", sqlite_where=_is_recorded, postgresql_where=_is_recorded),
)

roles = Table(
    "roles",
    metadata,
    _id(),
    Column("person_id", ForeignKey("people.id"), nullable=False),
    Column("role", Text, nullable=False),
    Column("unit_id", ForeignKey("units.id"), nullable=False, index=True),
    Column("since", Moment, nullable=False),
    # The last day of the term, and the last day on which a deputy acts instead.
    Column("until", Date),
    Column("away_until", Date),
    UniqueConstraint("person_id", "role", "unit_id"),
)

invitations = Table(
    "invitations",
    metadata,
    _id(),
    Column("digest", Text, nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("unit_id", ForeignKey("units.id"), nullable=False),
    Column("invited_by", Key),
    Column("expires", Moment, nullable=False),
    Column("used_at", Moment),
    # The last day of the role that is given, and the role that it takes the place of.
    Column("until", Date),
    Column("replaces", Key),
)

# Every version of every set that was ever in force: forms stay pinned to theirs.
criteria_sets = Table(
    "criteria_sets",
    metadata,
    _id(),
    Column("set_id", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("pin", Text, nullable=False, unique=True),
    Column("body", LargeBinary, nullable=False),
    Column("imported_at", Moment, nullable=False),
    UniqueConstraint("set_id", "version"),
)

rounds = Table(
    "rounds",
    metadata,
    _id(),
    Column("year", SmallInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("unit_id", ForeignKey("units.id"), nullable=False),
    Column("opens", Date, nullable=False),
    Column("closes", Date, nullable=False),
    # The other phases; what is not set is as usual for these days.
    Column("registration", Date),
    Column("branch", Date),
    Column("commune", Date),
    Column("decision", Date),
    Column("report", Date),
    Column("return_days", SmallInteger),
    Column("posting_days", SmallInteger),
    Column("sets", LargeBinary, nullable=False),
    UniqueConstraint("year", "unit_id"),
)

# Statements must say this in the same words: only then does a database use the index of what may be reminded of.
UNFINISHED_FORMS = "assessments.state IN ('draft', 'returned')"
_is_returned = text("state = 'returned'")
_is_unfinished = text(UNFINISHED_FORMS.replace("assessments.", ""))

assessments = Table(
    "assessments",
    metadata,
    _id(),
    Column("person_id", ForeignKey("people.id"), nullable=False),
    Column("round_id", ForeignKey("rounds.id"), nullable=False),
    Column("unit_id", ForeignKey("units.id"), nullable=False),
    Column("pin", ForeignKey("criteria_sets.pin"), nullable=False),
    Column("state", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("total", SmallInteger, nullable=False),
    Column("passed", Boolean, nullable=False),
    Column("reason", Text, nullable=False, server_default=text("''")),
    Column("begun_at", Moment, nullable=False),
    Column("submitted_at", Moment),
    Column("touched_at", Moment, nullable=False),
    # The last day for correcting a form that was returned.
    Column("open_until", Date),
    # The proposal it is on, once the association has checked it.
    Column("proposal_id", Key, index=True),
    # How many reminders went out since it was touched.
    Column("reminded", SmallInteger, nullable=False, server_default=text("0")),
    UniqueConstraint("person_id", "round_id"),
    Index("ix_assessments_unit_id_state", "unit_id", "state"),
    Index("ix_assessments_open_until", "open_until", sqlite_where=_is_returned, postgresql_where=_is_returned),
    Index(
        "ix_assessments_unfinished",
        "round_id",
        "reminded",
        "touched_at",
        sqlite_where=_is_unfinished,
        postgresql_where=_is_unfinished,
    ),
)

answers = Table(
    "answers",
    metadata,
    Column("assessment_id", ForeignKey("assessments.id"), primary_key=True),
    Column("indicator_id", Text, primary_key=True),
    Column("level_id", Text, nullable=False),
    Column("points", SmallInteger, nullable=False),
    Column("adjusted_from", Text),
    Column("at", Moment, nullable=False),
    sqlite_with_rowid=False,
)

evidence = Table(
    "evidence",
    metadata,
    _id(),
    Column("assessment_id", ForeignKey("assessments.id"), nullable=False, index=True),
    Column("indicator_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("source", Text, nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False),
    Column("at", Moment, nullable=False),
    Column("attempts", SmallInteger, nullable=False, server_default=text("0")),
    # What the branch says of something that it is to vouch for; empty until it was asked.
    Column("known", Boolean),
)

# Every act, in one chain: each hash covers the row and the hash before it. Rows are added and never changed, except
# that what names somebody is blanked when they are erased: it is covered by a salted digest of its own, which stays.
trail = Table(
    "trail",
    metadata,
    Column("number", Key, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("act", Text, nullable=False),
    # As whom one acted: in a role, as a resident, or at the command line.
    Column("role", Text, nullable=False),
    # What kind of thing it is about, where that is, and which version of it was seen.
    Column("about", Text, nullable=False),
    Column("unit_id", Key),
    Column("version", Integer, nullable=False),
    # Who acted.
    Column("actor_id", ForeignKey("people.id"), index=True),
    Column("actor_salt", Text),
    Column("actor_digest", Text),
    # Which thing it is about, whose that is, and what was said of it.
    Column("about_id", Key),
    Column("owner_id", ForeignKey("people.id"), index=True),
    Column("reason", Text, nullable=False),
    Column("details", Text, nullable=False),
    Column("salt", Text),
    Column("digest", Text),
    Column("hash", Text, nullable=False),
    Index("ix_trail_about", "about", "about_id"),
)

# One row: the last entry of the trail. Who adds entries holds it, as the last thing of a transaction.
trail_head = Table(
    "trail_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("number", Key, nullable=False),
    Column("hash", Text, nullable=False),
)

# What was ordered to be done with many forms at once, and how far it is.
# Statements must say this in the same words: only then does a database use the index of what is under way.
OPEN_BATCHES = "batches.stage <> 'ended'"
_is_under_way = text(OPEN_BATCHES.replace("batches.", ""))

batches = Table(
    "batches",
    metadata,
    _id(),
    Column("person_id", ForeignKey("people.id"), index=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False),
    Column("ordered", LargeBinary, nullable=False),
    Column("stage", Text, nullable=False),
    Column("ordered_at", Moment, nullable=False),
    # When all its forms had been decided on.
    Column("done_at", Moment),
    Index("ix_batches_under_way", "id", sqlite_where=_is_under_way, postgresql_where=_is_under_way),
)

# The forms of a batch, each with the version as which it was chosen and what became of it.
batch_items = Table(
    "batch_items",
    metadata,
    Column("batch_id", ForeignKey("batches.id"), primary_key=True),
    Column("assessment_id", ForeignKey("assessments.id"), primary_key=True, index=True),
    Column("version", Integer, nullable=False),
    Column("outcome", Text, nullable=False),
    Index("ix_batch_items_outcome", "batch_id", "outcome", "assessment_id"),
    sqlite_with_rowid=False,
)

# A form as it was shown to whoever decides, whenever what stands on it changed: said where a decision is refused.
seen_forms = Table(
    "seen_forms",
    metadata,
    Column("assessment_id", ForeignKey("assessments.id"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("content", LargeBinary, nullable=False),
    Column("at", Moment, nullable=False, index=True),
    sqlite_with_rowid=False,
)

# How many forms there are, per village and round; changes in the transaction of the turn that changes it. Forms of the
# erased that were decided are counted as “erased”.
tallies = Table(
    "tallies",
    metadata,
    Column("unit_id", ForeignKey("units.id"), primary_key=True),
    Column("round_id", ForeignKey("rounds.id"), primary_key=True),
    Column("group", Text, primary_key=True),
    Column("state", Text, primary_key=True),
    Column("passed", Boolean, primary_key=True),
    Column("count", Integer, nullable=False),
)

# A village whose branch has met: closed, or sent back by the association with a reason. `meeting` has its minutes.
closings = Table(
    "closings",
    metadata,
    Column("unit_id", ForeignKey("units.id"), primary_key=True),
    Column("round_id", ForeignKey("rounds.id"), primary_key=True),
    Column("state", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("meeting", LargeBinary, nullable=False),
    Column("posted_until", Date),
    Column("person_id", ForeignKey("people.id")),
    Column("reason", Text, nullable=False),
    Column("at", Moment, nullable=False),
)

# What an association proposes to the committee of its commune. Number and date are blank until they are recorded.
proposals = Table(
    "proposals",
    metadata,
    _id(),
    Column("unit_id", ForeignKey("units.id"), nullable=False),
    Column("round_id", ForeignKey("rounds.id"), nullable=False),
    Column("state", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("dated", Date),
    Column("person_id", ForeignKey("people.id")),
    Column("at", Moment, nullable=False),
    Index("ix_proposals_unit_id_round_id", "unit_id", "round_id"),
)

# Forms that were drawn at random for a closer look: which ones follows from the seed and from what there was.
samples = Table(
    "samples",
    metadata,
    _id(),
    Column("unit_id", ForeignKey("units.id"), nullable=False),
    Column("round_id", ForeignKey("rounds.id"), nullable=False),
    Column("seed", Text, nullable=False),
    Column("drawn_from", Integer, nullable=False),
    Column("forms", LargeBinary, nullable=False),
    Column("person_id", ForeignKey("people.id")),
    Column("at", Moment, nullable=False),
    Index("ix_samples_unit_id_round_id", "unit_id", "round_id"),
)

# The committee's decisions: each is final by its number and date.
recognitions = Table(
    "recognitions",
    metadata,
    _id(),
    Column("proposal_id", ForeignKey("proposals.id"), nullable=False, index=True),
    Column("unit_id", ForeignKey("units.id"), nullable=False),
    Column("round_id", ForeignKey("rounds.id"), nullable=False),
    Column("number", Text, nullable=False),
    Column("dated", Date, nullable=False),
    Column("signer", Text, nullable=False),
    Column("person_id", ForeignKey("people.id")),
    Column("at", Moment, nullable=False),
    UniqueConstraint("unit_id", "number", "dated"),
)

# The register: who was recognised, with name and village as they were then. `code` opens the certificate's page.
titles = Table(
    "titles",
    metadata,
    _id(),
    Column("assessment_id", ForeignKey("assessments.id"), index=True),
    Column("recognition_id", ForeignKey("recognitions.id"), nullable=False),
    Column("unit_id", ForeignKey("units.id"), nullable=False),
    Column("year", SmallInteger, nullable=False),
    Column("number", Integer, nullable=False),
    Column("code", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("village_id", ForeignKey("units.id"), nullable=False),
    Column("title", Text, nullable=False),
    Column("revoked_at", Moment),
    Column("reason", Text, nullable=False),
    UniqueConstraint("unit_id", "year", "number"),
)

inbox = Table(
    "inbox",
    metadata,
    _id(),
    Column("channel", Text, nullable=False),
    Column("bot", Text, nullable=False),
    Column("update_id", Text, nullable=False),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False),
    Column("body", LargeBinary),
    Column("callback", Text),
    Column("received_at", Moment, nullable=False),
    Column("done_at", Moment),
    Column("failed", Boolean, nullable=False, server_default=text("false")),
    UniqueConstraint("channel", "bot", "update_id"),
    Index(
        "ix_inbox_waiting",
        "conversation_id",
        "id",
        sqlite_where=text("done_at IS NULL"),
        postgresql_where=text("done_at IS NULL"),
    ),
)

# One row a person: where notices reach them, and what their recipients are chosen by. Made anew in the transaction of
# whatever changes it, so that counting a province's people reads one index.
contacts = Table(
    "contacts",
    metadata,
    Column("person_id", ForeignKey("people.id"), primary_key=True),
    Column("unit_id", Key),
    Column("group", Text, nullable=False),
    Column("birth_year", SmallInteger),
    Column("conversation_id", Key),
    Column("channel", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("reach", Text, nullable=False),
    Column("round_id", Key),
    Column("form_state", Text, nullable=False),
    Index(
        "ix_contacts_audience",
        "unit_id", "reach", "channel", "group", "birth_year", "language", "form_state", "round_id", "person_id",
    ),
)  # fmt: skip

# Links that sign somebody in to web pages once, and what is open since. Of their tokens only digests are kept.
sign_ins = Table(
    "sign_ins",
    metadata,
    _id(),
    Column("digest", Text, nullable=False, unique=True),
    Column("person_id", ForeignKey("people.id"), nullable=False, index=True),
    # Where the link was given, and where it is told that it was used.
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False),
    Column("given_at", Moment, nullable=False),
    Column("link_ends", Moment, nullable=False),
    Column("opened_at", Moment),
    Column("cookie", Text, unique=True),
    Column("ends", Moment),
)

# What somebody has turned off for themselves; consent is another matter.
mutes = Table(
    "mutes",
    metadata,
    Column("person_id", ForeignKey("people.id"), primary_key=True),
    Column("kind", Text, primary_key=True),
    sqlite_with_rowid=False,
)

notices = Table(
    "notices",
    metadata,
    _id(),
    Column("author_id", ForeignKey("people.id")),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("audience", LargeBinary, nullable=False),
    Column("state", Text, nullable=False, index=True),
    Column("version", Integer, nullable=False, server_default=text("0")),
    Column("send_at", Moment),
    Column("repeat", Text, nullable=False, server_default=text("''")),
    Column("created_at", Moment, nullable=False),
    Column("started_at", Moment),
    Column("ended_at", Moment),
    # How far the ledger is written: the last person of it.
    Column("gathered_to", Key, nullable=False, server_default=text("0")),
    Column("recipients", Integer, nullable=False, server_default=text("0")),
    # What a channel said that does not take what the notice says.
    Column("refusal", Text),
    # The first of those that it repeats.
    Column("series_id", Key, index=True),
    # To how many people a second administrator let it go.
    Column("approved_for", Integer, nullable=False, server_default=text("0")),
)

# The units a notice is for, as they were chosen: who may see it is decided by them.
notice_units = Table(
    "notice_units",
    metadata,
    Column("notice_id", ForeignKey("notices.id"), primary_key=True),
    Column("unit_id", ForeignKey("units.id"), primary_key=True),
    sqlite_with_rowid=False,
)

# The last button somebody pressed under a notice, for each of its questions.
notice_answers = Table(
    "notice_answers",
    metadata,
    Column("notice_id", ForeignKey("notices.id"), primary_key=True),
    Column("person_id", ForeignKey("people.id"), primary_key=True, index=True),
    Column("question", Text, primary_key=True),
    Column("answer", Text, nullable=False),
    Column("at", Moment, nullable=False),
    sqlite_with_rowid=False,
)

# Reports that somebody waits for.
notice_reports = Table(
    "notice_reports",
    metadata,
    _id(),
    Column("notice_id", ForeignKey("notices.id"), nullable=False),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False),
    # Who asked, of several on a phone; nobody once they were erased.
    Column("person_id", Key),
    Column("asked_at", Moment, nullable=False),
    # The file once it is made; it is kept for a day.
    Column("digest", Text),
)

# Papers that somebody waits for, each with how many of its files are made; and the files, which are kept for a day.
papers = Table(
    "papers",
    metadata,
    _id(),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False, index=True),
    Column("person_id", ForeignKey("people.id"), nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("unit_id", ForeignKey("units.id"), nullable=False),
    Column("year", SmallInteger, nullable=False),
    # What it is of, where there may be several: a proposal, a decision, a form; whose blank form.
    Column("about", Key, nullable=False),
    Column("group", Text, nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("parts", Integer, nullable=False, server_default=text("0")),
    Column("attempts", SmallInteger, nullable=False, server_default=text("0")),
    # When it was sent, refused or given up.
    Column("settled_at", Moment),
    Index(
        "ix_papers_waiting", "id", sqlite_where=text("settled_at IS NULL"), postgresql_where=text("settled_at IS NULL")
    ),
)

paper_files = Table(
    "paper_files",
    metadata,
    Column("paper_id", ForeignKey("papers.id"), primary_key=True),
    Column("digest", Text, primary_key=True, index=True),
    sqlite_with_rowid=False,
)

approval_limits = Table(
    "approval_limits",
    metadata,
    Column("unit_id", ForeignKey("units.id"), primary_key=True),
    Column("above", Integer, nullable=False),
    # Who set it, and what others had set before, which goes on to hold for what they write themselves.
    Column("set_by", Key),
    Column("others", Integer, nullable=False, server_default=text("500")),
)

# How a branch head hears of forms that arrive: as chosen, how many were shown on that day, and how many since when are
# held back for the next message about all of them.
arrivals = Table(
    "arrivals",
    metadata,
    Column("person_id", ForeignKey("people.id"), primary_key=True),
    Column("told_how", Text, nullable=False),
    Column("day", Date),
    Column("told", Integer, nullable=False),
    Column("held", Integer, nullable=False),
    Column("since", Moment),
)

# Villages whose branch head has asked on a day that the unfinished be reminded: how far that is, how many were reached
# and how many were not.
asked_reminders = Table(
    "asked_reminders",
    metadata,
    Column("unit_id", ForeignKey("units.id"), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False),
    # Who asked, of several on a phone; nobody once they were erased.
    Column("person_id", Key),
    Column("gone_to", Key, nullable=False, server_default=text("0")),
    Column("reached", Integer, nullable=False, server_default=text("0")),
    Column("passed_over", Integer, nullable=False, server_default=text("0")),
    Column("done_at", Moment),
    sqlite_with_rowid=False,
)

# What was sent automatically and must not be sent twice, by what it was about.
reminders = Table(
    "reminders",
    metadata,
    Column("key", Text, primary_key=True),
    Column("at", Moment, nullable=False),
    sqlite_with_rowid=False,
)

# The message of a topic that stands in a chat, where the channel can change it.
standing_messages = Table(
    "standing_messages",
    metadata,
    Column("conversation_id", ForeignKey("conversations.id"), primary_key=True),
    Column("topic", Text, primary_key=True),
    Column("message_id", Text, nullable=False),
    sqlite_with_rowid=False,
)

# What a code means that is typed where a channel shows no buttons. A chat counts them, so none is ever used again.
button_codes = Table(
    "button_codes",
    metadata,
    Column("conversation_id", ForeignKey("conversations.id"), primary_key=True),
    Column("code", Integer, primary_key=True),
    Column("payload", Text, nullable=False),
    sqlite_with_rowid=False,
)

# The tokens of an account that are renewed by themselves, the second of which works once: a channel speaks by them.
# `seed` is the hash of the one that a human gave and that all others come from; `told_at` when one was told last that a
# new one is needed.
channel_tokens = Table(
    "channel_tokens",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("bot", Text, primary_key=True),
    Column("seed", Text, nullable=False),
    Column("access", Text, nullable=False),
    Column("refresh", Text, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("told_at", Moment),
    sqlite_with_rowid=False,
)

# Links to files that a chat cannot show, by the hash of their address, each opened with a code that is kept as a hash.
file_links = Table(
    "file_links",
    metadata,
    Column("token", Text, primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False, index=True),
    Column("code", Text, nullable=False),
    Column("digest", Text, nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("expires_at", Moment, nullable=False),
    # How many wrong codes were tried.
    Column("wrong", SmallInteger, nullable=False, server_default=text("0")),
    sqlite_with_rowid=False,
)

# Who leads a work that one instance does for all, and until when it need not show itself again.
leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("until", Moment, nullable=False),
)

# Letters, and the ledgers of notices: a row with a `notice_id` has no body, it is worded when it is sent.
# Statements must say this in the same words: only then does a database use the indexes of what is open.
OPEN_LETTERS = "outbox.state IN ('queued', 'sending') AND outbox.notice_id IS NULL"
WAITING_FOR_PAGES = "outbox.state = 'waiting'"
# Who was refused a notice waits like the others, but has an error and no time to be tried again at.
REFUSED = "outbox.state = 'queued' AND outbox.error IS NOT NULL AND outbox.due IS NULL AND outbox.notice_id IS NOT NULL"
NAMES_PEOPLE = "outbox.about IS NOT NULL"
_is_open = text(OPEN_LETTERS.replace("outbox.", ""))
_is_refused = text(REFUSED.replace("outbox.", ""))
_names_people = text(NAMES_PEOPLE.replace("outbox.", ""))
_of_notice = text("notice_id IS NOT NULL")
_waits_for_page = text(WAITING_FOR_PAGES.replace("outbox.", ""))

outbox = Table(
    "outbox",
    metadata,
    _id(),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False),
    Column("channel", Text, nullable=False),
    Column("bot", Text, nullable=False),
    # Empty once it is settled.
    Column("address", Text, nullable=False),
    Column("priority", SmallInteger, nullable=False),
    Column("body", LargeBinary),
    # The people it names, “,7,12,”: what waits goes with them when they are erased.
    Column("about", Text),
    Column("callback", Text),
    Column("state", Text, nullable=False),
    Column("attempts", SmallInteger, nullable=False, server_default=text("0")),
    Column("due", Moment),
    Column("created_at", Moment, nullable=False),
    Column("settled_at", Moment),
    Column("error", Text),
    Column("notice_id", Key),
    # As what its reader can turn it off; of a notice, which is always one, and of a reply it is empty.
    Column("kind", Text),
    Index(
        "uq_outbox_notice", "notice_id", "conversation_id", unique=True,
        sqlite_where=_of_notice, postgresql_where=_of_notice,
    ),
    Index(
        "ix_outbox_notice", "notice_id", "state", "channel", "bot", "id",
        sqlite_where=_of_notice, postgresql_where=_of_notice,
    ),
    Index(
        "ix_outbox_waiting", "conversation_id", "id",
        sqlite_where=_waits_for_page, postgresql_where=_waits_for_page,
    ),
    Index(
        "ix_outbox_open", "channel", "bot", "priority", "id",
        sqlite_where=_is_open, postgresql_where=_is_open,
    ),
    Index(
        "ix_outbox_open_address", "channel", "bot", "address", "id",
        sqlite_where=_is_open, postgresql_where=_is_open,
    ),
    Index("ix_outbox_refused", "notice_id", sqlite_where=_is_refused, postgresql_where=_is_refused),
    Index("ix_outbox_about", "id", sqlite_where=_names_people, postgresql_where=_names_people),
)  # fmt: skip

# Templates of papers that a unit uses, with all below it, instead of those that come along; its letterhead among them.
templates = Table(
    "templates",
    metadata,
    Column("unit_id", ForeignKey("units.id"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("content", LargeBinary, nullable=False),
    Column("imported_at", Moment, nullable=False),
)

# One row that grows with every change of units, rounds or criteria: who holds a copy knows when to read anew.
reference_version = Table(
    "reference_version",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    # The mark of the folder that files are kept in.
    Column("evidence_folder", Text),
)
